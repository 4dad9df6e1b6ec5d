//! Through libzstd.

use std::cell::RefCell;

use ::zstd::zstd_safe::{
    CCtx, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, compress_bound,
    find_frame_compressed_size, get_error_name, get_frame_content_size,
};
use stacchip_cog::{Compression, DecodeError};

use crate::refusal::{corrupt, truncated};

/// Fills `out` with the first bytes of the first frame, which ought to hold `whole`.
pub(super) fn fill(
    source: &[u8],
    scheme: Compression,
    whole: usize,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    DECODE.with_borrow_mut(|(context, scratch)| {
        if whole == out.len() {
            let frame = find_frame_compressed_size(source)
                .ok()
                .and_then(|length| source.get(..length));
            // In one go, straight into the block, without a window of its own.
            if let Some(frame) = frame
                && let Ok(got) = context.decompress(out, frame)
            {
                return if got == out.len() {
                    Ok(())
                } else {
                    Err(truncated(scheme, out.len(), got))
                };
            }
        }
        let done = first(context, scratch, source, scheme, whole, out);
        scratch.shrink_to(KEPT);
        done
    })
}

/// The first bytes of a frame, block by block.
///
/// The bytes go through `scratch`, which libzstd is told it may look back into: otherwise it would
/// allocate a window as large as the frame asks for, 128 MiB for what GDAL writes at level 22.
fn first(
    context: &mut DCtx<'static>,
    scratch: &mut Vec<u8>,
    source: &[u8],
    scheme: Compression,
    whole: usize,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    let wanted = out.len();
    // A frame that says how much it holds must find room for all of that.
    let held = match get_frame_content_size(source) {
        Ok(Some(held)) => usize::try_from(held).unwrap_or(usize::MAX),
        _ => whole,
    };
    if held > whole.saturating_mul(SWOLLEN).saturating_add(BLOCK) {
        return Err(corrupt(
            scheme,
            format_args!("a frame of {held} bytes for a block of {whole}"),
        ));
    }
    let room = held.max(whole).saturating_add(BLOCK);
    if room > SCRATCH {
        return stream(context, source, scheme, whole, out);
    }
    scratch.clear();
    scratch.resize(room, 0);
    let fail = |code| corrupt(scheme, get_error_name(code));
    context
        .reset(ResetDirective::SessionOnly)
        .and_then(|_| context.set_parameter(DParameter::StableOutBuffer(true)))
        .map_err(fail)?;
    let mut unpacked = OutBuffer::around(scratch.as_mut_slice());
    let mut rest = source;
    let mut step = FRAME_HEADER;
    let done = loop {
        // Of a whole block the end is looked at too, as its checksum comes after the last byte.
        let had = unpacked.pos();
        if had > wanted || (had == wanted && (wanted < whole || rest.is_empty())) {
            break Ok(());
        }
        // No more than was asked for: what follows is a block, and one at a time goes through.
        let (bytes, after) = rest.split_at(step.min(rest.len()));
        let mut packed = InBuffer::around(bytes);
        match context.decompress_stream(&mut unpacked, &mut packed) {
            Err(code) => break Err(fail(code)),
            Ok(0) if unpacked.pos() >= wanted => break Ok(()),
            Ok(0) => break Err(truncated(scheme, wanted, unpacked.pos())),
            Ok(hint) => step = hint,
        }
        let read = packed.pos();
        if read == 0 && unpacked.pos() == had {
            break Err(truncated(scheme, wanted, unpacked.pos()));
        }
        rest = if read == bytes.len() {
            after
        } else {
            rest.get(read..).unwrap_or_default()
        };
    };
    // The next frame may be undone in one go; its context must not hold on to this scratch.
    context.reset(ResetDirective::SessionOnly).map_err(fail)?;
    done?;
    let first = scratch
        .get(..wanted)
        .ok_or_else(|| truncated(scheme, wanted, room))?;
    out.copy_from_slice(first);
    Ok(())
}

/// The first bytes of a frame that may hold far more, straight into `out`. libzstd keeps a window of its
/// own: 128 MiB at most, more than which it refuses unless told otherwise.
fn stream(
    context: &mut DCtx<'static>,
    source: &[u8],
    scheme: Compression,
    whole: usize,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    let wanted = out.len();
    let fail = |code| corrupt(scheme, get_error_name(code));
    context
        .reset(ResetDirective::SessionOnly)
        .and_then(|_| context.set_parameter(DParameter::StableOutBuffer(false)))
        .map_err(fail)?;
    let mut unpacked = OutBuffer::around(out);
    let mut packed = InBuffer::around(source);
    let done = loop {
        let (had, read) = (unpacked.pos(), packed.pos());
        if had == wanted && wanted < whole {
            break Ok(());
        }
        match context.decompress_stream(&mut unpacked, &mut packed) {
            Err(code) => break Err(fail(code)),
            // The frame has ended, or of a whole block nothing more can be known.
            Ok(left) if left == 0 || (unpacked.pos(), packed.pos()) == (had, read) => {
                break if unpacked.pos() == wanted {
                    Ok(())
                } else {
                    Err(truncated(scheme, wanted, unpacked.pos()))
                };
            }
            Ok(_) => {}
        }
    };
    context.reset(ResetDirective::SessionOnly).map_err(fail)?;
    done
}

/// Appends `source` as a frame.
pub(super) fn append(source: &[u8], level: i32, out: &mut Vec<u8>) -> Result<(), &'static str> {
    ENCODE.with_borrow_mut(|context| {
        let start = out.len();
        out.resize(start + compress_bound(source.len()), 0);
        let done = context.compress(out.get_mut(start..).unwrap_or_default(), source, level);
        out.truncate(start + done.unwrap_or(0));
        done.map(|_| ()).map_err(get_error_name)
    })
}

thread_local! {
    static DECODE: RefCell<(DCtx<'static>, Vec<u8>)> =
        RefCell::new((DCtx::create(), Vec::new()));
    static ENCODE: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
}

/// The longest block of a frame (RFC 8878, section 3.1.1.2.4).
const BLOCK: usize = 128 << 10;
/// The shortest that a frame header can be.
const FRAME_HEADER: usize = 5;
/// How many times a frame may hold more than its block: some writers fill up a last strip.
const SWOLLEN: usize = 8;
/// The largest scratch that is made: a strip may be a whole image of which a few rows are wanted.
const SCRATCH: usize = 64 << 20;
/// Scratch that a thread keeps.
const KEPT: usize = 8 << 20;
