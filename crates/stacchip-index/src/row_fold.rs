//! From a scene to its rows.

use std::sync::Arc;

use stacchip_model::{ProjectError, Quality};

use crate::{Cell, ChipRow, Footprints, SceneColumns};

/// Makes the rows of a scene's chips, a batch at a time, row by row of the grid, and drops the chips
/// that are too empty.
#[derive(Debug)]
pub struct RowFold<'a> {
    scene: Arc<SceneColumns>,
    footprints: Footprints<'a>,
    max_nodata: f64,
    next: u32,
    kept: u64,
    dropped: u64,
    nowhere: u64,
}

impl<'a> RowFold<'a> {
    /// Rows of the chips of `footprints`, those with a share of nodata up to `max_nodata`.
    pub fn new(
        scene: impl Into<Arc<SceneColumns>>,
        footprints: Footprints<'a>,
        max_nodata: f64,
    ) -> Self {
        Self {
            scene: scene.into(),
            footprints,
            max_nodata,
            next: 0,
            kept: 0,
            dropped: 0,
            nowhere: 0,
        }
    }

    /// The next rows, of some thousand chips judged by `quality`; nothing at the end. A batch is
    /// never empty.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`].
    pub fn next_batch(
        &mut self,
        quality: impl Fn(Cell) -> Quality,
    ) -> Result<Option<Vec<ChipRow>>, ProjectError> {
        let chips = self.footprints.chips();
        let rows = (BATCH / chips.columns().max(1)).max(1);
        while self.next < chips.rows() {
            let first = self.next;
            self.next = first.saturating_add(rows).min(chips.rows());
            let judged: Vec<(Cell, Quality)> = (first..self.next)
                .flat_map(|y| chips.cells_of_row(y))
                .map(|cell| (cell, quality(cell)))
                .collect();
            let too_empty = |q: &Quality| exceeds(*q, self.max_nodata);
            if judged.iter().all(|(_, q)| too_empty(q)) {
                self.dropped += judged.len() as u64;
                continue;
            }
            let footprints = self.footprints.rows(first, rows)?;
            let mut batch = Vec::with_capacity(judged.len());
            for ((cell, quality), footprint) in judged.into_iter().zip(footprints) {
                if too_empty(&quality) {
                    self.dropped += 1;
                } else if footprint.polygons.is_empty() {
                    self.nowhere += 1;
                } else {
                    batch.push(ChipRow {
                        chipid: self.scene.chipid(cell),
                        scene: Arc::clone(&self.scene),
                        x: cell.x,
                        y: cell.y,
                        window: chips.window(cell),
                        quality,
                        footprint,
                    });
                }
            }
            if !batch.is_empty() {
                self.kept += batch.len() as u64;
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Rows made so far.
    pub const fn kept(&self) -> u64 {
        self.kept
    }

    /// Chips dropped so far because they were too empty.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Chips left out so far because no part of them lies on the globe.
    pub const fn nowhere(&self) -> u64 {
        self.nowhere
    }
}

/// Whether more of a chip is empty than `limit`. The share is rounded to the single precision of its
/// column first, and compared as a double, as upstream does; equal shares are kept.
fn exceeds(quality: Quality, limit: f64) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the column holds single precision"
    )]
    let stored = quality.nodata.get() as f32;
    f64::from(stored) > limit
}

/// Chips of a batch, unless a single row of the grid has more.
const BATCH: u32 = 8192;
