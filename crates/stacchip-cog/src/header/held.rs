//! Bytes of an object that are at hand, in pages.

use std::{collections::BTreeMap, ops::Range};

use bytes::{Bytes, BytesMut};

/// Pieces of an object by where they start; they neither overlap nor touch unless they must.
///
/// What is wanted is always rounded to whole pages, so which bytes end up here follows from the
/// object alone and not from the pieces in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    page: u64,
    end: Option<u64>,
    pieces: BTreeMap<u64, Bytes>,
    total: u64,
}

impl Pages {
    /// No bytes yet; `page` is rounded up to a power of two.
    pub(crate) fn new(page: u64) -> Self {
        Self {
            page: page.clamp(1, 1 << 30).next_power_of_two(),
            end: None,
            pieces: BTreeMap::new(),
            total: 0,
        }
    }

    /// Keeps `bytes`, which start at `offset`; what is there already stays as it is.
    pub(crate) fn supply(&mut self, offset: u64, bytes: &Bytes) {
        let mut at = offset;
        let stop = offset.saturating_add(bytes.len() as u64);
        while at < stop {
            if let Some((start, piece)) = self.pieces.range(..=at).next_back() {
                let end = start.saturating_add(piece.len() as u64);
                if at < end {
                    at = end;
                    continue;
                }
            }
            let next = self
                .pieces
                .range(at..)
                .next()
                .map_or(stop, |(&start, _)| start.min(stop));
            let (Ok(from), Ok(to)) = (usize::try_from(at - offset), usize::try_from(next - offset))
            else {
                return;
            };
            if let Some(new) = (to <= bytes.len() && from < to).then(|| bytes.slice(from..to)) {
                self.total = self.total.saturating_add(new.len() as u64);
                self.pieces.insert(at, new);
            }
            at = next;
        }
    }

    /// The object has no byte at `end` or after it.
    pub(crate) fn ends_at(&mut self, end: u64) {
        self.end = Some(self.end.map_or(end, |old| old.min(end)));
    }

    /// Where the object ends, where known.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Bytes held.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The bytes of `range`, where all of them are at hand.
    pub(crate) fn bytes(&self, range: &Range<u64>) -> Option<Bytes> {
        if range.is_empty() {
            return Some(Bytes::new());
        }
        let (start, piece) = self.pieces.range(..=range.start).next_back()?;
        let skip = usize::try_from(range.start.checked_sub(*start)?).ok()?;
        let len = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        if let Some(end) = skip.checked_add(len)
            && end <= piece.len()
        {
            return Some(piece.slice(skip..end));
        }
        if !self.missing(range).is_empty() {
            return None;
        }
        let mut joined = BytesMut::with_capacity(len);
        let mut at = range.start;
        while at < range.end {
            let (start, piece) = self.pieces.range(..=at).next_back()?;
            let from = usize::try_from(at.checked_sub(*start)?).ok()?;
            let rest = piece.get(from..).filter(|r| !r.is_empty())?;
            let take = rest.len().min(len.checked_sub(joined.len())?);
            joined.extend_from_slice(rest.get(..take)?);
            at = at.checked_add(take as u64)?;
        }
        Some(joined.freeze())
    }

    /// What is at hand of `range`, in pieces.
    pub(crate) fn pieces(&self, range: &Range<u64>) -> Vec<(u64, Bytes)> {
        let first = self
            .pieces
            .range(..=range.start)
            .next_back()
            .map_or(range.start, |(&start, _)| start);
        if range.is_empty() {
            return Vec::new();
        }
        self.pieces
            .range(first..range.end)
            .filter_map(|(&start, piece)| {
                let from = range.start.max(start);
                let to = range.end.min(start.saturating_add(piece.len() as u64));
                if from >= to {
                    return None;
                }
                let (a, b) = (
                    usize::try_from(from.checked_sub(start)?).ok()?,
                    usize::try_from(to.checked_sub(start)?).ok()?,
                );
                Some((from, piece.slice(a..b)))
            })
            .collect()
    }

    /// What is at hand of the whole pages around `ranges`, and nothing else.
    pub(crate) fn within(&self, ranges: &[Range<u64>]) -> Self {
        let mut pages = Self {
            end: self.end,
            ..Self::new(self.page)
        };
        for range in merged(ranges.iter().map(|r| self.paged(r)).collect()) {
            for (at, bytes) in self.pieces(&range) {
                pages.supply(at, &bytes);
            }
        }
        pages
    }

    /// `range` as far as it lies inside the object.
    pub(crate) fn clip(&self, range: &Range<u64>) -> Range<u64> {
        let end = self.end.unwrap_or(u64::MAX);
        range.start.min(end)..range.end.min(end)
    }

    /// The parts of `range` that are not at hand.
    pub(crate) fn missing(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let range = self.clip(range);
        let mut gaps = Vec::new();
        let mut at = range.start;
        if let Some((start, piece)) = self.pieces.range(..=at).next_back() {
            at = at.max(start.saturating_add(piece.len() as u64));
        }
        while at < range.end {
            let Some((&start, piece)) = self.pieces.range(at..range.end).next() else {
                gaps.push(at..range.end);
                break;
            };
            if start > at {
                gaps.push(at..start);
            }
            at = start.saturating_add(piece.len() as u64);
        }
        gaps
    }

    /// The whole pages around `range`.
    pub(crate) fn paged(&self, range: &Range<u64>) -> Range<u64> {
        let mask = self.page - 1;
        (range.start & !mask)..range.end.saturating_add(mask) & !mask
    }
}

/// Sorts `ranges` and joins those that touch.
pub(crate) fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|r| !r.is_empty());
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_in_any_order_give_the_same_bytes(
            pieces in proptest::collection::vec((0u64..300, 0usize..80), 0..20),
            start in 0u64..300, len in 0u64..100,
        ) {
            let whole: Vec<u8> = (0..400u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let mut pages = Pages::new(16);
            let mut known = vec![false; 400];
            for (at, len) in pieces {
                let from = usize::try_from(at).unwrap();
                pages.supply(at, &Bytes::copy_from_slice(&whole[from..from + len]));
                known[from..from + len].fill(true);
            }
            let range = start..start + len;
            let (a, b) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
            let all = known[a..b].iter().all(|k| *k);
            prop_assert_eq!(pages.bytes(&range).map(|b| b.to_vec()), all.then(|| whole[a..b].to_vec()));
            let mut gaps = vec![true; 400];
            for gap in pages.missing(&range) {
                gaps[usize::try_from(gap.start).unwrap()..usize::try_from(gap.end).unwrap()].fill(false);
            }
            prop_assert_eq!(&gaps[a..b], &known[a..b]);
            prop_assert_eq!(pages.total(), known.iter().filter(|k| **k).count() as u64);
        }
    }

    #[test]
    fn pages_are_whole() {
        let pages = Pages::new(1000);
        assert_eq!(pages.paged(&(5..6)), 0..1024);
        assert_eq!(pages.paged(&(1024..2049)), 1024..3072);
    }
}
