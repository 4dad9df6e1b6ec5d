//! Rings on the globe: cut at the antimeridian, closed over a pole.
//!
//! A ring of longitudes and latitudes is first unrolled: each point is moved by whole turns until it
//! is less than half a turn from the one before. A ring that comes back to where it began is then
//! cut at the odd multiples of 180° (RFC 7946, 3.1.9); one that ends a whole turn away surrounds a
//! pole, and is closed along ±180° and the pole's latitude. At a pole itself longitude means
//! nothing: a point there is taken twice, with the longitudes of its two neighbours.

use stacchip_model::{Bounds, MultiPolygon, Point, Polygon, Ring};

/// What a pole is in a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poles {
    /// A point, which has no longitude.
    Points,
    /// An edge of the map; its points have the longitudes of the grid.
    Edges,
}

/// Which points of a ring are enough once it is unrolled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thin {
    /// Those whose number is a multiple of this.
    pub every: usize,
    /// Unless their longitudes are farther apart than this, in degrees.
    pub farthest: f64,
}

/// The polygons that `ring` bounds: one, or several where it crosses the antimeridian; none where it
/// bounds nothing. `ring` is not closed; its points are so close that none is half a turn from the
/// next, unless a pole lies between them. Where the grid is itself one of longitudes and latitudes,
/// `poles` are places like any other.
pub(crate) fn outline(ring: &[Point], poles: Poles, thin: Option<Thin>) -> MultiPolygon {
    let Some(unrolled) = Unrolled::of(ring, poles) else {
        return MultiPolygon::default();
    };
    if unrolled.turns != 0 {
        return cut(&around_pole(&unrolled));
    }
    cut(&thin.map_or_else(|| unrolled.ring(), |thin| unrolled.thinned(thin)))
}

/// The box around `area`; `xmin > xmax` where it crosses the antimeridian (RFC 7946, 5.2).
pub(crate) fn bounds(area: &MultiPolygon) -> Option<Bounds> {
    let all = area.bounds()?;
    let boxes: Vec<Bounds> = area
        .polygons
        .iter()
        .filter_map(|p| MultiPolygon::from(p.clone()).bounds())
        .collect();
    let west = boxes.iter().filter(|b| b.xmax >= 180.0 && b.xmin > -180.0);
    let east = boxes.iter().filter(|b| b.xmin <= -180.0 && b.xmax < 180.0);
    let whole_turn = boxes.iter().any(|b| b.xmin <= -180.0 && b.xmax >= 180.0);
    let xmin = west.map(|b| b.xmin).reduce(f64::min);
    let xmax = east.map(|b| b.xmax).reduce(f64::max);
    match (xmin, xmax) {
        (Some(xmin), Some(xmax)) if !whole_turn && xmin > xmax => {
            Some(Bounds { xmin, xmax, ..all })
        }
        _ => Some(all),
    }
}

/// Whether a ring with these corners can be taken as it is: no corner at a pole, none on another
/// turn, and none farther from another than `farthest`, in degrees of longitude, so that neither the
/// antimeridian nor a pole lies between them.
pub(crate) fn is_plain(corners: &[Point], poles: Poles, farthest: f64) -> bool {
    let mut west = f64::INFINITY;
    let mut east = f64::NEG_INFINITY;
    for &[lon, lat] in corners {
        if !(lon.abs() <= 180.0 && lat.abs() <= 90.0) || poles.at([lon, lat]) {
            return false;
        }
        west = west.min(lon);
        east = east.max(lon);
    }
    east - west < farthest.min(180.0 - CLOSE)
}

/// A ring in longitudes that do not jump.
struct Unrolled {
    /// Its points, each with its number in the ring it came from.
    points: Vec<(Point, usize)>,
    /// Whole turns from its first point around to it again: -1, 0 or 1.
    turns: i8,
    touches_pole: bool,
}

