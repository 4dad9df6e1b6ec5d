//! Chips in cubes: the files that models are trained from.
//!
//! A cube is some hundred chips with what is known of when and where they were seen. Which chips are in
//! which cube is decided before anything is read, from the list and the options alone: so jobs of an
//! array share the cubes without speaking to each other, and a run that was broken off goes on where it
//! stood. What is done to write one is [`write_cubes`]; what a file of it looks like is up to the port,
//! [`CubeEncoder`].

mod cube;
mod decode;
mod draw;
mod label;
mod layout;
mod layout_error;
mod mersenne;
mod plan;
mod platform;
mod record;
mod share;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod write;

pub use cube::{Cube, CubeChip, CubeEncoder, CubeFile};
pub use decode::{CubeBand, CubeDecoder, CubeSource, DecodeCubeError, ReadSeek};
pub use draw::Draw;
pub use label::ChipLabel;
pub use layout::{CubeLayout, CubeType};
pub use layout_error::LayoutError;
pub use plan::{CubePlan, PlanError};
pub use platform::{CUBE_BANDS, model_bands, nodata_of};
pub use record::{CubeRecord, FailedSeat, LeftOutSeat, StoredFile, WrongRecord};
pub use share::Share;
pub use write::{CubeWork, CubesError, CubesReport, Seat, WriteCubes, write_cubes};
