//! Reading a mask once, block by block, and counting it.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rayon::prelude::*;
use stacchip_chip::{ChipError, Raster};
use stacchip_cog::{Codecs, WindowPlan, fetch_tables};
use stacchip_model::{Pixels, Window};
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
    pub(crate) raster: Arc<Raster>,
    pub(crate) reading: Reading,
    pub(crate) rule: Arc<dyn ChipStats>,
}

/// Why a mask could not be counted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CensusError {
    /// Its pixels could not be had.
    #[error("{address}: {cause}")]
    Pixels {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: Box<ChipError>,
    },
    /// The rule can make nothing of its numbers.
    #[error("{address}: {cause}")]
    Rule {
        /// The mask's raster.
        address: String,
        /// Why.
        cause: StatsError,
    },
}

impl Mask {
    fn failed(&self, cause: impl Into<ChipError>) -> CensusError {
        CensusError::Pixels {
            address: self.raster.address().to_owned(),
            cause: Box::new(cause.into()),
        }
    }
}

/// Counts the part of `mask` that the chips of `tally` need, each block of it read and decoded once.
/// Compressed bytes of a few batches of blocks and one block a thread are held at a time.
pub(crate) async fn count(
    mask: Mask,
    tally: Tally,
    codecs: Arc<Codecs>,
    progress: &dyn Progress,
) -> Result<Tally, CensusError> {
    let image = mask.raster.image(0).map_err(|e| mask.failed(e))?;
    let Some(base) = image.base() else {
        return Ok(tally);
    };
    let Some(extent) = tally.extent().and_then(|e| e.clip(base.size)) else {
        return Ok(tally);
    };
    let (bands, part) = mask.reading.wants();
    let plans = parts(extent, base.block.width, base.block.height)
        .into_iter()
        .map(|window| image.plan(0, window, bands, part))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| mask.failed(e))?;
    progress.expect(plans.len() as u64);

    let work = Arc::new(Work {
        mask,
        tally,
        codecs,
    });
    let mut shares = stream::iter(plans.chunks(BATCH).map(<[WindowPlan]>::to_vec))
        .map(|batch| count_batch(&work, batch))
        .buffered(BATCHES_UNDER_WAY);
    let mut all: Vec<Share> = Vec::new();
    while let Some((batch, count)) = shares.try_next().await? {
        all.extend(batch);
        progress.advance(count);
    }
    drop(shares);
    // A thread may still hold its handle for a moment after it has handed over its last share.
    let mut tally = match Arc::try_unwrap(work) {
        Ok(work) => work.tally,
        Err(work) => work.tally.clone(),
    };
    for share in all {
        tally.add(share);
    }
    Ok(tally)
}

/// What all threads share.
struct Work {
    mask: Mask,
    tally: Tally,
    codecs: Arc<Codecs>,
}

/// Awaits the bytes of a batch, then has them counted: what each part adds, and how many there are.
async fn count_batch(
    work: &Arc<Work>,
    batch: Vec<WindowPlan>,
) -> Result<(Vec<Share>, u64), CensusError> {
    let blocks = work.mask.fetch(&batch).await?;
    let parts = batch.len() as u64;
    let counting = Arc::clone(work);
    let shares = offload(move || counting.count(&batch, &blocks)).await;
    let shares = shares.unwrap_or_else(|| Err(work.mask.failed(ChipError::Stopped)))?;
    Ok((shares, parts))
}

impl Mask {
    /// Awaits the bytes of a batch, all at once.
    async fn fetch(&self, batch: &[WindowPlan]) -> Result<Vec<Vec<Bytes>>, CensusError> {
        let Some(first) = batch.first() else {
            return Ok(Vec::new());
        };
        let reader = self.raster.reader(first).map_err(|e| self.failed(e))?;
        let mut ranges = Vec::new();
        let mut counts = Vec::with_capacity(batch.len());
        for plan in batch {
            fetch_tables(reader.as_ref(), plan)
                .await
                .map_err(|e| self.failed(e))?;
            let stored = plan.ranges().map_err(|e| self.failed(e))?;
            counts.push(stored.len());
            ranges.extend(stored);
        }
        let mut blocks = reader
            .read(&ranges)
            .await
            .map_err(|e| self.failed(e))?
            .into_iter();
        Ok(counts
            .into_iter()
            .map(|n| blocks.by_ref().take(n).collect())
            .collect())
    }
}

impl Work {
    /// Decodes and counts a batch, on as many threads as there are.
    fn count(
        &self,
        batch: &[WindowPlan],
        blocks: &[Vec<Bytes>],
    ) -> Result<Vec<Share>, CensusError> {
        let Self {
            mask,
            tally,
            codecs,
        } = self;
        batch
            .par_iter()
            .zip(blocks)
            .map(|(plan, blocks)| {
                let mut pixels =
                    Pixels::zeros(plan.sample(), plan.shape()).map_err(|e| mask.failed(e))?;
                plan.decode(blocks, codecs, pixels.as_bytes_mut())
                    .map_err(|e| mask.failed(e))?;
                let shown = mask.reading.shown(pixels).map_err(|e| mask.failed(e))?;
                tally
                    .count(mask.rule.as_ref(), &shown, plan.window())
                    .map_err(|cause| CensusError::Rule {
                        address: mask.raster.address().to_owned(),
                        cause,
                    })
            })
            .collect()
    }
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
