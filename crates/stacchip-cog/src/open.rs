//! The decoder's loop around a reader.

use stacchip_model::{Pixels, PixelsError, Window};
use thiserror::Error;

use crate::{
    Bands, BlockError, Codecs, Cog, HeaderDecoder, HeaderError, Image, Limits, Part, PlanError,
    RangeReader, ReadError, Source, Step, WindowPlan, stored::MOST_BLOCKS,
};

/// Reads the header of the object behind `reader`.
///
/// # Errors
/// [`OpenError`].
pub async fn open(reader: &dyn RangeReader, limits: &Limits) -> Result<Cog, OpenError> {
    let mut decoder = HeaderDecoder::new(limits.clone());
    loop {
        match decoder.step().map_err(|cause| OpenError::Header {
            address: reader.address().to_owned(),
            cause,
        })? {
            Step::Done(cog) => return Ok(*cog),
            Step::Need(ranges) => {
                let answers = reader.read(&ranges).await?;
                for (range, bytes) in ranges.iter().zip(answers) {
                    let got = bytes.len() as u64;
                    if got < range.end - range.start {
                        decoder.ends_at(range.start.saturating_add(got));
                    }
                    decoder.supply(range.start, bytes);
                }
            }
        }
    }
}

/// Reads a window of an image: plans, fetches everything at once, decodes.
///
/// # Errors
/// [`ReadWindowError`].
pub async fn read_window(
    reader: &dyn RangeReader,
    image: &Image,
    level: usize,
    window: Window,
    bands: Bands<'_>,
    part: Part,
    codecs: &Codecs,
) -> Result<Pixels, ReadWindowError> {
    let plan = image.plan(level, window, bands, part)?;
    fetch_tables(reader, &plan).await?;
    let blocks = reader.read(&plan.ranges()?).await?;
    let mut pixels = Pixels::zeros(plan.sample(), plan.shape())?;
    plan.decode(&blocks, codecs, pixels.as_bytes_mut())?;
    Ok(pixels)
}

/// Fetches what of the tables of blocks `plan` still lacks.
///
/// # Errors
/// [`ReadError`].
pub async fn fetch_tables(reader: &dyn RangeReader, plan: &WindowPlan) -> Result<(), ReadError> {
    let ranges = plan.table_ranges();
    if ranges.is_empty() {
        return Ok(());
    }
    for (range, bytes) in ranges.iter().zip(reader.read(&ranges).await?) {
        plan.supply_table(range, &bytes);
    }
    Ok(())
}

/// Fetches what of the tables of blocks of `cog` is not at hand, of all levels and masks that are in
/// the object of `reader`, all at once.
///
/// # Errors
/// [`ReadError`].
pub async fn fetch_all_tables(reader: &dyn RangeReader, cog: &Cog) -> Result<(), ReadError> {
    let levels = cog.images.iter().flat_map(|image| &image.levels);
    let rasters = levels.flat_map(|level| std::iter::once(level).chain(&level.mask));
    let rasters = rasters.filter(|raster| raster.source == Source::Main);
    let (mut ranges, mut tables) = (Vec::new(), Vec::new());
    for raster in rasters {
        for range in raster.table.missing(raster.block_count().min(MOST_BLOCKS)) {
            ranges.push(range);
            tables.push(&raster.table);
        }
    }
    if ranges.is_empty() {
        return Ok(());
    }
    let answers = reader.read(&ranges).await?;
    for ((range, table), bytes) in ranges.iter().zip(tables).zip(answers) {
        table.supply(range.start, range.end.saturating_sub(range.start), &bytes);
    }
    Ok(())
}

/// Why an object could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its header makes no sense.
    #[error("{address}: {cause}")]
    Header {
        /// The object, without signatures or secrets.
        address: String,
        /// What is wrong.
        #[source]
        cause: HeaderError,
    },
}

/// Why a window could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadWindowError {
    /// It cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Its bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A block is broken.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// It does not fit into memory.
    #[error(transparent)]
    Pixels(#[from] PixelsError),
}
