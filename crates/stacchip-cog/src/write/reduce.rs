//! One level from the one before it.

use std::collections::VecDeque;

use bytemuck::Pod;
use stacchip_model::{Pixels, PixelsError, SampleType};

use super::{
    Nodata, Resampling,
    number::{Number, half_to_single, single_to_half},
};

/// A row of all bands, `[band, 1, column]`, and which of its pixels are valid (0 is not).
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) pixels: Pixels,
    pub(super) mask: Option<Vec<u8>>,
}

/// Takes the rows of a level one by one and gives the rows of a level of half its size.
#[derive(Debug)]
pub(super) struct Reducer {
    resampling: Resampling,
    nodata: Option<Nodata>,
    height: usize,
    /// Rows that are still needed, and the number of the first of them.
    rows: VecDeque<Row>,
    first: usize,
    /// The next row to be given.
    next: usize,
}

impl Reducer {
    pub(super) fn new(resampling: Resampling, nodata: Option<Nodata>, height: usize) -> Self {
        Self {
            resampling,
            nodata,
            height,
            rows: VecDeque::new(),
            first: 0,
            next: 0,
        }
    }

    /// The rows that `row`, the next one of the larger level, completes.
    pub(super) fn push(&mut self, row: Row) -> Result<Vec<Row>, PixelsError> {
        self.rows.push_back(row);
        let end = self.first + self.rows.len();
        let mut done = Vec::new();
        while self.next < self.height.div_ceil(2) {
            let (low, high) = self.reach(self.next);
            if high >= end {
                break;
            }
            done.push(self.reduce(low, high)?);
            self.next += 1;
            let (low, _) = self.reach(self.next);
            while self.first < low && self.rows.pop_front().is_some() {
                self.first += 1;
            }
        }
        Ok(done)
    }

    /// First and last row that make row `row` of the smaller level.
    fn reach(&self, row: usize) -> (usize, usize) {
        let last = self.height - 1;
        match self.resampling {
            Resampling::Nearest => (2 * row, 2 * row),
            Resampling::Average | Resampling::Mode => (2 * row, (2 * row + 1).min(last)),
            Resampling::Bilinear => ((2 * row).saturating_sub(1), (2 * row + 2).min(last)),
        }
    }

    fn reduce(&self, low: usize, high: usize) -> Result<Row, PixelsError> {
        let rows: Vec<&Row> = self
            .rows
            .iter()
            .skip(low - self.first)
            .take(high - low + 1)
            .collect();
        let first = rows[0];
        let [bands, _, width] = first.pixels.shape();
        let sample = first.pixels.sample();
        let mut out = Row {
            pixels: Pixels::zeros(sample, [bands, 1, width.div_ceil(2)])?,
            mask: first.mask.as_ref().map(|_| vec![0; width.div_ceil(2)]),
        };
        // Row `2·next` has the weight of the middle; it is the second where one lies above it.
        let top = 2 * self.next - low;
        match sample {
            SampleType::U8 => self.bands::<u8>(&rows, top, &mut out),
            SampleType::I8 => self.bands::<i8>(&rows, top, &mut out),
            SampleType::U16 => self.bands::<u16>(&rows, top, &mut out),
            SampleType::I16 => self.bands::<i16>(&rows, top, &mut out),
            SampleType::U32 => self.bands::<u32>(&rows, top, &mut out),
            SampleType::I32 => self.bands::<i32>(&rows, top, &mut out),
            SampleType::U64 => self.bands::<u64>(&rows, top, &mut out),
            SampleType::I64 => self.bands::<i64>(&rows, top, &mut out),
            SampleType::F32 => self.bands::<f32>(&rows, top, &mut out),
            SampleType::F64 => self.bands::<f64>(&rows, top, &mut out),
            SampleType::C64 => self.bands::<[f32; 2]>(&rows, top, &mut out),
            SampleType::C128 => self.bands::<[f64; 2]>(&rows, top, &mut out),
            // Halves as singles; a type that is not known here is carried over pixel by pixel.
            _ => self.halves(&rows, top, &mut out),
        }
        Ok(out)
    }

    fn bands<T: Number>(&self, rows: &[&Row], top: usize, out: &mut Row) {
        for band in 0..out.pixels.bands() {
            let source: Vec<&[T]> = rows.iter().map(|r| numbers(&r.pixels, band)).collect();
            let target = out.pixels.band_bytes_mut(band).unwrap_or_default();
            self.band(&source, rows, top, bytemuck::cast_slice_mut(target));
        }
        self.mask(rows, top, out);
    }

