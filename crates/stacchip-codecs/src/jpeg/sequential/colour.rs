//! Samples of components → samples of pixels.

use super::Colour;

/// Fills `out` with the samples of `planes`, pixel by pixel, in 8 bits or in 16 in native order; three
/// planes of luma and colour differences become red, green and blue where `colour` says so (JFIF 1.02, in
/// whole numbers of 16 bits as libjpeg has them).
pub(super) fn interleave(planes: &[Vec<u16>], precision: u8, colour: Colour, out: &mut [u8]) {
    let middle = 1_i64 << (precision - 1);
    let bytes = if precision > 8 { 2 } else { 1 };
    if let ([luma, blue, red], Colour::YcbcrToRgb) = (planes, colour) {
        let pixels = luma.iter().zip(blue).zip(red);
        for (out, ((&luma, &blue), &red)) in out.chunks_exact_mut(3 * bytes).zip(pixels) {
            let (y, b, r) = (
                i64::from(luma),
                i64::from(blue) - middle,
                i64::from(red) - middle,
            );
            let rgb = [
                y + ((91_881 * r + HALF) >> 16),
                y + ((-22_554 * b - 46_802 * r + HALF) >> 16),
                y + ((116_130 * b + HALF) >> 16),
            ];
            for (out, sample) in out.chunks_exact_mut(bytes).zip(rgb) {
                let sample = u16::try_from(sample.clamp(0, 2 * middle - 1)).unwrap_or_default();
                put(sample, out);
            }
        }
        return;
    }
    for (at, out) in out
        .chunks_exact_mut(bytes * planes.len().max(1))
        .enumerate()
    {
        for (out, plane) in out.chunks_exact_mut(bytes).zip(planes) {
            put(plane.get(at).copied().unwrap_or_default(), out);
        }
    }
}

fn put(sample: u16, out: &mut [u8]) {
    match out {
        [one] => *one = u8::try_from(sample).unwrap_or(u8::MAX),
        _ => out.copy_from_slice(&sample.to_ne_bytes()),
    }
}

const HALF: i64 = 1 << 15;
