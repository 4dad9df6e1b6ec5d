//! The least that must be done: the tiles touched, read and inflated, by the best library there is.

use std::os::unix::fs::FileExt as _;

use libdeflater::Decompressor;
use stacchip_cog::DecodedOrder;
use stacchip_model::Window;

use crate::{Failure, raster::Raster};

/// Inflates each tile that each window touches, once for each window.
pub(crate) fn inflate(raster: &mut Raster, windows: &[Window]) -> Result<(), Failure> {
    let mut inflate = Decompressor::new();
    for &window in windows {
        let plan = raster.plan(window)?;
        for block in plan.stored()? {
            let bytes = raster
                .level()
                .block_context(block.id)
                .block_bytes(DecodedOrder::Stored)
                .ok_or("a tile without size")?;
            let (file, stored, out) = raster.reading();
            let length = usize::try_from(block.range.end - block.range.start)?;
            stored.resize(length.max(stored.len()), 0);
            out.resize(bytes.max(out.len()), 0);
            file.read_exact_at(&mut stored[..length], block.range.start)?;
            inflate.zlib_decompress(&stored[..length], &mut out[..bytes])?;
        }
    }
    Ok(())
}
