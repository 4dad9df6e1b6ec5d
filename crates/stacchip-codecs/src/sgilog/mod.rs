//! SGI's `LogL` and `LogLuv`: luminances as logarithms (G. Ward Larson, "LogLuv encoding for full-gamut,
//! high-dynamic range images", Journal of Graphics Tools 3(1), 1998).

mod colour;
mod gamut;

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, SampleFormat, TileDecoder,
};

use self::colour::{Luminance, Luv};
use crate::refusal::truncated;

/// Decoder of compressions 34676 and 34677.
///
/// What comes out is what the file's bits and sample format ask for, as in libtiff: logarithms and
/// chromaticities in 16 bits, luminances or CIE XYZ in floats, grey or RGB in 8 bits, or, of `LogLuv`
/// in one sample of 32 bits, the codes themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct SgiLog;

impl TileDecoder for SgiLog {
    fn schemes(&self) -> &[Compression] {
        &[Compression::SGI_LOG, Compression::SGI_LOG_24]
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
        let form = Form::of(block)?;
        let pixel_bytes = block.pixel_sample_bytes() * usize::from(block.samples);
        let row_bytes = (block.width as usize).saturating_mul(pixel_bytes);
        let wanted = out.len();
        let mut source = source;
        let mut codes = vec![0; block.width as usize];
        for (at, row) in out.chunks_mut(row_bytes.max(1)).enumerate() {
            codes.fill(0);
            let done = match form {
                Form::Luminance(_) => planes(&mut source, &mut codes, 2),
                Form::Colour(_) | Form::Codes => planes(&mut source, &mut codes, 4),
                Form::Short(_) => threes(&mut source, &mut codes),
            };
            done.ok_or_else(|| truncated(scheme, wanted, at.saturating_mul(row_bytes)))?;
            for (&code, pixel) in codes.iter().zip(row.chunks_exact_mut(pixel_bytes.max(1))) {
                match form {
                    Form::Luminance(of) => of.write(code, pixel),
                    Form::Colour(of) => of.write(code, pixel),
                    Form::Short(of) => of.write_short(code, pixel),
                    Form::Codes => pixel.copy_from_slice(&code.to_ne_bytes()),
                }
            }
        }
        Ok(())
    }
}

/// What codes are, and what becomes of them.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// 16 bits: a sign and a logarithm.
    Luminance(Luminance),
    /// 32 bits: such a luminance, and chromaticities in 8 bits each.
    Colour(Luv),
    /// 24 bits: a logarithm of 10, and the number of a chromaticity.
    Short(Luv),
    /// 32 bits, as they are.
    Codes,
}

impl Form {
    fn of(block: &BlockContext<'_>) -> Result<Self, DecodeError> {
        use SampleFormat::{Float, Signed, Unsigned, Void};

        let short = block.compression == Compression::SGI_LOG_24;
        let colour = if short { Self::Short } else { Self::Colour };
        let shape = (block.photometric, block.samples, block.bits, block.format);
        Ok(match shape {
            (LOG_L, 1, 32, Float) if !short => Self::Luminance(Luminance::Float),
            (LOG_L, 1, 16, Signed | Unsigned | Void) if !short => Self::Luminance(Luminance::Code),
            (LOG_L, 1, 8, Unsigned | Void) if !short => Self::Luminance(Luminance::Grey),
            (LOG_LUV, 3, 32, Float) => colour(Luv::Xyz),
            (LOG_LUV, 3, 16, Signed | Unsigned | Void) => colour(Luv::Coded),
            (LOG_LUV, 3, 8, Unsigned | Void) => colour(Luv::Rgb),
            (LOG_LUV, 1, 32, Signed | Unsigned | Void) if !short => Self::Codes,
            (photometric, samples, bits, format) => {
                return Err(DecodeError::Unsupported {
                    scheme: block.compression,
                    what: format!(
                        "{samples} samples of {bits} bits ({format:?}) of photometric interpretation {photometric}"
                    ),
                });
            }
        })
    }
}

/// Reads a row of codes of `bytes` bytes, run-length encoded: all first bytes, all second bytes, …
/// Nothing where `source` ends early.
fn planes(source: &mut &[u8], codes: &mut [u32], bytes: u32) -> Option<()> {
    for place in (0..bytes).rev() {
        let mut rest = &mut codes[..];
        while !rest.is_empty() {
            let head = take(source)?;
            if head >= 128 {
                let length = (usize::from(head) - 126).min(rest.len());
                let value = u32::from(take(source)?) << (8 * place);
                let (run, after) = rest.split_at_mut(length);
                for code in run {
                    *code |= value;
                }
                rest = after;
            } else {
                let length = usize::from(head).min(rest.len());
                let (values, left) = source.split_at_checked(length)?;
                let (run, after) = rest.split_at_mut(length);
                for (code, &value) in run.iter_mut().zip(values) {
                    *code |= u32::from(value) << (8 * place);
                }
                *source = left;
                rest = after;
            }
        }
    }
    Some(())
}

/// Reads a row of codes of three bytes.
fn threes(source: &mut &[u8], codes: &mut [u32]) -> Option<()> {
    for code in codes {
        let (&[a, b, c], left) = source.split_first_chunk::<3>()?;
        *code = u32::from_be_bytes([0, a, b, c]);
        *source = left;
    }
    Some(())
}

fn take(source: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = source.split_first()?;
    *source = rest;
    Some(byte)
}

/// `PhotometricInterpretation` (262).
const LOG_L: u16 = 32844;
const LOG_LUV: u16 = 32845;
