//! From GeoKeys to a reference system.

use stacchip_model::Crs;

use super::{
    keys::Keys,
    method::{Measure, method},
    register,
};

/// The reference system that `keys` describe: the code of the register where they give one, else
/// well-known text as far as the definition goes; nothing where they describe none.
pub(crate) fn crs(keys: &Keys) -> Option<Crs> {
    for key in [PROJECTED_CITATION, GT_CITATION, GEODETIC_CITATION] {
        if let Some(text) = keys.text(key).and_then(esri) {
            return Some(Crs::wkt(text));
        }
    }
    match keys.short(GT_MODEL_TYPE) {
        Some(GEOGRAPHIC) => geographic_crs(keys),
        Some(PROJECTED) => projected_crs(keys),
        None if code(keys, PROJECTED_CRS).is_some() => projected_crs(keys),
        None if code(keys, GEODETIC_CRS).is_some() => geographic_crs(keys),
        Some(_) if keys.text(GT_CITATION).is_some() => Some(Crs::wkt(engineering(keys))),
        _ => None,
    }
}

/// The text after `ESRI PE String = ` in a citation.
fn esri(citation: &str) -> Option<&str> {
    let (_, text) = citation.split_once("ESRI PE String = ")?;
    let text = text.trim_end_matches('|').trim();
    text.contains('[').then_some(text)
}

fn geographic_crs(keys: &Keys) -> Option<Crs> {
    let horizontal = code(keys, GEODETIC_CRS);
    if horizontal == Some(4326)
        && matches!(
            keys.short(VERTICAL_CRS),
            Some(4979 | WGS84_ELLIPSOIDAL_HEIGHT)
        )
    {
        return Some(Crs::epsg(4979));
    }
    if let Some(code) = horizontal {
        return Some(Crs::epsg(u32::from(code)));
    }
    let name = name_in(keys.text(GEODETIC_CITATION), "GCS Name")
        .or_else(|| keys.text(GT_CITATION).map(first_part))
        .unwrap_or("unknown");
    let (datum, unit) = datum(keys)?;
    let (unit_name, radians) = unit;
    Some(Crs::wkt(format!(
        "GEOGCRS[\"{}\",{datum},CS[ellipsoidal,2],AXIS[\"latitude\",north,ORDER[1]],\
         AXIS[\"longitude\",east,ORDER[2]],ANGLEUNIT[\"{unit_name}\",{radians:?}]]",
        quoted(name)
    )))
}

fn projected_crs(keys: &Keys) -> Option<Crs> {
    if let Some(code) = code(keys, PROJECTED_CRS) {
        return Some(Crs::epsg(u32::from(code)));
    }
    let conversion = conversion(keys)?;
    let (datum, _) = datum(keys)?;
    let base = name_in(keys.text(GEODETIC_CITATION), "GCS Name")
        .or_else(|| {
            let code = code(keys, GEODETIC_CRS)?;
            register::geographic(code).map(|(name, ..)| name)
        })
        .unwrap_or("unknown");
    let name = name_in(keys.text(PROJECTED_CITATION), "PCS Name")
        .or_else(|| keys.text(GT_CITATION).map(first_part))
        .unwrap_or("unnamed");
    let (unit, metres) = length_unit(keys);
    Some(Crs::wkt(format!(
        "PROJCRS[\"{}\",BASEGEOGCRS[\"{}\",{datum}],{conversion},CS[Cartesian,2],\
         AXIS[\"easting\",east,ORDER[1]],AXIS[\"northing\",north,ORDER[2]],\
         LENGTHUNIT[\"{unit}\",{metres:?}]]",
        quoted(name),
        quoted(base)
    )))
}

/// The map projection: one of the numbered zones of UTM, or a method and its parameters.
fn conversion(keys: &Keys) -> Option<String> {
    if let Some(zone) = code(keys, PROJECTION) {
        let (south, number) = match zone {
            16001..=16060 => (false, zone.checked_sub(16000)?),
            16101..=16160 => (true, zone.checked_sub(16100)?),
            _ => return None,
        };
        let meridian = f64::from(number) * 6.0 - 183.0;
        let northing = if south { 10_000_000.0 } else { 0.0 };
        let side = if south { 'S' } else { 'N' };
        let parameters = [
            parameter("Latitude of natural origin", 0.0, &degree()),
            parameter("Longitude of natural origin", meridian, &degree()),
            parameter("Scale factor at natural origin", 0.9996, &unity()),
            parameter("False easting", 500_000.0, &metre()),
            parameter("False northing", northing, &metre()),
        ]
        .join(",");
        return Some(format!(
            "CONVERSION[\"UTM zone {number}{side}\",METHOD[\"Transverse Mercator\"],{parameters}]"
        ));
    }
    let (name, parameters) = method(keys.short(COORD_TRANS)?, keys)?;
    let (angle_name, radians) = angle_unit(keys);
    let angle = format!("ANGLEUNIT[\"{angle_name}\",{radians:?}]");
    let (length_name, metres) = length_unit(keys);
    let length = format!("LENGTHUNIT[\"{length_name}\",{metres:?}]");
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, measure, from, default)| {
            let value = from.iter().find_map(|&key| keys.double(key));
            let unit = match measure {
                Measure::Angle => &angle,
                Measure::Length => &length,
                Measure::Scale => &unity(),
            };
            parameter(name, value.unwrap_or(*default), unit)
        })
        .collect();
    Some(format!(
        "CONVERSION[\"unnamed\",METHOD[\"{name}\"],{}]",
        parameters.join(",")
    ))
}

