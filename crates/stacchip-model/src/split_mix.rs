//! Numbers drawn from a seed.

/// Numbers drawn from a seed, the same of the same on every machine: `SplitMix64` (G. L. Steele, D. Lea,
/// C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The numbers of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one: any of 2⁶⁴.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_come() {
        // The first of the authors' own program for the seed 0.
        assert_eq!(SplitMix::new(0).draw(), 0xe220_a839_7b1d_cdaf);
        let mut numbers = SplitMix::new(7);
        let mut same = numbers.clone();
        let first = numbers.draw();
        assert_eq!(same.draw(), first);
        assert_ne!(numbers.draw(), first);
    }
}
