//! Through libwebp.

use std::ffi::c_int;

use libwebp_sys::{WebPDecodeRGBAInto, WebPDecodeRGBInto};
use stacchip_cog::{Compression, DecodeError};

use super::container::Picture;
use crate::refusal::corrupt;

/// Fills `out` with pixels of `samples` samples, 3 or 4; libwebp makes a missing alpha opaque.
pub(super) fn fill(
    source: &[u8],
    picture: &Picture,
    samples: u16,
    scheme: Compression,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    let into = if samples == 4 {
        WebPDecodeRGBAInto
    } else {
        WebPDecodeRGBInto
    };
    // At most 2^14 pixels of four bytes, so it fits.
    let row = c_int::try_from(picture.width.saturating_mul(u32::from(samples)))
        .map_err(|e| corrupt(scheme, e))?;
    #[expect(
        unsafe_code,
        reason = "the one way into libwebp; two to three times the speed of the pure decoder on lossy tiles"
    )]
    // SAFETY: both functions read at most `source.len()` bytes from the first pointer and write at
    // most `out.len()` bytes to the second (they fail where rows of `row` bytes would need more);
    // both slices live through the call, which keeps no pointer, and nothing else holds `out`.
    let done = unsafe {
        into(
            source.as_ptr(),
            source.len(),
            out.as_mut_ptr(),
            out.len(),
            row,
        )
    };
    if done.is_null() {
        return Err(corrupt(scheme, "libwebp refuses it"));
    }
    Ok(())
}
