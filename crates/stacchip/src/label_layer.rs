//! Figures of a vector layer, and the chips that they label.

use std::ops::Range;

use stacchip_chip::{Frame, Touch, burn};
use stacchip_model::{Bounds, Crs, Figure, MultiPolygon, ProjectError, Projector, Size};
use thiserror::Error;

/// The figures of a layer, found by where they are on the globe.
#[derive(Debug)]
pub struct LabelLayer {
    figures: Vec<Figure>,
    crs: Crs,
    /// The same in longitude and latitude, with the boxes around them; nothing of what is empty.
    on_globe: Vec<Option<(Figure, Bounds)>>,
    /// Numbers of figures whose boxes reach into each square of [`STEP`] degrees, row by row from the south west.
    squares: Vec<Vec<u32>>,
    /// Numbers of figures whose boxes reach into more than [`MOST_SQUARES`] of them: they are in none.
    wide: Vec<u32>,
}

impl LabelLayer {
    /// Figures whose coordinates are of `crs`.
    ///
    /// # Errors
    /// [`LabelError::Figure`] where one cannot be brought to longitude and latitude.
    pub fn new(
        figures: Vec<Figure>,
        crs: Crs,
        projector: &dyn Projector,
    ) -> Result<Self, LabelError> {
        let globe = Crs::wgs84();
        let mut on_globe = Vec::with_capacity(figures.len());
        let mut squares = vec![Vec::new(); COLUMNS * ROWS];
        let mut wide = Vec::new();
        for (number, figure) in figures.iter().enumerate() {
            let mut there = figure.clone();
            project(&mut there, &crs, &globe, projector)
                .map_err(|cause| LabelError::Figure { number, cause })?;
            let bounds = there.bounds();
            if let (Some(bounds), Ok(number)) = (bounds, u32::try_from(number)) {
                if squares_of(bounds).nth(MOST_SQUARES).is_some() {
                    wide.push(number);
                } else {
                    for square in squares_of(bounds) {
                        if let Some(here) = squares.get_mut(square) {
                            here.push(number);
                        }
                    }
                }
            }
            on_globe.push(bounds.map(|b| (there, b)));
        }
        Ok(Self {
            figures,
            crs,
            on_globe,
            squares,
            wide,
        })
    }

    /// The numbers of the figures that share a point with `outline`, which is in longitude and latitude; in
    /// their order.
    pub fn touching(&self, outline: &MultiPolygon) -> Vec<usize> {
        let chip = Figure::from(outline.clone());
        let Some(bounds) = chip.bounds() else {
            return Vec::new();
        };
        let mut near = self.near(bounds);
        near.retain(|&number| {
            let figure = self.on_globe.get(number).and_then(Option::as_ref);
            figure.is_some_and(|(figure, _)| chip.meets(figure))
        });
        near
    }

    /// The share of `outline` that polygons among the figures `numbers` cover, 0 to 1: of points in longitude
    /// and latitude, 256 by 256 over the box around each of its parts. What is covered twice counts once.
    pub fn coverage(&self, outline: &MultiPolygon, numbers: &[usize]) -> f64 {
        let (mut all, mut covered) = (0.0, 0.0);
        for part in &outline.polygons {
            let chip = Figure::from(MultiPolygon::from(part.clone()));
            let Some(b) = chip.bounds() else {
                continue;
            };
            let (width, height) = (b.xmax - b.xmin, b.ymax - b.ymin);
            if !(width > 0.0 && height > 0.0) {
                continue;
            }
            let scale = f64::from(POINTS);
            let onto = |figure: &Figure| {
                let mut figure = Figure {
                    polygons: figure.polygons.clone(),
                    ..Figure::default()
                };
                figure.each_mut(|p| {
                    *p = [
                        (p[0] - b.xmin) / width * scale,
                        (b.ymax - p[1]) / height * scale,
                    ];
                });
                figure
            };
            let size = Size::new(POINTS, POINTS);
            let mut grid = vec![0u8; POINTS as usize * POINTS as usize];
            let mut mark = |figure: &Figure, bit: u8| {
                burn(figure, size, Touch::Centres, |row, columns| {
                    if let Some(cells) = grid.get_mut(cells(row, columns, POINTS)) {
                        for cell in cells {
                            *cell |= bit;
                        }
                    }
                });
            };
            mark(&onto(&chip), 1);
            for &number in numbers {
                if let Some((figure, _)) = self.on_globe.get(number).and_then(Option::as_ref) {
                    mark(&onto(figure), 2);
                }
            }
            let count =
                |wanted: u8| grid.iter().filter(|cell| **cell & wanted == wanted).count() as f64;
            // A point of a large part stands for more ground than one of a small one.
            all += count(1) * width * height;
            covered += count(3) * width * height;
        }
        if all > 0.0 { covered / all } else { 0.0 }
    }

