//! A figure in longitude and latitude.

use stacchip_index::on_globe::{
    lies_plain, line_within_a_turn, unrolled, unrolled_line, within_a_turn,
};
use stacchip_model::{Bounds, Crs, Figure, Point, Polygon, ProjectError, Projector};

/// A figure in longitude and latitude, within ±180°: cut where it crosses the antimeridian, closed over a pole.
#[derive(Debug)]
pub(super) struct Placed {
    /// All of it. Its points and polygons are those of the figure, one for one.
    pub(super) figure: Figure,
    /// The box around it.
    pub(super) bounds: Bounds,
    /// Of each line of the figure where its parts end among the lines here; of lines that are not cut nothing.
    line_ends: Vec<usize>,
    /// Whether it is not merely its points, projected: parts of it are on both sides of the antimeridian, or around a pole.
    pub(super) cut: bool,
}

impl Placed {
    /// `figure`, which is in `crs`, on the globe; nothing where it is nowhere. Coordinates of a system in `degrees` keep their turns: what lies
    /// from 170 to 190 crosses the antimeridian.
    pub(super) fn of(
        figure: &Figure,
        crs: &Crs,
        degrees: bool,
        projector: &dyn Projector,
    ) -> Result<Option<Self>, ProjectError> {
        let globe = Crs::wgs84();
        let mut there = figure.clone();
        project(&mut there, crs, &globe, projector)?;
        if degrees {
            let mut sources = figure.vertices();
            there.each_mut(|p| {
                if let Some([x, _]) = sources.next() {
                    p[0] += 360.0 * ((x - p[0]) / 360.0).round();
                }
            });
        }
        let mut placed = Self {
            figure: Figure::default(),
            bounds: Bounds::new(0.0, 0.0, 0.0, 0.0),
            line_ends: Vec::new(),
            cut: false,
        };
        let within = |points: &[Point]| points.iter().all(|p| p[0].abs() <= 180.0);
        for (polygon, source) in there.polygons.iter_mut().zip(&figure.polygons) {
            let plain = |ring: &Vec<Point>| {
                if degrees {
                    within(ring)
                } else {
                    lies_plain(ring, WIDEST)
                }
            };
            if polygon.rings.iter().all(plain) {
                continue;
            }
            placed.cut = true;
            *polygon = if degrees {
                within_a_turn(polygon)
            } else {
                // Edges bend: between corners they may run around a pole.
                let mut fine = densified(source);
                let mut points: Vec<Point> = fine.rings.iter().flatten().copied().collect();
                if projector.project(crs, &globe, &mut points).is_ok() {
                    let mut points = points.into_iter();
                    fine.rings
                        .iter_mut()
                        .flatten()
                        .zip(&mut points)
                        .for_each(|(p, at)| *p = at);
                    unrolled(&fine)
                } else {
                    unrolled(polygon)
                }
            };
        }
        let mut lines = Vec::with_capacity(there.lines.len());
        let mut ends = Vec::with_capacity(there.lines.len());
        for line in there.lines.drain(..) {
            let smooth = if degrees { line } else { unrolled_line(&line) };
            if within(&smooth) {
                lines.push(smooth);
            } else {
                placed.cut = true;
                lines.extend(line_within_a_turn(&smooth));
            }
            ends.push(lines.len());
        }
        if placed.cut {
            placed.line_ends = ends;
        }
        there.lines = lines;
        for point in &mut there.points {
            if point[0].abs() > 180.0 {
                point[0] -= 360.0 * (point[0] / 360.0).round();
            }
        }
        let bounds = there.bounds();
        placed.figure = there;
        Ok(bounds.map(|bounds| Self { bounds, ..placed }))
    }

    /// The parts here of the line with that number in the figure.
    pub(super) fn line(&self, number: usize) -> &[Vec<Point>] {
        let range = if self.cut {
            let end = |n: usize| self.line_ends.get(n).copied().unwrap_or(0);
            number.checked_sub(1).map_or(0, end)..end(number)
        } else {
            number..number.saturating_add(1)
        };
        self.figure.lines.get(range).unwrap_or_default()
    }
}

/// Moves all points of a figure.
pub(super) fn project(
    figure: &mut Figure,
    from: &Crs,
    to: &Crs,
    projector: &dyn Projector,
) -> Result<(), ProjectError> {
    if from.matches(to) == Some(true) {
        return Ok(());
    }
    let mut points: Vec<_> = figure.vertices().collect();
    projector.project(from, to, &mut points)?;
    let mut points = points.into_iter();
    figure.each_mut(|p| {
        if let Some(point) = points.next() {
            *p = point;
        }
    });
    Ok(())
}

fn densified(polygon: &Polygon) -> Polygon {
    let fine = |ring: &Vec<Point>| {
        let next = ring.iter().skip(1);
        let steps = ring.iter().zip(next).flat_map(|(a, b)| {
            (0..PIECES).map(move |i| {
                let at = f64::from(i) / f64::from(PIECES);
                [a[0] + at * (b[0] - a[0]), a[1] + at * (b[1] - a[1])]
            })
        });
        steps.chain(ring.last().copied()).collect()
    };
    Polygon {
        rings: polygon.rings.iter().map(fine).collect(),
    }
}

/// Degrees of longitude between which a projected ring can be taken as it is: no pole and no antimeridian is in it.
const WIDEST: f64 = 60.0;
/// Parts of an edge that may run around a pole.
const PIECES: u16 = 32;
