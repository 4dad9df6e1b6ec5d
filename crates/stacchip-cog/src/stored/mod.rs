//! Headers as plain data: taken apart to be kept somewhere, put together again without a request.
//!
//! What is kept is trusted no more than a file: [`StoredHeader::rebuild`] holds it to the same
//! [`Limits`](crate::Limits) and to what the reader of headers takes for granted.

mod error;
mod properties;
mod rebuild;
mod take_apart;

use std::borrow::Cow;

use bytes::Bytes;

pub use error::{NotStorable, StoredHeaderError};
pub(crate) use take_apart::MOST_BLOCKS;

use crate::Version;

/// What is known of an object's header: all that [`open`](crate::open()) would find, all tables of
/// blocks included, as plain data.
///
/// ```
/// use stacchip_cog::{Limits, StoredHeader, WriteOptions, fetch_all_tables, open};
/// use stacchip_cog::{testing::MemoryReader, write_cog};
/// # use stacchip_model::{Pixels, SampleType};
///
/// # futures::executor::block_on(async {
/// # let pixels = Pixels::zeros(SampleType::U8, [1, 700, 700])?;
/// let file = write_cog(&pixels, &WriteOptions::cog(), None)?;
/// let reader = MemoryReader::new(file).with_etag("\"1\"");
/// let cog = open(&reader, &Limits::default()).await?;
/// fetch_all_tables(&reader, &cog).await?;
/// let stored = StoredHeader::of("s3://bucket/a.tif", &reader, &cog)?;
/// // Another day: no request is made.
/// let again = stored.rebuild(&Limits::default())?;
/// assert_eq!(again.images[0].size(), cog.images[0].size());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoredHeader {
    /// The [key](header_key) of the object's address.
    pub address: String,
    /// The version of the object that this is the header of. No other may be read with it.
    pub version: Version,
    /// The rasters of all images: by image, then by level; of a level its pixels, then its mask.
    pub rasters: Vec<StoredRaster>,
}

/// One raster of a [`StoredHeader`]: a level of an image, or the mask of one. Numbers are those of
/// the tags of TIFF.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoredRaster {
    /// The image, from 0.
    pub image: u32,
    /// The level: 0 is full resolution.
    pub level: u32,
    /// Whether it is the mask of that level.
    pub mask: bool,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Columns of a block.
    pub block_width: u32,
    /// Rows of a block.
    pub block_height: u32,
    /// Whether blocks are tiles, not strips.
    pub tiled: bool,
    /// Whether numbers are stored most significant byte first; of all rasters or of none.
    pub big_endian: bool,
    /// `Compression` (259).
    pub compression: u16,
    /// `Predictor` (317).
    pub predictor: u16,
    /// `PlanarConfiguration` (284).
    pub planar: u16,
    /// `SamplesPerPixel` (277).
    pub samples: u16,
    /// `BitsPerSample` (258).
    pub bits: u16,
    /// `SampleFormat` (339).
    pub format: u16,
    /// `PhotometricInterpretation` (262).
    pub photometric: u16,
    /// Whether bits run from least to most significant in each byte (`FillOrder` 2).
    pub lsb_first: bool,
    /// `YCbCrSubSampling` (530), horizontal and vertical.
    pub subsampling: [u16; 2],
    /// `ExtraSamples` (338).
    pub extra_samples: Vec<u16>,
    /// `JPEGTables` (347).
    pub jpeg_tables: Option<Bytes>,
    /// `LercParameters` (50674).
    pub lerc_parameters: Option<[u32; 2]>,
    /// `T4Options` (292) or `T6Options` (293).
    pub fax_options: u32,
    /// One number of the raster's type, least significant byte first: what blocks are full of that
    /// the file leaves out. Nothing stands for zero.
    pub fill: Vec<u8>,
    /// Whether pixels that are not zero are read as 255.
    pub promote: bool,
    /// Where its directory is in the object.
    pub directory: u64,
    /// Of each block the bytes between the end of the last block before it that is in the file (the
    /// start of the object for the first) and its start; 0 for a block that the file leaves out.
    /// Row-major, the planes one after another. Blocks beyond the list are left out, too.
    pub gaps: Vec<i64>,
    /// Of each block its bytes; 0 for one that the file leaves out. As many as `gaps`.
    pub lengths: Vec<u64>,
    /// What is said of the whole image, and with image 0 of the file, in words; only of level 0.
    /// The names and their values are listed in the documentation of the index's format.
    pub properties: Vec<(String, String)>,
}

/// What an address is kept under: of `http` and `https` without the query, fragment, user and
/// password, since signatures and secrets live there; any other as it is.
///
/// ```
/// use stacchip_cog::header_key;
///
/// assert_eq!(header_key("https://u:p@x.org/a.tif?sig=1"), "https://x.org/a.tif");
/// assert_eq!(header_key("/data/what?.tif"), "/data/what?.tif");
/// ```
pub fn header_key(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Cow::Borrowed(address);
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Cow::Borrowed(address);
    }
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    let host_end = place.find('/').unwrap_or(place.len());
    let (host, path) = place.split_at(host_end);
    match host.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{scheme}://{host}{path}")),
        None if place.len() == rest.len() => Cow::Borrowed(address),
        None => Cow::Owned(format!("{scheme}://{place}")),
    }
}
