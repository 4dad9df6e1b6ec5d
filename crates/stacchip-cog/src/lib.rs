//! An exact, bounded decoder and writer of TIFF, GeoTIFF and Cloud Optimized GeoTIFF that does no I/O.
//!
//! This room knows bytes: headers, levels, tile tables, windows → tiles → ranges, predictors and
//! assembly. It never opens a file or a connection, and it knows no compression library; those come
//! through its ports: [`RangeReader`], [`TileDecoder`], [`TileEncoder`]; and [`HeaderStore`], where
//! headers are kept so that they need not be read again.
//!
//! From bytes to pixels: [`open()`] reads the header, [`Image::plan`] says which bytes a window takes,
//! [`WindowPlan::decode`] makes pixels of them. [`read_window`] does the last two at once.
//!
//! ```
//! use stacchip_cog::{
//!     Bands, Codecs, HeaderDecoder, Limits, Part, Step, WriteOptions, write_geotiff,
//! };
//! use stacchip_model::{Pixels, Window};
//!
//! let written = Pixels::from_slice([1, 2, 3], &[1u16, 2, 3, 4, 5, 6])?;
//! let file = bytes::Bytes::from(write_geotiff(&written, &WriteOptions::geotiff(), None)?);
//!
//! let mut decoder = HeaderDecoder::new(Limits::default());
//! decoder.supply(0, file.clone());
//! decoder.ends_at(file.len() as u64);
//! let Step::Done(cog) = decoder.step()? else {
//!     unreachable!("all bytes are there");
//! };
//!
//! let plan = cog.images[0].plan(0, Window::new(1, 0, 2, 2), Bands::All, Part::Pixels)?;
//! let blocks: Vec<_> = plan
//!     .ranges()?
//!     .iter()
//!     .map(|range| file.slice(range.start as usize..range.end as usize))
//!     .collect();
//! let mut window = Pixels::zeros(plan.sample(), plan.shape())?;
//! plan.decode(&blocks, &Codecs::new(), window.as_bytes_mut())?;
//! assert_eq!(window.as_slice::<u16>(), Some(&[2, 3, 5, 6][..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod block;
mod codec;
mod codecs;
mod cog;
mod compression;
mod conformance;
mod geo;
mod header;
mod header_store;
mod image;
mod level;
mod limits;
mod link;
mod merge;
mod nodata;
mod open;
mod pixels;
mod plan;
mod plan_error;
mod range_reader;
mod render;
mod sidecar;
mod stored;
mod stored_block;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod touched;
mod version;
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
pub use header_store::{HeaderStore, HeaderStoreError};
pub use image::{Band, Colour, Image};
pub use level::{BlockId, Encoding, Level, Planar, Predictor, Source};
pub use limits::Limits;
pub use link::{Link, Transfer};
pub use merge::{MergedRanges, Merging};
pub use nodata::{Nodata, NodataValue};
pub use open::{OpenError, ReadWindowError, fetch_all_tables, fetch_tables, open, read_window};
pub use plan::{Bands, Part, Strides, WindowPlan};
pub use plan_error::PlanError;
pub use range_reader::{RangeReader, ReadError, ReadErrorKind};
pub use render::Rendering;
pub use sidecar::{MapInfoTable, PagePoints, Pam, PamBand, esri_crs, rpc_of_text, world_file};
pub use stored::{NotStorable, StoredHeader, StoredHeaderError, StoredRaster, header_key};
pub use stored_block::StoredBlock;
pub use table::{BlockPlace, BlockTable};
pub use version::Version;
pub use write::{CogWriter, WriteError, WriteOptions, write_cog, write_geotiff};
