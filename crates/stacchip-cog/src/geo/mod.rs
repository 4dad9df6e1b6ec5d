//! Where an image is on the ground.

mod crs;
mod georeference;
mod keys;
mod read;

pub use georeference::{ControlPoint, Georeference, Rpc};
pub(crate) use read::georeference;
