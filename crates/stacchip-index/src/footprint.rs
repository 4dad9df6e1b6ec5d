//! Where chips lie on the globe.

use stacchip_model::{
    Bounds, Crs, CrsKind, Grid, MultiPolygon, Point, Polygon, ProjectError, Projector, Window,
};

use crate::{
    Cell, ChipGrid,
    globe::{self, Poles, Thin},
};

/// The outlines of chips on WGS 84, longitude then latitude.
///
/// An outline is that of the pixels a chip has. Its points are the chip's corners, as upstream: in
/// pixel terms (right, top), (right, bottom), (left, bottom), (left, top), closed. Neighbours share
/// corners, and each corner is projected once.
///
/// Where corners alone do not say where the chip lies, its edges are followed in small steps: where
/// it crosses the antimeridian (it is cut at ±180°, and its parts keep corners and cuts only), where
/// it holds or touches a pole (it is closed along the pole's latitude), where it is thousands of
/// kilometres wide, and where part of it lies off the globe, as at the rim of a sinusoidal world
/// (the part on the globe is outlined). Where an edge that is straight in the grid is not nearly so
/// in longitude and latitude, because corners are more than five degrees of longitude apart, as
/// around a pole, the steps stay in the outline.
#[derive(Debug, Clone, Copy)]
pub struct Footprints<'a> {
    chips: &'a ChipGrid,
    surface: Surface<'a>,
    /// Chips are so large that corners never suffice.
    wide: bool,
}

impl<'a> Footprints<'a> {
    /// The outlines of `chips`.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where the grid's reference system cannot be understood.
    pub fn new(chips: &'a ChipGrid, projector: &'a dyn Projector) -> Result<Self, ProjectError> {
        let surface = Surface::new(chips.grid(), projector)?;
        let wide = surface.is_wide(chips.chip_size());
        Ok(Self {
            chips,
            surface,
            wide,
        })
    }

