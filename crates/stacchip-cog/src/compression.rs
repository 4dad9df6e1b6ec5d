//! Compression schemes by their number.

use std::fmt;

/// The value of the TIFF tag Compression (259).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Compression(pub u16);

macro_rules! schemes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal;)*) => {
        impl Compression {
            $($(#[$doc])* pub const $name: Self = Self($code);)*

            /// GDAL's word for it; nothing for a number that GDAL has no word for.
            pub const fn word(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($word),)*
                    _ => None,
                }
            }
        }
    };
}

schemes! {
    /// No compression.
    NONE = 1, "NONE";
    /// CCITT modified Huffman run length encoding.
    CCITT_RLE = 2, "CCITTRLE";
    /// CCITT T.4.
    CCITT_FAX3 = 3, "CCITTFAX3";
    /// CCITT T.6.
    CCITT_FAX4 = 4, "CCITTFAX4";
    /// Lempel-Ziv-Welch, most significant bit first.
    LZW = 5, "LZW";
    /// The JPEG of TIFF 6.0, superseded.
    OLD_JPEG = 6, "OJPEG";
    /// JPEG of Technical Note 2.
    JPEG = 7, "JPEG";
    /// zlib streams, the number registered by Adobe.
    DEFLATE = 8, "DEFLATE";
    /// `NeXT` 2-bit run length encoding.
    NEXT = 32766, "NEXT";
    /// CCITT run length encoding, word aligned.
    CCITT_RLE_WORD = 32771, "CCITTRLEW";
    /// Macintosh run length encoding.
    PACKBITS = 32773, "PACKBITS";
    /// `ThunderScan` 4-bit run length encoding.
    THUNDERSCAN = 32809, "THUNDERSCAN";
    /// zlib streams, the older number.
    OLD_DEFLATE = 32946, "DEFLATE";
    /// JPEG 2000.
    JPEG_2000 = 34712, "JP2000";
    /// SGI `LogLuv`, 32 bit.
    SGI_LOG = 34676, "SGILOG";
    /// SGI `LogLuv`, 24 bit.
    SGI_LOG_24 = 34677, "SGILOG24";
    /// LERC, plain or wrapped in deflate or zstd.
    LERC = 34887, "LERC";
    /// LZMA2 in an xz container.
    LZMA = 34925, "LZMA";
    /// Zstandard.
    ZSTD = 50000, "ZSTD";
    /// WebP.
    WEBP = 50001, "WEBP";
    /// JPEG XL, the number GDAL used first.
    JXL = 50002, "JXL";
    /// JPEG XL as DNG 1.7 registered it.
    JXL_DNG = 52546, "JXL";
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => write!(f, "{word} ({})", self.0),
            None => write!(f, "compression {}", self.0),
        }
    }
}
