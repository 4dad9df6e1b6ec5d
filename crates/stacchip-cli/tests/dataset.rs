//! Datasets as people and scripts make them: many items, many tables, splits.
#![expect(
    clippy::unwrap_used,
    reason = "what a test stands on is there, or the test fails"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Instant,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a sample scene in `scene`.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new(platform: &str) -> Self {
        let desk = Self::empty();
        let made = desk.run(&["sample", "scene", "--platform", platform, "--size", "600"]);
        assert!(made.status.success(), "{}", stderr(&made));
        desk
    }

    fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacchip"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs what must succeed with `--json`, and reads what it prints.
    fn json(&self, args: &[&str]) -> Value {
        let out = self.run(&[args, &["--json"]].concat());
        assert!(out.status.success(), "{args:?}: {}", stderr(&out));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Runs what must fail with `status`, and gives what it says.
    fn fails(&self, args: &[&str], status: i32) -> String {
        let out = self.run(args);
        let said = stderr(&out);
        assert_eq!(out.status.code(), Some(status), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        said
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// The shape and type in the header of an `.npy` file, and its data.
fn npy(path: &Path) -> (String, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..10 + length].to_vec()).unwrap();
    (header, bytes[10 + length..].to_vec())
}

#[test]
fn a_place_is_in_one_split() {
    let desk = Desk::new("sentinel-2");
    let index = [
        "index",
        "scene/item.json",
        "--chip-size",
        "16",
        "--max-nodata",
        "1",
        "--no-headers",
    ];
    desk.json(&[&index[..], &["-o", "d"]].concat());
    let split = [
        "split",
        "d",
        "--by",
        "cell:15",
        "--strata",
        "cloud_cover_percentage",
    ];
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
    desk.json(&["chip", "d", "--row", "5", "--assets", "red", "-o", "c.npy"]);
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
    let again = [
        "split",
        "other.parquet",
        "--by",
        "cell:15",
        "--seed",
        "7",
        "--overwrite",
    ];
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
        desk.fails(&["split", "d", "--column", "geometry", "--overwrite"], 2)
            .contains("is one of every index")
    );

    assert!(
        desk.fails(&["split", "d", "--by", "street"], 2)
            .contains("`street` is no way")
    );
    assert!(
        desk.fails(
            &["split", "d", "--train", "-1", "--val", "2", "--overwrite"],
            2
        )
        .contains("shares of")
    );
    assert!(
        desk.fails(&["split", "d", "--check", "--column", "x"], 1)
            .contains("the column `x` is missing")
    );
}

#[test]
fn indexes_become_one() {
    let desk = Desk::new("sentinel-2");
    let index = |size: &str, out: &str| {
        let args = [
            "index",
            "scene/item.json",
            "--max-nodata",
            "1",
            "--chip-size",
            size,
            "-o",
            out,
        ];
        desk.json(&args)
    };
    index("64", "a.parquet");
    index("128", "b");
    index("64", "c");
    // The same chips of the same item are in it once; those of another size are others.
    let merged = desk.json(&["merge", "a.parquet", "b", "c", "-o", "m.parquet"]);
    assert_eq!(
        (merged["rows"].as_u64(), merged["duplicates"].as_u64()),
        (Some(81 + 16), Some(81))
    );
    assert_eq!(merged["items"], 1);
    assert_eq!(desk.json(&["info", "m.parquet"])["rows"], 97);

    // A row leads to its pixels, without a request for headers.
    desk.json(&[
        "chip",
        "m.parquet",
        "--row",
        "40",
        "--assets",
        "red",
        "-o",
        "m.npy",
    ]);
    let told = desk.json(&["merge", "a.parquet", "b", "c", "-o", "folder"]);
    assert_eq!(told["rows"], 97);
    desk.json(&[
        "chip", "folder", "--row", "40", "--assets", "red", "-o", "f.npy",
    ]);
    assert_eq!(npy(&desk.path("m.npy")), npy(&desk.path("f.npy")));
    assert!(desk.path("folder/headers/_+all.pq").is_file());
    let again = desk.json(&["merge", "folder", "-o", "again.parquet"]);
    assert_eq!(
        (again["rows"].as_u64(), again["items"].as_u64()),
        (Some(97), Some(1))
    );

    assert!(
        desk.fails(&["merge", "a.parquet", "-o", "m.parquet"], 1)
            .contains("exists already")
    );
    assert!(
        desk.fails(&["merge", "a.parquet", "-o", "folder"], 1)
            .contains("holds an index already")
    );
    assert!(
        desk.fails(&["merge", "m.parquet", "-o", "m.parquet", "--overwrite"], 2)
            .contains("another place")
    );
    desk.json(&["merge", "a.parquet", "-o", "m.parquet", "--overwrite"]);
    assert_eq!(desk.json(&["info", "m.parquet"])["rows"], 81);
    assert!(
        desk.fails(&["merge", "nothing*.parquet", "-o", "x.parquet"], 1)
            .contains("no table to merge")
    );
}

