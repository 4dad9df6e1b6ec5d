//! What averaging needs of a number.

use bytemuck::Pod;

use super::Nodata;

/// A number that pixels are made of.
pub(super) trait Number: Pod {
    /// The weighted mean; integers are rounded, halves up. The weights' sum is not zero.
    fn mean(values: &[(Self, u32)]) -> Self;

    /// Whether it is the very same number; NaN is the same as NaN.
    fn same(self, other: Self) -> bool;

    /// Whether it is no number: never data.
    fn is_missing(self) -> bool;

    /// The number that `nodata` is in this type; nothing where it is none.
    fn of_nodata(nodata: Nodata) -> Option<Self>;

    /// The number next to it.
    fn beside(self) -> Self;
}

macro_rules! integers {
    ($($int:ty, $sum:ty;)*) => {
        $(impl Number for $int {
            fn mean(values: &[(Self, u32)]) -> Self {
                let (mut sum, mut total): ($sum, $sum) = (0, 0);
                for &(value, weight) in values {
                    sum += <$sum>::from(value) * <$sum>::from(weight);
                    total += <$sum>::from(weight);
                }
                // A mean lies between the least and the greatest, so it always fits.
                Self::try_from((2 * sum + total).div_euclid(2 * total)).unwrap_or(Self::MAX)
            }

            fn same(self, other: Self) -> bool {
                self == other
            }

            fn is_missing(self) -> bool {
                false
            }

            fn of_nodata(nodata: Nodata) -> Option<Self> {
                match nodata {
                    Nodata::Integer(value) => Self::try_from(value).ok(),
                    Nodata::Float(value) => whole(value).and_then(|v| Self::try_from(v).ok()),
                }
            }

            fn beside(self) -> Self {
                self.checked_add(1).unwrap_or(self - 1)
            }
        })*
    };
}

integers! {
    u8, i64; i8, i64; u16, i64; i16, i64; u32, i64; i32, i64; u64, i128; i64, i128;
}

impl Number for f32 {
    fn mean(values: &[(Self, u32)]) -> Self {
        narrow(mean(values.iter().map(|&(v, w)| (f64::from(v), w))))
    }

    fn same(self, other: Self) -> bool {
        self == other || (self.is_nan() && other.is_nan())
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }

    fn of_nodata(nodata: Nodata) -> Option<Self> {
        f64::of_nodata(nodata).map(narrow)
    }

    fn beside(self) -> Self {
        self.next_up()
    }
}

impl Number for f64 {
    fn mean(values: &[(Self, u32)]) -> Self {
        mean(values.iter().copied())
    }

    fn same(self, other: Self) -> bool {
        self == other || (self.is_nan() && other.is_nan())
    }

    fn is_missing(self) -> bool {
        self.is_nan()
    }

    fn of_nodata(nodata: Nodata) -> Option<Self> {
        Some(match nodata {
            Nodata::Float(value) => value,
            Nodata::Integer(value) => value as f64,
        })
    }

    fn beside(self) -> Self {
        self.next_up()
    }
}

/// A complex number is "no data" where its real part is, as in GDAL.
impl<T: Number> Number for [T; 2]
where
    [T; 2]: Pod,
{
    fn mean(values: &[(Self, u32)]) -> Self {
        let part = |k: usize| {
            let mut parts = [(T::zeroed(), 0); 16];
            let n = values.len().min(parts.len());
            for (part, (value, weight)) in parts.iter_mut().zip(values) {
                *part = (value[k], *weight);
            }
            T::mean(&parts[..n])
        };
        [part(0), part(1)]
    }

    fn same(self, other: Self) -> bool {
        self[0].same(other[0])
    }

    fn is_missing(self) -> bool {
        self[0].is_missing() || self[1].is_missing()
    }

    fn of_nodata(nodata: Nodata) -> Option<Self> {
        T::of_nodata(nodata).map(|v| [v, T::zeroed()])
    }

    fn beside(self) -> Self {
        [self[0].beside(), self[1]]
    }
}

fn mean(values: impl Iterator<Item = (f64, u32)>) -> f64 {
    let (sum, total) = values.fold((0.0, 0.0), |(sum, total), (value, weight)| {
        let weight = f64::from(weight);
        (sum + value * weight, total + weight)
    });
    sum / total
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to the nearest single is what is wanted"
)]
const fn narrow(value: f64) -> f32 {
    value as f32
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number below 2^100 is kept exactly"
)]
fn whole(value: f64) -> Option<i128> {
    (value.fract() == 0.0 && value.abs() < 1e30).then_some(value as i128)
}