impl Unrolled {
    fn of(ring: &[Point], poles: Poles) -> Option<Self> {
        let ring = through_poles(ring, poles);
        // Start where longitude means something.
        let first = ring.iter().position(|(p, _)| !poles.at(*p))?;
        let (before, after) = ring.split_at(first);
        let (&(start, number), rest) = after.split_first()?;
        let mut lon = if start[0].abs() > 180.0 {
            shortest(start[0])
        } else {
            start[0]
        };
        let mut points = vec![([lon, start[1]], number)];
        let mut turned = 0.0;
        let mut pole_runs = Vec::new();
        let mut pole = None;
        for &(point, number) in rest.iter().chain(before).chain([&(start, number)]) {
            if poles.at(point) {
                pole = Some(point[1]);
                continue;
            }
            let step = shortest(point[0] - lon);
            if let Some(lat) = pole.take() {
                pole_runs.push(points.len());
                points.push(([lon, lat], number));
                lon += step;
                points.push(([lon, lat], number));
            } else {
                turned += step;
                lon += step;
            }
            points.push(([lon, point[1]], number));
        }
        // The way along the only pole it touches is the way back from everywhere else.
        if let [at] = pole_runs.as_slice() {
            let (from, to) = (points.get(*at)?.0[0], points.get(at + 1)?.0[0]);
            let correction = from - turned - to;
            for (point, _) in points.iter_mut().skip(at + 1) {
                point[0] += correction;
            }
        }
        let gap = points.pop()?.0[0] - points.first()?.0[0];
        Some(Self {
            points,
            turns: i8::from(gap > 180.0) - i8::from(gap < -180.0),
            touches_pole: !pole_runs.is_empty(),
        })
    }

    fn ring(&self) -> Ring {
        self.points.iter().map(|(p, _)| *p).collect()
    }

    /// The corners only, unless that would say something else.
    fn thinned(&self, thin: Thin) -> Ring {
        let corners: Ring = self
            .points
            .iter()
            .filter(|(_, number)| number.is_multiple_of(thin.every))
            .map(|(p, _)| *p)
            .collect();
        let next = corners.iter().skip(1).chain(corners.first());
        let near = corners
            .iter()
            .zip(next)
            .all(|(a, b)| (a[0] - b[0]).abs() <= thin.farthest);
        if near && !self.touches_pole {
            corners
        } else {
            self.ring()
        }
    }
}

impl Poles {
    /// Whether `point` is at one, and has no longitude.
    fn at(self, point: Point) -> bool {
        self == Self::Points && point[1].abs() >= POLE
    }
}

/// The ring, numbered, with latitudes within ±90°, and with a point at the pole where an edge runs
/// through it: where it goes on half a turn away.
fn through_poles(ring: &[Point], poles: Poles) -> Vec<(Point, usize)> {
    let mut out = Vec::with_capacity(ring.len() + 2);
    let next = ring.iter().skip(1).chain(ring.first());
    for (number, (&[lon, lat], &[next_lon, next_lat])) in ring.iter().zip(next).enumerate() {
        let at = [lon, lat.clamp(-90.0, 90.0)];
        out.push((at, number));
        let half_turn = (shortest(next_lon - lon).abs() - 180.0).abs() < CLOSE;
        if half_turn && poles == Poles::Points && at[1].abs() < POLE && next_lat.abs() < POLE {
            out.push(([lon, 90f64.copysign(lat + next_lat)], number));
        }
    }
    out
}

/// The same turn, as the shorter way: more than -180° and at most 180°.
pub(crate) fn shortest(degrees: f64) -> f64 {
    let turn = degrees.rem_euclid(360.0);
    if turn > 180.0 { turn - 360.0 } else { turn }
}

