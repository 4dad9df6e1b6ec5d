//! Numbers of any type as doubles.

use half::f16;
use stacchip_model::{Pixels, SampleType};

/// Calls `take` with each number of `band`, in order; complex ones as their magnitude.
pub(super) fn each(pixels: &Pixels, band: usize, mut take: impl FnMut(f64)) {
    let bytes = pixels.band_bytes(band).unwrap_or_default();
    macro_rules! numbers {
        ($rust:ty) => {
            for number in bytes.as_chunks().0 {
                take(f64::from(<$rust>::from_ne_bytes(*number)));
            }
        };
        (wide $rust:ty) => {
            for number in bytes.as_chunks().0 {
                take(<$rust>::from_ne_bytes(*number) as f64);
            }
        };
        (complex $rust:ty, $bytes:literal) => {
            for number in bytes.as_chunks::<$bytes>().0.chunks_exact(2) {
                if let [real, imaginary] = number {
                    let part = |bytes| f64::from(<$rust>::from_ne_bytes(bytes));
                    take(part(*real).hypot(part(*imaginary)));
                }
            }
        };
    }
    match pixels.sample() {
        SampleType::U8 => numbers!(u8),
        SampleType::I8 => numbers!(i8),
        SampleType::U16 => numbers!(u16),
        SampleType::I16 => numbers!(i16),
        SampleType::U32 => numbers!(u32),
        SampleType::I32 => numbers!(i32),
        SampleType::U64 => numbers!(wide u64),
        SampleType::I64 => numbers!(wide i64),
        SampleType::F16 => numbers!(f16),
        SampleType::F32 => numbers!(f32),
        SampleType::F64 => numbers!(f64),
        SampleType::C64 => numbers!(complex f32, 4),
        SampleType::C128 => numbers!(complex f64, 8),
        // Types that are added are added here: the tests go through all there are.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes_of;

    #[test]
    fn every_type_is_read() {
        for sample in SampleType::ALL {
            let mut pixels = Pixels::zeros(sample, [2, 1, 2]).unwrap();
            let three = bytes_of(3.0, sample).unwrap();
            pixels.band_bytes_mut(1).unwrap()[..three.len()].copy_from_slice(&three);
            let mut seen = Vec::new();
            each(&pixels, 1, |v| seen.push(v));
            assert_eq!(seen, [3.0, 0.0], "{sample}");
        }
    }
}
