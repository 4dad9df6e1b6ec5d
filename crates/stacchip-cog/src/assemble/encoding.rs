//! How the pixels of a directory are stored.

use stacchip_model::SampleType;

use super::rendering::rendering;
use crate::{
    Compression, Encoding, HeaderError, Planar, Predictor, SampleFormat,
    header::{ByteOrder, Directory, Tag},
};

/// How the pixels of `directory` are stored.
pub(super) fn encoding(directory: &Directory) -> Result<Encoding, HeaderError> {
    let compression = Compression(short(directory, Tag::COMPRESSION)?.unwrap_or(1));
    // Writers of old JPEG left much out; libtiff takes it for YCbCr of three bytes then.
    let old_jpeg = compression == Compression::OLD_JPEG;
    let samples = short(directory, Tag::SAMPLES_PER_PIXEL)?.unwrap_or(if old_jpeg { 3 } else { 1 });
    if samples == 0 {
        return Err(bad(directory, Tag::SAMPLES_PER_PIXEL, "is zero"));
    }
    let bits =
        uniform(directory, Tag::BITS_PER_SAMPLE, samples)?.unwrap_or(if old_jpeg { 8 } else { 1 });
    let format = match uniform(directory, Tag::SAMPLE_FORMAT, samples)?.unwrap_or(1) {
        1 => SampleFormat::Unsigned,
        2 => SampleFormat::Signed,
        3 => SampleFormat::Float,
        5 => SampleFormat::ComplexInt,
        6 => SampleFormat::ComplexFloat,
        _ => SampleFormat::Void,
    };
    let planar = match short(directory, Tag::PLANAR_CONFIGURATION)?.unwrap_or(1) {
        2 if samples > 1 => Planar::Separate,
        1 | 2 => Planar::Chunky,
        other => {
            let detail = format!("is {other}, want 1 or 2");
            return Err(bad(directory, Tag::PLANAR_CONFIGURATION, detail));
        }
    };
    let predictor = match short(directory, Tag::PREDICTOR)?.unwrap_or(1) {
        // libtiff knows the tag only with these schemes.
        _ if !has_predictor(compression) => Predictor::None,
        1 => Predictor::None,
        2 => Predictor::Horizontal,
        3 => Predictor::Float,
        other => Predictor::Other(other),
    };
    let subsampling = |i, default| {
        directory
            .unsigned_at(Tag::YCBCR_SUBSAMPLING, i)
            .and_then(|v| u16::try_from(v).ok())
            .unwrap_or(default)
    };
    let fax = if compression == Compression::CCITT_FAX4 {
        Tag::T6_OPTIONS
    } else {
        Tag::T4_OPTIONS
    };
    let lerc = |i| {
        directory
            .unsigned_at(Tag::LERC_PARAMETERS, i)
            .and_then(|v| u32::try_from(v).ok())
    };
    let mut encoding = Encoding {
        big_endian: directory.order == ByteOrder::Big,
        compression,
        predictor,
        planar,
        samples,
        bits,
        format,
        photometric: match photometric(directory, bits, samples)? {
            // Some call what they turned to YCbCr by what it was before.
            RGB if old_jpeg => YCBCR,
            _ if old_jpeg && directory.entry(Tag::PHOTOMETRIC).is_none() => YCBCR,
            other => other,
        },
        lsb_first: short(directory, Tag::FILL_ORDER)? == Some(2),
        subsampling: old_factors(directory).unwrap_or((subsampling(0, 2), subsampling(1, 2))),
        extra_samples: directory
            .first_unsigned(Tag::EXTRA_SAMPLES, usize::from(samples))
            .unwrap_or_default()
            .into_iter()
            .map(|v| u16::try_from(v).unwrap_or(0))
            .collect(),
        jpeg_tables: match compression {
            Compression::OLD_JPEG => directory.old_jpeg.clone(),
            _ => directory.bytes(Tag::JPEG_TABLES).cloned(),
        },
        lerc_parameters: lerc(0)
            .zip(lerc(1))
            .map(|(version, added)| [version, added]),
        fax_options: directory
            .unsigned(fax)
            .and_then(|v| u32::try_from(v).ok())
            .unwrap_or(0),
        rendering: None,
    };
    encoding.rendering = rendering(directory, &encoding);
    Ok(encoding)
}

