//! Streams that stop where enough is had, through flate2.

use std::cell::RefCell;
#[cfg(not(feature = "libdeflate"))]
use std::error::Error;

use flate2::{Decompress, FlushDecompress, Status};
use stacchip_cog::{Compression, DecodeError};

use crate::refusal::{corrupt, truncated};

/// Fills `out` with the first bytes of the stream; where that is the `whole` block, the end of the
/// stream is looked at as well.
pub(super) fn fill(
    source: &[u8],
    scheme: Compression,
    out: &mut [u8],
    whole: bool,
) -> Result<(), DecodeError> {
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(true);
        let mut source = source;
        let mut at = 0;
        let mut spare = [0];
        loop {
            // Once full, a byte more is asked for: what is then said is about the stream's end.
            let room = match out.get_mut(at..) {
                Some(rest) if !rest.is_empty() => rest,
                _ if whole => &mut spare,
                _ => return Ok(()),
            };
            let (read, wrote) = (inflate.total_in(), inflate.total_out());
            let status = inflate
                .decompress(source, room, FlushDecompress::None)
                .map_err(|e| {
                    let detail = e.message().unwrap_or("a broken stream");
                    corrupt(scheme, format_args!("{detail} after {at} bytes"))
                })?;
            if at == out.len() {
                return Ok(());
            }
            let read = count(inflate.total_in() - read);
            let wrote = count(inflate.total_out() - wrote);
            at = at.saturating_add(wrote);
            source = source.get(read..).unwrap_or_default();
            let stuck = read == 0 && wrote == 0;
            if at < out.len() && (stuck || status != Status::Ok) {
                return Err(truncated(scheme, out.len(), at));
            }
            if status == Status::StreamEnd {
                return Ok(());
            }
        }
    })
}

/// The whole stream, which may hold no more than `most` bytes.
#[cfg(feature = "lerc")]
pub(crate) fn all(source: &[u8], scheme: Compression, most: usize) -> Result<Vec<u8>, DecodeError> {
    INFLATE.with_borrow_mut(|inflate| {
        inflate.reset(true);
        let mut out = Vec::new();
        let mut source = source;
        loop {
            // As much again as there is, so that it grows with what the stream holds in truth.
            let more = out.len().max(source.len()).max(1 << 12);
            out.reserve_exact(more.min(most.saturating_sub(out.len()).max(1)));
            let (read, held) = (inflate.total_in(), out.len());
            let status = inflate
                .decompress_vec(source, &mut out, FlushDecompress::None)
                .map_err(|e| corrupt(scheme, e))?;
            let read = count(inflate.total_in() - read);
            source = source.get(read..).unwrap_or_default();
            if out.len() > most {
                return Err(corrupt(scheme, format_args!("more than {most} bytes")));
            }
            if status == Status::StreamEnd {
                return Ok(out);
            }
            if read == 0 && out.len() == held {
                return Err(truncated(scheme, most, held));
            }
        }
    })
}

/// Appends `source` as a stream.
#[cfg(not(feature = "libdeflate"))]
pub(super) fn append(
    source: &[u8],
    level: u8,
    out: &mut Vec<u8>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    use std::io::Write as _;

    let level = flate2::Compression::new(level.min(9).into());
    let mut deflate = flate2::write::ZlibEncoder::new(out, level);
    deflate.write_all(source)?;
    deflate.finish()?;
    Ok(())
}

/// What was counted within one slice fits.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

thread_local! {
    // Made once a thread: its window is as large as a small tile.
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}
