//! One try at one request, and whether another is worth it.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use stacchip_cog::{ReadError, ReadErrorKind};

/// A try that failed.
#[derive(Debug)]
pub(super) struct Miss<E = ReadError> {
    pub(super) error: E,
    pub(super) again: Again,
    /// How long the server asks to be left alone.
    pub(super) wait: Option<Duration>,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It will be the same.
    Never,
    /// The answer was not to the question, or nobody is there to answer: a server that is always so
    /// is told from one that was once by a few tries.
    Few,
    /// Until the deadline.
    Yes,
}

impl<E> Miss<E> {
    pub(super) const fn new(error: E, again: Again) -> Self {
        Self {
            error,
            again,
            wait: None,
        }
    }

    pub(super) const fn with_wait(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }
}

/// What a kind of failure says about trying again.
impl From<ReadError> for Miss {
    fn from(error: ReadError) -> Self {
        let again = match error.kind {
            ReadErrorKind::Transient => Again::Yes,
            ReadErrorKind::Range => Again::Few,
            _ => Again::Never,
        };
        Self::new(error, again)
    }
}

/// How long to wait before try number `tries` + 1 (from 1): twice as long each time, anywhere in the
/// upper half of it, so that those who failed together do not come back together.
pub(super) fn pause(tries: u32, random: u64) -> Duration {
    let whole = FIRST_PAUSE * 2u32.saturating_pow(tries.saturating_sub(1).min(20));
    let whole = whole.min(LONGEST_PAUSE);
    let part = (random >> 11) as f64 / (1u64 << 53) as f64;
    whole.mul_f64(f64::midpoint(part, 1.0))
}

/// A number that differs from call to call and from process to process.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Tries of what was answered wrongly, or where nobody answers.
pub(super) const FEW: u32 = 4;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_to_a_bound(tries in 1u32..100, random in any::<u64>()) {
            let whole = FIRST_PAUSE.as_secs_f64() * 2f64.powi(i32::try_from(tries.min(30)).unwrap() - 1);
            let whole = whole.min(LONGEST_PAUSE.as_secs_f64());
            let pause = pause(tries, random).as_secs_f64();
            prop_assert!(pause >= whole * 0.499 && pause <= whole * 1.001);
        }
    }

    #[test]
    fn random_numbers_differ() {
        assert_ne!(random(), random());
    }
}
