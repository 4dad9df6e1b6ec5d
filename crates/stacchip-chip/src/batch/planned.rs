//! What a chip of a list takes of which block.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    ops::Range,
    sync::Arc,
};

use stacchip_cog::{BlockId, Level, Source, WindowPlan};
use stacchip_model::Window;

use super::WantedChip;
use crate::{PlannedArray, Raster};

/// A chip of a list, planned.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) wanted: WantedChip,
    /// One for each asset, in their order.
    pub(super) arrays: Vec<PlannedArray>,
    /// What is cut for it: a piece for each block of each plan of each array, in that order.
    pub(super) pieces: Vec<Piece>,
    /// By array and part: what is cut in place of plans whose bands are rendered of planes apart.
    planes: BTreeMap<(usize, usize), WindowPlan>,
    /// Bytes of all its pieces.
    bytes: u64,
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
        let (mut pieces, mut apart_of) = (Vec::new(), BTreeMap::new());
        let mut bytes = 0u64;
        for (array, planned) in arrays.iter().enumerate() {
            for (part, plan) in planned.plan.plans().enumerate() {
                let planes = plan.planes();
                let plan = planes.as_ref().unwrap_or(plan);
                let level = plan.level();
                let apart = level.planes() > 1;
                pieces.extend(plan.blocks().iter().filter_map(|&block| {
                    let window = level.block_window(block)?.intersection(plan.window())?;
                    let piece = Piece {
                        array,
                        part,
                        block,
                        window,
                        bands: if apart {
                            Held::One(level.block_bands(block).start)
                        } else {
                            Held::All
                        },
                    };
                    bytes = bytes.saturating_add(piece.bytes(plan));
                    Some(piece)
                }));
                if let Some(planes) = planes {
                    apart_of.insert((array, part), planes);
                }
            }
        }
        Self {
            wanted,
            arrays,
            pieces,
            planes: apart_of,
            bytes,
        }
    }

    /// Bytes of itself and of what is kept about each of its pieces, about: a plan of strips of one
    /// row has thousands.
    pub(super) fn plan_bytes(&self) -> u64 {
        (self.pieces.len() as u64)
            .saturating_mul(PIECE_BYTES)
            .saturating_add(CHIP_BYTES)
    }

    /// What is cut in place of plan `part` of array `array`, where its bands are rendered of planes.
    pub(super) fn planes_of(&self, array: usize, part: usize) -> Option<&WindowPlan> {
        self.planes.get(&(array, part))
    }

    /// Bytes of all its pieces.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The array and the plan that `piece` is cut for.
    pub(super) fn of(&self, piece: &Piece) -> Option<(&PlannedArray, &WindowPlan)> {
        let array = self.arrays.get(piece.array)?;
        let plan = match self.planes_of(piece.array, piece.part) {
            Some(planes) => planes,
            None => array.plan.plans().nth(piece.part)?,
        };
        Some((array, plan))
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

/// A block, told from every other, whether or not its raster was opened anew between, unless that was
/// because the object had changed: what is decided from it depends on the list alone, not on which
/// rasters happen to be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlockKey {
    block: BlockId,
    source: Source,
    directory: u64,
    address: Arc<str>,
    /// Of source, directory, address and version: the latter two once a raster, not once a piece.
    level: u64,
}

impl BlockKey {
    pub(super) fn new(raster: &Raster, level: &Level, block: BlockId) -> Self {
        let source = match level.source {
            Source::Main => 0,
            Source::Overviews => 1,
            _ => 2,
        };
        let place = level.directory.rotate_left(2).wrapping_add(source);
        Self {
            block,
            source: level.source,
            directory: level.directory,
            address: Arc::clone(raster.shared_address()),
            level: (raster.object_hash() ^ place).wrapping_mul(ODD),
        }
    }

    /// Alike for neighbouring blocks of a level, and which of them it is.
    pub(super) const fn neighbours(&self) -> ((u64, u64), u64) {
        ((self.level, self.block.0 / 64), self.block.0 % 64)
    }
}

impl Hash for BlockKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.level ^ self.block.0.wrapping_mul(ODD));
    }
}

/// 2⁶⁴ over the golden ratio: it spreads what differs in few bits (D. E. Knuth, "The Art of Computer
/// Programming" 3, 6.4).
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
/// What is kept about a piece, pixels apart: [`Piece`], its state, its key and who wants it.
const PIECE_BYTES: u64 = 240;
/// What is kept about a chip besides: about a kilobyte for three assets.
const CHIP_BYTES: u64 = 1024;
