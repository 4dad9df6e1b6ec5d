//! Reference systems as `GeoKeys`.

use stacchip_model::{Crs, CrsKind};

use super::WriteError;

/// A reference system that a GeoTIFF can carry (OGC 19-008r4, GeoTIFF 1.1).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GeoCrs {
    /// A projected system of the EPSG register.
    Projected(u16),
    /// A geographic system of the EPSG register.
    Geographic(u16),
    /// A system in no register: its keys.
    Keys(GeoKeys),
}

impl GeoCrs {
    /// The system of `crs`, which is of `kind`. Of a definition its code is taken; one without a
    /// code that is the sinusoidal projection of MODIS, in WKT, becomes user-defined keys.
    ///
    /// # Errors
    /// [`WriteError::Crs`] where it has no EPSG code from 1 to 65535 (32767 is "user defined").
    pub fn new(crs: &Crs, kind: CrsKind) -> Result<Self, WriteError> {
        let refuse = || WriteError::Crs {
            crs: crs.to_string(),
        };
        let Some(code) = crs.code() else {
            return sinusoidal_of(&crs.definition())
                .map(Self::Keys)
                .ok_or_else(refuse);
        };
        let number = match (code.authority.as_str(), code.code.as_str()) {
            ("EPSG", number) => number.parse::<u16>().map_err(|_| refuse())?,
            // The same system but for the order of its axes, which a GeoTIFF does not say.
            ("OGC", "CRS84") => 4326,
            _ => return Err(refuse()),
        };
        match (number, kind) {
            (0 | USER_DEFINED, _) => Err(refuse()),
            (_, CrsKind::Projected) => Ok(Self::Projected(number)),
            (_, CrsKind::Geographic) => Ok(Self::Geographic(number)),
            _ => Err(refuse()),
        }
    }

    /// The values of the tags `GeoKeyDirectory` (34735), `GeoDoubleParams` (34736) and
    /// `GeoAsciiParams` (34737).
    pub(super) fn directory(crs: Option<&Self>, pixel_is_point: bool) -> GeoDirectory {
        let mut keys = match crs {
            None => Vec::new(),
            Some(Self::Projected(code)) => vec![
                (MODEL_TYPE, GeoKey::Short(1)),
                (PROJECTED_CRS, GeoKey::Short(*code)),
            ],
            Some(Self::Geographic(code)) => vec![
                (MODEL_TYPE, GeoKey::Short(2)),
                (GEODETIC_CRS, GeoKey::Short(*code)),
            ],
            Some(Self::Keys(keys)) => keys.0.clone(),
        };
        let raster = if pixel_is_point { 2 } else { 1 };
        keys.push((RASTER_TYPE, GeoKey::Short(raster)));
        keys.sort_by_key(|(number, _)| *number);
        GeoDirectory::of(&keys)
    }
}

/// `GeoKeys` by number, for systems in no register.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeoKeys(Vec<(u16, GeoKey)>);

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum GeoKey {
    /// A code.
    Short(u16),
    /// A number.
    Double(f64),
    /// A text; a `|` in it ends it.
    Text(String),
}

impl GeoKeys {
    /// Keys as given; `GTRasterType` is added by the writer and need not be among them.
    pub fn new(keys: impl IntoIterator<Item = (u16, GeoKey)>) -> Self {
        Self(
            keys.into_iter()
                .filter(|(k, _)| *k != RASTER_TYPE)
                .collect(),
        )
    }

    /// The sinusoidal projection of a sphere of `radius` metres, in metres: what MODIS land
    /// products use, with a radius of 6371007.181.
    pub fn sinusoidal(radius: f64, central_meridian: f64) -> Self {
        use GeoKey::{Double, Short, Text};
        let sphere = "GCS Name = Unknown datum based upon the custom spheroid\
            |Datum = Not specified (based on custom spheroid)|Ellipsoid = Custom spheroid\
            |Primem = Greenwich|";
        Self(vec![
            (MODEL_TYPE, Short(1)),
            (CITATION, Text("unnamed".into())),
            (GEODETIC_CRS, Short(USER_DEFINED)),
            (GEODETIC_CITATION, Text(sphere.into())),
            (GEODETIC_DATUM, Short(USER_DEFINED)),
            (ANGULAR_UNITS, Short(DEGREE)),
            (ELLIPSOID, Short(USER_DEFINED)),
            (SEMI_MAJOR, Double(radius)),
            (SEMI_MINOR, Double(radius)),
            (PRIME_MERIDIAN_LONGITUDE, Double(0.0)),
            (PROJECTED_CRS, Short(USER_DEFINED)),
            (PROJECTION, Short(USER_DEFINED)),
            (PROJECTION_METHOD, Short(SINUSOIDAL)),
            (LINEAR_UNITS, Short(METRE)),
            (FALSE_EASTING, Double(0.0)),
            (FALSE_NORTHING, Double(0.0)),
            (CENTER_LONGITUDE, Double(central_meridian)),
        ])
    }
}

/// The three tags.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct GeoDirectory {
    pub(super) shorts: Vec<u16>,
    pub(super) doubles: Vec<f64>,
    pub(super) text: String,
}

