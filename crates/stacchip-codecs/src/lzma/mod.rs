//! LZMA2 in an xz container, as libtiff writes it.

mod container;

use std::io::Read as _;

use lzma_rust2::Lzma2Reader;
use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

use self::container::Block;
use crate::refusal::{corrupt, truncated};

/// Decoder of compression 34925.
///
/// The container's checksums stand after the data and are not looked at, as in libtiff, which stops
/// where the block is full.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lzma;

impl TileDecoder for Lzma {
    fn schemes(&self) -> &[Compression] {
        &[Compression::LZMA]
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
        let scheme = block.compression;
        if out.is_empty() {
            return Ok(());
        }
        let Block {
            delta,
            dictionary,
            data,
        } = Block::read(source, scheme)?;
        // No match reaches back before the first byte, so a dictionary as large as the output will
        // do; writers ask for 8 MiB whatever the block.
        let needed = u32::try_from(out.len()).unwrap_or(u32::MAX);
        let mut unpacked = Lzma2Reader::new(data, dictionary.min(needed), None);
        let mut at = 0;
        while let Some(rest) = out.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match unpacked.read(rest) {
                Ok(0) => return Err(truncated(scheme, out.len(), at)),
                Ok(got) => at += got,
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Err(truncated(scheme, out.len(), at));
                }
                Err(e) => return Err(corrupt(scheme, e)),
            }
        }
        if let Some(distance) = delta {
            for at in distance..out.len() {
                let before = out.get(at - distance).copied().unwrap_or_default();
                if let Some(byte) = out.get_mut(at) {
                    *byte = byte.wrapping_add(before);
                }
            }
        }
        Ok(())
    }
}
