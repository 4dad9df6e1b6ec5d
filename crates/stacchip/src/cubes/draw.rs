//! Which chip comes when.

use stacchip_model::SplitMix;

use super::mersenne::Mersenne;

/// The order in which the chips of a list go into cubes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Draw {
    /// As they stand in the list.
    #[default]
    InOrder,
    /// Every chip once, in an order drawn by a seed.
    Shuffled(u64),
    /// As upstream: as many draws as there are chips, each of any chip, with numpy's old generator and
    /// this seed. Some 37 % of the chips are never drawn.
    WithReplacement(u32),
}

impl Draw {
    /// The places in a list of `count` chips, in the order in which they go into cubes.
    pub fn places(self, count: u32) -> Vec<u32> {
        match self {
            Self::InOrder => (0..count).collect(),
            Self::Shuffled(seed) => {
                let mut places: Vec<u32> = (0..count).collect();
                let mut numbers = SplitMix::new(seed);
                // R. Durstenfeld, "Algorithm 235: random permutation", CACM 7 (1964).
                for last in (1..places.len()).rev() {
                    places.swap(last, up_to(last, &mut numbers));
                }
                places
            }
            Self::WithReplacement(seed) => {
                let mut numbers = Mersenne::new(seed);
                (0..count).map(|_| numbers.below(count)).collect()
            }
        }
    }

    /// What it is called in a plan.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InOrder => "in-order",
            Self::Shuffled(_) => "shuffled",
            Self::WithReplacement(_) => "with-replacement",
        }
    }

    /// The seed, where something is drawn.
    pub fn seed(self) -> Option<u64> {
        match self {
            Self::InOrder => None,
            Self::Shuffled(seed) => Some(seed),
            Self::WithReplacement(seed) => Some(seed.into()),
        }
    }
}

/// A number from 0 to `last`, every one as likely: bits enough, drawn again where too large.
fn up_to(last: usize, numbers: &mut SplitMix) -> usize {
    let last = last as u64;
    let mask = u64::MAX >> last.leading_zeros().min(63);
    loop {
        let drawn = numbers.draw() & mask;
        if drawn <= last {
            return usize::try_from(drawn).unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_chip_comes_once(count in 0u32..3000, seed: u64) {
            let mut places = Draw::Shuffled(seed).places(count);
            prop_assert_eq!(&places, &Draw::Shuffled(seed).places(count));
            places.sort_unstable();
            prop_assert_eq!(places, Draw::InOrder.places(count));
        }
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(Draw::Shuffled(1).places(100), Draw::Shuffled(2).places(100));
        assert_ne!(Draw::Shuffled(1).places(100), Draw::InOrder.places(100));
    }

    #[test]
    fn upstream_draws_some_again() {
        // numpy.random.seed(42); numpy.random.randint(0, 7, 7)
        assert_eq!(Draw::WithReplacement(42).places(7), [6, 3, 4, 6, 2, 4, 4]);
        let mut drawn = Draw::WithReplacement(42).places(10_000);
        drawn.sort_unstable();
        drawn.dedup();
        assert!((6200..6450).contains(&drawn.len()), "{}", drawn.len());
        assert!(Draw::WithReplacement(42).places(0).is_empty());
    }
}
