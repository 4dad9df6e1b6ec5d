//! Map projections by their `GeoTIFF` numbers (OGC 19-008r4, annex C, `ProjMethodGeoKey`), with the
//! parameters that GDAL gives them.

use super::{geodetic::Geodetic, keys::Keys, wkt::Kind};

/// A map projection and its parameters.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) parameters: Vec<(&'static str, Kind, f64)>,
    /// Where its axes point to.
    pub(super) axes: [&'static str; 2],
}

/// The method with number `code` over `base`.
pub(super) fn method(code: u16, keys: &Keys, base: &Geodetic<'_>) -> Option<Method> {
    let given = Given::of(keys);
    let (name, parameters) = match code {
        1 => ("Transverse Mercator", given.scaled()),
        3 => {
            let mut all = given.oblique();
            all.push(("Angle from Rectified to Skew Grid", Kind::Angle, given.skew));
            all.extend(given.shift());
            ("Hotine Oblique Mercator (variant A)", all)
        }
        4 => {
            let mut all = given.oblique();
            all.extend(given.shift());
            ("Laborde Oblique Mercator", all)
        }
        7 if given.first.is_some() => {
            let mut all = vec![
                (FIRST, Kind::Angle, given.first.unwrap_or(0.0)),
                (LON, Kind::Angle, given.lon),
            ];
            if given.lat != 0.0 {
                all.push((LAT, Kind::Angle, given.lat));
            }
            all.extend(given.shift());
            ("Mercator (variant B)", all)
        }
        // A parallel of true scale under another name.
        7 if given.lat != 0.0 && given.natural_scale == 1.0 => {
            let mut all = vec![
                (FIRST, Kind::Angle, given.lat),
                (LON, Kind::Angle, given.lon),
            ];
            all.extend(given.shift());
            ("Mercator (variant B)", all)
        }
        7 => ("Mercator (variant A)", given.scaled()),
        8 => ("Lambert Conic Conformal (2SP)", given.conic(true)),
        9 => ("Lambert Conic Conformal (1SP)", given.scaled()),
        10 => ("Lambert Azimuthal Equal Area", given.central()),
        11 => ("Albers Equal Area", given.conic(false)),
        12 => ("Azimuthal Equidistant", given.central()),
        13 => ("Equidistant Conic", given.conic(false)),
        14 => (
            "Stereographic",
            Given {
                scale: given.natural_scale,
                ..given
            }
            .scaled(),
        ),
        15 => return Some(polar(&given)),
        16 => ("Oblique Stereographic", given.scaled()),
        17 => {
            let mut all = vec![
                (FIRST, Kind::Angle, given.first.unwrap_or(0.0)),
                (LON, Kind::Angle, given.lon),
            ];
            if given.lat != 0.0 {
                all.push((LAT, Kind::Angle, given.lat));
            }
            all.extend(given.shift());
            if base.is_sphere {
                ("Equidistant Cylindrical (Spherical)", all)
            } else {
                ("Equidistant Cylindrical", all)
            }
        }
        18 => ("Cassini-Soldner", given.central()),
        19 => ("Gnomonic", given.central()),
        20 => ("Miller Cylindrical", given.cylinder()),
        21 => ("Orthographic", given.central()),
        22 => ("American Polyconic", given.central()),
        23 => ("Robinson", given.cylinder()),
        24 => ("Sinusoidal", given.cylinder()),
        25 => ("Van Der Grinten", given.cylinder()),
        26 => ("New Zealand Map Grid", given.central()),
        27 => ("Transverse Mercator (South Orientated)", given.scaled()),
        28 => {
            let mut all = vec![(FIRST, Kind::Angle, given.first.unwrap_or(0.0))];
            all.extend(given.cylinder());
            ("Lambert Cylindrical Equal Area", all)
        }
        // libgeotiff's number for the variant with its origin at the centre.
        9815 => {
            let mut all = given.oblique();
            all.push(("Angle from Rectified to Skew Grid", Kind::Angle, given.skew));
            all.push(("Easting at projection centre", Kind::Length, given.east));
            all.push(("Northing at projection centre", Kind::Length, given.north));
            ("Hotine Oblique Mercator (variant B)", all)
        }
        _ => return None,
    };
    let axes = if code == 27 {
        ["west", "south"]
    } else {
        ["east", "north"]
    };
    Some(Method {
        name,
        parameters,
        axes,
    })
}

