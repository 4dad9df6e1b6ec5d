//! Reference systems in the words of `MapInfo`: the clause `CoordSys` (`MapInfo` Pro User Guide, "Elements of a
//! Coordinate System").

use stacchip_model::Crs;

use super::{
    citation::GT_CITATION,
    crs::crs,
    geodetic::{DATUM, GEODETIC_CRS},
    keys::{Keys, Value},
    projected::{COORD_TRANS, LINEAR_UNITS, engineering},
    register,
};

/// The system of a line `CoordSys Earth Projection …`: numbers of the map projection and of the datum, the unit, and
/// what the projection takes; or of a line `CoordSys NonEarth Units …`, a plane of its own. Nothing where a part of it is
/// not known here, as with datums by hand: no system is better than a near one. Where the table is `in_degrees`, a map
/// projection is passed over, as in GDAL.
pub(crate) fn coordinate_system(line: &str, in_degrees: bool) -> Option<Crs> {
    let rest = after(line.trim(), "CoordSys")?;
    if let Some(rest) = after(rest, "NonEarth") {
        let unit = after(rest, "Units")?
            .trim_start_matches('"')
            .split('"')
            .next()?;
        return Some(Crs::wkt(engineering(&Keys::of_values(vec![
            (GT_CITATION, Value::Text("Nonearth".to_owned())),
            (LINEAR_UNITS, Value::Short(length(unit)?)),
        ]))));
    }
    let rest = after(after(rest, "Earth")?, "Projection")?;
    // An affine map of its own, or bounds; only the latter can be left out.
    let lower = rest.to_ascii_lowercase();
    if lower.contains("affine") {
        return None;
    }
    let rest = rest.get(..lower.find("bounds").unwrap_or(rest.len()))?;
    let words: Vec<&str> = rest
        .split(',')
        .take(WORDS)
        .map(|w| w.trim().trim_matches('"'))
        .collect();
    let (&projection, words) = words.split_first()?;
    let (&datum, words) = words.split_first()?;
    let (projection, datum): (u16, u16) = (projection.parse().ok()?, datum.parse().ok()?);
    let projection = if (2001..3000).contains(&projection) {
        projection - WITH_BOUNDS
    } else {
        projection
    };
    if (projection, datum) == (MERCATOR, WGS84_SPHERE) {
        let is_metre = words.first().copied().and_then(length) == Some(METRE);
        return is_metre.then(|| Crs::epsg(if in_degrees { 4326 } else { 3857 }));
    }
    let datum = of_number(datum)?;
    let base = register::code_by_datum(datum)?;
    if projection == LONGITUDE_LATITUDE || in_degrees {
        return Some(Crs::epsg(u32::from(base)));
    }
    let (unit, words) = words.split_first()?;
    let (method, names) = method(projection)?;
    let mut keys = vec![
        (MODEL_TYPE, Value::Short(PROJECTED)),
        (GEODETIC_CRS, Value::Short(base)),
        (DATUM, Value::Short(datum)),
        (COORD_TRANS, Value::Short(method)),
        (LINEAR_UNITS, Value::Short(length(unit)?)),
    ];
    // What comes behind these is the reach of polar maps.
    for (at, &key) in names.iter().enumerate() {
        let number = match words.get(at) {
            Some(word) => word.parse().ok().filter(|v: &f64| v.is_finite())?,
            None if key == EAST || key == NORTH => 0.0,
            None => return None,
        };
        keys.push((key, Value::Doubles(vec![number])));
    }
    crs(&Keys::of_values(keys))
}

/// What follows `word`, whatever the case of its letters.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then(|| tail.trim_start())
}

