//! What does not agree about the place of a scene.

use std::fmt;

use stacchip_model::{Affine, Bounds, Size};

/// Two statements about a scene's grid that cannot both be true. The first is the one used.
///
/// It is a warning, never an error: which of the two is right is for a person to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// The item.
    pub item: String,
    /// What the statements disagree on.
    pub about: Disagreement,
}

/// What two statements disagree on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Disagreement {
    /// The reference system.
    Crs {
        /// What is used, and who says so.
        used: (Source, String),
        /// What somebody else says.
        other: (Source, String),
    },
    /// The shape of one and the same raster.
    Shape {
        /// What is used, and who says so.
        used: (Source, Size),
        /// What somebody else says.
        other: (Source, Size),
    },
    /// The place of one and the same raster.
    Transform {
        /// What is used, and who says so.
        used: (Source, Affine),
        /// What somebody else says.
        other: (Source, Affine),
        /// How far apart they put the raster's farthest corner, in pixels.
        pixels: f64,
    },
    /// The item's `bbox` and its grid are different places.
    Bbox {
        /// The item's `bbox`.
        item: Bounds,
        /// The box around the grid, in WGS 84; `xmin > xmax` where it crosses the antimeridian.
        grid: Bounds,
        /// How far one reaches beyond the other, in pixels.
        pixels: f64,
    },
}

/// Who says something of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The item's properties.
    Item,
    /// The fields of an asset.
    Asset(String),
    /// The header of an asset's raster.
    Header(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item => f.write_str("the item"),
            Self::Asset(key) => write!(f, "asset `{key}`"),
            Self::Header(key) => write!(f, "the raster of asset `{key}`"),
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}: ", self.item)?;
        match &self.about {
            Disagreement::Crs { used, other } => write!(
                f,
                "{} says {}, {} says {}; the first is used",
                used.0, used.1, other.0, other.1
            ),
            Disagreement::Shape { used, other } => write!(
                f,
                "{} says {} × {} pixels, {} says {} × {}; the first is used",
                used.0, used.1.width, used.1.height, other.0, other.1.width, other.1.height
            ),
            Disagreement::Transform {
                used,
                other,
                pixels,
            } => write!(
                f,
                "{} and {} put the raster {pixels:.1} pixels apart ({:?} and {:?}); the first is used",
                used.0,
                other.0,
                used.1.coefficients(),
                other.1.coefficients()
            ),
            Disagreement::Bbox { item, grid, pixels } => write!(
                f,
                "its grid and its bbox are {pixels:.1} pixels apart ({} and {}); the grid is used",
                Box4(grid),
                Box4(item)
            ),
        }
    }
}

struct Box4<'a>(&'a Bounds);

impl fmt::Display for Box4<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bounds {
            xmin,
            ymin,
            xmax,
            ymax,
        } = self.0;
        write!(f, "[{xmin:.6}, {ymin:.6}, {xmax:.6}, {ymax:.6}]")
    }
}
