//! The writer: rows in, a file out.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use stacchip_model::{Pixels, SampleType, Size};

use super::{
    Blocks, FileLayout, InTurn, Interleave, MemorySpool, Overviews, Spool, Workers, WriteError,
    WriteOptions,
    block::{BlockPlan, EmptyPixel},
    file::put_file,
    level::Level,
    reduce::Row,
};
use crate::TileEncoder;

/// What is written: how many pixels, bands, and of which type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raster {
    /// Pixels.
    pub size: Size,
    /// Bands.
    pub bands: usize,
    /// Type of the numbers.
    pub sample: SampleType,
}

/// Writes a GeoTIFF or COG from rows that are given once, from top to bottom.
///
/// It holds one row of blocks of each level; compressed blocks wait in a [`Spool`] until the last
/// row has come, because the file begins with their offsets and its smallest overview.
#[derive(Debug)]
pub struct CogWriter<'a> {
    raster: Raster,
    options: WriteOptions,
    plan: BlockPlan<'a>,
    workers: &'a dyn Workers,
    spool: Box<dyn Spool + 'a>,
    levels: Vec<Level>,
    given: usize,
}

impl<'a> CogWriter<'a> {
    /// A writer of `raster` whose blocks `encoder` compresses; without one they are stored plain.
    ///
    /// # Errors
    /// [`WriteError::Options`], [`WriteError::Predictor`] where the options do not go together or
    /// with the raster; [`WriteError::TooLarge`] where a row of blocks does not fit into memory.
    pub fn new(
        raster: Raster,
        options: &WriteOptions,
        encoder: Option<&'a dyn TileEncoder>,
    ) -> Result<Self, WriteError> {
        check(&raster, options)?;
        let levels = sizes(raster.size, options);
        let last = levels.len() - 1;
        let levels = levels
            .into_iter()
            .enumerate()
            .map(|(i, size)| Level::new(&raster, size, options, i == last))
            .collect::<Result<_, _>>()?;
        let colours = options.photometric.bands();
        let alpha = options
            .extra_samples
            .iter()
            .position(|e| e.tag() != 0)
            .and_then(|i| u16::try_from(colours + i).ok());
        Ok(Self {
            raster,
            plan: BlockPlan {
                raster,
                encoder,
                predictor: options.checked_predictor(raster.sample)?,
                photometric: options.photometric.tag(),
                alpha,
                big_endian: options.big_endian,
                chunky: options.interleave == Interleave::Pixel,
                empty: options
                    .sparse
                    .then(|| EmptyPixel::new(raster.sample, options.nodata)),
            },
            options: options.clone(),
            workers: &InTurn,
            spool: Box::new(MemorySpool::new()),
            levels,
            given: 0,
        })
    }

    /// The same with others to compress blocks. The file does not depend on them.
    pub fn with_workers(mut self, workers: &'a dyn Workers) -> Self {
        self.workers = workers;
        self
    }

    /// The same with another place for compressed blocks to wait.
    pub fn with_spool(mut self, spool: impl Spool + 'a) -> Self {
        self.spool = Box::new(spool);
        self
    }

    /// Takes the next rows, one or more: `[band, row, column]` in native byte order.
    ///
    /// # Errors
    /// [`WriteError::Rows`] where `rows` is no whole number of rows or there are too many;
    /// [`WriteError::Options`] where a mask is due, too; what the encoder or the spool say.
    pub fn push_rows(&mut self, rows: &[u8]) -> Result<(), WriteError> {
        if self.options.mask {
            return Err(WriteError::options(
                "a mask was promised: give rows with `push_masked_rows`",
            ));
        }
        self.push(rows, None)
    }

    /// Takes the next rows and which of their pixels are valid: `[row, column]`, 0 is not.
    ///
    /// # Errors
    /// As [`push_rows`](Self::push_rows); [`WriteError::Options`] where no mask was asked for.
    pub fn push_masked_rows(&mut self, rows: &[u8], mask: &[u8]) -> Result<(), WriteError> {
        if !self.options.mask {
            return Err(WriteError::options(
                "no mask was promised: ask for one in the options",
            ));
        }
        self.push(rows, Some(mask))
    }

