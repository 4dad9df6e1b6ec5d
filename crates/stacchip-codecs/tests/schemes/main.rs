//! What every scheme must keep, and what each must do besides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "lzw")]
mod lzw;
#[cfg(feature = "packbits")]
mod packbits;
#[cfg(feature = "zstd")]
mod zstd;
