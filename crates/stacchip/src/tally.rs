//! Counting a mask once, for all chips of a scene.
//!
//! Chips may overlap, and their edges need not fall on pixels of the mask. Along each axis the edges
//! of all chips cut the scene into segments; a pair of segments is a patch. Every mask pixel is
//! counted in the patches it serves, with as many full-resolution pixels as it stands for there; a
//! chip is then a rectangle of patches, and its counts are four look-ups in a table of sums.

use std::ops::Range;

use stacchip_model::{AxisMap, Pixels, Window};
use stacchip_stats::{ChipStats, Counts, MaskBlock, StatsError};

/// The patches of a scene and what was counted in them.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    cols: Vec<Segment>,
    rows: Vec<Segment>,
    patches: Vec<Counts>,
}

/// What one part of the mask adds: patches by index.
pub(crate) type Share = Vec<(usize, Counts)>;

impl Tally {
    /// A tally for chips with the given windows, on a mask reached through `cols` and `rows`.
    pub(crate) fn new(chips: &[Window], cols: AxisMap, rows: AxisMap) -> Self {
        let cols = segments(
            chips.iter().flat_map(|w| [w.col, w.col_end()]).collect(),
            cols,
        );
        let rows = segments(
            chips.iter().flat_map(|w| [w.row, w.row_end()]).collect(),
            rows,
        );
        let patches = vec![Counts::default(); cols.len() * rows.len()];
        Self {
            cols,
            rows,
            patches,
        }
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, share: Share) {
        for (patch, counts) in share {
            if let Some(sum) = self.patches.get_mut(patch) {
                *sum += counts;
            }
        }
    }

    /// The part of the mask that any chip needs, in mask pixels.
    pub(crate) fn extent(&self) -> Option<Window> {
        let span = |segments: &[Segment]| {
            let first = segments.first()?.sources.start;
            let last = segments.last()?.sources.end;
            Some((first, u32::try_from(last - first).ok()?))
        };
        let (col, width) = span(&self.cols)?;
        let (row, height) = span(&self.rows)?;
        Some(Window::new(col, row, width, height))
    }

    /// Counts `pixels`, which are the mask's `window`, by `rule`.
    pub(crate) fn count(
        &self,
        rule: &dyn ChipStats,
        pixels: &Pixels,
        window: Window,
    ) -> Result<Share, StatsError> {
        let mut share = Share::new();
        for (j, row) in touching(&self.rows, window.row..window.row_end()) {
            let Some((row_start, row_weights)) = row.within(window.row..window.row_end()) else {
                continue;
            };
            for (i, col) in touching(&self.cols, window.col..window.col_end()) {
                let Some((col_start, col_weights)) = col.within(window.col..window.col_end())
                else {
                    continue;
                };
                let (Ok(width), Ok(height)) = (
                    u32::try_from(col_weights.len()),
                    u32::try_from(row_weights.len()),
                ) else {
                    continue;
                };
                let counts = rule.count(MaskBlock {
                    pixels,
                    window: Window::new(
                        col_start - window.col,
                        row_start - window.row,
                        width,
                        height,
                    ),
                    col_weights,
                    row_weights,
                })?;
                share.push((j * self.cols.len() + i, counts));
            }
        }
        Ok(share)
    }

    /// The table of sums from which chips are read.
    pub(crate) fn finish(self) -> Sums {
        let stride = self.cols.len() + 1;
        let mut sums = vec![Counts::default(); stride * (self.rows.len() + 1)];
        for j in 0..self.rows.len() {
            let mut line = Counts::default();
            for i in 0..self.cols.len() {
                line += self.patches[j * self.cols.len() + i];
                let mut sum = sums[j * stride + i + 1];
                sum += line;
                sums[(j + 1) * stride + i + 1] = sum;
            }
        }
        let edges = |segments: &[Segment]| {
            let mut edges: Vec<i64> = segments.iter().map(|s| s.targets.start).collect();
            edges.extend(segments.last().map(|s| s.targets.end));
            edges
        };
        Sums {
            cols: edges(&self.cols),
            rows: edges(&self.rows),
            corners: sums,
        }
    }
}

/// Counts of any rectangle between edges of chips.
#[derive(Debug)]
pub(crate) struct Sums {
    cols: Vec<i64>,
    rows: Vec<i64>,
    corners: Vec<Counts>,
}

impl Sums {
    /// What was counted in the chip with this window; nothing where its edges are not those of a
    /// chip that the tally was made for.
    pub(crate) fn chip(&self, window: Window) -> Option<Counts> {
        let i0 = self.cols.binary_search(&window.col).ok()?;
        let i1 = self.cols.binary_search(&window.col_end()).ok()?;
        let j0 = self.rows.binary_search(&window.row).ok()?;
        let j1 = self.rows.binary_search(&window.row_end()).ok()?;
        let stride = self.cols.len();
        let at = |i: usize, j: usize| self.corners[j * stride + i];
        let part =
            |f: fn(Counts) -> u64| f(at(i1, j1)) + f(at(i0, j0)) - f(at(i0, j1)) - f(at(i1, j0));
        Some(Counts {
            all: part(|c| c.all),
            cloud: part(|c| c.cloud),
            nodata: part(|c| c.nodata),
        })
    }
}