    fn halves(&self, rows: &[&Row], top: usize, out: &mut Row) {
        for band in 0..out.pixels.bands() {
            let singles: Vec<Vec<f32>> = rows
                .iter()
                .map(|r| {
                    numbers::<u16>(&r.pixels, band)
                        .iter()
                        .map(|&h| half_to_single(h))
                })
                .map(Iterator::collect)
                .collect();
            let source: Vec<&[f32]> = singles.iter().map(Vec::as_slice).collect();
            let target = out.pixels.band_bytes_mut(band).unwrap_or_default();
            let mut reduced = vec![0f32; target.len() / 2];
            self.band(&source, rows, top, &mut reduced);
            for (half, single) in target.chunks_exact_mut(2).zip(reduced) {
                half.copy_from_slice(&single_to_half(single).to_ne_bytes());
            }
        }
        self.mask(rows, top, out);
    }

    fn band<T: Number>(&self, source: &[&[T]], rows: &[&Row], top: usize, target: &mut [T]) {
        let nodata = self.nodata.and_then(T::of_nodata);
        let masked = rows.iter().any(|r| r.mask.is_some());
        let holds = |row: usize, col: usize, value: T| {
            !value.is_missing()
                && !nodata.is_some_and(|n| n.same(value))
                && (!masked || valid(rows[row], col))
        };
        let width = source[0].len();
        for (i, target) in target.iter_mut().enumerate() {
            let first = source[top][2 * i];
            let mut near = [(first, 0u32); 16];
            let mut count = 0;
            let mut take = |row: usize, col: usize, weight: u32| {
                let value = source[row][col];
                if holds(row, col, value) {
                    near[count] = (value, weight);
                    count += 1;
                }
            };
            match self.resampling {
                Resampling::Nearest => {
                    *target = first;
                    continue;
                }
                Resampling::Average | Resampling::Mode => {
                    for row in 0..source.len() {
                        for col in 2 * i..(2 * i + 2).min(width) {
                            take(row, col, 1);
                        }
                    }
                }
                Resampling::Bilinear => {
                    for row in 0..source.len() {
                        for col in (2 * i).saturating_sub(1)..(2 * i + 3).min(width) {
                            take(row, col, tap(row, top) * tap(col, 2 * i));
                        }
                    }
                }
            }
            let near = &near[..count];
            *target = match (near.first(), self.resampling) {
                (None, _) => nodata.unwrap_or(first),
                (_, Resampling::Mode) => most_frequent(near),
                _ => {
                    let mean = T::mean(near);
                    // Data must not turn into "no data" by chance.
                    if nodata.is_some_and(|n| n.same(mean)) {
                        mean.beside()
                    } else {
                        mean
                    }
                }
            };
        }
    }

    /// A pixel is valid where one that it is made of is.
    fn mask(&self, rows: &[&Row], top: usize, out: &mut Row) {
        let Some(target) = &mut out.mask else {
            return;
        };
        let width = rows[0].mask.as_ref().map_or(0, Vec::len);
        for (i, target) in target.iter_mut().enumerate() {
            let any = match self.resampling {
                Resampling::Nearest => valid(rows[top], 2 * i),
                Resampling::Average | Resampling::Mode => rows
                    .iter()
                    .any(|r| (2 * i..(2 * i + 2).min(width)).any(|col| valid(r, col))),
                Resampling::Bilinear => rows.iter().any(|r| {
                    ((2 * i).saturating_sub(1)..(2 * i + 3).min(width)).any(|col| valid(r, col))
                }),
            };
            *target = u8::from(any) * 255;
        }
    }
}

fn numbers<T: Pod>(pixels: &Pixels, band: usize) -> &[T] {
    bytemuck::cast_slice(pixels.band_bytes(band).unwrap_or_default())
}

fn valid(row: &Row, col: usize) -> bool {
    row.mask
        .as_ref()
        .is_none_or(|m| m.get(col).is_some_and(|&v| v != 0))
}

/// Weight of pixel `at` where the two in the middle begin at `middle`: 1, 3, 3, 1.
const fn tap(at: usize, middle: usize) -> u32 {
    if at == middle || at == middle + 1 {
        3
    } else {
        1
    }
}

