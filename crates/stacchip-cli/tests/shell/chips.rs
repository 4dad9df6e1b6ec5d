//! `chip` as people and scripts call it: lists of chips.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::desk::{Desk, files, npy, stderr, typed};

#[test]
fn chips_that_cannot_be_read_are_named_and_the_others_cut() {
    // Of more than one tile: of one alone all chips are read or none.
    let desk = Desk::empty();
    desk.json(&typed("sample scene --platform sentinel-2 --size 1100"));
    desk.json(&typed("index scene/item.json -o i.parquet --max-nodata 1"));
    // The file ends within its tiles: some chips can be read, some cannot.
    let red = desk.path("scene/red.tif");
    let whole = fs::read(&red).unwrap();
    let truncated = typed("chip i.parquet --all --assets red,scl -o chips/ --on-error skip --json");
    let mut some_were_cut = false;
    for part in [2, 4, 8, 100] {
        fs::write(&red, &whole[..whole.len() - whole.len() / part]).unwrap();
        let out = desk.run(&truncated);
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        let of = |key: &str| told[key].as_array().unwrap().len();
        assert_eq!(of("chips") + of("failed"), 16);
        for failed in told["failed"].as_array().unwrap() {
            let why = failed["error"].as_str().unwrap();
            assert!(why.contains("red") && why.contains("red.tif"), "{why}");
            assert!(stderr(&out).contains(why));
            assert!(stderr(&out).contains(failed["chipid"].as_str().unwrap()));
        }
        let files = fs::read_dir(desk.path("chips")).map_or(0, Iterator::count);
        assert_eq!(files, of("chips"), "a chip is whole or not there");
        let status = match (of("chips"), of("failed")) {
            (_, 0) => 0,
            (0, _) => 1,
            _ => 3,
        };
        assert_eq!(out.status.code(), Some(status));
        some_were_cut |= status == 3;
        let _ = fs::remove_dir_all(desk.path("chips"));
    }
    assert!(some_were_cut, "some could be read and some could not");

    // An asset that is gone fails every chip.
    fs::remove_file(&red).unwrap();
    let said = desk.fails(&truncated, 1);
    assert!(said.matches("red.tif").count() >= 16, "{said}");
}

/// The names of what is in a folder, without their endings.
fn stems(folder: &Path) -> Vec<String> {
    let mut stems: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|e| e.unwrap().path())
        .map(|p| p.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    stems.sort();
    stems
}

