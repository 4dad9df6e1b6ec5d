//! What every scheme must keep, and what each must do besides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "ccitt")]
mod ccitt;
mod contract;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "jpeg")]
mod jpeg;
#[cfg(feature = "jxl")]
mod jxl;
#[cfg(feature = "lerc")]
mod lerc;
#[cfg(feature = "lzma")]
mod lzma;
#[cfg(feature = "lzw")]
mod lzw;
#[cfg(feature = "next")]
mod next;
#[cfg(feature = "packbits")]
mod packbits;
#[cfg(feature = "sgilog")]
mod sgilog;
#[cfg(feature = "thunderscan")]
mod thunderscan;
#[cfg(feature = "webp")]
mod webp;
#[cfg(feature = "zstd")]
mod zstd;
