//! The numbers of a band, taken piece by piece.

use bytemuck::Pod;
use stacchip_model::{Sample, SampleType};

use super::{double::Double, sketch::Sketch, whole::WholeCounts};
use crate::StatsError;

/// What has been seen of the numbers of a band.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BandTally {
    pub(super) whole: WholeCounts,
    pub(super) others: Others,
    pub(super) nodata: u64,
    pub(super) not_finite: u64,
}

/// Numbers that are not counted one by one.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Others {
    pub(super) count: u64,
    pub(super) sum: Double,
    pub(super) squares: Double,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) sketch: Sketch,
}

/// Numbers of one band of a chip, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a> {
    /// Their type.
    pub sample: SampleType,
    /// Their bytes; native byte order.
    pub bytes: &'a [u8],
    /// The number that means no data.
    pub nodata: Option<f64>,
    /// One byte for each number, 0 where it is no data; nothing where values alone tell.
    pub mask: Option<&'a [u8]>,
    /// What is added to each number that is data; a whole number, such as the offset of −1000 of
    /// Sentinel-2.
    pub shift: i32,
}

impl<'a> Numbers<'a> {
    /// Numbers as they are, all of them data.
    pub const fn new(sample: SampleType, bytes: &'a [u8]) -> Self {
        Self {
            sample,
            bytes,
            nodata: None,
            mask: None,
            shift: 0,
        }
    }
}

impl BandTally {
    /// Takes `numbers`. Numbers that are no data are counted as such, and so is what is not a number;
    /// infinities are counted apart.
    ///
    /// # Errors
    /// [`StatsError::NotReal`] for complex numbers.
    pub fn add(&mut self, numbers: Numbers<'_>) -> Result<(), StatsError> {
        match numbers.sample {
            SampleType::U8 => self.whole_numbers::<u8>(numbers, 0),
            SampleType::I8 => self.whole_numbers::<i8>(numbers, -128),
            SampleType::U16 => self.whole_numbers::<u16>(numbers, 0),
            SampleType::I16 => self.whole_numbers::<i16>(numbers, -32768),
            SampleType::U32 => self.real_numbers(numbers, |v: u32| f64::from(v)),
            SampleType::I32 => self.real_numbers(numbers, |v: i32| f64::from(v)),
            SampleType::U64 => self.real_numbers(numbers, |v: u64| v as f64),
            SampleType::I64 => self.real_numbers(numbers, |v: i64| v as f64),
            SampleType::F16 => {
                self.real_numbers(numbers, |v: u16| half::f16::from_bits(v).to_f64());
            }
            SampleType::F32 if numbers.mask.is_none() => self.single_numbers(numbers),
            SampleType::F32 => self.real_numbers(numbers, |v: f32| f64::from(v)),
            SampleType::F64 => self.real_numbers(numbers, |v: f64| v),
            sample => return Err(StatsError::NotReal { sample }),
        }
        Ok(())
    }

