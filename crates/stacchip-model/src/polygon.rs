//! What polygons hold, and what they share.

use crate::{Point, Polygon};

impl Polygon {
    /// The edges of its rings.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        self.rings.iter().flat_map(|ring| steps(ring))
    }

    /// Whether a point is in it, by the even and odd crossings of a ray; on an edge either may be said.
    pub fn holds(&self, [x, y]: Point) -> bool {
        self.edges().fold(false, |inside, (a, b)| {
            let crosses =
                (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0];
            inside != crosses
        })
    }

    /// Whether it shares a point with `other`: their edges meet, or one holds a corner of the other.
    pub fn meets(&self, other: &Self) -> bool {
        let first = |p: &Self| p.rings.first().and_then(|r| r.first()).copied();
        let inside = |p: &Self, q: &Self| first(q).is_some_and(|corner| p.holds(corner));
        let meet = |(p, q)| other.edges().any(|(r, s)| cross(p, q, r, s));
        inside(self, other) || inside(other, self) || self.edges().any(meet)
    }
}

/// The segments of a line.
pub(crate) fn steps(line: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    line.iter().copied().zip(line.iter().skip(1).copied())
}

/// Whether two segments share a point.
pub(crate) fn cross(p: Point, q: Point, r: Point, s: Point) -> bool {
    let side = |a: Point, b: Point, c: Point| {
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    };
    let within = |a: Point, b: Point, c: Point| {
        a[0].min(b[0]) <= c[0]
            && c[0] <= a[0].max(b[0])
            && a[1].min(b[1]) <= c[1]
            && c[1] <= a[1].max(b[1])
    };
    let (d1, d2) = (side(p, q, r), side(p, q, s));
    let (d3, d4) = (side(r, s, p), side(r, s, q));
    (d1 * d2 < 0.0 && d3 * d4 < 0.0)
        || d1 == 0.0 && within(p, q, r)
        || d2 == 0.0 && within(p, q, s)
        || d3 == 0.0 && within(r, s, p)
        || d4 == 0.0 && within(r, s, q)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(west: f64, south: f64, edge: f64) -> Vec<Point> {
        let (east, north) = (west + edge, south + edge);
        vec![
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
        ]
    }

    #[test]
    fn polygons_meet_where_they_share_a_point() {
        let of = |rings: Vec<Vec<Point>>| Polygon { rings };
        let chip = of(vec![ring(0.0, 0.0, 1.0)]);
        for (other, wanted) in [
            (of(vec![ring(0.5, 0.5, 4.0)]), true),
            (of(vec![ring(0.2, 0.2, 0.1)]), true),
            (of(vec![ring(-5.0, -5.0, 20.0)]), true),
            (of(vec![ring(1.0, 0.0, 1.0)]), true),
            (of(vec![ring(1.1, 0.0, 1.0)]), false),
            (
                of(vec![ring(-5.0, -5.0, 10.0), ring(-1.0, -1.0, 3.0)]),
                false,
            ),
            (of(Vec::new()), false),
        ] {
            assert_eq!(chip.meets(&other), wanted, "{other:?}");
            assert_eq!(other.meets(&chip), wanted, "{other:?}");
        }
        assert!(chip.holds([0.5, 0.5]) && !chip.holds([0.5, 1.5]));
    }
}
