//! What people type to have an index made.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AddressArgs, GridArgs};

/// `stacchip index`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip index scene/item.json -o index.parquet\n  stacchip index items.ndjson -o index.parquet --stats none --no-headers\n  stacchip index items.parquet -o dataset/\n  stacchip index https://example.org/item.json -o index.parquet --max-nodata 0.1 --chip-size 224 --stride 112"
)]
pub struct IndexArgs {
    /// STAC items: an Item, an `ItemCollection`, newline-delimited items, a stac-geoparquet; paths, addresses, folders, globs, `-`.
    #[arg(required = true, value_name = "ITEM")]
    pub items: Vec<String>,
    /// The index: a file ending in .parquet, or a folder with one file an item.
    #[arg(short, long, value_name = "INDEX")]
    pub output: String,
    /// Rule for cloud and nodata: auto, none, landsat-qa, sentinel-2-scl, modis-qc, nodata[:ASSET[:BAND[=VALUE]]], mask[:ASSET].
    #[arg(long, value_name = "RULE", default_value = "auto")]
    pub stats: String,
    /// A file of rules of your own.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Grid of chips.
    #[command(flatten)]
    pub grid: GridArgs,
    /// Greatest share of nodata that a chip may have; chips above it are dropped.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.5)]
    pub max_nodata: f64,
    /// Read no raster's header: the item must say its reference system, shape and transform itself.
    #[arg(long)]
    pub no_headers: bool,
    /// Addresses.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// How a folder is laid out: a table an item, or index/PLATFORM/ITEM/index_ITEM.parquet as the Python package has it.
    #[arg(long, value_enum, default_value_t = LayoutArg::Dataset)]
    pub layout: LayoutArg,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// How a folder of tables is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// A table an item, items and headers beside.
    Dataset,
    /// As the Python package lays them out.
    Upstream,
}
