//! Through zune-jpeg.

use stacchip_cog::{Compression, DecodeError};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

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
    let colours = match (frame.components, colour) {
        (1, _) => ColorSpace::Luma,
        (3, _) => ColorSpace::RGB,
        (4, _) => ColorSpace::CMYK,
        (n, _) => u32::try_from(n)
            .ok()
            .and_then(std::num::NonZeroU32::new)
            .map_or(ColorSpace::Unknown, ColorSpace::MultiBand),
    };
    let options = DecoderOptions::default()
        .set_strict_mode(matches!(frame.components, 1 | 3 | 4))
        .set_max_width(frame.width)
        .set_max_height(frame.height)
        .jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    let fail = |e| corrupt(scheme, format_args!("{e:?}"));
    decoder.decode_headers().map_err(fail)?;
    if decoder.dimensions() != Some((frame.width, frame.height))
        || decoder.output_buffer_size() != Some(out.len())
    {
        return Err(corrupt(scheme, "the frame is not as its header says"));
    }
    // Of some broken streams it leaves pixels as they were: never what another block left there.
    out.fill(0);
    decoder.decode_into(out).map_err(fail)?;
    // It makes up what data lack, and does not say so.
    if frame.sequential {
        sequential::planes(stream, frame, scheme, out.len(), false)?;
    }
    Ok(())
}
