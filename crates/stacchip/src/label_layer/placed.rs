//! A figure in longitude and latitude.

use stacchip_index::on_globe::{
    lies_plain, line_within_a_turn, unrolled, unrolled_line, within_a_turn,
};
use stacchip_model::{Bounds, Crs, Figure, Point, ProjectError, Projector};

/// A figure in longitude and latitude, within ±180°: cut where it crosses the antimeridian, closed over a pole.
#[derive(Debug)]
pub(super) struct Placed {
    /// All of it. Its points and polygons are those of the figure, one for one; long edges have points between their corners,
    /// so that they lie where they do in the system of the figure.
    pub(super) figure: Figure,
    /// A box around it, and around what lies between its corners in another system.
    pub(super) bounds: Bounds,
    /// Degrees of longitude and latitude by which an edge may bend out of its place in another system.
    pub(super) margin: [f64; 2],
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
        let margin = margin(&there);
        if !degrees {
            densify(&mut there, figure, crs, projector);
        }
        let mut placed = Self {
            figure: Figure::default(),
            bounds: Bounds::new(0.0, 0.0, 0.0, 0.0),
            margin,
            line_ends: Vec::new(),
            cut: false,
        };
        let within = |points: &[Point]| points.iter().all(|p| p[0].abs() <= 180.0);
        for polygon in &mut there.polygons {
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
                unrolled(polygon)
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
        Ok(bounds.map(|b| Self {
            bounds: widened(b, placed.margin),
            ..placed
        }))
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

/// A box with so much more of longitude and latitude on each side.
pub(super) fn widened(b: Bounds, [lon, lat]: [f64; 2]) -> Bounds {
    Bounds::new(b.xmin - lon, b.ymin - lat, b.xmax + lon, b.ymax + lat)
}

/// Degrees of longitude and latitude that no edge between the corners of `figure`, which is in longitude and latitude, bends out of
/// its place by, in whichever system it is straight: twice the height of the arc over a parallel, L² tan φ / 8.
fn margin(figure: &Figure) -> [f64; 2] {
    let rings = figure.polygons.iter().flat_map(|polygon| &polygon.rings);
    let lines = rings.chain(&figure.lines);
    let edges = lines.flat_map(|line| line.iter().zip(line.iter().skip(1)));
    edges.fold([0.0f64; 2], |[lon, lat], (a, b)| {
        let turn = (b[0] - a[0]).abs().rem_euclid(360.0);
        let (low, high) = (a[1].abs().min(b[1].abs()), a[1].abs().max(b[1].abs()));
        let high = high.min(HIGHEST).to_radians();
        let along = turn.min(360.0 - turn).to_radians() * low.to_radians().cos();
        let across = (b[1] - a[1]).to_radians();
        let height = (along * along + across * across) * high.tan().max(1.0) / 4.0;
        let height = height.to_degrees().min(MOST_BENT);
        [lon.max(height / high.cos()), lat.max(height)]
    })
}

/// Gives long edges of `there`, which are those of `figure` in longitude and latitude, points between their corners: a straight
/// edge of a projected system bends on the globe. What has no place there is left as it is.
fn densify(there: &mut Figure, figure: &Figure, crs: &Crs, projector: &dyn Projector) {
    let rings = there.polygons.iter_mut().flat_map(|p| &mut p.rings);
    let sources = figure.polygons.iter().flat_map(|p| &p.rings);
    let lines = there.lines.iter_mut().zip(&figure.lines);
    for (line, source) in rings.zip(sources).chain(lines) {
        let corners = line.iter().zip(line.iter().skip(1));
        let pieces: Vec<u16> = corners.map(|(a, b)| pieces(*a, *b)).collect();
        if pieces.iter().all(|pieces| *pieces == 1) {
            continue;
        }
        let next = source.iter().skip(1);
        let edges = source.iter().zip(next).zip(pieces);
        let steps = edges.flat_map(|((a, b), pieces)| {
            (0..pieces).map(move |i| {
                let at = f64::from(i) / f64::from(pieces);
                [a[0] + at * (b[0] - a[0]), a[1] + at * (b[1] - a[1])]
            })
        });
        let mut fine: Vec<Point> = steps.chain(source.last().copied()).collect();
        if projector.project(crs, &Crs::wgs84(), &mut fine).is_ok() {
            *line = fine;
        }
    }
}

/// Parts of an edge between two places in longitude and latitude, none of them long.
fn pieces(a: Point, b: Point) -> u16 {
    let span = (b[0] - a[0]).abs().max((b[1] - a[1]).abs());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    let pieces = (span / LONGEST).ceil().clamp(1.0, f64::from(PIECES)) as u16;
    pieces
}

/// Degrees of longitude between which a projected ring can be taken as it is: no pole and no antimeridian is in it.
const WIDEST: f64 = 60.0;
/// Degrees that an edge may span without points between: it bends by half a metre then, where its system is not an odd one.
const LONGEST: f64 = 0.05;
/// Most parts of an edge.
const PIECES: u16 = 1024;
/// The latitude beyond which edges are taken to bend as they do there.
const HIGHEST: f64 = 89.9;
/// Degrees by which an edge bends at most.
const MOST_BENT: f64 = 45.0;
