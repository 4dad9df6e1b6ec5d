//! Predictors, forward.

use stacchip_model::SampleType;

use super::Predictor;

/// Turns a block of native numbers, `[row, column, sample]`, into the bytes that a predictor and
/// the file's byte order ask for. Rows are `row_bytes` long.
pub(super) fn predict(
    bytes: &mut [u8],
    sample: SampleType,
    samples: usize,
    row_bytes: usize,
    predictor: Predictor,
    big_endian: bool,
) {
    match predictor {
        Predictor::None => {}
        Predictor::Horizontal => {
            for row in bytes.chunks_exact_mut(row_bytes.max(1)) {
                match sample.bytes() {
                    1 => differences::<1>(row, samples, |a, b| [a[0].wrapping_sub(b[0])]),
                    2 => differences::<2>(row, samples, |a, b| {
                        u16::from_ne_bytes(a)
                            .wrapping_sub(u16::from_ne_bytes(b))
                            .to_ne_bytes()
                    }),
                    4 => differences::<4>(row, samples, |a, b| {
                        u32::from_ne_bytes(a)
                            .wrapping_sub(u32::from_ne_bytes(b))
                            .to_ne_bytes()
                    }),
                    _ => differences::<8>(row, samples, |a, b| {
                        u64::from_ne_bytes(a)
                            .wrapping_sub(u64::from_ne_bytes(b))
                            .to_ne_bytes()
                    }),
                }
            }
        }
        Predictor::FloatingPoint => {
            let mut planes = vec![0; row_bytes];
            for row in bytes.chunks_exact_mut(row_bytes.max(1)) {
                by_significance(row, sample.bytes(), &mut planes);
                row.copy_from_slice(&planes);
                differences::<1>(row, samples, |a, b| [a[0].wrapping_sub(b[0])]);
            }
            // The bytes of a number are no longer together: there is no order left to turn.
            return;
        }
    }
    if big_endian != cfg!(target_endian = "big") {
        swap(bytes, sample.component_bytes());
    }
}

/// Each number minus the one `samples` before it, from the end so that none is lost.
fn differences<const N: usize>(
    row: &mut [u8],
    samples: usize,
    minus: impl Fn([u8; N], [u8; N]) -> [u8; N],
) {
    let (numbers, _) = row.as_chunks_mut::<N>();
    for i in (samples..numbers.len()).rev() {
        numbers[i] = minus(numbers[i], numbers[i - samples]);
    }
}

/// All most significant bytes of a row, then all next ones, and so on.
fn by_significance(row: &[u8], width: usize, planes: &mut [u8]) {
    let count = row.len() / width;
    for (i, number) in row.chunks_exact(width).enumerate() {
        for (k, &byte) in number.iter().enumerate() {
            let plane = if cfg!(target_endian = "big") {
                k
            } else {
                width - 1 - k
            };
            planes[plane * count + i] = byte;
        }
    }
}

fn swap(bytes: &mut [u8], width: usize) {
    if width > 1 {
        for number in bytes.chunks_exact_mut(width) {
            number.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_to_the_pixel_on_the_left() {
        let mut bytes: Vec<u8> = [10u16, 100, 12, 90, 500, 500]
            .iter()
            .flat_map(|v| v.to_ne_bytes())
            .collect();
        predict(
            &mut bytes,
            SampleType::U16,
            2,
            8,
            Predictor::Horizontal,
            true,
        );
        // Only whole rows are touched: the last two numbers are no row of 8 bytes.
        let be: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|b| u16::from_be_bytes([b[0], b[1]]))
            .collect();
        assert_eq!(be[..4], [10, 100, 2, 0u16.wrapping_sub(10)]);
    }

    #[test]
    fn floats_go_by_significance() {
        let mut bytes: Vec<u8> = [1.0f32, -2.0]
            .iter()
            .flat_map(|v| v.to_ne_bytes())
            .collect();
        predict(
            &mut bytes,
            SampleType::F32,
            1,
            8,
            Predictor::FloatingPoint,
            false,
        );
        // 3f800000 and c0000000 → 3f c0 80 00 00 00 00 00 → differences.
        assert_eq!(bytes, [0x3f, 0x81, 0xc0, 0x80, 0, 0, 0, 0]);
    }

    #[test]
    fn complex_numbers_are_turned_by_component() {
        let mut bytes = [1.0f32.to_ne_bytes(), 2.0f32.to_ne_bytes()].concat();
        predict(&mut bytes, SampleType::C64, 1, 8, Predictor::None, true);
        assert_eq!(bytes, [1.0f32.to_be_bytes(), 2.0f32.to_be_bytes()].concat());
    }
}
