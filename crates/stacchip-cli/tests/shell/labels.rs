//! `label` and `chip --labels` as people and scripts call them.

use std::fs;

use serde_json::json;

use crate::desk::{Desk, npy};

/// Features over the sample scene: a polygon over its west, another in it, and one far away.
fn layer(desk: &Desk) {
    let extent = desk.json(&["info", "d"])["extent"].clone();
    let at = |i: usize| extent[i].as_f64().unwrap();
    let (w, s, e, n) = (at(0), at(1), at(2), at(3));
    let square = |w: f64, s: f64, e: f64, n: f64, class: &str, value: u32| {
        json!({"type": "Feature", "properties": {"class": class, "value": value}, "geometry": {
            "type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}})
    };
    let features = json!({"type": "FeatureCollection", "features": [
        square(w - 1.0, s - 1.0, f64::midpoint(w, e), n + 1.0, "west", 7),
        square(w - 1.0, s - 1.0, w + (e - w) / 8.0, n + 1.0, "far west", 9),
        square(w + 50.0, s, w + 51.0, n, "elsewhere", 1),
    ]});
    fs::write(desk.path("l.geojson"), features.to_string()).unwrap();
}

#[test]
fn chips_are_labelled() {
    let desk = Desk::new("sentinel-2");
    let index = [
        "index",
        "scene/item.json",
        "--chip-size",
        "100",
        "--max-nodata",
        "1",
    ];
    desk.json(&[&index[..], &["-o", "d"]].concat());
    layer(&desk);
    let label = ["label", "d", "l.geojson", "--attribute", "class"];
    let told = desk.json(&[&label[..], &["-o", "touched.parquet"]].concat());
    assert_eq!((&told["chips"], &told["features"]), (&json!(36), &json!(3)));
    let touched = told["rows"].as_u64().unwrap();
    assert!((18..=24).contains(&touched), "{told}");
    assert_eq!(
        told["classes"],
        json!({"elsewhere": 1, "far west": 2, "west": 3})
    );
    let rows = |condition: &str| {
        desk.json(&["query", "touched.parquet", "--where", condition])["rows"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        rows("label_fraction = 1 AND label = 'west' AND label_count >= 1")
            + rows("label_fraction < 1 OR label <> 'west'"),
        touched
    );
    assert!(rows("label_count = 2") >= 6);
    let half = desk.json(&[&label[..], &["--least", "1", "-o", "whole.parquet"]].concat());
    assert_eq!(half["rows"], rows("label_fraction = 1"));

    // Into the dataset itself, once.
    desk.json(&label);
    assert!(desk.fails(&label, 1).contains("say --overwrite"));
    desk.json(&[
        "label",
        "d",
        "l.geojson",
        "--attribute",
        "value",
        "--overwrite",
    ]);
    let found = desk.json(&["query", "d", "--where", "label = 7 AND label_fraction > 0"]);
    assert!(found["rows"].as_u64().unwrap() >= 12, "{found}");
    assert_eq!(desk.json(&["info", "d"])["check"]["errors"], json!([]));

    // Burnt beside the chips.
    let chip = [
        "chip",
        "d",
        "--row",
        "0",
        "--assets",
        "red",
        "--labels",
        "l.geojson",
    ];
    desk.json(&[&chip[..], &["--label-value", "class", "-o", "c.tif"]].concat());
    let told = desk.json(&["info", "c.label.tif"]);
    assert_eq!(
        (&told["dtype"], &told["width"]),
        (&json!("uint8"), &json!(100))
    );
    desk.json(&[&chip[..], &["--label-value", "value", "-o", "c.npy"]].concat());
    let (header, data) = npy(&desk.path("c.label.npy"));
    assert!(
        header.contains("|u1") && header.contains("(1, 100, 100)"),
        "{header}"
    );
    assert!(
        data.contains(&9) && data.iter().all(|v| [0, 7, 9].contains(v)),
        "{header}"
    );
    desk.json(&[&chip[..], &["-o", "c.npz"]].concat());
    assert!(!desk.path("c.label.npz").exists());
    for (args, said) in [
        (
            ["--label-value", "size", "-o", "x.npz"],
            "no feature has an attribute `size`",
        ),
        (["--label-value", "1", "-o", "x.png"], "labels go into .npz"),
    ] {
        let told = desk.fails(&[&chip[..], &args].concat(), 2);
        assert!(told.contains(said), "{told}");
    }
    assert!(
        desk.fails(&["label", "d", "none.gpkg", "-o", "x.parquet"], 1)
            .contains("none.gpkg")
    );
    assert!(
        desk.fails(&["label", "d", "l.geojson", "--attribute", "size"], 2)
            .contains("the first has: class, value")
    );
}
