//! Where an image is on the ground.

mod citation;
mod crs;
mod geodetic;
mod georeference;
mod keys;
mod map_info;
mod method;
mod projected;
mod read;
mod register;
mod vertical;
mod wkt;

pub use georeference::{ControlPoint, Georeference, Rpc};
pub(crate) use map_info::coordinate_system;
pub(crate) use read::{georeference, height_unit};
