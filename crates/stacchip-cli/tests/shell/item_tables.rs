//! Items as stac-geoparquet: indexed, and kept beside indexes.

use std::fs;

use crate::desk::{Desk, npy, typed};

#[test]
fn items_are_kept_as_a_table_and_indexed_from_it() {
    let desk = Desk::new("linz");
    desk.json(&typed(
        "index scene/item.json -o lines.parquet --max-nodata 1",
    ));
    let told = desk.json(&typed(
        "merge lines.parquet -o table.parquet --items geoparquet",
    ));
    assert_eq!(told["items"], 1);
    assert!(desk.path("table.items.geoparquet").is_file());
    assert!(!desk.path("table.items.ndjson").exists());

    // Relative addresses in it resolve against where it lies.
    fs::copy(
        desk.path("table.items.geoparquet"),
        desk.path("scene/items.geoparquet"),
    )
    .unwrap();
    // The items that a table holds are those that it was made of.
    let of = |items: &str, out: &str| {
        let told = desk.json(&["index", items, "-o", out, "--max-nodata", "1"]);
        (told["rows"].clone(), told["failed"].clone())
    };
    let (rows, failed) = of("scene/item.json", "again.parquet");
    assert!(rows.as_u64() > Some(0));
    assert_eq!(
        of("scene/items.geoparquet", "of_table.parquet"),
        (rows, failed)
    );

    // Rows lead to their pixels by the table alone. A merge puts them in another order.
    let item = desk.path("scene/item.json");
    let text = fs::read_to_string(&item).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let id = format!("{}-0-0", json["id"].as_str().unwrap());
    let chip = |index: &str, out: &str| {
        desk.json(&["chip", index, "--id", &id, "-o", out, "--overwrite"]);
        npy(&desk.path(out))
    };
    let wanted = chip("lines.parquet", "lines.npy");
    fs::rename(&item, desk.path("scene/away")).unwrap();
    assert!(chip("table.parquet", "table.npy") == wanted);
    let info = desk.json(&typed("info table.parquet"));
    assert_eq!(info["check"]["valid"], true, "{info}");
    assert_eq!(info["items_kept"], 1, "{info}");

    // Lines and tables of one item say the same; into a folder, and back to lines.
    let told = desk.json(&typed(
        "merge table.parquet lines.parquet -o both --items geoparquet",
    ));
    assert_eq!(
        (told["items"].as_u64(), told["duplicates"].clone()),
        (Some(1), told["rows"].clone())
    );
    assert!(desk.path("both/items/_+all.geoparquet").is_file());
    assert!(chip("both", "both.npy") == wanted);
    desk.json(&typed("merge table.parquet -o both --overwrite"));
    assert!(desk.path("both/items/_+all.ndjson").is_file());
    assert!(!desk.path("both/items/_+all.geoparquet").exists());
    assert!(chip("both", "both.npy") == wanted);
}
