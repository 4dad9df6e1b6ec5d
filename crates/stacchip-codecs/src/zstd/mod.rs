//! Zstandard (RFC 8878).

#[cfg(feature = "libzstd")]
mod libzstd;
#[cfg(not(feature = "libzstd"))]
mod pure;

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};
#[cfg(feature = "libzstd")]
use stacchip_cog::{EncodeError, TileEncoder};

/// Decoder of compression 50000 and, with the feature `libzstd`, its encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zstd {
    #[cfg(feature = "libzstd")]
    level: i32,
}

impl Zstd {
    /// Level 9, as GDAL.
    pub const fn new() -> Self {
        Self {
            #[cfg(feature = "libzstd")]
            level: 9,
        }
    }

    /// A level from 1 (fastest) to 22 (smallest).
    #[cfg(feature = "libzstd")]
    pub const fn level(mut self, level: u8) -> Self {
        self.level = match level {
            0 => 1,
            1..=22 => level as i32,
            _ => 22,
        };
        self
    }
}

/// The whole first frame, which may hold no more than `most` bytes.
#[cfg(feature = "lerc")]
pub(crate) fn all(source: &[u8], scheme: Compression, most: usize) -> Result<Vec<u8>, DecodeError> {
    let mut out = vec![0; most];
    #[cfg(feature = "libzstd")]
    let done = libzstd::fill(source, scheme, most, &mut out);
    #[cfg(not(feature = "libzstd"))]
    let done = pure::fill(source, scheme, &mut out);
    match done {
        Ok(()) => Ok(out),
        // It holds less than it may: that much, then.
        Err(DecodeError::Truncated { got, .. }) => {
            out.truncate(got);
            Ok(out)
        }
        Err(e) => Err(e),
    }
}

impl Default for Zstd {
    fn default() -> Self {
        Self::new()
    }
}

impl TileDecoder for Zstd {
    fn schemes(&self) -> &[Compression] {
        &[Compression::ZSTD]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        #[cfg(feature = "libzstd")]
        {
            let whole = block
                .block_bytes(DecodedOrder::Stored)
                .unwrap_or(out.len())
                .max(out.len());
            libzstd::fill(source, block.compression, whole, out)
        }
        #[cfg(not(feature = "libzstd"))]
        pure::fill(source, block.compression, out)
    }
}

#[cfg(feature = "libzstd")]
impl TileEncoder for Zstd {
    fn scheme(&self) -> Compression {
        Compression::ZSTD
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        libzstd::append(source, self.level, out).map_err(|what| EncodeError::Failed {
            scheme: Compression::ZSTD,
            cause: what.into(),
        })
    }
}
