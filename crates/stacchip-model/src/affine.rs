//! From pixels to the ground.

/// An affine map from (column, row) to (x, y), coefficients in the order of STAC and rasterio:
/// `x = a·col + b·row + c`, `y = d·col + e·row + f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// x per column.
    pub a: f64,
    /// x per row.
    pub b: f64,
    /// x of the outer corner of the first pixel.
    pub c: f64,
    /// y per column.
    pub d: f64,
    /// y per row; negative where north is up.
    pub e: f64,
    /// y of the outer corner of the first pixel.
    pub f: f64,
}

impl Affine {
    /// A map with the given coefficients.
    pub const fn new(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64) -> Self {
        Self { a, b, c, d, e, f }
    }

    /// Pixels as they are.
    pub const IDENTITY: Self = Self::new(1.0, 0.0, 0.0, 0.0, 1.0, 0.0);

    /// Coefficients in GDAL's order: `c, a, b, f, d, e`.
    pub const fn from_gdal(g: [f64; 6]) -> Self {
        Self::new(g[1], g[2], g[0], g[4], g[5], g[3])
    }

    /// The six coefficients, `a` to `f`.
    pub const fn coefficients(&self) -> [f64; 6] {
        [self.a, self.b, self.c, self.d, self.e, self.f]
    }

    /// Where on the ground the point (`col`, `row`) lies.
    pub fn apply(&self, col: f64, row: f64) -> (f64, f64) {
        (
            self.a * col + self.b * row + self.c,
            self.d * col + self.e * row + self.f,
        )
    }

    /// The area of a pixel, with the sign of the map's orientation.
    pub fn determinant(&self) -> f64 {
        self.a * self.e - self.b * self.d
    }

    /// The map back; nothing where the map is degenerate or not finite.
    pub fn inverse(&self) -> Option<Self> {
        let det = self.determinant();
        if !det.is_finite() || det == 0.0 || !self.is_finite() {
            return None;
        }
        let (a, b, d, e) = (self.e / det, -self.b / det, -self.d / det, self.a / det);
        let inverse = Self::new(
            a,
            b,
            -(a * self.c + b * self.f),
            d,
            e,
            -(d * self.c + e * self.f),
        );
        inverse.is_finite().then_some(inverse)
    }

    /// The map of a raster whose first pixel is pixel (`col`, `row`) of this one.
    pub fn shifted(&self, col: f64, row: f64) -> Self {
        let (c, f) = self.apply(col, row);
        Self { c, f, ..*self }
    }

    /// The map of a raster whose pixels are `x` × `y` pixels of this one.
    pub fn scaled(&self, x: f64, y: f64) -> Self {
        Self::new(
            self.a * x,
            self.b * y,
            self.c,
            self.d * x,
            self.e * y,
            self.f,
        )
    }

    /// Whether columns run along x and rows along y.
    pub fn is_rectilinear(&self) -> bool {
        self.b == 0.0 && self.d == 0.0
    }

    /// Whether every coefficient is a finite number.
    pub fn is_finite(&self) -> bool {
        self.coefficients().iter().all(|v| v.is_finite())
    }

    /// Length of a step of one column and of one row, in the units of x and y.
    pub fn pixel_size(&self) -> (f64, f64) {
        (self.a.hypot(self.d), self.b.hypot(self.e))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_inverse_undoes_the_map(
            a in 0.1f64..100.0, b in -0.05f64..0.05, c in -1e6f64..1e6,
            d in -0.05f64..0.05, e in -100.0f64..-0.1, f in -1e7f64..1e7,
            col in -1e4f64..1e4, row in -1e4f64..1e4,
        ) {
            let map = Affine::new(a, b, c, d, e, f);
            let (x, y) = map.apply(col, row);
            let (u, v) = map.inverse().unwrap().apply(x, y);
            // c and f are up to 1e7, so a double keeps about 1e-9 of them: over pixels of 0.1, 1e-7.
            prop_assert!((u - col).abs() < 1e-5 && (v - row).abs() < 1e-5);
        }
    }

    #[test]
    fn a_degenerate_map_has_no_inverse() {
        assert_eq!(Affine::new(0.0, 0.0, 1.0, 0.0, -1.0, 1.0).inverse(), None);
        assert_eq!(
            Affine::new(f64::NAN, 0.0, 1.0, 0.0, -1.0, 1.0).inverse(),
            None
        );
    }
}
