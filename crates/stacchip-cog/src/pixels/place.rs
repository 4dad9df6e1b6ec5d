//! From a line of numbers to where they are wanted.

use super::{Element, Layout};
use crate::{BlockError, Cut, Level};

/// Writes the pixels of `line` (all samples, side by side) to row `row` of `cut`; the first sample
/// is the level's band `first_band`.
pub(crate) fn place(
    line: &[u8],
    layout: &Layout,
    first_band: usize,
    cut: &mut Cut<'_>,
    row: usize,
    sample_bytes: usize,
) -> Result<(), BlockError> {
    let (element, samples) = (layout.element, layout.samples);
    let width = cut.window.width as usize;
    for slot in 0..cut.bands.len() {
        let band = cut
            .bands
            .get(slot)
            .map_or(0, |band| band.saturating_sub(first_band));
        let out = row_of(cut, slot, row, width.saturating_mul(sample_bytes))?;
        match element {
            Element::Plain(1) => strided::<1, 1>(line, samples, band, out, |v| v),
            Element::Plain(2) => strided::<2, 2>(line, samples, band, out, |v| v),
            Element::Plain(4) => strided::<4, 4>(line, samples, band, out, |v| v),
            Element::Plain(8) | Element::ComplexF32 => {
                strided::<8, 8>(line, samples, band, out, |v| v);
            }
            Element::Plain(_) => strided::<16, 16>(line, samples, band, out, |v| v),
            Element::Flag => strided::<1, 1>(line, samples, band, out, |[v]| {
                [if v == 0 { 0 } else { 255 }]
            }),
            Element::Int24 => strided::<3, 4>(line, samples, band, out, |[a, b, c]| {
                u32::from_le_bytes([a, b, c, 0]).to_ne_bytes()
            }),
            Element::Float24 => strided::<3, 4>(line, samples, band, out, |[a, b, c]| {
                float24(u32::from_le_bytes([a, b, c, 0])).to_ne_bytes()
            }),
            Element::ComplexI16 => strided::<4, 8>(line, samples, band, out, |[a, b, c, d]| {
                let re = f32::from(i16::from_ne_bytes([a, b]));
                let im = f32::from(i16::from_ne_bytes([c, d]));
                pair(re, im)
            }),
            Element::ComplexF16 => strided::<4, 8>(line, samples, band, out, |[a, b, c, d]| {
                pair(
                    half(u16::from_ne_bytes([a, b])),
                    half(u16::from_ne_bytes([c, d])),
                )
            }),
            Element::ComplexI32 => {
                strided::<8, 8>(line, samples, band, out, |[a, b, c, d, e, f, g, h]| {
                    #[expect(clippy::cast_precision_loss, reason = "GDAL widens to complex64, too")]
                    let re = i32::from_ne_bytes([a, b, c, d]) as f32;
                    #[expect(clippy::cast_precision_loss, reason = "GDAL widens to complex64, too")]
                    let im = i32::from_ne_bytes([e, f, g, h]) as f32;
                    pair(re, im)
                });
            }
        }
    }
    Ok(())
}

/// Fills each band of `cut` with the number that `level` has for it.
pub(crate) fn fill(cut: &mut Cut<'_>, level: &Level) -> Result<(), BlockError> {
    let bytes = (cut.window.width as usize).saturating_mul(level.sample.bytes());
    let bands = cut.bands;
    for (slot, &band) in bands.iter().enumerate() {
        let number = level.fill_of(band);
        for row in 0..cut.window.height as usize {
            let out = row_of(cut, slot, row, bytes)?;
            for pixel in out.chunks_exact_mut(number.len().max(1)) {
                pixel.copy_from_slice(number);
            }
        }
    }
    Ok(())
}

