//! Pieces of well-known text (ISO 19162:2019).

use super::register::Unit;

/// What a number is measured in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Radians a unit.
    Angle,
    /// Metres a unit.
    Length,
    /// A plain number.
    Scale,
}

/// `ANGLEUNIT["degree",0.0174…]` and the like.
pub(super) fn unit(kind: Kind, unit: Unit<'_>) -> String {
    let (name, size) = (quoted(unit.name), unit.size);
    match kind {
        Kind::Angle => format!("ANGLEUNIT[\"{name}\",{size:?}]"),
        Kind::Length => format!("LENGTHUNIT[\"{name}\",{size:?}]"),
        Kind::Scale => "SCALEUNIT[\"unity\",1]".to_owned(),
    }
}

/// `PARAMETER["name",value,unit]`.
pub(super) fn parameter(name: &str, value: f64, unit: &str) -> String {
    format!("PARAMETER[\"{name}\",{value:?},{unit}]")
}

/// The axes of a map: east, then north.
pub(super) fn east_north(length: Unit<'_>) -> String {
    axes(["east", "north"], length)
}

/// The axes of a map, which point to `directions`.
pub(super) fn axes([first, second]: [&str; 2], length: Unit<'_>) -> String {
    format!(
        "CS[Cartesian,2],AXIS[\"easting\",{first},ORDER[1]],AXIS[\"northing\",{second},ORDER[2]],{}",
        unit(Kind::Length, length)
    )
}

/// `text` as it stands between quotes.
pub(super) fn quoted(text: &str) -> String {
    text.replace('"', "\"\"")
}