    /// Takes what `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        self.whole.merge(&other.whole);
        let (ours, theirs) = (&mut self.others, &other.others);
        if theirs.count > 0 {
            let first = ours.count == 0;
            ours.min = if first {
                theirs.min
            } else {
                ours.min.min(theirs.min)
            };
            ours.max = if first {
                theirs.max
            } else {
                ours.max.max(theirs.max)
            };
            ours.count += theirs.count;
            ours.sum = ours.sum.plus(theirs.sum);
            ours.squares = ours.squares.plus(theirs.squares);
            ours.sketch.merge(&theirs.sketch);
        }
        self.nodata += other.nodata;
        self.not_finite += other.not_finite;
    }

    /// Forgets all that was seen, and keeps the memory that counting takes: a tally that is used again is not made again.
    pub fn clear(&mut self) {
        let mut whole = std::mem::take(&mut self.whole);
        whole.clear();
        *self = Self {
            whole,
            ..Self::default()
        };
    }

    /// Whole numbers of 8 or 16 bits, the least of which is `least`: a look-up each.
    fn whole_numbers<T: Sample + Ord + Into<i64>>(&mut self, numbers: Numbers<'_>, least: i64) {
        let shift = i64::from(numbers.shift);
        let most = least + (1i64 << (8 * size_of::<T>())) - 1;
        let ends = (
            WholeCounts::slot(least + shift),
            WholeCounts::slot(most + shift),
        );
        let ((Some(from), Some(_)), None) = (ends, numbers.mask) else {
            self.real_numbers(numbers, |v: T| {
                let value: i64 = v.into();
                value as f64
            });
            return;
        };
        let empty = match Value::of(numbers.nodata) {
            Value::Whole(value) => WholeCounts::slot(value + shift),
            _ => None,
        };
        self.count_but(empty, |counts| {
            with_slice(numbers.bytes, |values: &[T]| {
                counts.add_all(values, least, from);
            });
        });
    }

    /// Lets `count` count, and takes what it found in the slot `empty` for no data.
    fn count_but(&mut self, empty: Option<usize>, count: impl FnOnce(&mut WholeCounts)) {
        let before = empty.map(|slot| self.whole.at(slot));
        count(&mut self.whole);
        if let (Some(slot), Some(before)) = (empty, before) {
            let found = self.whole.at(slot) - before;
            self.whole.take(slot, found);
            self.nodata += found;
        }
    }

    /// Numbers of any type, as floats.
    fn real_numbers<T: Pod>(&mut self, numbers: Numbers<'_>, real: impl Fn(T) -> f64) {
        let Numbers {
            bytes,
            nodata,
            mask,
            shift,
            ..
        } = numbers;
        let shift = f64::from(shift);
        // Compared as numbers are stored: a float32 of 0.1 is not the 0.1 of an item's JSON.
        let nodata = nodata.map(|value| match numbers.sample {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the nearest float is meant"
            )]
            SampleType::F32 => f64::from(value as f32),
            SampleType::F16 => half::f16::from_f64(value).to_f64(),
            _ => value,
        });
        with_slice(bytes, |values: &[T]| {
            let mut valid = mask.into_iter().flatten();
            let masked = mask.is_some();
            for &value in values {
                let value = real(value);
                if (masked && valid.next().is_none_or(|&m| m == 0)) || nodata == Some(value) {
                    self.nodata += 1;
                } else {
                    self.one(value + shift);
                }
            }
        });
    }

    /// Floats of single precision without a mask: in cubes nearly all of them are whole numbers, which are looked up as
    /// such, a chunk at a time.
    fn single_numbers(&mut self, numbers: Numbers<'_>) {
        let shift = numbers.shift;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the nearest float is meant, as it is stored"
        )]
        let empty = numbers.nodata.map(|value| value as f32);
        let empty = empty.and_then(|value| WholeCounts::slot_of_single(value, shift));
        with_slice(numbers.bytes, |values: &[f32]| {
            let mut left = Vec::new();
            self.count_but(empty, |counts| {
                left.extend(counts.add_singles(values, shift));
            });
            for values in left {
                let bytes = bytemuck::cast_slice(values);
                self.real_numbers(Numbers { bytes, ..numbers }, |v: f32| f64::from(v));
            }
        });
    }

    #[inline]
    fn one(&mut self, value: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it saturates, and is compared with what it came from"
        )]
        let whole = value as i32;
        let slot = WholeCounts::slot(i64::from(whole));
        match slot.filter(|_| f64::from(whole) == value) {
            Some(slot) => self.whole.add(slot),
            None => self.other(value),
        }
    }

    fn other(&mut self, value: f64) {
        if value.is_nan() {
            self.nodata += 1;
            return;
        }
        if value.is_infinite() {
            self.not_finite += 1;
            return;
        }
        let others = &mut self.others;
        let first = others.count == 0;
        others.min = if first { value } else { others.min.min(value) };
        others.max = if first { value } else { others.max.max(value) };
        others.count += 1;
        others.sum.add(value);
        others.squares.add_square(value);
        others.sketch.add(value);
    }
}

/// A value that means no data.
enum Value {
    None,
    Whole(i64),
    Other,
}

impl Value {
    fn of(nodata: Option<f64>) -> Self {
        match nodata {
            None => Self::None,
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and small by the guard"
            )]
            Some(value) if value.fract() == 0.0 && value.abs() < 1e9 => Self::Whole(value as i64),
            Some(_) => Self::Other,
        }
    }
}

