//! Codes → numbers.

use std::f64::consts::LN_2;

use super::gamut;

/// What becomes of a luminance.
#[derive(Debug, Clone, Copy)]
pub(super) enum Luminance {
    /// The code, in 16 bits.
    Code,
    /// The luminance, in a float.
    Float,
    /// Grey of a gamma of 2, in 8 bits.
    Grey,
}

impl Luminance {
    pub(super) fn write(self, code: u32, out: &mut [u8]) {
        match self {
            Self::Code => {
                let [low, high, ..] = code.to_le_bytes();
                out.copy_from_slice(&u16::from_le_bytes([low, high]).to_ne_bytes());
            }
            Self::Float => out.copy_from_slice(&single(luminance(code)).to_ne_bytes()),
            Self::Grey => out.copy_from_slice(&[bright(luminance(code))]),
        }
    }
}

/// What becomes of a colour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Luv {
    /// The luminance's code and both chromaticities (times 2^15), in 16 bits each.
    Coded,
    /// CIE XYZ, in floats.
    Xyz,
    /// Red, green and blue of a gamma of 2, in 8 bits.
    Rgb,
}

impl Luv {
    /// Writes the colour of a code of 32 bits.
    pub(super) fn write(self, code: u32, out: &mut [u8]) {
        let [v, u, ..] = code.to_le_bytes();
        let [u, v] = [u, v].map(|c| 1.0 / 410.0 * (f64::from(c) + 0.5));
        match self {
            Self::Coded => luv(code >> 16, (u, v), out),
            _ => self.seen(luminance(code >> 16), (u, v), out),
        }
    }

    /// Writes the colour of a code of 24 bits.
    pub(super) fn write_short(self, code: u32, out: &mut [u8]) {
        let chromaticity = gamut::chromaticity(code & 0x3FFF);
        let log = code >> 14 & 0x3FF;
        match self {
            // libtiff lets a bit of the chromaticity pass.
            Self::Coded => luv((code >> 12 & 0xFFD) + 13_314, chromaticity, out),
            _ if log == 0 => self.seen(0.0, chromaticity, out),
            _ => {
                let light = (LN_2 / 64.0 * (f64::from(log) + 0.5) - LN_2 * 12.0).exp();
                self.seen(light, chromaticity, out);
            }
        }
    }

    fn seen(self, light: f64, (u, v): (f64, f64), out: &mut [u8]) {
        let xyz = if light <= 0.0 {
            [0.0; 3]
        } else {
            let s = 1.0 / (6.0 * u - 16.0 * v + 12.0);
            let (x, y) = (9.0 * u * s, 4.0 * v * s);
            [x / y * light, light, (1.0 - x - y) / y * light].map(single)
        };
        if matches!(self, Self::Xyz) {
            for (out, value) in out.chunks_exact_mut(4).zip(xyz) {
                out.copy_from_slice(&value.to_ne_bytes());
            }
            return;
        }
        let [x, y, z] = xyz.map(f64::from);
        // The primaries of CCIR 709.
        let rgb = [
            2.690 * x + -1.276 * y + -0.414 * z,
            -1.022 * x + 1.978 * y + 0.044 * z,
            0.061 * x + -0.224 * y + 1.163 * z,
        ];
        for (out, value) in out.iter_mut().zip(rgb) {
            *out = bright(value);
        }
    }
}

fn luv(light: u32, (u, v): (f64, f64), out: &mut [u8]) {
    let [low, high, ..] = light.to_le_bytes();
    let light = u16::from_le_bytes([low, high]);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "chromaticities are between 0 and 1"
    )]
    let [u, v] = [u, v].map(|c| (c * 32_768.0) as u16);
    for (out, value) in out.chunks_exact_mut(2).zip([light, u, v]) {
        out.copy_from_slice(&value.to_ne_bytes());
    }
}

/// The luminance of a sign and 15 bits of logarithm.
fn luminance(code: u32) -> f64 {
    let log = code & 0x7FFF;
    if log == 0 {
        return 0.0;
    }
    let light = (LN_2 / 256.0 * (f64::from(log) + 0.5) - LN_2 * 64.0).exp();
    if code & 0x8000 == 0 { light } else { -light }
}

fn bright(light: f64) -> u8 {
    if light <= 0.0 {
        0
    } else if light >= 1.0 {
        u8::MAX
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below 256; what is no number becomes 0"
        )]
        let byte = (256.0 * light.sqrt()) as u8;
        byte
    }
}

#[expect(clippy::cast_possible_truncation, reason = "samples are of 32 bits")]
const fn single(value: f64) -> f32 {
    value as f32
}
