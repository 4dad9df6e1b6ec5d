//! From plain data to a header.

use std::sync::Arc;

use stacchip_model::{SampleType, Size};

use super::{
    StoredHeader, StoredHeaderError, StoredRaster, properties,
    take_apart::{MOST_BLOCKS, little_endian},
};
use crate::{
    BlockTable, Cog, Compression, Encoding, Image, Level, Limits, Planar, Predictor, SampleFormat,
    Source,
    assemble::{MAX_OVERVIEWS, has_predictor, sample_type},
};

impl StoredHeader {
    /// The header, as [`open`](crate::open()) would have found it.
    ///
    /// # Errors
    /// [`StoredHeaderError`] where it is over the `limits`, or not what a header can be.
    pub fn rebuild(&self, limits: &Limits) -> Result<Cog, StoredHeaderError> {
        check_limits(&self.rasters, limits)?;
        let limits = Arc::new(limits.clone());
        let mut images: Vec<Image> = Vec::new();
        let mut file = None;
        for (number, stored) in self.rasters.iter().enumerate() {
            let misplaced = || StoredHeaderError::Order {
                raster: number,
                image: stored.image,
                level: stored.level,
            };
            let wrong = |field: &str, detail: &str| StoredHeaderError::Field {
                raster: number,
                field: field.to_owned(),
                detail: detail.to_owned(),
            };
            let level = level(stored, &limits).map_err(|(field, detail)| wrong(field, &detail))?;
            if level.encoding.big_endian != self.rasters.first().is_some_and(|r| r.big_endian) {
                return Err(wrong("big_endian", "is not that of the first raster"));
            }
            let at = usize::try_from(stored.image).unwrap_or(usize::MAX);
            if at == images.len() && stored.level == 0 && !stored.mask {
                let said = properties::read(&stored.properties, &level, number)?;
                images.push(Image {
                    levels: vec![Arc::new(level)],
                    bands: said.bands,
                    nodata: said.nodata,
                    georeference: said.georeference,
                    colour_table: said.colour_table,
                    metadata: said.metadata,
                    domains: said.domains,
                });
                file.get_or_insert((said.big_tiff, said.ghost, said.warnings));
                continue;
            }
            let last = at.checked_add(1) == Some(images.len());
            let image = images.last_mut().filter(|_| last).ok_or_else(misplaced)?;
            let bands = image.bands.len();
            let next = image.levels.len();
            let level_number = usize::try_from(stored.level).unwrap_or(usize::MAX);
            if stored.mask {
                let fits = level.sample == SampleType::U8
                    && (level.bands() == 1 || level.bands() == bands);
                let of = image.levels.last_mut();
                let of =
                    of.filter(|of| level_number.checked_add(1) == Some(next) && of.mask.is_none());
                let of = of.ok_or_else(misplaced)?;
                if !fits || level.size != of.size {
                    return Err(wrong("mask", "does not fit its level"));
                }
                let mut with = (**of).clone();
                with.mask = Some(Arc::new(level));
                *of = Arc::new(with);
            } else {
                if level_number != next || next > MAX_OVERVIEWS {
                    return Err(misplaced());
                }
                if level.bands() != bands {
                    return Err(wrong("samples", "is not that of level 0"));
                }
                image.levels.push(Arc::new(level));
            }
        }
        let (big_tiff, ghost, warnings) = file.ok_or(StoredHeaderError::Empty)?;
        Ok(Cog {
            images,
            big_endian: self.rasters.first().is_some_and(|r| r.big_endian),
            big_tiff,
            ghost,
            warnings,
        })
    }
}

fn check_limits(rasters: &[StoredRaster], limits: &Limits) -> Result<(), StoredHeaderError> {
    let check = |what, name, value: u64, limit| {
        if value > limit {
            return Err(StoredHeaderError::Limit {
                what,
                name,
                value,
                limit,
            });
        }
        Ok(())
    };
    let directories = limits.directories as u64;
    check("rasters", "directories", rasters.len() as u64, directories)?;
    let mut held = 0u64;
    for raster in rasters {
        let (bands, most) = (u64::from(raster.samples), limits.bands as u64);
        check("bands", "bands", bands, most)?;
        let tables = raster.jpeg_tables.as_ref().map_or(0, |t| t.len() as u64);
        check(
            "bytes of JPEG tables",
            "tag_bytes",
            tables,
            limits.tag_bytes,
        )?;
        held = held.saturating_add(tables);
        for (name, value) in &raster.properties {
            let value = value.len() as u64;
            // Two digits stand for a byte, some twenty for a number of eight.
            let most = limits.tag_bytes.saturating_mul(3);
            check("bytes in one property", "tag_bytes", value, most)?;
            held = held.saturating_add(value).saturating_add(name.len() as u64);
        }
    }
    let most = limits.header_bytes.saturating_mul(3);
    check("bytes of properties", "header_bytes", held, most)
}

