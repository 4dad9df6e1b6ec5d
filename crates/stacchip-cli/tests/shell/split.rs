//! `split` as people and scripts call it.

use std::fs;

use crate::desk::{Desk, typed};

#[test]
fn a_place_is_in_one_split() {
    let desk = Desk::new("sentinel-2");
    let index = typed("index scene/item.json --chip-size 16 --max-nodata 1 --no-headers");
    desk.json(&[&index[..], &["-o", "d"]].concat());
    let split = typed("split d --by cell:15 --strata cloud_cover_percentage");
    let told = desk.json(&split);
    let count = |name: &str| told[name].as_u64().unwrap();
    assert_eq!(count("train") + count("val") + count("test"), 37 * 37);
    assert_eq!((count("left_out"), count("places")), (0, 37 * 37));
    assert!(
        (0.75..0.85).contains(&(count("train") as f64 / (37.0 * 37.0))),
        "{told}"
    );
    assert_eq!(desk.json(&["split", "d", "--check"])["leaks"], 0);

    // It is still an index, and is not split again unasked.
    assert_eq!(desk.json(&["info", "d"])["rows"], 37 * 37);
    desk.json(&typed("chip d --row 5 --assets red -o c.npy"));
    assert!(
        desk.fails(&split, 1)
            .contains("has a column `split` already")
    );
    let table: Vec<_> = fs::read_dir(desk.path("d"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "parquet"))
        .collect();
    assert_eq!(table.len(), 1);

    // The same places split by another lot leak, whatever the table is called.
    fs::copy(&table[0], desk.path("other.parquet")).unwrap();
    let again = typed("split other.parquet --by cell:15 --seed 7 --overwrite");
    desk.json(&again);
    assert_eq!(
        desk.json(&["split", "other.parquet", "--check"])["leaks"],
        0
    );
    fs::copy(desk.path("other.parquet"), desk.path("d/other.parquet")).unwrap();
    let said = desk.fails(&["split", "d", "--check"], 1);
    assert!(
        said.contains("share ground and are in different splits"),
        "{said}"
    );
    assert!(said.contains("were not split together"), "{said}");
    assert!(
        desk.fails(&typed("split d --column geometry --overwrite"), 2)
            .contains("is one of every index")
    );

    assert!(
        desk.fails(&typed("split d --by street"), 2)
            .contains("`street` is no way")
    );
    assert!(
        desk.fails(&typed("split d --train -1 --val 2 --overwrite"), 2)
            .contains("shares of")
    );
    for wrong in ["--check --column x", "--strata x --overwrite"] {
        let said = desk.fails(&typed(&format!("split d {wrong}")), 2);
        assert!(said.contains("there is no column `x`"), "{said}");
        assert!(!said.contains("no chip index"), "{said}");
    }
}

#[test]
fn shares_are_of_all_chips() {
    let desk = Desk::new("sentinel-2");
    let index = typed("index scene/item.json --chip-size 16 --max-nodata 1 --no-headers");
    desk.json(&[&index[..], &["-o", "d.parquet"]].concat());
    for (shares, sum) in [("--train 0.5", "0.5"), ("--train 8 --val 1 --test 1", "10")] {
        let said = desk.fails(&typed(&format!("split d.parquet {shares}")), 2);
        assert!(said.contains(&format!("come to {sum}:")), "{said}");
    }
    let told = desk.json(&typed("split d.parquet --by cell:15 --train 0.8 --val 0.2"));
    assert_eq!(told["test"], 0);
    assert!(told["val"].as_u64().unwrap() > 200, "{told}");
    // An item whose table came later is in none, and is asked for as the others are.
    fs::create_dir(desk.path("both")).unwrap();
    fs::rename(desk.path("d.parquet"), desk.path("both/a.parquet")).unwrap();
    desk.json(&[&index[..], &["-o", "both/b.parquet"]].concat());
    let found = desk.json(&["query", "both", "--where", "split = 'val'"]);
    assert_eq!(found["rows"], told["val"]);

    let far = desk.must(&typed("split both --by cell:13 --buffer 2 --overwrite"));
    let said = String::from_utf8_lossy(&far.stderr).into_owned();
    assert!(said.contains("are in no split, too near"), "{said}");
    assert!(said.contains("train has 0."), "{said}");
}
