//! `series` as people and scripts call it.

use std::fs;

use serde_json::{Value, json};

use crate::desk::Desk;

#[test]
fn chips_follow_each_other_in_series() {
    let desk = Desk::new("sentinel-2");
    let item: Value =
        serde_json::from_slice(&fs::read(desk.path("scene/item.json")).unwrap()).unwrap();
    let mut lines = String::new();
    for (number, date) in ["2024-05-01", "2024-05-11", "2024-06-01"]
        .iter()
        .enumerate()
    {
        let mut item = item.clone();
        item["id"] = json!(format!("at{number}"));
        item["properties"]["datetime"] = json!(format!("{date}T10:00:00Z"));
        lines.push_str(&item.to_string());
        lines.push('\n');
    }
    fs::write(desk.path("scene/items.ndjson"), lines).unwrap();
    let index = [
        "index",
        "scene/items.ndjson",
        "--chip-size",
        "100",
        "--max-nodata",
        "1",
        "--no-headers",
    ];
    desk.json(&[&index[..], &["-o", "d"]].concat());
    let told = desk.json(&["series", "d"]);
    assert_eq!(told["series"], 36);
    assert_eq!(
        (&told["in_series"], &told["steps"]),
        (&json!(72), &json!([2, 2]))
    );
    let may = desk.json(&[
        "query",
        "d",
        "--where",
        "period = '2024-05' AND item_id = 'at0'",
    ]);
    assert_eq!(may["rows"], 36, "of two that are alike the earlier one");
    assert!(desk.fails(&["series", "d"], 1).contains("say --overwrite"));
    let all = desk.json(&["series", "d", "--all", "--period", "year", "--overwrite"]);
    assert_eq!(
        (&all["in_series"], &all["steps"]),
        (&json!(108), &json!([1, 1]))
    );
    let long = desk.json(&[
        "series",
        "d",
        "--least-steps",
        "4",
        "--period",
        "day",
        "--overwrite",
    ]);
    assert_eq!(long["in_series"], 0);
    assert!(
        desk.fails(&["series", "d", "--by", "cell:44"], 2)
            .contains("cell:LEVEL")
    );
    assert_eq!(desk.json(&["info", "d"])["check"]["errors"], json!([]));
}
