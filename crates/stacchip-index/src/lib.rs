//! The chip grid of a scene, the row of a chip, and the schema of an index.
//!
//! This room knows where chips lie and what a row says. It never reads a pixel, and knows no file
//! format of tables; rows leave and enter through its ports, [`IndexWriter`] and [`IndexReader`].

mod chip_grid;
mod contradiction;
mod error;
mod ports;
mod row;
mod scene_grid;
pub mod schema;

pub use chip_grid::{Cell, ChipGrid, ChipOptions, Edge};
pub use contradiction::{Contradiction, Disagreement, Source};
pub use error::GridError;
pub use ports::{IndexError, IndexErrorKind, IndexReader, IndexWriter};
pub use row::{ChipRow, SceneColumns};
pub use scene_grid::{MissingGrid, RasterHeader, SceneGrid};
