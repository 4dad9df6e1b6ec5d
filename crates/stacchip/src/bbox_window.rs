//! From a box in degrees to pixels.

use stacchip_chip::Frame;
use stacchip_model::{Crs, ProjectError, Projector, Window};
use thiserror::Error;

/// The pixels of `frame` that a box in degrees (west, south, east, north on WGS 84) touches. Its
/// edges are followed in small steps, because they are bent on most grids. A box across the
/// antimeridian has its west east of its east.
///
/// # Errors
/// [`BboxError`].
pub fn window_of_bbox(
    frame: &Frame,
    [west, south, east, north]: [f64; 4],
    projector: &dyn Projector,
) -> Result<Window, BboxError> {
    let crs = frame.crs.as_ref().ok_or(BboxError::NoPlace)?;
    let back = frame
        .transform
        .and_then(|t| t.inverse())
        .ok_or(BboxError::NoPlace)?;
    let east = if east < west { east + 360.0 } else { east };
    let mut points = Vec::with_capacity(4 * STEPS as usize);
    for step in 0..=STEPS {
        let share = f64::from(step) / f64::from(STEPS);
        let (x, y) = (
            west + (east - west) * share,
            south + (north - south) * share,
        );
        points.extend([[x, south], [x, north], [west, y], [east, y]]);
    }
    for point in &mut points {
        if point[0] > 180.0 {
            point[0] -= 360.0;
        }
    }
    projector.project(&Crs::wgs84(), crs, &mut points)?;
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for [x, y] in points {
        let (col, row) = back.apply(x, y);
        for (i, v) in [col, row].into_iter().enumerate() {
            low[i] = low[i].min(v);
            high[i] = high[i].max(v);
        }
    }
    let axis = |i: usize| {
        // Edges that lie on the edge of a pixel, but for rounding, do not touch the next one.
        let (start, end) = ((low[i] + ROUNDING).floor(), (high[i] - ROUNDING).ceil());
        let length = (end - start).max(1.0);
        (start.abs() < 1e12 && length < f64::from(u32::MAX)).then(|| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, and within the bounds just checked"
            )]
            let numbers = (start as i64, length as u32);
            numbers
        })
    };
    let (col, width) = axis(0).ok_or(BboxError::TooLarge)?;
    let (row, height) = axis(1).ok_or(BboxError::TooLarge)?;
    Ok(Window::new(col, row, width, height))
}

/// Why a box has no window.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BboxError {
    /// The raster does not say where it lies.
    #[error("it does not say where it lies: choose pixels with --window")]
    NoPlace,
    /// The box has no place in the raster's reference system.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The box is of more pixels than can be counted.
    #[error("the box reaches too far beyond the raster")]
    TooLarge,
}

/// Steps along each edge.
const STEPS: u32 = 32;
/// Pixels.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use stacchip_model::{Affine, CrsKind, CrsSummary, Point, Size};

    use super::*;

    /// Degrees are metres.
    #[derive(Debug)]
    struct Flat;

    impl Projector for Flat {
        fn project(&self, _: &Crs, _: &Crs, _: &mut [Point]) -> Result<(), ProjectError> {
            Ok(())
        }

        fn describe(&self, _: &Crs) -> Result<CrsSummary, ProjectError> {
            Ok(CrsSummary {
                kind: CrsKind::Geographic,
                name: "flat".to_owned(),
                unit: 1.0,
            })
        }
    }

    #[test]
    fn a_box_takes_the_pixels_it_touches() {
        let frame = Frame {
            size: Size::new(100, 100),
            crs: Some(Crs::wgs84()),
            transform: Some(Affine::new(0.1, 0.0, 10.0, 0.0, -0.1, 50.0)),
        };
        let window = window_of_bbox(&frame, [10.5, 49.0, 11.0, 49.5], &Flat).unwrap();
        assert_eq!(window, Window::new(5, 5, 5, 5));
        let window = window_of_bbox(&frame, [10.51, 49.01, 10.52, 49.02], &Flat).unwrap();
        assert_eq!(window, Window::new(5, 9, 1, 1));
        let nowhere = Frame::of_size(frame.size);
        assert!(matches!(
            window_of_bbox(&nowhere, [0.0; 4], &Flat),
            Err(BboxError::NoPlace)
        ));
    }
}
