//! The tags that are read.

/// A tag's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(pub u16);

macro_rules! tags {
    ($($name:ident = $code:literal, $word:literal;)*) => {
        impl Tag {
            $(pub(crate) const $name: Self = Self($code);)*

            /// Its name in the register; nothing for one that is not read here.
            pub(crate) const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($word),)*
                    _ => None,
                }
            }
        }
    };
}

// TIFF 6.0, its technical notes, GeoTIFF 1.1 (OGC 19-008r4), and the private tags of GDAL, DNG
// and LERC.
tags! {
    NEW_SUBFILE_TYPE = 254, "NewSubfileType";
    IMAGE_WIDTH = 256, "ImageWidth";
    IMAGE_LENGTH = 257, "ImageLength";
    BITS_PER_SAMPLE = 258, "BitsPerSample";
    COMPRESSION = 259, "Compression";
    PHOTOMETRIC = 262, "PhotometricInterpretation";
    FILL_ORDER = 266, "FillOrder";
    DOCUMENT_NAME = 269, "DocumentName";
    IMAGE_DESCRIPTION = 270, "ImageDescription";
    STRIP_OFFSETS = 273, "StripOffsets";
    ORIENTATION = 274, "Orientation";
    SAMPLES_PER_PIXEL = 277, "SamplesPerPixel";
    ROWS_PER_STRIP = 278, "RowsPerStrip";
    STRIP_BYTE_COUNTS = 279, "StripByteCounts";
    MIN_SAMPLE_VALUE = 280, "MinSampleValue";
    MAX_SAMPLE_VALUE = 281, "MaxSampleValue";
    X_RESOLUTION = 282, "XResolution";
    Y_RESOLUTION = 283, "YResolution";
    PLANAR_CONFIGURATION = 284, "PlanarConfiguration";
    T4_OPTIONS = 292, "T4Options";
    T6_OPTIONS = 293, "T6Options";
    RESOLUTION_UNIT = 296, "ResolutionUnit";
    SOFTWARE = 305, "Software";
    DATE_TIME = 306, "DateTime";
    ARTIST = 315, "Artist";
    HOST_COMPUTER = 316, "HostComputer";
    PREDICTOR = 317, "Predictor";
    WHITE_POINT = 318, "WhitePoint";
    COLOR_MAP = 320, "ColorMap";
    TILE_WIDTH = 322, "TileWidth";
    TILE_LENGTH = 323, "TileLength";
    TILE_OFFSETS = 324, "TileOffsets";
    TILE_BYTE_COUNTS = 325, "TileByteCounts";
    SUB_IFDS = 330, "SubIFDs";
    INK_SET = 332, "InkSet";
    EXTRA_SAMPLES = 338, "ExtraSamples";
    SAMPLE_FORMAT = 339, "SampleFormat";
    JPEG_TABLES = 347, "JPEGTables";
    JPEG_INTERCHANGE_FORMAT = 513, "JPEGInterchangeFormat";
    JPEG_INTERCHANGE_FORMAT_LENGTH = 514, "JPEGInterchangeFormatLength";
    JPEG_RESTART_INTERVAL = 515, "JPEGRestartInterval";
    JPEG_Q_TABLES = 519, "JPEGQTables";
    JPEG_DC_TABLES = 520, "JPEGDCTables";
    JPEG_AC_TABLES = 521, "JPEGACTables";
    YCBCR_COEFFICIENTS = 529, "YCbCrCoefficients";
    YCBCR_SUBSAMPLING = 530, "YCbCrSubSampling";
    REFERENCE_BLACK_WHITE = 532, "ReferenceBlackWhite";
    COPYRIGHT = 33432, "Copyright";
    MODEL_PIXEL_SCALE = 33550, "ModelPixelScale";
    MODEL_TIEPOINT = 33922, "ModelTiepoint";
    MODEL_TRANSFORMATION = 34264, "ModelTransformation";
    GEO_KEY_DIRECTORY = 34735, "GeoKeyDirectory";
    GEO_DOUBLE_PARAMS = 34736, "GeoDoubleParams";
    GEO_ASCII_PARAMS = 34737, "GeoAsciiParams";
    GDAL_METADATA = 42112, "GDAL_METADATA";
    GDAL_NODATA = 42113, "GDAL_NODATA";
    RPC_COEFFICIENT = 50844, "RPCCoefficient";
    LERC_PARAMETERS = 50674, "LercParameters";
}

impl Tag {
    /// Whether it is one of the tables of blocks, which are read lazily.
    pub(crate) const fn is_table(self) -> bool {
        matches!(
            self,
            Self::STRIP_OFFSETS
                | Self::STRIP_BYTE_COUNTS
                | Self::TILE_OFFSETS
                | Self::TILE_BYTE_COUNTS
        )
    }

    /// Its name, or a stand-in.
    pub(crate) const fn word(self) -> &'static str {
        match self.name() {
            Some(name) => name,
            None => "a private tag",
        }
    }
}
