//! The port to a library of geodesy.

use std::{error::Error as StdError, fmt};

use thiserror::Error;

use crate::{Crs, Point};

/// Moves points between reference systems.
///
/// Promise: x is east (or longitude) and y is north (or latitude) on both sides, whatever axis
/// order the register gives; degrees for geographic systems, the system's own unit otherwise.
pub trait Projector: Send + Sync + fmt::Debug {
    /// Moves `points` in place from `from` to `to`.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where a system cannot be understood, [`ProjectError::Outside`]
    /// where a point has no place in `to`; what `points` holds then is not promised.
    fn project(&self, from: &Crs, to: &Crs, points: &mut [Point]) -> Result<(), ProjectError>;

    /// What `crs` is.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where it cannot be understood.
    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError>;
}

/// What a reference system measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrsKind {
    /// Longitude and latitude.
    Geographic,
    /// Easting and northing.
    Projected,
    /// Anything else: geocentric, engineering, vertical.
    Other,
}

/// What is known of a reference system.
#[derive(Debug, Clone, PartialEq)]
pub struct CrsSummary {
    /// What it measures.
    pub kind: CrsKind,
    /// Its name.
    pub name: String,
    /// How many metres (projected) or radians (geographic) one unit of x is.
    pub unit: f64,
}

/// Why points could not be moved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The system is in no register known here, or its definition cannot be read.
    #[error("unknown coordinate reference system {crs}: {cause}")]
    UnknownCrs {
        /// The system.
        crs: String,
        /// What the library said.
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// A point has no place in the target system.
    #[error("({x}, {y}) of {from} has no place in {to}")]
    Outside {
        /// x of the point, as given.
        x: f64,
        /// y of the point, as given.
        y: f64,
        /// The system it was given in.
        from: String,
        /// The system it was to go to.
        to: String,
    },
}
