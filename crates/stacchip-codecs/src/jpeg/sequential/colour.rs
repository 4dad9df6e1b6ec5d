//! Samples of components → samples of pixels.

use super::Colour;

/// Fills `out` with the samples of `planes`, pixel by pixel, 16 bits in native order; three planes of
/// luma and colour differences become red, green and blue where `colour` says so (JFIF 1.02, in
/// whole numbers of 16 bits as libjpeg has them).
pub(super) fn interleave(planes: &[Vec<u16>], precision: u8, colour: Colour, out: &mut [u8]) {
    let middle = 1_i64 << (precision - 1);
    if let ([luma, blue, red], Colour::YcbcrToRgb) = (planes, colour) {
        let pixels = luma.iter().zip(blue).zip(red);
        for (out, ((&luma, &blue), &red)) in out.chunks_exact_mut(6).zip(pixels) {
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
            for (out, sample) in out.chunks_exact_mut(2).zip(rgb) {
                let sample = u16::try_from(sample.clamp(0, 2 * middle - 1)).unwrap_or_default();
                out.copy_from_slice(&sample.to_ne_bytes());
            }
        }
        return;
    }
    for (at, out) in out.chunks_exact_mut(2 * planes.len().max(1)).enumerate() {
        for (out, plane) in out.chunks_exact_mut(2).zip(planes) {
            let sample = plane.get(at).copied().unwrap_or_default();
            out.copy_from_slice(&sample.to_ne_bytes());
        }
    }
}

const HALF: i64 = 1 << 15;