/// The datum and the prime meridian, and the unit of angles.
fn datum(keys: &Keys) -> Option<(String, (&'static str, f64))> {
    let unit = angle_unit(keys);
    let by_code = code(keys, GEODETIC_CRS)
        .or_else(|| register::by_datum(code(keys, DATUM)?))
        .and_then(register::geographic);
    let (datum, (ellipsoid, a, rf)) = if let Some((_, datum, (name, a, rf))) = by_code {
        (datum.to_owned(), (name.to_owned(), a, rf))
    } else {
        let named = code(keys, ELLIPSOID).and_then(register::ellipsoid);
        let a = keys.double(SEMI_MAJOR).or(named.map(|(_, a, _)| a))?;
        let rf = inverse_flattening(keys, a)
            .or(named.map(|(_, _, rf)| rf))
            .unwrap_or(0.0);
        let citation = keys.text(GEODETIC_CITATION);
        let name = name_in(citation, "Ellipsoid")
            .or(named.map(|(name, ..)| name))
            .unwrap_or("unknown");
        let datum = name_in(citation, "Datum").unwrap_or("unknown");
        (quoted(datum), (quoted(name), a, rf))
    };
    let (meridian, degrees) = code(keys, PRIME_MERIDIAN)
        .and_then(register::meridian)
        .unwrap_or_else(|| match keys.double(PRIME_MERIDIAN_LON) {
            Some(lon) if lon != 0.0 => ("unknown", lon),
            _ => ("Greenwich", 0.0),
        });
    let text = format!(
        "DATUM[\"{datum}\",ELLIPSOID[\"{ellipsoid}\",{a:?},{rf:?},LENGTHUNIT[\"metre\",1]]],\
         PRIMEM[\"{meridian}\",{degrees:?},{}]",
        degree()
    );
    Some((text, unit))
}

fn inverse_flattening(keys: &Keys, a: f64) -> Option<f64> {
    if let Some(rf) = keys.double(INVERSE_FLATTENING) {
        return Some(rf);
    }
    let b = keys.double(SEMI_MINOR)?;
    Some(if a == b { 0.0 } else { a / (a - b) })
}

fn engineering(keys: &Keys) -> String {
    let (unit, metres) = length_unit(keys);
    format!(
        "ENGCRS[\"{}\",EDATUM[\"Unknown engineering datum\"],CS[Cartesian,2],\
         AXIS[\"easting\",east,ORDER[1]],AXIS[\"northing\",north,ORDER[2]],\
         LENGTHUNIT[\"{unit}\",{metres:?}]]",
        quoted(keys.text(GT_CITATION).unwrap_or("unknown"))
    )
}

fn angle_unit(keys: &Keys) -> (&'static str, f64) {
    code(keys, ANGULAR_UNITS)
        .and_then(register::angle)
        .or_else(|| Some(("unknown", keys.double(ANGULAR_UNIT_SIZE)?)))
        .unwrap_or(("degree", DEGREE))
}

fn length_unit(keys: &Keys) -> (&'static str, f64) {
    code(keys, LINEAR_UNITS)
        .and_then(register::length)
        .or_else(|| Some(("unknown", keys.double(LINEAR_UNIT_SIZE)?)))
        .unwrap_or(("metre", 1.0))
}

fn parameter(name: &str, value: f64, unit: &str) -> String {
    format!("PARAMETER[\"{name}\",{value:?},{unit}]")
}

fn degree() -> String {
    format!("ANGLEUNIT[\"degree\",{DEGREE:?}]")
}

fn metre() -> String {
    "LENGTHUNIT[\"metre\",1]".into()
}

fn unity() -> String {
    "SCALEUNIT[\"unity\",1]".into()
}

/// `key`'s part of a citation such as `GCS Name = x|Datum = y|`.
fn name_in<'a>(citation: Option<&'a str>, key: &str) -> Option<&'a str> {
    citation?
        .split('|')
        .filter_map(|part| part.split_once('='))
        .find(|(k, _)| k.trim() == key)
        .map(|(_, v)| v.trim())
}

fn first_part(citation: &str) -> &str {
    citation.split('|').next().unwrap_or(citation)
}

/// `text` as it stands between quotes in WKT.
fn quoted(text: &str) -> String {
    text.replace('"', "\"\"")
}

/// The value of `key`, where it is the code of a register.
fn code(keys: &Keys, key: u16) -> Option<u16> {
    keys.short(key).filter(|&v| v != 0 && v != USER_DEFINED)
}

const DEGREE: f64 = 0.017_453_292_519_943_3;
const USER_DEFINED: u16 = 32767;
const PROJECTED: u16 = 1;
const GEOGRAPHIC: u16 = 2;
const WGS84_ELLIPSOIDAL_HEIGHT: u16 = 5030;

// Keys: OGC 19-008r4, annex B.
const GT_MODEL_TYPE: u16 = 1024;
const GT_CITATION: u16 = 1026;
const GEODETIC_CRS: u16 = 2048;
const GEODETIC_CITATION: u16 = 2049;
const DATUM: u16 = 2050;
const PRIME_MERIDIAN: u16 = 2051;
const ANGULAR_UNITS: u16 = 2054;
const ANGULAR_UNIT_SIZE: u16 = 2055;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const SEMI_MINOR: u16 = 2058;
const INVERSE_FLATTENING: u16 = 2059;
const PRIME_MERIDIAN_LON: u16 = 2061;
const PROJECTED_CRS: u16 = 3072;
const PROJECTED_CITATION: u16 = 3073;
const PROJECTION: u16 = 3074;
const COORD_TRANS: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;
const VERTICAL_CRS: u16 = 4096;
