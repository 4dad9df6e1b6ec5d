//! The geographic system: datum, ellipsoid, prime meridian, unit of angles (OGC 19-008r4, 7.5.2 to
//! 7.5.4).

use super::{
    citation::{self, GEODETIC_CITATION},
    keys::Keys,
    register::{self, Unit},
    wkt::{Kind, quoted, unit},
};

/// A geographic system as the keys describe it.
#[derive(Debug, Clone)]
pub(super) struct Geodetic<'a> {
    pub(super) name: String,
    /// `DATUM[…],PRIMEM[…]`.
    pub(super) datum: String,
    /// The system's own code, where its definition is the register's.
    pub(super) code: Option<u16>,
    pub(super) angle: Unit<'a>,
    pub(super) is_sphere: bool,
}

/// The geographic system of `keys`. What they leave out is WGS 84, as in GDAL.
pub(super) fn geodetic(keys: &Keys) -> Geodetic<'_> {
    let citation = keys.text(GEODETIC_CITATION);
    let known = keys.code(GEODETIC_CRS).and_then(register::geodetic);
    let datum_code = match known {
        Some(known) => Some(known.datum),
        None => keys.code(DATUM),
    };
    let by_datum = known.or_else(|| register::by_datum(datum_code?));
    let ellipsoid = ellipsoid(keys, by_datum.map(|g| g.ellipsoid));
    let datum = match (by_datum, citation::part(citation, "Datum")) {
        (Some(known), _) if ellipsoid.is_register => {
            let id = datum_code.map_or(String::new(), |code| format!(",ID[\"EPSG\",{code}]"));
            format!(
                "DATUM[\"{}\",{}{id}]",
                quoted(known.datum_name),
                ellipsoid.text
            )
        }
        (Some(known), _) => {
            format!("DATUM[\"{}\",{}]", quoted(known.datum_name), ellipsoid.text)
        }
        (None, name) => {
            format!(
                "DATUM[\"{}\",{}]",
                quoted(name.unwrap_or("unnamed")),
                ellipsoid.text
            )
        }
    };
    let angle = angle(keys, known.is_some());
    let name = match (known, citation::name(citation, "GCS Name")) {
        (Some(known), _) => known.name,
        (None, Some(name)) => name,
        (None, None) => "unknown",
    };
    Geodetic {
        name: quoted(name),
        datum: format!(
            "{datum},{}",
            meridian(keys, known.map(|g| g.meridian), angle)
        ),
        code: keys
            .code(GEODETIC_CRS)
            .filter(|_| ellipsoid.is_register && known.is_some_and(|g| !g.has_height)),
        angle,
        is_sphere: ellipsoid.is_sphere,
    }
}

impl Geodetic<'_> {
    /// The system in the plane by itself.
    pub(super) fn text(&self) -> String {
        format!(
            "GEOGCRS[\"{}\",{},CS[ellipsoidal,2],AXIS[\"latitude\",north,ORDER[1]],\
             AXIS[\"longitude\",east,ORDER[2]],{}]",
            self.name,
            self.datum,
            unit(Kind::Angle, self.angle)
        )
    }

    /// The system in space by itself: metres from the centre of the Earth.
    pub(super) fn geocentric(&self, length: Unit<'_>) -> String {
        format!(
            "GEODCRS[\"{}\",{},CS[Cartesian,3],AXIS[\"(X)\",geocentricX,ORDER[1]],\
             AXIS[\"(Y)\",geocentricY,ORDER[2]],AXIS[\"(Z)\",geocentricZ,ORDER[3]],{}]",
            self.name,
            self.datum,
            unit(Kind::Length, length)
        )
    }

    /// The system as the base of a map projection.
    pub(super) fn base(&self) -> String {
        let id = self
            .code
            .map_or(String::new(), |code| format!(",ID[\"EPSG\",{code}]"));
        format!("BASEGEOGCRS[\"{}\",{}{id}]", self.name, self.datum)
    }
}

/// The height and size of the Earth.
struct Ellipsoid {
    text: String,
    /// Whether it is the one that the register has for the datum.
    is_register: bool,
    is_sphere: bool,
}

