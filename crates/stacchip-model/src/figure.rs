//! What a map draws: points, lines and polygons.

use crate::{
    Bounds, Point, Polygon,
    polygon::{cross, steps},
};

/// The geometry of a feature: all its points, lines and polygons, in one plane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// Its points.
    pub points: Vec<Point>,
    /// Its lines, each of two points at least.
    pub lines: Vec<Vec<Point>>,
    /// Its polygons.
    pub polygons: Vec<Polygon>,
}

impl Figure {
    /// Calls `each` with every point of it.
    pub fn each_mut(&mut self, mut each: impl FnMut(&mut Point)) {
        let rings = self.polygons.iter_mut().flat_map(|p| &mut p.rings);
        let lines = self.lines.iter_mut().chain(rings).flatten();
        self.points.iter_mut().chain(lines).for_each(&mut each);
    }

    /// Every point of it.
    pub fn vertices(&self) -> impl Iterator<Item = Point> {
        let rings = self.polygons.iter().flat_map(|p| &p.rings);
        let lines = self.lines.iter().chain(rings).flatten();
        self.points.iter().chain(lines).copied()
    }

    /// The box around it; nothing where it has no point.
    pub fn bounds(&self) -> Option<Bounds> {
        self.vertices().fold(None, |all: Option<Bounds>, [x, y]| {
            Some(all.map_or(Bounds::new(x, y, x, y), |b| b.extended([x, y])))
        })
    }

    /// Whether it shares a point with `other`: their edges meet, or one holds a point of the other.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.vertices(), other.vertices());
        theirs.any(|p| self.holds(p))
            || ours.any(|p| other.holds(p))
            || self
                .edges()
                .any(|(a, b)| other.edges().any(|(c, d)| cross(a, b, c, d)))
            // Points that lie on a line, or on an edge.
            || self.points.iter().any(|&p| other.edges().any(|(a, b)| cross(p, p, a, b)))
            || other.points.iter().any(|&p| self.edges().any(|(a, b)| cross(p, p, a, b)))
            || self.points.iter().any(|p| other.points.contains(p))
    }

    /// Whether a point is in one of its polygons, as [`Polygon::holds`] says.
    pub fn holds(&self, point: Point) -> bool {
        self.polygons.iter().any(|polygon| polygon.holds(point))
    }

    fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        let lines = self.lines.iter().flat_map(|line| steps(line));
        lines.chain(self.polygons.iter().flat_map(Polygon::edges))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.lines.is_empty() && self.polygons.is_empty()
    }
}

impl From<crate::MultiPolygon> for Figure {
    fn from(outline: crate::MultiPolygon) -> Self {
        Self {
            polygons: outline.polygons,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, south: f64, edge: f64) -> Figure {
        let (east, north) = (west + edge, south + edge);
        Figure {
            polygons: vec![Polygon {
                rings: vec![vec![
                    [west, south],
                    [east, south],
                    [east, north],
                    [west, north],
                    [west, south],
                ]],
            }],
            ..Figure::default()
        }
    }

    #[test]
    fn figures_meet_where_they_share_a_point() {
        let chip = square(0.0, 0.0, 1.0);
        let point = |p: Point| Figure {
            points: vec![p],
            ..Figure::default()
        };
        let line = |a: Point, b: Point| Figure {
            lines: vec![vec![a, b]],
            ..Figure::default()
        };
        let with_hole = {
            let mut outer = square(-5.0, -5.0, 10.0);
            outer.polygons[0]
                .rings
                .extend(square(-1.0, -1.0, 3.0).polygons[0].rings.clone());
            outer
        };
        for (other, wanted) in [
            (square(0.5, 0.5, 4.0), true),
            (square(0.2, 0.2, 0.1), true),
            (square(-5.0, -5.0, 20.0), true),
            (square(1.0, 0.0, 1.0), true),
            (square(1.1, 0.0, 1.0), false),
            (with_hole, false),
            (point([0.5, 0.5]), true),
            (point([1.0, 0.5]), true),
            (point([1.5, 0.5]), false),
            (line([-1.0, 0.5], [2.0, 0.5]), true),
            (line([-1.0, 3.0], [2.0, 2.0]), false),
            (Figure::default(), false),
        ] {
            assert_eq!(chip.meets(&other), wanted, "{other:?}");
            assert_eq!(other.meets(&chip), wanted, "{other:?}");
        }
        assert!(point([1.0, 1.0]).meets(&line([0.0, 0.0], [2.0, 2.0])));
        assert_eq!(chip.bounds(), Some(Bounds::new(0.0, 0.0, 1.0, 1.0)));
    }
}