/// The bytes of row `row` of the band in slot `slot`.
pub(crate) fn row_of<'a>(
    cut: &'a mut Cut<'_>,
    slot: usize,
    row: usize,
    bytes: usize,
) -> Result<&'a mut [u8], BlockError> {
    let len = cut.out.len();
    let start = slot
        .checked_mul(cut.strides.band)
        .zip(row.checked_mul(cut.strides.row))
        .and_then(|(a, b)| a.checked_add(b));
    start
        .and_then(|start| cut.out.get_mut(start..start.checked_add(bytes)?))
        .ok_or(BlockError::Buffer { bytes: len })
}

fn strided<const A: usize, const B: usize>(
    line: &[u8],
    samples: usize,
    band: usize,
    out: &mut [u8],
    convert: impl Fn([u8; A]) -> [u8; B],
) {
    let numbers = line.as_chunks::<A>().0;
    let out = out.as_chunks_mut::<B>().0;
    if samples == 1 {
        for (o, n) in out.iter_mut().zip(numbers) {
            *o = convert(*n);
        }
        return;
    }
    match samples {
        2 => picked::<A, B, 2>(numbers, band, out, convert),
        3 => picked::<A, B, 3>(numbers, band, out, convert),
        4 => picked::<A, B, 4>(numbers, band, out, convert),
        _ => {
            for (o, pixel) in out.iter_mut().zip(numbers.chunks_exact(samples.max(1))) {
                if let Some(n) = pixel.get(band) {
                    *o = convert(*n);
                }
            }
        }
    }
}

/// One sample of pixels of `S`, one loop for each so that no step asks which.
fn picked<const A: usize, const B: usize, const S: usize>(
    numbers: &[[u8; A]],
    band: usize,
    out: &mut [[u8; B]],
    convert: impl Fn([u8; A]) -> [u8; B],
) {
    let pixels = numbers.as_chunks::<S>().0;
    let pairs = out.iter_mut().zip(pixels);
    match band {
        0 => pairs.for_each(|(o, p)| *o = convert(p[0])),
        1 => pairs.for_each(|(o, p)| *o = convert(p[1 % S])),
        2 => pairs.for_each(|(o, p)| *o = convert(p[2 % S])),
        _ => pairs.for_each(|(o, p)| *o = convert(p[3 % S])),
    }
}

fn pair(re: f32, im: f32) -> [u8; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (re.to_ne_bytes(), im.to_ne_bytes());
    [a, b, c, d, e, f, g, h]
}

/// A 24-bit float: sign, 7 bits of exponent (bias 63), 16 of significand.
fn float24(bits: u32) -> f32 {
    let sign = (bits >> 23 & 1) << 31;
    let exponent = bits >> 16 & 0x7f;
    let significand = bits & 0xffff;
    widened(sign, exponent, significand, 16, 7)
}

/// A binary16.
fn half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let sign = (bits >> 15) << 31;
    widened(sign, bits >> 10 & 0x1f, bits & 0x3ff, 10, 5)
}

/// The `f32` of a smaller IEEE number with `digits` bits of significand and `range` of exponent.
fn widened(sign: u32, exponent: u32, significand: u32, digits: u32, range: u32) -> f32 {
    let most = (1u32 << range) - 1;
    let bias = most >> 1;
    let magnitude = if exponent == most {
        0x7f80_0000 | significand << (23 - digits)
    } else if exponent == 0 {
        if significand == 0 {
            0
        } else {
            // Below the least normal: shift until the leading bit stands where it is implied.
            let up = significand.leading_zeros() - (31 - digits);
            let shifted = significand << up & ((1 << digits) - 1);
            (128 - bias - up) << 23 | shifted << (23 - digits)
        }
    } else {
        (exponent + 127 - bias) << 23 | significand << (23 - digits)
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:04x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(float24(0x3f_0000), 1.0);
        assert_eq!(float24(0xc0_8000), -3.0);
        assert_eq!(float24(0), 0.0);
        assert_eq!(float24(0x00_0001), 2f32.powi(-78));
    }
}
