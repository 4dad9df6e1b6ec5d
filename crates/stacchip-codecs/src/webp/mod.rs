//! WebP (RFC 9649; libtiff's `TIFFTAG_COMPRESSION` 50001).

mod container;
#[cfg(feature = "libwebp")]
mod libwebp;
#[cfg(not(feature = "libwebp"))]
mod pure;

use image_webp::{ColorType, WebPEncoder};
use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

use self::container::Picture;
use crate::refusal::corrupt;

/// Decoder and lossless encoder of compression 50001: blocks of three samples, or four of which the last is alpha.
///
/// A picture without alpha in a block with it is opaque: encoders leave out an alpha that is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Webp;

impl TileDecoder for Webp {
    fn schemes(&self) -> &[Compression] {
        &[Compression::WEBP]
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
        if block.bits != 8 || !matches!(block.samples, 3 | 4) {
            return Err(DecodeError::Unsupported {
                scheme,
                what: format!("{} samples of {} bits", block.samples, block.bits),
            });
        }
        if Some(out.len()) != block.block_bytes(DecodedOrder::Pixels) {
            return Err(corrupt(scheme, "a part of a block cannot be had"));
        }
        let picture = Picture::read(source, scheme)?;
        if (picture.width, picture.height) != (block.width, block.height) {
            return Err(corrupt(
                scheme,
                format_args!(
                    "a picture of {} x {} in a block of {} x {}",
                    picture.width, picture.height, block.width, block.height
                ),
            ));
        }
        if picture.alpha && block.samples == 3 {
            return Err(corrupt(scheme, "alpha in a block of three samples"));
        }
        #[cfg(feature = "libwebp")]
        return libwebp::fill(source, &picture, block.samples, scheme, out);
        #[cfg(not(feature = "libwebp"))]
        pure::fill(source, &picture, block.samples, scheme, out)
    }
}

impl TileEncoder for Webp {
    fn scheme(&self) -> Compression {
        Compression::WEBP
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
        let scheme = block.compression;
        let colour = match (block.samples, block.bits) {
            (3, 8) => ColorType::Rgb8,
            (4, 8) => ColorType::Rgba8,
            (samples, bits) => {
                return Err(EncodeError::Unsupported {
                    scheme,
                    what: format!("{samples} samples of {bits} bits"),
                });
            }
        };
        if Some(source.len()) != block.block_bytes(DecodedOrder::Pixels) {
            return Err(EncodeError::Unsupported {
                scheme,
                what: format!("a block in {} bytes", source.len()),
            });
        }
        let start = out.len();
        WebPEncoder::new(&mut *out)
            .encode(source, block.width, block.height, colour)
            .map_err(|e| {
                out.truncate(start);
                EncodeError::Failed {
                    scheme,
                    cause: e.into(),
                }
            })
    }
}
