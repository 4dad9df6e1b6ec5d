//! Counting the pixels of a block under two conditions, in one pass over it.
//!
//! A mask is tens of millions of pixels, so this is the one loop of the room that must be fast. All
//! columns of a block mostly weigh the same; then a row is counted with tests that have no branch
//! and whose sum stays in lanes as wide as the pixels, which compilers turn into vectors. Where
//! weights alternate (a mask whose pixels do not divide the chip's) flags are made first, then
//! summed with their weights.

use std::ops::{BitAnd, Range};

use bytemuck::Pod;
use stacchip_model::{Pixels, SampleType};

use crate::{Condition, Counts, MaskBlock, Test};

/// Counts `block` where `cloud` and where `nodata` holds; nothing where the pixels are no whole
/// numbers.
pub(crate) fn count(cloud: &Condition, nodata: &Condition, block: MaskBlock<'_>) -> Option<Counts> {
    match block.pixels.sample() {
        SampleType::U8 | SampleType::I8 => count_words::<u8>(cloud, nodata, block),
        SampleType::U16 | SampleType::I16 => count_words::<u16>(cloud, nodata, block),
        SampleType::U32 | SampleType::I32 => count_words::<u32>(cloud, nodata, block),
        SampleType::U64 | SampleType::I64 => count_words::<u64>(cloud, nodata, block),
        _ => None,
    }
}

/// A pixel's bits, as an unsigned number of its width.
trait Word: Pod + Ord + BitAnd<Output = Self> + From<bool> + Into<u64> {
    /// The low bits of `wide`.
    fn low_bits(wide: u64) -> Self;
    fn wrapping_add(self, other: Self) -> Self;
    fn wrapping_sub(self, other: Self) -> Self;
}

macro_rules! words {
    ($($word:ty),*) => {$(
        impl Word for $word {
            fn low_bits(wide: u64) -> Self {
                Self::try_from(wide & u64::from(Self::MAX)).unwrap_or(Self::MAX)
            }

            fn wrapping_add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn wrapping_sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
        }
    )*};
}

words!(u8, u16, u32, u64);

/// One test, of pixels of a known width.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lane<W> {
    /// Any bit of it is set.
    Any(W),
    /// The bits of the first are those of the second.
    Field(W, W),
    /// No farther above the first than the second; the bits of signed numbers wrap around in
    /// between, and so does the difference.
    Within(W, W),
}

impl<W: Word> Lane<W> {
    /// `test` for pixels of `sample`; nothing where none of them can pass it.
    fn of(test: &Test, sample: SampleType) -> Option<Self> {
        match test {
            Test::AnyBit(mask) => Some(Self::Any(W::low_bits(*mask))),
            Test::Field { mask, value } => {
                let word = W::low_bits(*value);
                // A bit that the pixels do not have is 0.
                (word.into() == *value).then_some(Self::Field(W::low_bits(*mask), word))
            }
            Test::Classes(range) => {
                let (least, most) = limits(sample);
                let (low, high) = ((*range.start()).max(least), (*range.end()).min(most));
                let [first, last] = [low, high].map(|class| W::low_bits(class.cast_unsigned()));
                (low <= high).then(|| Self::Within(first, last.wrapping_sub(first)))
            }
        }
    }

    /// How many of `pixels` pass.
    fn count(self, pixels: &[W]) -> u64 {
        let zero = W::from(false);
        match self {
            Self::Any(mask) => sum(pixels, |p| p & mask != zero),
            Self::Field(mask, value) => sum(pixels, |p| p & mask == value),
            Self::Within(low, span) => sum(pixels, |p| p.wrapping_sub(low) <= span),
        }
    }

