//! Which ranges of an object are worth one request.

use std::{cmp::Reverse, ops::Range};

use bytes::Bytes;

/// What a request may be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging {
    /// Ranges at most this many bytes apart go into one request; those that touch or overlap do
    /// with 0.
    pub gap_bytes: u64,
    /// No request made of several ranges is longer than this.
    pub request_bytes: u64,
}

/// Ranges of one object as the requests they become, and the way back.
///
/// ```
/// use stacchip_cog::{MergedRanges, Merging};
///
/// let rule = Merging { gap_bytes: 10, request_bytes: 1000 };
/// let merged = MergedRanges::new(&[100..120, 0..50, 125..130], rule);
/// assert_eq!(merged.requests(), [0..50, 100..130]);
/// let object: bytes::Bytes = (0..200).collect::<Vec<u8>>().into();
/// let bodies = [object.slice(0..50), object.slice(100..130)];
/// assert_eq!(merged.cut(&bodies)[2], object.slice(125..130));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedRanges {
    requests: Vec<Range<u64>>,
    /// For each range asked for: its request, where it starts there, and its length.
    places: Vec<(usize, u64, u64)>,
}

impl MergedRanges {
    /// The requests that `ranges`, in any order, become; empty ones take none.
    pub fn new(ranges: &[Range<u64>], rule: Merging) -> Self {
        let mut order: Vec<(usize, &Range<u64>)> = ranges
            .iter()
            .enumerate()
            .filter(|(_, range)| range.start < range.end)
            .collect();
        // Of those that start together the longest first: it holds the others.
        order.sort_by_key(|(_, range)| (range.start, Reverse(range.end)));
        let mut requests: Vec<Range<u64>> = Vec::new();
        let mut places = vec![(0, 0, 0); ranges.len()];
        for (i, range) in order {
            if let Some(last) = requests.last_mut()
                && fits(last, range, rule)
            {
                last.end = last.end.max(range.end);
            } else {
                requests.push(range.clone());
            }
            let at = requests.len() - 1;
            let start = requests.last().map_or(0, |request| request.start);
            if let Some(place) = places.get_mut(i) {
                *place = (at, range.start - start, range.end - range.start);
            }
        }
        Self { requests, places }
    }

    /// What to ask for, by where it starts.
    pub fn requests(&self) -> &[Range<u64>] {
        &self.requests
    }

    /// The bytes of each range asked for, out of `bodies`, those of each request. Where an object
    /// ends within a request, the ranges there are cut as short as it is.
    pub fn cut(&self, bodies: &[Bytes]) -> Vec<Bytes> {
        let cut = |&(request, from, len): &(usize, u64, u64)| {
            let Some(body) = bodies.get(request).filter(|_| len > 0) else {
                return Bytes::new();
            };
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(body.len());
            body.slice(at(from)..at(from.saturating_add(len)))
        };
        self.places.iter().map(cut).collect()
    }
}

/// Whether `range`, which starts no earlier, joins `request`.
fn fits(request: &Range<u64>, range: &Range<u64>, rule: Merging) -> bool {
    if range.end <= request.end {
        return true;
    }
    range.start <= request.end.saturating_add(rule.gap_bytes)
        && range.end - request.start <= rule.request_bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn merged_ranges_give_the_same_bytes(
            object in prop::collection::vec(any::<u8>(), 0..300),
            ranges in prop::collection::vec((0u64..320, 0u64..80), 0..20),
            gap_bytes in 0u64..60,
            request_bytes in 0u64..200,
        ) {
            let object = Bytes::from(object);
            let ranges: Vec<_> = ranges.into_iter().map(|(s, n)| s..s + n).collect();
            let of = |range: &Range<u64>| {
                let at = |n: u64| usize::try_from(n).unwrap().min(object.len());
                object.slice(at(range.start)..at(range.end))
            };
            let merged = MergedRanges::new(&ranges, Merging { gap_bytes, request_bytes });
            let bodies: Vec<_> = merged.requests().iter().map(of).collect();
            let expected: Vec<_> = ranges.iter().map(of).collect();
            prop_assert_eq!(merged.cut(&bodies), expected);

            let longest = ranges.iter().map(|r| r.end - r.start).max().unwrap_or(0);
            let mut over_read = 0;
            for pair in merged.requests().windows(2) {
                prop_assert!(pair[0].start < pair[1].start);
            }
            for request in merged.requests() {
                let len = request.end - request.start;
                prop_assert!(0 < len && len <= request_bytes.max(longest));
                let wanted = (request.start..request.end)
                    .filter(|at| ranges.iter().any(|r| r.contains(at)));
                over_read += len - wanted.count() as u64;
            }
            prop_assert!(merged.requests().len() <= ranges.len());
            prop_assert!(over_read <= gap_bytes * ranges.len() as u64);
        }

        #[test]
        fn what_is_not_joined_is_too_far_or_too_long(
            ranges in prop::collection::vec((0u64..1000, 1u64..80), 1..20),
            gap_bytes in 0u64..100,
        ) {
            let ranges: Vec<_> = ranges.into_iter().map(|(s, n)| s..s + n).collect();
            let rule = Merging { gap_bytes, request_bytes: u64::MAX };
            let merged = MergedRanges::new(&ranges, rule);
            for pair in merged.requests().windows(2) {
                prop_assert!(pair[1].start > pair[0].end + gap_bytes);
            }
        }
    }

    #[test]
    fn the_ends_of_numbers_are_no_trouble() {
        let rule = Merging {
            gap_bytes: u64::MAX,
            request_bytes: u64::MAX,
        };
        let merged = MergedRanges::new(&[u64::MAX - 1..u64::MAX, 0..1, 5..5], rule);
        assert_eq!(merged.requests().first(), Some(&(0..u64::MAX)));
        assert_eq!(merged.requests().len(), 1);
        let answers = merged.cut(&[Bytes::from_static(b"x")]);
        assert_eq!(answers, ["", "x", ""]);
    }
}
