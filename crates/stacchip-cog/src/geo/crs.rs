//! From GeoKeys to a reference system.

use stacchip_model::Crs;

use super::{
    citation,
    geodetic::{GEODETIC_CRS, geodetic, to_wgs84},
    keys::Keys,
    projected::{engineering, in_other_unit, length, projected},
    register,
    vertical::VERTICAL_CRS,
};

/// The horizontal reference system that `keys` describe, as GDAL understands them: the code of the
/// register where they give one, else well-known text; nothing where they speak of no system.
pub(crate) fn crs(keys: &Keys) -> Option<Crs> {
    keys.numbers()
        .any(|key| key != GT_RASTER_TYPE)
        .then(|| described(keys))
}

fn described(keys: &Keys) -> Crs {
    let projected_code = keys.code(PROJECTED_CRS);
    match keys.short(GT_MODEL_TYPE) {
        Some(GEOGRAPHIC) => geographic(keys),
        Some(GEOCENTRIC) => geocentric(keys),
        Some(PROJECTED) => by_projection(keys),
        None | Some(USER_DEFINED) if projected_code.is_some() => by_projection(keys),
        _ => match citation::esri_text(keys) {
            Some(text) => Crs::wkt(text),
            None => Crs::wkt(engineering(keys)),
        },
    }
}

fn geographic(keys: &Keys) -> Crs {
    match (keys.code(GEODETIC_CRS), keys.short(VERTICAL_CRS)) {
        (Some(4326), Some(4979 | WGS84_ELLIPSOIDAL_HEIGHT)) | (Some(4979), _) => {
            return Crs::epsg(4979);
        }
        // What is not in the table is younger than it, and what has heights is taken flat.
        (Some(code), _) if register::geodetic(code).is_none_or(|g| !g.has_height) => {
            return Crs::epsg(u32::from(code));
        }
        _ => {}
    }
    bound(keys, geodetic(keys).text())
}

fn geocentric(keys: &Keys) -> Crs {
    match keys.code(GEODETIC_CRS) {
        Some(4978 | 4326) => Crs::epsg(4978),
        _ => Crs::wkt(geodetic(keys).geocentric(length(keys))),
    }
}

fn by_projection(keys: &Keys) -> Crs {
    if let Some(code) = keys.code(PROJECTED_CRS) {
        // As in GDAL, a unit that contradicts the code goes before it: a code would say metres of feet.
        return match in_other_unit(keys, code) {
            Some(text) => Crs::wkt(text),
            None => Crs::epsg(u32::from(code)),
        };
    }
    let base = geodetic(keys);
    match (projected(keys, &base), citation::esri_text(keys)) {
        (Some(text), _) => {
            // A base of the register knows the way to WGS 84 better.
            if base.code.is_some() {
                Crs::wkt(text)
            } else {
                bound(keys, text)
            }
        }
        (None, Some(text)) => Crs::wkt(text),
        (None, None) => Crs::wkt(engineering(keys)),
    }
}

/// The system `text`, with the way to WGS 84 that the keys give.
fn bound(keys: &Keys, text: String) -> Crs {
    let Some([x, y, z, rx, ry, rz, scale]) = to_wgs84(keys) else {
        return Crs::wkt(text);
    };
    let second = "ANGLEUNIT[\"arc-second\",4.84813681109536E-06]";
    Crs::wkt(format!(
        "BOUNDCRS[SOURCECRS[{text}],TARGETCRS[{WGS84}],\
         ABRIDGEDTRANSFORMATION[\"unnamed\",\
         METHOD[\"Position Vector transformation (geog2D domain)\",ID[\"EPSG\",9606]],\
         PARAMETER[\"X-axis translation\",{x:?}],PARAMETER[\"Y-axis translation\",{y:?}],\
         PARAMETER[\"Z-axis translation\",{z:?}],PARAMETER[\"X-axis rotation\",{rx:?},{second}],\
         PARAMETER[\"Y-axis rotation\",{ry:?},{second}],\
         PARAMETER[\"Z-axis rotation\",{rz:?},{second}],\
         PARAMETER[\"Scale difference\",{:?}]]]",
        1.0 + scale * 1e-6
    ))
}

const WGS84: &str = "GEOGCRS[\"WGS 84\",DATUM[\"World Geodetic System 1984\",\
    ELLIPSOID[\"WGS 84\",6378137,298.257223563,LENGTHUNIT[\"metre\",1]]],\
    PRIMEM[\"Greenwich\",0,ANGLEUNIT[\"degree\",0.0174532925199433]],CS[ellipsoidal,2],\
    AXIS[\"latitude\",north,ORDER[1]],AXIS[\"longitude\",east,ORDER[2]],\
    ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",4326]]";

const USER_DEFINED: u16 = 32767;
const PROJECTED: u16 = 1;
const GEOGRAPHIC: u16 = 2;
const GEOCENTRIC: u16 = 3;
const WGS84_ELLIPSOIDAL_HEIGHT: u16 = 5030;

// Keys: OGC 19-008r4, annex B.
const GT_MODEL_TYPE: u16 = 1024;
pub(super) const GT_RASTER_TYPE: u16 = 1025;
const PROJECTED_CRS: u16 = 3072;
