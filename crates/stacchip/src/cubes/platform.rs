//! What models of each platform are trained with.

use stacchip_model::{Platform, Scene};

/// The assets that cubes of `scene` hold where none is asked for: those that upstream's hold, in its
/// order, where the item has them all under these keys. Nothing otherwise: then it is every asset that
/// holds data.
pub fn model_bands(scene: &Scene) -> Option<Vec<String>> {
    let platform = Platform::of(scene)?;
    let (_, keys, _) = CUBE_BANDS.iter().find(|(p, ..)| *p == platform)?;
    let has = |key: &&str| scene.assets.iter().any(|asset| asset.key == *key);
    keys.iter()
        .all(has)
        .then(|| keys.iter().map(|&key| key.to_owned()).collect())
}

/// The value that means no data in cubes of `platform`, where the raster did not say.
pub fn nodata_of(platform: Platform) -> Option<f64> {
    let found = CUBE_BANDS.iter().find(|(p, ..)| *p == platform);
    found.map(|(_, _, nodata)| *nodata)
}

/// Platforms, keys of the assets that upstream's cubes hold, and the value that means no data in them.
/// Upstream means 0 for Sentinel-1 as well, by an `if` that undoes the one before it.
pub const CUBE_BANDS: &[(Platform, &[&str], f64)] = &[
    (
        Platform::Sentinel2L2a,
        &[
            "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16",
            "swir22",
        ],
        0.0,
    ),
    (Platform::LandsatC2L2Sr, LANDSAT, 0.0),
    (Platform::LandsatC2L1, LANDSAT, 0.0),
    (Platform::Naip, &["image"], 0.0),
    (Platform::Linz, &["asset"], 0.0),
    (Platform::Sentinel1Rtc, &["vv", "vh"], -32768.0),
    (
        Platform::Modis,
        &[
            "sur_refl_b01",
            "sur_refl_b02",
            "sur_refl_b03",
            "sur_refl_b04",
            "sur_refl_b05",
            "sur_refl_b06",
            "sur_refl_b07",
        ],
        -28672.0,
    ),
];

const LANDSAT: &[&str] = &["red", "green", "blue", "nir08", "swir16", "swir22"];

#[cfg(test)]
mod tests {
    use stacchip_model::Asset;

    use super::*;

    #[test]
    fn bands_come_in_upstreams_order_where_all_are_there() {
        let asset = |key: &str| Asset {
            key: key.to_owned(),
            ..Asset::default()
        };
        let mut scene = Scene {
            collection: Some("sentinel-1-rtc".to_owned()),
            assets: ["tilejson", "vh", "vv"].map(asset).to_vec(),
            ..Scene::default()
        };
        assert_eq!(model_bands(&scene).unwrap(), ["vv", "vh"]);
        scene.assets.pop();
        assert_eq!(model_bands(&scene), None);
        scene.collection = Some("mine".to_owned());
        assert_eq!(model_bands(&scene), None);
    }

    #[test]
    fn every_platform_has_a_row() {
        for platform in Platform::all() {
            assert!(nodata_of(platform).is_some(), "{platform:?}");
        }
    }
}
