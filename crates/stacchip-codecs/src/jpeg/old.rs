//! JPEG as TIFF 6.0 had it (section 22), before Technical Note 2 superseded it.

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

use super::{
    frame::Frame,
    sequential::planes,
    stream::{EOI, SOI, SOS, segments},
};
use crate::refusal::{corrupt, truncated};

/// Decoder of compression 6: `YCbCr`, which comes out in groups of lumas with the differences they
/// share, as stored; the rest GDAL does not read either.
///
/// What the tags of the file point at is expected as the block's tables; a block holds the data of a
/// scan, or a stream of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct OldJpeg;

impl TileDecoder for OldJpeg {
    fn schemes(&self) -> &[Compression] {
        &[Compression::OLD_JPEG]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let scheme = block.compression;
        if block.samples != 3 || block.bits != 8 {
            return Err(DecodeError::Unsupported {
                scheme,
                what: format!("{} samples of {} bits", block.samples, block.bits),
            });
        }
        let (frame, stream) = whole(source, block)?;
        let (h, v) = (
            usize::from(block.subsampling.0),
            usize::from(block.subsampling.1),
        );
        let factors = |part: &[u8; 3]| (usize::from(part[1] >> 4), usize::from(part[1] & 0xF));
        let told: Vec<_> = frame.parts.iter().map(factors).collect();
        if told != [(h, v), (1, 1), (1, 1)] || frame.precision != 8 || !frame.sequential {
            return Err(DecodeError::Unsupported {
                scheme,
                what: format!(
                    "a frame of {} bits with components sampled {told:?}",
                    frame.precision
                ),
            });
        }
        let planes = planes(&stream, &frame, scheme, out.len(), true)?;
        let across = frame.width.div_ceil(h.max(1));
        let at = |component, x, y| {
            let sample = planes.sample(component, x, y).unwrap_or(0);
            u8::try_from(sample).unwrap_or(u8::MAX)
        };
        for (number, group) in out.chunks_mut(h * v + 2).enumerate() {
            let (x, y) = (number % across, number / across);
            let lumas = (0..h * v).map(|i| at(0, x * h + i % h, y * v + i / h));
            let values = lumas.chain([1, 2].map(|component| at(component, x, y)));
            group
                .iter_mut()
                .zip(values)
                .for_each(|(o, value)| *o = value);
        }
        Ok(())
    }
}

/// The frame of a block, and a stream of tables, scan header and data.
fn whole(source: &[u8], block: &BlockContext<'_>) -> Result<(Frame, Vec<u8>), DecodeError> {
    let scheme = block.compression;
    let broken = || corrupt(scheme, "headers that do not follow each other");
    let mut frame = None;
    let mut scan = None;
    let mut data = source;
    let mut stream = vec![0xFF, SOI];
    let own = source.starts_with(&[0xFF, SOI]).then_some(source);
    for headers in block.jpeg_tables.into_iter().chain(own) {
        for segment in segments(headers).ok_or_else(broken)? {
            let segment = segment.ok_or_else(broken)?;
            match segment.code {
                0xC4 | 0xDB | 0xDD => stream.extend_from_slice(segment.bytes),
                0xC0..=0xC2 => frame = Frame::of(&segment),
                0xC3 | 0xC5..=0xCF => {
                    return Err(DecodeError::Unsupported {
                        scheme,
                        what: format!("a frame of kind {}", segment.code & 0xF),
                    });
                }
                SOS => {
                    scan = Some(segment.bytes);
                    if Some(headers) == own {
                        data = segment.rest;
                    }
                }
                _ => {}
            }
        }
    }
    let (Some(mut frame), Some(scan)) = (frame, scan) else {
        return Err(corrupt(scheme, "no frame or no scan header"));
    };
    frame.width = block.width as usize;
    frame.height = block.height as usize;
    // Where a stream is cut into blocks at its restart markers, one may come first.
    if let [0xFF, 0xD0..=0xD7, rest @ ..] = data {
        data = rest;
    }
    if data.is_empty() {
        return Err(truncated(scheme, 1, 0));
    }
    stream.extend_from_slice(scan);
    stream.extend_from_slice(data);
    // Not every block has an end marker; without one the data just end.
    stream.extend_from_slice(&[0xFF, EOI]);
    Ok((frame, stream))
}
