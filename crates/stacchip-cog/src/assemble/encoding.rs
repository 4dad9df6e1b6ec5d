//! How the pixels of a directory are stored.

use stacchip_model::SampleType;

use crate::{
    Compression, Encoding, HeaderError, Planar, Predictor, SampleFormat,
    header::{ByteOrder, Directory, Tag},
};

/// How the pixels of `directory` are stored.
pub(super) fn encoding(directory: &Directory) -> Result<Encoding, HeaderError> {
    let samples = short(directory, Tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if samples == 0 {
        return Err(bad(directory, Tag::SAMPLES_PER_PIXEL, "is zero"));
    }
    let bits = uniform(directory, Tag::BITS_PER_SAMPLE, samples)?.unwrap_or(1);
    let format = match uniform(directory, Tag::SAMPLE_FORMAT, samples)?.unwrap_or(1) {
        1 => SampleFormat::Unsigned,
        2 => SampleFormat::Signed,
        3 => SampleFormat::Float,
        5 => SampleFormat::ComplexInt,
        6 => SampleFormat::ComplexFloat,
        _ => SampleFormat::Void,
    };
    let compression = Compression(short(directory, Tag::COMPRESSION)?.unwrap_or(1));
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
    Ok(Encoding {
        big_endian: directory.order == ByteOrder::Big,
        compression,
        predictor,
        planar,
        samples,
        bits,
        format,
        photometric: photometric(directory, bits, samples)?,
        lsb_first: short(directory, Tag::FILL_ORDER)? == Some(2),
        subsampling: (subsampling(0, 2), subsampling(1, 2)),
        extra_samples: directory
            .first_unsigned(Tag::EXTRA_SAMPLES, usize::from(samples))
            .unwrap_or_default()
            .into_iter()
            .map(|v| u16::try_from(v).unwrap_or(0))
            .collect(),
        jpeg_tables: directory.bytes(Tag::JPEG_TABLES).cloned(),
        lerc_parameters: lerc(0)
            .zip(lerc(1))
            .map(|(version, added)| [version, added]),
        fax_options: directory
            .unsigned(fax)
            .and_then(|v| u32::try_from(v).ok())
            .unwrap_or(0),
    })
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
pub(super) fn sample_type(bits: u16, format: SampleFormat) -> Option<SampleType> {
    use SampleFormat::{ComplexFloat, ComplexInt, Float, Signed};
    use SampleType as T;
    Some(match (bits, format) {
        (32 | 64, ComplexInt | ComplexFloat) => T::C64,
        (128, ComplexFloat) => T::C128,
        (16, Float) => T::F16,
        (24 | 32, Float) => T::F32,
        (64, Float) => T::F64,
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

fn has_predictor(compression: Compression) -> bool {
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
