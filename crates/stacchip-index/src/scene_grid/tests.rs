//! Which grid is chosen, what is missing, what disagrees.

use stacchip_model::Projection;

use super::*;

const UTM: u32 = 32620;

fn transform(pixel: f64) -> Affine {
    Affine::new(pixel, 0.0, 600_000.0, 0.0, -pixel, 5_000_000.0)
}

fn projection(crs: Option<u32>, size: Option<u32>, pixel: Option<f64>) -> Projection {
    Projection {
        crs: crs.map(Crs::epsg),
        shape: size.map(|s| Size::new(s, s)),
        transform: pixel.map(transform),
        bbox: None,
    }
}

fn asset(key: &str, projection: Projection) -> Asset {
    Asset {
        key: key.to_owned(),
        href: format!("./{key}.tif"),
        projection,
        ..Asset::default()
    }
}

fn scene(projection: Projection, assets: Vec<Asset>) -> Scene {
    Scene {
        id: "i".to_owned(),
        projection,
        assets,
        ..Scene::default()
    }
}

fn header(asset: &str, crs: Option<u32>, size: u32, pixel: f64) -> RasterHeader {
    RasterHeader {
        asset: asset.to_owned(),
        crs: crs.map(Crs::epsg),
        size: Size::new(size, size),
        transform: Some(transform(pixel)),
    }
}

