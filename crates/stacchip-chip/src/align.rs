//! Which pixels of a raster lie under which pixels of a frame.

use stacchip_model::{Affine, AxisMap, Size, Window};

use crate::{ChipError, Frame};

/// How the pixel grid of a raster lies against the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Alignment {
    /// By place on the ground: a pixel of the chip is the raster's pixel that holds its centre.
    #[default]
    PixelCentres,
    /// As the Python stacchip does: the raster's extent is the frame's; the window's offset is
    /// rounded down and its size up to whole pixels of the raster, and then stretched. The same
    /// answer where the ratio of the sizes divides the chip size.
    Upstream,
}

/// Which source pixel each pixel of a chip is, along both axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelMap {
    /// Along rows: columns of the chip → columns of the raster.
    pub cols: AxisMap,
    /// Along columns: rows of the chip → rows of the raster.
    pub rows: AxisMap,
}

impl PixelMap {
    /// The map from the `output` pixels of `window`, which is counted in pixels of `frame`, to the
    /// pixels of `raster`.
    ///
    /// The two lie on each other as their transforms say; as two pictures of the same extent where
    /// one of them has none.
    ///
    /// # Errors
    /// [`ChipError::OtherCrs`], [`ChipError::Turned`] where one is not merely shifted and scaled
    /// against the other; [`ChipError::Ratio`] where upstream's way does not serve;
    /// [`ChipError::Empty`] where the window or the output has no pixel.
    pub fn new(
        frame: &Frame,
        window: Window,
        output: Size,
        raster: &Frame,
        alignment: Alignment,
    ) -> Result<Self, ChipError> {
        if window.is_empty() || output.is_empty() || frame.size.is_empty() || raster.size.is_empty()
        {
            return Err(ChipError::Empty { window, output });
        }
        let between = match alignment {
            Alignment::PixelCentres => by_place(frame, raster)?,
            Alignment::Upstream => return upstream(frame.size, window, output, raster.size),
        };
        let along = |[scale, origin]: [f64; 2], start: i64, pixels: u32, into: u32| {
            let step = f64::from(pixels) / f64::from(into);
            AxisMap::new(scale * step, origin + start as f64 * scale)
                .ok_or(ChipError::Empty { window, output })
        };
        Ok(Self {
            cols: along(between[0], window.col, window.width, output.width)?,
            rows: along(between[1], window.row, window.height, output.height)?,
        })
    }

    /// The pixels of the raster that `output` pixels are made of, which may leave the raster; cut
    /// where numbers end.
    pub fn sources(&self, output: Size) -> Window {
        let along = |map: &AxisMap, pixels: u32| {
            let Some(last) = i64::from(pixels).checked_sub(1).filter(|&last| last >= 0) else {
                return (0, 0);
            };
            let (first, last) = (map.source(0), map.source(last));
            let count = last.saturating_sub(first).saturating_add(1);
            (first, u32::try_from(count).unwrap_or(u32::MAX))
        };
        let (col, width) = along(&self.cols, output.width);
        let (row, height) = along(&self.rows, output.height);
        Window::new(col, row, width, height)
    }
}

/// Pixels of `raster` per pixel of `frame`, and where the frame's edge lies in it; for columns and
/// for rows.
fn by_place(frame: &Frame, raster: &Frame) -> Result<[[f64; 2]; 2], ChipError> {
    let (f, r) = (frame.size, raster.size);
    let same_extent = [
        [f64::from(r.width) / f64::from(f.width), 0.0],
        [f64::from(r.height) / f64::from(f.height), 0.0],
    ];
    let (Some(from), Some(to)) = (frame.transform, raster.transform) else {
        return Ok(same_extent);
    };
    let turned = || ChipError::Turned {
        frame: from,
        raster: to,
    };
    let back = to.inverse().ok_or_else(turned)?;
    let between = after(&back, &from);
    // What is left of a turn over the whole frame; a hundredth of a pixel moves no pixel centre.
    let skew = (between.b * f64::from(f.height)).abs() + (between.d * f64::from(f.width)).abs();
    let [cols, rows] = [[between.a, between.c], [between.e, between.f]];
    let extents_agree = skew < SLACK
        && agrees(cols, same_extent[0], f.width)
        && agrees(rows, same_extent[1], f.height);
    let same_crs = match (&frame.crs, &raster.crs) {
        (Some(a), Some(b)) => a.matches(b),
        _ => Some(true),
    };
    // Whether two definitions are one is for a library of geodesy to say; where the same numbers
    // are the same extent nobody needs to ask.
    if !same_crs.unwrap_or(extents_agree) {
        return Err(ChipError::OtherCrs {
            frame: frame
                .crs
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            raster: raster
                .crs
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        });
    }
    if skew >= SLACK || between.a <= 0.0 || between.e <= 0.0 {
        return Err(turned());
    }
    Ok(if extents_agree {
        same_extent
    } else {
        [cols, rows].map(|[scale, origin]| [snapped(scale), snapped(origin)])
    })
}