/// A run of full-resolution pixels between two neighbouring edges of chips.
#[derive(Debug, Clone)]
struct Segment {
    targets: Range<i64>,
    sources: Range<i64>,
    weights: Vec<u32>,
}

impl Segment {
    /// The part whose mask pixels lie in `sources`: the first of them, and their weights.
    fn within(&self, sources: Range<i64>) -> Option<(i64, &[u32])> {
        let start = self.sources.start.max(sources.start);
        let end = self.sources.end.min(sources.end);
        let from = usize::try_from(start - self.sources.start).ok()?;
        let to = usize::try_from(end - self.sources.start).ok()?;
        Some((start, self.weights.get(from..to)?)).filter(|(_, w)| !w.is_empty())
    }
}

fn segments(mut edges: Vec<i64>, map: AxisMap) -> Vec<Segment> {
    edges.sort_unstable();
    edges.dedup();
    edges
        .windows(2)
        .map(|pair| {
            let targets = pair[0]..pair[1];
            Segment {
                sources: map.sources(targets.clone()),
                weights: map.weights(targets.clone()),
                targets,
            }
        })
        .collect()
}

/// The segments with a mask pixel in `sources`, with their indices.
fn touching(segments: &[Segment], sources: Range<i64>) -> impl Iterator<Item = (usize, &Segment)> {
    let first = segments.partition_point(|s| s.sources.end <= sources.start);
    segments
        .iter()
        .enumerate()
        .skip(first)
        .take_while(move |(_, s)| s.sources.start < sources.end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_stats::MaskSource;

    use super::*;

    /// Cloud where the value is odd, nodata where it is zero.
    #[derive(Debug)]
    struct OddIsCloud;

    impl ChipStats for OddIsCloud {
        fn name(&self) -> &'static str {
            "odd"
        }

        fn source(&self) -> MaskSource {
            MaskSource::Nothing
        }

        fn count(&self, block: MaskBlock<'_>) -> Result<Counts, StatsError> {
            let values = block.pixels.as_slice::<u8>().unwrap();
            let mut counts = Counts::default();
            for (r, &rw) in block.row_weights.iter().enumerate() {
                for (c, &cw) in block.col_weights.iter().enumerate() {
                    let row = usize::try_from(block.window.row).unwrap() + r;
                    let col = usize::try_from(block.window.col).unwrap() + c;
                    let value = values[row * block.pixels.width() + col];
                    let weight = u64::from(rw) * u64::from(cw);
                    counts.all += weight;
                    counts.cloud += weight * u64::from(value % 2);
                    counts.nodata += weight * u64::from(value == 0);
                }
            }
            Ok(counts)
        }
    }

    proptest! {
        #[test]
        fn chips_count_what_full_resolution_counts(
            full in 20u32..80, mask in 5u32..90, size in 3u32..20, stride in 1u32..25,
            block in 1u32..40, seed in any::<u64>(),
        ) {
            let map = AxisMap::between(full, mask).unwrap();
            let values: Vec<u8> = (0..u64::from(mask) * u64::from(mask))
                .map(|i| ((i ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as u8)
                .collect();
            let chips: Vec<Window> = (0..=(full - size) / stride)
                .flat_map(|y| (0..=(full - size) / stride).map(move |x| (x, y)))
                .map(|(x, y)| {
                    Window::new(i64::from(x * stride), i64::from(y * stride), size, size)
                })
                .collect();
            let mut tally = Tally::new(&chips, map, map);
            for top in (0..mask).step_by(block as usize) {
                for left in (0..mask).step_by(block as usize) {
                    let (w, h) = (block.min(mask - left), block.min(mask - top));
                    let part: Vec<u8> = (top..top + h)
                        .flat_map(|r| (left..left + w).map(move |c| (r, c)))
                        .map(|(r, c)| values[(r * mask + c) as usize])
                        .collect();
                    let pixels = Pixels::from_slice([1, h as usize, w as usize], &part).unwrap();
                    let window = Window::new(i64::from(left), i64::from(top), w, h);
                    let share = tally.count(&OddIsCloud, &pixels, window).unwrap();
                    tally.add(share);
                }
            }
            let sums = tally.finish();
            for chip in chips {
                let mut wanted = Counts::default();
                for r in chip.row..chip.row_end() {
                    for c in chip.col..chip.col_end() {
                        let at = map.source(r) * i64::from(mask) + map.source(c);
                        let value = values[usize::try_from(at).unwrap()];
                        wanted.all += 1;
                        wanted.cloud += u64::from(value % 2);
                        wanted.nodata += u64::from(value == 0);
                    }
                }
                prop_assert_eq!(sums.chip(chip), Some(wanted));
            }
        }
    }
}
