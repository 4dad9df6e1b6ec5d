//! Figures of a vector layer, and the chips that they label.

mod framed;
mod placed;
#[cfg(test)]
mod tests;

use std::ops::Range;

use stacchip_chip::{Frame, Touch, burn};
use stacchip_model::{Bounds, Crs, Figure, MultiPolygon, ProjectError, Projector, Size};
use thiserror::Error;

use self::{
    framed::{Framed, is_degrees, meet},
    placed::Placed,
};

/// The figures of a layer, found by where they are on the globe.
#[derive(Debug)]
pub struct LabelLayer {
    figures: Vec<Figure>,
    crs: Crs,
    /// The same in longitude and latitude; nothing of what is empty.
    on_globe: Vec<Option<Placed>>,
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
        let degrees = is_degrees(&crs, projector);
        let mut on_globe = Vec::with_capacity(figures.len());
        let mut squares = vec![Vec::new(); COLUMNS * ROWS];
        let mut wide = Vec::new();
        for (number, figure) in figures.iter().enumerate() {
            let placed = Placed::of(figure, &crs, degrees, projector)
                .map_err(|cause| LabelError::Figure { number, cause })?;
            let bounds = placed.as_ref().map(|p| p.bounds);
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
            on_globe.push(placed);
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
        let mut near = self.near(&[bounds]);
        near.retain(|&number| {
            let there = self.on_globe.get(number).and_then(Option::as_ref);
            there.is_some_and(|there| chip.meets(&there.figure))
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
                if let Some(there) = self.on_globe.get(number).and_then(Option::as_ref) {
                    mark(&onto(&there.figure), 2);
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
    /// brought into the reference system of the frame corner by corner, as GDAL does; what cannot be brought there like that is cut
    /// to the frame first.
    ///
    /// # Errors
    /// [`LabelError`] where the frame lies nowhere, or what of a figure is near it cannot be brought there.
    pub fn burn(
        &self,
        frame: &Frame,
        touch: Touch,
        projector: &dyn Projector,
        value: impl Fn(usize) -> Option<f64>,
        into: &mut [f64],
    ) -> Result<(), LabelError> {
        let framed = Framed::of(frame, projector)?;
        for number in self.near(framed.boxes()) {
            let placed = self.on_globe.get(number).and_then(Option::as_ref);
            let (Some(value), Some(figure), Some(placed)) =
                (value(number), self.figures.get(number), placed)
            else {
                continue;
            };
            let figure = framed
                .pixels(figure, &self.crs, placed)
                .map_err(|cause| LabelError::Figure { number, cause })?;
            burn(&figure, frame.size, touch, |row, columns| {
                if let Some(cells) = into.get_mut(cells(row, columns, frame.size.width)) {
                    cells.fill(value);
                }
            });
        }
        Ok(())
    }

    /// Numbers of figures whose boxes meet one of `boxes`, in order.
    fn near(&self, boxes: &[Bounds]) -> Vec<usize> {
        let mut found: Vec<usize> = boxes
            .iter()
            .flat_map(|b| squares_of(*b))
            .filter_map(|square| self.squares.get(square))
            .flatten()
            .chain(&self.wide)
            .map(|n| *n as usize)
            .collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|&number| {
            let there = self.on_globe.get(number).and_then(Option::as_ref);
            there.is_some_and(|there| boxes.iter().any(|b| meet(there.bounds, *b)))
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
