//! The texts of citations, into which writers put names and more.

use super::keys::Keys;

/// `part`'s value in a citation such as `GCS Name = x|Datum = y|`.
pub(super) fn part<'a>(citation: Option<&'a str>, part: &str) -> Option<&'a str> {
    citation?
        .split('|')
        .filter_map(|piece| piece.split_once('='))
        .find(|(name, _)| name.trim() == part)
        .map(|(_, value)| value.trim())
        .filter(|value| !value.is_empty())
}

/// The name in a citation: that of `part` where it has parts, else the text as far as its first
/// part goes. Of a citation of ERDAS Imagine, the line that names.
pub(super) fn name<'a>(citation: Option<&'a str>, part_name: &str) -> Option<&'a str> {
    let citation = citation?;
    if let Some(named) = part(Some(citation), part_name) {
        return Some(named);
    }
    if citation.starts_with("IMAGINE GeoTIFF Support") {
        let line = citation.lines().map(str::trim).find(|line| {
            !["IMAGINE", "Copyright", "@(#)", "$"]
                .iter()
                .any(|start| line.starts_with(start))
                && !line.is_empty()
        })?;
        return Some(line.split_once(" = ").map_or(line, |(_, name)| name));
    }
    let first = citation.split('|').next().unwrap_or(citation).trim();
    let has_parts = first.contains(" = ") && PARTS.iter().any(|p| first.starts_with(p));
    (!first.is_empty() && !has_parts).then_some(first)
}

/// The well-known text that ESRI's writers put into a citation.
pub(super) fn esri_text(keys: &Keys) -> Option<&str> {
    [PROJECTED_CITATION, GT_CITATION, GEODETIC_CITATION]
        .iter()
        .filter_map(|&key| keys.text(key)?.split_once("ESRI PE String = "))
        .map(|(_, text)| text.trim_end_matches('|').trim())
        .find(|text| text.contains('['))
}

const PARTS: [&str; 6] = [
    "PCS Name",
    "GCS Name",
    "Datum",
    "Ellipsoid",
    "Primem",
    "LUnits",
];

pub(super) const GT_CITATION: u16 = 1026;
pub(super) const GEODETIC_CITATION: u16 = 2049;
pub(super) const PROJECTED_CITATION: u16 = 3073;
