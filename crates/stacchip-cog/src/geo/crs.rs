//! From GeoKeys to a reference system.

use stacchip_model::Crs;

use super::keys::Keys;

/// The reference system that `keys` describe; nothing where they describe none.
pub(crate) fn crs(keys: &Keys) -> Option<Crs> {
    let code = |key| {
        keys.short(key)
            .filter(|&v| v != 0 && v != USER_DEFINED)
            .map(u32::from)
    };
    match keys.short(GT_MODEL_TYPE) {
        Some(GEOGRAPHIC) => code(GEODETIC_CRS).map(Crs::epsg),
        _ => code(PROJECTED_CRS)
            .or_else(|| code(GEODETIC_CRS))
            .map(Crs::epsg),
    }
}

const GT_MODEL_TYPE: u16 = 1024;
const GEODETIC_CRS: u16 = 2048;
const PROJECTED_CRS: u16 = 3072;
const GEOGRAPHIC: u16 = 2;
const USER_DEFINED: u16 = 32767;
