//! Figures in the pixels of a frame.

use stacchip_chip::Frame;
use stacchip_index::on_globe::ring_on_globe;
use stacchip_model::{
    Affine, Bounds, Crs, CrsKind, Figure, Point, Polygon, ProjectError, Projector,
};

use super::{
    LabelError,
    placed::{Placed, project, widened},
};

/// Where a frame lies, and how figures come to its pixels.
pub(super) struct Framed<'a> {
    crs: &'a Crs,
    inverse: Affine,
    projector: &'a dyn Projector,
    /// Whether x is longitude.
    degrees: bool,
    /// Boxes around it on the globe, a little larger than it is.
    boxes: Vec<Bounds>,
}

impl<'a> Framed<'a> {
    /// Finds `frame` on the globe.
    pub(super) fn of(frame: &'a Frame, projector: &'a dyn Projector) -> Result<Self, LabelError> {
        let (Some(crs), Some(transform)) = (&frame.crs, frame.transform) else {
            return Err(LabelError::Nowhere);
        };
        let inverse = transform.inverse().ok_or(LabelError::Nowhere)?;
        // Edges of the frame bend on the globe.
        let (w, h) = (f64::from(frame.size.width), f64::from(frame.size.height));
        let mut edge = Vec::new();
        for ([x0, y0], [x1, y1]) in [
            ([0.0, 0.0], [w, 0.0]),
            ([w, 0.0], [w, h]),
            ([w, h], [0.0, h]),
            ([0.0, h], [0.0, 0.0]),
        ] {
            for step in 0..EDGE_STEPS {
                let at = f64::from(step) / f64::from(EDGE_STEPS);
                let (x, y) = transform.apply(x0 + at * (x1 - x0), y0 + at * (y1 - y0));
                edge.push([x, y]);
            }
        }
        projector
            .project(crs, &Crs::wgs84(), &mut edge)
            .map_err(LabelError::Frame)?;
        let degrees = is_degrees(crs, projector);
        let outline = ring_on_globe(&edge, degrees);
        let boxes = outline.polygons.into_iter();
        let boxes = boxes
            .filter_map(|polygon| bounds_of(&polygon))
            .map(|b| grown(b, PADDING))
            .collect();
        Ok(Self {
            crs,
            inverse,
            projector,
            degrees,
            boxes,
        })
    }

    /// Boxes around the frame in longitude and latitude.
    pub(super) fn boxes(&self) -> &[Bounds] {
        &self.boxes
    }

    /// What of `figure`, which is in `from` and `placed` on the globe, may reach into the frame, in its pixels. Parts are
    /// projected corner by corner. What is cut at the antimeridian, and what has a corner without a place in the system of the frame,
    /// is first cut to the frame and some space around it.
    pub(super) fn pixels(
        &self,
        figure: &Figure,
        from: &Crs,
        placed: &Placed,
    ) -> Result<Figure, ProjectError> {
        let same = from.matches(self.crs) == Some(true);
        let mut found = Figure::default();
        for (polygon, on_globe) in figure.polygons.iter().zip(&placed.figure.polygons) {
            if !self.reaches(on_globe.rings.iter().flatten().copied(), placed.margin) {
                continue;
            }
            let whole = Figure {
                polygons: vec![polygon.clone()],
                ..Figure::default()
            };
            match self.whole(whole, from, same || !placed.cut) {
                Some(whole) => found.polygons.extend(whole.polygons),
                None => found.polygons.extend(self.near_polygons(on_globe)?),
            }
        }
        for (number, line) in figure.lines.iter().enumerate() {
            let on_globe = placed.line(number);
            if !self.reaches(on_globe.iter().flatten().copied(), placed.margin) {
                continue;
            }
            let whole = Figure {
                lines: vec![line.clone()],
                ..Figure::default()
            };
            match self.whole(whole, from, same || !placed.cut) {
                Some(whole) => found.lines.extend(whole.lines),
                None => found.lines.extend(self.near_lines(on_globe)?),
            }
        }
        let points = figure.points.iter().zip(&placed.figure.points);
        let near =
            points.filter(|(_, on_globe)| self.reaches(std::iter::once(**on_globe), [0.0; 2]));
        let mut points = Figure {
            points: near.map(|(p, _)| *p).collect(),
            ..Figure::default()
        };
        project(&mut points, from, self.crs, self.projector)?;
        found.points = points.points;
        if self.degrees {
            add_turns(&mut found);
        }
        found.each_mut(|p| {
            let (column, row) = self.inverse.apply(p[0], p[1]);
            *p = [column, row];
        });
        Ok(found)
    }