/// The single that a half is (IEEE 754 binary16); exact.
pub(super) fn half_to_single(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half) & 0x3ff;
    match exponent {
        0 => {
            // Multiples of 2^-24, zero among them.
            let magnitude = f32::from(half & 0x3ff) / TWO_TO_24;
            f32::from_bits(sign | magnitude.to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The half nearest to a single, ties to even.
pub(super) fn single_to_half(single: f32) -> u16 {
    let bits = single.to_bits();
    let [high, low] = [bits >> 16, bits & 0xffff].map(|part| u16::try_from(part).unwrap_or(0));
    let sign = high & 0x8000;
    let magnitude = single.abs();
    if magnitude.is_nan() {
        // Quiet, with the upper bits of its payload.
        return sign | 0x7e00 | ((high & 0x7f) << 3) | (low >> 13);
    }
    // Half of the step beyond the greatest half, 65504: from there on it is infinite.
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    if magnitude < LEAST_NORMAL_HALF {
        // Subnormal: whole multiples of 2^-24. Beside 2^23 a single has no fraction left, so the
        // sum is rounded to a whole number, ties to even, in its last bits.
        let units = (magnitude * TWO_TO_24 + TWO_TO_23).to_bits() - TWO_TO_23.to_bits();
        return sign | u16::try_from(units).unwrap_or(0);
    }
    let kept = (bits & 0x7fff_ffff) >> 13;
    let rest = bits & 0x1fff;
    let up = u32::from(rest > 0x1000 || (rest == 0x1000 && kept & 1 == 1));
    sign | u16::try_from(kept + up - (112 << 10)).unwrap_or(0x7c00)
}

const TWO_TO_23: f32 = 8_388_608.0;
const TWO_TO_24: f32 = 16_777_216.0;
/// 2^-14.
const LEAST_NORMAL_HALF: f32 = 1.0 / 16384.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_round_half_up() {
        assert_eq!(u8::mean(&[(1, 1), (2, 1)]), 2);
        assert_eq!(i16::mean(&[(-1, 1), (-2, 1)]), -1);
        assert_eq!(u64::mean(&[(u64::MAX, 1), (u64::MAX, 3)]), u64::MAX);
        assert_eq!(i8::mean(&[(-128, 9), (-128, 1)]), -128);
        assert_eq!(
            <[f32; 2]>::mean(&[([1.0, 5.0], 1), ([2.0, 7.0], 3)]),
            [1.75, 6.5]
        );
    }

    #[test]
    fn nodata_that_no_pixel_can_hold_is_none() {
        assert_eq!(u8::of_nodata(Nodata::Float(-1.0)), None);
        assert_eq!(u16::of_nodata(Nodata::Float(0.5)), None);
        assert_eq!(u64::of_nodata(u64::MAX.into()), Some(u64::MAX));
        assert_eq!(i16::of_nodata(Nodata::Float(-28672.0)), Some(-28672));
        assert_eq!(u8::of_nodata(Nodata::Float(f64::NAN)), None);
    }

    #[test]
    fn every_half_leads_back() {
        for half in 0..=u16::MAX {
            let single = half_to_single(half);
            if single.is_nan() {
                assert!(half_to_single(single_to_half(single)).is_nan());
            } else {
                assert_eq!(single_to_half(single), half, "{single}");
            }
        }
    }

    #[test]
    fn singles_go_to_the_nearest_half() {
        for half in 0..0x7bffu16 {
            let (low, high) = (half_to_single(half), half_to_single(half + 1));
            let middle = f32::midpoint(low, high);
            let even = if half % 2 == 0 { half } else { half + 1 };
            assert_eq!(single_to_half(middle), even, "{middle}");
            assert_eq!(single_to_half(middle.next_down()), half);
            assert_eq!(single_to_half(middle.next_up()), half + 1);
        }
        assert_eq!(single_to_half(65519.9), 0x7bff);
        assert_eq!(single_to_half(65520.0), 0x7c00);
        assert_eq!(single_to_half(1.0), 0x3c00);
        assert_eq!(half_to_single(0x3555), 0.333_251_95);
    }
}
