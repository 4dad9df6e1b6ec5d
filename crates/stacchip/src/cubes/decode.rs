//! The port to what reads cubes again.

use std::{
    error::Error as StdError,
    fmt,
    io::{self, Cursor, Read, Seek},
};

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
    /// A byte for each number, 0 where it is no data; nothing where the file has no mask.
    pub mask: Option<&'a [u8]>,
}

/// A file of cubes: it can be read at several places at once.
pub trait CubeSource {
    /// It, from its beginning on.
    ///
    /// # Errors
    /// Where it cannot be opened.
    fn open(&self) -> io::Result<Box<dyn ReadSeek + '_>>;
}

/// What can be read from any place on.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl CubeSource for &[u8] {
    fn open(&self) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(Cursor::new(*self)))
    }
}

/// Files of cubes → their numbers.
///
/// Promise: beyond what a decoder was given, memory does not grow with the number of chips in a file, nor
/// with what a file says of itself.
pub trait CubeDecoder: Send + Sync + fmt::Debug {
    /// Hands each band of each chip in `file` to `take`, in order.
    ///
    /// # Errors
    /// [`DecodeCubeError`] where it is no such file or a broken one, and what `take` fails with.
    fn bands(
        &self,
        file: &dyn CubeSource,
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