impl GeoDirectory {
    fn of(keys: &[(u16, GeoKey)]) -> Self {
        let mut all = Self::default();
        // Version 1, revision 1.0, then the number of keys (GeoTIFF 1.1, 7.1.2).
        all.shorts.extend([1, 1, 0, short(keys.len())]);
        for (number, key) in keys {
            let entry = match key {
                GeoKey::Short(value) => [*number, 0, 1, *value],
                GeoKey::Double(value) => {
                    all.doubles.push(*value);
                    [*number, DOUBLE_PARAMS, 1, short(all.doubles.len() - 1)]
                }
                GeoKey::Text(value) => {
                    let at = all.text.len();
                    all.text.push_str(value);
                    all.text.push('|');
                    [*number, ASCII_PARAMS, short(value.len() + 1), short(at)]
                }
            };
            all.shorts.extend(entry);
        }
        all
    }
}

/// Keys are few and their texts short; what does not fit is cut by the reader's own bounds.
fn short(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// The keys of a WKT text whose projection is sinusoidal on a sphere, with nothing shifted.
fn sinusoidal_of(wkt: &str) -> Option<GeoKeys> {
    let lower = wkt.to_ascii_lowercase();
    let method =
        lower.contains("method[\"sinusoidal\"") || lower.contains("projection[\"sinusoidal\"");
    if !method {
        return None;
    }
    let number_after = |needle: &str, skip: usize| -> Option<f64> {
        let rest = lower.get(lower.find(needle)? + needle.len()..)?;
        rest.split([',', ']']).nth(skip)?.trim().parse::<f64>().ok()
    };
    // ELLIPSOID["name",a,1/f or SPHEROID["name",a,1/f: the name comes first.
    let (radius, flattening) = ["ellipsoid[", "spheroid["]
        .iter()
        .find_map(|word| Some((number_after(word, 1)?, number_after(word, 2)?)))?;
    let parameter = |names: &[&str]| {
        names
            .iter()
            .find_map(|n| number_after(&format!("\"{n}\""), 1))
            .unwrap_or(0.0)
    };
    let meridian = parameter(&[
        "longitude of natural origin",
        "longitude_of_center",
        "central_meridian",
    ]);
    let shifted = parameter(&["false easting", "false_easting"]) != 0.0
        || parameter(&["false northing", "false_northing"]) != 0.0;
    (flattening == 0.0 && !shifted).then(|| GeoKeys::sinusoidal(radius, meridian))
}

const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const CITATION: u16 = 1026;
const GEODETIC_CRS: u16 = 2048;
const GEODETIC_CITATION: u16 = 2049;
const GEODETIC_DATUM: u16 = 2050;
const ANGULAR_UNITS: u16 = 2054;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const SEMI_MINOR: u16 = 2058;
const PRIME_MERIDIAN_LONGITUDE: u16 = 2061;
const PROJECTED_CRS: u16 = 3072;
const PROJECTION: u16 = 3074;
const PROJECTION_METHOD: u16 = 3075;
const LINEAR_UNITS: u16 = 3076;
const FALSE_EASTING: u16 = 3082;
const FALSE_NORTHING: u16 = 3083;
const CENTER_LONGITUDE: u16 = 3088;

const USER_DEFINED: u16 = 32767;
const DEGREE: u16 = 9102;
const METRE: u16 = 9001;
/// `CT_Sinusoidal` (GeoTIFF 1.1, C.2.3).
const SINUSOIDAL: u16 = 24;
const DOUBLE_PARAMS: u16 = 34736;
const ASCII_PARAMS: u16 = 34737;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_keys() {
        let utm = GeoCrs::new(&Crs::epsg(32620), CrsKind::Projected).unwrap();
        assert_eq!(
            GeoCrs::directory(Some(&utm), false).shorts,
            [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32620]
        );
        assert_eq!(
            GeoCrs::new(&Crs::wgs84(), CrsKind::Geographic).unwrap(),
            GeoCrs::Geographic(4326)
        );
        for (crs, kind) in [
            (Crs::epsg(70000), CrsKind::Projected),
            (Crs::epsg(32767), CrsKind::Projected),
            (Crs::epsg(4978), CrsKind::Other),
            (Crs::wkt("PROJCRS[\"x\"]"), CrsKind::Projected),
        ] {
            assert!(matches!(
                GeoCrs::new(&crs, kind),
                Err(WriteError::Crs { .. })
            ));
        }
    }

    #[test]
    fn the_sinusoidal_of_modis_is_understood_in_both_dialects() {
        let wanted = GeoCrs::Keys(GeoKeys::sinusoidal(6_371_007.181, 0.0));
        for wkt in [
            r#"PROJCRS["unnamed",BASEGEOGCRS["x",DATUM["y",ELLIPSOID["Custom spheroid",6371007.181,0,LENGTHUNIT["metre",1]]]],CONVERSION["unnamed",METHOD["Sinusoidal"],PARAMETER["Longitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["False easting",0]]]"#,
            r#"PROJCS["MODIS Sinusoidal",GEOGCS["x",DATUM["y",SPHEROID["z",6371007.181,0]]],PROJECTION["Sinusoidal"],PARAMETER["longitude_of_center",0.0]]"#,
        ] {
            assert_eq!(
                GeoCrs::new(&Crs::wkt(wkt), CrsKind::Projected).unwrap(),
                wanted
            );
        }
    }
}
