//! When the next request to a host may go.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::transport::Rate;

/// When requests to a host have gone, and when the next may. Never more than its rate allows in any
/// stretch of time, and none while the host has asked to be left alone. Nobody has a place before
/// the moment it goes: who gives up while it waits takes nobody's.
#[derive(Debug, Default)]
pub(super) struct Pace {
    rate: Option<Rate>,
    /// When the last requests went, as many as count.
    gone: VecDeque<Instant>,
    held_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    /// Lets a request go now, if it may.
    ///
    /// # Errors
    /// When it may be worth to ask again.
    pub(super) fn go(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(due) = self.due(now) {
            return Err(due);
        }
        if let Some(rate) = self.rate {
            if self.gone.len() >= most(rate) {
                self.gone.pop_front();
            }
            self.gone.push_back(now);
        }
        Ok(())
    }

    /// When the next request may go, where that is not now.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let rated = self.rate.and_then(|rate| {
            let counts = self.gone.len() >= most(rate);
            let first = self.gone.front().filter(|_| counts)?;
            Some(*first + rate.per).filter(|due| *due > now)
        });
        rated.max(self.held(now))
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

fn most(rate: Rate) -> usize {
    usize::try_from(rate.requests.get()).unwrap_or(usize::MAX)
}

/// Longest time that a host is left alone because it said so.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;

    fn pace(requests: u32, per: Duration) -> Pace {
        let requests = NonZeroU32::new(requests).unwrap();
        Pace::new(Some(Rate { requests, per }))
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_in_any_stretch(
            requests in 1u32..6,
            per in 1u64..1000,
            steps in prop::collection::vec((0u64..400, prop::option::of(0u64..3000), 1u32..5), 1..60),
        ) {
            let per = Duration::from_millis(per);
            let mut pace = pace(requests, per);
            let mut now = Instant::now();
            let mut gone: Vec<Instant> = Vec::new();
            for (pause, hold, together) in steps {
                now += Duration::from_millis(pause);
                if let Some(hold) = hold {
                    pace.hold(now, Duration::from_millis(hold));
                }
                // Each is patient until it may go; some give up.
                for _ in 0..together {
                    match pace.go(now) {
                        Ok(()) => {
                            prop_assert!(pace.held(now).is_none());
                            gone.push(now);
                        }
                        Err(due) => {
                            prop_assert!(due > now);
                            if pause % 3 != 0 {
                                now = due;
                            }
                        }
                    }
                }
            }
            for (i, first) in gone.iter().enumerate() {
                let in_it = gone.iter().skip(i).filter(|at| **at < *first + per).count();
                prop_assert!(in_it <= requests as usize);
            }
        }
    }

    #[test]
    fn who_waited_for_a_hold_to_end_goes_at_the_rate() {
        let second = Duration::from_secs(1);
        let mut pace = pace(10, second);
        let mut now = Instant::now();
        pace.hold(now, 2 * second);
        let mut gone = 0;
        let mut went = Vec::new();
        for _ in 0..4 {
            // All who still wait ask when they were told to.
            let waiting = 30 - gone;
            let asked: Vec<_> = (0..waiting).map(|_| pace.go(now)).collect();
            gone += asked.iter().filter(|may| may.is_ok()).count();
            went.push(gone);
            let next = asked.into_iter().find_map(Result::err);
            now = next.unwrap_or(now);
        }
        assert_eq!(went, [0, 10, 20, 30]);
    }

    #[test]
    fn without_a_rate_only_holds_count() {
        let mut pace = Pace::new(None);
        let now = Instant::now();
        assert_eq!(pace.go(now), Ok(()));
        pace.hold(now, Duration::from_secs(2));
        pace.hold(now, Duration::from_secs(1));
        let later = now + Duration::from_secs(2);
        assert_eq!(pace.go(now), Err(later));
        assert_eq!(pace.go(later), Ok(()));
        assert_eq!(pace.held(later), None);
        pace.hold(now, Duration::MAX);
        assert_eq!(pace.held(now), Some(now + LONGEST_HOLD));
    }
}
