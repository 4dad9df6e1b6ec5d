//! Windows that make no sense, told before anything is read.

use stacchip::{
    Shaping,
    chip::Edge,
    model::{Size, Window},
};

use crate::{failure::Failure, output::bytes_for_people};

/// A window that a person chose.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// What it is a window of, as errors call it.
    pub what: &'a str,
    /// The window.
    pub window: Window,
    /// All pixels there are.
    pub of: Size,
    /// Bytes of a pixel of the result, at least.
    pub pixel: u64,
}

impl Chosen<'_> {
    /// Refuses a window with nothing in it, and a result that does not fit into `memory` bytes.
    ///
    /// # Errors
    /// A failure that says so; what leaves the raster and is not to be filled is told by whoever reads it.
    pub fn check(self, shaping: Shaping, memory: u64) -> Result<(), Failure> {
        let Self {
            what,
            window,
            of,
            pixel,
        } = self;
        if shaping.edge == Edge::Refuse && !window.fits(of) {
            return Ok(());
        }
        if !window.is_empty() && window.clip(of).is_none() {
            return Err(Failure::failed(format!(
                "{what}: the window of {} x {} pixels from column {}, row {} lies wholly outside its {} x {} pixels",
                window.width, window.height, window.col, window.row, of.width, of.height
            )));
        }
        let output = shaping.output.unwrap_or(window.size());
        let bytes = output.area().saturating_mul(pixel);
        if bytes > memory {
            return Err(Failure::usage(format!(
                "{what}: {} x {} pixels take {} at least, and --memory allows {}: choose a smaller window, fewer bands, \
                 --output-size, or more memory",
                output.width,
                output.height,
                bytes_for_people(bytes),
                bytes_for_people(memory)
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use stacchip::chip::{Alignment, Resampling};

    use super::*;

    fn said(window: Window, edge: Edge, output: Option<Size>) -> Option<String> {
        let shaping = Shaping {
            output,
            resampling: Resampling::Nearest,
            alignment: Alignment::PixelCentres,
            edge,
        };
        let chosen = Chosen {
            what: "a.tif",
            window,
            of: Size::new(100, 50),
            pixel: 2,
        };
        let checked = chosen.check(shaping, 20_000);
        checked.err().map(|failure| failure.to_string())
    }

    #[test]
    fn a_window_has_pixels_and_fits() {
        let whole = Window::new(0, 0, 100, 50);
        assert_eq!(said(whole, Edge::Refuse, None), None);
        assert_eq!(
            said(Window::new(-99, 49, 100, 50), Edge::Masked, None),
            None
        );
        let outside = said(Window::new(-100, 0, 100, 50), Edge::Masked, None);
        assert!(outside.is_some_and(|said| said.contains("wholly outside its 100 x 50 pixels")));
        let large = said(Window::new(0, 0, 200, 51), Edge::Fill(0.0), None);
        assert!(large.is_some_and(|said| said.contains("--memory allows")));
        assert!(said(whole, Edge::Refuse, Some(Size::new(100, 101))).is_some());
        // Whoever reads it says how to fill it.
        assert_eq!(said(Window::new(0, 0, 200, 51), Edge::Refuse, None), None);
    }
}