/// The number of a map projection in `GeoTIFF`, and the keys of the numbers it takes, in order.
fn method(projection: u16) -> Option<(u16, &'static [u16])> {
    const CONE: &[u16] = &[LON, LAT, FIRST, SECOND, EAST, NORTH];
    const SCALED: &[u16] = &[LON, LAT, SCALE, EAST, NORTH];
    const CENTRAL: &[u16] = &[LON, LAT, EAST, NORTH];
    Some(match projection {
        2 => (28, &[LON, FIRST, EAST, NORTH]),
        3 => (8, CONE),
        4 | 29 => (10, &[LON, LAT]),
        5 | 28 => (12, &[LON, LAT]),
        6 => (13, CONE),
        7 => (3, &[LON, LAT, AZIMUTH, SCALE, EAST, NORTH]),
        8 => (1, SCALED),
        9 => (11, CONE),
        MERCATOR => (7, &[LON]),
        11 => (20, &[LON]),
        12 => (23, &[LON]),
        16 => (24, &[LON]),
        18 => (26, CENTRAL),
        20 => (14, SCALED),
        26 => (7, &[LON, FIRST]),
        27 => (22, CENTRAL),
        30 => (18, CENTRAL),
        31 => (16, SCALED),
        _ => return None,
    })
}

/// The EPSG code of a unit of length, by its name or number.
fn length(unit: &str) -> Option<u16> {
    let is_it =
        |(number, name, _): &&(&str, &str, u16)| *number == unit || name.eq_ignore_ascii_case(unit);
    UNITS.iter().find(is_it).map(|(_, _, code)| *code)
}

/// The EPSG code of the datum with `number`.
fn of_number(number: u16) -> Option<u16> {
    let (_, code) = DATUMS.iter().find(|(n, _)| *n == number)?;
    Some(*code)
}

/// Number, name and EPSG code of units (`MapInfo` Pro User Guide, "Coordinate System Units").
const UNITS: [(&str, &str, u16); 10] = [
    ("0", "mi", 9093),
    ("1", "km", 9036),
    ("3", "ft", 9002),
    ("4", "yd", 9096),
    ("5", "mm", 1025),
    ("6", "cm", 1033),
    ("7", "m", METRE),
    ("8", "survey ft", 9003),
    ("8", "survey foot", 9003),
    ("9", "nmi", 9030),
];
const METRE: u16 = 9001;

/// `MapInfo`'s datums (`MapInfo` Pro User Guide, "Datum IDs") that the EPSG register has under the same name, on the same
/// meridian and on the same ellipsoid, or (19, 21, 123, 142) on one whose axes are less than a decimetre longer. Of some `MapInfo` has several, with other shifts to WGS 84.
#[rustfmt::skip]
const DATUMS: [(u16, u16); 112] = [
    (1, 6201), (2, 6205), (3, 6204), (5, 6209), (6, 6210), (10, 6710), (12, 6202), (13, 6203), (15, 6216), (16, 6218),
    (17, 6221), (19, 6222), (20, 6717), (21, 6223), (23, 6224), (24, 6225), (27, 6719), (28, 6230), (29, 6668), (30, 6233),
    (31, 6272), (34, 6675), (36, 6254), (37, 6658), (39, 6236), (42, 6299), (44, 6725), (45, 6244), (47, 6245), (49, 6251),
    (52, 6256), (53, 6616), (55, 6261), (57, 6263), (61, 6271), (62, 6267), (63, 6267), (64, 6267), (65, 6267), (66, 6267),
    (67, 6267), (68, 6267), (69, 6267), (70, 6267), (71, 6267), (72, 6267), (73, 6268), (74, 6269), (75, 6182), (76, 6229),
    (77, 6135), (79, 6277), (80, 6728), (83, 6139), (85, 6287), (86, 6626), (87, 6265), (88, 6730), (90, 6292), (91, 6293),
    (92, 6618), (97, 6301), (102, 6760), (103, 6322), (104, 6326), (105, 6309), (106, 6311), (107, 6275), (108, 6231), (109, 6289),
    (112, 6124), (113, 6207), (114, 6274), (115, 6258), (116, 6283), (117, 6167), (120, 6713), (121, 6219), (123, 6155), (124, 6736),
    (127, 6255), (128, 6312), (130, 6239), (131, 6131), (132, 6240), (136, 6250), (141, 6620), (142, 6282), (143, 6615), (144, 6616),
    (147, 6297), (150, 6148), (151, 6122), (152, 6612), (153, 6121), (154, 6214), (156, 6317), (158, 6150), (1000, 6314), (1001, 6284),
    (1003, 6149), (1004, 6237), (1006, 6203), (1007, 6202), (1008, 6202), (1009, 6202), (1010, 6272), (1011, 6124), (1015, 6301), (1016, 6123),
    (1017, 6610), (1028, 1168),
];