    /// The chips these are the outlines of.
    pub const fn chips(&self) -> &'a ChipGrid {
        self.chips
    }

    /// The outline of one chip; empty where no part of it lies on the globe.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`].
    pub fn of(&self, cell: Cell) -> Result<MultiPolygon, ProjectError> {
        let window = self.chips.window(cell);
        let source = ring(window, 1).map(|(col, row)| self.surface.ground(col, row));
        let corners = self.surface.project(&source.collect::<Vec<_>>())?;
        self.polygon(&corners, window)
    }

    /// The outlines of all chips of `rows` rows from row `first` on, row by row; empty ones where
    /// no part of a chip lies on the globe. Rows that are not there are left out.
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`].
    pub fn rows(&self, first: u32, rows: u32) -> Result<Vec<MultiPolygon>, ProjectError> {
        let last = first.saturating_add(rows).min(self.chips.rows());
        let windows: Vec<Window> = (first..last)
            .flat_map(|y| self.chips.cells_of_row(y))
            .map(|cell| self.chips.window(cell))
            .collect();
        let cols = edges(windows.iter().map(|w| (w.col, w.col_end())));
        let rows = edges(windows.iter().map(|w| (w.row, w.row_end())));
        let nodes: Vec<Point> = rows
            .iter()
            .flat_map(|&row| cols.iter().map(move |&col| (col, row)))
            .map(|(col, row)| self.surface.ground(col as f64, row as f64))
            .collect();
        let nodes = self.surface.project(&nodes)?;
        let node = |col: i64, row: i64| {
            let (c, r) = (
                cols.binary_search(&col).ok()?,
                rows.binary_search(&row).ok()?,
            );
            nodes.get(r * cols.len() + c).copied()
        };
        windows
            .into_iter()
            .map(|w| {
                let corners = [
                    node(w.col_end(), w.row),
                    node(w.col_end(), w.row_end()),
                    node(w.col, w.row_end()),
                    node(w.col, w.row),
                ];
                self.polygon(&corners.map(|c| c.unwrap_or(NOWHERE)), w)
            })
            .collect()
    }

    fn polygon(&self, corners: &[Point], window: Window) -> Result<MultiPolygon, ProjectError> {
        let farthest = if self.surface.geographic { 360.0 } else { FAR };
        if !self.wide && globe::is_plain(corners, self.surface.poles(), farthest) {
            let closed = corners.iter().chain(corners.first()).copied().collect();
            return Ok(Polygon {
                rings: vec![closed],
            }
            .into());
        }
        self.surface.follow(window, STEPS, Some(farthest))
    }
}

/// The box around `grid` on WGS 84, its edges followed; `xmin > xmax` where it crosses the
/// antimeridian; nothing where no part of it lies on the globe.
///
/// # Errors
/// [`ProjectError::UnknownCrs`].
pub fn grid_bounds(grid: &Grid, projector: &dyn Projector) -> Result<Option<Bounds>, ProjectError> {
    let surface = Surface::new(grid, projector)?;
    let area = surface.follow(grid.size.window(), 2 * STEPS, None)?;
    Ok(globe::bounds(&area))
}

/// A grid on the globe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface<'a> {
    grid: &'a Grid,
    projector: &'a dyn Projector,
    geographic: bool,
    /// Degrees or metres of one unit of x.
    unit: f64,
}

impl<'a> Surface<'a> {
    pub(crate) fn new(grid: &'a Grid, projector: &'a dyn Projector) -> Result<Self, ProjectError> {
        let about = projector.describe(&grid.crs)?;
        let geographic = about.kind == CrsKind::Geographic;
        let unit = if geographic {
            about.unit.to_degrees()
        } else {
            about.unit
        };
        Ok(Self {
            grid,
            projector,
            geographic,
            unit,
        })
    }

    /// The longer edge of a pixel, in degrees of a great circle.
    pub(crate) fn pixel_degrees(&self) -> f64 {
        let (width, height) = self.grid.transform.pixel_size();
        let edge = width.max(height) * self.unit;
        if self.geographic {
            edge
        } else {
            edge / METRES_PER_DEGREE
        }
    }

    const fn poles(&self) -> Poles {
        if self.geographic {
            Poles::Edges
        } else {
            Poles::Points
        }
    }

    fn is_wide(&self, pixels: u32) -> bool {
        let degrees = self.pixel_degrees() * f64::from(pixels);
        degrees.is_nan() || degrees >= WIDE
    }

    fn ground(&self, col: f64, row: f64) -> Point {
        self.grid.transform.apply(col, row).into()
    }

    /// The outline of `window`, each edge in `steps` steps.
    fn follow(
        &self,
        window: Window,
        steps: usize,
        farthest: Option<f64>,
    ) -> Result<MultiPolygon, ProjectError> {
        let source: Vec<Point> = ring(window, steps)
            .map(|(col, row)| self.ground(col, row))
            .collect();
        let points = self.project(&source)?;
        if points.iter().all(|p| is_somewhere(*p)) {
            let thin = farthest.map(|farthest| Thin {
                every: steps,
                farthest,
            });
            return Ok(globe::outline(&points, self.poles(), thin));
        }
        let next = source.iter().zip(&points).cycle().skip(1);
        let mut visible = Vec::with_capacity(points.len());
        for ((from, point), (to, other)) in source.iter().zip(&points).zip(next) {
            if is_somewhere(*point) {
                visible.push(*point);
            }
            match (is_somewhere(*point), is_somewhere(*other)) {
                (true, false) => visible.extend(self.rim(*from, *to)?),
                (false, true) => visible.extend(self.rim(*to, *from)?),
                _ => {}
            }
        }
        Ok(globe::outline(&visible, self.poles(), None))
    }

    /// The last point on the globe on the way from `on` it to `off` it.
    fn rim(&self, mut on: Point, mut off: Point) -> Result<Option<Point>, ProjectError> {
        let mut last = None;
        for _ in 0..HALVINGS {
            let middle = [f64::midpoint(on[0], off[0]), f64::midpoint(on[1], off[1])];
            match self.project(&[middle])?.first() {
                Some(point) if is_somewhere(*point) => {
                    last = Some(*point);
                    on = middle;
                }
                _ => off = middle,
            }
        }
        Ok(last)
    }

    /// `source` on WGS 84; [`NOWHERE`] for those that have no place there.
    fn project(&self, source: &[Point]) -> Result<Vec<Point>, ProjectError> {
        let mut points = source.to_vec();
        self.project_into(source, &mut points)?;
        Ok(points)
    }

    /// Halves a batch until what has no place stands alone.
    fn project_into(&self, source: &[Point], points: &mut [Point]) -> Result<(), ProjectError> {
        // The register's own code, as upstream, so that the same of several operations is chosen.
        match self
            .projector
            .project(&self.grid.crs, &Crs::epsg(4326), points)
        {
            Err(ProjectError::Outside { .. }) => {
                if let [point] = points {
                    *point = NOWHERE;
                    return Ok(());
                }
                points.copy_from_slice(source);
                let half = points.len() / 2;
                let (source, points) = (source.split_at(half), points.split_at_mut(half));
                self.project_into(source.0, points.0)?;
                self.project_into(source.1, points.1)
            }
            other => other,
        }
    }
}

/// The ring of `window` in pixels, not closed, each edge in `steps` steps.
fn ring(window: Window, steps: usize) -> impl Iterator<Item = (f64, f64)> {
    let (left, right) = (window.col as f64, window.col_end() as f64);
    let (top, bottom) = (window.row as f64, window.row_end() as f64);
    let corners = [
        (right, top),
        (right, bottom),
        (left, bottom),
        (left, top),
        (right, top),
    ];
    (0..4usize).flat_map(move |side| {
        let (from, to) = (corners[side], corners[side + 1]);
        (0..steps).map(move |step| {
            let share = step as f64 / steps as f64;
            (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            )
        })
    })
}

/// Every edge once, in order.
fn edges(spans: impl Iterator<Item = (i64, i64)>) -> Vec<i64> {
    let mut edges: Vec<i64> = spans.flat_map(|(first, end)| [first, end]).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

fn is_somewhere([x, y]: Point) -> bool {
    x.is_finite() && y.is_finite()
}

const NOWHERE: Point = [f64::NAN; 2];

/// Steps along an edge that is followed; a chip around a pole then has a point every few degrees.
const STEPS: usize = 32;

/// Halvings of a step to find the rim of the globe: a step of 1000 km to a millimetre.
const HALVINGS: usize = 30;

/// Chips wider than this, in degrees, may be half a turn wide; corners do not tell.
const WIDE: f64 = 45.0;

/// Degrees of longitude between corners, beyond which corners do not make an outline: an edge bends
/// by up to 1/45 of its length then.
const FAR: f64 = 5.0;

/// Of a great circle.
const METRES_PER_DEGREE: f64 = 111_195.0;

#[cfg(test)]
mod tests;
