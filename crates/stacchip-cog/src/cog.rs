//! A file as a whole.

use std::fmt;

use crate::Image;

/// What the header of a TIFF says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cog {
    /// The images, in GDAL's order: image 0 is the one GDAL opens; the rest are its subdatasets
    /// after the first.
    pub images: Vec<Image>,
    /// Whether numbers are stored most significant byte first.
    pub big_endian: bool,
    /// Whether it is a `BigTIFF`.
    pub big_tiff: bool,
    /// What GDAL's ghost area says of the layout, if there is one.
    pub ghost: Option<GhostArea>,
    /// What is wrong with the file and was worked around.
    pub warnings: Vec<Warning>,
}

/// The lines of the ghost area that GDAL's COG driver leaves after the file header
/// (<https://gdal.org/drivers/raster/cog.html>, "Header ghost area").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GhostArea {
    /// Keys and values as written, in order.
    pub lines: Vec<(String, String)>,
}

impl GhostArea {
    /// The value of `key`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.lines
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// Whether the promises of the ghost area hold: a program that does not know them and changed
    /// the file turns this to false.
    pub fn is_trustworthy(&self) -> bool {
        self.value("KNOWN_INCOMPATIBLE_EDITION")
            .is_none_or(|v| v.trim() == "NO")
    }
}

/// Something wrong with a file that does not keep it from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where in the file.
    pub offset: u64,
    /// What is wrong.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(offset: u64, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.message)
    }
}
