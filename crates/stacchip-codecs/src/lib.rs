//! TIFF compression schemes, one module and one feature each, on the ports of `stacchip-cog`.
//!
//! This room knows how each scheme's bytes become a block's bytes. It never opens a file, never
//! parses a TIFF and keeps nothing but scratch between blocks. Each module implements
//! [`TileDecoder`](stacchip_cog::TileDecoder) and, where it can write,
//! [`TileEncoder`](stacchip_cog::TileEncoder); [`built_in()`] gathers the decoders that were built in.
//!
//! Pure Rust unless a feature says otherwise: `libdeflate`, `libzstd`, `libjpeg-turbo` and
//! `libwebp` put a C library in place of the pure decoder, with the same answers.
//!
//! ```
//! use stacchip_cog::Compression;
//!
//! let codecs = stacchip_codecs::built_in();
//! # #[cfg(feature = "lzw")]
//! assert!(codecs.decoder(Compression::LZW).is_some());
//! assert!(codecs.decoder(Compression::JPEG_2000).is_none());
//! ```

mod built_in;
#[cfg(feature = "ccitt")]
mod ccitt;
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
mod refusal;
#[cfg(feature = "sgilog")]
mod sgilog;
#[cfg(feature = "thunderscan")]
mod thunderscan;
#[cfg(feature = "webp")]
mod webp;
#[cfg(feature = "zstd")]
mod zstd;

pub use built_in::built_in;
#[cfg(feature = "ccitt")]
pub use ccitt::Ccitt;
#[cfg(feature = "deflate")]
pub use deflate::{Deflate, inflate_bare};
#[cfg(feature = "jpeg")]
pub use jpeg::{Jpeg, OldJpeg};
#[cfg(feature = "jxl")]
pub use jxl::Jxl;
#[cfg(feature = "lerc")]
pub use lerc::Lerc;
#[cfg(feature = "lzma")]
pub use lzma::Lzma;
#[cfg(feature = "lzw")]
pub use lzw::Lzw;
#[cfg(feature = "next")]
pub use next::Next;
#[cfg(feature = "packbits")]
pub use packbits::PackBits;
#[cfg(feature = "sgilog")]
pub use sgilog::SgiLog;
#[cfg(feature = "thunderscan")]
pub use thunderscan::ThunderScan;
#[cfg(feature = "webp")]
pub use webp::Webp;
#[cfg(feature = "zstd")]
pub use zstd::Zstd;
