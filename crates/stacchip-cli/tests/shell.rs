//! The program as people and scripts call it.
#![expect(
    clippy::unwrap_used,
    reason = "what a test stands on is there, or the test fails"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
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

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
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
fn from_a_scene_to_an_index_to_a_chip() {
    let desk = Desk::new("sentinel-2");
    let told = desk.json(&[
        "index",
        "scene/item.json",
        "-o",
        "i.parquet",
        "--max-nodata",
        "1",
    ]);
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
    desk.json(&[
        "chip",
        "scene/red.tif",
        "--window",
        "256,256,256,256",
        "-o",
        "raster.npy",
    ]);
    assert_eq!(row, item);
    assert_eq!(row, window);
    assert_eq!(row, npy(&desk.path("raster.npy")));

    // The 20 m bands are doubled to the grid of the 10 m ones.
    desk.json(&[
        "chip",
        "i.parquet",
        "--row",
        "0",
        "--assets",
        "scl",
        "-o",
        "scl.npy",
    ]);
    desk.json(&[
        "chip",
        "scene/scl.tif",
        "--window",
        "0,0,128,128",
        "-o",
        "own.npy",
    ]);
    let (_, fine) = npy(&desk.path("scl.npy"));
    let (_, own) = npy(&desk.path("own.npy"));
    for (at, &class) in fine.iter().enumerate() {
        let (row, col) = (at / 256, at % 256);
        assert_eq!(class, own[row / 2 * 128 + col / 2]);
    }
}

#[test]
fn an_index_leads_to_its_pixels_wherever_it_lies() {
    let desk = Desk::new("naip");
    desk.json(&["index", "scene/item.json", "-o", "i.parquet"]);
    fs::create_dir(desk.path("far")).unwrap();
    for name in ["i.parquet", "i.items.ndjson"] {
        fs::rename(desk.path(name), desk.path("far").join(name)).unwrap();
    }
    desk.json(&["chip", "far/i.parquet", "--row", "0", "-o", "a.npy"]);
    // The scene moves as well: then another root says where it is.
    fs::rename(desk.path("scene"), desk.path("moved")).unwrap();
    let said = desk.fails(&["chip", "far/i.parquet", "--row", "0", "-o", "b.npy"], 1);
    assert!(
        said.contains("image") && said.contains("not found"),
        "{said}"
    );
    desk.json(&[
        "chip",
        "far/i.parquet",
        "--row",
        "0",
        "-o",
        "b.npy",
        "--item-root",
        "moved",
    ]);
    assert_eq!(npy(&desk.path("a.npy")), npy(&desk.path("b.npy")));
}

#[test]
fn partial_chips_and_overlaps() {
    let desk = Desk::new("landsat");
    let rows = |args: &[&str]| {
        let base = [
            "index",
            "scene/item.json",
            "-o",
            "i.parquet",
            "--overwrite",
            "--max-nodata",
            "1",
        ];
        desk.json(&[&base, args].concat())["rows"].as_u64().unwrap()
    };
    assert_eq!(rows(&["--edge", "keep"]), 9);
    desk.json(&[
        "chip",
        "i.parquet",
        "--row",
        "8",
        "--assets",
        "red",
        "-o",
        "partial.npy",
    ]);
    assert!(npy(&desk.path("partial.npy")).0.contains("(1, 88, 88)"));
    desk.json(&[
        "chip",
        "i.parquet",
        "--row",
        "8",
        "--assets",
        "red",
        "-o",
        "filled.npy",
        "--fill",
        "7",
    ]);
    let (header, data) = npy(&desk.path("filled.npy"));
    assert!(header.contains("(1, 256, 256)"), "{header}");
    assert_eq!(&data[data.len() - 2..], 7u16.to_le_bytes());
    // (600 - 256) / 100 + 1 chips along each axis.
    assert_eq!(rows(&["--stride", "100"]), 16);
    assert_eq!(rows(&["--chip-size", "600"]), 1);
    assert_eq!(rows(&["--chip-size", "601"]), 0);
}

