//! GDAL's metadata, and the tags it shows as such.

use crate::{
    Colour,
    header::{Directory, Tag},
    xml,
};

/// What a directory says in words.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) image: Vec<(String, String)>,
    pub(super) domains: Vec<(String, String, String)>,
    pub(super) bands: Vec<BandMetadata>,
}

/// What is said of one band.
#[derive(Debug, Default)]
pub(super) struct BandMetadata {
    pub(super) index: usize,
    pub(super) description: Option<String>,
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) unit: Option<String>,
    pub(super) colour: Option<Colour>,
    pub(super) items: Vec<(String, String)>,
}

/// What `directory` says in words.
pub(super) fn of(directory: &Directory) -> Metadata {
    let mut metadata = Metadata::default();
    for (tag, name) in TEXTS {
        if let Some(text) = directory.text(tag) {
            metadata.image.push((name.to_owned(), text));
        }
    }
    if let Some(text) = directory.text(Tag::GDAL_METADATA) {
        for item in xml::items(&text) {
            metadata.take(item);
        }
    }
    metadata
}

impl Metadata {
    fn take(&mut self, item: xml::Item) {
        let Some(index) = item.sample else {
            if item.domain.is_empty() {
                set(&mut self.image, item.name, item.text);
            } else {
                self.domains.push((item.domain, item.name, item.text));
            }
            return;
        };
        let known = self.bands.iter().position(|b| b.index == index);
        let at = known.unwrap_or(self.bands.len());
        if known.is_none() {
            self.bands.push(BandMetadata {
                index,
                ..BandMetadata::default()
            });
        }
        let Some(band) = self.bands.get_mut(at) else {
            return;
        };
        match item.role.as_str() {
            "scale" => band.scale = number(&item.text),
            "offset" => band.offset = number(&item.text),
            "unittype" => band.unit = Some(item.text),
            "description" => band.description = Some(item.text),
            "colorinterp" => band.colour = Some(colour(&item.text)),
            _ if item.domain.is_empty() => set(&mut band.items, item.name, item.text),
            _ => {}
        }
    }
}

fn set(items: &mut Vec<(String, String)>, key: String, value: String) {
    match items.iter_mut().find(|(k, _)| *k == key) {
        Some(item) => item.1 = value,
        None => items.push((key, value)),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// The colour with GDAL's name `name`.
fn colour(name: &str) -> Colour {
    match name.to_ascii_lowercase().as_str() {
        "undefined" => Colour::Undefined,
        "gray" => Colour::Gray,
        "palette" => Colour::Palette,
        "red" => Colour::Red,
        "green" => Colour::Green,
        "blue" => Colour::Blue,
        "alpha" => Colour::Alpha,
        "hue" => Colour::Hue,
        "saturation" => Colour::Saturation,
        "lightness" => Colour::Lightness,
        "cyan" => Colour::Cyan,
        "magenta" => Colour::Magenta,
        "yellow" => Colour::Yellow,
        "black" => Colour::Black,
        "ycbcr_y" => Colour::YcbcrY,
        "ycbcr_cb" => Colour::YcbcrCb,
        "ycbcr_cr" => Colour::YcbcrCr,
        other if KNOWN.contains(&other) => Colour::Other(other.to_owned()),
        _ => Colour::Undefined,
    }
}

/// GDAL's further names of colour interpretations.
const KNOWN: [&str; 19] = [
    "pan", "coastal", "rededge", "nir", "swir", "mwir", "lwir", "tir", "otherir", "sar_ka",
    "sar_k", "sar_ku", "sar_x", "sar_c", "sar_s", "sar_l", "sar_p", "ir", "sar",
];

/// Tags that GDAL shows as metadata, and under which names.
const TEXTS: [(Tag, &str); 7] = [
    (Tag::DOCUMENT_NAME, "TIFFTAG_DOCUMENTNAME"),
    (Tag::IMAGE_DESCRIPTION, "TIFFTAG_IMAGEDESCRIPTION"),
    (Tag::SOFTWARE, "TIFFTAG_SOFTWARE"),
    (Tag::DATE_TIME, "TIFFTAG_DATETIME"),
    (Tag::ARTIST, "TIFFTAG_ARTIST"),
    (Tag::HOST_COMPUTER, "TIFFTAG_HOSTCOMPUTER"),
    (Tag::COPYRIGHT, "TIFFTAG_COPYRIGHT"),
];