/// `outer ∘ inner`.
fn after(outer: &Affine, inner: &Affine) -> Affine {
    let (c, f) = outer.apply(inner.c, inner.f);
    Affine::new(
        outer.a * inner.a + outer.b * inner.d,
        outer.a * inner.b + outer.b * inner.e,
        c,
        outer.d * inner.a + outer.e * inner.d,
        outer.d * inner.b + outer.e * inner.e,
        f,
    )
}

/// Whether both ends of an axis of `pixels` come to lie within a hundredth of a pixel.
fn agrees(one: [f64; 2], other: [f64; 2], pixels: u32) -> bool {
    let end = |[scale, origin]: [f64; 2]| origin + scale * f64::from(pixels);
    (one[1] - other[1]).abs() < SLACK && (end(one) - end(other)).abs() < SLACK
}

/// The half or whole number that `value` misses by no more than rounding of coordinates does. A
/// pixel centre that falls exactly between two pixels else falls to either at random.
fn snapped(value: f64) -> f64 {
    let half = (value * 2.0).round() / 2.0;
    if (value - half).abs() < ROUNDING {
        half
    } else {
        value
    }
}

fn upstream(
    frame: Size,
    window: Window,
    output: Size,
    raster: Size,
) -> Result<PixelMap, ChipError> {
    let ratio = || ChipError::Ratio { frame, raster };
    if !frame.height.is_multiple_of(raster.height) || !frame.width.is_multiple_of(raster.width) {
        return Err(ratio());
    }
    // The ratio of the heights serves both axes, as it does upstream.
    let factor = i64::from(frame.height / raster.height);
    let along = |start: i64, pixels: u32, into: u32| {
        let size = i64::from(pixels)
            .checked_add(factor - 1)?
            .div_euclid(factor);
        AxisMap::new(
            size as f64 / f64::from(into),
            start.div_euclid(factor) as f64,
        )
    };
    Ok(PixelMap {
        cols: along(window.col, window.width, output.width).ok_or_else(ratio)?,
        rows: along(window.row, window.height, output.height).ok_or_else(ratio)?,
    })
}

