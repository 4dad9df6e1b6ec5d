//! Writing GeoTIFF and Cloud Optimized GeoTIFF.
//!
//! [`CogWriter`] takes rows once, from top to bottom, and makes the overviews on the way;
//! [`write_cog`] and [`write_geotiff`] take an array. Neither does I/O of its own: bytes go to a
//! [`std::io::Write`] of the caller, blocks are compressed by a [`TileEncoder`].

mod block;
mod directory;
mod error;
mod file;
mod gdal_metadata;
mod geokeys;
mod level;
mod number;
mod options;
mod predict;
mod reduce;
mod spool;
mod workers;
mod writer;

use std::io::Write;

use stacchip_model::{Pixels, Size};

pub use error::WriteError;
pub use geokeys::{GeoCrs, GeoKey, GeoKeys};
pub use options::{
    BandLabel, BigTiff, Blocks, ExtraSample, FileLayout, Interleave, Nodata, Overviews,
    Photometric, Place, Predictor, Resampling, WriteOptions,
};
pub use spool::{MemorySpool, Spool, StreamSpool};
pub use workers::{InTurn, Workers};
pub use writer::{CogWriter, Raster};

use crate::TileEncoder;

/// Writes an array as a file laid out as `options` say, and says how many bytes it has.
///
/// `mask`, where the options ask for one, holds 0 for each pixel that is not valid:
/// `[row, column]`.
///
/// # Errors
/// [`WriteError`], as [`CogWriter::new`], [`CogWriter::push_rows`] and [`CogWriter::finish`].
pub fn write_raster(
    pixels: &Pixels,
    mask: Option<&[u8]>,
    options: &WriteOptions,
    encoder: Option<&dyn TileEncoder>,
    out: &mut dyn Write,
) -> Result<u64, WriteError> {
    let too_wide = |_| WriteError::too_large("more than 4294967295 columns or rows");
    let size = Size::new(
        u32::try_from(pixels.width()).map_err(too_wide)?,
        u32::try_from(pixels.height()).map_err(too_wide)?,
    );
    let raster = Raster {
        size,
        bands: pixels.bands(),
        sample: pixels.sample(),
    };
    let mut writer = CogWriter::new(raster, options, encoder)?;
    match mask {
        Some(mask) => writer.push_masked_rows(pixels.as_bytes(), mask)?,
        None => writer.push_rows(pixels.as_bytes())?,
    }
    writer.finish(out)
}

/// Writes an array as a Cloud Optimized GeoTIFF: the bytes of the file.
///
/// # Errors
/// [`WriteError`], as [`write_raster`].
///
/// ```
/// use stacchip_cog::{WriteOptions, write::GeoCrs, write_cog};
/// use stacchip_model::{Affine, Pixels};
///
/// let pixels = Pixels::from_slice([1, 2, 3], &[1u16, 2, 3, 4, 5, 6])?;
/// let options = WriteOptions::cog().nodata(0.0).place(
///     Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0),
///     Some(GeoCrs::Projected(32620)),
/// );
/// let file = write_cog(&pixels, &options, None)?;
/// assert!(file.starts_with(b"II*\0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_cog(
    pixels: &Pixels,
    options: &WriteOptions,
    encoder: Option<&dyn TileEncoder>,
) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let options = WriteOptions {
        layout: FileLayout::Cog,
        ..options.clone()
    };
    write_raster(pixels, None, &options, encoder, &mut out)?;
    Ok(out)
}

/// Writes an array as a plain GeoTIFF: the bytes of the file.
///
/// # Errors
/// [`WriteError`], as [`write_raster`].
pub fn write_geotiff(
    pixels: &Pixels,
    options: &WriteOptions,
    encoder: Option<&dyn TileEncoder>,
) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    let options = WriteOptions {
        layout: FileLayout::Plain,
        ..options.clone()
    };
    write_raster(pixels, None, &options, encoder, &mut out)?;
    Ok(out)
}
