//! Outlines of places, each kept once, and how far they are apart.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use stacchip_model::{MultiPolygon, Point};

use super::SplitError;

/// Outlines, by number. Chips of one place have one outline, however many dates there are.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    points: Vec<Point>,
    /// Where the points of each part end.
    parts: Vec<u32>,
    /// Where the parts of each outline end.
    ends: Vec<u32>,
    known: HashMap<u64, u32>,
}

/// A box: west, south, east, north.
pub(super) type Box4 = [f64; 4];

impl Outlines {
    /// The number of `footprint`, which is kept where it is a new one. Holes are left out.
    pub(super) fn add(&mut self, footprint: &MultiPolygon) -> Result<u32, SplitError> {
        let rings = || {
            let outer = footprint.polygons.iter().filter_map(|p| p.rings.first());
            outer.map(|ring| match ring.split_last() {
                Some((last, open)) if ring.len() > 1 && ring.first() == Some(last) => open,
                _ => ring.as_slice(),
            })
        };
        let mut hasher = DefaultHasher::new();
        for ring in rings() {
            ring.len().hash(&mut hasher);
            for [x, y] in ring {
                (x.to_bits(), y.to_bits()).hash(&mut hasher);
            }
        }
        let mut hash = hasher.finish();
        while let Some(&number) = self.known.get(&hash) {
            if self.parts(number).eq(rings()) {
                return Ok(number);
            }
            hash = hash.wrapping_add(1);
        }
        let number = size(self.ends.len())?;
        for ring in rings() {
            self.points.extend_from_slice(ring);
            self.parts.push(size(self.points.len())?);
        }
        self.ends.push(size(self.parts.len())?);
        self.known.insert(hash, number);
        Ok(number)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The rings of outline `number`, not closed.
    pub(super) fn parts(&self, number: u32) -> impl Iterator<Item = &[Point]> {
        let part_range = range(&self.ends, number as usize);
        part_range.map(|part| &self.points[range(&self.parts, part)])
    }

    /// Whether two outlines share ground, or lie closer than `buffer_km`.
    pub(super) fn near(&self, a: u32, b: u32, buffer_km: f64) -> bool {
        let overlap = self.parts(a).any(|a| self.parts(b).any(|b| overlap(a, b)));
        overlap
            || buffer_km > 0.0
                && self
                    .parts(a)
                    .any(|a| self.parts(b).any(|b| closer(a, b, buffer_km)))
    }
}

/// The box around a ring.
pub(super) fn box_around(ring: &[Point]) -> Box4 {
    let none = [
        f64::INFINITY,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NEG_INFINITY,
    ];
    ring.iter().fold(none, |[w, s, e, n], &[x, y]| {
        [w.min(x), s.min(y), e.max(x), n.max(y)]
    })
}

/// Whether two rings share ground, in longitudes and latitudes: whether no line along an edge of one
/// has one on each side (which is exact for convex rings, as chips are; others count as their hulls).
/// Neighbours share an edge and no ground.
fn overlap(a: &[Point], b: &[Point]) -> bool {
    a.len() > 2 && b.len() > 2 && !parted(a, b) && !parted(b, a)
}

/// Whether an edge of `a` lies between the two.
fn parted(a: &[Point], b: &[Point]) -> bool {
    let next = a.iter().skip(1).chain(a.first());
    a.iter().zip(next).any(|(from, to)| {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy);
        if length < TOUCH {
            return false;
        }
        let side = |p: &Point| ((p[0] - from[0]) * dy - (p[1] - from[1]) * dx) / length;
        let of = |ring: &[Point]| {
            ring.iter()
                .map(side)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| {
                    (l.min(s), h.max(s))
                })
        };
        let (a, b) = (of(a), of(b));
        a.1 <= TOUCH && b.0 >= -TOUCH || b.1 <= TOUCH && a.0 >= -TOUCH
    })
}

/// Whether two rings lie closer than `km`, on a sphere so small that they are never farther apart
/// than that says.
fn closer(a: &[Point], b: &[Point], km: f64) -> bool {
    let (a, b) = (on_sphere(a), on_sphere(b));
    let (ball_a, ball_b) = (ball(&a), ball(&b));
    let apart = length(sub(ball_a.0, ball_b.0));
    if apart - ball_a.1 - ball_b.1 >= km {
        return false;
    }
    edges(&a).any(|a| edges(&b).any(|b| segments_apart(a, b) < km))
}

/// The edges of a ring.
fn edges(ring: &[Vec3]) -> impl Iterator<Item = (Vec3, Vec3)> {
    let next = ring.iter().skip(1).chain(ring.first());
    ring.iter().copied().zip(next.copied())
}

type Vec3 = [f64; 3];

/// The ring in space, in kilometres; long edges in pieces, since they bend.
fn on_sphere(ring: &[Point]) -> Vec<Vec3> {
    let mut out = Vec::with_capacity(ring.len());
    let next = ring.iter().skip(1).chain(ring.first());
    for (&[x, y], &[to_x, to_y]) in ring.iter().zip(next) {
        let pieces = ((to_x - x).abs().max((to_y - y).abs()) / PIECE)
            .ceil()
            .clamp(1.0, 2000.0);
        let mut piece = 0.0;
        while piece < pieces {
            let share = piece / pieces;
            let lon = (x + (to_x - x) * share).to_radians();
            let lat = (y + (to_y - y) * share).to_radians();
            let (sin, cos) = (lat.sin(), lat.cos());
            out.push([
                RADIUS * cos * lon.cos(),
                RADIUS * cos * lon.sin(),
                RADIUS * sin,
            ]);
            piece += 1.0;
        }
    }
    out
}

