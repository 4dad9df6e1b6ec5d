//! `query` as people and scripts call it.

use std::{fs, path::Path, process::Stdio};

use serde_json::json;
use stacchip_adapters::parquet::{Table, read_chips};

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

#[test]
fn a_wrong_condition_is_told_as_one() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(2)).unwrap();
    desk.json(&typed(
        "index items.ndjson --stats none --no-headers -o d.parquet",
    ));
    for (text, part) in [
        ("1", "neither true nor false"),
        ("chipid = 1", "cannot be compared"),
        ("date = '11.3.2024'", "is no day"),
        ("cloudy > 1", "no column `cloudy`"),
    ] {
        for call in [
            vec!["query", "d.parquet", "--where", text],
            vec!["chip", "d.parquet", "--where", text, "-o", "e/"],
        ] {
            let said = desk.fails(&call, 2);
            assert!(said.contains(part), "{said}");
            assert!(!said.contains("no chip index"), "{said}");
        }
    }
    let over = "chip_index_x + 9223372036854775807 > 0";
    let said = desk.fails(&["query", "d.parquet", "--where", over], 1);
    assert!(
        said.contains("verflow") && !said.contains("no chip index"),
        "{said}"
    );
    let minus = desk.json(&["query", "d.parquet", "--where", "-chip_index_x < -2"]);
    assert_eq!(minus["rows"], 8);
    desk.fails(
        &["query", "d.parquet", "--datetime", "2024-03-05/2024-03-01"],
        2,
    );

    for out in ["e/", "e.npz"] {
        let said = desk.fails(&["chip", "d.parquet", "--where", "1 = 0", "-o", out], 1);
        assert!(said.contains("no chip answers to `1 = 0`"), "{said}");
    }
    let before = fs::read(desk.path("d.parquet")).unwrap();
    let call = typed("query ./d.parquet --where chip_index_x=1 --overwrite -o d.parquet");
    assert!(desk.fails(&call, 2).contains("read and written at once"));
    assert_eq!(fs::read(desk.path("d.parquet")).unwrap(), before);
}

#[test]
fn a_limit_leaves_the_same_chips_everywhere() {
    let desk = Desk::new("sentinel-2");
    desk.json(&typed(
        "index scene/item.json --chip-size 100 --max-nodata 1 --no-headers -o i.parquet",
    ));
    // A share that is more in 64 bit than the decimal number it is told as.
    let clouds = clouds(&desk.path("i.parquet"));
    let limit = clouds.iter().find_map(|cloud| {
        let (told, wide) = (cloud.to_string(), f64::from(*cloud));
        let limit: f64 = told.parse().unwrap();
        (limit < wide).then_some((told, *cloud))
    });
    let (limit, least) = limit.unwrap();
    let count = clouds.iter().filter(|cloud| **cloud <= least).count();
    let told = desk.json(&[
        "query",
        "i.parquet",
        "--where",
        &format!("cloud_cover_percentage <= {limit}"),
    ]);
    assert_eq!(told["rows"], count);
    let limited = ["--max-cloud", &limit];
    let cubes = typed("prechip i.parquet -o out --cube-size 4 --assets red");
    let told = desk.json(&[&cubes[..], &limited[..]].concat());
    assert_eq!(told["plan"]["chips"], count);
    let cubes =
        typed("prechip i.parquet -o parity --cube-size 1 --assets red --parity --max-nodata 1");
    let told = desk.json(&[&cubes[..], &limited[..]].concat());
    let wide = clouds
        .iter()
        .filter(|c| f64::from(**c) <= limit.parse().unwrap());
    assert_eq!(told["plan"]["chips"], wide.count());
    let series = typed("series i.parquet --all");
    let told = desk.json(&[&series[..], &limited[..]].concat());
    assert_eq!(told["in_series"], count);
}

/// The shares of cloud that a table has.
#[expect(clippy::cast_possible_truncation, reason = "as the column holds it")]
fn clouds(table: &Path) -> Vec<f32> {
    let table = Table::open(table).unwrap();
    let mut clouds = Vec::new();
    for group in 0..table.groups() {
        let row = |row: &stacchip::index::ChipRow| row.quality.cloud.get() as f32;
        read_chips(&table, group, |rows| clouds.extend(rows.iter().map(row))).unwrap();
    }
    clouds
}

#[test]
fn who_hangs_up_is_no_failure() {
    let desk = Desk::new("sentinel-2");
    desk.must(&typed(
        "index scene/item.json --chip-size 128 --max-nodata 1 -o i.parquet",
    ));
    for call in [
        "info i.parquet",
        "info i.parquet --json",
        "query i.parquet",
        "chip i.parquet --row 0 --assets red --format npy -o -",
        "completions bash",
    ] {
        let mut command = desk.command(&typed(call));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            out.status.success() && !said.contains("pipe"),
            "{call}: {said}"
        );
    }
}

#[test]
fn chips_of_one_id_are_told_apart() {
    let desk = Desk::new("sentinel-2");
    for size in ["128", "64"] {
        let index = typed("index scene/item.json --max-nodata 1 --no-headers --chip-size");
        let out = format!("i{size}.parquet");
        desk.json(&[&index[..], &[size, "-o", &out]].concat());
    }
    desk.json(&typed("merge i128.parquet i64.parquet -o m.parquet"));
    let id = desk.json(&typed("query i128.parquet --where chip_index_x=1"))["chips"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let cut = ["chip", "m.parquet", "--assets", "red"];
    let said = desk.fails(&[&cut[..], &["--id", &id, "-o", "one.npy"]].concat(), 1);
    assert!(said.contains("2 chips have the id"), "{said}");
    for size in ["64", "128"] {
        let choice = format!("chipid = '{id}' AND chip_size = {size}");
        assert!(said.contains(&choice), "{said}");
        let out = format!("{size}.npy");
        desk.json(&[&cut[..], &["--where", &choice, "-o", &out]].concat());
        let (header, _) = npy(&desk.path(&out));
        assert!(header.contains(&format!("{size}, {size}")), "{header}");
    }
    // The same chip twice is one.
    fs::create_dir(desk.path("d")).unwrap();
    fs::copy(desk.path("i64.parquet"), desk.path("d/a.parquet")).unwrap();
    fs::copy(desk.path("i64.parquet"), desk.path("d/b.parquet")).unwrap();
    fs::copy(desk.path("i64.items.ndjson"), desk.path("d/a.items.ndjson")).unwrap();
    desk.json(&typed(&format!(
        "chip d --id {id} --assets red -o twice.npy"
    )));
    assert_eq!(npy(&desk.path("twice.npy")), npy(&desk.path("64.npy")));
}
