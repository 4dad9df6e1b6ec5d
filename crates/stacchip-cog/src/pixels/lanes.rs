//! Several small numbers in one word.
//!
//! Compilers find no fast way for sums of neighbours by themselves, so this does several at once:
//! pairs of lanes are added first, a multiplication by ones then sums the pairs, and taking the
//! upper lane off again gives the sums in between. Lanes have room for twice their bits, so that
//! none runs into the next.

/// Sums of eight bytes, each with all before it and with `total`; and the new total, which waits for
/// nothing but one addition, so that words can be summed at the same time.
#[inline]
pub(super) fn sums_of_8(word: u64, total: u8) -> (u64, u8) {
    let low = word & BYTES;
    let high = word >> 8 & BYTES;
    let pairs = low.wrapping_add(high).wrapping_mul(ONES_16);
    let [.., last, _] = pairs.to_le_bytes();
    let all = pairs.wrapping_add(u64::from(total).wrapping_mul(ONES_16));
    let sums = (all.wrapping_sub(high) & BYTES) | (all & BYTES) << 8;
    (sums, total.wrapping_add(last))
}

/// Sums of four 16-bit numbers, each with all before it and with `total`; and the new total.
#[inline]
pub(super) fn sums_of_16(word: u64, total: u16) -> (u64, u16) {
    let low = word & HALVES;
    let high = word >> 16 & HALVES;
    let pairs = low.wrapping_add(high).wrapping_mul(ONES_32);
    let [.., a, b, _, _] = pairs.to_le_bytes();
    let all = pairs.wrapping_add(u64::from(total).wrapping_mul(ONES_32));
    let sums = (all.wrapping_sub(high) & HALVES) | (all & HALVES) << 16;
    (sums, total.wrapping_add(u16::from_le_bytes([a, b])))
}

/// `word` with the bytes of each 16-bit number turned round.
#[inline]
pub(super) fn turned_16(word: u64) -> u64 {
    (word & BYTES) << 8 | word >> 8 & BYTES
}

const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
const HALVES: u64 = 0x0000_ffff_0000_ffff;
const ONES_16: u64 = 0x0001_0001_0001_0001;
const ONES_32: u64 = 0x0000_0001_0000_0001;
