//! What a file says about its place on the ground.

use stacchip_model::{Affine, Crs};

/// What a file says about its place on the ground, as GDAL reads it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Georeference {
    /// The reference system of the transform or of the control points.
    pub crs: Option<Crs>,
    /// The reference system of heights, where the file says that pixels have them (`GeoTIFF` 1.1).
    pub vertical: Option<Crs>,
    /// From pixel corners to the ground. Where the file speaks of pixel centres
    /// ([`pixel_is_point`](Self::pixel_is_point)), the half pixel is already taken off.
    pub transform: Option<Affine>,
    /// Whether the file says that pixels are points (`GTRasterTypeGeoKey` 2).
    pub pixel_is_point: bool,
    /// Ground control points, where the file has no transform.
    pub control_points: Vec<ControlPoint>,
    /// Rational polynomial coefficients.
    pub rpc: Option<Rpc>,
    /// The GeoKeys as they are: key, value.
    pub keys: Vec<(u16, String)>,
}

impl Georeference {
    /// [`crs`](Self::crs) as GDAL tells it: of a file with `GeoKeys` that speak of no system, a plane
    /// without a name.
    pub fn crs_in_gdal(&self) -> Option<Crs> {
        const PLANE: &str = "ENGCRS[\"unnamed\",EDATUM[\"Unknown engineering datum\"],CS[Cartesian,2],\
            AXIS[\"easting\",east,ORDER[1]],AXIS[\"northing\",north,ORDER[2]],\
            LENGTHUNIT[\"unknown\",1]]";
        let plane = || (!self.keys.is_empty()).then(|| Crs::wkt(PLANE));
        self.crs.clone().or_else(plane)
    }
}

/// A pixel whose place on the ground is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ControlPoint {
    /// Column.
    pub col: f64,
    /// Row.
    pub row: f64,
    /// x on the ground.
    pub x: f64,
    /// y on the ground.
    pub y: f64,
    /// Height.
    pub z: f64,
}

/// Rational polynomial coefficients (tag `RPCCoefficientTag`, 50844).
#[derive(Debug, Clone, PartialEq)]
pub struct Rpc {
    /// Error of bias, metres.
    pub err_bias: f64,
    /// Random error, metres.
    pub err_rand: f64,
    /// Offsets: line, sample, latitude, longitude, height.
    pub offsets: [f64; 5],
    /// Scales: line, sample, latitude, longitude, height.
    pub scales: [f64; 5],
    /// Numerator of the line.
    pub line_num: [f64; 20],
    /// Denominator of the line.
    pub line_den: [f64; 20],
    /// Numerator of the sample.
    pub samp_num: [f64; 20],
    /// Denominator of the sample.
    pub samp_den: [f64; 20],
}
