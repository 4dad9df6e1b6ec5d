//! Which pixels of a raster are valid.

use stacchip_cog::{Bands, Image, NodataValue, Part};
use stacchip_model::{Pixels, PixelsError, Sample, SampleType};
use stacchip_stats::Validity;

/// What is read of a raster to count a mask, and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    /// The numbers of one band, as they are.
    Band(usize),
    /// The raster's own mask: 0 where a pixel is not valid.
    Mask,
    /// A band that says so itself: 0 where a pixel is not valid.
    Alpha(usize),
    /// Not valid where all these bands hold this value.
    Nodata {
        /// The bands, from 0.
        bands: Vec<usize>,
        /// The value.
        value: NodataValue,
    },
    /// Nothing tells: all pixels are valid.
    AllValid,
}

impl Reading {
    /// How the validity of `image` is told: see [`Validity`]. Where the raster has no nodata value,
    /// `of_item` is, the one that the item gives its bands.
    pub(crate) fn of(image: &Image, validity: Validity, of_item: Option<f64>) -> Self {
        let own_mask = || image.has_mask().then_some(Self::Mask);
        let alpha = || image.alpha_band().map(Self::Alpha);
        let all: Vec<usize> = (0..image.bands.len()).collect();
        let nodata = |bands: Vec<usize>, value: Option<f64>| {
            let value = match value {
                Some(value) => NodataValue::Float(value),
                None => match &image.nodata {
                    Some(own) => own.value,
                    None => NodataValue::Float(of_item?),
                },
            };
            Some(Self::Nodata { bands, value })
        };
        match validity {
            Validity::Mask => own_mask().or_else(alpha),
            Validity::Nodata { band, value } => nodata(band.map_or(all, |b| vec![b]), value),
            Validity::Declared { otherwise } => own_mask()
                .or_else(alpha)
                .or_else(|| nodata(all, None))
                .or_else(|| nodata(vec![0], Some(otherwise?))),
            _ => None,
        }
        .unwrap_or(Self::AllValid)
    }

    /// The bands, and the part of the raster, that it takes.
    pub(crate) fn wants(&self) -> (Bands<'_>, Part) {
        match self {
            Self::Band(band) | Self::Alpha(band) => {
                (Bands::These(std::slice::from_ref(band)), Part::Pixels)
            }
            Self::Mask => (Bands::These(&[0]), Part::Mask),
            Self::Nodata { bands, .. } => (Bands::These(bands), Part::Pixels),
            Self::AllValid => (Bands::These(&[]), Part::Pixels),
        }
    }

    /// The pixels that a rule is shown: the band itself, or 0 where not valid and 255 where valid.
    ///
    /// # Errors
    /// [`PixelsError`] where there is no memory for them.
    pub(crate) fn shown(&self, pixels: Pixels) -> Result<Pixels, PixelsError> {
        match self {
            Self::Band(_) | Self::Mask | Self::AllValid => Ok(pixels),
            Self::Alpha(_) => valid(&pixels, NodataValue::Float(0.0)),
            Self::Nodata { value, .. } => valid(&pixels, *value),
        }
    }
}

/// 255 where any band of `pixels` holds another value than `nodata`, 0 where none does.
fn valid(pixels: &Pixels, nodata: NodataValue) -> Result<Pixels, PixelsError> {
    let [bands, height, width] = pixels.shape();
    let mut mask = Pixels::zeros(SampleType::U8, [1, height, width])?;
    for band in 0..bands {
        let out = mask.as_bytes_mut();
        match pixels.sample() {
            SampleType::U8 => mark::<u8>(pixels, band, integer(nodata), out),
            SampleType::I8 => mark::<i8>(pixels, band, integer(nodata), out),
            SampleType::U16 => mark::<u16>(pixels, band, integer(nodata), out),
            SampleType::I16 => mark::<i16>(pixels, band, integer(nodata), out),
            SampleType::U32 => mark::<u32>(pixels, band, integer(nodata), out),
            SampleType::I32 => mark::<i32>(pixels, band, integer(nodata), out),
            SampleType::U64 => mark::<u64>(pixels, band, integer(nodata), out),
            SampleType::I64 => mark::<i64>(pixels, band, integer(nodata), out),
            SampleType::F32 => {
                let nodata = nodata.as_f64();
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "GDAL compares float32 pixels with the value as float32"
                )]
                let narrow = nodata as f32;
                mark_by(pixels, band, out, |v: f32| {
                    v == narrow || (v.is_nan() && nodata.is_nan())
                });
            }
            SampleType::F64 => {
                let nodata = nodata.as_f64();
                mark_by(pixels, band, out, |v: f64| {
                    v == nodata || (v.is_nan() && nodata.is_nan())
                });
            }
            SampleType::F16 => {
                let nodata = nodata.as_f64();
                let wanted = half::f16::from_f64(nodata);
                mark_bits(pixels, band, out, |bits| {
                    let v = half::f16::from_bits(bits);
                    v == wanted || (v.is_nan() && nodata.is_nan())
                });
            }
            // A complex pixel is compared by its real part, as GDAL compares it.
            SampleType::C64 => {
                let nodata = nodata.as_f64();
                mark_by(pixels, band, out, |v: [f32; 2]| {
                    f64::from(v[0]) == nodata || (v[0].is_nan() && nodata.is_nan())
                });
            }
            SampleType::C128 => {
                let nodata = nodata.as_f64();
                mark_by(pixels, band, out, |v: [f64; 2]| {
                    v[0] == nodata || (v[0].is_nan() && nodata.is_nan())
                });
            }
            _ => out.fill(255),
        }
    }
    Ok(mask)
}