#[test]
fn what_a_merge_would_destroy_is_refused_and_stays() {
    let desk = Desk::empty();
    let index = |items: &str, out: &str, more: &[&str]| {
        fs::write(desk.path("items.ndjson"), items).unwrap();
        let args = [
            "index",
            "items.ndjson",
            "--stats",
            "none",
            "--no-headers",
            "-o",
            out,
        ];
        desk.json(&[&args[..], more].concat());
    };
    index(&lines_of_items(2), "one", &[]);
    let others = lines_of_items(4);
    index(others.lines().last().unwrap(), "other.parquet", &[]);
    index(&lines_of_items(2), "bucket", &["--layout", "upstream"]);
    desk.json(&["merge", "one", "-o", "m.parquet"]);
    desk.json(&["merge", "one", "-o", "parts"]);
    let before = files(desk.folder.path());

    // Another item's, to where one is; its own inputs, however they are named; tables that no merge wrote.
    let refused = |args: &[&str], status: i32, said: &str| {
        let told = desk.fails(args, status);
        assert!(told.contains(said), "{args:?}: {told}");
        let now = files(desk.folder.path());
        assert!(now == before, "{args:?}: {:?}", now.keys());
    };
    refused(
        &["merge", "other.parquet", "-o", "m.parquet"],
        1,
        "exists already",
    );
    refused(
        &["merge", "other.parquet", "-o", "parts"],
        1,
        "holds an index already",
    );
    let same = desk.path("one");
    let same = same.to_string_lossy();
    for to in ["one", "./one/../one", &same] {
        refused(
            &["merge", "one", "-o", to, "--overwrite"],
            2,
            "another place",
        );
    }
    refused(
        &["merge", "parts/../parts", "-o", "parts", "--overwrite"],
        2,
        "another place",
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("one", desk.path("link")).unwrap();
        desk.fails(&["merge", "one", "-o", "link", "--overwrite"], 2);
        desk.fails(&["merge", "link", "-o", "one", "--overwrite"], 2);
        fs::remove_file(desk.path("link")).unwrap();
    }
    refused(
        &["merge", "m.parquet", "-o", "one", "--overwrite"],
        1,
        "no merge wrote",
    );
    refused(
        &["merge", "m.parquet", "-o", "bucket"],
        1,
        "holds an index already",
    );
    refused(
        &["merge", "m.parquet", "-o", "bucket", "--overwrite"],
        1,
        "no merge wrote",
    );

    // A table that breaks while it is merged.
    let table = fs::read(desk.path("one/item-0000.parquet")).unwrap();
    let mut broken = table;
    for byte in &mut broken[200..3000] {
        *byte ^= 0x5a;
    }
    fs::write(desk.path("broken.parquet"), broken).unwrap();
    let kept = fs::read(desk.path("m.items.ndjson")).unwrap();
    for to in ["m.parquet", "parts"] {
        desk.fails(
            &[
                "merge",
                "broken.parquet",
                "other.parquet",
                "-o",
                to,
                "--overwrite",
            ],
            1,
        );
    }
    fs::remove_file(desk.path("broken.parquet")).unwrap();
    assert!(files(desk.folder.path()) == before);

    // What is replaced goes whole.
    desk.json(&["merge", "other.parquet", "-o", "m.parquet", "--overwrite"]);
    desk.json(&[
        "merge",
        "other.parquet",
        "-o",
        "parts",
        "--overwrite",
        "--part-rows",
        "1",
    ]);
    assert!(fs::read(desk.path("m.items.ndjson")).unwrap() != kept);
    assert_eq!(desk.json(&["info", "parts"])["rows"], 16);
    assert_eq!(files(&desk.path("parts")).len(), 2);
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
    let merged = desk.json(&["merge", "item.parquet", "other.parquet", "-o", "m.parquet"]);
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

    let said = desk.fails(
        &[
            "merge",
            "item.parquet",
            "changed.parquet",
            "-o",
            "x.parquet",
        ],
        1,
    );
    assert!(
        said.contains("is another than that in item.items.ndjson"),
        "{said}"
    );
    assert!(!desk.path("x.parquet").exists());
}

