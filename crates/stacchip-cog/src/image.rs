//! An image: its pyramid and everything around its pixels.

use std::{collections::BTreeMap, sync::Arc};

use stacchip_model::{SampleType, Size};

use crate::{Georeference, Level, Nodata};

/// One image of a file, with its overviews.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Image {
    /// The pyramid: 0 is full resolution, then the overviews in GDAL's order.
    pub levels: Vec<Arc<Level>>,
    /// The bands, the same on every level.
    pub bands: Vec<Band>,
    /// The value that means "no data", in every band.
    pub nodata: Option<Nodata>,
    /// Where it is on the ground.
    pub georeference: Georeference,
    /// Colours of a palette image: red, green, blue, alpha, each of 0 to 255, by pixel value.
    pub colour_table: Option<Vec<[u8; 4]>>,
    /// GDAL's metadata of the image as a whole (default domain), tags of TIFF included under
    /// GDAL's names (`TIFFTAG_SOFTWARE`, …).
    pub metadata: Vec<(String, String)>,
    /// GDAL's metadata in other domains: domain, key, value.
    pub domains: Vec<(String, String, String)>,
}

/// A band, apart from its pixels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Band {
    /// Type of its pixels in memory.
    pub sample: SampleType,
    /// GDAL's description.
    pub description: Option<String>,
    /// Number that a pixel is multiplied with to give the quantity; 1 where none is said.
    pub scale: f64,
    /// Number that is added after that; 0 where none is said.
    pub offset: f64,
    /// Unit of the quantity.
    pub unit: Option<String>,
    /// What it is to the eye.
    pub colour: Colour,
    /// GDAL's metadata of the band (default domain).
    pub metadata: Vec<(String, String)>,
    /// GDAL's metadata of the band in other domains: domain, key, value.
    pub domains: Vec<(String, String, String)>,
}

/// What a band is to the eye: GDAL's colour interpretation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colour {
    /// Nothing is said.
    Undefined,
    /// Grey.
    Gray,
    /// An index into the colour table.
    Palette,
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Transparency: 0 is transparent.
    Alpha,
    /// Hue.
    Hue,
    /// Saturation.
    Saturation,
    /// Lightness.
    Lightness,
    /// Cyan.
    Cyan,
    /// Magenta.
    Magenta,
    /// Yellow.
    Yellow,
    /// Black.
    Black,
    /// Luma.
    YcbcrY,
    /// Blue difference.
    YcbcrCb,
    /// Red difference.
    YcbcrCr,
    /// Another of GDAL's names (`NIR`, `SWIR`, `Pan`, …), in lower case.
    Other(String),
}

impl Image {
    /// Full resolution.
    pub fn base(&self) -> Option<&Arc<Level>> {
        self.levels.first()
    }

    /// Pixels at full resolution.
    pub fn size(&self) -> Size {
        self.base().map_or(Size::new(0, 0), |level| level.size)
    }

    /// The mask of every level, where full resolution has one.
    pub fn has_mask(&self) -> bool {
        self.base().is_some_and(|level| level.mask.is_some())
    }

    /// The band that is alpha, if one is.
    pub fn alpha_band(&self) -> Option<usize> {
        self.bands.iter().position(|b| b.colour == Colour::Alpha)
    }
}

impl Colour {
    /// The colour with GDAL's name `name`, in either case.
    pub(crate) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "ycbcr_y" => Self::YcbcrY,
            "ycbcr_cb" => Self::YcbcrCb,
            "ycbcr_cr" => Self::YcbcrCr,
            other => match Self::plain(other) {
                Some(colour) => colour,
                None if KNOWN.contains(&other) => Self::Other(other.to_owned()),
                None => Self::Undefined,
            },
        }
    }

    /// The one whose [name](Self::name) is `name`.
    pub(crate) fn of_name(name: &str) -> Self {
        match name {
            "Y" => Self::YcbcrY,
            "Cb" => Self::YcbcrCb,
            "Cr" => Self::YcbcrCr,
            other => Self::plain(other).unwrap_or_else(|| Self::Other(other.to_owned())),
        }
    }

    /// Those that are named alike everywhere.
    fn plain(name: &str) -> Option<Self> {
        Some(match name {
            "undefined" => Self::Undefined,
            "gray" => Self::Gray,
            "palette" => Self::Palette,
            "red" => Self::Red,
            "green" => Self::Green,
            "blue" => Self::Blue,
            "alpha" => Self::Alpha,
            "hue" => Self::Hue,
            "saturation" => Self::Saturation,
            "lightness" => Self::Lightness,
            "cyan" => Self::Cyan,
            "magenta" => Self::Magenta,
            "yellow" => Self::Yellow,
            "black" => Self::Black,
            _ => return None,
        })
    }

    /// rasterio's and GDAL's name of it, in lower case.
    pub fn name(&self) -> &str {
        match self {
            Self::Undefined => "undefined",
            Self::Gray => "gray",
            Self::Palette => "palette",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Alpha => "alpha",
            Self::Hue => "hue",
            Self::Saturation => "saturation",
            Self::Lightness => "lightness",
            Self::Cyan => "cyan",
            Self::Magenta => "magenta",
            Self::Yellow => "yellow",
            Self::Black => "black",
            Self::YcbcrY => "Y",
            Self::YcbcrCb => "Cb",
            Self::YcbcrCr => "Cr",
            Self::Other(name) => name,
        }
    }
}

/// Puts each of `said` where the item with its key stands, else at the end. There may be a million of
/// them.
pub(crate) fn set_items<T, K: Ord>(items: &mut Vec<T>, said: Vec<T>, key: impl Fn(&T) -> K) {
    if said.is_empty() {
        return;
    }
    let there = items.iter().enumerate().rev();
    let mut places: BTreeMap<K, usize> = there.map(|(at, item)| (key(item), at)).collect();
    for item in said {
        let place = *places.entry(key(&item)).or_insert(items.len());
        match items.get_mut(place) {
            Some(there) => *there = item,
            None => items.push(item),
        }
    }
}

/// GDAL's further names of colour interpretations.
const KNOWN: [&str; 19] = [
    "pan", "coastal", "rededge", "nir", "swir", "mwir", "lwir", "tir", "otherir", "sar_ka",
    "sar_k", "sar_ku", "sar_x", "sar_c", "sar_s", "sar_l", "sar_p", "ir", "sar",
];