/// `bytes` as numbers; copied where they do not lie as numbers must.
fn with_slice<T: Pod>(bytes: &[u8], mut take: impl FnMut(&[T])) {
    let whole = bytes.len() - bytes.len() % size_of::<T>();
    let bytes = bytes.get(..whole).unwrap_or_default();
    if let Ok(values) = bytemuck::try_cast_slice(bytes) {
        take(values);
    } else {
        let each = bytes.chunks_exact(size_of::<T>());
        take(&each.map(bytemuck::pod_read_unaligned).collect::<Vec<T>>());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::Pixels;

    use super::*;
    use crate::bands::SummaryOptions;

    fn tally<T: Sample>(values: &[T], nodata: Option<f64>, shift: i32) -> BandTally {
        let pixels = Pixels::from_slice([1, 1, values.len()], values).unwrap();
        let mut tally = BandTally::default();
        let numbers = Numbers {
            nodata,
            shift,
            ..Numbers::new(T::TYPE, pixels.as_bytes())
        };
        tally.add(numbers).unwrap();
        tally
    }

    #[test]
    fn every_type_counts_alike() {
        let values = [0u8, 3, 3, 7, 100, 0];
        let wanted = tally(&values, Some(0.0), 5);
        assert_eq!(wanted.nodata, 2);
        assert_eq!(
            wanted.whole.iter().collect::<Vec<_>>(),
            [(8, 2), (12, 1), (105, 1)]
        );
        macro_rules! alike {
            ($($t:ty),*) => {
                $(assert_eq!(tally(&values.map(<$t>::from), Some(0.0), 5), wanted);)*
            };
        }
        alike!(u16, i16, u32, i32, u64, i64, f32, f64);
        assert_eq!(tally(&[0i8, 3, 3, 7, 100, 0], Some(0.0), 5), wanted);
    }

    #[test]
    fn whole_floats_are_counted_as_floats_are() {
        let some = |value: f32| {
            move |i: usize| {
                if i.is_multiple_of(97) {
                    value
                } else {
                    (i % 501) as f32 - 250.0
                }
            }
        };
        let odd = [
            0.5,
            -0.0,
            0.0,
            32768.0,
            -32769.0,
            65535.0,
            65536.0,
            4_194_305.0,
            1e9,
            f32::NAN,
            f32::INFINITY,
            f32::MIN,
            1e-20,
        ];
        for odd in odd {
            for nodata in [
                None,
                Some(0.0),
                Some(-250.0),
                Some(0.5),
                Some(1e9),
                Some(f64::NAN),
            ] {
                for shift in [0, -1000, 40_000, i32::MAX, i32::MIN] {
                    let values: Vec<f32> = (0..1000).map(some(odd)).collect();
                    let pixels = Pixels::from_slice([1, 1, 1000], &values).unwrap();
                    let numbers = Numbers {
                        nodata,
                        shift,
                        ..Numbers::new(SampleType::F32, pixels.as_bytes())
                    };
                    let (mut fast, mut slow) = (BandTally::default(), BandTally::default());
                    fast.add(numbers).unwrap();
                    slow.real_numbers(numbers, |v: f32| f64::from(v));
                    assert!(fast == slow, "{odd} {nodata:?} {shift}");
                }
            }
        }
    }

    #[test]
    fn masks_and_odd_numbers() {
        let values = [1.5f32, f32::NAN, f32::INFINITY, -9999.0, 0.1, 4.0];
        let pixels = Pixels::from_slice([1, 1, 6], &values).unwrap();
        let mut tally = BandTally::default();
        let numbers = Numbers {
            nodata: Some(0.1),
            mask: Some(&[255, 255, 255, 0, 255, 255]),
            ..Numbers::new(SampleType::F32, pixels.as_bytes())
        };
        tally.add(numbers).unwrap();
        assert_eq!((tally.nodata, tally.not_finite), (3, 1));
        assert_eq!(tally.others.count, 1);
        let summary = tally.summary(&SummaryOptions::default());
        assert_eq!((summary.count, summary.mean), (2, Some(2.75)));
        let error = tally.add(Numbers::new(SampleType::C64, &[])).unwrap_err();
        assert!(error.to_string().contains("complex64"), "{error}");
    }

    #[test]
    fn a_nodata_value_is_rounded_as_it_is_stored() {
        let stored = half::f16::from_f64(-9999.0);
        assert!((stored.to_f64() - -10_000.0).abs() < 1e-9);
        let values = [stored.to_bits(), half::f16::from_f64(5.0).to_bits()];
        let mut tally = BandTally::default();
        let numbers = Numbers {
            nodata: Some(-9999.0),
            ..Numbers::new(SampleType::F16, bytemuck::cast_slice(&values))
        };
        tally.add(numbers).unwrap();
        assert_eq!(tally.nodata, 1);
        assert_eq!(tally.whole.iter().collect::<Vec<_>>(), [(5, 1)]);
    }

    #[test]
    fn a_nodata_value_that_the_type_cannot_hold_is_nowhere() {
        for nodata in [-1.0, 70_000.0, 0.5, f64::NAN] {
            assert_eq!(tally(&[0u16, 1], Some(nodata), 0).nodata, 0, "{nodata}");
        }
    }

    #[test]
    fn a_tally_that_was_cleared_is_as_new() {
        let mut used = tally(&[3.0f32, 70_000.0, f32::NAN, 0.5, -9.0], None, 0);
        used.clear();
        assert!(used == BandTally::default());
        let mut total = tally(&[5u16; 3], None, 0);
        total.merge(&used);
        let values = Pixels::from_slice([1, 1, 200], &[4.0f32; 200]).unwrap();
        used.add(Numbers::new(SampleType::F32, values.as_bytes()))
            .unwrap();
        assert_eq!(used.whole.iter().collect::<Vec<_>>(), [(4, 200)]);
        total.merge(&used);
        assert_eq!(total.whole.iter().collect::<Vec<_>>(), [(4, 200), (5, 3)]);
    }

    proptest! {
        #[test]
        fn pieces_in_one_order_are_the_whole(
            values in prop::collection::vec(-3e6f32..3e6, 1..400),
            at in 0usize..400,
        ) {
            let at = at.min(values.len());
            let mut pieces = tally(&values[..at], Some(7.0), 0);
            pieces.merge(&tally(&values[at..], Some(7.0), 0));
            let whole = tally(&values, Some(7.0), 0);
            let (a, b) = (pieces.summary(&SummaryOptions::default()), whole.summary(&SummaryOptions::default()));
            prop_assert_eq!(a.count, b.count);
            prop_assert_eq!(a.percentiles, b.percentiles);
            let close = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() <= b.unwrap().abs() * 1e-14;
            prop_assert!(close(a.mean, b.mean) && close(a.std, b.std));
        }
    }
}