    /// Burns what lies in `frame` into `into`, which has its pixels, row by row: of each figure the number that
    /// `value` has for it, of later ones over those of earlier ones; nothing where `value` has none. Figures are
    /// brought into the reference system of the frame corner by corner, as GDAL does.
    ///
    /// # Errors
    /// [`LabelError`] where the frame lies nowhere, or a figure cannot be brought there.
    pub fn burn(
        &self,
        frame: &Frame,
        touch: Touch,
        projector: &dyn Projector,
        value: impl Fn(usize) -> Option<f64>,
        into: &mut [f64],
    ) -> Result<(), LabelError> {
        let (Some(crs), Some(transform)) = (&frame.crs, frame.transform) else {
            return Err(LabelError::Nowhere);
        };
        let inverse = transform.inverse().ok_or(LabelError::Nowhere)?;
        let globe = Crs::wgs84();
        // Edges of the frame bend on the globe.
        let mut edge = Vec::new();
        for step in 0..=EDGE_STEPS {
            let at = f64::from(step) / f64::from(EDGE_STEPS);
            let (w, h) = (f64::from(frame.size.width), f64::from(frame.size.height));
            for (x, y) in [(at * w, 0.0), (at * w, h), (0.0, at * h), (w, at * h)] {
                let (x, y) = transform.apply(x, y);
                edge.push([x, y]);
            }
        }
        projector
            .project(crs, &globe, &mut edge)
            .map_err(LabelError::Frame)?;
        let around = Figure {
            points: edge,
            ..Figure::default()
        };
        let Some(b) = around.bounds() else {
            return Ok(());
        };
        // Where the edges lie on both sides of the antimeridian, all the way round.
        let b = if b.xmax - b.xmin > 180.0 {
            Bounds::new(-180.0, b.ymin, 180.0, b.ymax)
        } else {
            let (x, y) = ((b.xmax - b.xmin) * PADDING, (b.ymax - b.ymin) * PADDING);
            Bounds::new(b.xmin - x, b.ymin - y, b.xmax + x, b.ymax + y)
        };
        for number in self.near(b) {
            let (Some(value), Some(figure)) = (value(number), self.figures.get(number)) else {
                continue;
            };
            let mut figure = figure.clone();
            project(&mut figure, &self.crs, crs, projector)
                .map_err(|cause| LabelError::Figure { number, cause })?;
            figure.each_mut(|p| {
                let (column, row) = inverse.apply(p[0], p[1]);
                *p = [column, row];
            });
            burn(&figure, frame.size, touch, |row, columns| {
                if let Some(cells) = into.get_mut(cells(row, columns, frame.size.width)) {
                    cells.fill(value);
                }
            });
        }
        Ok(())
    }

    /// Numbers of figures whose boxes meet `bounds`, in order.
    fn near(&self, bounds: Bounds) -> Vec<usize> {
        let mut found: Vec<usize> = squares_of(bounds)
            .filter_map(|square| self.squares.get(square))
            .flatten()
            .chain(&self.wide)
            .map(|n| *n as usize)
            .collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|&number| {
            let there = self.on_globe.get(number).and_then(Option::as_ref);
            there.is_some_and(|(_, b)| {
                b.xmin <= bounds.xmax
                    && b.xmax >= bounds.xmin
                    && b.ymin <= bounds.ymax
                    && b.ymax >= bounds.ymin
            })
        });
        found
    }
}

/// Why chips cannot be labelled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A figure has no place where it is wanted.
    #[error("feature {number} of the layer, counted from 0, cannot be brought to the chip")]
    Figure {
        /// Its number.
        number: usize,
        /// Why.
        #[source]
        cause: ProjectError,
    },
    /// The chip has no place on the globe.
    #[error("the chip cannot be found on the globe")]
    Frame(#[source] ProjectError),
    /// The chip lies nowhere.
    #[error("the chip has no reference system or no transform: nothing can be burnt into it")]
    Nowhere,
}

