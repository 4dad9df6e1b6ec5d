//! The pixel grid that chips are counted in.

use stacchip_model::{Affine, Crs, Grid, Size, Window};

/// The full-resolution pixel grid of an item or raster: chips are windows of it. Unlike a [`Grid`]
/// it need not lie anywhere on the ground.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Pixels.
    pub size: Size,
    /// Reference system of the transform's x and y.
    pub crs: Option<Crs>,
    /// From pixel corners to the ground.
    pub transform: Option<Affine>,
}

impl Frame {
    /// `size` pixels that lie nowhere.
    pub const fn of_size(size: Size) -> Self {
        Self {
            size,
            crs: None,
            transform: None,
        }
    }

    /// The frame of `window`, cut into `output` pixels.
    pub fn of_window(&self, window: Window, output: Size) -> Self {
        let scale = |pixels: u32, into: u32| f64::from(pixels) / f64::from(into.max(1));
        let transform = self.transform.map(|transform| {
            transform
                .shifted(window.col as f64, window.row as f64)
                .scaled(
                    scale(window.width, output.width),
                    scale(window.height, output.height),
                )
        });
        Self {
            size: output,
            crs: self.crs.clone(),
            transform,
        }
    }
}

impl From<&Grid> for Frame {
    fn from(grid: &Grid) -> Self {
        Self {
            size: grid.size,
            crs: Some(grid.crs.clone()),
            transform: Some(grid.transform),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lies_where_its_pixels_lie() {
        let frame = Frame {
            size: Size::new(10_980, 10_980),
            crs: Some(Crs::epsg(32620)),
            transform: Some(Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0)),
        };
        let chip = frame.of_window(Window::new(256, 512, 256, 256), Size::new(128, 64));
        assert_eq!(chip.size, Size::new(128, 64));
        assert_eq!(
            chip.transform,
            Some(Affine::new(20.0, 0.0, 502_540.0, 0.0, -40.0, 4_794_880.0))
        );
        assert_eq!(
            Frame::of_size(chip.size).of_window(chip.size.window(), chip.size),
            Frame::of_size(chip.size)
        );
    }
}
