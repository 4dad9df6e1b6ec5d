//! The entries of the EPSG register that definitions by hand refer to: geodetic systems, ellipsoids,
//! meridians, units, vertical datums, numbered map projections; and what projected systems are made of.
//!
//! The tables are written by `scripts/register/make.py` from the database of PROJ 9.7.1, which holds version
//! 12.029 of the EPSG dataset; rows and columns were chosen, and some units changed (`NOTICE` says how, and
//! under which terms). Of a whole system (a projected system's code, say) the code is the answer; it is looked
//! up only where the keys give its map another unit.

/// An ellipsoid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ellipsoid {
    pub(super) name: &'static str,
    /// Semi-major axis in metres.
    pub(super) a: f64,
    /// Inverse flattening; 0 for a sphere.
    pub(super) rf: f64,
}

/// A geographic system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geodetic {
    pub(super) name: &'static str,
    /// Whether height is its third axis.
    pub(super) has_height: bool,
    pub(super) datum: u16,
    pub(super) datum_name: &'static str,
    pub(super) ellipsoid: Ellipsoid,
    pub(super) meridian: Measure,
}

/// A number with its unit: a meridian's longitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) value: f64,
    pub(super) unit: Unit<'static>,
}

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit<'a> {
    pub(super) name: &'a str,
    /// Radians or metres.
    pub(super) size: f64,
}

/// What a projected system is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projected {
    /// EPSG code of its geographic system.
    pub(super) base: u16,
    /// EPSG code of its map projection.
    pub(super) conversion: u16,
    /// Of its axes.
    pub(super) unit: Unit<'static>,
}

/// A numbered map projection.
#[derive(Debug, Clone)]
pub(super) struct Conversion {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    /// Name, value, and unit where it is not the kind's usual one (degree, metre, unity).
    pub(super) parameters: Vec<(u16, &'static str, f64, Option<Unit<'static>>)>,
}

impl Unit<'static> {
    pub(super) const DEGREE: Self = Self {
        name: "degree",
        size: 0.017_453_292_519_943_3,
    };
    pub(super) const METRE: Self = Self {
        name: "metre",
        size: 1.0,
    };
}

/// The geographic system with EPSG code `code`.
pub(super) fn geodetic(code: u16) -> Option<Geodetic> {
    geodetic_of(row(GEODETIC, code)?)
}

/// A geographic system whose datum has EPSG code `code`: one in the plane, where there is one.
pub(super) fn by_datum(code: u16) -> Option<Geodetic> {
    of_datum(code)
        .max_by_key(|line| is_plane(line))
        .and_then(geodetic_of)
}

/// The EPSG code of a geographic system in the plane whose datum has EPSG code `code`: the first there is.
pub(super) fn code_by_datum(code: u16) -> Option<u16> {
    let line = of_datum(code).find(|line| is_plane(line))?;
    line.split('\t').next()?.parse().ok()
}

fn of_datum(code: u16) -> impl Iterator<Item = &'static str> {
    let text = code.to_string();
    GEODETIC
        .lines()
        .filter(move |line| line.split('\t').nth(3) == Some(&text))
}

fn is_plane(line: &str) -> bool {
    line.split('\t').nth(2) == Some("2D")
}

fn geodetic_of(line: &'static str) -> Option<Geodetic> {
    let mut cells = line.split('\t').skip(1);
    Some(Geodetic {
        name: cells.next()?,
        has_height: cells.next()? == "3D",
        datum: cells.next()?.parse().ok()?,
        datum_name: cells.next()?,
        ellipsoid: ellipsoid(cells.next()?.parse().ok()?)?,
        meridian: meridian(cells.next()?.parse().ok()?)?,
    })
}

/// The ellipsoid with EPSG code `code`.
pub(super) fn ellipsoid(code: u16) -> Option<Ellipsoid> {
    let mut cells = row(ELLIPSOIDS, code)?.split('\t').skip(1);
    Some(Ellipsoid {
        name: cells.next()?,
        a: cells.next()?.parse().ok()?,
        rf: cells.next()?.parse().ok()?,
    })
}

/// The prime meridian with EPSG code `code`: its longitude east of Greenwich.
pub(super) fn meridian(code: u16) -> Option<Measure> {
    let mut cells = row(MERIDIANS, code)?.split('\t').skip(1);
    Some(Measure {
        name: cells.next()?,
        value: cells.next()?.parse().ok()?,
        unit: angle(cells.next()?.parse().ok()?)?,
    })
}