/// The photometric interpretation. A palette image without a palette is taken for grey or colour,
/// as in libtiff; one that says nothing for grey, as in GDAL.
fn photometric(directory: &Directory, bits: u16, samples: u16) -> Result<u16, HeaderError> {
    const PALETTE: u16 = 3;
    Ok(match short(directory, Tag::PHOTOMETRIC)?.unwrap_or(1) {
        PALETTE if directory.bytes(Tag::COLOR_MAP).is_none() && bits >= 8 => {
            if samples == 3 {
                2
            } else {
                1
            }
        }
        other => other,
    })
}

/// Type in memory of samples stored so: GDAL's, but that odd widths up to 64 bits are read, and
/// complex integers become floats. Nothing where there is none.
pub(crate) fn sample_type(bits: u16, format: SampleFormat) -> Option<SampleType> {
    use SampleFormat::{ComplexFloat, ComplexInt, Float, Signed};
    use SampleType as T;
    Some(match (bits, format) {
        (32 | 64, ComplexInt | ComplexFloat) => T::C64,
        (128, ComplexFloat) => T::C128,
        (16, Float) => T::F16,
        (24 | 32, Float) => T::F32,
        (64, Float) => T::F64,
        // No such numbers.
        (_, Float) | (17..=31 | 33..=63, ComplexInt | ComplexFloat) => return None,
        (8, Signed) => T::I8,
        (16, Signed) => T::I16,
        (32, Signed) => T::I32,
        (64, Signed) => T::I64,
        (1..=8, _) => T::U8,
        (9..=16, _) => T::U16,
        (17..=32, _) => T::U32,
        (33..=64, _) => T::U64,
        _ => return None,
    })
}

/// An error about `tag` of `directory`.
pub(super) fn bad(directory: &Directory, tag: Tag, detail: impl Into<String>) -> HeaderError {
    HeaderError::Tag {
        tag: tag.word(),
        directory: directory.offset,
        detail: detail.into(),
    }
}

pub(crate) fn has_predictor(compression: Compression) -> bool {
    matches!(
        compression,
        Compression::LZW
            | Compression::DEFLATE
            | Compression::OLD_DEFLATE
            | Compression::ZSTD
            | Compression::LZMA
    )
}

fn short(directory: &Directory, tag: Tag) -> Result<Option<u16>, HeaderError> {
    directory
        .unsigned(tag)
        .map(|v| {
            u16::try_from(v).map_err(|_| bad(directory, tag, format!("is {v}, want at most 65535")))
        })
        .transpose()
}

/// A number that the file may give once or for each sample; it must be the same for all.
fn uniform(directory: &Directory, tag: Tag, samples: u16) -> Result<Option<u16>, HeaderError> {
    let Some(first) = short(directory, tag)? else {
        return Ok(None);
    };
    let all = directory
        .first_unsigned(tag, usize::from(samples))
        .unwrap_or_default();
    if let Some(other) = all.iter().find(|&&v| v != u64::from(first)) {
        let detail = format!("is {first} for one sample and {other} for another");
        return Err(bad(directory, tag, detail));
    }
    Ok(Some(first))
}

/// How chroma is sampled as the frame header of old JPEG says, which is truer than the tag.
fn old_factors(directory: &Directory) -> Option<(u16, u16)> {
    let mut at = directory.old_jpeg.as_deref()?.get(2..)?;
    let mut found = None;
    while let &[0xFF, code, high, low, ref rest @ ..] = at {
        let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(2)?;
        let (body, next) = rest.split_at_checked(length)?;
        if let (0xC0..=0xC2, &[_, _, _, _, _, 3, _, factors, ..]) = (code, body) {
            found = Some((u16::from(factors >> 4), u16::from(factors & 0xF)));
        }
        at = next;
    }
    found
}

// `PhotometricInterpretation` (262): TIFF 6.0, sections 6 and 21.
const RGB: u16 = 2;
const YCBCR: u16 = 6;