    /// Writes the file to `out` and says how many bytes it has.
    ///
    /// # Errors
    /// [`WriteError::Rows`] where rows are missing; [`WriteError::Sink`] where `out` fails.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<u64, WriteError> {
        let wanted = self.raster.size.height as usize;
        if self.given != wanted {
            return Err(WriteError::Rows {
                wanted: wanted.saturating_mul(self.row_bytes()),
                got: self.given.saturating_mul(self.row_bytes()),
            });
        }
        put_file(
            &self.raster,
            &self.options,
            &self.plan,
            &self.levels,
            self.spool.as_mut(),
            out,
        )
    }

    /// Rows that are still due.
    pub fn rows_due(&self) -> usize {
        (self.raster.size.height as usize).saturating_sub(self.given)
    }

    fn push(&mut self, rows: &[u8], mask: Option<&[u8]>) -> Result<(), WriteError> {
        let row_bytes = self.row_bytes();
        let count = rows.len() / row_bytes;
        let width = self.raster.size.width as usize;
        if !rows.len().is_multiple_of(row_bytes) || count > self.rows_due() {
            return Err(WriteError::Rows {
                wanted: count.min(self.rows_due()).saturating_mul(row_bytes),
                got: rows.len(),
            });
        }
        if let Some(mask) = mask.filter(|m| m.len() != count * width) {
            return Err(WriteError::Rows {
                wanted: count * width,
                got: mask.len(),
            });
        }
        let band_row = row_bytes / self.raster.bands;
        for row in 0..count {
            let mut pixels = Pixels::zeros(self.raster.sample, [self.raster.bands, 1, width])
                .map_err(|e| WriteError::too_large(e.to_string()))?;
            for (band, target) in pixels.as_bytes_mut().chunks_exact_mut(band_row).enumerate() {
                let at = (band * count + row) * band_row;
                target.copy_from_slice(&rows[at..at + band_row]);
            }
            let mask = mask.map(|m| m[row * width..(row + 1) * width].to_vec());
            self.feed(0, Row { pixels, mask })?;
            self.given += 1;
        }
        Ok(())
    }

    /// Gives `row` to a level, and what comes of it to the next.
    fn feed(&mut self, index: usize, row: Row) -> Result<(), WriteError> {
        let Some(level) = self.levels.get_mut(index) else {
            return Ok(());
        };
        level.hold(&row);
        let full = level.is_full();
        let smaller = match &mut level.reducer {
            Some(reducer) => reducer
                .push(row)
                .map_err(|e| WriteError::too_large(e.to_string()))?,
            None => Vec::new(),
        };
        if full {
            self.flush(index)?;
        }
        for row in smaller {
            self.feed(index + 1, row)?;
        }
        Ok(())
    }

    /// Compresses the rows held by a level and spools the blocks.
    fn flush(&mut self, index: usize) -> Result<(), WriteError> {
        let Some(level) = self.levels.get(index) else {
            return Ok(());
        };
        let (across, planes) = (level.across(), level.planes.len());
        let rows = level.block_rows(self.options.blocks);
        let masks = if self.options.mask { across } else { 0 };
        let pixel_blocks = across * planes;
        let blocks: Vec<Mutex<Result<Vec<u8>, WriteError>>> = (0..pixel_blocks + masks)
            .map(|_| Mutex::new(Ok(Vec::new())))
            .collect();
        let plan = &self.plan;
        self.workers.run(blocks.len(), &|i| {
            let block = if i < pixel_blocks {
                plan.encode(level, rows, i / across, i % across)
            } else {
                plan.encode_mask(level, rows, i - pixel_blocks)
            };
            if let Some(slot) = blocks.get(i) {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = block;
            }
        });
        let mut blocks = blocks
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect::<Result<Vec<_>, _>>()?;
        let mask_blocks = blocks.split_off(pixel_blocks);

        let areas = Areas::new(&self.options, &self.levels);
        let wrap = self.options.layout == FileLayout::Cog;
        let Some(level) = self.levels.get_mut(index) else {
            return Ok(());
        };
        for (i, block) in blocks.iter().enumerate() {
            let (plane, col) = (i / across, i % across);
            let area = areas.plane(index, plane);
            let len = spool_block(self.spool.as_mut(), area, block, wrap)?;
            level.planes[plane].push(len);
            if let Some(mask) = mask_blocks.get(col).filter(|_| areas.interleaved) {
                let len = spool_block(self.spool.as_mut(), area, mask, wrap)?;
                level.mask_blocks.push(len);
            }
        }
        if !areas.interleaved {
            for mask in &mask_blocks {
                let len = spool_block(self.spool.as_mut(), areas.mask(index), mask, wrap)?;
                level.mask_blocks.push(len);
            }
        }
        level.done += level.held;
        level.held = 0;
        Ok(())
    }

    fn row_bytes(&self) -> usize {
        self.raster.size.width as usize * self.raster.bands * self.raster.sample.bytes()
    }
}

/// Which area of the spool holds what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Areas {
    /// Whether mask blocks lie behind the blocks they mask.
    pub(super) interleaved: bool,
    planes: usize,
    levels: usize,
}

impl Areas {
    pub(super) fn new(options: &WriteOptions, levels: &[Level]) -> Self {
        Self {
            interleaved: options.mask
                && !options.sparse
                && options.layout == FileLayout::Cog
                && options.interleave == Interleave::Pixel,
            planes: levels.first().map_or(1, |l| l.planes.len()),
            levels: levels.len(),
        }
    }

    pub(super) const fn plane(self, level: usize, plane: usize) -> usize {
        level * self.planes + plane
    }

