//! `index` as people and scripts call it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::desk::{Desk, files, lines_of_items, npy, stderr, typed};

#[test]
fn from_a_scene_to_an_index_to_a_chip() {
    let desk = Desk::new("sentinel-2");
    let told = desk.json(&typed("index scene/item.json -o i.parquet --max-nodata 1"));
    // 600 pixels hold two chips of 256 along each axis; the rest is dropped.
    assert_eq!(
        (told["rows"].as_u64(), told["dropped"].as_u64()),
        (Some(4), Some(0))
    );
    assert_eq!(told["items"][0]["x_size"], 2);

    let info = desk.json(&["info", "i.parquet"]);
    assert_eq!(
        (info["kind"].as_str(), info["rows"].as_u64()),
        (Some("index"), Some(4))
    );
    assert_eq!(info["platforms"][0], "sentinel-2-l2a");

    // A row alone leads to its pixels: the same as those of the item, and of the raster.
    let args = ["--assets", "red", "-o"];
    let by = |selection: &[&str], out: &str| {
        desk.json(&[selection, &args, &[out]].concat());
        npy(&desk.path(out))
    };
    let row = by(&["chip", "i.parquet", "--row", "3"], "row.npy");
    assert!(
        row.0.contains("'<u2'") && row.0.contains("(1, 256, 256)"),
        "{}",
        row.0
    );
    assert!(row.1.iter().any(|&b| b != 0));
    let item = by(
        &["chip", "scene/item.json", "--x", "1", "--y", "1"],
        "item.npy",
    );
    let window = by(
        &["chip", "scene/item.json", "--window", "256,256,256,256"],
        "window.npy",
    );
    desk.json(&typed(
        "chip scene/red.tif --window 256,256,256,256 -o raster.npy",
    ));
    assert_eq!(row, item);
    assert_eq!(row, window);
    assert_eq!(row, npy(&desk.path("raster.npy")));

    // The 20 m bands are doubled to the grid of the 10 m ones.
    desk.json(&typed("chip i.parquet --row 0 --assets scl -o scl.npy"));
    desk.json(&typed("chip scene/scl.tif --window 0,0,128,128 -o own.npy"));
    let (_, fine) = npy(&desk.path("scl.npy"));
    let (_, own) = npy(&desk.path("own.npy"));
    for (at, &class) in fine.iter().enumerate() {
        let (row, col) = (at / 256, at % 256);
        assert_eq!(class, own[row / 2 * 128 + col / 2]);
    }
}

#[test]
fn many_items_in_part() {
    let desk = Desk::new("linz");
    let item = fs::read_to_string(desk.path("scene/item.json")).unwrap();
    let mut broken: Value = serde_json::from_str(&item).unwrap();
    broken["id"] = "broken".into();
    broken["assets"]["visual"]["href"] = "./gone.tif".into();
    fs::write(desk.path("scene/broken.json"), broken.to_string()).unwrap();

    let out = desk.run(&typed(
        "index scene/item.json scene/broken.json -o set --json",
    ));
    assert_eq!(out.status.code(), Some(3), "{}", stderr(&out));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["failed"][0]["item"], "broken");
    assert!(stderr(&out).contains("gone.tif"), "{}", stderr(&out));
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1));

    let all = desk.json(&typed("chip set --all -o chips/"));
    let made = fs::read_dir(desk.path("chips")).unwrap().count();
    assert_eq!(all["chips"].as_array().map(Vec::len), Some(made));
    assert_eq!(Some(made as u64), told["rows"].as_u64());
}

#[test]
fn a_truncated_raster_fails_its_item() {
    let desk = Desk::new("sentinel-2");
    let whole = fs::read(desk.path("scene/scl.tif")).unwrap();
    for length in [0, 7, 200, whole.len() / 2, whole.len() - 20] {
        fs::write(desk.path("scene/scl.tif"), &whole[..length]).unwrap();
        let said = desk.fails(&typed("index scene/item.json -o i.parquet"), 1);
        assert!(said.contains("scl"), "{length}: {said}");
        assert!(!desk.path("i.parquet").exists());
    }
}