#[test]
fn many_items_in_part() {
    let desk = Desk::new("linz");
    let item = fs::read_to_string(desk.path("scene/item.json")).unwrap();
    let mut broken: Value = serde_json::from_str(&item).unwrap();
    broken["id"] = "broken".into();
    broken["assets"]["visual"]["href"] = "./gone.tif".into();
    fs::write(desk.path("scene/broken.json"), broken.to_string()).unwrap();

    let out = desk.run(&[
        "index",
        "scene/item.json",
        "scene/broken.json",
        "-o",
        "set",
        "--json",
    ]);
    assert_eq!(out.status.code(), Some(3), "{}", stderr(&out));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["failed"][0]["item"], "broken");
    assert!(stderr(&out).contains("gone.tif"), "{}", stderr(&out));
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1));

    let all = desk.json(&["chip", "set", "--all", "-o", "chips/"]);
    let made = fs::read_dir(desk.path("chips")).unwrap().count();
    assert_eq!(all["chips"].as_array().map(Vec::len), Some(made));
    assert_eq!(Some(made as u64), told["rows"].as_u64());
}

#[test]
fn what_is_wrong_is_said_and_leaves_nothing() {
    let desk = Desk::new("sentinel-1");
    let before = desk.names();
    for (args, status, says) in [
        (
            &["index", "none.json", "-o", "i.parquet"][..],
            1,
            "none.json",
        ),
        (&["index", "scene/vv.tif", "-o", "i.parquet"], 1, "vv.tif"),
        (
            &["index", "scene/item.json", "-o", "no/such/i.parquet"],
            1,
            "no/such",
        ),
        (
            &[
                "index",
                "scene/item.json",
                "-o",
                "i.parquet",
                "--stats",
                "fog",
            ],
            2,
            "fog",
        ),
        (
            &[
                "index",
                "scene/item.json",
                "-o",
                "i.parquet",
                "--stats",
                "landsat-qa",
            ],
            1,
            "qa_pixel",
        ),
        (
            &[
                "index",
                "scene/item.json",
                "-o",
                "i.parquet",
                "--max-nodata",
                "2",
            ],
            2,
            "2",
        ),
        (&["index", "scene/item.json"], 2, "--output"),
        (&["index", "-", "-o", "i.parquet"], 1, "empty"),
        (
            &[
                "chip",
                "scene/vv.tif",
                "--window",
                "500,500,200,200",
                "-o",
                "x.npy",
            ],
            1,
            "500,500,200,200",
        ),
        (
            &["chip", "scene/vv.tif", "--window", "0,0,9,9", "-o", "x.bmp"],
            2,
            "bmp",
        ),
        (
            &["chip", "scene/vv.tif", "--level", "99", "-o", "x.npy"],
            1,
            "99",
        ),
        (&["chip", "scene/item.json", "-o", "x.npy"], 2, "--x"),
        (
            &[
                "chip",
                "scene/item.json",
                "--x",
                "9",
                "--y",
                "0",
                "-o",
                "x.npz",
            ],
            1,
            "(9, 0)",
        ),
        (
            &[
                "chip",
                "scene/item.json",
                "--x",
                "0",
                "--y",
                "0",
                "--assets",
                "blue",
                "-o",
                "x.npz",
            ],
            1,
            "blue",
        ),
        (&["info", "scene/thumbnail.png"], 1, "thumbnail.png"),
        (&["fly"], 2, "fly"),
    ] {
        let said = desk.fails(args, status);
        assert!(said.contains(says), "{args:?}: {said}");
        assert_eq!(desk.names(), before, "{args:?} left something behind");
    }
}

#[test]
fn what_stands_there_is_not_overwritten() {
    let desk = Desk::new("naip");
    let index = ["index", "scene/item.json", "-o", "i.parquet"];
    desk.json(&index);
    let first = fs::read(desk.path("i.parquet")).unwrap();
    let said = desk.fails(&index, 1);
    assert!(said.contains("--overwrite"), "{said}");
    desk.json(&[&index[..], &["--overwrite"]].concat());
    // The same scene, the same bytes.
    assert_eq!(fs::read(desk.path("i.parquet")).unwrap(), first);

    let chip = ["chip", "i.parquet", "--row", "0", "-o", "c.tif"];
    desk.json(&chip);
    assert!(desk.fails(&chip, 1).contains("--overwrite"));
    assert!(desk.fails(&["sample", "scene"], 1).contains("--overwrite"));
}

