//! Why a header cannot be kept, or what was kept is none.

use thiserror::Error;

/// Why a header cannot be kept. Nothing is wrong with reading the object itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotStorable {
    /// Nothing but perhaps its size would tell another version of the object.
    #[error(
        "its store says neither an entity tag nor when it was modified: a change would go unnoticed"
    )]
    Unversioned,
    /// The tables of blocks are not at hand, or end early.
    #[error("the tables of the directory at byte {directory} do not say where block {block} is")]
    Table {
        /// The block.
        block: u64,
        /// Where the directory starts.
        directory: u64,
    },
    /// There are more blocks than are kept.
    #[error(
        "the directory at byte {directory} has {blocks} blocks, more than the {limit} that are kept"
    )]
    Blocks {
        /// How many there are.
        blocks: u64,
        /// How many are kept at most.
        limit: u64,
        /// Where the directory starts.
        directory: u64,
    },
    /// Some of its rasters are in another object.
    #[error("level {level} is in a file beside it")]
    Sidecar {
        /// The level.
        level: usize,
    },
    /// It says something that there is no word for here yet.
    #[error("there is no way to write down {what}")]
    Unknown {
        /// What.
        what: &'static str,
    },
}

/// Why what was kept is no header.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoredHeaderError {
    /// There is no raster.
    #[error("the stored header has no raster")]
    Empty,
    /// A raster is not the one that must come there.
    #[error("raster {raster} of the stored header is image {image}, level {level}: not in order")]
    Order {
        /// Which of the rasters, from 0.
        raster: usize,
        /// Its image.
        image: u32,
        /// Its level.
        level: u32,
    },
    /// A number or word makes no sense.
    #[error("raster {raster} of the stored header: {field} {detail}")]
    Field {
        /// Which of the rasters, from 0.
        raster: usize,
        /// The field, or the property.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A number is larger than [`Limits`](crate::Limits) allows.
    #[error(
        "the stored header has {value} {what}, over the limit of {limit}; raise the limit `{name}` if you trust it"
    )]
    Limit {
        /// What it has too much of.
        what: &'static str,
        /// Field of [`Limits`](crate::Limits).
        name: &'static str,
        /// How much.
        value: u64,
        /// The limit.
        limit: u64,
    },
}
