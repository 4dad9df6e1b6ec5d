//! The checksum of a blob.

/// Fletcher's sum of 32 bits over big-endian words of 16, a last odd byte the upper half of one.
///
/// Sixteen words at a time: `sums` adds each up with those of its place, `sums_of_sums` the sums, and what a word's
/// place within the sixteen makes of its weight is put right at the end of a run. Sums are kept modulo 65 535.
pub(super) fn fletcher(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (MODULUS, MODULUS);
    let (rows, rest) = bytes.as_chunks::<{ 2 * LANES }>();
    for run in rows.chunks(RUN) {
        let (mut sums, mut sums_of_sums) = ([0u32; LANES], [0u32; LANES]);
        for row in run {
            let words = row.as_chunks::<2>().0;
            for ((sum, both), word) in sums.iter_mut().zip(&mut sums_of_sums).zip(words) {
                *sum += u32::from(u16::from_be_bytes(*word));
                *both += *sum;
            }
        }
        let total: u64 = sums.iter().copied().map(u64::from).sum();
        let weighed: u64 = sums_of_sums.iter().copied().map(u64::from).sum();
        let late: u64 = (0..).zip(sums).map(|(i, sum)| i * u64::from(sum)).sum();
        let lanes = LANES as u64;
        second = folded(second + first * lanes * run.len() as u64 + lanes * weighed - late);
        first = folded(first + total);
    }
    for word in rest.chunks(2) {
        let word = match *word {
            [a, b] => u16::from_be_bytes([a, b]),
            [a] => u16::from_be_bytes([a, 0]),
            _ => 0,
        };
        first = folded(first + u64::from(word));
        second = folded(second + first);
    }
    // Both fit in 16 bits.
    u32::try_from(second << 16 | first).unwrap_or(0)
}

/// The number from 1 to 65 535 that is the same modulo 65 535; `sum` is not 0.
fn folded(mut sum: u64) -> u64 {
    while sum > MODULUS {
        sum = (sum & MODULUS) + (sum >> 16);
    }
    sum
}

const MODULUS: u64 = 0xffff;
const LANES: usize = 16;
/// Rows of sixteen words of which no sum of sums leaves 32 bits: 65 535 × 256 × 257 / 2.
const RUN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// As it is defined, a word at a time.
    fn plain(bytes: &[u8]) -> u32 {
        let (mut first, mut second) = (0xffff_u64, 0xffff_u64);
        for word in bytes.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            first = folded(first + u64::from(u16::from_be_bytes([word[0], low])));
            second = folded(second + first);
        }
        u32::try_from(second << 16 | first).unwrap()
    }

    #[test]
    fn is_the_plain_one() {
        let bytes: Vec<u8> = (0..40_000u32)
            .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        for length in [0, 1, 2, 31, 32, 33, 63, 8191, 8192, 8193, 20_000, 40_000] {
            assert_eq!(fletcher(&bytes[..length]), plain(&bytes[..length]));
        }
        let most = vec![0xff; 40_000];
        assert_eq!(fletcher(&most), plain(&most));
        assert_eq!(fletcher(&[0xab, 0xcd]), 0xabcd_abcd);
    }
}
