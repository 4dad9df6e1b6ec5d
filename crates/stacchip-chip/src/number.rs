//! Single numbers as bytes of a type.

use half::f16;
use stacchip_cog::NodataValue;
use stacchip_model::SampleType;

/// The bytes of `value` as a number of `sample`, native byte order; nothing where the type cannot
/// hold it: a fraction in whole numbers, a number beyond its ends. Floating point numbers take the
/// nearest they have; complex ones take it as their real part.
pub fn bytes_of(value: f64, sample: SampleType) -> Option<Vec<u8>> {
    match sample {
        SampleType::F16 => Some(f16::from_f64(value).to_ne_bytes().to_vec()),
        SampleType::F32 | SampleType::C64 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the nearest float is meant"
            )]
            let nearest = value as f32;
            (nearest.is_finite() || !value.is_finite())
                .then(|| padded(&nearest.to_ne_bytes(), sample))
        }
        SampleType::F64 | SampleType::C128 => Some(padded(&value.to_ne_bytes(), sample)),
        _ => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and below 2⁶⁵ by the guard"
            )]
            let whole =
                (value.fract() == 0.0 && value.abs() < 2f64.powi(65)).then_some(value as i128);
            whole_bytes(whole?, sample)
        }
    }
}

/// The bytes of a nodata value, exact; nothing where no pixel can hold it.
pub(crate) fn bytes_of_nodata(value: NodataValue, sample: SampleType) -> Option<Vec<u8>> {
    match value {
        NodataValue::Float(value) => bytes_of(value, sample),
        NodataValue::Signed(value) if sample.is_integer() => whole_bytes(value.into(), sample),
        NodataValue::Unsigned(value) if sample.is_integer() => whole_bytes(value.into(), sample),
        other => bytes_of(other.as_f64(), sample),
    }
}

fn whole_bytes(value: i128, sample: SampleType) -> Option<Vec<u8>> {
    Some(match sample {
        SampleType::U8 => u8::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::I8 => i8::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::U16 => u16::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::I16 => i16::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::U32 => u32::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::I32 => i32::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::U64 => u64::try_from(value).ok()?.to_ne_bytes().to_vec(),
        SampleType::I64 => i64::try_from(value).ok()?.to_ne_bytes().to_vec(),
        _ => return None,
    })
}

fn padded(real: &[u8], sample: SampleType) -> Vec<u8> {
    let mut bytes = real.to_vec();
    bytes.resize(sample.bytes(), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_holds_what_it_can() {
        assert_eq!(
            bytes_of(-1.0, SampleType::I16),
            Some((-1i16).to_ne_bytes().to_vec())
        );
        assert_eq!(bytes_of(255.0, SampleType::U8), Some(vec![255]));
        for (value, sample) in [
            (256.0, SampleType::U8),
            (-1.0, SampleType::U64),
            (0.5, SampleType::I32),
            (f64::NAN, SampleType::U16),
            (f64::INFINITY, SampleType::I64),
            (1e300, SampleType::F32),
        ] {
            assert_eq!(bytes_of(value, sample), None, "{value} {sample}");
        }
        assert_eq!(
            bytes_of(1.0, SampleType::F16),
            Some(0x3c00u16.to_ne_bytes().to_vec())
        );
        assert!(bytes_of(f64::NAN, SampleType::F32).is_some());
        assert_eq!(bytes_of(2.0, SampleType::C128).unwrap()[8..], [0; 8]);
        for sample in SampleType::ALL {
            assert_eq!(bytes_of(0.0, sample), Some(vec![0; sample.bytes()]));
        }
    }

    #[test]
    fn nodata_of_64_bits_is_exact() {
        let max = NodataValue::Unsigned(u64::MAX);
        assert_eq!(bytes_of_nodata(max, SampleType::U64), Some(vec![255; 8]));
        assert_eq!(bytes_of_nodata(max, SampleType::I64), None);
        let float = NodataValue::Float(-9999.0);
        assert_eq!(bytes_of_nodata(float, SampleType::U8), None);
    }
}
