//! JPEG (TIFF Technical Note 2; ITU-T T.81).

mod encode;
mod frame;
mod old;
mod sequential;
mod standard;
mod stream;
#[cfg(feature = "libjpeg-turbo")]
mod turbo;
mod zune;

pub use old::OldJpeg;

use std::cell::RefCell;

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

use self::{
    frame::Frame,
    stream::{Colour, whole_stream},
};
use crate::refusal::corrupt;

/// Decoder and encoder of compression 7.
///
/// `YCbCr` files (photometric 6) come out as RGB, as GDAL reads them; all others as stored. A frame
/// smaller than its block leaves zeros around it, and one that is as wide but taller (a last strip
/// that was filled up) is cut: as libtiff does. One that is wider is refused. So is a stream that
/// ends before its frame does, where libtiff makes up the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Jpeg {
    quality: u8,
}

impl Jpeg {
    /// Quality 75, as GDAL.
    pub const fn new() -> Self {
        Self { quality: 75 }
    }

    /// A quality from 1 (smallest) to 100 (best).
    pub const fn quality(mut self, quality: u8) -> Self {
        self.quality = match quality {
            0 => 1,
            1..=100 => quality,
            _ => 100,
        };
        self
    }
}

impl Default for Jpeg {
    fn default() -> Self {
        Self::new()
    }
}

impl TileDecoder for Jpeg {
    fn schemes(&self) -> &[Compression] {
        &[Compression::JPEG]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Pixels
    }

    fn decode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let scheme = block.compression;
        let frame = Frame::read(source, scheme)?;
        frame.check(block, out.len())?;
        let colour = match (block.photometric, block.samples) {
            (YCBCR, 3) => Colour::YcbcrToRgb,
            _ => Colour::AsStored,
        };
        STREAM.with_borrow_mut(|(stream, scratch)| {
            stream.clear();
            whole_stream(block.jpeg_tables, source, colour, &frame, stream)
                .ok_or_else(|| corrupt(scheme, "the markers do not follow each other"))?;
            let width = block.width as usize;
            let height = block.height as usize;
            let done = if frame.width == width && frame.height == height {
                undo(stream, &frame, colour, scheme, out)
            } else {
                scratch.clear();
                scratch.resize(frame.bytes(), 0);
                undo(stream, &frame, colour, scheme, scratch).map(|()| {
                    let row = width * frame.pixel_bytes();
                    out.fill(0);
                    for (out, decoded) in out
                        .chunks_exact_mut(row.max(1))
                        .zip(scratch.chunks_exact(frame.width * frame.pixel_bytes()))
                    {
                        out.iter_mut().zip(decoded).for_each(|(o, &d)| *o = d);
                    }
                })
            };
            stream.shrink_to(KEPT);
            scratch.shrink_to(KEPT);
            done
        })
    }
}

impl TileEncoder for Jpeg {
    fn scheme(&self) -> Compression {
        Compression::JPEG
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Pixels
    }

    fn encode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        encode::append(source, block, self.quality, out)
    }
}

/// Fills `out`, which is as large as the frame.
fn undo(
    stream: &[u8],
    frame: &Frame,
    colour: Colour,
    scheme: Compression,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    if frame.precision != 8 {
        return sequential::fill(stream, frame, colour, scheme, out);
    }
    #[cfg(feature = "libjpeg-turbo")]
    if matches!(frame.components, 1 | 3 | 4) {
        return turbo::fill(stream, frame, colour, scheme, out);
    }
    zune::fill(stream, frame, colour, scheme, out)
}

/// `PhotometricInterpretation` (262) of luma and colour differences.
const YCBCR: u16 = 6;
/// Scratch that a thread keeps.
const KEPT: usize = 4 << 20;

thread_local! {
    static STREAM: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}