/// The value as a whole number, where it is one.
fn integer(nodata: NodataValue) -> Option<i128> {
    match nodata {
        NodataValue::Signed(v) => Some(i128::from(v)),
        NodataValue::Unsigned(v) => Some(i128::from(v)),
        NodataValue::Float(v) if v.fract() == 0.0 && v.abs() < 2f64.powi(100) => {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^100")]
            let whole = v as i128;
            Some(whole)
        }
        NodataValue::Float(_) => None,
    }
}

/// Marks where `band` holds another whole number than `nodata`; a value that the type cannot hold
/// is held by no pixel.
fn mark<T: Sample + PartialEq + TryFrom<i128>>(
    pixels: &Pixels,
    band: usize,
    nodata: Option<i128>,
    out: &mut [u8],
) {
    match nodata.and_then(|v| T::try_from(v).ok()) {
        Some(nodata) => mark_by(pixels, band, out, |v: T| v == nodata),
        None => out.fill(255),
    }
}

fn mark_by<T: Sample>(pixels: &Pixels, band: usize, out: &mut [u8], is_nodata: impl Fn(T) -> bool) {
    let count = out.len();
    let values = pixels
        .as_slice::<T>()
        .and_then(|all| all.get(band * count..(band + 1) * count))
        .unwrap_or_default();
    for (mark, &value) in out.iter_mut().zip(values) {
        *mark |= if is_nodata(value) { 0 } else { 255 };
    }
}

fn mark_bits(pixels: &Pixels, band: usize, out: &mut [u8], is_nodata: impl Fn(u16) -> bool) {
    let bytes = pixels.band_bytes(band).unwrap_or_default();
    for (mark, pair) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *mark |= if is_nodata(u16::from_ne_bytes(*pair)) {
            0
        } else {
            255
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_nodata_where_all_bands_are() {
        let pixels = Pixels::from_slice([2, 1, 3], &[0u8, 0, 5, 0, 7, 0]).unwrap();
        let mask = valid(&pixels, NodataValue::Float(0.0)).unwrap();
        assert_eq!(mask.as_bytes(), [0, 255, 255]);
    }

    #[test]
    fn values_that_the_type_cannot_hold_mark_nothing() {
        let pixels = Pixels::from_slice([1, 1, 2], &[0u8, 255]).unwrap();
        for nodata in [-9999.0, 256.0, 0.5, f64::NAN] {
            let mask = valid(&pixels, NodataValue::Float(nodata)).unwrap();
            assert_eq!(mask.as_bytes(), [255, 255], "{nodata}");
        }
    }

    #[test]
    fn nan_is_found_by_nan() {
        let pixels = Pixels::from_slice([1, 1, 3], &[f32::NAN, 0.0, 0.1]).unwrap();
        let by_nan = valid(&pixels, NodataValue::Float(f64::NAN)).unwrap();
        assert_eq!(by_nan.as_bytes(), [0, 255, 255]);
        let by_tenth = valid(&pixels, NodataValue::Float(0.1)).unwrap();
        assert_eq!(by_tenth.as_bytes(), [255, 255, 0]);
    }

    #[test]
    fn whole_numbers_beyond_doubles_are_exact() {
        let pixels = Pixels::from_slice([1, 1, 2], &[i64::MIN, i64::MIN + 1]).unwrap();
        let mask = valid(&pixels, NodataValue::Signed(i64::MIN)).unwrap();
        assert_eq!(mask.as_bytes(), [0, 255]);
    }
}
