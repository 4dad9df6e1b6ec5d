//! The blob inside what was compressed once more.

use std::borrow::Cow;

use stacchip_cog::{BlockContext, DecodeError, DecodedOrder};

use crate::{deflate, refusal::corrupt, zstd};

/// The LERC blob in `source`.
pub(super) fn unwrapped<'a>(
    source: &'a [u8],
    block: &BlockContext<'_>,
) -> Result<Cow<'a, [u8]>, DecodeError> {
    let scheme = block.compression;
    let added = block.lerc_parameters.map_or(NONE, |[_, added]| added);
    // No encoder makes more of a block than the block, its mask and its headers.
    let most = block
        .block_bytes(DecodedOrder::Pixels)
        .and_then(|bytes| bytes.checked_add(bytes / 3)?.checked_add(SPARE))
        .ok_or_else(|| corrupt(scheme, "a block that cannot be counted"))?;
    match added {
        NONE => Ok(Cow::Borrowed(source)),
        DEFLATE => deflate::all(source, scheme, most).map(Cow::Owned),
        ZSTD => zstd::all(source, scheme, most).map(Cow::Owned),
        other => Err(DecodeError::Unsupported {
            scheme,
            what: format!("added compression {other}"),
        }),
    }
}

const NONE: u32 = 0;
const DEFLATE: u32 = 1;
const ZSTD: u32 = 2;
const SPARE: usize = 64 << 10;
