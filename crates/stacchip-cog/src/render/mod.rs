//! Colours that are no red, green and blue, rendered as GDAL renders them.
//!
//! GDAL reads bytes of CMYK, CIELab, `LogL`, `LogLuv` and of YCbCr outside JPEG through libtiff's RGBA
//! interface, a block at a time: a lossy picture, but the one that everybody who reads such files has.

mod apart;
mod lab;
mod ycbcr;

pub(crate) use lab::Lab;
pub(crate) use ycbcr::{Groups, Ycbcr};

use crate::pixels::Layout;

/// What the samples of a level are, where its bands are a rendering of them and not the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendering {
    /// What is rendered.
    pub(crate) colours: Colours,
    /// Whether columns run from right to left within each block: of the orientations, GDAL heeds
    /// only those, only here, and only so far.
    pub(crate) mirrored: bool,
    /// Whether rows run from bottom to top within each block.
    pub(crate) upended: bool,
}

/// Colours that are rendered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Colours {
    /// Cyan, magenta, yellow, black; more inks are passed over.
    Cmyk,
    /// CIE 1976 L*a*b*.
    Lab(Box<Lab>),
    /// Grey, or red, green and blue, which only lack alpha.
    Opaque,
    /// Luma and colour differences, in groups.
    Ycbcr(Box<Ycbcr>),
}

impl Rendering {
    /// Bands that it makes: red, green, blue, and, but of YCbCr, an alpha that is 255 everywhere.
    pub const fn bands(&self) -> u16 {
        match self.colours {
            Colours::Ycbcr(_) => 3,
            _ => 4,
        }
    }

    /// How the samples of a block lie, where they are not side by side.
    pub(crate) const fn groups(&self, width: usize, height: usize) -> Option<Groups> {
        match &self.colours {
            Colours::Ycbcr(ycbcr) => Some(Groups::new(ycbcr.factors, width, height)),
            _ => None,
        }
    }

    /// Renders the first pixels of a block, as many across and down as `size` says: from `plain`,
    /// which is as `layout` says, to `out`. Nothing where `plain` ends early.
    pub(crate) fn block(
        &self,
        plain: &[u8],
        layout: &Layout,
        size: (usize, usize),
        line: &mut Vec<u8>,
        sums: &mut Vec<u8>,
        out: &mut [u8],
    ) -> Option<()> {
        let (width, height) = size;
        let row_bytes = width.saturating_mul(self.bands().into());
        let mut bytes = std::borrow::Cow::Borrowed(plain);
        if let Some(groups) = layout.groups {
            bytes = plain.get(..groups.stored_bytes())?.to_vec().into();
            let held = bytes.to_mut();
            layout.undo_groups(groups, held);
            held.resize(groups.bytes(), 0);
        }
        line.resize(width.saturating_mul(layout.samples), 0);
        for (y, out) in out
            .chunks_exact_mut(row_bytes.max(1))
            .enumerate()
            .take(height)
        {
            if let Some(groups) = layout.groups {
                groups.row(&bytes, y, line);
            } else {
                let start = y.checked_mul(layout.row_bytes)?;
                let row = bytes.get(start..start.checked_add(layout.row_bytes)?)?;
                layout.line(row, 0, width, line, sums);
            }
            self.row(line, layout.samples, out);
        }
        self.orient(out, row_bytes);
        Some(())
    }

    /// Renders a row of pixels of `samples` bytes each.
    pub(crate) fn row(&self, row: &[u8], samples: usize, out: &mut [u8]) {
        let bands = usize::from(self.bands());
        let pixels = row.chunks_exact(samples.max(1));
        for (pixel, out) in pixels.zip(out.chunks_exact_mut(bands)) {
            let [r, g, b] = self.colour(pixel);
            for (out, value) in out.iter_mut().zip([r, g, b, u8::MAX]) {
                *out = value;
            }
        }
    }

    /// Turns a block of rows of `row` bytes round, where the orientation says so.
    pub(crate) fn orient(&self, pixels: &mut [u8], row: usize) {
        let bands = usize::from(self.bands());
        if self.upended {
            let rows = pixels.len().checked_div(row).unwrap_or(0);
            let (top, bottom) = pixels.split_at_mut((rows / 2).saturating_mul(row));
            let pairs = top.chunks_exact_mut(row.max(1));
            for (a, b) in pairs.zip(bottom.rchunks_exact_mut(row.max(1))) {
                a.swap_with_slice(b);
            }
        }
        if self.mirrored {
            for row in pixels.chunks_exact_mut(row.max(1)) {
                row.reverse();
                row.chunks_exact_mut(bands).for_each(<[u8]>::reverse);
            }
        }
    }

    fn colour(&self, pixel: &[u8]) -> [u8; 3] {
        match (&self.colours, pixel) {
            (Colours::Cmyk, &[c, m, y, k, ..]) => {
                let key = u16::from(u8::MAX - k);
                [c, m, y].map(|ink| {
                    let light = key * u16::from(u8::MAX - ink) / 255;
                    u8::try_from(light).unwrap_or(u8::MAX)
                })
            }
            (Colours::Lab(lab), &[l, a, b, ..]) => lab.rgb(l, a.cast_signed(), b.cast_signed()),
            (Colours::Ycbcr(ycbcr), &[y, cb, cr, ..]) => ycbcr.rgb(y, cb, cr),
            (Colours::Opaque, &[r, g, b, ..]) => [r, g, b],
            (_, &[grey, ..]) => [grey; 3],
            _ => [0; 3],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendering(colours: Colours, mirrored: bool, upended: bool) -> Rendering {
        Rendering {
            colours,
            mirrored,
            upended,
        }
    }

    #[test]
    fn inks_take_light_away() {
        let cmyk = rendering(Colours::Cmyk, false, false);
        let mut out = [7; 8];
        cmyk.row(&[0, 0, 0, 0, 255, 128, 0, 51], 4, &mut out);
        assert_eq!(out, [255, 255, 255, 255, 0, 101, 204, 255]);
    }

    #[test]
    fn blocks_are_turned_round_where_they_say_so() {
        let block = [1, 2, 3, 4, 5, 6].map(|v: u8| [v, v + 10, v + 20, 255]);
        for (mirrored, upended, want) in [
            (false, false, [1, 2, 3, 4, 5, 6]),
            (true, false, [2, 1, 4, 3, 6, 5]),
            (false, true, [5, 6, 3, 4, 1, 2]),
            (true, true, [6, 5, 4, 3, 2, 1]),
        ] {
            let mut pixels = block.concat();
            rendering(Colours::Opaque, mirrored, upended).orient(&mut pixels, 8);
            let want = want.map(|v: u8| [v, v + 10, v + 20, 255]);
            assert_eq!(pixels, want.concat(), "{mirrored} {upended}");
        }
    }
}
