//! JPEG XL (ISO/IEC 18181; GDAL's 50002 and DNG's 52546).

use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, JxlThreadPool};
use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, SampleFormat, TileDecoder,
};

use crate::refusal::{corrupt, truncated};

/// Decoder of compressions 50002 and 52546: unsigned samples of 8 and 16 bits, floats of 32.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jxl;

impl TileDecoder for Jxl {
    fn schemes(&self) -> &[Compression] {
        &[Compression::JXL, Compression::JXL_DNG]
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
        if Some(out.len()) != block.block_bytes(DecodedOrder::Pixels) {
            return Err(corrupt(scheme, "a part of a block cannot be had"));
        }
        let image = open(source, block)?;
        let rendered = image.render_frame(0).map_err(|e| corrupt(scheme, e))?;
        let samples = rendered.image_all_channels();
        let samples = samples.buf();
        let wanted = out.len() / block.pixel_sample_bytes();
        if samples.len() != wanted {
            return Err(truncated(scheme, wanted, samples.len()));
        }
        match (block.format, block.bits) {
            (SampleFormat::Unsigned | SampleFormat::Void, 8) => {
                for (out, &sample) in out.iter_mut().zip(samples) {
                    *out = whole(sample, u8::MAX).to_le_bytes()[0];
                }
            }
            (SampleFormat::Unsigned | SampleFormat::Void, 16) => {
                for (out, &sample) in out.chunks_exact_mut(2).zip(samples) {
                    out.copy_from_slice(&whole(sample, u16::MAX).to_ne_bytes());
                }
            }
            (SampleFormat::Float, 32) => {
                for (out, sample) in out.chunks_exact_mut(4).zip(samples) {
                    out.copy_from_slice(&sample.to_ne_bytes());
                }
            }
            (format, bits) => {
                return Err(DecodeError::Unsupported {
                    scheme,
                    what: format!("{format:?} of {bits} bits"),
                });
            }
        }
        if block.big_endian {
            // As for LERC: libtiff turned the samples before they were compressed.
            out.chunks_exact_mut(block.pixel_sample_bytes())
                .for_each(<[u8]>::reverse);
        }
        Ok(())
    }
}

/// Reads all of `source`, and holds its header against the block before anything large is
/// allocated.
fn open(source: &[u8], block: &BlockContext<'_>) -> Result<JxlImage, DecodeError> {
    let scheme = block.compression;
    let samples = usize::from(block.samples);
    let most = (block.width as usize)
        .saturating_mul(block.height as usize)
        .saturating_mul(samples)
        .saturating_mul(SWOLLEN)
        .saturating_add(SPARE);
    let mut image = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(most))
        .build_uninit();
    image.feed_bytes(source).map_err(|e| corrupt(scheme, e))?;
    let image = match image.try_init().map_err(|e| corrupt(scheme, e))? {
        InitializeResult::Initialized(image) => image,
        InitializeResult::NeedMoreData(_) => {
            return Err(corrupt(scheme, "the header is not all there"));
        }
    };
    let metadata = &image.image_header().metadata;
    let bits = metadata.bit_depth.bits_per_sample();
    let channels = if metadata.grayscale() { 1 } else { 3 } + metadata.ec_info.len();
    let (width, height) = (image.width(), image.height());
    if (width, height) != (block.width, block.height)
        || bits != u32::from(block.bits)
        || channels != samples
    {
        return Err(corrupt(
            scheme,
            format_args!(
                "{width} x {height} pixels of {channels} x {bits} bits in a block of {} x {} of \
                 {samples} x {}",
                block.width, block.height, block.bits
            ),
        ));
    }
    if !image.is_loading_done() {
        return Err(truncated(
            scheme,
            block
                .block_bytes(DecodedOrder::Pixels)
                .unwrap_or(usize::MAX),
            0,
        ));
    }
    Ok(image)
}

/// A sample of 0 to 1 as a whole number up to `most`.
fn whole(sample: f32, most: impl Into<u16>) -> u16 {
    let most = f32::from(most.into());
    let rounded = (sample * most + 0.5).clamp(0.0, most);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0 to 65535 by the line above; what is not a number becomes 0"
    )]
    let whole = rounded as u16;
    whole
}

/// Bytes that may be allocated for each sample: several planes of four bytes, with borders.
const SWOLLEN: usize = 64;
const SPARE: usize = 16 << 20;