fn ellipsoid(keys: &Keys, of_datum: Option<register::Ellipsoid>) -> Ellipsoid {
    let named = keys
        .code(ELLIPSOID)
        .and_then(register::ellipsoid)
        .or(of_datum);
    let cited = citation::part(keys.text(GEODETIC_CITATION), "Ellipsoid");
    let mut name = named.map(|e| e.name);
    let size = keys.double(SEMI_MAJOR).filter(|a| *a > 0.0);
    let (a, rf) = match (size, named) {
        (Some(a), _) => (
            a,
            flattening(keys, a).or(named.map(|e| e.rf)).unwrap_or(0.0),
        ),
        (None, Some(named)) => (named.a, named.rf),
        (None, None) => {
            name = Some("unretrievable - using WGS84");
            (WGS84.0, WGS84.1)
        }
    };
    let same = |x: f64, y: f64| (x - y).abs() <= 1e-8 * y.abs();
    let is_register = of_datum.is_some_and(|e| same(a, e.a) && same(rf, e.rf));
    // The register's own digits, where a writer rounded them.
    let (a, rf) = match named {
        Some(known) if same(a, known.a) && same(rf, known.rf) => (known.a, known.rf),
        _ => (a, rf),
    };
    let name = match (of_datum, cited) {
        (None, Some(cited)) => cited,
        _ => name.unwrap_or("unnamed"),
    };
    Ellipsoid {
        text: format!(
            "ELLIPSOID[\"{}\",{a:?},{rf:?},LENGTHUNIT[\"metre\",1]]",
            quoted(name)
        ),
        is_register,
        is_sphere: rf == 0.0,
    }
}

/// The inverse flattening; 0 for a sphere.
fn flattening(keys: &Keys, a: f64) -> Option<f64> {
    if let Some(rf) = keys.double(INVERSE_FLATTENING) {
        return Some(rf);
    }
    let b = keys.double(SEMI_MINOR)?;
    Some(if a == b { 0.0 } else { a / (a - b) })
}

fn meridian(keys: &Keys, of_system: Option<register::Measure>, angle: Unit<'_>) -> String {
    let known = of_system.or_else(|| register::meridian(keys.code(PRIME_MERIDIAN)?));
    let cited = citation::part(keys.text(GEODETIC_CITATION), "Primem");
    let (name, value, of) = match (known, keys.double(PRIME_MERIDIAN_LON)) {
        (Some(known), _) => {
            let cited = cited.filter(|_| of_system.is_none());
            (cited.unwrap_or(known.name), known.value, known.unit)
        }
        (None, Some(longitude)) if longitude != 0.0 => {
            (cited.unwrap_or("unnamed"), longitude, angle)
        }
        (None, _) => (cited.unwrap_or("Greenwich"), 0.0, Unit::DEGREE),
    };
    format!(
        "PRIMEM[\"{}\",{value:?},{}]",
        quoted(name),
        unit(Kind::Angle, of)
    )
}

/// The unit of angles; a system of the register has its own, but keys may say otherwise of what
/// they give as numbers.
fn angle(keys: &Keys, is_known: bool) -> Unit<'_> {
    if let Some(unit) = keys.code(ANGULAR_UNITS).and_then(register::angle) {
        return unit;
    }
    match keys.double(ANGULAR_UNIT_SIZE) {
        Some(size) if size > 0.0 && !is_known => Unit {
            name: citation::part(keys.text(GEODETIC_CITATION), "AUnits").unwrap_or("unknown"),
            size,
        },
        _ => Unit::DEGREE,
    }
}

/// Shift and rotation to WGS 84, where the keys give one that does something: three or seven
/// numbers (`GeogTOWGS84GeoKey`, GDAL's own).
pub(super) fn to_wgs84(keys: &Keys) -> Option<[f64; 7]> {
    let given = keys.doubles(TO_WGS84)?;
    let mut shift = [0.0; 7];
    if !matches!(given.len(), 3 | 7) || given.iter().all(|v| *v == 0.0) {
        return None;
    }
    for (to, from) in shift.iter_mut().zip(given) {
        *to = *from;
    }
    Some(shift)
}

const WGS84: (f64, f64) = (6_378_137.0, 298.257_223_563);

pub(super) const GEODETIC_CRS: u16 = 2048;
pub(super) const DATUM: u16 = 2050;
const PRIME_MERIDIAN: u16 = 2051;
const ANGULAR_UNITS: u16 = 2054;
const ANGULAR_UNIT_SIZE: u16 = 2055;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const SEMI_MINOR: u16 = 2058;
const INVERSE_FLATTENING: u16 = 2059;
const PRIME_MERIDIAN_LON: u16 = 2061;
const TO_WGS84: u16 = 2062;
