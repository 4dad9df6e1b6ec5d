//! The decoder's loop around a reader.

use stacchip_model::{Pixels, PixelsError, Window};
use thiserror::Error;

use crate::{
    Bands, BlockError, Codecs, Cog, HeaderDecoder, HeaderError, Image, Limits, Part, PlanError,
    RangeReader, ReadError, Step, WindowPlan,
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
