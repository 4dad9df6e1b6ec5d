//! An exact, bounded decoder and writer of TIFF, GeoTIFF and Cloud Optimized GeoTIFF that does no I/O.
//!
//! This room knows bytes: headers, levels, tile tables, windows → tiles → ranges, predictors and
//! assembly. It never opens a file or a connection, and it knows no compression library; those come
//! through its ports: [`RangeReader`], [`TileDecoder`], [`TileEncoder`].

mod assemble;
mod block;
mod codec;
mod codecs;
mod cog;
mod compression;
mod conformance;
mod geo;
mod header;
mod image;
mod level;
mod limits;
mod nodata;
mod open;
mod pixels;
mod plan;
mod range_reader;
mod sidecar;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod write;
mod xml;

pub(crate) use assemble::assemble;
pub use block::{BlockBytes, BlockError, Cut, Scratch};
pub use codec::{
    BlockContext, DecodeError, DecodedOrder, EncodeError, SampleFormat, TileDecoder, TileEncoder,
};
pub use codecs::Codecs;
pub use cog::{Cog, GhostArea, Warning};
pub use compression::Compression;
pub use conformance::Conformance;
pub use geo::{ControlPoint, Georeference, Rpc};
pub use header::{HeaderDecoder, HeaderError, Step};
pub use image::{Band, Colour, Image};
pub use level::{BlockId, Encoding, Level, Planar, Predictor, Source};
pub use limits::Limits;
pub use nodata::{Nodata, NodataValue};
pub use open::{OpenError, ReadWindowError, fetch_tables, open, read_window};
pub use plan::{Bands, Part, PlanError, StoredBlock, Strides, WindowPlan};
pub use range_reader::{RangeReader, ReadError, ReadErrorKind};
pub use table::{BlockPlace, BlockTable};
pub use write::{CogWriter, WriteError, WriteOptions, write_cog, write_geotiff};
