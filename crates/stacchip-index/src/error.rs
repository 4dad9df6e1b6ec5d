//! What can be wrong with the grid of a scene.

use thiserror::Error;

use crate::MissingGrid;

/// Why a scene has no grid of chips.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GridError {
    /// The item does not say where its pixels lie.
    #[error(transparent)]
    Missing(#[from] MissingGrid),
    /// The item has no `datetime`, and no range in its place.
    #[error("item {item} has neither `datetime` nor `start_datetime`")]
    NoDatetime {
        /// The item.
        item: String,
    },
    /// Chips of no pixels.
    #[error("a chip size of 0 pixels: give at least 1")]
    ZeroChipSize,
    /// A step that leads nowhere.
    #[error("a stride of 0 pixels: give at least 1")]
    ZeroStride,
    /// More chips along an axis than an index can number.
    #[error(
        "{count} {axis} of chips, an index numbers {limit}: choose a stride of at least {stride} pixels"
    )]
    TooManyChips {
        /// `columns` or `rows`.
        axis: &'static str,
        /// How many there would be.
        count: u64,
        /// How many there may be.
        limit: u64,
        /// The least stride with which they would be few enough.
        stride: u64,
    },
    /// A chip outside the grid of chips.
    #[error("no chip ({x}, {y}): the grid has {columns} × {rows} chips, counted from 0")]
    NoSuchChip {
        /// Column asked for.
        x: u64,
        /// Row asked for.
        y: u64,
        /// Columns of chips.
        columns: u32,
        /// Rows of chips.
        rows: u32,
    },
}
