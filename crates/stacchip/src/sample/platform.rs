//! The platforms that sample scenes are made of.

use std::{fmt, str::FromStr};

use stacchip_model::Affine;
use thiserror::Error;

use super::land::Edge;

/// A platform that a sample scene can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamplePlatform {
    /// Sentinel-2 level 2A as Earth Search serves it.
    Sentinel2,
    /// Landsat 9 collection 2 level 2 surface reflectance.
    Landsat,
    /// Aerial imagery of the United States' NAIP, four bands.
    Naip,
    /// Aerial imagery of Toitū Te Whenua LINZ, New Zealand.
    Linz,
    /// Sentinel-1 ground range, radiometrically terrain corrected.
    Sentinel1,
    /// MODIS MOD09A1, eight days of surface reflectance in 500 m.
    Modis,
}

impl SamplePlatform {
    /// Every platform there is.
    pub const ALL: [Self; 6] = [
        Self::Sentinel2,
        Self::Landsat,
        Self::Naip,
        Self::Linz,
        Self::Sentinel1,
        Self::Modis,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentinel2 => "sentinel-2",
            Self::Landsat => "landsat",
            Self::Naip => "naip",
            Self::Linz => "linz",
            Self::Sentinel1 => "sentinel-1",
            Self::Modis => "modis",
        }
    }

    /// Columns and rows of the finest band where none are asked for: small enough for a trial, and
    /// no multiple of 256, so that edges show.
    pub const fn default_size(self) -> u32 {
        match self {
            // A fifth of the real scene.
            Self::Sentinel2 => 2196,
            Self::Landsat | Self::Naip | Self::Linz => 1600,
            Self::Sentinel1 => 1900,
            Self::Modis => 2400,
        }
    }

    /// Size of a pixel of the finest band, in metres.
    pub(super) const fn pixel(self) -> f64 {
        match self {
            Self::Sentinel2 | Self::Sentinel1 => 10.0,
            Self::Landsat => 30.0,
            Self::Naip => 0.6,
            Self::Linz => 0.3,
            // 10 degrees of the sphere's equator in 2400 pixels.
            Self::Modis => 463.312_716_527_916_5,
        }
    }

    /// The ground of the finest band.
    pub(super) fn transform(self) -> Affine {
        let (x, y) = match self {
            // Tiles 20HNJ and h12v12, a scene of path 228 row 83, a quarter of a quadrangle of
            // New Hampshire, the hills of Wellington, the plains around Córdoba.
            Self::Sentinel2 => (499_980.0, 6_400_000.0),
            // Landsat counts south from the equator in the zones of the north.
            Self::Landsat => (425_985.0, -3_606_585.0),
            Self::Naip => (341_338.2, 4_749_053.4),
            Self::Linz => (1_748_800.0, 5_428_800.0),
            Self::Sentinel1 => (373_180.0, 6_524_680.0),
            Self::Modis => (-6_671_703.118, -3_335_851.559),
        };
        Affine::new(self.pixel(), 0.0, x, 0.0, -self.pixel(), y)
    }

    /// The register's code; MODIS has none.
    pub(super) const fn epsg(self) -> Option<u16> {
        match self {
            Self::Sentinel2 | Self::Sentinel1 => Some(32720),
            Self::Landsat => Some(32620),
            Self::Naip => Some(26919),
            Self::Linz => Some(2193),
            Self::Modis => None,
        }
    }

    pub(super) const fn edge(self) -> Edge {
        match self {
            Self::Sentinel2 | Self::Linz | Self::Modis => Edge::Left,
            Self::Landsat => Edge::Turned,
            Self::Sentinel1 => Edge::Sides,
            // Quarters of quadrangles are cut from mosaics: they are whole.
            Self::Naip => Edge::None,
        }
    }

    /// Whether it sees clouds: radar looks through them, and aeroplanes wait for clear days.
    pub(super) const fn has_clouds(self) -> bool {
        matches!(self, Self::Sentinel2 | Self::Landsat | Self::Modis)
    }
}

impl fmt::Display for SamplePlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SamplePlatform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        Self::ALL
            .into_iter()
            .find(|p| p.name() == text)
            .ok_or_else(|| UnknownPlatform { name: text.into() })
    }
}

/// A name of no platform.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no sample of `{name}`: choose sentinel-2, landsat, naip, linz, sentinel-1 or modis")]
pub struct UnknownPlatform {
    /// The name.
    pub name: String,
}