/// The ids of the chips in a part of what is told.
fn ids(told: &Value, key: &str) -> Vec<String> {
    let chips = told[key].as_array().unwrap().iter();
    chips
        .map(|chip| chip["chipid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_was_written_before_a_failure_is_told() {
    let desk = Desk::new("sentinel-2");
    let index = ["index", "scene/item.json", "-o", "i.parquet"];
    desk.json(&[&index[..], &["--max-nodata", "1", "--chip-size", "32"]].concat());
    let red = desk.path("scene/red.tif");
    let whole = fs::read(&red).unwrap();
    let chip = ["chip", "i.parquet", "--all", "--assets", "red", "--json"];
    let mut midway = false;
    for part in [2, 4, 8, 100] {
        fs::write(&red, &whole[..whole.len() - whole.len() / part]).unwrap();
        let _ = fs::remove_dir_all(desk.path("chips"));
        let out = desk.run(&[&chip[..], &["-o", "chips/"]].concat());
        assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        let mut chips = ids(&told, "chips");
        chips.sort();
        assert_eq!(stems(&desk.path("chips")), chips, "written is told");
        assert!(!ids(&told, "failed").is_empty());
        assert!(chips.len() < 324, "it went no further");
        assert!(told["asked"]["local"]["reads"].as_u64() > Some(0), "{told}");
        assert!(told["headers"]["stale"].as_u64() > Some(0), "{told}");
        midway |= !chips.is_empty();
    }
    assert!(midway, "some were written before the failure");

    // The index fails: what was cut before is told, and why it went no further.
    fs::write(&red, &whole).unwrap();
    let rows = typed("chip i.parquet --row 3 --row 999 --assets red");
    let out = desk.run(&[&rows[..], &["-o", "rows/", "--json", "-v"]].concat());
    assert_eq!(out.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(ids(&told, "chips"), stems(&desk.path("rows")));
    assert_eq!(ids(&told, "chips").len(), 1);
    let why = told["error"].as_str().unwrap();
    assert!(why.contains("there is no row 999"), "{why}");
    let said = stderr(&out);
    assert!(said.contains(why) && said.contains("local files"), "{said}");
}

#[test]
fn chips_are_told_as_they_were_asked_for() {
    let desk = Desk::new("sentinel-2");
    let index = typed("index scene/item.json -o i.parquet --chip-size 64");
    desk.json(&[&index[..], &["--max-nodata", "1"]].concat());
    let all = typed("chip i.parquet --all --assets red -o all/");
    let all = ids(&desk.json(&all), "chips");
    assert_eq!(all.len(), 81);
    // Row-major: no order in which tiles are read.
    let numbers: Vec<_> = all
        .iter()
        .map(|id| {
            let mut parts = id.rsplitn(3, '-');
            [parts.next(), parts.next()].map(|n| n.unwrap().parse::<u32>().unwrap())
        })
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let some = typed("--row 70 --row 2 --row 33 --assets red");
    let some = desk.json(&[&["chip", "i.parquet", "-o", "some/"], &some[..]].concat());
    let wanted = [70, 2, 33].map(|row: usize| all[row].clone());
    assert_eq!(ids(&some, "chips"), wanted);

    // A raster says what it asked for, too.
    let raster = typed("chip scene/red.tif --window 0,0,9,9 -o r.npy -v");
    let said = stderr(&desk.run(&raster));
    assert!(said.contains("from local files"), "{said}");
}

#[test]
fn chips_of_two_collections_with_one_id_keep_their_pixels() {
    let desk = Desk::new("sentinel-2");
    let text = fs::read(desk.path("scene/item.json")).unwrap();
    let item: Value = serde_json::from_slice(&text).unwrap();
    let mut other = item.clone();
    other["collection"] = json!("another");
    other["assets"]["red"]["href"] = item["assets"]["green"]["href"].clone();
    let mut changed = item.clone();
    changed["properties"]["note"] = json!("read later");
    for (name, item) in [("other", &other), ("changed", &changed)] {
        fs::write(desk.path(&format!("scene/{name}.json")), item.to_string()).unwrap();
    }
    for name in ["item", "other", "changed"] {
        let from = format!("scene/{name}.json");
        let to = format!("{name}.parquet");
        desk.json(&[
            "index",
            &from,
            "--stats",
            "none",
            "--chip-size",
            "300",
            "-o",
            &to,
        ]);
    }
    let merged = desk.json(&typed("merge item.parquet other.parquet -o m.parquet"));
    assert_eq!(
        (merged["rows"].as_u64(), merged["items"].as_u64()),
        (Some(8), Some(2))
    );
    let red = |index: &str, row: usize| {
        let row = row.to_string();
        desk.json(&[
            "chip",
            index,
            "--row",
            &row,
            "--assets",
            "red",
            "-o",
            "x.npy",
            "--overwrite",
        ]);
        npy(&desk.path("x.npy"))
    };
    let mut wanted: Vec<_> = (0..4)
        .flat_map(|row| [red("item.parquet", row), red("other.parquet", row)])
        .collect();
    let mut found: Vec<_> = (0..8).map(|row| red("m.parquet", row)).collect();
    assert_ne!(wanted[0], wanted[1]);
    wanted.sort();
    found.sort();
    assert!(wanted == found);

    let said = desk.fails(&typed("merge item.parquet changed.parquet -o x.parquet"), 1);
    assert!(
        said.contains("is another than that in item.items.ndjson"),
        "{said}"
    );
    assert!(!desk.path("x.parquet").exists());
}

/// In a merged index rows of scenes of one place alternate: their tiles are read once all the same.
#[test]
fn chips_of_a_merged_index_are_cut_together() {
    let desk = Desk::empty();
    for seed in ["1", "2"] {
        let scene = ["sample", seed, "--platform", "sentinel-2", "--size", "600"];
        desk.json(&[&scene[..], &["--seed", seed]].concat());
        let item = format!("{seed}/item.json");
        let index = ["index", &item, "--chip-size", "40", "--max-nodata", "1"];
        let out = format!("{seed}.parquet");
        desk.json(&[&index[..], &["-o", &out]].concat());
    }
    desk.json(&typed("merge 1.parquet 2.parquet -o m.parquet"));
    let cut = |index: &str, out: &str| {
        let args = ["chip", index, "--all", "--assets", "red,scl", "-o", out];
        let told = desk.json(&args);
        let asked = told["asked"]["local"]["bytes"].as_u64().unwrap();
        let chips = told["chips"].as_array().unwrap().iter();
        let items: Vec<String> = chips
            .map(|chip| {
                let id = chip["chipid"].as_str().unwrap();
                id.rsplitn(3, '-').last().unwrap().to_owned()
            })
            .collect();
        (asked, items)
    };
    let (one, two) = (cut("1.parquet", "alone/").0, cut("2.parquet", "alone/").0);
    let (both, items) = cut("m.parquet", "together/");
    assert_eq!(items.len(), 450);
    let runs = 1 + items.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(runs > 2 * 64, "{runs}");
    assert_eq!(both, one + two);
    assert!(files(&desk.path("alone")) == files(&desk.path("together")));
}

#[test]
fn rows_are_not_cut_from_an_item_of_another_collection() {
    let desk = Desk::new("naip");
    let path = desk.path("scene/item.json");
    desk.json(&typed("index scene/item.json -o a.parquet"));
    let mut item: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    item["collection"] = json!("another");
    fs::write(&path, item.to_string()).unwrap();
    desk.json(&typed("index scene/item.json -o b.parquet"));

    // The item of that id that is kept is another collection's, and so is what its address leads to.
    fs::copy(desk.path("b.items.ndjson"), desk.path("a.items.ndjson")).unwrap();
    let chip = ["chip", "a.parquet", "--row", "0", "-o", "a.npz"];
    let said = desk.fails(&chip, 1);
    assert!(
        said.contains("of collection") && said.contains("another"),
        "{said}"
    );
    desk.json(&typed("chip b.parquet --row 0 -o b.npz"));
}
