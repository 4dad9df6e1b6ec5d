//! The chip grid of a scene, the row of a chip, and the schema of an index.
//!
//! This room knows where chips lie and what a row says. It never reads a pixel, and knows no file
//! format of tables; rows leave and enter through its ports, [`IndexWriter`] and [`IndexReader`].

mod bbox_check;
mod chip_grid;
mod contradiction;
mod error;
mod footprint;
mod globe;
mod ports;
mod row;
mod row_fold;
mod scene_grid;
pub mod schema;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use chip_grid::{Cell, ChipGrid, ChipOptions, Edge};
pub use contradiction::{Contradiction, Disagreement, Source};
pub use error::GridError;
pub use footprint::{Footprints, grid_bounds};
pub use ports::{IndexError, IndexErrorKind, IndexReader, IndexWriter};
pub use row::{ChipRow, SceneColumns};
pub use row_fold::RowFold;
pub use scene_grid::{MissingGrid, RasterHeader, SceneGrid};
