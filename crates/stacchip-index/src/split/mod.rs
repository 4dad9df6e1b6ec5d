//! Which chips train, which validate, which test: no place in two of them.
//!
//! A place is a footprint, whatever its date, sensor or reference system. Places are put into groups
//! ([`SplitBy`]), and each group into one split, so that splits have their shares of the rows, of each
//! stratum too. What then still overlaps across two splits, or lies closer than the buffer, is taken
//! out of the larger one: such chips are in no split. [`LeakCheck`] finds what is in two all the same,
//! in any table, whoever split it.

mod assign;
mod blocks;
mod leaks;
mod near;
mod outlines;
mod splitter;
#[cfg(test)]
mod tests;

pub use leaks::{LeakCheck, Leaks};
pub use splitter::{SplitCounts, SplitPlan, Splitter};

use std::{fmt, str::FromStr};

use stacchip_model::MultiPolygon;
use thiserror::Error;

use crate::GroundCell;

/// A part of a dataset that shares no place with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// What a model learns from.
    Train,
    /// What it is chosen by.
    Val,
    /// What it is judged by.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name: `train`, `val`, `test`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    pub(crate) const fn number(self) -> usize {
        match self {
            Self::Train => 0,
            Self::Val => 1,
            Self::Test => 2,
        }
    }
}

/// Which places stay together.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum SplitBy {
    /// Those whose centres lie in one [`GroundCell`] of this level.
    Cell(u8),
    /// Those whose centres lie in one block with edges of about so many kilometres.
    Block(f64),
    /// Those that overlap, or lie closer than the buffer, and what overlaps those, and so on: no chip
    /// is left out, but one group may grow over half a dataset.
    Cluster,
}

/// `cell`, `cell:LEVEL`, `block:KM`, `cluster`.
impl FromStr for SplitBy {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Self, SplitError> {
        let wrong = || SplitError::By(text.to_owned());
        match text.split_once(':') {
            None if text == "cell" => Ok(Self::Cell(GroundCell::PLACE_LEVEL)),
            None if text == "cluster" => Ok(Self::Cluster),
            Some(("cell", level)) => {
                let level = level.parse().map_err(|_| wrong())?;
                if level > GroundCell::MAX_LEVEL {
                    return Err(wrong());
                }
                Ok(Self::Cell(level))
            }
            Some(("block", km)) => {
                let km: f64 = km.parse().map_err(|_| wrong())?;
                // From a metre to a quarter of the globe.
                if (1e-3..=1e4).contains(&km) {
                    Ok(Self::Block(km))
                } else {
                    Err(wrong())
                }
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for SplitBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell(level) => write!(f, "cell:{level}"),
            Self::Block(km) => write!(f, "block:{km}"),
            Self::Cluster => f.write_str("cluster"),
        }
    }
}

/// How a dataset is split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitOptions {
    /// Shares of the rows: of train, val and test, in any unit.
    pub shares: [f64; 3],
    /// Which places stay together.
    pub by: SplitBy,
    /// Kilometres that places of two splits are apart at least; 0: they do not overlap.
    pub buffer_km: f64,
    /// Another number, another split; the same number and the same places, the same split, whatever
    /// the order of the rows.
    pub seed: u64,
}

impl Default for SplitOptions {
    /// 80, 10 and 10 of a hundred, by cell, without buffer.
    fn default() -> Self {
        Self {
            shares: [0.8, 0.1, 0.1],
            by: SplitBy::Cell(GroundCell::PLACE_LEVEL),
            buffer_km: 0.0,
            seed: 0,
        }
    }
}

/// Why there is no split.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Shares that are none.
    #[error("shares of {0}, {1} and {2} are none: they are at least 0, and not all of them 0")]
    Shares(f64, f64, f64),
    /// A buffer that is none.
    #[error("a buffer of {0} km is none: it is 0 to 1000")]
    Buffer(f64),
    /// A way to group that is not known.
    #[error(
        "`{0}` is no way to group places: say cell, cell:LEVEL (0 to 30), block:KM (0.001 to 10000) or cluster"
    )]
    By(String),
    /// A row without a place.
    #[error("row {0} has no outline in longitude and latitude: it cannot be split by its place")]
    Nowhere(u64),
    /// More than fits.
    #[error("more than {0} outlines: split the dataset in parts")]
    TooMany(u32),
}

/// Whether `footprint` is a place: an area with corners on the globe, in degrees.
fn is_place(footprint: &MultiPolygon) -> bool {
    let on_globe =
        |p: &[f64; 2]| (-540.0..=540.0).contains(&p[0]) && (-90.1..=90.1).contains(&p[1]);
    let area = |ring: &Vec<[f64; 2]>| {
        let open = ring.len() - usize::from(ring.len() > 1 && ring.first() == ring.last());
        open > 2 && ring.iter().all(on_globe)
    };
    let mut parts = footprint.polygons.iter();
    !footprint.polygons.is_empty() && parts.all(|part| part.rings.first().is_some_and(area))
}

pub(crate) fn checked_buffer(km: f64) -> Result<f64, SplitError> {
    if (0.0..=1000.0).contains(&km) {
        Ok(km)
    } else {
        Err(SplitError::Buffer(km))
    }
}
