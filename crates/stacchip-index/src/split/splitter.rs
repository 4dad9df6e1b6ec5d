//! Rows in, a split for each out.

use std::collections::HashMap;

use stacchip_model::MultiPolygon;

use super::{
    Split, SplitBy, SplitError, SplitOptions,
    assign::{Group, assign},
    blocks::block_at,
    checked_buffer, is_place,
    near::pairs,
    outlines::Outlines,
};
use crate::ground_cell::{GroundCell, centre};

/// Hears of all rows of a dataset, then says which split each is in.
///
/// Memory: some hundred bytes for each place, and eight for each row.
///
/// ```
/// use stacchip_index::{Split, SplitBy, SplitOptions, Splitter};
/// use stacchip_model::Polygon;
///
/// let mut splitter = Splitter::new(SplitOptions {
///     shares: [0.5, 0.0, 0.5],
///     by: SplitBy::Block(5.0),
///     ..SplitOptions::default()
/// })?;
/// let chip = |west: f64| Polygon {
///     rings: vec![vec![[west, 0.0], [west + 0.02, 0.0], [west + 0.02, 0.02], [west, 0.02], [west, 0.0]]],
/// };
/// for west in [10.0, 10.0, 20.0] {
///     splitter.push(&chip(west).into(), "")?;
/// }
/// let plan = splitter.finish();
/// // One place is in one split, at every date.
/// assert_eq!(plan.split(0), plan.split(1));
/// assert_ne!(plan.split(0), plan.split(2));
/// # Ok::<(), stacchip_index::SplitError>(())
/// ```
#[derive(Debug)]
pub struct Splitter {
    options: SplitOptions,
    outlines: Outlines,
    /// Of each row its outline and its stratum.
    rows: Vec<(u32, u32)>,
    strata: HashMap<String, u32>,
}

impl Splitter {
    /// A splitter as `options` say.
    ///
    /// # Errors
    /// [`SplitError::Shares`], [`SplitError::Buffer`].
    pub fn new(options: SplitOptions) -> Result<Self, SplitError> {
        let [train, val, test] = options.shares;
        let fine = options.shares.iter().all(|s| s.is_finite() && *s >= 0.0);
        if !fine || options.shares.iter().all(|s| *s == 0.0) {
            return Err(SplitError::Shares(train, val, test));
        }
        checked_buffer(options.buffer_km)?;
        Ok(Self {
            options,
            outlines: Outlines::default(),
            rows: Vec::new(),
            strata: HashMap::new(),
        })
    }

    /// Hears of the next row. Splits are balanced within each `stratum`; all rows may be of one.
    ///
    /// # Errors
    /// [`SplitError::Nowhere`] where it has no outline; [`SplitError::TooMany`].
    pub fn push(&mut self, footprint: &MultiPolygon, stratum: &str) -> Result<(), SplitError> {
        if !is_place(footprint) {
            return Err(SplitError::Nowhere(self.rows.len() as u64));
        }
        let outline = self.outlines.add(footprint)?;
        let stratum = if let Some(&known) = self.strata.get(stratum) {
            known
        } else {
            let next = self.strata.len();
            let next = u32::try_from(next).map_err(|_| SplitError::TooMany(u32::MAX))?;
            *self.strata.entry(stratum.to_owned()).or_insert(next)
        };
        self.rows.push((outline, stratum));
        Ok(())
    }

