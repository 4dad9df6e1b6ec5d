//! GDAL's metadata, and the tags it shows as such.

use std::collections::BTreeMap;

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
    pub(super) bands: BTreeMap<usize, BandMetadata>,
    /// Where in `image`, or in the items of a band, a key stands: files may have a million of them.
    places: BTreeMap<(Option<usize>, String), usize>,
}

/// What is said of one band.
#[derive(Debug, Default)]
pub(super) struct BandMetadata {
    pub(super) description: Option<String>,
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) unit: Option<String>,
    pub(super) colour: Option<Colour>,
    pub(super) items: Vec<(String, String)>,
    pub(super) domains: Vec<(String, String, String)>,
}

/// What `directory` says in words.
pub(super) fn of(directory: &Directory) -> Metadata {
    let mut metadata = Metadata::default();
    for (tag, name) in TEXTS {
        if let Some(text) = directory.text(tag) {
            let place = (None, name.to_owned());
            set(&mut metadata.image, &mut metadata.places, place, text);
        }
    }
    for (tag, name) in NUMBERS {
        if let Some(value) = directory.floats(tag).and_then(|v| v.first().copied()) {
            let place = (None, name.to_owned());
            set(
                &mut metadata.image,
                &mut metadata.places,
                place,
                short_number(value),
            );
        }
    }
    if let Some(unit) = directory.unsigned(Tag::RESOLUTION_UNIT) {
        let text = match unit {
            1 => "1 (unitless)".to_owned(),
            2 => "2 (pixels/inch)".to_owned(),
            3 => "3 (pixels/cm)".to_owned(),
            other => other.to_string(),
        };
        let place = (None, "TIFFTAG_RESOLUTIONUNIT".to_owned());
        set(&mut metadata.image, &mut metadata.places, place, text);
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
                let place = (None, item.name);
                set(&mut self.image, &mut self.places, place, item.text);
            } else {
                self.domains.push((item.domain, item.name, item.text));
            }
            return;
        };
        let band = self.bands.entry(index).or_default();
        match item.role.as_str() {
            "scale" => band.scale = number(&item.text),
            "offset" => band.offset = number(&item.text),
            "unittype" => band.unit = Some(item.text),
            "description" => band.description = Some(item.text),
            "colorinterp" => band.colour = Some(Colour::named(&item.text)),
            _ if item.domain.is_empty() => {
                let place = (Some(index), item.name);
                set(&mut band.items, &mut self.places, place, item.text);
            }
            _ => band.domains.push((item.domain, item.name, item.text)),
        }
    }
}

/// Puts `value` under the key in `place`, over what stood there.
fn set(
    items: &mut Vec<(String, String)>,
    places: &mut BTreeMap<(Option<usize>, String), usize>,
    place: (Option<usize>, String),
    value: String,
) {
    if let Some(item) = places.get(&place).and_then(|&at| items.get_mut(at)) {
        item.1 = value;
    } else {
        items.push((place.1.clone(), value));
        places.insert(place, items.len().saturating_sub(1));
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// `value` with at most eight digits that count, as C's `%.8g` and so GDAL writes it.
fn short_number(value: f64) -> String {
    const DIGITS: i32 = 8;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "GDAL keeps resolutions in single precision"
    )]
    let value = f64::from(value as f32);
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let rounded = format!("{value:.7e}");
    let exponent: i32 = rounded
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let trimmed = |text: String| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    if (-4..DIGITS).contains(&exponent) {
        let places = usize::try_from(DIGITS.saturating_sub(1).saturating_sub(exponent));
        trimmed(format!("{value:.*}", places.unwrap_or(0)))
    } else {
        let (digits, _) = rounded.split_once('e').unwrap_or((&rounded, ""));
        let sign = if exponent < 0 { '-' } else { '+' };
        let size = exponent.unsigned_abs();
        format!("{}e{sign}{size:02}", trimmed(digits.to_owned()))
    }
}

/// Tags of one number that GDAL shows as metadata, and under which names.
const NUMBERS: [(Tag, &str); 4] = [
    (Tag::X_RESOLUTION, "TIFFTAG_XRESOLUTION"),
    (Tag::Y_RESOLUTION, "TIFFTAG_YRESOLUTION"),
    (Tag::MIN_SAMPLE_VALUE, "TIFFTAG_MINSAMPLEVALUE"),
    (Tag::MAX_SAMPLE_VALUE, "TIFFTAG_MAXSAMPLEVALUE"),
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

#[cfg(test)]
mod tests {
    use super::short_number;

    #[test]
    fn numbers_are_as_c_writes_them() {
        // python: f"{np.float32(value):.8g}"
        for (value, text) in [
            (72.0, "72"),
            (0.0, "0"),
            (300.125, "300.125"),
            (28.346_456, "28.346457"),
            (1e10, "1e+10"),
            (123_456_789.0, "1.2345679e+08"),
            (0.000_012_345_678_9, "1.2345679e-05"),
            (0.000_123, "0.00012300001"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(short_number(value), text);
        }
    }
}
