//! The ports to compression schemes.

use std::{error::Error as StdError, fmt};

use thiserror::Error;

use crate::Compression;

/// Undoes one compression scheme, a block (tile or strip) at a time.
pub trait TileDecoder: Send + Sync + fmt::Debug {
    /// The schemes it undoes.
    fn schemes(&self) -> &[Compression];

    /// What its output looks like; see [`DecodedOrder`].
    fn order(&self, block: &BlockContext<'_>) -> DecodedOrder;

    /// Undoes `source` into `out`, which holds the first `out.len()` bytes of the block: all of it,
    /// or fewer where only the first rows are wanted and [`order`](Self::order) said
    /// [`DecodedOrder::Stored`]. Otherwise `out` always is the whole block.
    ///
    /// Promise: fills `out` exactly or fails; allocates no more than a small multiple of
    /// `out.len()`, whatever `source` claims; never panics; ends in bounded time.
    ///
    /// # Errors
    /// [`DecodeError`].
    fn decode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError>;

    /// Undoes the first `wanted` bytes of `source` into the beginning of `out`, which is longer
    /// where the caller has room to spare. What is there after them is not promised: a library that
    /// stops only where its room ends may be given more of it. Asked for only where
    /// [`order`](Self::order) said [`DecodedOrder::Stored`].
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_first(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        wanted: usize,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let wanted = wanted.min(out.len());
        self.decode(source, block, out.get_mut(..wanted).unwrap_or_default())
    }
}

/// Does one compression scheme; the inverse of [`TileDecoder`].
pub trait TileEncoder: Send + Sync + fmt::Debug {
    /// The scheme it does.
    fn scheme(&self) -> Compression;

    /// What its input must look like.
    fn order(&self, block: &BlockContext<'_>) -> DecodedOrder;

    /// Compresses the bytes of a whole block, appending to `out`.
    ///
    /// # Errors
    /// [`EncodeError`].
    fn encode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;
}

/// What a scheme's plain side looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecodedOrder {
    /// The bytes that the scheme was given: rows packed to whole bytes, samples of the file's bit
    /// width in the file's byte order, predictor still in force. The first rows can be had alone.
    Stored,
    /// Samples unpacked to the next whole width in native byte order, chunky
    /// (`[row, column, sample]`), without a predictor: what schemes that know pixels give.
    Pixels,
}

/// What a codec may need to know of a block beyond its bytes.
#[derive(Debug, Clone, Copy)]
pub struct BlockContext<'a> {
    /// Scheme of the block.
    pub compression: Compression,
    /// Columns of the block.
    pub width: u32,
    /// Rows of the block: of a last strip, the rows there are.
    pub height: u32,
    /// Samples a pixel in this block: 1 where the planes are separate.
    pub samples: u16,
    /// Bits of a sample in the file.
    pub bits: u16,
    /// What the bits mean.
    pub format: SampleFormat,
    /// The value of `PhotometricInterpretation` (262).
    pub photometric: u16,
    /// `YCbCrSubSampling` (530), horizontal and vertical.
    pub subsampling: (u16, u16),
    /// Whether the file is big-endian.
    pub big_endian: bool,
    /// Whether the bits of each byte run from least to most significant (`FillOrder` 2). The
    /// reader has already turned the bytes round for every scheme that is given bits.
    pub lsb_first: bool,
    /// `JPEGTables` (347): an abbreviated JPEG stream with the shared tables.
    pub jpeg_tables: Option<&'a [u8]>,
    /// `LercParameters` (50674): version, then added compression (0 none, 1 deflate, 2 zstd).
    pub lerc_parameters: Option<[u32; 2]>,
    /// `T4Options` (292) or `T6Options` (293).
    pub fax_options: u32,
    /// Which of the samples, if any, is alpha (`ExtraSamples` 1 or 2): its index.
    pub alpha: Option<u16>,
    /// Whether libtiff undoes the block a row at a time, so that nothing runs on from a row to the
    /// next: tall images in one strip, when GDAL reads them.
    pub row_by_row: bool,
}

impl BlockContext<'_> {
    /// Bytes of a row as [`DecodedOrder::Stored`]; nothing where they cannot be counted.
    pub fn stored_row_bytes(&self) -> Option<usize> {
        let bits = u64::from(self.width)
            .checked_mul(u64::from(self.samples))?
            .checked_mul(u64::from(self.bits))?;
        usize::try_from(bits.div_ceil(8)).ok()
    }

    /// Bytes of a sample as [`DecodedOrder::Pixels`]: the next of 1, 2, 4, 8, 16.
    pub const fn pixel_sample_bytes(&self) -> usize {
        match self.bits {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            33..=64 => 8,
            _ => 16,
        }
    }

    /// Bytes of the whole block in `order`; nothing where they cannot be counted.
    pub fn block_bytes(&self, order: DecodedOrder) -> Option<usize> {
        let row = match order {
            DecodedOrder::Stored => self.stored_row_bytes()?,
            DecodedOrder::Pixels => (self.width as usize)
                .checked_mul(usize::from(self.samples))?
                .checked_mul(self.pixel_sample_bytes())?,
        };
        row.checked_mul(self.height as usize)
    }
}

/// The value of the TIFF tag `SampleFormat` (339).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SampleFormat {
    /// 1: unsigned integer.
    #[default]
    Unsigned,
    /// 2: two's complement signed integer.
    Signed,
    /// 3: IEEE floating point.
    Float,
    /// 4: undefined; read as unsigned.
    Void,
    /// 5: complex integer.
    ComplexInt,
    /// 6: complex IEEE floating point.
    ComplexFloat,
}

/// Why a block could not be undone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes break the rules of the scheme.
    #[error("corrupt {scheme} data: {detail}")]
    Corrupt {
        /// The scheme.
        scheme: Compression,
        /// What is wrong, and where if known.
        detail: String,
    },
    /// The bytes end before the block is full.
    #[error("{scheme} data end early: {got} of {wanted} bytes")]
    Truncated {
        /// The scheme.
        scheme: Compression,
        /// Bytes that were to be filled.
        wanted: usize,
        /// Bytes that could be.
        got: usize,
    },
    /// The scheme, or this flavour of it, is not undone here.
    #[error("{scheme}: {what} is not supported")]
    Unsupported {
        /// The scheme.
        scheme: Compression,
        /// The flavour.
        what: String,
    },
}

/// Why a block could not be compressed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The scheme cannot hold such pixels.
    #[error("{scheme} cannot hold {what}")]
    Unsupported {
        /// The scheme.
        scheme: Compression,
        /// What it cannot hold.
        what: String,
    },
    /// The library failed.
    #[error("{scheme}: {cause}")]
    Failed {
        /// The scheme.
        scheme: Compression,
        /// What the library said.
        cause: Box<dyn StdError + Send + Sync>,
    },
}