#[test]
fn a_killed_run_leaves_nothing_under_the_final_name() {
    let desk = Desk::new("sentinel-2");
    for wait in [1, 3, 5, 8, 12, 20] {
        let mut child = desk
            .command(&[
                "index",
                "scene/item.json",
                "-o",
                "k.parquet",
                "--stride",
                "4",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        if desk.path("k.parquet").exists() {
            // It was done before it was killed: then it is whole.
            assert!(desk.json(&["info", "k.parquet"])["rows"].as_u64() > Some(0));
            fs::remove_file(desk.path("k.parquet")).unwrap();
        }
        let _ = fs::remove_file(desk.path("k.items.ndjson"));
    }
}

#[test]
fn headers_are_kept_with_the_index() {
    let desk = Desk::new("sentinel-2");
    let told = desk.json(&typed("index scene/item.json -o i.parquet"));
    let assets = told["items"][0]["headers"].as_u64().unwrap();
    assert!(assets > 10, "{told}");
    assert!(desk.path("i.headers.pq").exists());
    let headers = |index: &str, out: &str| {
        let made = desk.json(&["chip", index, "--row", "1", "-o", out, "--overwrite"]);
        let used = &made["headers"];
        ["known", "read", "stale"].map(|key| used[key].as_u64().unwrap())
    };
    assert_eq!(headers("i.parquet", "a.npz"), [assets, 0, 0]);

    // A dataset keeps those of each item beside it, out of sight of readers of tables.
    desk.json(&typed("index scene/item.json -o set"));
    let mut kept = fs::read_dir(desk.path("set/headers")).unwrap();
    let name = kept.next().unwrap().unwrap().file_name();
    let name = name.to_string_lossy();
    assert!(name.starts_with('_') && name.ends_with(".pq"), "{name}");
    assert_eq!(headers("set", "b.npz"), [assets, 0, 0]);

    let none = ["index", "scene/item.json", "-o", "i.parquet", "--overwrite"];
    let told = desk.json(&[&none[..], &["--no-headers"]].concat());
    assert_eq!(told["items"][0]["headers"], 0);
    assert!(
        !desk.path("i.headers.pq").exists(),
        "nor those of the index before"
    );
    assert_eq!(headers("i.parquet", "c.npz"), [0, assets, 0]);
    let [a, b, c] = ["a.npz", "b.npz", "c.npz"].map(|out| fs::read(desk.path(out)).unwrap());
    assert!(a == b && b == c, "the same pixels either way");

    // What is no table is said, and done without.
    fs::write(desk.path("i.headers.pq"), b"no table").unwrap();
    let out = desk.run(&typed("chip i.parquet --row 1 -o d.npz"));
    assert!(out.status.success());
    assert!(stderr(&out).contains("i.headers.pq"), "{}", stderr(&out));
    assert_eq!(fs::read(desk.path("d.npz")).unwrap(), c);
}

#[test]
fn an_asset_that_cannot_be_reached_fails_its_item_unless_no_header_is_wanted() {
    let desk = Desk::new("sentinel-2");
    fs::remove_file(desk.path("scene/red.tif")).unwrap();
    let index = ["index", "scene/item.json", "-o", "i.parquet"];
    let said = desk.fails(&index, 1);
    assert!(
        said.contains("red.tif") && said.contains("--no-headers"),
        "{said}"
    );
    assert!(!desk.path("i.parquet").exists());
    desk.json(&[&index[..], &["--no-headers"]].concat());
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
    assert_eq!(desk.json(&typed("merge named -o m.parquet"))["items"], 3);

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

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(500)).unwrap();
    let args = typed("index items.ndjson --stats none --no-headers -o");
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
    let args = typed("index items.ndjson --stats none --no-headers --layout upstream -o");
    desk.json(&[&args[..], &["bucket"]].concat());
    let found: Vec<PathBuf> = files(&desk.path("bucket")).into_keys().collect();
    assert_eq!(
        found[2],
        Path::new("index/sentinel-2-l2a/item-0002/index_item-0002.parquet")
    );
    assert_eq!(found.len(), 3);
    assert_eq!(desk.json(&["info", "bucket"])["rows"], 48);
    assert_eq!(desk.json(&typed("merge bucket -o m.parquet"))["rows"], 48);
    assert_eq!(
        desk.json(&[&args[..], &["bucket"]].concat())["already_there"],
        3
    );
    assert!(
        desk.fails(&[&args[..], &["x.parquet"]].concat(), 2)
            .contains("is a folder")
    );
}
