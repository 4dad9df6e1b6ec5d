//! Deflate: zlib streams (RFC 1950; Adobe Photoshop TIFF Technical Notes).

mod inflate;
#[cfg(feature = "libdeflate")]
mod libdeflate;

#[cfg(feature = "lerc")]
pub(crate) use self::inflate::all;
use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

/// Decoder and encoder of compressions 8 and 32946, which are the same.
///
/// Bytes after the stream are passed over, and so is a stream that goes on after the block is full:
/// some writers fill up a last strip that is cut short. Where the whole block is wanted the stream's
/// checksum must be right, but need not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deflate {
    level: u8,
}

impl Deflate {
    /// Level 6, as everyone.
    pub const fn new() -> Self {
        Self { level: 6 }
    }

    /// A level from 1 (fastest) to 12 (smallest); without the feature `libdeflate`, above 9 is 9.
    pub const fn level(mut self, level: u8) -> Self {
        self.level = match level {
            0 => 1,
            1..=12 => level,
            _ => 12,
        };
        self
    }
}

/// Fills `out` from a bare stream (RFC 1951), as zip archives hold it, that makes exactly as many bytes;
/// whether it could. Without the feature `libdeflate` it never can: then such a stream is better taken
/// piece by piece.
pub fn inflate_bare(source: &[u8], out: &mut [u8]) -> bool {
    #[cfg(feature = "libdeflate")]
    return libdeflate::fill_bare(source, out);
    #[cfg(not(feature = "libdeflate"))]
    {
        let _ = (source, out);
        false
    }
}

impl Default for Deflate {
    fn default() -> Self {
        Self::new()
    }
}

impl TileDecoder for Deflate {
    fn schemes(&self) -> &[Compression] {
        &[Compression::DEFLATE, Compression::OLD_DEFLATE]
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
        let whole = block.block_bytes(DecodedOrder::Stored) == Some(out.len());
        #[cfg(feature = "libdeflate")]
        if whole && libdeflate::fill(source, out) {
            return Ok(());
        }
        // Also where libdeflate refused: it is stricter than files are, and does not fill what
        // there is room for. The answer is the same with and without it.
        inflate::fill(source, block.compression, out, whole)
    }

    #[cfg(feature = "libdeflate")]
    fn decode_first(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        wanted: usize,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        if libdeflate::fill_first(source, wanted, out) {
            return Ok(());
        }
        let wanted = wanted.min(out.len());
        self.decode(source, block, out.get_mut(..wanted).unwrap_or_default())
    }
}

impl TileEncoder for Deflate {
    fn scheme(&self) -> Compression {
        Compression::DEFLATE
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
        #[cfg(feature = "libdeflate")]
        let done = libdeflate::append(source, self.level, out);
        #[cfg(not(feature = "libdeflate"))]
        let done = inflate::append(source, self.level, out);
        done.map_err(|cause| EncodeError::Failed {
            scheme: Compression::DEFLATE,
            cause,
        })
    }
}
