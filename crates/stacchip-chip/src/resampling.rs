//! How pixels of one grid become pixels of another.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// How pixels of one grid become pixels of another, named as GDAL names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Resampling {
    /// The pixel that holds the centre.
    #[default]
    Nearest,
    /// A triangle over two by two pixels.
    Bilinear,
    /// A cubic (a = -½) over four by four pixels.
    Cubic,
    /// The mean of the pixels, weighted by area.
    Average,
    /// The most frequent of the pixels.
    Mode,
    /// A windowed sinc over six by six pixels.
    Lanczos,
    /// The mean over the area of a pixel, partial pixels by their share.
    Area,
}

impl Resampling {
    /// Every kind there is.
    pub const ALL: [Self; 7] = [
        Self::Nearest,
        Self::Bilinear,
        Self::Cubic,
        Self::Average,
        Self::Mode,
        Self::Lanczos,
        Self::Area,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Cubic => "cubic",
            Self::Average => "average",
            Self::Mode => "mode",
            Self::Lanczos => "lanczos",
            Self::Area => "area",
        }
    }
}

impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Resampling {
    type Err = ParseResamplingError;

    fn from_str(text: &str) -> Result<Self, ParseResamplingError> {
        Self::ALL
            .into_iter()
            .find(|r| r.name().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| ParseResamplingError {
                text: text.to_owned(),
            })
    }
}

/// A text that names no resampling.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no resampling: nearest, bilinear, cubic, average, mode, lanczos, area are")]
pub struct ParseResamplingError {
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for resampling in Resampling::ALL {
            assert_eq!(resampling.name().to_uppercase().parse(), Ok(resampling));
        }
        assert!("gauss".parse::<Resampling>().is_err());
    }
}
