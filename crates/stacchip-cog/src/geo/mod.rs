//! Where an image is on the ground.

mod georeference;

pub use georeference::{ControlPoint, Georeference, Rpc};