/// Polar stereographic: the parallel of true scale, or the pole and a scale; where a file gives
/// both, a method that only PROJ and GDAL know.
fn polar(given: &Given) -> Method {
    let at_pole = (given.lat.abs() - 90.0).abs() < 1e-10;
    let (name, [lat, lon, scale]) = if at_pole {
        ("Polar Stereographic (variant A)", [LAT, LON, SCALE])
    } else if given.scale == 1.0 {
        (
            "Polar Stereographic (variant B)",
            ["Latitude of standard parallel", "Longitude of origin", ""],
        )
    } else {
        (
            "Polar_Stereographic",
            ["latitude_of_origin", "central_meridian", "scale_factor"],
        )
    };
    let mut parameters = vec![
        (lat, Kind::Angle, given.lat),
        (lon, Kind::Angle, given.pole_lon),
    ];
    if !scale.is_empty() {
        parameters.push((scale, Kind::Scale, given.scale));
    }
    if name == "Polar_Stereographic" {
        parameters.push(("false_easting", Kind::Length, given.east));
        parameters.push(("false_northing", Kind::Length, given.north));
    } else {
        parameters.extend(given.shift());
    }
    // At a pole all directions are one.
    let axes = if given.lat > 0.0 {
        ["south", "south"]
    } else {
        ["north", "north"]
    };
    Method {
        name,
        parameters,
        axes,
    }
}

/// The numbers of a map projection, under whichever key they stand.
struct Given {
    first: Option<f64>,
    second: Option<f64>,
    lat: f64,
    lon: f64,
    pole_lon: f64,
    scale: f64,
    natural_scale: f64,
    azimuth: f64,
    skew: f64,
    east: f64,
    north: f64,
}

type Parameter = (&'static str, Kind, f64);

impl Given {
    fn of(keys: &Keys) -> Self {
        let first_of = |at: &[u16]| at.iter().find_map(|&key| keys.double(key));
        let lon = first_of(&[3080, 3084, 3088]);
        Self {
            first: keys.double(3078),
            second: keys.double(3079),
            lat: first_of(&[3081, 3085, 3089]).unwrap_or(0.0),
            lon: lon.unwrap_or(0.0),
            pole_lon: keys.double(3095).or(lon).unwrap_or(0.0),
            scale: first_of(&[3092, 3093]).unwrap_or(1.0),
            natural_scale: keys.double(3092).unwrap_or(1.0),
            azimuth: keys.double(3094).unwrap_or(0.0),
            skew: keys.double(3096).unwrap_or(90.0),
            east: first_of(&[3082, 3086, 3090]).unwrap_or(0.0),
            north: first_of(&[3083, 3087, 3091]).unwrap_or(0.0),
        }
    }

    fn shift(&self) -> [Parameter; 2] {
        [
            ("False easting", Kind::Length, self.east),
            ("False northing", Kind::Length, self.north),
        ]
    }

    fn scaled(&self) -> Vec<Parameter> {
        let mut all = vec![
            (LAT, Kind::Angle, self.lat),
            (LON, Kind::Angle, self.lon),
            (SCALE, Kind::Scale, self.scale),
        ];
        all.extend(self.shift());
        all
    }

    fn central(&self) -> Vec<Parameter> {
        let mut all = vec![(LAT, Kind::Angle, self.lat), (LON, Kind::Angle, self.lon)];
        all.extend(self.shift());
        all
    }

    fn cylinder(&self) -> Vec<Parameter> {
        let mut all = vec![(LON, Kind::Angle, self.lon)];
        all.extend(self.shift());
        all
    }

    /// The parameters of cones with two standard parallels. GDAL reads `together` both or none.
    fn conic(&self, together: bool) -> Vec<Parameter> {
        let (first, second) = match (self.first, self.second) {
            (Some(first), Some(second)) => (first, second),
            _ if together => (0.0, 0.0),
            (first, second) => (first.unwrap_or(0.0), second.unwrap_or(0.0)),
        };
        vec![
            ("Latitude of false origin", Kind::Angle, self.lat),
            ("Longitude of false origin", Kind::Angle, self.lon),
            (FIRST, Kind::Angle, first),
            ("Latitude of 2nd standard parallel", Kind::Angle, second),
            ("Easting at false origin", Kind::Length, self.east),
            ("Northing at false origin", Kind::Length, self.north),
        ]
    }

    fn oblique(&self) -> Vec<Parameter> {
        vec![
            ("Latitude of projection centre", Kind::Angle, self.lat),
            ("Longitude of projection centre", Kind::Angle, self.lon),
            ("Azimuth at projection centre", Kind::Angle, self.azimuth),
            ("Scale factor at projection centre", Kind::Scale, self.scale),
        ]
    }
}

const LAT: &str = "Latitude of natural origin";
const LON: &str = "Longitude of natural origin";
const SCALE: &str = "Scale factor at natural origin";
const FIRST: &str = "Latitude of 1st standard parallel";
