//! How far pixels of lossy files may be from the truth.

use std::{fs, path::Path};

use serde_json::Value;
use stacchip_cog::{Compression, Level};
use stacchip_model::SampleType;

/// What is allowed of a level.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// The largest difference of a sample.
    pub most: f64,
    /// Whether a mean difference under 1 will do: chroma is subsampled, and the truth comes from a
    /// library (libjpeg 9) that puts it together in another way than libjpeg-turbo, which is ours and
    /// GDAL's as it is usually built.
    pub by_mean: bool,
}

impl Allowed {
    /// What the truth allows of a file; nothing where pixels must be the same. `stored` are the bytes of
    /// one of the level's blocks.
    pub fn of(truth: &Value, level: &Level, stored: Option<&[u8]>) -> Option<Self> {
        let compression = level.encoding.compression;
        let jpeg = compression == Compression::JPEG;
        let by_mean = jpeg && stored.is_some_and(subsampled)
            || compression == Compression::OLD_JPEG && level.encoding.subsampling != (1, 1);
        let lossy = &truth["lossy"];
        let most = match lossy["max_abs"].as_f64() {
            Some(most) => {
                // The C library is the one that made the truth.
                let exact = compression == Compression::WEBP && cfg!(feature = "libwebp");
                let fallback = lossy["fallback_max_abs"].as_f64().filter(|_| !exact);
                most.max(fallback.unwrap_or(0.0))
            }
            None => return None,
        };
        Some(Self { most, by_mean })
    }
}

/// How far pixels are from those of the truth.
#[derive(Debug, Clone, Copy, Default)]
pub struct Distance {
    most: f64,
    mean: f64,
}

impl Distance {
    /// The distance of `raw` from the pixels that the truth keeps of band number `slot` of a window.
    /// Of some it keeps only the least, the largest and the mean value.
    pub fn of(
        corpus: &Path,
        truth: &Value,
        slot: usize,
        raw: &[u8],
        sample: SampleType,
    ) -> Option<Self> {
        let got = numbers(raw, sample);
        if truth["raw"].is_null() {
            return Self::of_moments(&truth["bands"][slot], &got);
        }
        let file = fs::read(corpus.join(truth["raw"]["file"].as_str()?)).ok()?;
        let start = usize::try_from(truth["raw"]["offset"].as_u64()?).ok()?;
        let start = start + slot * raw.len();
        let want = numbers(file.get(start..start + raw.len())?, sample);
        let mut distance = Self::default();
        for (a, b) in got.iter().zip(want) {
            if *a != b && !(a.is_nan() && b.is_nan()) {
                let far = (a - b).abs();
                distance.most = if far.is_nan() {
                    f64::INFINITY
                } else {
                    distance.most.max(far)
                };
                distance.mean += far / got.len() as f64;
            }
        }
        Some(distance)
    }

    fn of_moments(want: &Value, got: &[f64]) -> Option<Self> {
        let number = |key: &str| want[key].as_str()?.parse::<f64>().ok();
        let valid: Vec<f64> = got.iter().copied().filter(|v| !v.is_nan()).collect();
        let least = valid.iter().copied().fold(f64::INFINITY, f64::min);
        let most = valid.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = valid.iter().sum::<f64>() / valid.len().max(1) as f64;
        // Differences go either way: of the mean of many little is left.
        let mean = (mean - number("mean")?).abs();
        let ends = (least - number("min")?)
            .abs()
            .max((most - number("max")?).abs());
        Some(Self {
            most: ends.max(if mean < 0.5 { 0.0 } else { f64::INFINITY }),
            mean,
        })
    }

    pub fn is_within(self, allowed: Allowed) -> bool {
        self.most <= allowed.most || (allowed.by_mean && self.mean < 1.0)
    }
}

/// Whether a JPEG stream has more samples of its first component than of the others.
fn subsampled(stream: &[u8]) -> bool {
    let mut at = stream.get(2..).unwrap_or_default();
    while let &[0xFF, code, high, low, ref rest @ ..] = at {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if let (0xC0..=0xC2, &[_, _, _, _, _, 3, _, factors, ..]) = (code, rest) {
            return factors != 0x11;
        }
        at = rest.get(length.saturating_sub(2)..).unwrap_or_default();
    }
    false
}

fn numbers(raw: &[u8], sample: SampleType) -> Vec<f64> {
    fn all<const N: usize>(raw: &[u8], f: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        raw.as_chunks::<N>().0.iter().map(|c| f(*c)).collect()
    }
    match sample {
        SampleType::U8 => raw.iter().map(|&v| f64::from(v)).collect(),
        SampleType::I8 => all(raw, |c| f64::from(i8::from_le_bytes(c))),
        SampleType::U16 => all(raw, |c| f64::from(u16::from_le_bytes(c))),
        SampleType::I16 => all(raw, |c| f64::from(i16::from_le_bytes(c))),
        SampleType::U32 => all(raw, |c| f64::from(u32::from_le_bytes(c))),
        SampleType::I32 => all(raw, |c| f64::from(i32::from_le_bytes(c))),
        SampleType::F32 | SampleType::C64 => all(raw, |c| f64::from(f32::from_le_bytes(c))),
        SampleType::F64 | SampleType::C128 => all(raw, f64::from_le_bytes),
        _ => vec![f64::NAN],
    }
}
