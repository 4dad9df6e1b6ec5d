//! What is known of the way to a server, learned from what it has answered.

use std::time::Duration;

use crate::Merging;

/// The way to a server: how long a request takes to be answered at all, and how fast the answer
/// comes then. A value that each answer makes a little better.
///
/// It decides which ranges are worth one request. A request of *n* bytes takes a connection for
/// `round_trip + n / rate`. Two ranges that are *gap* bytes apart take it for one round trip less as
/// one request, and for `gap / rate` more: one request is better where `gap < round_trip × rate`.
/// The bound is kept between [`LEAST_GAP`](Self::LEAST_GAP) and [`MOST_GAP`](Self::MOST_GAP): where
/// the server is near, a request still costs the processor (and money) what 100 kB cost, and where
/// it is far, bytes that nobody asked for still fill a link that is shared.
///
/// ```
/// use std::time::Duration;
/// use stacchip_cog::{Link, Transfer};
///
/// let mut link = Link::default();
/// for _ in 0..50 {
///     let first_byte = Duration::from_millis(50);
///     let body = Duration::from_millis(100);
///     link = link.observed(Transfer { first_byte, body, bytes: 1_000_000 });
/// }
/// let gap = link.merging().gap_bytes; // 50 ms × 10 MB/s
/// assert!((490_000..510_000).contains(&gap));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Seconds until an answer begins.
    round_trip: f64,
    /// Bytes a second of one answer, once it has begun.
    rate: f64,
}

/// One answer, as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// From the request to the first byte of its answer.
    pub first_byte: Duration,
    /// From the first byte of its body to the last.
    pub body: Duration,
    /// Bytes of the body.
    pub bytes: u64,
}

impl Link {
    /// Ranges no further apart always go into one request, in bytes.
    pub const LEAST_GAP: u64 = 100_000;
    /// Ranges further apart never do, in bytes.
    pub const MOST_GAP: u64 = 2_000_000;
    /// Most bytes of a request made of several ranges: longer ones are better spread over
    /// connections, and a failure costs less.
    pub const REQUEST_BYTES: u64 = 8 << 20;

    /// The same, after one more answer.
    pub fn observed(mut self, seen: Transfer) -> Self {
        let first = seen.first_byte.as_secs_f64().clamp(SHORTEST, LONGEST);
        self.round_trip = nearer(self.round_trip, first);
        // Small bodies arrive with their head: they tell nothing of the rate.
        if seen.bytes >= TELLING_BYTES {
            let seconds = seen.body.as_secs_f64().max(SHORTEST);
            self.rate = nearer(self.rate, seen.bytes as f64 / seconds);
        }
        self
    }

    /// Which ranges are worth one request.
    pub fn merging(&self) -> Merging {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and a float beyond u64 saturates"
        )]
        let worth = (self.round_trip * self.rate) as u64;
        Merging {
            gap_bytes: worth.clamp(Self::LEAST_GAP, Self::MOST_GAP),
            request_bytes: Self::REQUEST_BYTES,
        }
    }

    /// How long a request for `bytes` is expected to take.
    pub fn expected(&self, bytes: u64) -> Duration {
        let seconds = self.round_trip + bytes as f64 / self.rate;
        Duration::from_secs_f64(seconds.clamp(SHORTEST, LONGEST))
    }

    /// Until an answer begins.
    pub fn round_trip(&self) -> Duration {
        Duration::from_secs_f64(self.round_trip)
    }

    /// Bytes a second of one answer.
    pub const fn rate(&self) -> f64 {
        self.rate
    }
}

impl Default for Link {
    /// What an object store in the same region is like: 30 ms, 10 MB/s a connection.
    fn default() -> Self {
        Self {
            round_trip: 0.03,
            rate: 10e6,
        }
    }
}

/// A step from `before` towards `now`, on a logarithmic scale: one outlier does not spoil it.
fn nearer(before: f64, now: f64) -> f64 {
    (before.ln() + (now.ln() - before.ln()) * WEIGHT).exp()
}

/// Weight of one answer.
const WEIGHT: f64 = 0.125;
/// Least time that is told from none, in seconds.
const SHORTEST: f64 = 1e-5;
/// Most time believed, in seconds.
const LONGEST: f64 = 60.0;
/// Least bytes of a body that tell how fast it came.
const TELLING_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_seen_the_bounds_hold(
            seen in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..50),
        ) {
            let mut link = Link::default();
            for (first, body, bytes) in seen {
                let transfer = Transfer {
                    first_byte: Duration::from_nanos(first),
                    body: Duration::from_nanos(body),
                    bytes,
                };
                link = link.observed(transfer);
                prop_assert!(link.round_trip.is_finite() && link.rate.is_finite());
                let gap = link.merging().gap_bytes;
                prop_assert!((Link::LEAST_GAP..=Link::MOST_GAP).contains(&gap));
                prop_assert!(link.expected(bytes) <= Duration::from_mins(1));
            }
        }

        #[test]
        fn it_learns_what_is_so(round_trip in 1u64..500, mega_bytes in 1u64..1000) {
            let mut link = Link::default();
            let bytes = 1 << 20;
            let seen = Transfer {
                first_byte: Duration::from_millis(round_trip),
                body: Duration::from_secs_f64(bytes as f64 / (mega_bytes as f64 * 1e6)),
                bytes,
            };
            for _ in 0..100 {
                link = link.observed(seen);
            }
            let worth = round_trip * mega_bytes * 1000;
            let gap = link.merging().gap_bytes;
            let expected = worth.clamp(Link::LEAST_GAP, Link::MOST_GAP);
            prop_assert!(gap.abs_diff(expected) <= expected / 100, "{gap} {expected}");
        }
    }

    #[test]
    fn one_outlier_changes_little() {
        let before = Link::default();
        let stalled = Transfer {
            first_byte: Duration::from_secs(10),
            body: Duration::from_secs(10),
            bytes: 100_000,
        };
        let after = before.observed(stalled);
        assert!(after.round_trip() < before.round_trip() * 3);
        assert!(after.rate() > before.rate() / 3.0);
    }
}