fn most_frequent<T: Number>(near: &[(T, u32)]) -> T {
    let count = |value: T| near.iter().filter(|(v, _)| v.same(value)).count();
    let mut best = near[0].0;
    let mut most = count(best);
    for &(value, _) in &near[1..] {
        let n = count(value);
        if n > most {
            (best, most) = (value, n);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halve<T: stacchip_model::Sample>(
        resampling: Resampling,
        nodata: Option<Nodata>,
        rows: &[&[T]],
    ) -> Vec<Vec<T>> {
        let mut reducer = Reducer::new(resampling, nodata, rows.len());
        rows.iter()
            .flat_map(|row| {
                let pixels = Pixels::from_slice([1, 1, row.len()], row).unwrap();
                reducer.push(Row { pixels, mask: None }).unwrap()
            })
            .map(|row| row.pixels.as_slice::<T>().unwrap().to_vec())
            .collect()
    }

    #[test]
    fn odd_edges_are_made_of_what_there_is() {
        let rows: &[&[u8]] = &[&[1, 2, 9], &[3, 5, 7], &[10, 20, 30]];
        assert_eq!(halve(Resampling::Average, None, rows), [[3, 8], [15, 30]]);
        assert_eq!(halve(Resampling::Nearest, None, rows), [[1, 9], [10, 30]]);
    }

    #[test]
    fn nodata_takes_no_part() {
        let rows: &[&[u16]] = &[&[0, 8, 0, 0], &[0, 4, 0, 0]];
        let nodata = Some(Nodata::Float(0.0));
        assert_eq!(halve(Resampling::Average, nodata, rows), [[6, 0]]);
        assert_eq!(halve(Resampling::Mode, nodata, rows), [[8, 0]]);
        let floats: &[&[f32]] = &[&[f32::NAN, 2.0], &[4.0, f32::NAN]];
        assert_eq!(halve(Resampling::Average, None, floats), [[3.0]]);
    }

    #[test]
    fn a_mean_is_never_nodata_by_chance() {
        let rows: &[&[i16]] = &[&[-1, 1], &[-1, 1]];
        assert_eq!(
            halve(Resampling::Average, Some(Nodata::Float(0.0)), rows),
            [[1]]
        );
    }

    #[test]
    fn the_triangle_keeps_planes_flat_and_ramps_straight() {
        let flat: Vec<Vec<u8>> = vec![vec![77; 7]; 5];
        let flat: Vec<&[u8]> = flat.iter().map(Vec::as_slice).collect();
        for row in halve(Resampling::Bilinear, None, &flat) {
            assert_eq!(row, [77; 4]);
        }
        let ramp: Vec<f64> = (0..8u8).map(f64::from).collect();
        let rows: Vec<&[f64]> = vec![&ramp; 4];
        let halved = halve(Resampling::Bilinear, None, &rows);
        assert_eq!(halved.len(), 2);
        assert_eq!(halved[1][1..3], [2.5, 4.5]);
    }

    #[test]
    fn halves_are_averaged_as_numbers() {
        let one_two = [0x3c00u16, 0x4000];
        let pixels = |v: &[u16]| {
            let mut p = Pixels::zeros(SampleType::F16, [1, 1, v.len()]).unwrap();
            p.as_bytes_mut().copy_from_slice(bytemuck::cast_slice(v));
            p
        };
        let mut reducer = Reducer::new(Resampling::Average, None, 1);
        let out = reducer
            .push(Row {
                pixels: pixels(&one_two),
                mask: None,
            })
            .unwrap();
        assert_eq!(out[0].pixels.as_bytes(), 0x3e00u16.to_ne_bytes());
    }

    #[test]
    fn a_mask_keeps_pixels_out_and_shrinks_itself() {
        let mut reducer = Reducer::new(Resampling::Average, None, 2);
        let row = |values: [u8; 4], mask: [u8; 4]| Row {
            pixels: Pixels::from_slice([1, 1, 4], &values).unwrap(),
            mask: Some(mask.to_vec()),
        };
        assert!(
            reducer
                .push(row([9, 9, 9, 9], [0, 255, 0, 0]))
                .unwrap()
                .is_empty()
        );
        let out = reducer.push(row([1, 3, 5, 7], [0, 255, 0, 0])).unwrap();
        assert_eq!(out[0].pixels.as_bytes(), [6, 9]);
        assert_eq!(out[0].mask.as_deref(), Some(&[255, 0][..]));
    }
}
