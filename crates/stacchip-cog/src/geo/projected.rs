//! The projected system by hand: a map projection over a geographic system (OGC 19-008r4, 7.5.5).

use super::{
    citation::{self, GEODETIC_CITATION, GT_CITATION, PROJECTED_CITATION},
    geodetic::{GEODETIC_CRS, Geodetic, geodetic},
    keys::Keys,
    method::method,
    register::{self, Unit},
    wkt::{Kind, axes, east_north, parameter, quoted, unit},
};

/// The projected system of `keys` over `base`; nothing where they give no map projection that is
/// known here.
pub(super) fn projected(keys: &Keys, base: &Geodetic<'_>) -> Option<String> {
    let length = length(keys);
    let (conversion, directions) = conversion(keys, base, length)?;
    let name = name(keys).unwrap_or("unnamed");
    Some(format!(
        "PROJCRS[\"{}\",{},{conversion},{}]",
        quoted(name),
        base.base(),
        axes(directions, length)
    ))
}

/// The projected system with `code` as it is where the keys give the map another unit than the register:
/// the same map, measured in theirs. Nothing where they do not, or where the register's unit is not known
/// here; a plane without a place where only the map projection is not known.
pub(super) fn in_other_unit(keys: &Keys, code: u16) -> Option<String> {
    let known = register::projected(code)?;
    let given = given_length(keys)?;
    if (given.size - known.unit.size).abs() <= SAME_UNIT * known.unit.size {
        return None;
    }
    let Some(conversion) = register::conversion(known.conversion) else {
        return Some(engineering(keys));
    };
    let base = Keys::one(GEODETIC_CRS, known.base);
    Some(format!(
        "PROJCRS[\"{}\",{},{},{}]",
        quoted(name(keys).unwrap_or("unnamed")),
        geodetic(&base).base(),
        registered(&conversion),
        axes(["east", "north"], given)
    ))
}

/// A plane of its own.
pub(super) fn engineering(keys: &Keys) -> String {
    let name = citation::name(keys.text(GT_CITATION), "PCS Name")
        .or_else(|| citation::name(keys.text(PROJECTED_CITATION), "PCS Name"))
        .or_else(|| citation::name(keys.text(GEODETIC_CITATION), "GCS Name"))
        .unwrap_or("unnamed");
    format!(
        "ENGCRS[\"{}\",EDATUM[\"Unknown engineering datum\"],{}]",
        quoted(name),
        east_north(length(keys))
    )
}

fn name(keys: &Keys) -> Option<&str> {
    citation::name(keys.text(PROJECTED_CITATION), "PCS Name")
        .or_else(|| citation::name(keys.text(GT_CITATION), "PCS Name"))
}

/// The unit of the map.
pub(super) fn length(keys: &Keys) -> Unit<'_> {
    given_length(keys).unwrap_or(Unit::METRE)
}

/// The unit of the map, where the keys give one.
fn given_length(keys: &Keys) -> Option<Unit<'_>> {
    if let Some(unit) = keys.code(LINEAR_UNITS).and_then(register::length) {
        return Some(unit);
    }
    let named = [PROJECTED_CITATION, GT_CITATION]
        .iter()
        .find_map(|&key| citation::part(keys.text(key), "LUnits"));
    match keys.double(LINEAR_UNIT_SIZE) {
        Some(size) if size > 0.0 => Some(Unit {
            name: named.unwrap_or("unknown"),
            size,
        }),
        _ => None,
    }
}

/// The map projection, and where the axes of its map point to.
fn conversion(
    keys: &Keys,
    base: &Geodetic<'_>,
    length: Unit<'_>,
) -> Option<(String, [&'static str; 2])> {
    if let Some(known) = keys.code(PROJECTION).and_then(register::conversion) {
        return Some((registered(&known), ["east", "north"]));
    }
    let method = method(keys.short(COORD_TRANS)?, keys, base)?;
    let parameters: Vec<String> = method
        .parameters
        .iter()
        .map(|(name, kind, value)| {
            let of = match kind {
                Kind::Angle => base.angle,
                Kind::Length | Kind::Scale => length,
            };
            parameter(name, *value, &unit(*kind, of))
        })
        .collect();
    let text = format!(
        "CONVERSION[\"unnamed\",METHOD[\"{}\"],{}]",
        method.name,
        parameters.join(",")
    );
    Some((text, method.axes))
}

fn registered(known: &register::Conversion) -> String {
    let parameters: Vec<String> = known
        .parameters
        .iter()
        .map(|&(code, name, value, of)| {
            let (kind, usual) = kind(code);
            parameter(name, value, &unit(kind, of.unwrap_or(usual)))
        })
        .collect();
    format!(
        "CONVERSION[\"{}\",METHOD[\"{}\"],{}]",
        quoted(known.name),
        known.method,
        parameters.join(",")
    )
}

/// What the parameter with EPSG code `code` is measured in, and its usual unit.
fn kind(code: u16) -> (Kind, Unit<'static>) {
    match code {
        8805 | 8815 | 8819 => (Kind::Scale, Unit::METRE),
        8806 | 8807 | 8816 | 8817 | 8826 | 8827 | 8840 => (Kind::Length, Unit::METRE),
        _ => (Kind::Angle, Unit::DEGREE),
    }
}

/// Sizes of a unit that differ by less are one unit in two roundings; US survey feet and international ones
/// differ by twenty times as much.
const SAME_UNIT: f64 = 1e-7;

const PROJECTION: u16 = 3074;
pub(super) const COORD_TRANS: u16 = 3075;
pub(super) const LINEAR_UNITS: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;
