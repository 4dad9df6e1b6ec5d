//! The blocks that a window takes, and whether they are too many.

use stacchip_model::Window;

use crate::{BlockId, Compression, Level, Limits, PlanError, Planar};

/// The blocks of `level` that hold `bands` of `window`, by number, within `limits`.
pub(crate) fn touched(
    level: &Level,
    window: Window,
    bands: &[usize],
    limits: &Limits,
) -> Result<Vec<BlockId>, PlanError> {
    let outside = || PlanError::Outside {
        window,
        width: level.size.width,
        height: level.size.height,
    };
    let index = |at: i64, size: u32| -> Result<u32, PlanError> {
        at.checked_div(i64::from(size))
            .and_then(|i| u32::try_from(i).ok())
            .ok_or_else(outside)
    };
    let first_across = index(window.col, level.block.width)?;
    let last_across = index(window.col_end().saturating_sub(1), level.block.width)?;
    let first_down = index(window.row, level.block.height)?;
    let last_down = index(window.row_end().saturating_sub(1), level.block.height)?;
    let mut planes: Vec<usize> = match level.encoding.planar {
        Planar::Chunky => bands.first().map(|_| 0).into_iter().collect(),
        // A rendered pixel takes all planes.
        Planar::Separate if level.is_rendered_apart() => (0..level.bands()).collect(),
        Planar::Separate => bands.to_vec(),
    };
    planes.sort_unstable();
    planes.dedup();
    let count = (u64::from(last_across) - u64::from(first_across) + 1)
        .saturating_mul(u64::from(last_down) - u64::from(first_down) + 1)
        .saturating_mul(planes.len() as u64);
    check("blocks", "window_blocks", count, limits.window_blocks)?;
    if level.encoding.compression != Compression::NONE {
        let rows = (first_down..=last_down)
            .filter_map(|down| undone_rows(level, window, down))
            .fold(0u64, u64::saturating_add);
        let row = level.block_context(BlockId(0)).stored_row_bytes();
        let bytes = row
            .map_or(u64::MAX, |row| row as u64)
            .saturating_mul(rows)
            .saturating_mul(u64::from(last_across) - u64::from(first_across) + 1)
            .saturating_mul(planes.len() as u64);
        check(
            "bytes to decompress",
            "window_decoded_bytes",
            bytes,
            limits.window_decoded_bytes,
        )?;
    }
    let mut blocks = Vec::new();
    for plane in planes {
        for down in first_down..=last_down {
            for across in first_across..=last_across {
                blocks.push(level.block_at(across, down, plane).ok_or_else(outside)?);
            }
        }
    }
    Ok(blocks)
}

/// How many rows of the blocks in the row of blocks `down` are decompressed for `window`: up to its last,
/// or all where a scheme knows pictures only.
fn undone_rows(level: &Level, window: Window, down: u32) -> Option<u64> {
    let top = u64::from(down).checked_mul(u64::from(level.block.height))?;
    let height = if level.tiled {
        u64::from(level.block.height)
    } else {
        u64::from(level.block.height).min(u64::from(level.size.height).checked_sub(top)?)
    };
    let wanted = u64::try_from(window.row_end()).ok()?.checked_sub(top)?;
    let streams = matches!(
        level.encoding.compression,
        Compression::LZW
            | Compression::DEFLATE
            | Compression::OLD_DEFLATE
            | Compression::ZSTD
            | Compression::LZMA
            | Compression::PACKBITS
    );
    Some(if streams { height.min(wanted) } else { height })
}

/// Whether `value` is within `limit`.
pub(crate) fn check(
    what: &'static str,
    name: &'static str,
    value: u64,
    limit: u64,
) -> Result<(), PlanError> {
    if value > limit {
        return Err(PlanError::Limit {
            what,
            name,
            value,
            limit,
        });
    }
    Ok(())
}
