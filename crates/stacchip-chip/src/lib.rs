//! Pixels of a place: one window across many assets, aligned, resampled, masked.
//!
//! This room knows which pixels of which asset a chip is made of. It never opens a connection and
//! encodes no file; its ports are [`AssetOpener`] and [`ChipEncoder`].
//!
//! ```
//! use stacchip_chip::{Alignment, Frame, PixelMap};
//! use stacchip_model::{Size, Window};
//!
//! // A chip of a Sentinel-2 item, and what it takes of the scene classification at 20 m.
//! let item = Frame::of_size(Size::new(10_980, 10_980));
//! let classes = Frame::of_size(Size::new(5490, 5490));
//! let chip = Window::new(256, 512, 256, 256);
//! let map = PixelMap::new(&item, chip, chip.size(), &classes, Alignment::PixelCentres)?;
//! assert_eq!(map.sources(chip.size()), Window::new(128, 256, 128, 128));
//! # Ok::<(), stacchip_chip::ChipError>(())
//! ```

mod align;
mod array_plan;
pub mod batch;
mod burn;
mod chip;
mod chip_reader;
mod choice;
mod cost;
pub mod display;
mod error;
mod fetch;
mod frame;
mod number;
mod opening;
mod ports;
mod raster;
mod raster_cache;
mod raster_window;
mod resampling;
mod sidecars;
mod stack;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use align::{Alignment, PixelMap};
pub use array_plan::{ArrayPlan, ArrayRequest, Edge, MaskedPixels};
pub use burn::{Touch, burn};
pub use chip::{AssetRequest, Chip, ChipArray, ChipRequest};
pub use chip_reader::{ChipReader, FetchedChip, PlannedArray, PlannedChip};
pub use choice::{AssetChoice, ChoiceError, ChosenAsset, ChosenAssets, LeftOut, Reason};
pub use cost::{DistinctTiles, ReadCost};
pub use error::ChipError;
pub use fetch::{fetch, fetch_tables};
pub use frame::Frame;
pub use number::bytes_of;
pub use opening::HeaderUse;
pub use ports::{AssetOpener, ChipEncoder, EncodeChipError, Georeferenced};
pub use raster::Raster;
pub use raster_cache::RasterCache;
pub use raster_window::{RasterRequest, read_raster_window};
pub use resampling::{ParseResamplingError, Resampling};
pub use sidecars::Sidecars;
pub use stack::{BandStack, NamedPixels, StackError};
