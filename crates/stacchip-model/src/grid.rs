//! The pixel grid of a raster.

use crate::{Affine, Crs, Size};

/// A raster's place on the ground: how many pixels, where, in which reference system.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Reference system of the transform's x and y.
    pub crs: Crs,
    /// Pixels.
    pub size: Size,
    /// From pixel corners to the ground.
    pub transform: Affine,
}

impl Grid {
    /// The four corners of the grid on the ground, from the first pixel along the first row.
    pub fn corners(&self) -> [(f64, f64); 4] {
        let (w, h) = (f64::from(self.size.width), f64::from(self.size.height));
        [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(|(c, r)| self.transform.apply(c, r))
    }
}
