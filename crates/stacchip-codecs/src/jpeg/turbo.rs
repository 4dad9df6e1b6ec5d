//! Through libjpeg-turbo.

use stacchip_cog::{Compression, DecodeError};
use turbojpeg::{Decompressor, Image, PixelFormat};

use super::{frame::Frame, sequential, stream::Colour};
use crate::refusal::corrupt;

/// Fills `out`, which is as large as the frame.
pub(super) fn fill(
    stream: &[u8],
    frame: &Frame,
    colour: Colour,
    scheme: Compression,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    // Where the colours out are those in, nothing is converted.
    let format = match frame.components {
        1 => PixelFormat::GRAY,
        3 => PixelFormat::RGB,
        _ => PixelFormat::CMYK,
    };
    let image = Image {
        pixels: &mut *out,
        width: frame.width,
        pitch: frame.width * format.size(),
        height: frame.height,
        format,
    };
    // A new one each time: it would remember the tables of the stream before, and lend them to one
    // that has none.
    let done = Decompressor::new().and_then(|mut decoder| decoder.decompress(stream, image));
    match done {
        // What it only warns of may be harmless: bytes too many before a marker. Then no code is
        // missing.
        Err(_) if frame.sequential => sequential::fill(stream, frame, colour, scheme, out),
        done => done.map_err(|e| corrupt(scheme, e)),
    }
}
