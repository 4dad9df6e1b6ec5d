//! All decoders that were built in.

use stacchip_cog::Codecs;

/// The best decoder that was built in for each scheme. A scheme whose feature is off is absent, as
/// is what nobody here undoes: JPEG 2000.
pub fn built_in() -> Codecs {
    let codecs = Codecs::new();
    #[cfg(feature = "deflate")]
    let codecs = codecs.with(crate::Deflate::new());
    #[cfg(feature = "lzw")]
    let codecs = codecs.with(crate::Lzw);
    #[cfg(feature = "packbits")]
    let codecs = codecs.with(crate::PackBits);
    #[cfg(feature = "zstd")]
    let codecs = codecs.with(crate::Zstd::new());
    #[cfg(feature = "jpeg")]
    let codecs = codecs.with(crate::Jpeg::new()).with(crate::OldJpeg);
    #[cfg(feature = "lerc")]
    let codecs = codecs.with(crate::Lerc);
    #[cfg(feature = "lzma")]
    let codecs = codecs.with(crate::Lzma);
    #[cfg(feature = "webp")]
    let codecs = codecs.with(crate::Webp);
    #[cfg(feature = "ccitt")]
    let codecs = codecs.with(crate::Ccitt);
    #[cfg(feature = "jxl")]
    let codecs = codecs.with(crate::Jxl);
    #[cfg(feature = "next")]
    let codecs = codecs.with(crate::Next);
    #[cfg(feature = "sgilog")]
    let codecs = codecs.with(crate::SgiLog);
    #[cfg(feature = "thunderscan")]
    let codecs = codecs.with(crate::ThunderScan);
    codecs
}
