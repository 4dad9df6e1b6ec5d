//! From a header to plain data.

use std::sync::Arc;

use stacchip_model::SampleType;

use super::{NotStorable, StoredHeader, StoredRaster, header_key, properties};
use crate::{
    BlockId, BlockPlace, Cog, Encoding, Image, Level, Planar, Predictor, RangeReader, SampleFormat,
    Source,
};

impl StoredHeader {
    /// What there is to keep of `cog`, the header of the object at `address`, which `reader` has
    /// read. The tables of blocks must be at hand: [`fetch_all_tables`](crate::fetch_all_tables).
    ///
    /// # Errors
    /// [`NotStorable`].
    pub fn of(address: &str, reader: &dyn RangeReader, cog: &Cog) -> Result<Self, NotStorable> {
        let version = reader.version();
        if !version.is_telling() {
            return Err(NotStorable::Unversioned);
        }
        Ok(Self {
            address: header_key(address).into_owned(),
            version,
            rasters: rasters(cog)?,
        })
    }
}

/// The rasters of `cog`, in the order in which they are kept.
pub(super) fn rasters(cog: &Cog) -> Result<Vec<StoredRaster>, NotStorable> {
    let Cog {
        images,
        // Every level says it.
        big_endian: _,
        big_tiff,
        ghost,
        warnings,
    } = cog;
    let mut rasters = Vec::new();
    for (image_number, image) in (0u32..).zip(images) {
        let Image {
            levels,
            bands,
            nodata,
            georeference,
            colour_table,
            metadata,
            domains,
        } = image;
        let mut words = properties::Words::default();
        if image_number == 0 {
            words.file(*big_tiff, ghost.as_ref(), warnings);
        }
        words.nodata(nodata.as_ref());
        words.georeference(georeference)?;
        words.colour_table(colour_table.as_deref());
        words.metadata("", metadata);
        words.domains("", domains);
        words.bands(bands);
        for (number, (level_number, level)) in (0u32..).zip(levels).enumerate() {
            if level.source != Source::Main {
                return Err(NotStorable::Sidecar { level: number });
            }
            let mut stored = raster(level)?;
            (stored.image, stored.level) = (image_number, level_number);
            if number == 0 {
                stored.properties = std::mem::take(&mut words).into_list();
            }
            rasters.push(stored);
            if let Some(mask) = &level.mask {
                if mask.source != Source::Main || mask.mask.is_some() {
                    return Err(NotStorable::Sidecar { level: number });
                }
                let mut stored = raster(mask)?;
                (stored.image, stored.level, stored.mask) = (image_number, level_number, true);
                rasters.push(stored);
            }
        }
    }
    Ok(rasters)
}

fn raster(level: &Arc<Level>) -> Result<StoredRaster, NotStorable> {
    let Level {
        size,
        block,
        tiled,
        encoding,
        sample,
        fill,
        promote,
        mask: _,
        source: _,
        directory,
        table: _,
        limits: _,
    } = &**level;
    let Encoding {
        big_endian,
        compression,
        predictor,
        planar,
        samples,
        bits,
        format,
        photometric,
        lsb_first,
        subsampling,
        extra_samples,
        jpeg_tables,
        lerc_parameters,
        fax_options,
        rendering,
    } = encoding;
    if rendering.is_some() {
        return Err(NotStorable::Unknown {
            what: "how its bands are made of samples",
        });
    }
    let (gaps, lengths) = blocks(level)?;
    Ok(StoredRaster {
        width: size.width,
        height: size.height,
        block_width: block.width,
        block_height: block.height,
        tiled: *tiled,
        big_endian: *big_endian,
        compression: compression.0,
        predictor: match predictor {
            Predictor::None => 1,
            Predictor::Horizontal => 2,
            Predictor::Float => 3,
            Predictor::Other(other) => *other,
        },
        planar: match planar {
            Planar::Chunky => 1,
            Planar::Separate => 2,
        },
        samples: *samples,
        bits: *bits,
        format: match format {
            SampleFormat::Unsigned => 1,
            SampleFormat::Signed => 2,
            SampleFormat::Float => 3,
            SampleFormat::Void => 4,
            SampleFormat::ComplexInt => 5,
            SampleFormat::ComplexFloat => 6,
        },
        photometric: *photometric,
        lsb_first: *lsb_first,
        subsampling: [subsampling.0, subsampling.1],
        extra_samples: extra_samples.clone(),
        jpeg_tables: jpeg_tables.clone(),
        lerc_parameters: *lerc_parameters,
        fax_options: *fax_options,
        fill: little_endian(fill, *sample),
        promote: *promote,
        directory: *directory,
        gaps,
        lengths,
        ..StoredRaster::default()
    })
}

fn blocks(level: &Level) -> Result<(Vec<i64>, Vec<u64>), NotStorable> {
    let lost = |block| NotStorable::Table {
        block,
        directory: level.directory,
    };
    if level.table.is_guessed() {
        return Err(NotStorable::Unknown {
            what: "lengths of blocks that the file does not tell",
        });
    }
    let count = level.table.listed().min(level.block_count());
    if count > MOST_BLOCKS {
        return Err(NotStorable::Blocks {
            blocks: count,
            limit: MOST_BLOCKS,
            directory: level.directory,
        });
    }
    let room = usize::try_from(count).unwrap_or(0);
    let (mut gaps, mut lengths) = (Vec::with_capacity(room), Vec::with_capacity(room));
    let mut end = 0i64;
    for block in 0..count {
        match level.table.place(BlockId(block)) {
            BlockPlace::At(range) => {
                let start = i64::try_from(range.start).map_err(|_| lost(block))?;
                gaps.push(start.checked_sub(end).ok_or_else(|| lost(block))?);
                lengths.push(range.end.saturating_sub(range.start));
                end = i64::try_from(range.end).map_err(|_| lost(block))?;
            }
            BlockPlace::Sparse => {
                gaps.push(0);
                lengths.push(0);
            }
            BlockPlace::Unknown(_) | BlockPlace::Lost => return Err(lost(block)),
        }
    }
    Ok((gaps, lengths))
}

/// `number`, of native byte order, least significant byte first; or the other way round.
pub(super) fn little_endian(number: &[u8], sample: SampleType) -> Vec<u8> {
    let mut bytes = number.to_vec();
    if cfg!(target_endian = "big") {
        for part in bytes.chunks_exact_mut(sample.component_bytes()) {
            part.reverse();
        }
    }
    bytes
}

/// Blocks of one raster that are kept at most: a raster of a million columns and rows in tiles of
/// 512.
pub(crate) const MOST_BLOCKS: u64 = 4 << 20;