    /// A part of a figure, projected as it is; nothing where it may not be, or cannot.
    fn whole(&self, mut part: Figure, from: &Crs, may: bool) -> Option<Figure> {
        let done = may.then(|| project(&mut part, from, self.crs, self.projector));
        done.is_some_and(|done| done.is_ok()).then_some(part)
    }

    fn near_polygons(&self, on_globe: &Polygon) -> Result<Vec<Polygon>, ProjectError> {
        let mut found = Vec::new();
        for &b in &self.boxes {
            let space = grown(b, SPACE);
            let rings = on_globe.rings.iter().map(|ring| {
                let mut ring = clipped(ring, space);
                ring.extend(ring.first().copied());
                fine(&ring, space)
            });
            let mut part = Figure {
                polygons: vec![Polygon {
                    rings: rings.filter(|ring| ring.len() > 3).collect(),
                }],
                ..Figure::default()
            };
            project(&mut part, &Crs::wgs84(), self.crs, self.projector)?;
            found.extend(part.polygons.into_iter().filter(|p| !p.rings.is_empty()));
        }
        Ok(found)
    }

    fn near_lines(&self, on_globe: &[Vec<Point>]) -> Result<Vec<Vec<Point>>, ProjectError> {
        let mut found = Vec::new();
        for &b in &self.boxes {
            let space = grown(b, SPACE);
            let segments = on_globe
                .iter()
                .flat_map(|line| line.iter().zip(line.iter().skip(1)));
            let parts = segments.filter_map(|(a, b)| segment_within(*a, *b, space));
            let mut part = Figure {
                lines: parts.map(|(a, b)| fine(&[a, b], space)).collect(),
                ..Figure::default()
            };
            project(&mut part, &Crs::wgs84(), self.crs, self.projector)?;
            found.extend(part.lines);
        }
        Ok(found)
    }

    /// Whether the box around points, and around what bends out of it by `margin`, meets one around the frame.
    fn reaches(&self, points: impl Iterator<Item = Point>, margin: [f64; 2]) -> bool {
        let around = points.fold(None, |all: Option<Bounds>, [x, y]| {
            Some(all.map_or(Bounds::new(x, y, x, y), |b| b.extended([x, y])))
        });
        let around = around.map(|around| widened(around, margin));
        around.is_some_and(|around| self.boxes.iter().any(|b| meet(*b, around)))
    }
}

/// A frame may be on another turn than a figure that lies in it: the same ground, 360° apart.
fn add_turns(figure: &mut Figure) {
    let as_it_is = figure.clone();
    for turn in [-360.0, 360.0] {
        let mut other = as_it_is.clone();
        other.each_mut(|p| p[0] += turn);
        figure.points.extend(other.points);
        figure.lines.extend(other.lines);
        figure.polygons.extend(other.polygons);
    }
}

/// Whether coordinates of a system are longitudes and latitudes.
pub(super) fn is_degrees(crs: &Crs, projector: &dyn Projector) -> bool {
    let is_globe = crs.matches(&Crs::wgs84()) == Some(true);
    is_globe
        || projector
            .describe(crs)
            .is_ok_and(|s| s.kind == CrsKind::Geographic)
}

/// Whether two boxes share a point.
pub(super) fn meet(a: Bounds, b: Bounds) -> bool {
    a.xmin <= b.xmax && a.xmax >= b.xmin && a.ymin <= b.ymax && a.ymax >= b.ymin
}

