//! Windows as stacchip reads them.

use stacchip_model::Window;

use crate::{Failure, raster::Raster};

/// Decodes each window into the same buffer.
pub(crate) fn decode(raster: &mut Raster, windows: &[Window]) -> Result<(), Failure> {
    for &window in windows {
        one(raster, window)?;
    }
    Ok(())
}

/// CRC-32 of the pixels of all windows.
pub(crate) fn check(raster: &mut Raster, windows: &[Window]) -> Result<u32, Failure> {
    let mut crc = crc32fast::Hasher::new();
    for &window in windows {
        let bytes = one(raster, window)?;
        crc.update(&raster.out[..bytes]);
    }
    Ok(crc.finalize())
}

fn one(raster: &mut Raster, window: Window) -> Result<usize, Failure> {
    let plan = raster.plan(window)?;
    let blocks = raster.read(&plan)?;
    let strides = plan.strides();
    let bytes = strides.band * plan.bands().len();
    if raster.out.len() < bytes {
        raster.out.resize(bytes, 0);
    }
    plan.decode_into(
        &blocks,
        &raster.codecs,
        &mut raster.scratch,
        &mut raster.out[..bytes],
        strides,
    )?;
    raster.give_back(blocks);
    Ok(bytes)
}
