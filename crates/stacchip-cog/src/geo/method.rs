//! Map projections by their `GeoTIFF` numbers (OGC 19-008r4, annex C, `ProjMethodGeoKey`).

use super::keys::Keys;

/// What a parameter is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// The system's unit of angle.
    Angle,
    /// The system's unit of length.
    Length,
    /// A plain number.
    Scale,
}

/// A parameter: its name in the EPSG register, what it is measured in, which keys may hold it (the
/// first that does), and its value where none does.
pub(super) type Parameter = (&'static str, Measure, &'static [u16], f64);

/// The method with number `code`: its name in WKT, and its parameters.
pub(super) fn method(code: u16, keys: &Keys) -> Option<(&'static str, Vec<Parameter>)> {
    use Measure::{Angle, Scale};
    let easting = ("False easting", Measure::Length, EASTING, 0.0);
    let northing = ("False northing", Measure::Length, NORTHING, 0.0);
    let lat: Parameter = ("Latitude of natural origin", Angle, LAT, 0.0);
    let lon: Parameter = ("Longitude of natural origin", Angle, LON, 0.0);
    let scale: Parameter = ("Scale factor at natural origin", Scale, SCALE, 1.0);
    let first: Parameter = ("Latitude of 1st standard parallel", Angle, FIRST, 0.0);
    let second: Parameter = ("Latitude of 2nd standard parallel", Angle, SECOND, 0.0);
    let false_lat: Parameter = ("Latitude of false origin", Angle, LAT, 0.0);
    let false_lon: Parameter = ("Longitude of false origin", Angle, LON, 0.0);
    let false_easting = ("Easting at false origin", Measure::Length, EASTING, 0.0);
    let false_northing = ("Northing at false origin", Measure::Length, NORTHING, 0.0);
    let conic = vec![
        false_lat,
        false_lon,
        first,
        second,
        false_easting,
        false_northing,
    ];
    let central = vec![lat, lon, easting, northing];
    let cylinder = vec![lon, easting, northing];
    Some(match code {
        1 => (
            "Transverse Mercator",
            vec![lat, lon, scale, easting, northing],
        ),
        7 if keys.double(FIRST_PARALLEL).is_some() && keys.double(NATURAL_SCALE).is_none() => {
            ("Mercator (variant B)", vec![first, lon, easting, northing])
        }
        7 => (
            "Mercator (variant A)",
            vec![lat, lon, scale, easting, northing],
        ),
        8 => ("Lambert Conic Conformal (2SP)", conic),
        9 => (
            "Lambert Conic Conformal (1SP)",
            vec![lat, lon, scale, easting, northing],
        ),
        10 => ("Lambert Azimuthal Equal Area", central),
        11 => ("Albers Equal Area", conic),
        12 => ("Modified Azimuthal Equidistant", central),
        13 => ("Equidistant Conic", conic),
        14 => ("Stereographic", vec![lat, lon, scale, easting, northing]),
        15 => {
            let lat = ("Latitude of standard parallel", Angle, LAT, 90.0);
            let lon = ("Longitude of origin", Angle, POLE_LON, 0.0);
            (
                "Polar Stereographic (variant B)",
                vec![lat, lon, easting, northing],
            )
        }
        16 => (
            "Oblique Stereographic",
            vec![lat, lon, scale, easting, northing],
        ),
        17 => (
            "Equidistant Cylindrical",
            vec![first, lat, lon, easting, northing],
        ),
        18 => ("Cassini-Soldner", central),
        19 => ("Gnomonic", central),
        20 => ("Miller Cylindrical", cylinder),
        21 => ("Orthographic", central),
        22 => ("American Polyconic", central),
        23 => ("Robinson", cylinder),
        24 => ("Sinusoidal", cylinder),
        25 => ("Van Der Grinten", cylinder),
        26 => ("New Zealand Map Grid", central),
        27 => (
            "Transverse Mercator (South Orientated)",
            vec![lat, lon, scale, easting, northing],
        ),
        28 => (
            "Lambert Cylindrical Equal Area",
            vec![first, lon, easting, northing],
        ),
        _ => return None,
    })
}

pub(super) const FIRST_PARALLEL: u16 = 3078;
pub(super) const NATURAL_SCALE: u16 = 3092;
const FIRST: &[u16] = &[FIRST_PARALLEL];
const SECOND: &[u16] = &[3079];
const LON: &[u16] = &[3080, 3084, 3088];
const POLE_LON: &[u16] = &[3095, 3080, 3084, 3088];
const LAT: &[u16] = &[3081, 3085, 3089];
const EASTING: &[u16] = &[3082, 3086, 3090];
const NORTHING: &[u16] = &[3083, 3087, 3091];
const SCALE: &[u16] = &[NATURAL_SCALE, 3093];