/// More than any map projection takes.
const WORDS: usize = 16;
const LONGITUDE_LATITUDE: u16 = 1;
const MERCATOR: u16 = 10;
const WGS84_SPHERE: u16 = 157;
/// Added to the number of a projection that is followed by its bounds.
const WITH_BOUNDS: u16 = 2000;

// Keys: OGC 19-008r4, annex B.
const MODEL_TYPE: u16 = 1024;
const PROJECTED: u16 = 1;
const FIRST: u16 = 3078;
const SECOND: u16 = 3079;
const LON: u16 = 3080;
const LAT: u16 = 3081;
const EAST: u16 = 3082;
const NORTH: u16 = 3083;
const SCALE: u16 = 3092;
const AZIMUTH: u16 = 3094;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_datum_is_the_registers() {
        for (number, datum) in DATUMS {
            assert!(
                register::code_by_datum(datum).is_some(),
                "{number}: {datum}"
            );
        }
        assert!(
            UNITS
                .iter()
                .all(|&(.., code)| register::length(code).is_some())
        );
    }

    #[test]
    fn places_by_longitude_and_latitude_have_a_code() {
        let told = |line| {
            coordinate_system(line, false).and_then(|crs| crs.code().map(ToString::to_string))
        };
        for (line, code) in [
            ("  CoordSys Earth Projection 1, 104", "EPSG:4326"),
            ("coordsys earth projection 1,79", "EPSG:4277"),
            (
                "CoordSys Earth Projection 1, 116 Bounds (-180, -90) (180, 90)",
                "EPSG:4283",
            ),
            ("CoordSys Earth Projection 10, 157, \"m\", 0", "EPSG:3857"),
        ] {
            assert_eq!(told(line).as_deref(), Some(code), "{line}");
        }
    }

    #[test]
    fn maps_are_their_projections() {
        let line = "CoordSys Earth Projection 8, 79, \"m\", -2, 49, 0.9996012717, 400000, -100000";
        let text = coordinate_system(line, false).unwrap().to_string();
        for part in [
            "DATUM[\"Ordnance Survey of Great Britain 1936\"",
            "METHOD[\"Transverse Mercator\"]",
            "\"Latitude of natural origin\",49.0",
            "\"Longitude of natural origin\",-2.0",
            "\"Scale factor at natural origin\",0.9996012717",
            "\"False easting\",400000.0",
            "\"False northing\",-100000.0",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let plane = "CoordSys NonEarth Units \"ft\" Bounds (0, 0) (1, 1)";
        let text = coordinate_system(plane, false).unwrap().to_string();
        assert!(
            text.starts_with("ENGCRS[\"Nonearth\"") && text.contains("\"foot\""),
            "{text}"
        );
        let feet =
            "CoordSys Earth Projection 3, 74, \"survey ft\", -120.5, 43.6, 44.3, 46, 8202099.7, 0";
        let text = coordinate_system(feet, false).unwrap().to_string();
        assert!(
            text.contains("US survey foot") && text.contains("Lambert Conic Conformal (2SP)"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_known_is_no_system() {
        for line in [
            "CoordSys NonEarth Units \"parsec\" Bounds (0, 0) (1, 1)",
            "CoordSys Earth Projection 8, 999, 3, 1, 2, 3, \"m\", 0, 0, 1, 0, 0",
            "CoordSys Earth Projection 8, 79, \"m\", -2, 49",
            "CoordSys Earth Projection 8, 79, \"m\", -2, nan, 1, 0, 0",
            "CoordSys Earth Projection 10, 157, \"km\", 0",
            "CoordSys Earth Projection 1008, 79, \"m\", -2, 49, 1, 0, 0",
            "CoordSys Earth Projection 8, 79, \"parsec\", -2, 49, 1, 0, 0",
            "CoordSys Earth Projection 13, 104, \"m\", 0",
            "CoordSys Earth Projection 8, 79, \"m\", -2, 49, 1, 0, 0 Affine Units \"m\", 1, 2, 3, 4, 5, 6",
            "CoordSys Earth",
            "",
        ] {
            assert_eq!(coordinate_system(line, false), None, "{line}");
        }
    }
}