#[test]
fn items_whatever_they_are_called_and_however_many() {
    let desk = Desk::empty();
    let index = |items: &str, out: &str, status: i32| {
        fs::write(desk.path("items.ndjson"), items).unwrap();
        let out = desk.run(&[
            "index",
            "items.ndjson",
            "--stats",
            "none",
            "--no-headers",
            "--json",
            "-o",
            out,
        ]);
        assert_eq!(out.status.code(), Some(status), "{}", stderr(&out));
        serde_json::from_slice::<Value>(&out.stdout).unwrap()
    };
    let named = lines_of_items(3)
        .replace("item-0000", "_a")
        .replace("item-0001", ".b");
    index(&named, "named", 0);
    assert_eq!(desk.json(&["info", "named"])["rows"], 48);
    assert_eq!(index(&named, "named", 0)["already_there"], 3);
    assert_eq!(
        desk.json(&["merge", "named", "-o", "m.parquet"])["items"],
        3
    );

    // Which of two of one id gets in: the first that can be indexed, however many are under way.
    let good = lines_of_items(1);
    let bad = good.replace("proj:", "other:");
    for _ in 0..5 {
        for out in ["twice", "twice.parquet"] {
            let told = index(&format!("{bad}{good}{good}"), out, 3);
            assert_eq!(told["rows"], 16, "{told}");
            assert_eq!(told["failed"].as_array().unwrap().len(), 2, "{told}");
            if Path::new(out).extension().is_some() {
                fs::remove_file(desk.path(out)).unwrap();
                fs::remove_file(desk.path("twice.items.ndjson")).unwrap();
            } else {
                fs::remove_dir_all(desk.path(out)).unwrap();
            }
        }
    }

    // More tables than files that may be open.
    index(&lines_of_items(150), "many", 0);
    #[cfg(unix)]
    {
        let program = env!("CARGO_BIN_EXE_stacchip");
        let call = format!("ulimit -n 64; exec '{program}' split many --threads 2");
        let mut shell = Command::new("sh");
        let out = shell
            .args(["-c", &call])
            .current_dir(desk.folder.path())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", stderr(&out));
        let checked = desk.json(&["split", "many", "--check"]);
        assert_eq!(
            (&checked["lots"], &checked["leaks"]),
            (&json!(1), &json!(0))
        );
    }
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
    desk.json(&["merge", "1.parquet", "2.parquet", "-o", "m.parquet"]);
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
    desk.json(&["index", "scene/item.json", "-o", "a.parquet"]);
    let mut item: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    item["collection"] = json!("another");
    fs::write(&path, item.to_string()).unwrap();
    desk.json(&["index", "scene/item.json", "-o", "b.parquet"]);

    // The item of that id that is kept is another collection's, and so is what its address leads to.
    fs::copy(desk.path("b.items.ndjson"), desk.path("a.items.ndjson")).unwrap();
    let chip = ["chip", "a.parquet", "--row", "0", "-o", "a.npz"];
    let said = desk.fails(&chip, 1);
    assert!(
        said.contains("of collection") && said.contains("another"),
        "{said}"
    );
    desk.json(&["chip", "b.parquet", "--row", "0", "-o", "b.npz"]);
}

/// Items that say all of their grids themselves, one a line.
fn lines_of_items(count: usize) -> String {
    let item = |i: usize| {
        let (x, y) = (400_000 + 5120 * (i % 20), 5_000_000 + 5120 * (i / 20));
        json!({
            "type": "Feature", "stac_version": "1.0.0", "id": format!("item-{i:04}"),
            "collection": "sentinel-2-l2a", "geometry": null, "links": [], "assets": {},
            "properties": {
                "datetime": format!("2024-03-{:02}T10:00:00Z", i % 28 + 1), "proj:epsg": 32632,
                "proj:shape": [1024, 1024], "proj:transform": [10, 0, x, 0, -10, y],
            },
        })
        .to_string()
    };
    (0..count).map(|i| item(i) + "\n").collect()
}

