//! Whole blocks through libdeflate.

use std::{cell::RefCell, error::Error};

use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor};

/// Fills `out` from a stream that holds exactly that many bytes; whether it could.
pub(super) fn fill(source: &[u8], out: &mut [u8]) -> bool {
    INFLATE.with_borrow_mut(|inflate| inflate.zlib_decompress(source, out) == Ok(out.len()))
}

/// Fills `out` from a stream without a wrapping that holds exactly that many bytes; whether it could.
pub(super) fn fill_bare(source: &[u8], out: &mut [u8]) -> bool {
    INFLATE.with_borrow_mut(|inflate| inflate.deflate_decompress(source, out) == Ok(out.len()))
}

/// Fills the first `wanted` bytes of `out`, which is longer, from a stream; whether it could.
///
/// libdeflate stops where its room ends, with an error that does not say how far it came. So a
/// pattern is put a little after what is wanted: a stream is undone from its beginning to its end,
/// and never ahead by as much as the pattern is away, so where that is written over, all before it
/// is there. Where it is not (a stored part ends the room early) the answer is no, and it is asked
/// for in another way.
pub(super) fn fill_first(source: &[u8], wanted: usize, out: &mut [u8]) -> bool {
    let Some(room) = wanted.checked_add(ROOM).and_then(|end| out.get_mut(..end)) else {
        return false;
    };
    let place = wanted + AHEAD..wanted + AHEAD + PATTERN.len();
    let Some(place_in_room) = room.get_mut(place.clone()) else {
        return false;
    };
    place_in_room.copy_from_slice(&PATTERN);
    let done = INFLATE.with_borrow_mut(|inflate| inflate.zlib_decompress(source, room));
    match done {
        Ok(filled) => filled >= wanted,
        Err(DecompressionError::InsufficientSpace) => {
            room.get(place).is_some_and(|now| *now != PATTERN)
        }
        Err(_) => false,
    }
}

/// Appends `source` as a stream.
pub(super) fn append(
    source: &[u8],
    level: u8,
    out: &mut Vec<u8>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    DEFLATE.with_borrow_mut(|kept| {
        let mut deflate = match kept.take() {
            Some((of, deflate)) if of == level => deflate,
            _ => Compressor::new(
                CompressionLvl::new(level.into())
                    .map_err(|e| format!("level {level} is refused: {e:?}"))?,
            ),
        };
        let start = out.len();
        out.resize(start + deflate.zlib_compress_bound(source.len()), 0);
        let done = deflate.zlib_compress(source, out.get_mut(start..).unwrap_or_default());
        out.truncate(start + done.as_ref().map_or(0, |&n| n));
        *kept = Some((level, deflate));
        done.map(|_| ()).map_err(|e| format!("{e:?}").into())
    })
}

thread_local! {
    // They are made once a thread: making one costs as much as a small tile.
    static INFLATE: RefCell<Decompressor> = RefCell::new(Decompressor::new());
    static DEFLATE: RefCell<Option<(u8, Compressor)>> = const { RefCell::new(None) };
}

/// Nothing that a file is likely to hold.
const PATTERN: [u8; 16] = *b"\xE7\x1D\x9Bstill here\xC4\x3A\x85";
/// How far after what is wanted the pattern is. libdeflate writes whole words of a string, up to
/// five of 8 bytes, ahead of where it is.
const AHEAD: usize = 64;
/// Room after what is wanted: the pattern, and a string of 258 bytes that finds no room.
const ROOM: usize = AHEAD + PATTERN.len() + 258;