/// The ring around a pole, from the antimeridian to the antimeridian and back along the pole.
fn around_pole(unrolled: &Unrolled) -> Ring {
    let turn = 360.0 * f64::from(unrolled.turns);
    let points = unrolled.ring();
    let Some(first) = points.first() else {
        return Ring::new();
    };
    let mean: f64 = points.iter().map(|p| p[1]).sum();
    let pole = 90f64.copysign(mean);
    // The antimeridian next to the first point, in the ring's direction.
    let ahead = |lon: f64| {
        if unrolled.turns > 0 {
            ((lon - 180.0) / 360.0).ceil() * 360.0 + 180.0
        } else {
            ((lon + 180.0) / 360.0).floor() * 360.0 - 180.0
        }
    };
    let line = ahead(first[0]);
    let beyond = |lon: f64| (lon - line) * turn >= 0.0;
    let last = [first[0] + turn, first[1]];
    let next = points.iter().skip(1).chain([&last]);
    let Some((at, crossing)) = points
        .iter()
        .zip(next)
        .enumerate()
        .find(|(_, (a, b))| !beyond(a[0]) && beyond(b[0]) || a[0] == line)
        .map(|(i, (a, b))| (i, at_longitude(*a, *b, line)))
    else {
        return Ring::new();
    };
    let after = points.iter().skip(at + 1).copied();
    let before = points.iter().take(at + 1).map(|p| [p[0] + turn, p[1]]);
    let mut ring: Ring = vec![crossing];
    ring.extend(after.chain(before));
    ring.push([crossing[0] + turn, crossing[1]]);
    ring.push([crossing[0] + turn, pole]);
    ring.push([crossing[0], pole]);
    ring.dedup();
    ring
}

/// The parts of `ring` (not closed) on each turn, as closed rings within ±180°.
pub(crate) fn cut(ring: &[Point]) -> MultiPolygon {
    let Some((first, last)) = turns(ring) else {
        return MultiPolygon::default();
    };
    let mut polygons = Vec::new();
    let mut turn = first;
    while turn <= last {
        let (low, high) = (turn * 360.0 - 180.0, turn * 360.0 + 180.0);
        let part = keep(ring, low, |lon| lon >= low);
        let part = keep(&part, high, |lon| lon <= high);
        let mut part: Ring = part
            .into_iter()
            .map(|[lon, lat]| [(lon - turn * 360.0).clamp(-180.0, 180.0), lat])
            .collect();
        part.dedup();
        while part.len() > 1 && part.first() == part.last() {
            part.pop();
        }
        let ends = part
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| {
                (a.min(p[0]), b.max(p[0]))
            });
        if part.len() > 2 && ends.1 - ends.0 > SLIVER {
            part.extend(part.first().copied());
            polygons.push(Polygon { rings: vec![part] });
        }
        turn += 1.0;
    }
    MultiPolygon { polygons }
}

/// The first and the last turn that points are on; nothing where there are none, or more turns than anybody means.
pub(crate) fn turns(points: &[Point]) -> Option<(f64, f64)> {
    let west = points.iter().map(|p| p[0]).fold(f64::INFINITY, f64::min);
    let east = points
        .iter()
        .map(|p| p[0])
        .fold(f64::NEG_INFINITY, f64::max);
    let first = ((west + 180.0 + SLIVER) / 360.0).floor();
    let last = ((east + 180.0 - SLIVER) / 360.0).floor().max(first);
    (west.is_finite() && east.is_finite() && last - first <= TURNS).then_some((first, last))
}

/// The part of `ring` whose longitudes are `inside` (Sutherland and Hodgman's clipping at one line).
fn keep(ring: &[Point], line: f64, inside: impl Fn(f64) -> bool) -> Ring {
    let mut out = Ring::with_capacity(ring.len() + 4);
    let Some(mut from) = ring.last().copied() else {
        return out;
    };
    for &to in ring {
        match (inside(from[0]), inside(to[0])) {
            (true, true) => out.push(to),
            (true, false) => out.push(at_longitude(from, to, line)),
            (false, true) => {
                out.push(at_longitude(from, to, line));
                out.push(to);
            }
            (false, false) => {}
        }
        from = to;
    }
    out.dedup();
    out
}

/// Where the line from `a` to `b` has longitude `lon`.
pub(crate) fn at_longitude(a: Point, b: Point, lon: f64) -> Point {
    let run = b[0] - a[0];
    let share = if run == 0.0 { 0.0 } else { (lon - a[0]) / run };
    [lon, a[1] + share.clamp(0.0, 1.0) * (b[1] - a[1])]
}

/// From here on a latitude is the pole's: 1e-9° are a tenth of a millimetre.
const POLE: f64 = 90.0 - 1e-9;

/// Longitudes this close to half a turn apart, in degrees, have a pole between them.
const CLOSE: f64 = 1e-6;

/// A part narrower than this, in degrees, is the noise of a projection.
const SLIVER: f64 = 1e-9;

/// Turns that a figure may go around: more are no longitudes.
const TURNS: f64 = 16.0;