/// All files in a folder and the folders in it, by their names.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(500)).unwrap();
    let args = [
        "index",
        "items.ndjson",
        "--stats",
        "none",
        "--no-headers",
        "-o",
    ];
    let call = |out: &'static str| [&args[..], &[out]].concat();
    let start = Instant::now();
    assert_eq!(desk.json(&call("whole"))["rows"], 500 * 16);
    let whole = start.elapsed();

    // Fifty moments, drawn by a generator of one line; a run gets a little further each time.
    let mut draw = 12345u64;
    let mut left_over = 0;
    for _ in 0..50 {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (draw >> 40) as f64 / (1u64 << 24) as f64;
        let mut child = desk
            .command(&call("killed"))
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole.mul_f64(share / 12.0));
        child.kill().unwrap();
        child.wait().unwrap();
        if desk.path("killed").is_dir() {
            let parts = files(&desk.path("killed")).into_keys();
            left_over += parts
                .filter(|p| p.extension().is_some_and(|e| e == "part"))
                .count();
        }
    }
    let done = desk.json(&call("killed"));
    let there = done["already_there"].as_u64().unwrap();
    assert_eq!(there + done["items"].as_array().unwrap().len() as u64, 500);
    assert!(there > 0, "no run got anywhere");
    let (undisturbed, resumed) = (files(&desk.path("whole")), files(&desk.path("killed")));
    assert!(
        undisturbed == resumed,
        "{left_over} {:?}",
        resumed.keys().collect::<Vec<_>>()
    );
    assert_eq!(undisturbed.len(), 1000);

    // Once more: nothing is left to do. With other settings, or another item, it is another table.
    let again = desk.json(&call("killed"));
    assert_eq!(
        (again["already_there"].as_u64(), again["rows"].as_u64()),
        (Some(500), Some(0))
    );
    let other = [&call("killed")[..], &["--chip-size", "128"]].concat();
    assert!(desk.fails(&other, 1).contains("made with other settings"));
    let changed = lines_of_items(500).replacen("2024-03-01", "2024-04-01", 1);
    fs::write(
        desk.path("items.ndjson"),
        changed + "{\"type\": \"Feature\"}\n",
    )
    .unwrap();
    let said = desk.fails(&call("killed"), 3);
    assert!(
        said.contains("item-0000.parquet exists already, made with"),
        "{said}"
    );
}

#[test]
fn an_index_laid_out_as_upstream_has_it() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(3)).unwrap();
    let args = [
        "index",
        "items.ndjson",
        "--stats",
        "none",
        "--no-headers",
        "--layout",
        "upstream",
        "-o",
    ];
    desk.json(&[&args[..], &["bucket"]].concat());
    let found: Vec<PathBuf> = files(&desk.path("bucket")).into_keys().collect();
    assert_eq!(
        found[2],
        Path::new("index/sentinel-2-l2a/item-0002/index_item-0002.parquet")
    );
    assert_eq!(found.len(), 3);
    assert_eq!(desk.json(&["info", "bucket"])["rows"], 48);
    assert_eq!(
        desk.json(&["merge", "bucket", "-o", "m.parquet"])["rows"],
        48
    );
    assert_eq!(
        desk.json(&[&args[..], &["bucket"]].concat())["already_there"],
        3
    );
    assert!(
        desk.fails(&[&args[..], &["x.parquet"]].concat(), 2)
            .contains("is a folder")
    );
}

#[test]
fn chips_are_found_by_condition() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(40)).unwrap();
    let args = [
        "index",
        "items.ndjson",
        "--stats",
        "none",
        "--no-headers",
        "-o",
    ];
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

    desk.json(&["merge", "d", "-o", "m.parquet"]);
    let sample = [
        "query",
        "m.parquet",
        "--sample",
        "100",
        "--seed",
        "7",
        "--per-item",
        "3",
        "-o",
    ];
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
        desk.fails(&["query", "m.parquet", "--where", "cloudy"], 2)
            .contains("no column `cloudy`")
    );
    assert!(
        desk.fails(&["query", "m.parquet", "-o", "x"], 2)
            .contains("ending in .parquet")
    );
    assert!(
        desk.fails(&["query", "m.parquet", "-o", "s.parquet"], 1)
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
    desk.json(&[
        "index",
        "scene/item.json",
        "--chip-size",
        "64",
        "--max-nodata",
        "1",
        "-o",
        "d",
    ]);
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