fn project(
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

fn cells(row: u32, columns: Range<u32>, width: u32) -> Range<usize> {
    let first = row as usize * width as usize;
    first + columns.start as usize..first + columns.end as usize
}

/// The squares that a box reaches into.
fn squares_of(b: Bounds) -> impl Iterator<Item = usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is brought within the squares there are; what is no number becomes 0"
    )]
    let at = |v: f64, edge: f64, count: usize| {
        ((v + edge) / STEP).clamp(0.0, (count - 1) as f64) as usize
    };
    let columns = at(b.xmin, 180.0, COLUMNS)..=at(b.xmax, 180.0, COLUMNS);
    let rows = at(b.ymin, 90.0, ROWS)..=at(b.ymax, 90.0, ROWS);
    rows.flat_map(move |row| columns.clone().map(move |column| row * COLUMNS + column))
}

/// Degrees of a square.
const STEP: f64 = 0.5;
const COLUMNS: usize = 720;
const ROWS: usize = 360;
/// Squares that a figure is noted in, at most: a thousand figures around the globe are a few hundred MiB otherwise.
const MOST_SQUARES: usize = 1024;

/// Points along a chip, across and down, by which coverage is told.
const POINTS: u32 = 256;

/// Points along an edge of a frame that are looked for on the globe.
const EDGE_STEPS: u32 = 16;

/// By what share of itself the box around a frame is made larger: edges bend between the points looked at.
const PADDING: f64 = 0.02;

#[cfg(test)]
mod tests {
    use stacchip_model::{Affine, CrsSummary, Polygon};

    use super::*;

    /// Metres that are hundredths of a degree.
    #[derive(Debug)]
    struct Hundredths;

    impl Projector for Hundredths {
        fn project(
            &self,
            from: &Crs,
            to: &Crs,
            points: &mut [stacchip_model::Point],
        ) -> Result<(), ProjectError> {
            let by = match (from == &Crs::wgs84(), to == &Crs::wgs84()) {
                (true, false) => 100.0,
                (false, true) => 0.01,
                _ => 1.0,
            };
            for p in points {
                *p = [p[0] * by, p[1] * by];
            }
            Ok(())
        }

        fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
            Err(ProjectError::UnknownCrs {
                crs: crs.to_string(),
                cause: "nobody asks".into(),
            })
        }
    }

    fn square(west: f64, south: f64, edge: f64) -> Polygon {
        let (east, north) = (west + edge, south + edge);
        Polygon {
            rings: vec![vec![
                [west, south],
                [east, south],
                [east, north],
                [west, north],
                [west, south],
            ]],
        }
    }

    fn layer() -> LabelLayer {
        let figure = |p: Polygon| Figure {
            polygons: vec![p],
            ..Figure::default()
        };
        let figures = vec![
            figure(square(10.0, 10.0, 1.0)),
            figure(square(10.5, 10.0, 1.0)),
            Figure {
                points: vec![[12.25, 10.25]],
                ..Figure::default()
            },
            Figure::default(),
        ];
        LabelLayer::new(figures, Crs::wgs84(), &Hundredths).unwrap()
    }

    #[test]
    fn chips_are_touched_and_covered() {
        let layer = layer();
        let chip: MultiPolygon = square(10.0, 10.0, 2.0).into();
        assert_eq!(layer.touching(&chip), [0, 1]);
        assert_eq!(layer.coverage(&chip, &[0]), 0.25);
        assert_eq!(layer.coverage(&chip, &[0, 1]), 0.375);
        let other: MultiPolygon = square(12.1, 10.1, 0.3).into();
        assert_eq!(layer.touching(&other), [2]);
        assert_eq!(layer.coverage(&other, &[2]), 0.0);
        assert!(
            layer
                .touching(&square(-170.0, -80.0, 1.0).into())
                .is_empty()
        );
        assert_eq!(layer.coverage(&square(10.0, 10.0, 1.0).into(), &[0]), 1.0);
    }

    #[test]
    fn later_figures_lie_over_earlier_ones() {
        let frame = Frame {
            size: Size::new(4, 2),
            crs: Some(Crs::epsg(32632)),
            // Pixels of half a degree from 10 east, 11 north.
            transform: Some(Affine::new(50.0, 0.0, 1000.0, 0.0, -50.0, 1100.0)),
        };
        let mut burnt = vec![0.0; 8];
        let value = |n: usize| [Some(7.0), Some(9.0), None, None][n];
        layer()
            .burn(&frame, Touch::Centres, &Hundredths, value, &mut burnt)
            .unwrap();
        assert_eq!(burnt, [7.0, 9.0, 9.0, 0.0, 7.0, 9.0, 9.0, 0.0]);
        let nowhere = Frame::of_size(Size::new(4, 2));
        let refused = layer().burn(&nowhere, Touch::All, &Hundredths, value, &mut burnt);
        assert!(matches!(refused, Err(LabelError::Nowhere)));
    }
}
