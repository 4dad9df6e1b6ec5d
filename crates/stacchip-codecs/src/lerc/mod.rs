//! LERC: limited error raster compression (Esri; `LercParameters` 50674).

mod typed;
mod unwrap;
mod usual;

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, SampleFormat, TileDecoder,
};

use self::{typed::fill, unwrap::unwrapped};

/// Decoder of compression 34887, plain or wrapped in deflate or Zstandard.
///
/// What the mask of a blob calls invalid is NaN in floating point blocks, zero in the alpha of
/// blocks whose alpha is held as the mask (which is 255 elsewhere), and zero in all others: what
/// GDAL reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lerc;

impl TileDecoder for Lerc {
    fn schemes(&self) -> &[Compression] {
        &[Compression::LERC]
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
        use SampleFormat::{Float, Signed, Unsigned, Void};

        let blob = unwrapped(source, block)?;
        let done = match (block.format, block.bits) {
            (Unsigned | Void, 8) => fill::<u8>(&blob, block, out),
            (Unsigned | Void, 16) => fill::<u16>(&blob, block, out),
            (Unsigned | Void, 32) => fill::<u32>(&blob, block, out),
            (Signed, 8) => fill::<i8>(&blob, block, out),
            (Signed, 16) => fill::<i16>(&blob, block, out),
            (Signed, 32) => fill::<i32>(&blob, block, out),
            (Float, 32) => fill::<f32>(&blob, block, out),
            (Float, 64) => fill::<f64>(&blob, block, out),
            (format, bits) => Err(DecodeError::Unsupported {
                scheme: block.compression,
                what: format!("{format:?} of {bits} bits"),
            }),
        };
        if block.big_endian {
            // libtiff turns the samples of a big-endian file before it compresses them, as if LERC
            // kept bytes and not numbers; so what is in the blob is turned.
            let bytes = block.pixel_sample_bytes();
            out.chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
        }
        done
    }
}
