//! Why a chip could not be had.

use std::sync::Arc;

use stacchip_cog::{
    BlockError, NotStorable, OpenError, PlanError, ReadError, ReadErrorKind, StoredHeaderError,
};
use stacchip_model::{Affine, PixelsError, SampleType, Size, Window};
use thiserror::Error;

use crate::Resampling;

/// Why a chip could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChipError {
    /// One of its assets could not be read.
    #[error("asset {key} at {address}: {cause}")]
    Asset {
        /// The asset's key.
        key: String,
        /// Its address.
        address: String,
        /// Why.
        #[source]
        cause: Box<ChipError>,
    },
    /// The window asks for pixels that are not there.
    #[error(
        "window {} leaves the raster of {} x {} pixels: choose one inside it, or say how to fill \
         it (--masked, --fill VALUE)",
        Corners(*window), size.width, size.height
    )]
    Outside {
        /// The window, in pixels of the raster.
        window: Window,
        /// The raster.
        size: Size,
    },
    /// There is no pixel to be had.
    #[error("window {} in {} x {} pixels has no pixel", Corners(*window), output.width, output.height)]
    Empty {
        /// The window.
        window: Window,
        /// Pixels it is to become.
        output: Size,
    },
    /// The raster is in another reference system than the item.
    #[error(
        "it is in {raster}, the item in {frame}: chips across reference systems are not made yet"
    )]
    OtherCrs {
        /// The item's.
        frame: String,
        /// The raster's.
        raster: String,
    },
    /// The raster is turned or mirrored against the item.
    #[error(
        "its pixels are turned or mirrored against the item's ({:?} and {:?}): such chips are not \
         made yet", raster.coefficients(), frame.coefficients()
    )]
    Turned {
        /// The item's transform.
        frame: Affine,
        /// The raster's.
        raster: Affine,
    },
    /// Upstream's way serves only rasters whose size divides the item's.
    #[error(
        "{} x {} pixels are not a whole multiple of its {} x {}: upstream's alignment cannot serve",
        frame.width, frame.height, raster.width, raster.height
    )]
    Ratio {
        /// The item's size.
        frame: Size,
        /// The raster's.
        raster: Size,
    },
    /// A type of number cannot hold the value asked for.
    #[error("{sample} cannot hold {value}: fill with a value it can hold, or use --masked")]
    Fill {
        /// The value.
        value: f64,
        /// The type.
        sample: SampleType,
    },
    /// The resampling is not done here yet.
    #[error("resampling `{resampling}` is not done yet: use `nearest`")]
    Resampling {
        /// The resampling.
        resampling: Resampling,
    },
    /// There is no such image in the file.
    #[error("there is no image {image}: the file has {count}")]
    NoImage {
        /// The image, from 0.
        image: usize,
        /// How many there are.
        count: usize,
    },
    /// A file beside the raster was not opened.
    #[error("its {sidecar} file was not opened")]
    NoSidecar {
        /// The ending of the file.
        sidecar: &'static str,
    },
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Bytes could not be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The window cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What was kept of its header is none.
    #[error(transparent)]
    Stored(#[from] StoredHeaderError),
    /// Its header cannot be kept.
    #[error(transparent)]
    NotStorable(#[from] NotStorable),
    /// A block is broken.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// The pixels do not fit into memory.
    #[error(transparent)]
    Pixels(#[from] PixelsError),
    /// The chip has other arrays than those before it.
    #[error(
        "its arrays are of other shapes or types than those of the chips before it: they do not go into one array"
    )]
    NotStacked,
    /// The chip has a mask, and whoever wants its pixels gave no place for it.
    #[error(
        "it has a mask, and there is no place to write it to: give one, or read the chip without `masked`"
    )]
    NoPlaceForMask,
    /// What failed failed several chips.
    #[error(transparent)]
    Shared(Arc<ChipError>),
    /// The thread that decoded the chip is gone.
    #[error("decoding ended before it was done")]
    Stopped,
}

impl ChipError {
    /// Whether the object is another than its header was read from, or was kept of.
    pub fn is_changed(&self) -> bool {
        match self {
            Self::Asset { cause, .. } => cause.is_changed(),
            Self::Shared(cause) => cause.is_changed(),
            Self::Read(error) | Self::Open(OpenError::Read(error)) => {
                error.kind == ReadErrorKind::Changed
            }
            _ => false,
        }
    }

    /// The address of the asset that has changed.
    pub(crate) fn changed_asset(&self) -> Option<&str> {
        match self {
            Self::Asset { address, cause, .. } => {
                let inner = cause.changed_asset();
                inner.or_else(|| cause.is_changed().then_some(address))
            }
            Self::Shared(cause) => cause.changed_asset(),
            _ => None,
        }
    }

    /// The same, of the asset `key` at `address`.
    pub(crate) fn of_asset(self, key: &str, address: &str) -> Self {
        Self::Asset {
            key: key.to_owned(),
            address: address.to_owned(),
            cause: Box::new(self),
        }
    }
}

struct Corners(Window);

impl std::fmt::Display for Corners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let w = self.0;
        write!(f, "{},{},{},{}", w.col, w.row, w.width, w.height)
    }
}
