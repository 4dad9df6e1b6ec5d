//! Where an image is on the ground.

mod crs;
mod georeference;
mod keys;
mod method;
mod read;
mod register;

pub use georeference::{ControlPoint, Georeference, Rpc};
pub(crate) use read::georeference;
