//! Points, rings and boxes.

/// A point, `[x, y]`: east then north, or longitude then latitude.
pub type Point = [f64; 2];

/// A closed ring: its last point is its first.
pub type Ring = Vec<Point>;

/// An outer ring and its holes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Polygon {
    /// The outer ring, then the holes.
    pub rings: Vec<Ring>,
}

/// Polygons that belong together; one where a chip does not cross the antimeridian.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MultiPolygon {
    /// Its parts.
    pub polygons: Vec<Polygon>,
}

impl From<Polygon> for MultiPolygon {
    fn from(polygon: Polygon) -> Self {
        Self {
            polygons: vec![polygon],
        }
    }
}

impl MultiPolygon {
    /// The box around all its points; nothing where it has none.
    pub fn bounds(&self) -> Option<Bounds> {
        self.polygons
            .iter()
            .flat_map(|p| p.rings.iter().flatten())
            .fold(None, |all: Option<Bounds>, &[x, y]| {
                Some(all.map_or(Bounds::new(x, y, x, y), |b| b.extended([x, y])))
            })
    }
}

/// An axis-aligned box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least x, or the western edge. Of a box across the antimeridian it is more than `xmax`
    /// (RFC 7946, 5.2).
    pub xmin: f64,
    /// Least y.
    pub ymin: f64,
    /// Greatest x, or the eastern edge.
    pub xmax: f64,
    /// Greatest y.
    pub ymax: f64,
}

impl Bounds {
    /// A box with the given edges.
    pub const fn new(xmin: f64, ymin: f64, xmax: f64, ymax: f64) -> Self {
        Self {
            xmin,
            ymin,
            xmax,
            ymax,
        }
    }

    /// The box, grown to hold `point`.
    pub fn extended(self, [x, y]: Point) -> Self {
        Self::new(
            self.xmin.min(x),
            self.ymin.min(y),
            self.xmax.max(x),
            self.ymax.max(y),
        )
    }
}
