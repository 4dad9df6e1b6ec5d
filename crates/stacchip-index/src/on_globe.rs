//! Figures of others on the globe: within ±180°, cut at the antimeridian, closed over a pole.

use stacchip_model::{MultiPolygon, Point, Polygon};

use crate::globe::{Poles, at_longitude, cut, is_plain, outline, shortest, turns};

/// What `ring` bounds on the globe: polygons within ±180°, cut at the antimeridian and closed over a pole. `ring` is closed or
/// not; its points are so close that none is half a turn from the next, unless a pole lies between them.
///
/// Of a grid of longitudes and latitudes (`degrees`) a pole is an edge like any other.
pub fn ring_on_globe(ring: &[Point], degrees: bool) -> MultiPolygon {
    let poles = if degrees { Poles::Edges } else { Poles::Points };
    outline(opened(ring), poles, None)
}

/// The same of a polygon that was projected to longitudes and latitudes, all parts of all its rings together: what an odd number of them
/// holds is the polygon's.
pub fn unrolled(polygon: &Polygon) -> Polygon {
    let rings = polygon.rings.iter();
    joined(rings.map(|ring| ring_on_globe(ring, false)))
}

/// A polygon of longitudes and latitudes, of whatever turn, within ±180°: cut at the antimeridian. Between its points lie
/// straight lines, the long way round if need be (RFC 7946, 3.1.1). Its rings are as in [`unrolled`].
pub fn within_a_turn(polygon: &Polygon) -> Polygon {
    joined(polygon.rings.iter().map(|ring| cut(opened(ring))))
}

/// The parts of a line of longitudes and latitudes, of whatever turn, within ±180°.
pub fn line_within_a_turn(line: &[Point]) -> Vec<Vec<Point>> {
    let Some((first, last)) = turns(line) else {
        return Vec::new();
    };
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut turn = first;
    while turn <= last {
        let (low, high) = (turn * 360.0 - 180.0, turn * 360.0 + 180.0);
        let back = |[lon, lat]: Point| [(lon - turn * 360.0).clamp(-180.0, 180.0), lat];
        let mut part = Vec::new();
        for (&a, &b) in line.iter().zip(line.iter().skip(1)) {
            if a[0].max(b[0]) < low || a[0].min(b[0]) > high {
                parts.extend((part.len() > 1).then(|| std::mem::take(&mut part)));
                part.clear();
                continue;
            }
            let edge = |p: Point| match p[0] {
                lon if lon < low => at_longitude(a, b, low),
                lon if lon > high => at_longitude(a, b, high),
                _ => p,
            };
            let (from, to) = (back(edge(a)), back(edge(b)));
            if from == to {
                continue;
            }
            if part.last() != Some(&from) {
                parts.extend((part.len() > 1).then(|| std::mem::take(&mut part)));
                part = vec![from];
            }
            part.push(to);
        }
        parts.extend((part.len() > 1).then_some(part));
        turn += 1.0;
    }
    parts
}

/// A line in longitudes that do not jump: each point on the turn that is nearest to the one before.
pub fn unrolled_line(line: &[Point]) -> Vec<Point> {
    let mut at = line.first().map_or(0.0, |p| p[0]);
    line.iter()
        .map(|&[lon, lat]| {
            at += shortest(lon - at);
            [at, lat]
        })
        .collect()
}

/// Whether a ring or line is within ±180°, away from the poles, and less than `farthest` degrees wide: it is what it is on the globe.
pub fn lies_plain(points: &[Point], farthest: f64) -> bool {
    is_plain(points, Poles::Points, farthest)
}

fn joined(parts: impl Iterator<Item = MultiPolygon>) -> Polygon {
    let polygons = parts.flat_map(|part| part.polygons);
    Polygon {
        rings: polygons.flat_map(|p| p.rings).collect(),
    }
}

fn opened(ring: &[Point]) -> &[Point] {
    match ring {
        [first, rest @ ..] if rest.last() == Some(first) => ring.get(..rest.len()).unwrap_or(ring),
        _ => ring,
    }
}

#[cfg(test)]
mod tests {
    use stacchip_model::Ring;

    use super::*;

    fn square(west: f64, south: f64, edge: f64) -> Ring {
        let (east, north) = (west + edge, south + edge);
        vec![
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
        ]
    }

    fn of(rings: Vec<Ring>) -> Polygon {
        Polygon { rings }
    }

    fn area(ring: &Ring) -> f64 {
        let next = ring.iter().skip(1);
        let twice: f64 = ring
            .iter()
            .zip(next)
            .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
            .sum();
        (twice / 2.0).abs()
    }

    #[test]
    fn longitudes_of_any_turn_are_brought_within_one() {
        let crossing = within_a_turn(&of(vec![square(175.0, 0.0, 10.0), square(177.0, 2.0, 6.0)]));
        assert_eq!(
            crossing.rings.iter().map(area).collect::<Vec<_>>(),
            [50.0, 50.0, 18.0, 18.0]
        );
        for (point, inside) in [
            ([176.0, 1.0], true),
            ([-176.0, 1.0], true),
            ([179.0, 5.0], false),
            ([-179.0, 5.0], false),
        ] {
            assert_eq!(crossing.holds(point), inside, "{point:?}");
        }
        assert_eq!(
            within_a_turn(&of(vec![square(200.0, 0.0, 10.0)]))
                .rings
                .len(),
            1
        );
        assert!(within_a_turn(&of(vec![square(200.0, 0.0, 10.0)])).holds([-155.0, 5.0]));
        let globe = vec![
            [-180.0, -90.0],
            [180.0, -90.0],
            [180.0, 90.0],
            [-180.0, 90.0],
            [-180.0, -90.0],
        ];
        assert!(within_a_turn(&of(vec![globe])).holds([10.0, 10.0]));
        assert_eq!(
            within_a_turn(&of(vec![square(0.0, 0.0, 1e9)])),
            Polygon::default()
        );
    }

    #[test]
    fn projected_rings_are_unrolled() {
        let jumping = of(vec![vec![
            [179.0, 0.0],
            [-179.0, 0.0],
            [-179.0, 2.0],
            [179.0, 2.0],
            [179.0, 0.0],
        ]]);
        let found = unrolled(&jumping);
        assert!(
            found.holds([179.5, 1.0]) && found.holds([-179.5, 1.0]) && !found.holds([0.0, 1.0])
        );
        let polar = of(vec![vec![
            [0.0, 80.0],
            [90.0, 80.0],
            [180.0, 80.0],
            [-90.0, 80.0],
            [0.0, 80.0],
        ]]);
        assert!(unrolled(&polar).holds([45.0, 89.9]));
    }

    #[test]
    fn lines_are_cut() {
        let line = [[170.0, 0.0], [180.0, 1.0], [190.0, 2.0], [170.0, 4.0]];
        let wanted: [&[Point]; 3] = [
            &[[170.0, 0.0], [180.0, 1.0]],
            &[[180.0, 3.0], [170.0, 4.0]],
            &[[-180.0, 1.0], [-170.0, 2.0], [-180.0, 3.0]],
        ];
        assert_eq!(line_within_a_turn(&line), wanted);
        assert_eq!(
            unrolled_line(&[[179.0, 0.0], [-179.0, 1.0]]),
            [[179.0, 0.0], [181.0, 1.0]]
        );
        assert_eq!(
            line_within_a_turn(&[[0.0, 0.0], [1.0, 1.0]]),
            [[[0.0, 0.0], [1.0, 1.0]]]
        );
    }
}
