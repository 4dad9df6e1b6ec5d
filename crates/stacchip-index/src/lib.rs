//! The chip grid of a scene, the row of a chip, and the schema of an index.
//!
//! This room knows where the pixels of a scene lie ([`SceneGrid`]), which chips they make
//! ([`ChipGrid`]), where those lie on the globe ([`Footprints`]) and what a row says of each
//! ([`RowFold`], [`schema`]), which ground that is at any date ([`GroundCell`]), what figures of others are on the globe ([`on_globe`]), and how places are kept apart in train,
//! val and test ([`Splitter`], [`LeakCheck`]). It never reads a pixel, and knows no file format of tables; rows leave
//! and enter through its ports, [`IndexWriter`] and [`IndexReader`].
//!
//! ```
//! use stacchip_index::{ChipGrid, ChipOptions, SceneColumns, SceneGrid};
//! use stacchip_model::{Affine, Crs, Projection, Scene, SceneTime, Size};
//!
//! let scene = Scene {
//!     id: "S2A_20HNJ".to_owned(),
//!     collection: Some("sentinel-2-l2a".to_owned()),
//!     time: SceneTime { datetime: Some("2024-03-11T14:06:36Z".parse()?), ..SceneTime::default() },
//!     projection: Projection {
//!         crs: Some(Crs::epsg(32620)),
//!         shape: Some(Size::new(10_980, 10_980)),
//!         transform: Some(Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 1_600_020.0)),
//!         bbox: None,
//!     },
//!     ..Scene::default()
//! };
//! let found = SceneGrid::of(&scene, &[], None)?;
//! let chips = ChipGrid::new(found.grid, ChipOptions::default())?;
//! assert_eq!(chips.len(), 42 * 42);
//!
//! let columns = SceneColumns::of(&scene, &chips)?;
//! assert_eq!(columns.chipid(chips.cell(1, 0)?), "S2A_20HNJ-1-0");
//! assert_eq!(columns.platform.as_deref(), Some("sentinel-2-l2a"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bbox_check;
mod chip_grid;
mod contradiction;
mod error;
mod footprint;
mod globe;
mod ground_cell;
pub mod on_globe;
mod ports;
mod row;
mod row_fold;
mod scene_grid;
pub mod schema;
mod series;
#[cfg(test)]
mod sphere;
mod split;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use chip_grid::{Cell, ChipGrid, ChipOptions, Edge};
pub use contradiction::{Contradiction, Disagreement, Source};
pub use error::GridError;
pub use footprint::{Footprints, grid_bounds};
pub use ground_cell::GroundCell;
pub use ports::{IndexError, IndexErrorKind, IndexReader, IndexWriter};
pub use row::{ChipRow, SceneColumns};
pub use row_fold::RowFold;
pub use scene_grid::{MissingGrid, RasterHeader, SceneGrid};
pub use series::{SeriesBy, SeriesCounts, SeriesMaker, SeriesOptions, SeriesPeriod, SeriesPlan};
pub use split::{
    LeakCheck, Leaks, Split, SplitBy, SplitCounts, SplitError, SplitOptions, SplitPlan, Splitter,
};