/// A ball around points.
fn ball(points: &[Vec3]) -> (Vec3, f64) {
    let count = points.len().max(1) as f64;
    let sum = points
        .iter()
        .fold([0.0; 3], |s, p| [s[0] + p[0], s[1] + p[1], s[2] + p[2]]);
    let centre = sum.map(|s| s / count);
    let radius = points
        .iter()
        .map(|p| length(sub(*p, centre)))
        .fold(0.0, f64::max);
    (centre, radius)
}

/// How far two segments are apart: C. Ericson, Real-Time Collision Detection, 5.1.9.
fn segments_apart((p1, q1): (Vec3, Vec3), (p2, q2): (Vec3, Vec3)) -> f64 {
    let (d1, d2, r) = (sub(q1, p1), sub(q2, p2), sub(p1, p2));
    let (a, e, f) = (dot(d1, d1), dot(d2, d2), dot(d2, r));
    let (s, t);
    if a <= f64::EPSILON && e <= f64::EPSILON {
        (s, t) = (0.0, 0.0);
    } else if a <= f64::EPSILON {
        (s, t) = (0.0, (f / e).clamp(0.0, 1.0));
    } else {
        let c = dot(d1, r);
        if e <= f64::EPSILON {
            (s, t) = ((-c / a).clamp(0.0, 1.0), 0.0);
        } else {
            let b = dot(d1, d2);
            let below = a * e - b * b;
            let first = if below > 0.0 {
                ((b * f - c * e) / below).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let along = (b * first + f) / e;
            if along < 0.0 {
                (s, t) = ((-c / a).clamp(0.0, 1.0), 0.0);
            } else if along > 1.0 {
                (s, t) = (((b - c) / a).clamp(0.0, 1.0), 1.0);
            } else {
                (s, t) = (first, along);
            }
        }
    }
    let at = |p: Vec3, d: Vec3, n: f64| [p[0] + d[0] * n, p[1] + d[1] * n, p[2] + d[2] * n];
    length(sub(at(p1, d1, s), at(p2, d2, t)))
}

fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

fn range(ends: &[u32], number: usize) -> std::ops::Range<usize> {
    let start = number
        .checked_sub(1)
        .map_or(0, |before| ends[before] as usize);
    start..ends[number] as usize
}

fn size(n: usize) -> Result<u32, SplitError> {
    u32::try_from(n).map_err(|_| SplitError::TooMany(u32::MAX))
}

/// What reaches into another by less than this, in degrees, touches it: a millimetre, far above
/// the noise of projections and far below a pixel.
const TOUCH: f64 = 1e-8;

/// Edges are followed in pieces of at most this many degrees: chords then run 15 m below ground.
const PIECE: f64 = 0.25;

/// Kilometres: the least radius of curvature of WGS 84, that along the meridian at the equator,
/// a(1 - e²). On this sphere no two places are farther apart than they are.
pub(super) const RADIUS: f64 = 6335.439;

#[cfg(test)]
mod tests {
    use stacchip_model::Polygon;

    use super::*;

    fn square(west: f64, south: f64, edge: f64) -> Vec<Point> {
        vec![
            [west, south],
            [west + edge, south],
            [west + edge, south + edge],
            [west, south + edge],
        ]
    }

    #[test]
    fn neighbours_touch_and_do_not_overlap() {
        let a = square(0.0, 0.0, 1.0);
        assert!(!overlap(&a, &square(1.0, 0.0, 1.0)));
        assert!(!overlap(&a, &square(1.0, 1.0, 1.0)));
        assert!(!overlap(&a, &square(1.0 - 1e-10, 0.0, 1.0)));
        assert!(overlap(&a, &square(1.0 - 1e-6, 0.0, 1.0)));
        assert!(overlap(&a, &square(0.4, 0.4, 0.1)));
        let turned = vec![[1.0, 0.5], [1.5, 1.0], [2.0, 0.5], [1.5, 0.0]];
        assert!(!overlap(&a, &turned));
        let reaching: Vec<_> = turned.iter().map(|[x, y]| [x - 0.1, *y]).collect();
        assert!(overlap(&a, &reaching) && overlap(&reaching, &a));
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let a = square(0.0, 60.0, 0.02);
        // Half a degree of longitude at 60° north is about 28 km.
        let b = square(0.52, 60.0, 0.02);
        assert!(closer(&a, &b, 28.0) && !closer(&a, &b, 27.0));
        // Over the antimeridian, and over the pole.
        assert!(closer(
            &square(179.99, 0.0, 0.01),
            &square(-179.99, 0.0, 0.01),
            1.2
        ));
        assert!(closer(
            &square(0.0, 89.9, 0.05),
            &square(180.0, 89.9, 0.05),
            15.0
        ));
        // One in the other, far from its edges.
        let mut outlines = Outlines::default();
        let of = |ring: Vec<Point>| Polygon { rings: vec![ring] }.into();
        let large = outlines.add(&of(square(0.0, 0.0, 5.0))).unwrap();
        let small = outlines.add(&of(square(2.5, 2.5, 0.01))).unwrap();
        assert!(outlines.near(large, small, 1.0) && outlines.near(small, large, 0.0));
    }

    #[test]
    fn an_outline_is_kept_once() {
        let mut outlines = Outlines::default();
        let ring = |edge: f64| {
            let mut ring = square(0.0, 0.0, edge);
            ring.push(ring[0]);
            MultiPolygon::from(Polygon { rings: vec![ring] })
        };
        assert_eq!(outlines.add(&ring(1.0)), Ok(0));
        assert_eq!(outlines.add(&ring(2.0)), Ok(1));
        assert_eq!(outlines.add(&ring(1.0)), Ok(0));
        assert_eq!(outlines.parts(1).next(), Some(&square(0.0, 0.0, 2.0)[..]));
        assert_eq!(outlines.len(), 2);
    }
}