type Wrong = (&'static str, String);

fn level(stored: &StoredRaster, limits: &Arc<Limits>) -> Result<Level, Wrong> {
    let encoding = encoding(stored)?;
    let Some(sample) = sample_type(encoding.bits, encoding.format) else {
        let detail = format!(
            "is {} for samples that are {:?}",
            stored.bits, encoding.format
        );
        return Err(("bits", detail));
    };
    let extent = |field, value: u32| {
        if value == 0 || i32::try_from(value).is_err() {
            return Err((field, format!("is {value}, want 1 to 2147483647")));
        }
        Ok(value)
    };
    let size = Size::new(
        extent("width", stored.width)?,
        extent("height", stored.height)?,
    );
    let block = Size::new(
        extent("block_width", stored.block_width)?,
        extent("block_height", stored.block_height)?,
    );
    if !stored.tiled && (block.width != size.width || block.height > size.height) {
        let detail = format!("is {} x {} of a strip", block.width, block.height);
        return Err(("block_width, block_height", detail));
    }
    if !stored.fill.is_empty() && stored.fill.len() != sample.bytes() {
        let detail = format!("has {} bytes, want {}", stored.fill.len(), sample.bytes());
        return Err(("fill", detail));
    }
    if stored.promote && (!stored.mask || sample != SampleType::U8) {
        return Err(("promote", "is not for such a raster".to_owned()));
    }
    let mut level = Level {
        size,
        block,
        tiled: stored.tiled,
        sample,
        fill: if stored.fill.is_empty() {
            vec![0; sample.bytes()]
        } else {
            little_endian(&stored.fill, sample)
        },
        promote: stored.promote,
        mask: None,
        source: Source::Main,
        directory: stored.directory,
        table: BlockTable::known(Vec::new()),
        limits: Arc::clone(limits),
        encoding,
    };
    level.table = BlockTable::known(places(stored, level.block_count())?);
    Ok(level)
}

/// Where each block starts and how long it is.
fn places(stored: &StoredRaster, blocks: u64) -> Result<Vec<(u64, u64)>, Wrong> {
    let StoredRaster { gaps, lengths, .. } = stored;
    if gaps.len() != lengths.len() || lengths.len() as u64 > blocks.min(MOST_BLOCKS) {
        let detail = format!("have {} and {} values", gaps.len(), lengths.len());
        return Err(("gaps, lengths", format!("{detail} for {blocks} blocks")));
    }
    let mut end = 0i64;
    gaps.iter()
        .zip(lengths)
        .map(|(&gap, &length)| {
            if length == 0 {
                return Ok((0, 0));
            }
            let start = end.checked_add(gap);
            let start = start.filter(|&start| start >= 0);
            let stop = start.and_then(|start| start.checked_add_unsigned(length));
            let place = start.zip(stop).and_then(|(start, stop)| {
                end = stop;
                Some((u64::try_from(start).ok()?, length))
            });
            place.ok_or_else(|| ("gaps", "lead out of the object".to_owned()))
        })
        .collect()
}

fn encoding(stored: &StoredRaster) -> Result<Encoding, Wrong> {
    let no = |field, value: u16| (field, format!("is {value}"));
    let compression = Compression(stored.compression);
    if stored.samples == 0 {
        return Err(no("samples", 0));
    }
    Ok(Encoding {
        big_endian: stored.big_endian,
        compression,
        predictor: match stored.predictor {
            1 => Predictor::None,
            other if !has_predictor(compression) => return Err(no("predictor", other)),
            2 => Predictor::Horizontal,
            3 => Predictor::Float,
            other => Predictor::Other(other),
        },
        planar: match stored.planar {
            1 => Planar::Chunky,
            2 if stored.samples > 1 => Planar::Separate,
            other => return Err(no("planar", other)),
        },
        samples: stored.samples,
        bits: stored.bits,
        format: match stored.format {
            1 => SampleFormat::Unsigned,
            2 => SampleFormat::Signed,
            3 => SampleFormat::Float,
            4 => SampleFormat::Void,
            5 => SampleFormat::ComplexInt,
            6 => SampleFormat::ComplexFloat,
            other => return Err(no("format", other)),
        },
        photometric: stored.photometric,
        lsb_first: stored.lsb_first,
        subsampling: (stored.subsampling[0], stored.subsampling[1]),
        extra_samples: stored.extra_samples.clone(),
        jpeg_tables: stored.jpeg_tables.clone(),
        lerc_parameters: stored.lerc_parameters,
        fax_options: stored.fax_options,
        // Where the bands are not the samples nothing is kept.
        rendering: None,
    })
}
