//! What every decoder of blocks must do.

use crate::{BlockContext, DecodedOrder, TileDecoder};

/// Checks that `decoder` keeps the promises of [`TileDecoder`] for a block: `stored` as it is in
/// a file, `plain` as the decoder must give it.
///
/// Beginnings of the block are asked for where its order allows that; broken bytes may fail or
/// not, but must not make it fall over.
///
/// # Errors
/// What it did wrong.
pub fn check_tile_decoder(
    decoder: &dyn TileDecoder,
    stored: &[u8],
    block: &BlockContext<'_>,
    plain: &[u8],
) -> Result<(), String> {
    if !decoder.schemes().contains(&block.compression) {
        return Err(format!("{} is not among its schemes", block.compression));
    }
    let order = decoder.order(block);
    if block.block_bytes(order) != Some(plain.len()) {
        return Err(format!(
            "as {order:?} the block has {:?} bytes, {} were expected",
            block.block_bytes(order),
            plain.len()
        ));
    }
    let lengths: &[usize] = match order {
        DecodedOrder::Stored => &[0, 1, plain.len() / 2, plain.len()],
        DecodedOrder::Pixels => &[plain.len()],
    };
    for &len in lengths {
        let mut out = vec![0xa5; len];
        decoder
            .decode(stored, block, &mut out)
            .map_err(|e| format!("the first {len} bytes: {e}"))?;
        if plain.get(..len) != Some(&out) {
            return Err(format!("the first {len} bytes differ"));
        }
    }
    let mut out = vec![0; plain.len()];
    for cut in [0, 1, stored.len() / 3, stored.len() / 2] {
        let _ = decoder.decode(stored.get(..cut).unwrap_or(stored), block, &mut out);
    }
    for at in 0..stored.len().min(64) {
        let mut broken = stored.to_vec();
        if let Some(byte) = broken.get_mut(at) {
            *byte ^= 0x55;
        }
        let _ = decoder.decode(&broken, block, &mut out);
    }
    Ok(())
}
