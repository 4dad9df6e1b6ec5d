//! Headers of assets as a Parquet table: one row a raster (a level of an image, or a mask).
//!
//! The columns are those of [`StoredRaster`], with the item and the asset it is of, the address of
//! the object and its version. Tables of others are read as well, as far as they have the columns
//! that cannot be done without.

mod columns;
mod concat;
mod read;
mod tables;
#[cfg(test)]
mod tests;
mod write;

#[cfg(doc)]
use stacchip_cog::StoredRaster;

pub use concat::merge_headers;
pub use read::ParquetHeaders;
pub use tables::HeaderTables;
pub use write::HeaderTableEncoder;

/// Where the headers of the index at `index` stand: `X.parquet` → `X.headers.pq`. The ending is
/// another than the index's, so that a pattern of all tables in a folder never takes one for chips.
pub fn headers_address(index: &str) -> String {
    let stem = index
        .strip_suffix(".parquet")
        .or_else(|| index.strip_suffix(".geoparquet"))
        .unwrap_or(index);
    format!("{stem}.headers.pq")
}

/// Names of columns.
mod names {
    pub(super) const ITEM_ID: &str = "item_id";
    pub(super) const ASSET: &str = "asset";
    pub(super) const ADDRESS: &str = "address";
    pub(super) const ETAG: &str = "etag";
    pub(super) const SIZE: &str = "size";
    pub(super) const MODIFIED: &str = "modified";
    pub(super) const IMAGE: &str = "image";
    pub(super) const LEVEL: &str = "level";
    pub(super) const MASK: &str = "mask";
    pub(super) const WIDTH: &str = "width";
    pub(super) const HEIGHT: &str = "height";
    pub(super) const BLOCK_WIDTH: &str = "block_width";
    pub(super) const BLOCK_HEIGHT: &str = "block_height";
    pub(super) const TILED: &str = "tiled";
    pub(super) const BIG_ENDIAN: &str = "big_endian";
    pub(super) const COMPRESSION: &str = "compression";
    pub(super) const PREDICTOR: &str = "predictor";
    pub(super) const PLANAR: &str = "planar";
    pub(super) const SAMPLES: &str = "samples";
    pub(super) const BITS: &str = "bits";
    pub(super) const FORMAT: &str = "format";
    pub(super) const PHOTOMETRIC: &str = "photometric";
    pub(super) const LSB_FIRST: &str = "lsb_first";
    pub(super) const SUBSAMPLING_X: &str = "subsampling_x";
    pub(super) const SUBSAMPLING_Y: &str = "subsampling_y";
    pub(super) const EXTRA_SAMPLES: &str = "extra_samples";
    pub(super) const JPEG_TABLES: &str = "jpeg_tables";
    pub(super) const LERC_VERSION: &str = "lerc_version";
    pub(super) const LERC_COMPRESSION: &str = "lerc_compression";
    pub(super) const FAX_OPTIONS: &str = "fax_options";
    pub(super) const FILL: &str = "fill";
    pub(super) const PROMOTE: &str = "promote";
    pub(super) const DIRECTORY: &str = "directory";
    pub(super) const GAPS: &str = "gaps";
    pub(super) const LENGTHS: &str = "lengths";
    pub(super) const PROPERTIES: &str = "properties";
}

/// The key of the format's version in the metadata of a table.
const VERSION_KEY: &str = "stacchip:headers_version";

/// The version of the format that is written. A table of another is not read: its headers are read
/// from the objects themselves.
const VERSION: &str = "1";
