//! What a chip of a list takes of which block.

use std::{ops::Range, sync::Arc};

use stacchip_cog::{BlockId, Level, WindowPlan};
use stacchip_model::Window;

use super::WantedChip;
use crate::PlannedArray;

/// A chip of a list, planned.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) wanted: WantedChip,
    /// One for each asset, in their order.
    pub(super) arrays: Vec<PlannedArray>,
    /// What is cut for it: a piece for each block of each plan of each array, in that order.
    pub(super) pieces: Vec<Piece>,
}

/// What a chip takes of one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Which of the chip's arrays.
    pub(super) array: usize,
    /// Which of the array's plans.
    pub(super) part: usize,
    pub(super) block: BlockId,
    /// In pixels of the level.
    pub(super) window: Window,
    /// Which of the plan's bands are in the block.
    bands: Held,
}

/// Which of the bands of a plan a block holds.
#[derive(Debug, Clone, Copy)]
enum Held {
    All,
    /// The one that is this band of the level.
    One(usize),
}

impl Planned {
    pub(super) fn new(wanted: WantedChip, arrays: Vec<PlannedArray>) -> Self {
        let mut pieces = Vec::new();
        for (array, planned) in arrays.iter().enumerate() {
            for (part, plan) in planned.plan.plans().enumerate() {
                let level = plan.level();
                let apart = level.planes() > 1;
                pieces.extend(plan.blocks().iter().filter_map(|&block| {
                    let window = level.block_window(block)?.intersection(plan.window())?;
                    Some(Piece {
                        array,
                        part,
                        block,
                        window,
                        bands: if apart {
                            Held::One(level.block_bands(block).start)
                        } else {
                            Held::All
                        },
                    })
                }));
            }
        }
        Self {
            wanted,
            arrays,
            pieces,
        }
    }

    /// Bytes of all its pieces.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |piece: &Piece| self.of(piece).map_or(0, |(_, plan)| piece.bytes(plan));
        self.pieces.iter().map(bytes).sum()
    }

    /// The array and the plan that `piece` is of.
    pub(super) fn of(&self, piece: &Piece) -> Option<(&PlannedArray, &WindowPlan)> {
        let array = self.arrays.get(piece.array)?;
        Some((array, array.plan.plans().nth(piece.part)?))
    }

    /// The pieces of plan `part` of array `array`: one run.
    pub(super) fn pieces_of(&self, array: usize, part: usize) -> Range<usize> {
        let start = self
            .pieces
            .partition_point(|p| (p.array, p.part) < (array, part));
        let end = self
            .pieces
            .partition_point(|p| (p.array, p.part) <= (array, part));
        start..end
    }
}

impl Piece {
    /// The level's bands that it holds, in their order.
    pub(super) fn bands<'a>(&'a self, plan: &'a WindowPlan) -> &'a [usize] {
        match &self.bands {
            Held::All => plan.bands(),
            Held::One(band) => std::slice::from_ref(band),
        }
    }

    /// `[band, row, column]`.
    pub(super) fn shape(&self, plan: &WindowPlan) -> [usize; 3] {
        [
            self.bands(plan).len(),
            self.window.height as usize,
            self.window.width as usize,
        ]
    }

    /// Bytes of its pixels.
    pub(super) fn bytes(&self, plan: &WindowPlan) -> u64 {
        let shape = self.shape(plan).iter().fold(1u64, |n, &d| n * d as u64);
        shape.saturating_mul(plan.sample().bytes() as u64)
    }
}

/// A block of a level, told from every other of the rasters that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BlockKey {
    level: usize,
    block: BlockId,
}

impl BlockKey {
    pub(super) fn new(level: &Arc<Level>, block: BlockId) -> Self {
        Self {
            level: Arc::as_ptr(level).addr(),
            block,
        }
    }
}
