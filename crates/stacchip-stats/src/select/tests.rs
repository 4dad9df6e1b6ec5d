//! The table of `--stats auto`, row by row.

use super::*;
use crate::MaskSource;

fn scene(collection: &str, assets: &[&str]) -> Scene {
    Scene {
        id: "i".to_owned(),
        collection: (!collection.is_empty()).then(|| collection.to_owned()),
        assets: assets
            .iter()
            .map(|key| Asset {
                key: (*key).to_owned(),
                href: format!("./{key}.tif"),
                ..Asset::default()
            })
            .collect(),
        ..Scene::default()
    }
}

/// Name, asset, what tells, number of warnings, whether a raster without a mask is told.
fn found(selection: &Selection) -> (String, String, Option<Validity>, usize, bool) {
    let validity = match selection.rule.source() {
        MaskSource::Validity { validity, .. } => Some(validity),
        _ => None,
    };
    (
        selection.rule.name().to_owned(),
        asset_of(&*selection.rule),
        validity,
        selection.warnings.len(),
        selection.warn_if_undeclared,
    )
}

fn auto_of(scene: &Scene) -> (String, String, Option<Validity>, usize, bool) {
    found(&select(&StatsChoice::Auto, None, scene).unwrap())
}

fn row(
    name: &str,
    asset: &str,
    validity: Option<Validity>,
    warnings: usize,
    undeclared: bool,
) -> (String, String, Option<Validity>, usize, bool) {
    (
        name.to_owned(),
        asset.to_owned(),
        validity,
        warnings,
        undeclared,
    )
}

const NODATA: Option<Validity> = Some(Validity::Nodata {
    band: None,
    value: None,
});
const DECLARED: Option<Validity> = Some(Validity::Declared { otherwise: None });

#[test]
fn landsat() {
    let wanted = row("landsat-qa", "qa_pixel", None, 0, false);
    assert_eq!(
        auto_of(&scene("landsat-c2l2-sr", &["red", "qa_pixel"])),
        wanted
    );
    assert_eq!(auto_of(&scene("anything", &["red", "qa_pixel"])), wanted);
    let error = select(
        &StatsChoice::Auto,
        None,
        &scene("landsat-c2-l2", &["red", "b"]),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "item i has no asset `qa_pixel`, which landsat-qa reads (it has: red, b); choose another \
         rule with --stats"
    );
    let mut bare = scene("", &["red"]);
    bare.spacecraft = Some("LANDSAT_8".to_owned());
    assert!(select(&StatsChoice::Auto, None, &bare).is_err());
    // Collection 1 has another quality band, and products made of Landsat have none.
    bare.collection = Some("landsat-8-l1-c1".to_owned());
    assert_eq!(auto_of(&bare), row("mask", "red", DECLARED, 0, true));
    bare.collection = Some("HLSL30.v2.0".to_owned());
    assert_eq!(auto_of(&bare).0, "mask");
}

#[test]
fn sentinel_2() {
    let wanted = |asset| row("sentinel-2-scl", asset, None, 0, false);
    assert_eq!(
        auto_of(&scene("sentinel-2-l2a", &["blue", "SCL"])),
        wanted("SCL")
    );
    assert_eq!(auto_of(&scene("", &["blue", "scl"])), wanted("scl"));
    let without = row("nodata", "blue", NODATA, 1, true);
    assert_eq!(auto_of(&scene("sentinel-2-l2a", &["blue"])), without);
    let mut satellite = scene("my-own", &["blue"]);
    satellite.constellation = Some("Sentinel 2".to_owned());
    assert_eq!(auto_of(&satellite), without);
}

#[test]
fn the_others() {
    let modis = scene("modis-09A1-061", &["sur_refl_b01", "sur_refl_qc_500m"]);
    assert_eq!(
        auto_of(&modis),
        row("modis-qc", "sur_refl_qc_500m", None, 0, false)
    );
    let without = select(&StatsChoice::Auto, None, &scene("modis-09A1-061", &["b01"]));
    assert!(matches!(without, Err(StatsError::MissingAsset { .. })));

    let rtc = auto_of(&scene("sentinel-1-rtc", &["vv", "vh"]));
    assert_eq!(rtc, row("nodata", "vv", NODATA, 0, true));

    let black = Some(Validity::Declared {
        otherwise: Some(0.0),
    });
    let linz = auto_of(&scene("linz", &["other", "visual"]));
    assert_eq!(linz, row("mask", "visual", black, 0, false));
    assert_eq!(
        auto_of(&scene("linz", &["asset"])),
        row("mask", "asset", black, 0, false)
    );

    assert_eq!(
        auto_of(&scene("naip", &["x", "image"])),
        row("mask", "image", DECLARED, 0, false)
    );
    assert_eq!(
        auto_of(&scene("", &["dem"])),
        row("mask", "dem", DECLARED, 0, true)
    );

    let mut picture = scene("", &["preview"]);
    picture.assets[0].media_type = Some("image/png".to_owned());
    assert_eq!(auto_of(&picture), row("none", "", None, 1, false));
}

#[test]
fn by_name() {
    let item = scene("naip", &["a", "B"]);
    let by_name = |text: &str| {
        let choice: StatsChoice = text.parse().unwrap();
        select(&choice, None, &item).map(|s| found(&s))
    };
    assert_eq!(by_name("none").unwrap(), row("none", "", None, 0, false));
    assert_eq!(
        by_name("mask").unwrap(),
        row("mask", "a", Some(Validity::Mask), 0, true)
    );
    assert_eq!(
        by_name("nodata:b:2=7").unwrap(),
        row(
            "nodata",
            "B",
            Some(Validity::Nodata {
                band: Some(1),
                value: Some(7.0)
            }),
            0,
            true
        )
    );
    for missing in [
        "landsat-qa",
        "sentinel-2-scl",
        "modis-qc",
        "mask:c",
        "nodata:c",
    ] {
        assert!(
            matches!(by_name(missing), Err(StatsError::MissingAsset { .. })),
            "{missing}"
        );
    }
    let empty = select(&StatsChoice::Mask { asset: None }, None, &scene("", &[]));
    assert_eq!(
        empty.unwrap_err().to_string(),
        "item i has no TIFF asset that mask could read; --stats none needs none"
    );
}

#[test]
fn a_rules_file_goes_first() {
    let rules: RulesFile =
        "[[rule]]\ncollections = [\"mine\"]\nasset = \"QA\"\ncloud = { any_bits = [1] }\n"
            .parse()
            .unwrap();
    let of = |item: &Scene| select(&StatsChoice::Auto, Some(&rules), item).map(|s| found(&s));
    assert_eq!(
        of(&scene("mine", &["a", "qa"])).unwrap(),
        row("rule 1", "qa", None, 0, false)
    );
    assert_eq!(of(&scene("other", &["scl"])).unwrap().0, "sentinel-2-scl");
    assert!(matches!(
        of(&scene("mine", &["a"])),
        Err(StatsError::MissingAsset { .. })
    ));
}
