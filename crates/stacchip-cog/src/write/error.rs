//! Why a file could not be written.

use std::io;

use stacchip_model::SampleType;
use thiserror::Error;

use crate::EncodeError;

/// Why a file could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The options ask for something that TIFF or this writer cannot do.
    #[error("cannot write such a file: {what}")]
    Options {
        /// What, and what to do.
        what: String,
    },
    /// The predictor does not go with the type of the pixels.
    #[error("predictor {predictor} does not go with {sample}")]
    Predictor {
        /// Value of the tag `Predictor` (317).
        predictor: u16,
        /// Type of the pixels.
        sample: SampleType,
    },
    /// The reference system cannot be said in `GeoKeys`.
    #[error("a GeoTIFF cannot carry {crs}: give a system with an EPSG code up to 65535")]
    Crs {
        /// The system.
        crs: String,
    },
    /// Rows given are no whole number of rows, or more than there are.
    #[error("{got} bytes of pixels were given where {wanted} were due")]
    Rows {
        /// Bytes that were due.
        wanted: usize,
        /// Bytes given.
        got: usize,
    },
    /// The file would be larger than offsets can say, or the machine can hold.
    #[error("the file would be too large: {what}")]
    TooLarge {
        /// What is too large.
        what: String,
    },
    /// A block could not be compressed.
    #[error("cannot compress a block: {0}")]
    Encode(#[from] EncodeError),
    /// The bytes could not be put where they belong.
    #[error("cannot write: {0}")]
    Sink(#[from] io::Error),
}

impl WriteError {
    pub(super) fn options(what: impl Into<String>) -> Self {
        Self::Options { what: what.into() }
    }

    pub(super) fn too_large(what: impl Into<String>) -> Self {
        Self::TooLarge { what: what.into() }
    }
}