    /// Sets the flags of those of `pixels` that pass.
    fn flag(self, pixels: &[W], flags: &mut [u8]) {
        fn set<W: Word>(pixels: &[W], flags: &mut [u8], passes: impl Fn(W) -> bool) {
            for (flag, pixel) in flags.iter_mut().zip(pixels) {
                *flag |= u8::from(passes(*pixel));
            }
        }
        let zero = W::from(false);
        match self {
            Self::Any(mask) => set(pixels, flags, |p| p & mask != zero),
            Self::Field(mask, value) => set(pixels, flags, |p| p & mask == value),
            Self::Within(low, span) => set(pixels, flags, |p| p.wrapping_sub(low) <= span),
        }
    }
}

/// How many of `pixels` pass. Chunks of a known length, and sums as wide as a pixel, let the
/// compiler make vectors of both.
fn sum<W: Word>(pixels: &[W], passes: impl Fn(W) -> bool) -> u64 {
    let add = |n: W, p: &W| n.wrapping_add(W::from(passes(*p)));
    let (whole, rest) = pixels.as_chunks::<CHUNK>();
    let mut all: u64 = rest.iter().fold(W::from(false), add).into();
    for chunk in whole {
        all += chunk.iter().fold(W::from(false), add).into();
    }
    all
}

/// A condition on pixels of a known width.
struct Lanes<W> {
    lanes: Vec<Lane<W>>,
    /// How far above which number pixels may be, where that is all that is asked.
    ranges: Option<Vec<(W, W)>>,
}

impl<W: Word> Lanes<W> {
    fn of(condition: &Condition, sample: SampleType) -> Self {
        let lanes: Vec<_> = condition
            .tests()
            .iter()
            .filter_map(|test| Lane::of(test, sample))
            .collect();
        let ranges = lanes
            .iter()
            .map(|lane| match lane {
                Lane::Within(low, span) => Some((*low, *span)),
                _ => None,
            })
            .collect();
        Self { lanes, ranges }
    }

    fn count(&self, pixels: &[W]) -> u64 {
        if let [lane] = self.lanes.as_slice() {
            return lane.count(pixels);
        }
        let within = |p: W, (low, span): (W, W)| p.wrapping_sub(low) <= span;
        match self.ranges.as_deref() {
            Some([]) => 0,
            Some(&[a, b]) => sum(pixels, |p| within(p, a) | within(p, b)),
            Some(&[a, b, c]) => sum(pixels, |p| within(p, a) | within(p, b) | within(p, c)),
            _ => pixels
                .chunks(CHUNK)
                .map(|chunk| {
                    let mut flags = [0u8; CHUNK];
                    for lane in &self.lanes {
                        lane.flag(chunk, &mut flags);
                    }
                    u64::from(flags.iter().fold(0u8, |n, f| n.wrapping_add(*f)))
                })
                .sum(),
        }
    }

    fn weigh(&self, pixels: &[W], weights: &[u32]) -> u64 {
        if self.lanes.is_empty() {
            return 0;
        }
        pixels
            .chunks(CHUNK)
            .zip(weights.chunks(CHUNK))
            .map(|(chunk, weights)| {
                let mut flags = [0u8; CHUNK];
                for lane in &self.lanes {
                    lane.flag(chunk, &mut flags);
                }
                let pairs = flags.iter().zip(weights);
                pairs
                    .map(|(f, w)| u64::from(*f) * u64::from(*w))
                    .sum::<u64>()
            })
            .sum()
    }
}

