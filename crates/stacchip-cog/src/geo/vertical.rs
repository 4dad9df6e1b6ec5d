//! The vertical system (OGC 19-008r4, 7.5.6).

use stacchip_model::Crs;

use super::{
    keys::Keys,
    register::{self, Unit},
    wkt::{Kind, quoted, unit},
};

/// The vertical system of `keys`; nothing where they say nothing of heights. As in GDAL, files of
/// `GeoTIFF` 1.0 have none: what they say is not to be relied on.
pub(super) fn vertical(keys: &Keys) -> Option<Crs> {
    let says = [
        VERTICAL_CRS,
        VERTICAL_CITATION,
        VERTICAL_DATUM,
        VERTICAL_UNITS,
    ]
    .iter()
    .any(|&key| keys.has(key));
    if keys.minor_revision() < 1 || !says {
        return None;
    }
    match keys.code(VERTICAL_CRS) {
        // Heights above the ellipsoid, in the numbering of GeoTIFF 1.0; and those that are an axis
        // of the horizontal system.
        Some(5001..=5033 | 4979) => None,
        Some(code) => Some(Crs::epsg(u32::from(code))),
        None => Some(Crs::wkt(by_hand(keys))),
    }
}

/// The name of the unit of heights, which is that of the pixels of a file that has heights; as in
/// GDAL, of any version of the keys.
pub(super) fn unit_of_heights(keys: &Keys) -> Option<&'static str> {
    if let Some(unit) = keys.code(VERTICAL_UNITS).and_then(register::length) {
        return Some(unit.name);
    }
    match keys.code(VERTICAL_CRS)? {
        5001..=5033 | 4979 => None,
        code => {
            let unit = UNUSUAL_UNITS
                .iter()
                .find(|(systems, _)| systems.contains(&code))
                .map_or(9001, |(_, unit)| *unit);
            register::length(unit).map(|unit| unit.name)
        }
    }
}

fn by_hand(keys: &Keys) -> String {
    let name = keys.text(VERTICAL_CITATION).unwrap_or("unknown");
    let length = keys
        .code(VERTICAL_UNITS)
        .and_then(register::length)
        .unwrap_or(Unit::METRE);
    let datum = match keys.code(VERTICAL_DATUM) {
        Some(code) => match register::vertical_datum(code) {
            Some(name) => format!("VDATUM[\"{}\",ID[\"EPSG\",{code}]]", quoted(name)),
            None => "VDATUM[\"unknown\"]".to_owned(),
        },
        None => "VDATUM[\"unknown\"]".to_owned(),
    };
    format!(
        "VERTCRS[\"{}\",{datum},CS[vertical,1],AXIS[\"up\",up],{}]",
        quoted(name),
        unit(Kind::Length, length)
    )
}

pub(super) const VERTICAL_CRS: u16 = 4096;
const VERTICAL_CITATION: u16 = 4097;
const VERTICAL_DATUM: u16 = 4098;
const VERTICAL_UNITS: u16 = 4099;

/// Vertical systems of the EPSG register whose unit is not the metre, and their unit.
const UNUSUAL_UNITS: [(&[u16], u16); 3] = [
    (&[5614, 6130, 6131, 6132, 8050, 8051, 8228, 8897], 9002),
    (&[5702, 6358, 6359, 6360, 8052, 8053, 10919], 9003),
    (&[5754], 9095),
];
