//! Counting the pixels of a block under two conditions, in one pass over it.
//!
//! A mask is tens of millions of pixels, so this is the one loop of the room that must be fast. All
//! columns of a block mostly weigh the same, and so do its rows; then rows are counted one below the other, with tests
//! that have no branch and a sum for each column as wide as a pixel, which compilers turn into vectors: their lanes are
//! added up once for many rows. Where weights alternate (a mask whose pixels do not divide the chip's) flags are made first, then
//! summed with their weights.

use std::ops::{BitAnd, Range};

use bytemuck::Pod;
use stacchip_model::SampleType;

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

    /// How many pixels of `rows` pass.
    fn count(self, rows: Rows<'_, W>) -> u64 {
        let zero = W::from(false);
        match self {
            Self::Any(mask) => rows.sum(|p| p & mask != zero),
            Self::Field(mask, value) => rows.sum(|p| p & mask == value),
            Self::Within(low, span) => rows.sum(|p| p.wrapping_sub(low) <= span),
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

/// Pixels in the same columns of rows that follow each other.
#[derive(Debug, Clone, Copy)]
struct Rows<'a, W> {
    /// From the first pixel of the first row on.
    pixels: &'a [W],
    /// Pixels from row to row.
    stride: usize,
    /// Pixels of each row.
    width: usize,
    count: usize,
}

impl<'a, W: Word> Rows<'a, W> {
    fn iter(self) -> impl Iterator<Item = &'a [W]> {
        let rows = self.pixels.chunks(self.stride.max(1)).take(self.count);
        rows.filter_map(move |row| row.get(..self.width))
    }

    /// `columns` of them.
    fn columns(self, columns: &Range<usize>) -> Self {
        Self {
            pixels: self.pixels.get(columns.start..).unwrap_or_default(),
            width: columns.len(),
            ..self
        }
    }

    /// How many pass.
    fn sum(self, passes: impl Fn(W) -> bool) -> u64 {
        let add = |sum: &mut W, pixel: W| *sum = sum.wrapping_add(W::from(passes(pixel)));
        let strips = (0..self.width).step_by(STRIP);
        strips
            .map(|first| {
                let strip = self.columns(&(first..self.width.min(first + STRIP)));
                // Of a width that is known nothing is left over of a vector.
                if strip.width == STRIP {
                    strip.sums(|sums, row| {
                        if let Some(row) = row.first_chunk::<STRIP>() {
                            sums.iter_mut().zip(row).for_each(|(s, p)| add(s, *p));
                        }
                    })
                } else {
                    strip.sums(|sums, row| {
                        let row = row.get(..strip.width).unwrap_or_default();
                        sums.iter_mut().zip(row).for_each(|(s, p)| add(s, *p));
                    })
                }
            })
            .sum()
    }

    /// What rows add to the sums of a strip's columns, all in all.
    fn sums(self, add: impl Fn(&mut [W; STRIP], &[W])) -> u64 {
        let stride = self.stride.max(1);
        let last = self.count.saturating_sub(1).saturating_mul(stride);
        let rows = self.pixels.get(..last.saturating_add(self.width));
        let rows = rows.unwrap_or(self.pixels);
        let mut all = 0;
        for many in rows.chunks(stride.saturating_mul(MOST_ROWS)) {
            let mut sums = [W::from(false); STRIP];
            many.chunks(stride).for_each(|row| add(&mut sums, row));
            all += sums.into_iter().map(Into::into).sum::<u64>();
        }
        all
    }
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

    fn count(&self, rows: Rows<'_, W>) -> u64 {
        if let [lane] = self.lanes.as_slice() {
            return lane.count(rows);
        }
        let within = |p: W, (low, span): (W, W)| p.wrapping_sub(low) <= span;
        match self.ranges.as_deref() {
            Some([]) => 0,
            Some(&[a, b]) => rows.sum(|p| within(p, a) | within(p, b)),
            Some(&[a, b, c]) => rows.sum(|p| within(p, a) | within(p, b) | within(p, c)),
            _ => rows.iter().map(|row| self.count_flags(row)).sum(),
        }
    }

    fn count_flags(&self, pixels: &[W]) -> u64 {
        pixels
            .chunks(CHUNK)
            .map(|chunk| {
                let mut flags = [0u8; CHUNK];
                for lane in &self.lanes {
                    lane.flag(chunk, &mut flags);
                }
                u64::from(flags.iter().fold(0u8, |n, f| n.wrapping_add(*f)))
            })
            .sum()
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
    let mut at = first_row;
    for alike in row_weights.chunk_by(|a, b| a == b) {
        let from = at;
        at += alike.len();
        let row_weight = alike.first().copied().map_or(0, u64::from);
        let number = u64::try_from(alike.len()).unwrap_or(u64::MAX);
        counts.all += columns * row_weight * number;
        if row_weight == 0 {
            continue;
        }
        let stride = block.pixels.width();
        let start = from
            .checked_mul(stride)
            .and_then(|row| row.checked_add(first_col));
        let Some(pixels) = start.and_then(|start| pixels.get(start..)) else {
            continue;
        };
        let rows = Rows {
            pixels,
            stride,
            width: col_weights.len(),
            count: alike.len(),
        };
        let (mut clouds, mut empty) = (0, 0);
        if let Some(runs) = &runs {
            for (range, weight) in runs {
                let part = rows.columns(range);
                clouds += weight * cloud.count(part);
                empty += weight * nodata.count(part);
            }
        } else {
            for row in rows.iter() {
                clouds += cloud.weigh(row, col_weights);
                empty += nodata.weigh(row, col_weights);
            }
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

/// Columns whose sums are kept together: of bytes they fit into the registers of any machine, and columns of chips are
/// mostly a multiple of them.
const STRIP: usize = 64;

/// So many rows that a column's sum fits into 8 bits.
const MOST_ROWS: usize = 255;

/// A chip's columns are one stretch, or three where its edges cut mask pixels; more are the work of
/// weights that alternate.
const MOST_RUNS: usize = 4;

#[cfg(test)]
mod tests;