    /// The splits of all rows.
    pub fn finish(self) -> SplitPlan {
        let group_of = self.group_of();
        // Strata by name, so that the order of the rows does not matter.
        let mut names: Vec<(&str, u32)> =
            self.strata.iter().map(|(n, i)| (n.as_str(), *i)).collect();
        names.sort_unstable();
        let mut rank = vec![0usize; names.len()];
        for (place, (_, number)) in names.iter().enumerate() {
            rank[*number as usize] = place;
        }
        let mut counts: HashMap<(u64, usize), u64> = HashMap::new();
        for &(outline, stratum) in &self.rows {
            let key = (group_of[outline as usize], rank[stratum as usize]);
            *counts.entry(key).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        let mut groups: Vec<Group> = Vec::new();
        for ((key, stratum), rows) in counts {
            match groups.last_mut() {
                Some(last) if last.key == key => last.rows.push((stratum, rows)),
                _ => groups.push(Group {
                    key,
                    rows: vec![(stratum, rows)],
                }),
            }
        }
        let chosen = assign(&groups, names.len(), self.options.shares, self.options.seed);
        let split_of: HashMap<u64, Split> = groups.iter().map(|g| g.key).zip(chosen).collect();
        let mut of_outline: Vec<Option<Split>> = group_of
            .iter()
            .map(|group| split_of.get(group).copied())
            .collect();
        self.keep_apart(&mut of_outline);
        let mut plan = SplitPlan {
            counts: SplitCounts {
                places: of_outline.len() as u64,
                groups: groups.len() as u64,
                ..SplitCounts::default()
            },
            of_outline,
            rows: self.rows.iter().map(|(outline, _)| *outline).collect(),
        };
        for row in 0..plan.rows.len() {
            match plan.split(row) {
                Some(split) => plan.counts.rows[split.number()] += 1,
                None => plan.counts.left_out += 1,
            }
        }
        plan
    }

    /// The group of each outline.
    fn group_of(&self) -> Vec<u64> {
        let leaf = |number: u32| {
            let parts = self.outlines.parts(number);
            let polygons = parts.map(|p| stacchip_model::Polygon {
                rings: vec![p.to_vec()],
            });
            let whole = MultiPolygon {
                polygons: polygons.collect(),
            };
            centre(&whole).unwrap_or_default()
        };
        let numbers = (0u32..).take(self.outlines.len());
        match self.options.by {
            SplitBy::Cell(level) => numbers
                .map(|n| GroundCell::at(leaf(n)).parent(level).id())
                .collect(),
            SplitBy::Block(km) => numbers.map(|n| block_at(leaf(n), km)).collect(),
            SplitBy::Cluster => {
                let mut clusters = Clusters::new(self.outlines.len());
                pairs(&self.outlines, self.options.buffer_km, |a, b| {
                    if clusters.root(a) != clusters.root(b)
                        && self.outlines.near(a, b, self.options.buffer_km)
                    {
                        clusters.join(a, b);
                    }
                });
                // A cluster is named by the least leaf of its members' centres.
                let leaves: Vec<u64> = numbers.map(|n| GroundCell::at(leaf(n)).id()).collect();
                let mut least = leaves.clone();
                for (number, own) in (0u32..).zip(&leaves) {
                    let root = clusters.root(number) as usize;
                    least[root] = least[root].min(*own);
                }
                (0u32..)
                    .take(leaves.len())
                    .map(|n| least[clusters.root(n) as usize])
                    .collect()
            }
        }
    }

    /// Takes out what is near a place of another split: of the larger of the two, which loses least.
    fn keep_apart(&self, of_outline: &mut [Option<Split>]) {
        if self.options.by == SplitBy::Cluster {
            return;
        }
        let shares = self.options.shares;
        // The larger share gives way; of two alike the first.
        let gives_way = |a: Split, b: Split| {
            let (x, y) = (shares[a.number()], shares[b.number()]);
            x > y || x == y && a < b
        };
        let before = of_outline.to_vec();
        pairs(&self.outlines, self.options.buffer_km, |a, b| {
            let (Some(of_a), Some(of_b)) = (before[a as usize], before[b as usize]) else {
                return;
            };
            if of_a == of_b {
                return;
            }
            let loser = if gives_way(of_a, of_b) { a } else { b };
            if of_outline[loser as usize].is_some()
                && self.outlines.near(a, b, self.options.buffer_km)
            {
                of_outline[loser as usize] = None;
            }
        });
    }
}

/// Which rows are in which split.
#[derive(Debug)]
pub struct SplitPlan {
    rows: Vec<u32>,
    of_outline: Vec<Option<Split>>,
    counts: SplitCounts,
}

/// What a split came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SplitCounts {
    /// Rows in train, val and test.
    pub rows: [u64; 3],
    /// Rows in no split: they are too near to another's.
    pub left_out: u64,
    /// Different outlines.
    pub places: u64,
    /// Groups of them that stayed together.
    pub groups: u64,
}

impl SplitPlan {
    /// The split of row `row`, in the order they were pushed; nothing where it is in none.
    pub fn split(&self, row: usize) -> Option<Split> {
        let outline = *self.rows.get(row)?;
        self.of_outline.get(outline as usize).copied().flatten()
    }

    /// The splits of all rows.
    pub fn splits(&self) -> impl Iterator<Item = Option<Split>> {
        (0..self.rows.len()).map(|row| self.split(row))
    }

    /// How many rows are where.
    pub const fn counts(&self) -> SplitCounts {
        self.counts
    }
}

/// Disjoint sets, by halving paths.
struct Clusters(Vec<u32>);

impl Clusters {
    fn new(count: usize) -> Self {
        Self((0u32..).take(count).collect())
    }

    fn root(&mut self, mut of: u32) -> u32 {
        while self.0[of as usize] != of {
            let up = self.0[self.0[of as usize] as usize];
            self.0[of as usize] = up;
            of = up;
        }
        of
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}