fn bounds_of(polygon: &Polygon) -> Option<Bounds> {
    let points = polygon.rings.iter().flatten();
    points.fold(None, |all: Option<Bounds>, &[x, y]| {
        Some(all.map_or(Bounds::new(x, y, x, y), |b| b.extended([x, y])))
    })
}

/// A box, larger by a share of itself on each side, within the globe.
fn grown(b: Bounds, by: f64) -> Bounds {
    let (x, y) = ((b.xmax - b.xmin) * by, (b.ymax - b.ymin) * by);
    Bounds::new(
        (b.xmin - x).max(-180.0),
        (b.ymin - y).max(-90.0),
        (b.xmax + x).min(180.0),
        (b.ymax + y).min(90.0),
    )
}

/// The part of a ring in a box, not closed (Sutherland and Hodgman, 1974).
fn clipped(ring: &[Point], b: Bounds) -> Vec<Point> {
    let mut ring = ring.to_vec();
    if ring.first() == ring.last() {
        ring.pop();
    }
    // Along which axis, at what, and on which side of it points stay.
    for (axis, edge, side) in [
        (0, b.xmin, 1.0),
        (0, b.xmax, -1.0),
        (1, b.ymin, 1.0),
        (1, b.ymax, -1.0),
    ] {
        let along = |p: Point| if axis == 0 { p[0] } else { p[1] };
        let inside = |p: Point| (along(p) - edge) * side >= 0.0;
        let mut kept = Vec::with_capacity(ring.len() + 4);
        let before = ring.iter().skip(ring.len().saturating_sub(1)).chain(&ring);
        for (&from, &to) in before.zip(&ring) {
            if inside(from) != inside(to) {
                kept.push(at_edge(from, to, axis, edge));
            }
            if inside(to) {
                kept.push(to);
            }
        }
        ring = kept;
    }
    ring
}

fn at_edge(a: Point, b: Point, axis: usize, edge: f64) -> Point {
    if axis == 0 {
        let share = (edge - a[0]) / (b[0] - a[0]);
        [edge, a[1] + share * (b[1] - a[1])]
    } else {
        let share = (edge - a[1]) / (b[1] - a[1]);
        [a[0] + share * (b[0] - a[0]), edge]
    }
}

/// The part of a segment in a box (Liang and Barsky, 1984).
fn segment_within(a: Point, b: Point, space: Bounds) -> Option<(Point, Point)> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (step, room) in [
        (-dx, a[0] - space.xmin),
        (dx, space.xmax - a[0]),
        (-dy, a[1] - space.ymin),
        (dy, space.ymax - a[1]),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            from = from.max(room / step);
        } else {
            to = to.min(room / step);
        }
    }
    let at = |t: f64| [a[0] + t * dx, a[1] + t * dy];
    (from <= to).then(|| (at(from), at(to)))
}

/// The same line with points so close that it bends as the ground does.
fn fine(line: &[Point], space: Bounds) -> Vec<Point> {
    let (width, height) = (space.xmax - space.xmin, space.ymax - space.ymin);
    let mut out = Vec::with_capacity(line.len());
    for (&a, &b) in line.iter().zip(line.iter().skip(1)) {
        let share = ((b[0] - a[0]).abs() / width).max((b[1] - a[1]).abs() / height);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of what was cut to the space: 0 to 1"
        )]
        let pieces = (share.clamp(0.0, 1.0) * f64::from(FINE)).ceil().max(1.0) as u16;
        for i in 0..pieces {
            let at = f64::from(i) / f64::from(pieces);
            out.push([a[0] + at * (b[0] - a[0]), a[1] + at * (b[1] - a[1])]);
        }
    }
    out.extend(line.last().copied());
    out
}

/// Points along an edge of a frame that are looked for on the globe.
const EDGE_STEPS: u32 = 16;
/// By what share of itself the box around a frame is made larger: edges bend between the points looked at.
const PADDING: f64 = 0.02;
/// By what share of itself that box is made larger for what is cut to it.
const SPACE: f64 = 0.5;
/// Parts of a line that runs all along that space.
const FINE: u16 = 64;
