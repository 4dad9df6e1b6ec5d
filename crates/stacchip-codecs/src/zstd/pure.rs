//! Through ruzstd.

use std::io::Read as _;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use stacchip_cog::{Compression, DecodeError};

use crate::refusal::{corrupt, truncated};

/// Fills `out` with the first bytes of the first frame.
pub(super) fn fill(source: &[u8], scheme: Compression, out: &mut [u8]) -> Result<(), DecodeError> {
    let wanted = out.len();
    let (header, checked, blocks) = short_window(source)
        .ok_or_else(|| corrupt(scheme, "no frame that can be read without a dictionary"))?;
    let mut source = header.chain(blocks);
    let mut frame = FrameDecoder::new();
    let fail = |e: &dyn std::fmt::Display| corrupt(scheme, e);
    frame.init(&mut source).map_err(|e| fail(&e))?;
    loop {
        let ended = frame
            .decode_blocks(&mut source, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|e| fail(&e))?;
        if ended || frame.can_collect() >= wanted {
            break;
        }
    }
    let mut at = 0;
    while at < wanted {
        let rest = out.get_mut(at..).unwrap_or_default();
        match frame.read(rest).map_err(|e| fail(&e))? {
            0 => return Err(truncated(scheme, wanted, at)),
            got => at += got,
        }
    }
    if checked && frame.is_finished() && frame.can_collect() == 0 {
        let (stored, counted) = (
            frame.get_checksum_from_data(),
            frame.get_calculated_checksum(),
        );
        if stored != counted {
            return Err(corrupt(scheme, "the checksum of the frame is wrong"));
        }
    }
    Ok(())
}

/// The header of the first frame with the shortest window that any block fits in, whether a
/// checksum ends the frame, and what follows the header.
///
/// ruzstd keeps back a window's worth of what it decoded, and allocates it; a frame may ask for
/// gigabytes. But nothing is taken out of its buffer before the end, so what matches may look back
/// at is there whatever the window; and a short one is had back early.
fn short_window(source: &[u8]) -> Option<([u8; 6], bool, &[u8])> {
    let (magic, rest) = source.split_first_chunk::<4>()?;
    if *magic != MAGIC {
        return None;
    }
    let (&descriptor, rest) = rest.split_first()?;
    let single_segment = descriptor & 0x20 != 0;
    let checked = descriptor & 0x04 != 0;
    let window = usize::from(!single_segment);
    let dictionary = match descriptor & 3 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let content = match descriptor >> 6 {
        0 => usize::from(single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let named = rest.get(window..window + dictionary)?;
    if named.iter().any(|&b| b != 0) || descriptor & 0x08 != 0 {
        return None;
    }
    let blocks = rest.get(window + dictionary + content..)?;
    let [a, b, c, d] = MAGIC;
    Some(([a, b, c, d, descriptor & 0x04, WINDOW], checked, blocks))
}

/// RFC 8878, section 3.1.1.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// A window of 128 KiB, the longest that a block can be: 2^(10 + 7).
const WINDOW: u8 = 7 << 3;
