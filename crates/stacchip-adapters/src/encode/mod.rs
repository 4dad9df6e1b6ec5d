//! Pixels → bytes of a file, behind [`ChipEncoder`](stacchip_chip::ChipEncoder): numpy's
//! `.npy` and `.npz`, PNG, GeoTIFF.
//!
//! Every encoder keeps the numbers as they are, or refuses. Making a picture of numbers that are
//! not one (a stretch, a choice of three bands) is done before, by `stacchip_chip`'s display.

pub mod cubes;
mod npy;
mod npz;
mod png;
mod registry;
mod tiff;

pub use npy::{NpyEncoder, NpyError, NpyHeader};
pub use npz::NpzEncoder;
pub use png::PngEncoder;
pub use registry::{encoder_for, endings};
pub use tiff::TiffEncoder;

use stacchip_chip::{BandStack, EncodeChipError, NamedPixels};

/// The arrays as the bands of one, for formats that hold one array.
fn stacked<'a>(
    format: &'static str,
    arrays: &'a [NamedPixels<'a>],
) -> Result<BandStack<'a>, EncodeChipError> {
    BandStack::new(arrays).map_err(|error| EncodeChipError::Unsupported {
        format,
        what: error.to_string(),
        instead: ONE_ARRAY.to_owned(),
    })
}

const ONE_ARRAY: &str = "choose assets that agree with --assets, or write .npz, which holds each \
                         asset by itself";