fn lines(found: &SceneGrid) -> Vec<String> {
    found
        .contradictions
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_items_own_fields_go_first() {
    let item = scene(
        projection(Some(UTM), Some(1000), Some(10.0)),
        vec![
            asset("pan", projection(None, Some(2000), Some(5.0))),
            asset("red", Projection::default()),
        ],
    );
    let found = SceneGrid::of(&item, &[], None).unwrap();
    assert_eq!(found.source, Source::Item);
    assert_eq!(found.grid.size, Size::new(1000, 1000));
    // The red band has what the item says, so nothing is in doubt.
    assert_eq!(lines(&found), [""; 0]);
}

#[test]
fn shape_and_transform_are_of_one_raster() {
    // Upstream takes the largest shape and the smallest transform, each from another asset.
    let mut preview = asset("thumbnail", projection(None, Some(9999), Some(0.1)));
    preview.roles = vec!["thumbnail".to_owned()];
    let item = scene(
        projection(Some(UTM), None, None),
        vec![
            preview,
            asset("scl", projection(None, Some(5000), Some(20.0))),
            asset("aux", projection(None, Some(8000), Some(60.0))),
            asset("blue", projection(None, Some(2000), Some(10.0))),
        ],
    );
    let found = SceneGrid::of(&item, &[], None).unwrap();
    assert_eq!(found.source, Source::Asset("blue".to_owned()));
    assert_eq!(found.grid.size, Size::new(2000, 2000));
    assert_eq!(found.grid.transform, transform(10.0));
    assert_eq!(found.grid.crs, Crs::epsg(UTM));
}

#[test]
fn reference_systems_of_assets_are_seen() {
    let item = scene(
        Projection::default(),
        vec![
            asset("a", projection(Some(UTM), Some(100), Some(30.0))),
            asset("b", projection(Some(UTM + 1), Some(300), Some(10.0))),
        ],
    );
    let found = SceneGrid::of(&item, &[], None).unwrap();
    // Units may differ with systems, so the pixels are counted.
    assert_eq!(found.grid.crs, Crs::epsg(UTM + 1));
    assert_eq!(
        lines(&found),
        ["item i: asset `b` says EPSG:32621, asset `a` says EPSG:32620; the first is used"]
    );
}

#[test]
fn a_projected_box_stands_in() {
    let mut p = projection(Some(UTM), Some(100), None);
    p.bbox = Some(Bounds::new(600_000.0, 4_999_000.0, 601_000.0, 5_000_000.0));
    let found = SceneGrid::of(&scene(p.clone(), vec![]), &[], None).unwrap();
    assert_eq!(found.grid.transform, transform(10.0));

    p.shape = None;
    p.transform = Some(transform(20.0));
    let found = SceneGrid::of(&scene(p.clone(), vec![]), &[], None).unwrap();
    assert_eq!(found.grid.size, Size::new(50, 50));

    // No whole number of such pixels fills the box.
    p.transform = Some(transform(30.0));
    let missing = SceneGrid::of(&scene(p, vec![]), &[], None).unwrap_err();
    assert!(missing.shape && !missing.transform && !missing.crs);
}

#[test]
fn a_shape_by_hand_goes_first() {
    let item = scene(projection(Some(UTM), Some(100), Some(10.0)), vec![]);
    let found = SceneGrid::of(&item, &[], Some(Size::new(7, 9))).unwrap();
    assert_eq!(found.grid.size, Size::new(7, 9));
    assert_eq!(lines(&found), [""; 0]);
}

#[test]
fn what_is_missing_is_named_and_then_read() {
    let mut coarse = asset("coarse", Projection::default());
    coarse.gsd = Some(60.0);
    let mut fine = asset("fine", Projection::default());
    fine.gsd = Some(10.0);
    let mut meta = asset("meta", Projection::default());
    meta.media_type = Some("application/json".to_owned());
    let item = scene(projection(Some(UTM), None, None), vec![meta, coarse, fine]);
    let missing = SceneGrid::of(&item, &[], None).unwrap_err();
    assert_eq!(missing.ask, ["fine", "coarse"]);
    assert_eq!(
        missing.to_string(),
        "item i lacks proj:shape, proj:transform; the raster of asset `fine`, `coarse` may say"
    );
    let headers = [
        header("coarse", None, 10, 60.0),
        header("fine", None, 60, 10.0),
    ];
    let found = SceneGrid::of(&item, &headers, None).unwrap();
    assert_eq!(found.source, Source::Header("fine".to_owned()));
    assert_eq!(found.grid.crs, Crs::epsg(UTM));

    let bare = scene(Projection::default(), vec![]);
    assert_eq!(
        SceneGrid::of(&bare, &[], None).unwrap_err().to_string(),
        "item i lacks a reference system (proj:code, proj:epsg, proj:wkt2 or proj:projjson), \
         proj:shape, proj:transform, and has no TIFF asset that could say"
    );
}

#[test]
fn only_the_reference_system_is_read() {
    let item = scene(
        Projection::default(),
        vec![
            asset("a", projection(None, Some(100), Some(30.0))),
            asset("b", projection(None, Some(300), Some(10.0))),
        ],
    );
    let missing = SceneGrid::of(&item, &[], None).unwrap_err();
    assert!(missing.crs && !missing.shape && !missing.transform);
    assert_eq!(missing.ask[0], "b");
    let found = SceneGrid::of(&item, &[header("b", Some(UTM), 300, 10.0)], None).unwrap();
    assert_eq!(found.source, Source::Asset("b".to_owned()));
    assert_eq!(found.grid.crs, Crs::epsg(UTM));
    let silent = SceneGrid::of(&item, &[header("b", None, 300, 10.0)], None).unwrap_err();
    assert!(
        silent
            .to_string()
            .ends_with("and its rasters do not say either")
    );
}

#[test]
fn headers_that_say_something_else() {
    let item = scene(
        projection(Some(UTM), None, None),
        vec![asset("b", projection(None, Some(300), Some(10.0)))],
    );
    let mut other = header("b", Some(UTM + 100), 301, 10.0);
    other.transform = Some(transform(10.0).shifted(0.5, 0.5));
    let found = SceneGrid::of(&item, &[other], None).unwrap();
    assert_eq!(found.grid.size, Size::new(300, 300));
    assert_eq!(
        lines(&found),
        [
            "item i: the item says EPSG:32620, the raster of asset `b` says EPSG:32720; the first is used",
            "item i: asset `b` says 300 × 300 pixels, the raster of asset `b` says 301 × 301; the first is used",
            "item i: asset `b` and the raster of asset `b` put the raster 0.7 pixels apart \
             ([10.0, 0.0, 600000.0, 0.0, -10.0, 5000000.0] and [10.0, 0.0, 600005.0, 0.0, -10.0, \
             4999995.0]); the first is used",
        ]
    );
    let rounded = Affine::new(10.000_001, 0.0, 600_000.0, 0.0, -10.0, 5_000_000.0);
    let mut near = header("b", Some(UTM), 300, 10.0);
    near.transform = Some(rounded);
    assert_eq!(
        lines(&SceneGrid::of(&item, &[near], None).unwrap()),
        [""; 0]
    );
}

#[test]
fn an_items_grid_that_no_raster_has() {
    let item = scene(
        projection(Some(UTM), Some(100), Some(10.0)),
        vec![asset("b", Projection::default())],
    );
    let found = SceneGrid::of(&item, &[header("b", None, 200, 10.0)], None).unwrap();
    assert_eq!(
        lines(&found),
        [
            "item i: the item says 100 × 100 pixels, the raster of asset `b` says 200 × 200; the first is used"
        ]
    );
    let twice = SceneGrid::of(&item, &[header("b", None, 100, 20.0)], None).unwrap();
    assert!(matches!(
        twice.contradictions[0].about,
        Disagreement::Transform { pixels, .. } if (pixels - 100.0 * 2f64.sqrt()).abs() < 1e-9
    ));
}

#[test]
fn nonsense_is_no_grid() {
    for (size, t) in [
        (Size::new(0, 5), transform(10.0)),
        (Size::new(5, 5), transform(0.0)),
        (Size::new(5, 5), transform(f64::NAN)),
    ] {
        let p = Projection {
            crs: Some(Crs::epsg(UTM)),
            shape: Some(size),
            transform: Some(t),
            bbox: None,
        };
        assert!(SceneGrid::of(&scene(p, vec![]), &[], None).is_err());
    }
}
