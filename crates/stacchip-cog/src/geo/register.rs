//! The few entries of the EPSG register that definitions by hand refer to.

/// An ellipsoid: name, semi-major axis in metres, inverse flattening (0 for a sphere).
pub(super) type Ellipsoid = (&'static str, f64, f64);

/// The geographic system with EPSG code `code`: its name, its datum, its ellipsoid.
pub(super) fn geographic(code: u16) -> Option<(&'static str, &'static str, Ellipsoid)> {
    GEOGRAPHIC
        .iter()
        .find(|(c, ..)| *c == code)
        .and_then(|&(_, name, datum, e)| Some((name, datum, ellipsoid(e)?)))
}

/// The geographic system whose datum has EPSG code `code`.
pub(super) fn by_datum(code: u16) -> Option<u16> {
    // Datums of the older systems are numbered 2000 after them.
    let system = code.checked_sub(2000)?;
    geographic(system).map(|_| system)
}

/// The ellipsoid with EPSG code `code`.
pub(super) fn ellipsoid(code: u16) -> Option<Ellipsoid> {
    ELLIPSOIDS
        .iter()
        .find(|(c, ..)| *c == code)
        .map(|&(_, name, a, rf)| (name, a, rf))
}

/// The prime meridian with EPSG code `code`: name, degrees east of Greenwich.
pub(super) fn meridian(code: u16) -> Option<(&'static str, f64)> {
    MERIDIANS
        .iter()
        .find(|(c, ..)| *c == code)
        .map(|&(_, name, degrees)| (name, degrees))
}

/// The unit of length with EPSG code `code`: name, metres.
pub(super) fn length(code: u16) -> Option<(&'static str, f64)> {
    LENGTHS
        .iter()
        .find(|(c, ..)| *c == code)
        .map(|&(_, name, metres)| (name, metres))
}

/// The unit of angle with EPSG code `code`: name, radians.
pub(super) fn angle(code: u16) -> Option<(&'static str, f64)> {
    ANGLES
        .iter()
        .find(|(c, ..)| *c == code)
        .map(|&(_, name, radians)| (name, radians))
}

const GEOGRAPHIC: [(u16, &str, &str, u16); 22] = [
    (4326, "WGS 84", "World Geodetic System 1984", 7030),
    (4322, "WGS 72", "World Geodetic System 1972", 7043),
    (4269, "NAD83", "North American Datum 1983", 7019),
    (4267, "NAD27", "North American Datum 1927", 7008),
    (
        4152,
        "NAD83(HARN)",
        "NAD83 (High Accuracy Reference Network)",
        7019,
    ),
    (
        4617,
        "NAD83(CSRS)",
        "NAD83 Canadian Spatial Reference System",
        7019,
    ),
    (
        4759,
        "NAD83(NSRS2007)",
        "NAD83 (National Spatial Reference System 2007)",
        7019,
    ),
    (
        6318,
        "NAD83(2011)",
        "NAD83 (National Spatial Reference System 2011)",
        7019,
    ),
    (
        4258,
        "ETRS89",
        "European Terrestrial Reference System 1989",
        7019,
    ),
    (4230, "ED50", "European Datum 1950", 7022),
    (
        4277,
        "OSGB36",
        "Ordnance Survey of Great Britain 1936",
        7001,
    ),
    (4314, "DHDN", "Deutsches Hauptdreiecksnetz", 7004),
    (4275, "NTF", "Nouvelle Triangulation Francaise", 7011),
    (4171, "RGF93 v1", "Reseau Geodesique Francais 1993 v1", 7019),
    (4283, "GDA94", "Geocentric Datum of Australia 1994", 7019),
    (7844, "GDA2020", "Geocentric Datum of Australia 2020", 7019),
    (4167, "NZGD2000", "New Zealand Geodetic Datum 2000", 7019),
    (4272, "NZGD49", "New Zealand Geodetic Datum 1949", 7022),
    (
        4674,
        "SIRGAS 2000",
        "Sistema de Referencia Geocentrico para las AmericaS 2000",
        7019,
    ),
    (4612, "JGD2000", "Japanese Geodetic Datum 2000", 7019),
    (
        4490,
        "China Geodetic Coordinate System 2000",
        "China 2000",
        1024,
    ),
    (4284, "Pulkovo 1942", "Pulkovo 1942", 7024),
];

const ELLIPSOIDS: [(u16, &str, f64, f64); 14] = [
    (1024, "CGCS2000", 6_378_137.0, 298.257_222_101),
    (7001, "Airy 1830", 6_377_563.396, 299.324_964_6),
    (7004, "Bessel 1841", 6_377_397.155, 299.152_812_8),
    (7008, "Clarke 1866", 6_378_206.4, 294.978_698_213_898),
    (7011, "Clarke 1880 (IGN)", 6_378_249.2, 293.466_021_293_627),
    (7012, "Clarke 1880 (RGS)", 6_378_249.145, 293.465),
    (7019, "GRS 1980", 6_378_137.0, 298.257_222_101),
    (7022, "International 1924", 6_378_388.0, 297.0),
    (7024, "Krassowsky 1940", 6_378_245.0, 298.3),
    (7030, "WGS 84", 6_378_137.0, 298.257_223_563),
    (7034, "Clarke 1880", 6_378_249.144_808_01, 293.466_307_655_6),
    (7043, "WGS 72", 6_378_135.0, 298.26),
    (7048, "GRS 1980 Authalic Sphere", 6_371_007.0, 0.0),
    (7052, "Clarke 1866 Authalic Sphere", 6_370_997.0, 0.0),
];

const MERIDIANS: [(u16, &str, f64); 6] = [
    (8901, "Greenwich", 0.0),
    (8902, "Lisbon", -9.131_906_111_111_11),
    (8903, "Paris", 2.337_229_166_666_67),
    (8906, "Rome", 12.452_333_333_333_3),
    (8908, "Jakarta", 106.807_719_444_444),
    (8909, "Ferro", -17.666_666_666_666_7),
];

const LENGTHS: [(u16, &str, f64); 6] = [
    (9001, "metre", 1.0),
    (9002, "foot", 0.3048),
    (9003, "US survey foot", 0.304_800_609_601_219),
    (9005, "Clarke's foot", 0.304_797_265_4),
    (9030, "nautical mile", 1852.0),
    (9036, "kilometre", 1000.0),
];

const ANGLES: [(u16, &str, f64); 6] = [
    (9101, "radian", 1.0),
    (9102, "degree", 0.017_453_292_519_943_3),
    (9103, "arc-minute", 0.000_290_888_208_665_722),
    (9104, "arc-second", 4.848_136_811_095_36e-06),
    (9105, "grad", 0.015_707_963_267_949),
    (9122, "degree", 0.017_453_292_519_943_3),
];
