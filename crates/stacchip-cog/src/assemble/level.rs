//! One raster from one directory.

use std::sync::Arc;

use stacchip_model::{SampleType, Size};

use super::encoding::{bad, encoding, sample_type};
use crate::{
    BlockTable, Compression, HeaderError, Level, Limits, Source,
    header::{Directory, Pages, Tag},
    render::Groups,
    table::{Column, Counts},
};

/// The raster of `directory`; its fill is still zero.
pub(super) fn level(
    directory: &Directory,
    pages: &Pages,
    limits: &Arc<Limits>,
) -> Result<Level, HeaderError> {
    let size = Size::new(
        extent(directory, Tag::IMAGE_WIDTH)?,
        extent(directory, Tag::IMAGE_LENGTH)?,
    );
    let encoding = encoding(directory)?;
    if usize::from(encoding.samples) > limits.bands {
        return Err(HeaderError::Limit {
            what: Tag::SAMPLES_PER_PIXEL.word(),
            name: "bands",
            offset: directory
                .entry(Tag::SAMPLES_PER_PIXEL)
                .map_or(directory.offset, |entry| entry.range.start),
            value: encoding.samples.into(),
            limit: limits.bands as u64,
        });
    }
    let sample = match &encoding.rendering {
        Some(_) => Some(SampleType::U8),
        None => sample_type(encoding.bits, encoding.format),
    };
    let Some(sample) = sample else {
        let detail = format!(
            "is {} for samples that are {:?}",
            encoding.bits, encoding.format
        );
        return Err(bad(directory, Tag::BITS_PER_SAMPLE, detail));
    };
    let tiled =
        directory.entry(Tag::TILE_WIDTH).is_some() && directory.entry(Tag::TILE_LENGTH).is_some();
    let block = if tiled {
        Size::new(
            extent(directory, Tag::TILE_WIDTH)?,
            extent(directory, Tag::TILE_LENGTH)?,
        )
    } else {
        let rows = directory
            .unsigned(Tag::ROWS_PER_STRIP)
            .map_or(size.height, |v| u32::try_from(v).unwrap_or(u32::MAX));
        if rows == 0 {
            return Err(bad(directory, Tag::ROWS_PER_STRIP, "is zero"));
        }
        Size::new(size.width, rows.min(size.height))
    };
    let mut level = Level {
        size,
        block,
        tiled,
        sample,
        fill: vec![0; sample.bytes()],
        promote: false,
        mask: None,
        source: Source::Main,
        directory: directory.offset,
        table: BlockTable::known(Vec::new()),
        limits: Arc::clone(limits),
        encoding,
    };
    level.table = table(directory, &level, pages, limits)?;
    Ok(level)
}

impl Level {
    /// The same, read as a mask: one bit becomes 0 or 255, as in GDAL.
    pub(super) fn as_mask(&self) -> Self {
        Self {
            promote: self.encoding.bits == 1,
            ..self.clone()
        }
    }
}

fn extent(directory: &Directory, tag: Tag) -> Result<u32, HeaderError> {
    let value = directory.unsigned(tag).ok_or(HeaderError::Missing {
        tag: tag.word(),
        directory: directory.offset,
    })?;
    // GDAL counts pixels in 32 bits with a sign.
    i32::try_from(value)
        .ok()
        .and_then(|v| u32::try_from(v).ok())
        .filter(|&v| v > 0)
        .ok_or_else(|| bad(directory, tag, format!("is {value}, want 1 to 2147483647")))
}

fn table(
    directory: &Directory,
    level: &Level,
    pages: &Pages,
    limits: &Limits,
) -> Result<BlockTable, HeaderError> {
    // libtiff takes either name for either layout.
    let column = |tags: [Tag; 2]| {
        let entry = tags.into_iter().find_map(|tag| directory.entry(tag))?;
        Some(Column::new(
            directory.order,
            entry.kind,
            entry.count,
            entry.range.clone(),
            limits.page_bytes,
            pages,
        ))
    };
    let offsets = column([Tag::TILE_OFFSETS, Tag::STRIP_OFFSETS]).ok_or(HeaderError::Missing {
        tag: if level.tiled {
            "TileOffsets"
        } else {
            "StripOffsets"
        },
        directory: directory.offset,
    })?;
    let counts = match column([Tag::TILE_BYTE_COUNTS, Tag::STRIP_BYTE_COUNTS]) {
        Some(counts) if !looks_bad(level, &offsets, &counts) => Counts::Column(counts),
        _ => Counts::Guessed(guessed(directory, level, limits)?),
    };
    Ok(BlockTable::in_object(offsets, counts))
}

/// Whether the byte count of a lone strip cannot be right, as libtiff has it: zero, though the strip
/// is somewhere, or fewer than its rows take uncompressed.
fn looks_bad(level: &Level, offsets: &Column, counts: &Column) -> bool {
    if level.tiled
        || level.block_count() != 1
        || level.encoding.compression == Compression::OLD_JPEG
    {
        return false;
    }
    let plain = level.encoding.compression == Compression::NONE;
    match (offsets.first(), counts.first()) {
        (Some(0), _) => false,
        (Some(_), Some(count)) => count == 0 || plain && count < block_bytes(level),
        _ => false,
    }
}

/// Byte counts of a file that gives none, as libtiff guesses them: of uncompressed blocks what
/// they must have; a compressed block that is the only one of its plane may go on to the end of the
/// file, of which no more is read than could sensibly be the block's. Where the file ends need not be
/// known for that.
fn guessed(directory: &Directory, level: &Level, limits: &Limits) -> Result<Vec<u64>, HeaderError> {
    let whole = block_bytes(level);
    if level.encoding.compression == Compression::NONE {
        return Ok(vec![whole]);
    }
    if level.block_count() != u64::from(level.planes()) {
        return Err(HeaderError::Missing {
            tag: if level.tiled {
                "TileByteCounts"
            } else {
                "StripByteCounts"
            },
            directory: directory.offset,
        });
    }
    let most = whole.saturating_mul(10).saturating_add(4096);
    Ok(vec![most.min(limits.stored_block_bytes)])
}

/// Bytes of the first block, uncompressed.
fn block_bytes(level: &Level) -> u64 {
    let context = level.block_context(crate::BlockId(0));
    let rows = context.height as usize;
    let bytes = match &level.encoding.rendering {
        Some(rendering) => rendering
            .groups(context.width as usize, rows)
            .map(Groups::stored_bytes),
        None => None,
    };
    let row = context.stored_row_bytes().unwrap_or(0);
    bytes.unwrap_or_else(|| row.saturating_mul(rows)) as u64
}