fn count_words<W: Word>(
    cloud: &Condition,
    nodata: &Condition,
    block: MaskBlock<'_>,
) -> Option<Counts> {
    let pixels: &[W] = bytemuck::try_cast_slice(block.pixels.as_bytes()).ok()?;
    let sample = block.pixels.sample();
    let (cloud, nodata) = (
        Lanes::<W>::of(cloud, sample),
        Lanes::<W>::of(nodata, sample),
    );
    let window = block.window;
    let cols = overlap(
        window.col,
        block.col_weights.len(),
        window.width,
        block.pixels.width(),
    );
    let rows = overlap(
        window.row,
        block.row_weights.len(),
        window.height,
        block.pixels.height(),
    );
    let (col_weights, first_col) = slice(block.col_weights, window.col, &cols);
    let (row_weights, first_row) = slice(block.row_weights, window.row, &rows);
    let runs = runs(col_weights);

    let mut counts = Counts::default();
    let columns: u64 = col_weights.iter().map(|w| u64::from(*w)).sum();
    for (at, &row_weight) in (first_row..).zip(row_weights) {
        let row_weight = u64::from(row_weight);
        counts.all += columns * row_weight;
        let Some(row) = row_of(block.pixels, pixels, at, first_col, col_weights.len()) else {
            continue;
        };
        if row_weight == 0 {
            continue;
        }
        let (mut clouds, mut empty) = (0, 0);
        if let Some(runs) = &runs {
            for (range, weight) in runs {
                let part = row.get(range.clone()).unwrap_or_default();
                clouds += weight * cloud.count(part);
                empty += weight * nodata.count(part);
            }
        } else {
            clouds = cloud.weigh(row, col_weights);
            empty = nodata.weigh(row, col_weights);
        }
        counts.cloud += clouds * row_weight;
        counts.nodata += empty * row_weight;
    }
    Some(counts)
}

/// The offsets into a window that lie in a raster of `len` pixels and have a weight.
fn overlap(start: i64, weights: usize, extent: u32, len: usize) -> Range<usize> {
    let extent = usize::try_from(extent).unwrap_or(usize::MAX).min(weights);
    let before = usize::try_from(start.saturating_neg().max(0)).unwrap_or(usize::MAX);
    let room = i64::try_from(len)
        .unwrap_or(i64::MAX)
        .saturating_sub(start)
        .max(0);
    let end = usize::try_from(room).unwrap_or(usize::MAX).min(extent);
    before.min(end)..end
}

/// The weights of `range`, and the pixel the first of them belongs to.
fn slice<'a>(weights: &'a [u32], start: i64, range: &Range<usize>) -> (&'a [u32], usize) {
    let first = i64::try_from(range.start)
        .ok()
        .and_then(|offset| start.checked_add(offset));
    match first.and_then(|f| usize::try_from(f).ok()) {
        Some(first) => (weights.get(range.clone()).unwrap_or_default(), first),
        None => (&[], 0),
    }
}

fn row_of<'a, W>(
    shape: &Pixels,
    pixels: &'a [W],
    row: usize,
    col: usize,
    len: usize,
) -> Option<&'a [W]> {
    let start = row.checked_mul(shape.width())?.checked_add(col)?;
    pixels.get(start..start.checked_add(len)?)
}

/// `weights` as stretches of equal ones; nothing where those are too short to be worth it.
fn runs(weights: &[u32]) -> Option<Vec<(Range<usize>, u64)>> {
    let mut runs: Vec<(Range<usize>, u64)> = Vec::new();
    for (at, &weight) in weights.iter().enumerate() {
        if let Some((range, w)) = runs.last_mut()
            && *w == u64::from(weight)
        {
            range.end = at + 1;
        } else if runs.len() < MOST_RUNS {
            runs.push((at..at + 1, weight.into()));
        } else {
            return None;
        }
    }
    Some(runs)
}

const fn limits(sample: SampleType) -> (i64, i64) {
    match sample {
        SampleType::U8 => (0, u8::MAX as i64),
        SampleType::I8 => (i8::MIN as i64, i8::MAX as i64),
        SampleType::U16 => (0, u16::MAX as i64),
        SampleType::I16 => (i16::MIN as i64, i16::MAX as i64),
        SampleType::U32 => (0, u32::MAX as i64),
        SampleType::I32 => (i32::MIN as i64, i32::MAX as i64),
        SampleType::U64 => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    }
}

/// So few that the passing ones of a chunk can be counted in 8 bits.
const CHUNK: usize = 128;

/// A chip's columns are one stretch, or three where its edges cut mask pixels; more are the work of
/// weights that alternate.
const MOST_RUNS: usize = 4;

#[cfg(test)]
mod tests;
