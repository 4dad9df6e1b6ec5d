//! Reading a mask once, block by block, and counting it.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use rayon::prelude::*;
use stacchip_cog::{
    BlockError, Codecs, Image, PlanError, RangeReader, ReadError, WindowPlan, fetch_tables,
};
use stacchip_model::{Pixels, PixelsError, Window};
use stacchip_stats::{ChipStats, StatsError};
use thiserror::Error;

use crate::{
    Progress,
    offload::offload,
    tally::{Share, Tally},
    validity::Reading,
};

/// A mask to be counted: the raster, and what its numbers mean.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    pub(crate) reader: Arc<dyn RangeReader>,
    pub(crate) image: Arc<Image>,
    pub(crate) reading: Reading,
    pub(crate) rule: Arc<dyn ChipStats>,
}

/// Why a mask could not be counted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CensusError {
    /// Its bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its bytes are not where they should be, or too many.
    #[error("{address}: {cause}")]
    Plan {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: PlanError,
    },
    /// Its bytes make no pixels.
    #[error("{address}: {cause}")]
    Block {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: BlockError,
    },
    /// There is no memory for its pixels.
    #[error("{address}: {cause}")]
    Memory {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: PixelsError,
    },
    /// The rule can make nothing of its numbers.
    #[error("{address}: {cause}")]
    Rule {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: StatsError,
    },
    /// The threads that count went away.
    #[error("{address}: counting its pixels was broken off")]
    BrokenOff {
        /// The mask's raster.
        address: String,
    },
}

/// Counts the part of `mask` that the chips of `tally` need, each block of it read and decoded once.
/// Compressed bytes of a few batches of blocks and one block a thread are held at a time.
pub(crate) async fn count(
    mask: Mask,
    mut tally: Tally,
    codecs: Arc<Codecs>,
    progress: &dyn Progress,
) -> Result<Tally, CensusError> {
    let Some(base) = mask.image.base() else {
        return Ok(tally);
    };
    let Some(extent) = tally.extent().and_then(|e| e.clip(base.size)) else {
        return Ok(tally);
    };
    let address = mask.reader.address().to_owned();
    let plan_error = |cause| CensusError::Plan {
        address: address.clone(),
        cause,
    };
    let (bands, part) = mask.reading.wants();
    let mut plans = Vec::new();
    for window in parts(extent, base.block.width, base.block.height) {
        plans.push(
            mask.image
                .plan(0, window, bands, part)
                .map_err(plan_error)?,
        );
    }
    progress.expect(plans.len() as u64);

    let tally_ref = Arc::new(tally);
    let batches: Vec<Vec<WindowPlan>> = plans.chunks(BATCH).map(<[WindowPlan]>::to_vec).collect();
    let mut shares = stream::iter(batches)
        .map(|batch| {
            let (mask, codecs, tally) = (&mask, &codecs, &tally_ref);
            async move {
                let blocks = fetch(mask, &batch).await?;
                let (mask, codecs, tally) = (mask.clone(), Arc::clone(codecs), Arc::clone(tally));
                let count = batch.len() as u64;
                let address = address_of(&mask.reader);
                let counted =
                    offload(move || count_batch(&mask, &codecs, &tally, &batch, &blocks)).await;
                counted
                    .unwrap_or_else(|| Err(CensusError::BrokenOff { address }))
                    .map(|shares| (shares, count))
            }
        })
        .buffered(BATCHES_UNDER_WAY);
    let mut all: Vec<Share> = Vec::new();
    while let Some((batch, count)) = shares.try_next().await? {
        all.extend(batch);
        progress.advance(count);
    }
    drop(shares);
    tally = Arc::try_unwrap(tally_ref).map_err(|_| CensusError::BrokenOff { address })?;
    for share in all {
        tally.add(share);
    }
    Ok(tally)
}

fn address_of(reader: &Arc<dyn RangeReader>) -> String {
    reader.address().to_owned()
}