#[test]
fn a_truncated_raster_fails_its_item() {
    let desk = Desk::new("sentinel-2");
    let whole = fs::read(desk.path("scene/scl.tif")).unwrap();
    for length in [0, 7, 200, whole.len() / 2, whole.len() - 20] {
        fs::write(desk.path("scene/scl.tif"), &whole[..length]).unwrap();
        let said = desk.fails(&["index", "scene/item.json", "-o", "i.parquet"], 1);
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
fn nothing_takes_the_place_of_another() {
    let desk = Desk::new("naip");
    // An item given twice, under another address.
    fs::copy(desk.path("scene/item.json"), desk.path("scene/again.json")).unwrap();
    for out in ["i.parquet", "set"] {
        let said = desk.fails(
            &["index", "scene/item.json", "scene/again.json", "-o", out],
            3,
        );
        assert!(said.contains("given twice"), "{said}");
    }
    assert_eq!(desk.json(&["info", "set"])["rows"], 4);

    // Chips of one name, and a template that means nothing.
    let all = ["chip", "i.parquet", "--all", "-o"];
    let said = desk.fails(&[&all[..], &["a/{item}.npz", "--overwrite"]].concat(), 1);
    assert!(said.contains("{chipid}"), "{said}");
    let said = desk.fails(&[&all[..], &["a/{foo}.npz"]].concat(), 2);
    assert!(said.contains("placeholders"), "{said}");

    // A raster that ends before the scene does: beyond it there is no data.
    let shape = [
        "index",
        "scene/item.json",
        "-o",
        "s.parquet",
        "--shape",
        "1200,600",
    ];
    let told = desk.json(&[&shape[..], &["--max-nodata", "0.9"]].concat());
    // Of four rows of chips two lie on the raster, one in part (88 of 256 rows), one beyond.
    assert_eq!(
        (told["rows"].as_u64(), told["dropped"].as_u64()),
        (Some(6), Some(2))
    );
}

#[test]
fn a_box_is_the_same_place_on_every_level() {
    let desk = Desk::new("sentinel-2");
    let info = desk.json(&["info", "scene/item.json"]);
    assert_eq!(info["grid"]["crs"], "EPSG:32720");
    let place = |level: &str| {
        let bbox = "--bbox=-62.995,-32.562,-62.985,-32.552";
        let out = format!("{level}.npy");
        let args = ["chip", "scene/red.tif", bbox, "--level", level, "-o", &out];
        let chip = &desk.json(&args)["chips"][0];
        [2, 5].map(|i| chip["transform"][i].as_f64().unwrap())
    };
    let (fine, coarse) = (place("0"), place("1"));
    for axis in 0..2 {
        assert!(
            (fine[axis] - coarse[axis]).abs() <= 20.0,
            "{fine:?} {coarse:?}"
        );
    }
}

#[test]
fn help_and_completions() {
    let desk = Desk::empty();
    for verb in ["sample", "index", "chip", "explain", "info", "preview"] {
        let out = desk.run(&[verb, "--help"]);
        assert!(out.status.success());
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(
            text.contains("Examples:") || verb == "completions",
            "{verb}: {text}"
        );
        assert!(text.contains("--json"), "{verb}");
    }
    let out = desk.run(&["completions", "bash"]);
    assert!(String::from_utf8(out.stdout).unwrap().contains("_stacchip"));
}

#[test]
fn standard_output_holds_the_chip_and_nothing_else() {
    let desk = Desk::new("sentinel-1");
    let out = desk.run(&[
        "chip",
        "scene/vv.tif",
        "--window",
        "0,0,5,3",
        "-o",
        "-",
        "--format",
        "npy",
    ]);
    assert!(out.status.success(), "{}", stderr(&out));
    fs::write(desk.path("x.npy"), &out.stdout).unwrap();
    let (header, data) = npy(&desk.path("x.npy"));
    assert!(
        header.contains("'<f4'") && header.contains("(1, 3, 5)"),
        "{header}"
    );
    assert_eq!(data.len(), 60);
}

#[test]
fn headers_are_kept_with_the_index() {
    let desk = Desk::new("sentinel-2");
    let told = desk.json(&["index", "scene/item.json", "-o", "i.parquet"]);
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
    desk.json(&["index", "scene/item.json", "-o", "set"]);
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
    let out = desk.run(&["chip", "i.parquet", "--row", "1", "-o", "d.npz"]);
    assert!(out.status.success());
    assert!(stderr(&out).contains("i.headers.pq"), "{}", stderr(&out));
    assert_eq!(fs::read(desk.path("d.npz")).unwrap(), c);
}

#[test]
fn a_raster_that_was_replaced_is_read_as_it_is_now() {
    let desk = Desk::new("naip");
    desk.json(&["index", "scene/item.json", "-o", "i.parquet"]);
    let again = [
        "sample",
        "new",
        "--platform",
        "naip",
        "--size",
        "600",
        "--seed",
        "9",
    ];
    desk.json(&again);
    let image = |folder: &str| {
        let mut files = fs::read_dir(desk.path(folder))
            .unwrap()
            .map(|e| e.unwrap().path());
        files
            .find(|p| p.extension().is_some_and(|e| e == "tif"))
            .unwrap()
    };
    fs::rename(image("new"), image("scene")).unwrap();
    let row = ["chip", "i.parquet", "--row", "1", "-o", "row.npy"];
    let told = desk.json(&row);
    assert_eq!(told["headers"]["stale"], 1, "{told}");
    let x = [
        "chip",
        "scene/item.json",
        "--x",
        "1",
        "--y",
        "0",
        "-o",
        "item.npy",
    ];
    desk.json(&x);
    assert_eq!(npy(&desk.path("row.npy")), npy(&desk.path("item.npy")));
    let out = desk.run(&[&row[..], &["--overwrite", "-v"]].concat());
    assert!(stderr(&out).contains("has changed"), "{}", stderr(&out));
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
fn what_a_read_costs_is_said_before_it_is_done() {
    let desk = Desk::new("sentinel-2");
    desk.json(&["index", "scene/item.json", "-o", "i.parquet"]);
    let before = desk.names();
    let told = desk.json(&["explain", "i.parquet", "--row", "1", "--assets", "red,scl"]);
    assert_eq!(told["chips"], 1);
    let headers = &told["headers"];
    assert_eq!(
        (&headers["known"], &headers["read"]),
        (&2.into(), &0.into())
    );
    let red = &told["assets"][0];
    assert_eq!(red["asset"], "red");
    for key in ["requests", "tiles", "bytes", "decoded_bytes", "memory"] {
        assert!(red[key].as_u64() > Some(0), "{red}");
        let sum: u64 = [0, 1]
            .map(|i| told["assets"][i][key].as_u64().unwrap())
            .iter()
            .sum();
        assert_eq!(told["total"][key].as_u64(), Some(sum), "{key}");
    }
    assert!(red["over_read"].as_f64() >= Some(1.0), "{red}");

    // All chips share tiles.
    let all = desk.json(&["explain", "i.parquet", "--all", "--assets", "red"]);
    assert_eq!(all["chips"], 4);
    assert_eq!(all["distinct"]["tiles"], all["total"]["tiles"], "{all}");
    let one_by_one = &all["one_by_one"];
    assert!(one_by_one["tiles"].as_u64() >= all["total"]["tiles"].as_u64());
    let cut = [
        "chip",
        "i.parquet",
        "--all",
        "--assets",
        "red",
        "-o",
        "all/",
    ];
    let cut = desk.json(&cut);
    assert_eq!(cut["asked"]["local"]["bytes"], all["total"]["bytes"]);
    assert_eq!(cut["asked"]["local"]["reads"], all["total"]["requests"]);
    fs::remove_dir_all(desk.path("all")).unwrap();

    let item = [
        "explain",
        "scene/item.json",
        "--x",
        "1",
        "--y",
        "0",
        "--assets",
        "red,scl",
    ];
    let item = desk.json(&item);
    assert_eq!(item["total"], told["total"]);
    assert_eq!(item["headers"]["read"], 2);
    let raster = ["explain", "scene/red.tif", "--window", "256,0,256,256"];
    let raster = desk.json(&raster);
    assert_eq!(raster["total"]["bytes"], red["bytes"]);
    // What was said is what is asked then.
    let chip = ["chip", "i.parquet", "--row", "1", "--assets", "red,scl"];
    let out = desk.path("asked.npz");
    let chip = desk.json(&[&chip[..], &["-o", out.to_str().unwrap()]].concat());
    assert_eq!(chip["asked"]["local"]["reads"], told["total"]["requests"]);
    assert_eq!(chip["asked"]["local"]["bytes"], told["total"]["bytes"]);
    assert_eq!(chip["asked"]["requests"], 0);
    fs::remove_file(out).unwrap();
    let said = desk.run(&["explain", "i.parquet", "--row", "1"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("over-read"));
    desk.fails(&["explain", "i.parquet", "--row", "99"], 1);
    assert_eq!(desk.names(), before, "nothing is written");
}

#[test]
fn chips_that_cannot_be_read_are_named_and_the_others_cut() {
    // Of more than one tile: of one alone all chips are read or none.
    let desk = Desk::empty();
    desk.json(&[
        "sample",
        "scene",
        "--platform",
        "sentinel-2",
        "--size",
        "1100",
    ]);
    desk.json(&[
        "index",
        "scene/item.json",
        "-o",
        "i.parquet",
        "--max-nodata",
        "1",
    ]);
    // The file ends within its tiles: some chips can be read, some cannot.
    let red = desk.path("scene/red.tif");
    let whole = fs::read(&red).unwrap();
    let truncated = [
        "chip",
        "i.parquet",
        "--all",
        "--assets",
        "red,scl",
        "-o",
        "chips/",
        "--on-error",
        "skip",
        "--json",
    ];
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

#[test]
fn a_cache_that_cannot_be_is_said_at_once() {
    let desk = Desk::new("sentinel-1");
    let window = ["chip", "scene/vv.tif", "--window", "0,0,5,3", "-o", "w.npy"];
    let said = desk.fails(&[&window[..], &["--cache", "scene/vv.tif"]].concat(), 1);
    assert!(said.contains("the cache scene/vv.tif"), "{said}");
    // Files of this machine are not kept in it.
    let told = desk.json(&[&window[..], &["--cache", "kept"]].concat());
    assert_eq!(told["chips"].as_array().unwrap().len(), 1);
    assert!(desk.names().contains(&"kept".to_owned()));
    assert_eq!(
        fs::read_dir(desk.path("kept")).unwrap().count(),
        1,
        "its lock"
    );
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
    let rows = [
        "chip",
        "i.parquet",
        "--row",
        "3",
        "--row",
        "999",
        "--assets",
        "red",
    ];
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
    let index = [
        "index",
        "scene/item.json",
        "-o",
        "i.parquet",
        "--chip-size",
        "64",
    ];
    desk.json(&[&index[..], &["--max-nodata", "1"]].concat());
    let all = [
        "chip",
        "i.parquet",
        "--all",
        "--assets",
        "red",
        "-o",
        "all/",
    ];
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
    let some = [
        "--row", "70", "--row", "2", "--row", "33", "--assets", "red",
    ];
    let some = desk.json(&[&["chip", "i.parquet", "-o", "some/"], &some[..]].concat());
    let wanted = [70, 2, 33].map(|row: usize| all[row].clone());
    assert_eq!(ids(&some, "chips"), wanted);

    // A raster says what it asked for, too.
    let raster = [
        "chip",
        "scene/red.tif",
        "--window",
        "0,0,9,9",
        "-o",
        "r.npy",
        "-v",
    ];
    let said = stderr(&desk.run(&raster));
    assert!(said.contains("from local files"), "{said}");
}
