//! How a list of chips is read.

use std::{num::NonZeroUsize, thread};

/// How a list of chips is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOptions {
    /// The order in which chips come.
    pub order: Order,
    /// Bytes for compressed blocks, pieces of chips, chips that were not taken yet, and plans; buffers
    /// of threads and the headers of rasters are apart from it. One chip is held whatever it takes,
    /// and a mebibyte of plans.
    pub memory: u64,
    /// Threads that decode. [`Chips`](super::Chips) decode on the one that takes them as well, which is
    /// counted; a [stream](super::ChipStream) has all of them besides the one that polls it.
    pub threads: NonZeroUsize,
    /// Chips that are planned ahead of the one whose turn it is; as many as the memory may serve
    /// where nothing is said.
    pub look_ahead: Option<usize>,
    /// Pixels of a frame, along each axis, that chips are sorted and shuffled by: best a multiple of
    /// what the largest tile of an asset covers. 2048 is a tile of 1024 pixels at half the
    /// resolution of the frame.
    pub cell: u32,
}

/// The order in which chips of a list come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As they are ready: sorted by place within some hundred thousand chips, so that what lies on
    /// one tile is read together. The same from run to run.
    #[default]
    Ready,
    /// As they stand in the list.
    Asked,
    /// In an order drawn by `seed`, which depends on nothing but the list; all of it is held.
    Shuffled {
        /// How far from each other neighbours are drawn.
        shuffle: Shuffle,
        /// What is drawn.
        seed: u64,
    },
}

/// How well a list is shuffled, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shuffle {
    /// Any order is as likely as any other. Tiles are decoded again where the list is longer than
    /// memory serves.
    Global,
    /// Cells are drawn, and the chips of some cells together: neighbours come from a few places.
    Block,
    /// Cells are drawn, and the chips within each: neighbours are from one place.
    Tile,
}

impl Default for BatchOptions {
    /// 1 GiB, all cores, as they are ready.
    fn default() -> Self {
        Self {
            order: Order::Ready,
            memory: 1 << 30,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            look_ahead: None,
            cell: 2048,
        }
    }
}

impl BatchOptions {
    /// The same with `order`.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The same with `bytes` of memory.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// The same with `threads`; none is one.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// The same, planning `chips` ahead.
    pub fn look_ahead(mut self, chips: usize) -> Self {
        self.look_ahead = Some(chips);
        self
    }

    /// Chips to plan ahead.
    pub(super) fn chips_ahead(&self) -> usize {
        let served = usize::try_from(self.memory / BYTES_A_CHIP).unwrap_or(usize::MAX);
        self.look_ahead
            .unwrap_or(served.clamp(MIN_AHEAD, MAX_AHEAD))
            .max(1)
    }

    /// Bytes for compressed blocks on their way.
    pub(super) fn fetch_bytes(&self) -> u64 {
        (self.memory / 8).min(MAX_FETCH)
    }

    /// Bytes for complete chips that were not taken yet, and those that threads work on.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.memory / 16
    }

    /// Bytes for plans of chips.
    pub(super) fn plan_bytes(&self) -> u64 {
        (self.memory / 16).max(MIN_PLANS)
    }

    /// Bytes for pieces of chips that are not complete.
    pub(super) fn held_bytes(&self) -> u64 {
        self.memory
            .saturating_sub(self.fetch_bytes())
            .saturating_sub(self.waiting_bytes())
            .saturating_sub(self.memory / 16)
    }
}

/// What a chip in the look-ahead has at once, about: some bands, a part of its pieces.
const BYTES_A_CHIP: u64 = 256 << 10;
/// As many as [`MIN_AHEAD`] chips of a dozen pieces take.
const MIN_PLANS: u64 = 1 << 20;
/// Less would not see the neighbours of a chip on its own tile.
const MIN_AHEAD: usize = 256;
/// More would cost as much as it saves: each plan of ten assets takes three kilobytes.
const MAX_AHEAD: usize = 8192;
/// More than any link needs on its way.
const MAX_FETCH: u64 = 64 << 20;