/// Awaits the bytes of a batch, all at once.
async fn fetch(mask: &Mask, batch: &[WindowPlan]) -> Result<Vec<Vec<bytes::Bytes>>, CensusError> {
    let mut ranges = Vec::new();
    let mut counts = Vec::with_capacity(batch.len());
    for plan in batch {
        fetch_tables(mask.reader.as_ref(), plan).await?;
        let stored = plan.ranges().map_err(|cause| CensusError::Plan {
            address: mask.reader.address().to_owned(),
            cause,
        })?;
        counts.push(stored.len());
        ranges.extend(stored);
    }
    let mut blocks = mask.reader.read(&ranges).await?.into_iter();
    Ok(counts
        .into_iter()
        .map(|n| blocks.by_ref().take(n).collect())
        .collect())
}

/// Decodes and counts a batch, on as many threads as there are.
fn count_batch(
    mask: &Mask,
    codecs: &Codecs,
    tally: &Tally,
    batch: &[WindowPlan],
    blocks: &[Vec<bytes::Bytes>],
) -> Result<Vec<Share>, CensusError> {
    let address = || mask.reader.address().to_owned();
    batch
        .par_iter()
        .zip(blocks)
        .map(|(plan, blocks)| {
            let memory = |cause| CensusError::Memory {
                address: address(),
                cause,
            };
            let mut pixels = Pixels::zeros(plan.sample(), plan.shape()).map_err(memory)?;
            plan.decode(blocks, codecs, pixels.as_bytes_mut())
                .map_err(|cause| CensusError::Block {
                    address: address(),
                    cause,
                })?;
            let shown = mask.reading.shown(pixels).map_err(memory)?;
            tally
                .count(mask.rule.as_ref(), &shown, plan.window())
                .map_err(|cause| CensusError::Rule {
                    address: address(),
                    cause,
                })
        })
        .collect()
}

/// `extent` in parts that end where blocks end: a block each, or as many as make a decent piece of
/// work where blocks are small or flat.
fn parts(extent: Window, block_width: u32, block_height: u32) -> Vec<Window> {
    let step = |block: u32, decent: u32| {
        let block = block.max(1);
        i64::from(block.saturating_mul(decent.div_ceil(block).max(1)))
    };
    let (width, height) = (
        step(block_width, DECENT_EDGE),
        step(block_height, DECENT_EDGE),
    );
    let mut parts = Vec::new();
    let mut row = extent.row;
    while row < extent.row_end() {
        let row_end = ((row / height + 1) * height).min(extent.row_end());
        let mut col = extent.col;
        while col < extent.col_end() {
            let col_end = ((col / width + 1) * width).min(extent.col_end());
            if let (Ok(w), Ok(h)) = (u32::try_from(col_end - col), u32::try_from(row_end - row)) {
                parts.push(Window::new(col, row, w, h));
            }
            col = col_end;
        }
        row = row_end;
    }
    parts
}

/// Parts whose bytes are fetched together.
const BATCH: usize = 32;
/// Batches fetched or counted at a time: one is fetched while another is counted.
const BATCHES_UNDER_WAY: usize = 3;
/// Least edge of a part in pixels: below it the work of a part is smaller than the work around it.
const DECENT_EDGE: u32 = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_tile_the_extent_along_blocks(
            col in 0i64..700, row in 0i64..700, width in 1u32..900, height in 1u32..900,
            bw in 1u32..1200, bh in 1u32..1200,
        ) {
            let extent = Window::new(col, row, width, height);
            let parts = parts(extent, bw, bh);
            let area: u64 = parts.iter().map(|p| p.size().area()).sum();
            prop_assert_eq!(area, extent.size().area());
            for part in &parts {
                prop_assert!(extent.contains(*part) && !part.is_empty());
                prop_assert!(part.col == extent.col || part.col % i64::from(bw) == 0);
                prop_assert!(part.row == extent.row || part.row % i64::from(bh) == 0);
            }
        }
    }
}
