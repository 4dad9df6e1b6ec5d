//! Pixels of a place: one window across many assets, aligned, resampled, masked.
//!
//! This room knows which pixels of which asset a chip is made of. It never opens a connection and
//! encodes no file; its ports are [`AssetOpener`] and [`ChipEncoder`].

mod ports;
mod stack;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use ports::{AssetOpener, ChipEncoder, EncodeChipError, Georeferenced};
pub use stack::{BandStack, NamedPixels, StackError};
