//! Through libjpeg-turbo.

use std::cell::RefCell;

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
    DECODE.with_borrow_mut(|kept| {
        // Without one after a failure: it keeps the state of what failed.
        let mut decoder = match kept.take() {
            Some(decoder) => decoder,
            None => Decompressor::new().map_err(|e| corrupt(scheme, e))?,
        };
        decoder
            .decompress(stream, image)
            .map_err(|e| corrupt(scheme, e))?;
        *kept = Some(decoder);
        Ok(())
    })
}

thread_local! {
    static DECODE: RefCell<Option<Decompressor>> = const { RefCell::new(None) };
}
