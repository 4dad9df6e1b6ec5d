//! Whole blocks through libdeflate.

use std::{cell::RefCell, error::Error};

use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Fills `out` from a stream that holds exactly that many bytes; whether it could.
pub(super) fn fill(source: &[u8], out: &mut [u8]) -> bool {
    INFLATE.with_borrow_mut(|inflate| inflate.zlib_decompress(source, out) == Ok(out.len()))
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
