//! The port to what reads cubes again.

use std::{error::Error as StdError, fmt};

use stacchip_model::SampleType;
use thiserror::Error;

/// One band of one chip of a cube.
#[derive(Debug, Clone, Copy)]
pub struct CubeBand<'a> {
    /// Its number, from 0.
    pub band: usize,
    /// How many there are.
    pub bands: usize,
    /// The type of its numbers.
    pub sample: SampleType,
    /// Its numbers, `[row, column]`; native byte order.
    pub bytes: &'a [u8],
}

/// Files of cubes → their numbers.
///
/// Promise: memory does not grow with the number of chips in a file.
pub trait CubeDecoder: Send + Sync + fmt::Debug {
    /// Hands each band of each chip in `file` to `take`, in order.
    ///
    /// # Errors
    /// [`DecodeCubeError`] where it is no such file or a broken one, and what `take` fails with.
    fn bands(
        &self,
        file: &[u8],
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError>;
}

/// Why a file of cubes could not be read.
#[derive(Debug, Error)]
#[error("it is no cube that can be read: {0}")]
pub struct DecodeCubeError(Box<dyn StdError + Send + Sync>);

impl DecodeCubeError {
    /// For this reason.
    pub fn because(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
