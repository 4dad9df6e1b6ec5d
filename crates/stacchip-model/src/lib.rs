//! The words of chips: windows, grids, pixels, scenes and reference systems as plain data.
//!
//! This room knows numbers, names, units and axis order. It does no I/O, knows no file format and
//! no library of geodesy; what must be asked of one goes through its one port, [`Projector`].
//!
//! Shapes are always `[band, row, column]`, x is east, y is north, and a transform maps pixel
//! corners: `(0, 0)` is the outer corner of the first pixel.
//!
//! ```
//! use stacchip_model::{Affine, Size, Window};
//!
//! let scene = Size::new(10_980, 10_980);
//! let chip = Window::new(256, 512, 256, 256);
//! assert!(chip.fits(scene));
//!
//! let transform = Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0);
//! assert_eq!(transform.apply(256.0, 512.0), (502_540.0, 4_794_880.0));
//! ```

mod affine;
mod axis_map;
mod crs;
mod figure;
mod geometry;
mod grid;
mod pixels;
mod platform;
mod polygon;
mod projector;
mod quality;
mod sample;
mod scene;
mod split_mix;
mod window;

pub use affine::Affine;
pub use axis_map::AxisMap;
pub use crs::{AuthorityCode, Crs, ParseCrsError};
pub use figure::Figure;
pub use geometry::{Bounds, MultiPolygon, Point, Polygon, Ring};
pub use grid::Grid;
pub use pixels::{Pixels, PixelsError};
pub use platform::Platform;
pub use projector::{CrsKind, CrsSummary, ProjectError, Projector};
pub use quality::{Fraction, FractionError, Quality};
pub use sample::{Sample, SampleType};
pub use scene::{Alternate, Asset, Band, Projection, Scene, SceneTime};
pub use split_mix::SplitMix;
pub use window::{Size, Window};

/// The calendar and clock that dates of scenes are given in.
pub use jiff;
