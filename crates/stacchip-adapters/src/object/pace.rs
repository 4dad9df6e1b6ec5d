//! When the next request to a host may go.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::transport::Rate;

/// When requests to a host have gone, and when the next may. Never more than its rate allows in any
/// stretch of time, and none while the host has asked to be left alone.
#[derive(Debug, Default)]
pub(super) struct Pace {
    rate: Option<Rate>,
    /// When the last requests go, as many as count.
    going: VecDeque<Instant>,
    held_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    /// Keeps a place for one request: when it may go, which may be now.
    pub(super) fn place(&mut self, now: Instant) -> Instant {
        let mut at = self.held_until.map_or(now, |until| until.max(now));
        let Some(rate) = self.rate else {
            return at;
        };
        let most = usize::try_from(rate.requests.get()).unwrap_or(usize::MAX);
        if self.going.len() >= most
            && let Some(first) = self.going.pop_front()
        {
            at = at.max(first + rate.per);
        }
        // Places are given in order, whatever the holds were meanwhile.
        if let Some(last) = self.going.back() {
            at = at.max(*last);
        }
        self.going.push_back(at);
        at
    }

    /// The host asks to be left alone for `wait`.
    pub(super) fn hold(&mut self, now: Instant, wait: Duration) {
        let until = now + wait.min(LONGEST_HOLD);
        self.held_until = Some(self.held_until.map_or(until, |before| before.max(until)));
    }

    /// Until when the host is left alone, where it is.
    pub(super) fn held(&self, now: Instant) -> Option<Instant> {
        self.held_until.filter(|until| *until > now)
    }
}

/// Longest time that a host is left alone because it said so.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_more_than_the_rate_in_any_stretch(
            requests in 1u32..6,
            per in 1u64..1000,
            steps in prop::collection::vec((0u64..400, prop::option::of(0u64..3000)), 1..60),
        ) {
            let per = Duration::from_millis(per);
            let rate = Rate { requests: NonZeroU32::new(requests).unwrap(), per };
            let mut pace = Pace::new(Some(rate));
            let mut now = Instant::now();
            let mut gone: Vec<Instant> = Vec::new();
            for (pause, hold) in steps {
                now += Duration::from_millis(pause);
                if let Some(hold) = hold {
                    pace.hold(now, Duration::from_millis(hold));
                }
                let at = pace.place(now);
                prop_assert!(at >= now && pace.held(now).is_none_or(|until| at >= until));
                gone.push(at);
            }
            for (i, first) in gone.iter().enumerate() {
                let in_it = gone.iter().skip(i).filter(|at| **at < *first + per).count();
                prop_assert!(in_it <= requests as usize);
            }
        }
    }

    #[test]
    fn without_a_rate_only_holds_count() {
        let mut pace = Pace::new(None);
        let now = Instant::now();
        assert_eq!(pace.place(now), now);
        pace.hold(now, Duration::from_secs(2));
        pace.hold(now, Duration::from_secs(1));
        let later = now + Duration::from_secs(2);
        assert_eq!(pace.place(now), later);
        assert_eq!(pace.held(later), None);
        pace.hold(now, Duration::MAX);
        assert_eq!(pace.held(now), Some(now + LONGEST_HOLD));
    }
}
