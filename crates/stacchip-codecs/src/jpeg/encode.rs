//! Blocks into streams that stand alone, through jpeg-encoder.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use stacchip_cog::{BlockContext, EncodeError};

use super::YCBCR;

/// Appends the pixels of `source` as a baseline stream with its own tables.
pub(super) fn append(
    source: &[u8],
    block: &BlockContext<'_>,
    quality: u8,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let scheme = block.compression;
    let unsupported = |what: String| EncodeError::Unsupported { scheme, what };
    // Only YCbCr is converted and sampled at more than one rate; the rest is as the file says.
    let (colour, sampling) = match (block.samples, block.photometric) {
        (1, _) => (ColorType::Luma, (1, 1)),
        (3, YCBCR) => (ColorType::Rgb, block.subsampling),
        (3, _) => (ColorType::Ycbcr, (1, 1)),
        (4, _) => (ColorType::Ycck, (1, 1)),
        (samples, _) => return Err(unsupported(format!("{samples} samples a pixel"))),
    };
    if block.bits != 8 {
        return Err(unsupported(format!("samples of {} bits", block.bits)));
    }
    let (Ok(width), Ok(height)) = (u16::try_from(block.width), u16::try_from(block.height)) else {
        return Err(unsupported(format!(
            "blocks of {} x {}: a side is at most 65535",
            block.width, block.height
        )));
    };
    let factors = u8::try_from(sampling.0)
        .ok()
        .zip(u8::try_from(sampling.1).ok())
        .and_then(|(h, v)| SamplingFactor::from_factors(h, v))
        .ok_or_else(|| unsupported(format!("subsampling {} x {}", sampling.0, sampling.1)))?;
    let start = out.len();
    let mut encoder = Encoder::new(&mut *out, quality);
    encoder.set_sampling_factor(factors);
    encoder.encode(source, width, height, colour).map_err(|e| {
        out.truncate(start);
        EncodeError::Failed {
            scheme,
            cause: e.into(),
        }
    })
}
