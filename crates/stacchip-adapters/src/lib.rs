//! Technologies behind the ports of stacchip.
//!
//! This room knows object stores, local files, caches of what was read, PROJ, `GeoParquet`, STAC JSON and image files, each in
//! a module behind a feature of its own; none of them imports another. It takes no decision about
//! chips: what is wanted is said through the ports it implements ([`AssetOpener`], [`RangeReader`],
//! [`ObjectSink`], [`Projector`], [`IndexWriter`], [`IndexReader`], [`ChipEncoder`]), and the
//! compression schemes behind `TileDecoder` are handed on as [`codecs`].
//!
//! ```
//! # #[cfg(feature = "stac")] {
//! let text = br#"{"type": "Feature", "id": "scene", "properties": {"proj:code": "EPSG:32620"},
//!     "assets": {"red": {"href": "./red.tif"}}}"#;
//! let items = stacchip_adapters::stac::read_items(text, Some("/data/scene.json"))?;
//! let scene = &items[0].as_ref().unwrap().scene;
//! assert_eq!(scene.projection.crs, Some(stacchip_model::Crs::epsg(32620)));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`AssetOpener`]: stacchip_chip::AssetOpener
//! [`ChipEncoder`]: stacchip_chip::ChipEncoder
//! [`IndexReader`]: stacchip_index::IndexReader
//! [`IndexWriter`]: stacchip_index::IndexWriter
//! [`ObjectSink`]: stacchip::ObjectSink
//! [`Projector`]: stacchip_model::Projector
//! [`RangeReader`]: stacchip_cog::RangeReader

#[cfg(any(feature = "cache", feature = "object-store", feature = "parquet"))]
pub mod beside;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "encoders")]
pub mod encode;
#[cfg(feature = "object-store")]
pub mod object;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "proj")]
pub mod proj;
#[cfg(feature = "stac")]
pub mod stac;
#[cfg(feature = "vector")]
pub mod vector;

pub use stacchip_codecs as codecs;
