//! Why there is no plan.

use std::ops::Range;

use stacchip_model::Window;
use thiserror::Error;

/// Why a window cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no such level.
    #[error("there is no level {level}: the image has {count}")]
    NoLevel {
        /// The level asked for.
        level: usize,
        /// How many there are.
        count: usize,
    },
    /// The level has no mask.
    #[error("level {level} has no mask")]
    NoMask {
        /// The level asked for.
        level: usize,
    },
    /// There is no such band.
    #[error("there is no band {band} (counted from 0): the image has {count}")]
    NoBand {
        /// The band asked for.
        band: usize,
        /// How many there are.
        count: usize,
    },
    /// The window leaves the raster, or is empty.
    #[error(
        "the window {window:?} does not lie inside the raster of {width} × {height}: clip it first"
    )]
    Outside {
        /// The window.
        window: Window,
        /// Columns of the raster.
        width: u32,
        /// Rows of the raster.
        height: u32,
    },
    /// The window takes more than [`Limits`](crate::Limits) allows.
    #[error(
        "the window takes {value} {what}, over the limit of {limit}; ask for less or raise the limit `{name}`"
    )]
    Limit {
        /// What it takes too much of.
        what: &'static str,
        /// Field of [`Limits`](crate::Limits).
        name: &'static str,
        /// How much.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// The tables of blocks have not been supplied as far as the window needs them.
    #[error("the table of blocks is not at hand at bytes {range:?}: supply it first")]
    TableMissing {
        /// Bytes of the table.
        range: Range<u64>,
    },
    /// The tables of blocks end before the block.
    #[error("the tables of the directory at byte {directory} do not say where block {block} is")]
    TableTruncated {
        /// The block.
        block: u64,
        /// Where the directory starts.
        directory: u64,
    },
}
