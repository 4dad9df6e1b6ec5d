//! The coefficients of a block of 8 x 8 samples.

use super::{
    Stop,
    huffman::{Bits, Table},
};

/// Reads a block, its first coefficient told as the difference to `before` (T.81, F.2.2); answers in
/// rows, multiplied with `quantization`.
pub(super) fn block(
    bits: &mut Bits<'_>,
    dc: &Table,
    ac: &Table,
    quantization: &[i64; 64],
    before: &mut i64,
) -> Result<[i64; 64], Stop> {
    let mut block = [0; 64];
    let mut set = |zigzag: usize, value: i64| {
        let by = quantization.get(zigzag).copied().unwrap_or_default();
        let place = ZIGZAG.get(zigzag).copied().unwrap_or_default();
        if let Some(coefficient) = block.get_mut(usize::from(place)) {
            *coefficient = value * by;
        }
    };
    let size = u32::from(dc.symbol(bits)?);
    if size > 16 {
        return Err(Stop::NoCode);
    }
    // Differences may add up without end in broken data: then it goes round, as 16 bits do.
    *before = (*before + bits.value(size)?) % (1 << 24);
    set(0, *before);
    let mut zigzag = 1;
    while zigzag < 64 {
        let symbol = ac.symbol(bits)?;
        let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 0xF));
        if size == 0 {
            if zeros < 15 {
                break;
            }
            zigzag += 16;
            continue;
        }
        zigzag += zeros;
        let value = bits.value(size)?;
        set(zigzag.min(63), value);
        zigzag += 1;
    }
    Ok(block)
}

/// Place in rows of each coefficient in the order they are told (T.81, figure 5).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
