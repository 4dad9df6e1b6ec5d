//! An exact, bounded decoder and writer of TIFF, GeoTIFF and Cloud Optimized GeoTIFF that does no I/O.
//!
//! This room knows bytes: headers, levels, tile tables, windows → tiles → ranges, predictors and
//! assembly. It never opens a file or a connection, and it knows no compression library; those come
//! through its ports: [`RangeReader`], [`TileDecoder`], [`TileEncoder`].

mod codec;
mod codecs;
mod compression;
mod range_reader;
pub mod write;

pub use codec::{
    BlockContext, DecodeError, DecodedOrder, EncodeError, SampleFormat, TileDecoder, TileEncoder,
};
pub use codecs::Codecs;
pub use compression::Compression;
pub use range_reader::{RangeReader, ReadError, ReadErrorKind};
pub use write::{CogWriter, WriteError, WriteOptions, write_cog, write_geotiff};