/// Pixels of the raster: far below what moves a centre, far above what rounding does.
const SLACK: f64 = 0.01;
/// Pixels of the raster: coordinates are up to 1e7 with 15 digits, over pixels of 0.1 and more.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::Crs;

    use super::*;

    fn frame(size: u32, pixel: f64, x: f64, y: f64) -> Frame {
        Frame {
            size: Size::new(size, size),
            crs: Some(Crs::epsg(32620)),
            transform: Some(Affine::new(pixel, 0.0, x, 0.0, -pixel, y)),
        }
    }

    const CHIP: Size = Size::new(256, 256);

    fn map(frame: &Frame, window: Window, raster: &Frame) -> Result<PixelMap, ChipError> {
        PixelMap::new(frame, window, CHIP, raster, Alignment::PixelCentres)
    }

    #[test]
    fn a_coarser_raster_of_the_same_place() {
        let ten = frame(10_980, 10.0, 499_980.0, 4_800_000.0);
        let sixty = frame(1830, 60.0, 499_980.0, 4_800_000.0);
        let map = map(&ten, Window::new(256, 0, 256, 256), &sixty).unwrap();
        let wanted: Vec<i64> = (256..512).map(|i| i / 6).collect();
        let got: Vec<i64> = (0..256).map(|i| map.cols.source(i)).collect();
        assert_eq!(got, wanted);
        assert_eq!(map.sources(CHIP), Window::new(42, 0, 44, 43));
    }

    #[test]
    fn a_finer_raster_shifted_by_half_a_pixel() {
        // As the panchromatic band of Landsat lies under the others.
        let thirty = frame(7681, 30.0, 300_000.0, 4_000_000.0);
        let mut pan = frame(15_361, 15.0, 300_007.5, 3_999_992.5);
        let one = map(&thirty, Window::new(0, 0, 256, 256), &pan).unwrap();
        assert_eq!(one.cols.source(0), 0);
        assert_eq!(one.cols.source(7680), 15_360);
        assert_eq!(one.rows.source(100), 200);
        pan.transform = None;
        assert!(map(&thirty, Window::new(0, 0, 256, 256), &pan).is_ok());
    }

    #[test]
    fn what_is_not_merely_shifted_and_scaled_is_refused() {
        let here = frame(1000, 10.0, 0.0, 0.0);
        let mut there = frame(500, 20.0, 0.0, 0.0);
        let window = Window::new(0, 0, 256, 256);
        there.crs = Some(Crs::epsg(32621));
        let error = map(&here, window, &there).unwrap_err();
        assert!(matches!(error, ChipError::OtherCrs { .. }), "{error}");
        // Nobody here can tell whether the text is the code; the extents can.
        there.crs = Some(Crs::wkt("PROJCRS[\"unnamed\"]"));
        assert!(map(&here, window, &there).is_ok());
        there.size.width = 400;
        assert!(map(&here, window, &there).is_err());
        for (b, e) in [(0.5, -20.0), (0.0, 20.0)] {
            there.crs.clone_from(&here.crs);
            there.transform = Some(Affine::new(20.0, b, 0.0, 0.0, e, 0.0));
            let error = map(&here, window, &there).unwrap_err();
            assert!(matches!(error, ChipError::Turned { .. }), "{error}");
        }
    }

    #[test]
    fn both_turned_alike_are_not_turned() {
        let turned = |pixel: f64| {
            Affine::new(
                pixel * 0.8,
                pixel * 0.6,
                5.0,
                pixel * 0.6,
                -pixel * 0.8,
                9.0,
            )
        };
        let here = Frame {
            transform: Some(turned(10.0)),
            ..frame(600, 1.0, 0.0, 0.0)
        };
        let there = Frame {
            transform: Some(turned(20.0)),
            ..frame(300, 1.0, 0.0, 0.0)
        };
        let map = map(&here, Window::new(7, 9, 256, 256), &there).unwrap();
        assert_eq!((map.cols.source(0), map.rows.source(0)), (3, 4));
    }

    #[test]
    fn upstream_floors_the_offset_and_ceils_the_size() {
        let (ten, sixty) = (Size::new(10_980, 10_980), Size::new(1830, 1830));
        let map = |raster| {
            PixelMap::new(
                &Frame::of_size(ten),
                Window::new(512, 256, 256, 256),
                CHIP,
                &Frame::of_size(raster),
                Alignment::Upstream,
            )
        };
        assert_eq!(
            map(sixty).unwrap().sources(CHIP),
            Window::new(85, 42, 43, 43)
        );
        let error = map(Size::new(1831, 1830)).unwrap_err().to_string();
        assert!(
            error.contains("10980 x 10980") && error.contains("1831 x 1830"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn where_the_ratio_divides_the_chip_both_ways_are_one(
            factor in prop::sample::select(vec![1u32, 2, 4, 8, 16, 32]), x in 0i64..20, y in 0i64..20,
        ) {
            let here = frame(8192, 10.0, 499_980.0, 4_800_000.0);
            let there = frame(8192 / factor, 10.0 * f64::from(factor), 499_980.0, 4_800_000.0);
            let window = Window::new(x * 256, y * 256, 256, 256);
            let ours = map(&here, window, &there).unwrap();
            let theirs = PixelMap::new(&here, window, CHIP, &there, Alignment::Upstream).unwrap();
            for i in 0..256 {
                prop_assert_eq!(ours.cols.source(i), theirs.cols.source(i));
                prop_assert_eq!(ours.rows.source(i), theirs.rows.source(i));
            }
        }
    }
}
