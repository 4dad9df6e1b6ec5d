//! Through image-webp.

use std::io::Cursor;

use image_webp::WebPDecoder;
use stacchip_cog::{Compression, DecodeError};

use super::container::Picture;
use crate::refusal::corrupt;

/// Fills `out` with pixels of `samples` samples.
pub(super) fn fill(
    source: &[u8],
    picture: &Picture,
    samples: u16,
    scheme: Compression,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    let fail = |e| corrupt(scheme, e);
    let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(fail)?;
    if decoder.dimensions() != (picture.width, picture.height)
        || decoder.has_alpha() != picture.alpha
        || decoder.is_animated()
    {
        return Err(corrupt(scheme, "headers that contradict each other"));
    }
    if picture.alpha || samples == 3 {
        return decoder.read_image(out).map_err(fail);
    }
    let mut opaque = vec![0; out.len() / 4 * 3];
    decoder.read_image(&mut opaque).map_err(fail)?;
    for (pixel, rgb) in out.chunks_exact_mut(4).zip(opaque.chunks_exact(3)) {
        if let ([r, g, b, a], &[red, green, blue]) = (pixel, rgb) {
            (*r, *g, *b, *a) = (red, green, blue, u8::MAX);
        }
    }
    Ok(())
}
