//! The projected system by hand: a map projection over a geographic system (OGC 19-008r4, 7.5.5).

use super::{
    citation::{self, GT_CITATION, PROJECTED_CITATION},
    geodetic::Geodetic,
    keys::Keys,
    method::method,
    register::{self, Unit},
    wkt::{Kind, axes, parameter, quoted, unit},
};

/// The projected system of `keys` over `base`; nothing where they give no map projection that is
/// known here.
pub(super) fn projected(keys: &Keys, base: &Geodetic<'_>) -> Option<String> {
    let length = length(keys);
    let (conversion, directions) = conversion(keys, base, length)?;
    let name = citation::name(keys.text(PROJECTED_CITATION), "PCS Name")
        .or_else(|| citation::name(keys.text(GT_CITATION), "PCS Name"))
        .unwrap_or("unnamed");
    Some(format!(
        "PROJCRS[\"{}\",{},{conversion},{}]",
        quoted(name),
        base.base(),
        axes(directions, length)
    ))
}

/// The unit of the map.
pub(super) fn length(keys: &Keys) -> Unit<'_> {
    if let Some(unit) = keys.code(LINEAR_UNITS).and_then(register::length) {
        return unit;
    }
    let named = [PROJECTED_CITATION, GT_CITATION]
        .iter()
        .find_map(|&key| citation::part(keys.text(key), "LUnits"));
    match keys.double(LINEAR_UNIT_SIZE) {
        Some(size) if size > 0.0 => Unit {
            name: named.unwrap_or("unknown"),
            size,
        },
        _ => Unit::METRE,
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

const PROJECTION: u16 = 3074;
const COORD_TRANS: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const LINEAR_UNIT_SIZE: u16 = 3077;
