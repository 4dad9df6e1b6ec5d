//! Several small numbers in one word.
//!
//! Compilers find no fast way for sums of neighbours by themselves, so this does several at once:
//! pairs of lanes are added first, a multiplication by ones then sums the pairs, and taking the
//! upper lane off again gives the sums in between. Lanes have room for twice their bits, so that
//! none runs into the next.

/// Sums of eight bytes, each with all before it and with `total`; the last is the new total.
#[inline]
pub(super) fn sums_of_8(word: u64, total: u8) -> u64 {
    let low = word & BYTES;
    let high = word >> 8 & BYTES;
    let start = u64::from(total).wrapping_mul(ONES_16);
    let pairs = low
        .wrapping_add(high)
        .wrapping_mul(ONES_16)
        .wrapping_add(start);
    (pairs.wrapping_sub(high) & BYTES) | (pairs & BYTES) << 8
}

/// Sums of four 16-bit numbers, each with all before it and with `total`; the last is the new
/// total.
#[inline]
pub(super) fn sums_of_16(word: u64, total: u16) -> u64 {
    let low = word & HALVES;
    let high = word >> 16 & HALVES;
    let start = u64::from(total).wrapping_mul(ONES_32);
    let pairs = low
        .wrapping_add(high)
        .wrapping_mul(ONES_32)
        .wrapping_add(start);
    (pairs.wrapping_sub(high) & HALVES) | (pairs & HALVES) << 16
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