/// The unit of length with EPSG code `code`.
pub(super) fn length(code: u16) -> Option<Unit<'static>> {
    unit(code, "length")
}

/// The unit of angle with EPSG code `code`. Degrees written with minutes and seconds are degrees.
pub(super) fn angle(code: u16) -> Option<Unit<'static>> {
    match code {
        9102 | 9107 | 9108 | 9110 | 9111 | 9115..=9122 => Some(Unit::DEGREE),
        _ => unit(code, "angle"),
    }
}

fn unit(code: u16, kind: &str) -> Option<Unit<'static>> {
    let mut cells = row(UNITS, code)?.split('\t').skip(1);
    let name = cells.next()?;
    (cells.next()? == kind).then_some(())?;
    Some(Unit {
        name,
        size: cells.next()?.parse().ok()?,
    })
}

/// The name of the vertical datum with EPSG code `code`.
pub(super) fn vertical_datum(code: u16) -> Option<&'static str> {
    row(VERTICAL_DATUMS, code)?.split('\t').nth(1)
}

/// The map projection with EPSG code `code`.
pub(super) fn conversion(code: u16) -> Option<Conversion> {
    let mut cells = row(CONVERSIONS, code)?.split('\t').skip(1);
    let name = cells.next()?;
    let method = named(&METHODS, cells.next()?.parse().ok()?)?;
    let parameters = cells
        .next()?
        .split_whitespace()
        .map(|part| {
            let (code, value) = part.split_once('=')?;
            let code = code.parse().ok()?;
            let (value, unit) = match value.split_once(':') {
                Some((value, unit)) => {
                    let unit = unit.parse().ok()?;
                    (value, Some(length(unit).or_else(|| angle(unit))?))
                }
                None => (value, None),
            };
            Some((code, named(&PARAMETERS, code)?, value.parse().ok()?, unit))
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Conversion {
        name,
        method,
        parameters,
    })
}

/// The projected system with EPSG code `code`.
pub(super) fn projected(code: u16) -> Option<Projected> {
    let mut cells = row(PROJECTED, code)?.split('\t').skip(1);
    Some(Projected {
        base: cells.next()?.parse().ok()?,
        conversion: cells.next()?.parse().ok()?,
        unit: length(cells.next()?.parse().ok()?)?,
    })
}

fn row(table: &'static str, code: u16) -> Option<&'static str> {
    let text = code.to_string();
    table
        .lines()
        .find(|line| line.split('\t').next() == Some(&text))
}

fn named(names: &[(u16, &'static str)], code: u16) -> Option<&'static str> {
    names
        .iter()
        .find(|(c, _)| *c == code)
        .map(|(_, name)| *name)
}

static GEODETIC: &str = include_str!("register/geodetic.tsv");
static ELLIPSOIDS: &str = include_str!("register/ellipsoid.tsv");
static MERIDIANS: &str = include_str!("register/meridian.tsv");
static UNITS: &str = include_str!("register/unit.tsv");
static VERTICAL_DATUMS: &str = include_str!("register/vertical_datum.tsv");
static PROJECTED: &str = include_str!("register/projected.tsv");
static CONVERSIONS: &str = include_str!("register/conversion.tsv");

/// Methods of map projection by EPSG code.
const METHODS: [(u16, &str); 32] = [
    (1102, "Lambert Conic Conformal (1SP variant B)"),
    (1125, "Azimuthal Equidistant"),
    (9801, "Lambert Conic Conformal (1SP)"),
    (9802, "Lambert Conic Conformal (2SP)"),
    (9803, "Lambert Conic Conformal (2SP Belgium)"),
    (9804, "Mercator (variant A)"),
    (9805, "Mercator (variant B)"),
    (9806, "Cassini-Soldner"),
    (9807, "Transverse Mercator"),
    (9808, "Transverse Mercator (South Orientated)"),
    (9809, "Oblique Stereographic"),
    (9810, "Polar Stereographic (variant A)"),
    (9811, "New Zealand Map Grid"),
    (9812, "Hotine Oblique Mercator (variant A)"),
    (9813, "Laborde Oblique Mercator"),
    (9815, "Hotine Oblique Mercator (variant B)"),
    (9818, "American Polyconic"),
    (9819, "Krovak"),
    (9820, "Lambert Azimuthal Equal Area"),
    (9821, "Lambert Azimuthal Equal Area (Spherical)"),
    (9822, "Albers Equal Area"),
    (9823, "Equidistant Cylindrical (Spherical)"),
    (9826, "Lambert Conic Conformal (West Orientated)"),
    (9828, "Bonne (South Orientated)"),
    (9829, "Polar Stereographic (variant B)"),
    (9830, "Polar Stereographic (variant C)"),
    (9831, "Guam Projection"),
    (9832, "Modified Azimuthal Equidistant"),
    (9833, "Hyperbolic Cassini-Soldner"),
    (9834, "Lambert Cylindrical Equal Area (Spherical)"),
    (9841, "Mercator (1SP) (Spherical)"),
    (9842, "Equidistant Cylindrical"),
];

/// Parameters of map projections by EPSG code.
const PARAMETERS: [(u16, &str); 28] = [
    (1036, "Co-latitude of cone axis"),
    (8801, "Latitude of natural origin"),
    (8802, "Longitude of natural origin"),
    (8805, "Scale factor at natural origin"),
    (8806, "False easting"),
    (8807, "False northing"),
    (8811, "Latitude of projection centre"),
    (8812, "Longitude of projection centre"),
    (8813, "Azimuth at projection centre"),
    (8814, "Angle from Rectified to Skew Grid"),
    (8815, "Scale factor at projection centre"),
    (8816, "Easting at projection centre"),
    (8817, "Northing at projection centre"),
    (8818, "Latitude of pseudo standard parallel"),
    (8819, "Scale factor on pseudo standard parallel"),
    (8821, "Latitude of false origin"),
    (8822, "Longitude of false origin"),
    (8823, "Latitude of 1st standard parallel"),
    (8824, "Latitude of 2nd standard parallel"),
    (8826, "Easting at false origin"),
    (8827, "Northing at false origin"),
    (8828, "Spherical latitude of origin"),
    (8829, "Spherical longitude of origin"),
    (8830, "Initial longitude"),
    (8831, "Zone width"),
    (8832, "Latitude of standard parallel"),
    (8833, "Longitude of origin"),
    (8840, "Viewpoint height"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood() {
        let codes = |table: &'static str| {
            table
                .lines()
                .map(|line| line.split('\t').next().unwrap().parse::<u16>().unwrap())
        };
        for code in codes(GEODETIC) {
            let system = geodetic(code).unwrap_or_else(|| panic!("{code}"));
            assert!(by_datum(system.datum).is_some(), "{code}");
        }
        assert!(codes(ELLIPSOIDS).all(|code| ellipsoid(code).is_some()));
        assert!(codes(MERIDIANS).all(|code| meridian(code).is_some()));
        assert!(codes(UNITS).all(|code| length(code).or_else(|| angle(code)).is_some()));
        assert!(codes(VERTICAL_DATUMS).all(|code| vertical_datum(code).is_some()));
        for code in codes(PROJECTED) {
            let system = projected(code).unwrap_or_else(|| panic!("{code}"));
            assert!(geodetic(system.base).is_some(), "{code}");
        }
        for code in codes(CONVERSIONS) {
            assert!(conversion(code).is_some(), "{code}");
        }
    }

    #[test]
    fn entries_are_the_registers() {
        let ntf = geodetic(4807).unwrap();
        assert_eq!(
            (ntf.name, ntf.datum, ntf.meridian.name),
            ("NTF (Paris)", 6807, "Paris")
        );
        assert_eq!(
            (ntf.meridian.value, ntf.meridian.unit.name),
            (2.596_921_3, "grad")
        );
        assert_eq!(by_datum(6326).unwrap().name, "WGS 84");
        assert!(!by_datum(6167).unwrap().has_height);
        assert_eq!(length(9003).unwrap().size, 0.304_800_609_601_219_24);
        assert_eq!(
            vertical_datum(5103).unwrap(),
            "North American Vertical Datum 1988"
        );
        let utm = projected(26910).unwrap();
        assert_eq!((utm.base, utm.conversion), (4269, 16010));
        assert_eq!(utm.unit, Unit::METRE);
        assert_eq!(Some(projected(2225).unwrap().unit), length(9003));
        let california = conversion(10405).unwrap();
        assert_eq!(california.method, "Lambert Conic Conformal (2SP)");
        assert_eq!(california.parameters[4].3, length(9003));
    }
}
