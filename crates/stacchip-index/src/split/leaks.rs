//! Places that are in two splits.

use std::collections::HashMap;

use stacchip_model::MultiPolygon;

use super::{SplitError, checked_buffer, is_place, near::pairs, outlines::Outlines};

/// Hears of all rows of a dataset with the names of their splits, then says which leak: which share
/// ground with a row of another split.
///
/// ```
/// use stacchip_index::LeakCheck;
/// use stacchip_model::Polygon;
///
/// let chip = |west: f64| Polygon {
///     rings: vec![vec![[west, 0.0], [west + 1.0, 0.0], [west + 1.0, 1.0], [west, 1.0], [west, 0.0]]],
/// };
/// let mut check = LeakCheck::default();
/// check.push(&chip(0.0).into(), Some("train"))?;
/// check.push(&chip(1.0).into(), Some("test"))?;
/// check.push(&chip(1.5).into(), None)?;
/// check.push(&chip(1.9).into(), Some("train"))?;
/// let leaks = check.finish(0.0)?;
/// assert_eq!((leaks.checked, leaks.in_none), (3, 1));
/// assert_eq!((leaks.rows, leaks.examples), (2, vec![(1, 3)]));
/// # Ok::<(), stacchip_index::SplitError>(())
/// ```
#[derive(Debug, Default)]
pub struct LeakCheck {
    outlines: Outlines,
    splits: HashMap<String, u32>,
    /// Each outline with each split it has rows of: its first row, and how many.
    found: HashMap<(u32, u32), (u64, u64)>,
    rows: u64,
    in_none: u64,
    unplaced: u64,
}

/// What leaks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaks {
    /// Rows that were looked at: those that are in a split, and somewhere.
    pub checked: u64,
    /// Rows that are in no split.
    pub in_none: u64,
    /// Rows that are in a split, and have no outline in longitude and latitude: nobody knows whether they leak.
    pub unplaced: u64,
    /// Rows that share ground with a row of another split, or lie closer than the buffer.
    pub rows: u64,
    /// Numbers of rows that do, two by two; not all where there are many.
    pub examples: Vec<(u64, u64)>,
}

impl LeakCheck {
    /// Hears of the next row, of the split called `split`; of none where there is no name.
    ///
    /// # Errors
    /// [`SplitError::TooMany`].
    pub fn push(
        &mut self,
        footprint: &MultiPolygon,
        split: Option<&str>,
    ) -> Result<(), SplitError> {
        let row = self.rows;
        self.rows += 1;
        let Some(split) = split else {
            self.in_none += 1;
            return Ok(());
        };
        if !is_place(footprint) {
            self.unplaced += 1;
            return Ok(());
        }
        let outline = self.outlines.add(footprint)?;
        let split = if let Some(&known) = self.splits.get(split) {
            known
        } else {
            let next = u32::try_from(self.splits.len()).unwrap_or(u32::MAX);
            *self.splits.entry(split.to_owned()).or_insert(next)
        };
        self.found.entry((outline, split)).or_insert((row, 0)).1 += 1;
        Ok(())
    }

    /// What leaks, where places of two splits must be `buffer_km` apart.
    ///
    /// # Errors
    /// [`SplitError::Buffer`].
    pub fn finish(self, buffer_km: f64) -> Result<Leaks, SplitError> {
        checked_buffer(buffer_km)?;
        let mut found: Vec<Found> = self
            .found
            .into_iter()
            .map(|((outline, split), (first, rows))| Found {
                outline,
                split,
                first,
                rows,
                leaks: false,
            })
            .collect();
        found.sort_unstable_by_key(|f| (f.outline, f.first));
        let of = |found: &[Found], outline: u32| {
            let start = found.partition_point(|f| f.outline < outline);
            let end = found.partition_point(|f| f.outline <= outline);
            start..end
        };
        let mut examples = Vec::new();
        let mut tell = |a: u64, b: u64| {
            if examples.len() < EXAMPLES {
                examples.push((a.min(b), a.max(b)));
            }
        };
        // One place in two splits.
        let mut start = 0;
        while let Some(first) = found.get(start) {
            let here = of(&found, first.outline);
            if here.len() > 1 {
                tell(found[here.start].first, found[here.start + 1].first);
                for f in &mut found[here.clone()] {
                    f.leaks = true;
                }
            }
            start = here.end;
        }
        // Two places near each other.
        pairs(&self.outlines, buffer_km, |a, b| {
            let (in_a, in_b) = (of(&found, a), of(&found, b));
            let apart = found[in_a.clone()]
                .iter()
                .any(|x| found[in_b.clone()].iter().any(|y| x.split != y.split));
            if !apart || !self.outlines.near(a, b, buffer_km) {
                return;
            }
            for i in in_a {
                for j in in_b.clone() {
                    if found[i].split != found[j].split {
                        if !(found[i].leaks && found[j].leaks) {
                            tell(found[i].first, found[j].first);
                        }
                        found[i].leaks = true;
                        found[j].leaks = true;
                    }
                }
            }
        });
        examples.sort_unstable();
        Ok(Leaks {
            checked: self.rows - self.in_none - self.unplaced,
            in_none: self.in_none,
            unplaced: self.unplaced,
            rows: found.iter().filter(|f| f.leaks).map(|f| f.rows).sum(),
            examples,
        })
    }
}

struct Found {
    outline: u32,
    split: u32,
    first: u64,
    rows: u64,
    leaks: bool,
}

/// Pairs of rows that are told.
const EXAMPLES: usize = 20;
