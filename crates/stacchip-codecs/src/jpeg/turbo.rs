//! Through libjpeg-turbo.

use stacchip_cog::{Compression, DecodeError};
use turbojpeg::{Decompressor, Image, PixelFormat};

use super::frame::Frame;
use crate::refusal::corrupt;

/// Fills `out`, which is as large as the frame.
pub(super) fn fill(
    stream: &[u8],
    frame: &Frame,
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
        pixels: out,
        width: frame.width,
        pitch: frame.width * format.size(),
        height: frame.height,
        format,
    };
    // A new one each time: it would remember the tables of the stream before, and lend them to one
    // that has none.
    Decompressor::new()
        .and_then(|mut decoder| decoder.decompress(stream, image))
        .map_err(|e| corrupt(scheme, e))
}
