//! `query` as people and scripts call it.

use std::fs;

use serde_json::json;

use crate::desk::{Desk, lines_of_items, npy, typed};

#[test]
fn chips_are_found_by_condition() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(40)).unwrap();
    let args = typed("index items.ndjson --stats none --no-headers -o");
    desk.json(&[&args[..], &["d"]].concat());
    let found = desk.json(&[
        "query",
        "d",
        "--where",
        "chip_index_x = 2",
        "--datetime",
        "2024-03-05",
    ]);
    // Two items of the day, four chips of each; of the others nothing but the footer is read.
    assert_eq!(
        (found["rows"].as_u64(), found["tables_read"].as_u64()),
        (Some(8), Some(2))
    );
    assert_eq!(found["chips"][0], "item-0004-2-0");

    desk.json(&typed("merge d -o m.parquet"));
    let sample = typed("query m.parquet --sample 100 --seed 7 --per-item 3 -o");
    let told = desk.json(&[&sample[..], &["s.parquet"]].concat());
    assert_eq!(
        (told["rows"].as_u64(), told["answering"].as_u64()),
        (Some(100), Some(640))
    );
    assert_eq!(desk.json(&["info", "s.parquet"])["rows"], 100);
    desk.json(&[&sample[..], &["again.parquet"]].concat());
    assert_eq!(
        fs::read(desk.path("s.parquet")).unwrap(),
        fs::read(desk.path("again.parquet")).unwrap()
    );

    let whole = desk.json(&["info", "m.parquet"])["extent"].clone();
    let [w, s, e, n] = [0, 1, 2, 3].map(|i| whole[i].as_f64().unwrap());
    let bbox = format!("{w},{s},{},{}", w + (e - w) / 4.0, s + (n - s) / 2.0);
    let some = desk.json(&["query", "m.parquet", "--bbox", &bbox])["rows"]
        .as_u64()
        .unwrap();
    assert!((60..160).contains(&some), "{some}");
    let json =
        json!({"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]});
    let all = desk.json(&["query", "m.parquet", "--intersects", &json.to_string()]);
    assert_eq!(all["rows"], 640);

    assert!(
        desk.fails(&typed("query m.parquet --where cloudy"), 2)
            .contains("no column `cloudy`")
    );
    assert!(
        desk.fails(&typed("query m.parquet -o x"), 2)
            .contains("ending in .parquet")
    );
    assert!(
        desk.fails(&typed("query m.parquet -o s.parquet"), 1)
            .contains("exists already")
    );
    assert!(
        desk.fails(
            &["chip", "m.parquet", "--where", "1 = 1", "--all", "-o", "c/"],
            2
        )
        .contains("--all")
    );
}

#[test]
fn chips_are_cut_by_condition() {
    let desk = Desk::new("sentinel-2");
    desk.json(&typed(
        "index scene/item.json --chip-size 64 --max-nodata 1 -o d",
    ));
    let where_ = [
        "--where",
        "chip_index_x IN (1, 2) AND chip_index_y = 3",
        "--assets",
        "red",
    ];
    let told = desk.json(&[&["chip", "d"], &where_[..], &["-o", "c/{chipid}.npy"]].concat());
    assert_eq!(told["chips"].as_array().unwrap().len(), 2);
    let id = told["chips"][1]["chipid"].as_str().unwrap().to_owned();
    desk.json(&["chip", "d", "--id", &id, "--assets", "red", "-o", "one.npy"]);
    assert_eq!(
        npy(&desk.path(&format!("c/{id}.npy"))),
        npy(&desk.path("one.npy"))
    );
    desk.json(&[&["explain", "d"], &where_[..]].concat());
}