    pub(super) const fn mask(self, level: usize) -> usize {
        self.levels * self.planes + level
    }
}

/// Bytes before and behind each block of a COG: its length, and its last four bytes again.
pub(super) const LEADER_BYTES: u64 = 4;
pub(super) const TRAILER_BYTES: u64 = 4;

fn spool_block(
    spool: &mut (dyn Spool + '_),
    area: usize,
    block: &[u8],
    wrap: bool,
) -> Result<u32, WriteError> {
    let len = u32::try_from(block.len())
        .map_err(|_| WriteError::too_large(format!("a block of {} bytes", block.len())))?;
    if len == 0 {
        return Ok(0);
    }
    if wrap {
        // Little-endian in files of either byte order (GDAL's COG driver, "tile data leader").
        spool.append(area, &len.to_le_bytes())?;
    }
    spool.append(area, block)?;
    if wrap {
        let mut trailer = [0; 4];
        let last = block.len().min(4);
        trailer[..last].copy_from_slice(&block[block.len() - last..]);
        spool.append(area, &trailer)?;
    }
    Ok(len)
}

fn check(raster: &Raster, options: &WriteOptions) -> Result<(), WriteError> {
    let refuse = |what: &str| Err(WriteError::options(what));
    if raster.size.is_empty() || raster.bands == 0 {
        return refuse("it has no pixels");
    }
    if raster.bands > usize::from(u16::MAX) {
        return refuse("it has more than 65535 bands");
    }
    let (width, height) = match options.blocks {
        Blocks::Tiles { width, height } => {
            if width == 0 || height == 0 || !width.is_multiple_of(16) || !height.is_multiple_of(16)
            {
                return refuse("width and height of tiles must be multiples of 16");
            }
            (width, height)
        }
        Blocks::Strips { rows } => {
            if options.layout == FileLayout::Cog {
                return refuse("a COG has tiles, not strips");
            }
            if rows == 0 {
                return refuse("a strip must have a row");
            }
            (raster.size.width, rows.min(raster.size.height))
        }
    };
    let samples = match options.interleave {
        Interleave::Pixel => raster.bands,
        Interleave::Band => 1,
    };
    let block_bytes = (u64::from(width) * u64::from(height))
        .saturating_mul((samples * raster.sample.bytes()) as u64);
    if block_bytes > MAX_BLOCK_BYTES {
        return Err(WriteError::too_large(format!(
            "a block of {block_bytes} bytes; ask for smaller blocks"
        )));
    }
    let colours = options.photometric.bands();
    if raster.bands < colours {
        return refuse("red, green and blue need three bands");
    }
    if colours + options.extra_samples.len() > raster.bands {
        return refuse("more extra samples are named than there are bands");
    }
    if let super::Photometric::Palette(table) = &options.photometric {
        let entries = match raster.sample {
            SampleType::U8 => 256,
            SampleType::U16 => 65536,
            _ => return refuse("a palette needs uint8 or uint16 pixels"),
        };
        if raster.bands != 1 || table.len() > entries {
            return refuse("a palette needs one band and no more entries than it has values");
        }
    }
    if !options.bands.is_empty() && options.bands.len() != raster.bands {
        return refuse("as many bands must be described as there are, or none");
    }
    let texts = options.bands.iter().flat_map(|b| {
        let own = b.description.iter().chain(&b.unit);
        own.chain(b.metadata.iter().flat_map(|(k, v)| [k, v]))
    });
    let texts = texts.chain(options.metadata.iter().flat_map(|(k, v)| [k, v]));
    if texts.into_iter().any(|t| t.contains('\0')) {
        return refuse("a text holds a NUL character");
    }
    if options
        .georeference
        .as_ref()
        .is_some_and(|g| !g.transform.is_finite() || g.transform.determinant() == 0.0)
    {
        return refuse("the transform is degenerate");
    }
    Ok(())
}

/// Sizes of all levels, the full resolution first.
fn sizes(size: Size, options: &WriteOptions) -> Vec<Size> {
    let mut sizes = vec![size];
    let block = match options.blocks {
        Blocks::Tiles { width, height } => Size::new(width, height),
        // A strip is as wide as its level: what one tile would hold is taken in its place.
        Blocks::Strips { .. } => Size::new(512, 512),
    };
    let mut last = size;
    loop {
        let more = match options.overviews {
            Overviews::None => false,
            Overviews::UntilOneBlock => last.width > block.width || last.height > block.height,
            Overviews::Count(n) => sizes.len() <= usize::from(n) && last.width.max(last.height) > 1,
        };
        if !more {
            return sizes;
        }
        last = Size::new(last.width.div_ceil(2), last.height.div_ceil(2));
        sizes.push(last);
    }
}

/// libtiff and GDAL take no block larger than what a signed 32-bit number can say.
const MAX_BLOCK_BYTES: u64 = (1 << 31) - 1;

#[cfg(test)]
mod tests;
