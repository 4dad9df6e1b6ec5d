//! Pixels of one type out of a blob.

use bytemuck::Pod;
use lerc::{DecodeResult, Sample, bitmask::BitMask, decode_info, decode_into};
use stacchip_cog::{BlockContext, DecodeError, DecodedOrder};

use super::usual::{self, Number, Shape};
use crate::refusal::corrupt;

/// A type of sample, and what stands for a missing one.
pub(super) trait Masked: Sample + Pod + Number {
    const MISSING: Self;
    /// What is opaque, where alpha is held as the mask: in bytes only.
    const OPAQUE: Option<Self> = None;
}

macro_rules! masked {
    ($($type:ty => $missing:expr),*) => { $(impl Masked for $type { const MISSING: Self = $missing; })* };
}

masked!(i8 => 0, u16 => 0, i16 => 0, u32 => 0, i32 => 0, f32 => f32::NAN, f64 => f64::NAN);

impl Masked for u8 {
    const MISSING: Self = 0;
    const OPAQUE: Option<Self> = Some(Self::MAX);
}

/// Fills `out` with the pixels of `blob`.
pub(super) fn fill<T: Masked>(
    blob: &[u8],
    block: &BlockContext<'_>,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    let scheme = block.compression;
    let fail = |e| corrupt(scheme, e);
    if Some(out.len()) != block.block_bytes(DecodedOrder::Pixels) {
        return Err(corrupt(scheme, "a part of a block cannot be had"));
    }
    let shape = Shape {
        width: block.width,
        height: block.height,
        depth: block.samples,
    };
    if let Ok(pixels) = bytemuck::try_cast_slice_mut::<u8, T>(out)
        && usual::fill(blob, shape, pixels).is_some()
    {
        return Ok(());
    }
    let info = decode_info(blob).map_err(fail)?;
    let samples = usize::from(block.samples);
    let (depth, bands) = (info.depth as usize, info.bands as usize);
    if (info.width, info.height) != (block.width, block.height) {
        return Err(corrupt(
            scheme,
            format_args!(
                "{} x {} pixels in a block of {} x {}",
                info.width, info.height, block.width, block.height
            ),
        ));
    }
    // The samples of a pixel lie together, or band after band with a mask each; and alpha may be
    // no sample but the mask.
    let alpha_is_mask = T::OPAQUE.is_some()
        && samples > 1
        && depth == samples - 1
        && bands == 1
        && block.alpha == Some(block.samples - 1);
    if !(alpha_is_mask || (depth == samples && bands == 1) || (depth == 1 && bands == samples)) {
        return Err(corrupt(
            scheme,
            format_args!("{bands} bands of {depth} values for {samples} samples"),
        ));
    }
    let direct = (bands == 1 && !alpha_is_mask)
        .then(|| bytemuck::try_cast_slice_mut::<u8, T>(out).ok())
        .flatten();
    if let Some(pixels) = direct {
        pixels.fill(T::zeroed());
        let held = decode_into(blob, pixels).map_err(fail)?;
        blank(pixels, &held, samples);
        return Ok(());
    }
    let pixels = info.width as usize * info.height as usize;
    let mut decoded = vec![T::zeroed(); pixels * depth * bands];
    let held = decode_into(blob, &mut decoded).map_err(fail)?;
    let bytes = size_of::<T>();
    if alpha_is_mask {
        let mask = held.valid_masks.first();
        let opaque = T::OPAQUE.unwrap_or(T::MISSING);
        for ((at, out), values) in out
            .chunks_exact_mut(samples * bytes)
            .enumerate()
            .zip(decoded.chunks_exact(depth))
        {
            let alpha = if valid(mask, at) { opaque } else { T::MISSING };
            let alpha = [alpha];
            let values = values.iter().chain(&alpha);
            for (out, value) in out.chunks_exact_mut(bytes).zip(values) {
                out.copy_from_slice(bytemuck::bytes_of(value));
            }
        }
        return Ok(());
    }
    blank(&mut decoded, &held, depth);
    for (at, out) in out.chunks_exact_mut(samples * bytes).enumerate() {
        for (sample, out) in out.chunks_exact_mut(bytes).enumerate() {
            let from = if bands == 1 {
                at * samples + sample
            } else {
                sample * pixels + at
            };
            let value = decoded.get(from).copied().unwrap_or(T::MISSING);
            out.copy_from_slice(bytemuck::bytes_of(&value));
        }
    }
    Ok(())
}

/// Puts what stands for a missing sample where the masks say so: one mask a band, `depth` samples
/// a pixel.
fn blank<T: Masked>(pixels: &mut [T], held: &DecodeResult, depth: usize) {
    let band = held.width as usize * held.height as usize * depth;
    for (pixels, mask) in pixels.chunks_exact_mut(band.max(1)).zip(&held.valid_masks) {
        if mask.is_all_valid() {
            continue;
        }
        for (at, pixel) in pixels.chunks_exact_mut(depth.max(1)).enumerate() {
            if !mask.is_valid(at) {
                pixel.fill(T::MISSING);
            }
        }
    }
}

fn valid(mask: Option<&BitMask>, at: usize) -> bool {
    mask.is_none_or(|mask| mask.is_valid(at))
}
