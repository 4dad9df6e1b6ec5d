//! `info` of indexes as people and scripts call it.

use std::fs;

use serde_json::json;

use crate::desk::Desk;

#[test]
fn an_index_is_looked_through() {
    let desk = Desk::new("naip");
    let index = [
        "index",
        "scene/item.json",
        "--chip-size",
        "100",
        "--max-nodata",
        "1",
    ];
    desk.json(&[&index[..], &["-o", "d"]].concat());
    let told = desk.json(&["info", "d"]);
    assert_eq!(
        told["check"],
        json!({"valid": true, "errors": [], "warnings": []}),
        "{told}"
    );
    assert_eq!(
        (&told["items_kept"], &told["headers_kept"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(told["schema_versions"], json!(["1.1"]));
    let table = fs::read_dir(desk.path("d"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let table = table
        .into_iter()
        .find(|p| p.extension().is_some_and(|e| e == "parquet"))
        .unwrap();
    fs::copy(&table, desk.path("d/again.parquet")).unwrap();
    let told = desk.json(&["info", "d"]);
    assert_eq!(told["check"]["errors"][0]["about"], "duplicates", "{told}");
    assert_eq!(told["check"]["valid"], false);
    fs::remove_file(desk.path("d/again.parquet")).unwrap();
    let headers = fs::read_dir(desk.path("d/headers"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(&headers, b"none").unwrap();
    let told = desk.json(&["info", "d"]);
    assert_eq!(told["check"]["errors"][0]["about"], "beside", "{told}");
    let text = String::from_utf8(desk.run(&["info", "d"]).stdout).unwrap();
    assert!(
        text.contains("check       1 error(s), 0 warning(s)"),
        "{text}"
    );
    // What is no table at all is one error.
    let bytes = fs::read(&table).unwrap();
    for cut in [3, bytes.len() / 2, bytes.len() - 20] {
        fs::write(&table, &bytes[..cut]).unwrap();
        let said = desk.fails(&["info", "d"], 1);
        assert_eq!(said.trim().lines().count(), 1, "{said}");
    }
}
