//! `prechip` and `stats` as people and jobs call them.
#![expect(
    clippy::unwrap_used,
    reason = "what a test stands on is there, or the test fails"
)]

use std::time::{Duration, SystemTime};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with the index `i.parquet` of 16 chips of 128 pixels of one item.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new(platform: &str) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        desk.must(&["sample", "scene", "--platform", platform, "--size", "600"]);
        desk.must(&[
            "index",
            "scene/item.json",
            "-o",
            "i.parquet",
            "--chip-size",
            "128",
            "--max-nodata",
            "1",
        ]);
        desk
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacchip"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for name in [
            "AWS_BATCH_JOB_ARRAY_INDEX",
            "AWS_BATCH_JOB_ARRAY_SIZE",
            "STACCHIP_CUBES_PER_JOB",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn must(&self, args: &[&str]) -> Output {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}: {}", stderr(&out));
        out
    }

    fn json(&self, args: &[&str]) -> Value {
        let out = self.must(&[args, &["--json"]].concat());
        serde_json::from_slice(&out.stdout).unwrap()
    }

    fn fails(&self, args: &[&str], status: i32) -> String {
        let out = self.run(args);
        assert_eq!(
            out.status.code(),
            Some(status),
            "{args:?}: {}",
            stderr(&out)
        );
        assert!(!stderr(&out).contains("panicked"));
        stderr(&out)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The files below a folder that are no records or plans, by name.
    fn cubes(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let below = self.path(folder).join("mode_v1_chipper_v2");
        let mut open = vec![below.clone()];
        let mut found = BTreeMap::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&below).unwrap().to_string_lossy().into();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    fn manifest(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// What is said of bands, without what says where it is from.
fn bands(stats: &Value) -> Value {
    stats["bands"].clone()
}

#[test]
fn every_chip_is_in_one_cube_whatever_the_order_the_threads_and_the_format() {
    let desk = Desk::new("sentinel-2");
    let told = desk.json(&["prechip", "i.parquet", "-o", "a", "--cube-size", "5"]);
    assert_eq!(
        (told["chips"].as_u64(), told["kept"].as_u64()),
        (Some(16), Some(0))
    );
    let names: Vec<_> = desk.cubes("a").into_keys().collect();
    let cube = |n: u8| format!("sentinel-2-l2a/cube_{n}.npz");
    assert_eq!(names, (0..4).map(cube).collect::<Vec<_>>());
    let rows: Vec<u64> = desk
        .manifest("a/manifest.jsonl")
        .iter()
        .flat_map(|line| line["rows"].as_array().unwrap().clone())
        .map(|row| row.as_u64().unwrap())
        .collect();
    assert_eq!(rows, (0..16).collect::<Vec<_>>());

    // The same bytes with one thread, little memory, and another place of the index.
    desk.must(&[
        "prechip",
        "i.parquet",
        "-o",
        "b",
        "--cube-size",
        "5",
        "--threads",
        "1",
        "--memory",
        "1MiB",
    ]);
    assert_eq!(desk.cubes("a"), desk.cubes("b"));

    // Shuffled: the same chips in an order that the seed alone decides.
    for out in ["c", "d"] {
        desk.must(&[
            "prechip",
            "i.parquet",
            "-o",
            out,
            "--cube-size",
            "5",
            "--seed",
            "7",
        ]);
    }
    assert_eq!(desk.cubes("c"), desk.cubes("d"));
    assert_ne!(desk.cubes("a"), desk.cubes("c"));
    let mut shuffled: Vec<u64> = desk
        .manifest("c/manifest.jsonl")
        .iter()
        .flat_map(|line| line["rows"].as_array().unwrap().clone())
        .map(|row| row.as_u64().unwrap())
        .collect();
    assert_ne!(shuffled, rows);
    shuffled.sort_unstable();
    assert_eq!(shuffled, rows);

    // Statistics of the index, of cubes in float32 and in the assets' own type are those of one another.
    desk.must(&[
        "prechip",
        "i.parquet",
        "-o",
        "e",
        "--cube-size",
        "5",
        "--format",
        "webdataset",
    ]);
    desk.must(&[
        "prechip",
        "i.parquet",
        "-o",
        "f",
        "--cube-size",
        "16",
        "--dtype",
        "own",
    ]);
    let of_index = desk.json(&["stats", "i.parquet"]);
    assert_eq!(of_index["bands"].as_array().unwrap().len(), 10);
    assert_eq!(of_index["bands"][0]["name"], "blue");
    assert!(of_index["bands"][0]["exact"].as_bool().unwrap());
    for other in ["a", "c", "e", "f", "a/mode_v1_chipper_v2"] {
        assert_eq!(
            bands(&desk.json(&["stats", other])),
            bands(&of_index),
            "{other}"
        );
    }
    let one = desk.json(&["stats", "i.parquet", "--threads", "1", "--memory", "4MiB"]);
    assert_eq!(one, of_index);
    let few = desk.json(&["stats", "i.parquet", "--sample", "3", "--seed", "5"]);
    assert_eq!(few["read"]["chips"], 3);
    assert_eq!(
        few,
        desk.json(&["stats", "i.parquet", "--sample", "3", "--seed", "5"])
    );
}

#[test]
fn a_run_goes_on_where_it_stood() {
    let desk = Desk::new("landsat");
    let args = ["prechip", "i.parquet", "-o", "out", "--cube-size", "6"];
    desk.must(&args);
    let whole = desk.cubes("out");
    let cube = |n: u8| {
        desk.path(&format!(
            "out/mode_v1_chipper_v2/landsat-c2l2-sr/cube_{n}.npz"
        ))
    };
    let time = |n: u8| fs::metadata(cube(n)).unwrap().modified().unwrap();
    let before = (time(0), time(1), time(2));

    // As if it had been broken off: one cube is not there, of one the record is not.
    fs::remove_file(cube(1)).unwrap();
    fs::remove_file(desk.path("out/records/cube_2.json")).unwrap();
    let told = desk.json(&args);
    assert_eq!(
        (told["kept"].as_u64(), told["chips"].as_u64()),
        (Some(1), Some(16))
    );
    assert_eq!(desk.cubes("out"), whole);
    assert_eq!(time(0), before.0);
    assert!(time(1) > before.1 && time(2) > before.2);

    // One that is not as long as it was is made again; then nothing is left to do.
    fs::write(cube(0), "short").unwrap();
    assert_eq!(desk.json(&args)["kept"], 2);
    assert_eq!(desk.cubes("out"), whole);
    assert_eq!(desk.json(&args)["kept"], 3);

    // Other cubes do not mix with these, unless they take their place.
    let said = desk.fails(&[&args[..], &["--seed", "1"]].concat(), 1);
    assert!(
        said.contains("order was \"in-order\"") && said.contains("--overwrite"),
        "{said}"
    );
    assert_eq!(desk.cubes("out"), whole);
    desk.must(&[&args[..], &["--seed", "1", "--overwrite"]].concat());
    assert_ne!(desk.cubes("out"), whole);

    // What somebody else put there is not replaced.
    let there = desk.path("other/mode_v1_chipper_v2/landsat-c2l2-sr");
    fs::create_dir_all(&there).unwrap();
    fs::write(there.join("cube_0.npz"), "mine").unwrap();
    let said = desk.fails(
        &["prechip", "i.parquet", "-o", "other", "--cube-size", "6"],
        1,
    );
    assert!(said.contains("exists already"), "{said}");
    assert_eq!(fs::read(there.join("cube_0.npz")).unwrap(), b"mine");
}

/// A folder, options, variables, jobs, and the manifest of the last.
type Batch<'a> = (
    &'a str,
    &'a [&'a str],
    &'a [(&'a str, &'a str)],
    u32,
    &'a str,
);

#[test]
fn jobs_share_the_cubes() {
    let desk = Desk::new("naip");
    let args = |out| {
        [
            "prechip",
            "i.parquet",
            "-o",
            out,
            "--cube-size",
            "3",
            "--seed",
            "2",
        ]
    };
    desk.must(&args("one"));
    for index in ["0", "2", "1"] {
        desk.must(&[&args("jobs")[..], &["--index", index, "--jobs", "3"]].concat());
    }
    assert_eq!(desk.cubes("one"), desk.cubes("jobs"));
    let all: Vec<Value> = (0..3)
        .flat_map(|index| desk.manifest(&format!("jobs/manifest-{index}-of-3.jsonl")))
        .collect();
    assert_eq!(all, desk.manifest("one/manifest.jsonl"));

    // As in a job of AWS Batch, which says how many jobs there are: with a share of the cubes, and with so many
    // cubes a job, by an option or by a variable.
    let three = [("STACCHIP_CUBES_PER_JOB", "3")];
    let batches: [Batch<'_>; 4] = [
        ("share", &[], &[], 3, "manifest-2-of-3.jsonl"),
        (
            "option",
            &["--cubes-per-job", "3"],
            &[],
            2,
            "manifest-1.jsonl",
        ),
        ("variable", &[], &three, 2, "manifest-1.jsonl"),
        ("both", &["--jobs", "3"], &three, 3, "manifest-2-of-3.jsonl"),
    ];
    for (out, options, variables, jobs, list) in batches {
        for index in 0..jobs {
            let mut command = desk.command(&args(out));
            command.args(options).envs(variables.iter().copied());
            command.env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string());
            // More than there are: whoever takes it makes other cubes.
            let size = if options.is_empty() && variables.is_empty() {
                jobs
            } else {
                9
            };
            command.env("AWS_BATCH_JOB_ARRAY_SIZE", size.to_string());
            let run = command.output().unwrap();
            assert!(run.status.success(), "{out}: {}", stderr(&run));
        }
        assert_eq!(desk.cubes("one"), desk.cubes(out), "{out}");
        assert!(desk.path(out).join(list).exists(), "{out}");
    }

    for (more, words) in [
        (&["--index", "3", "--jobs", "3"][..], "none of 3 jobs"),
        (&["--index", "0"], "--jobs"),
        (&["--jobs", "2"], "--index"),
        (&["--cubes-per-job", "2"], "--index"),
        (
            &["--index", "0", "--jobs", "2", "--cubes-per-job", "2"],
            "cannot be used",
        ),
    ] {
        let said = desk.fails(&[&args("no")[..], more].concat(), 2);
        assert!(said.contains(words), "{said}");
    }
    assert!(!desk.path("no").exists());
}

#[test]
fn a_chip_that_fails_is_named_and_the_rest_is_made_and_it_is_tried_again() {
    let desk = Desk::new("sentinel-1");
    desk.must(&[
        "sample",
        "torn",
        "--platform",
        "sentinel-1",
        "--size",
        "1100",
    ]);
    desk.must(&[
        "index",
        "torn/item.json",
        "-o",
        "t.parquet",
        "--chip-size",
        "256",
        "--stats",
        "none",
        "--no-headers",
    ]);
    // Part of an asset: its header is there, its last tiles are not.
    let asset = desk.path("torn/vv.tif");
    let bytes = fs::read(&asset).unwrap();
    fs::write(&asset, &bytes[..bytes.len() * 3 / 5]).unwrap();
    let torn: Vec<u64> = (0..16)
        .filter(|row| {
            let window = format!("{},{},256,256", row % 4 * 256, row / 4 * 256);
            let read = [
                "chip",
                "torn/vv.tif",
                "--window",
                &window,
                "-o",
                "x.npy",
                "--overwrite",
            ];
            !desk.run(&read).status.success()
        })
        .collect();
    assert!(!torn.is_empty() && torn.len() < 16, "{torn:?}");

    let args = ["prechip", "t.parquet", "-o", "out", "--cube-size", "4"];
    let out = desk.run(&[&args[..], &["--json"]].concat());
    assert_eq!(out.status.code(), Some(3), "{}", stderr(&out));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["chips"], 16 - torn.len());
    let lines = desk.manifest("out/manifest.jsonl");
    let named: Vec<_> = lines.iter().filter(|l| l["kind"] == "failed").collect();
    let failed = told["failed"].as_array().unwrap();
    for of in [failed.iter().collect(), named] {
        let rows: Vec<_> = of
            .iter()
            .map(|line| line["row"].as_u64().unwrap())
            .collect();
        assert_eq!(rows, torn);
        for (line, row) in of.iter().zip(&torn) {
            let chipid = line["chipid"].as_str().unwrap();
            assert!(
                chipid.ends_with(&format!("-{}-{}", row % 4, row / 4)),
                "{chipid}"
            );
            let error = line["error"].as_str().unwrap();
            assert!(
                error.contains("asset vv at") && error.contains("vv.tif"),
                "{error}"
            );
            assert!(error.contains("is cut short"), "{error}");
            assert!(stderr(&out).contains(&format!("{chipid}: {error}")));
        }
    }
    // Upstream's cubes are whole or are not: chips that would have been in one are named.
    let whole = ["prechip", "t.parquet", "-o", "whole", "--cube-size", "4"];
    let run = desk.run(&[&whole[..], &["--parity", "--max-nodata", "0", "--json"]].concat());
    let told_whole: Value = serde_json::from_slice(&run.stdout).unwrap();
    for line in desk.manifest("whole/manifest.jsonl") {
        let of_cube = |kind: &str| {
            let lines = desk.manifest("whole/manifest.jsonl");
            let lines = lines.iter().filter(|l| l["kind"] == kind);
            lines.filter(|l| l["cube"] == line["cube"]).count()
        };
        if line["kind"] == "cube" {
            let chips = line["chips"].as_u64().unwrap();
            let (failed, left_out) = (of_cube("failed"), of_cube("left-out"));
            assert!(chips == 4 && failed == 0 || chips == 0 && failed > 0);
            assert_eq!(chips + failed as u64 + left_out as u64, 4);
        }
    }
    let lines = desk.manifest("whole/manifest.jsonl");
    let left_out = lines.iter().filter(|l| l["kind"] == "left-out").count();
    assert_eq!(told_whole["left_out"], left_out);
    assert!(left_out > 0);

    let stats = desk.run(&["stats", "t.parquet", "--json"]);
    assert_eq!(stats.status.code(), Some(3));
    let stats: Value = serde_json::from_slice(&stats.stdout).unwrap();
    assert_eq!(stats["read"]["chips"], told["chips"]);
    assert_eq!(stats["failed"].as_array().unwrap().len(), torn.len());

    // Once they can be read they are in their cubes; those that lacked none stay as they are.
    fs::write(&asset, &bytes).unwrap();
    let whole: usize = (0..4)
        .filter(|cube| torn.iter().all(|row| row / 4 != *cube))
        .count();
    let again = desk.json(&args);
    assert_eq!(
        (&again["kept"], &again["chips"]),
        (&whole.into(), &16.into())
    );
    desk.must(&["prechip", "t.parquet", "-o", "new", "--cube-size", "4"]);
    assert_eq!(desk.cubes("out"), desk.cubes("new"));
    assert_eq!(
        desk.manifest("out/manifest.jsonl"),
        desk.manifest("new/manifest.jsonl")
    );
    // What fails in passing costs no cube that stands.
    fs::write(&asset, &bytes[..bytes.len() * 3 / 5]).unwrap();
    let run = desk.run(&[&args[..], &["--overwrite"]].concat());
    assert_eq!(run.status.code(), Some(3), "{}", stderr(&run));
    let kept = stderr(&run).matches("has this chip, and is kept").count();
    assert_eq!(kept, torn.len());
    assert_eq!(desk.cubes("out"), desk.cubes("new"));
    assert_eq!(
        desk.manifest("out/manifest.jsonl"),
        desk.manifest("new/manifest.jsonl")
    );
}

#[test]
fn cubes_of_another_plan_are_replaced_all_of_them() {
    let desk = Desk::new("naip");
    let make = |out: &str, more: &[&str]| {
        let args = ["prechip", "i.parquet", "-o", out, "--overwrite"];
        desk.must(&[&args[..], more].concat());
        let records = fs::read_dir(desk.path(out).join("records")).unwrap();
        (desk.cubes(out), records.count())
    };
    assert_eq!(make("out", &["--cube-size", "3"]).1, 6);
    fs::write(desk.path("out/records/note.txt"), "mine").unwrap();
    for (fresh, plan) in [
        ("a", &["--cube-size", "8"][..]),
        ("b", &["--cube-size", "5", "--format", "webdataset"]),
        ("c", &["--cube-size", "6", "--format", "geotiff"]),
        (
            "d",
            &["--cube-size", "6", "--format", "geotiff", "--seed", "1"],
        ),
        ("e", &["--cube-size", "16"]),
    ] {
        let (wanted, records) = make(fresh, plan);
        assert_eq!(make("out", plan), (wanted, records + 1), "{plan:?}");
    }
    assert_eq!(
        fs::read(desk.path("out/records/note.txt")).unwrap(),
        b"mine"
    );

    // Lists of what was made before go with it, those of others stay.
    let jobs = ["--cube-size", "3", "--index", "1", "--jobs", "2"];
    make("out", &jobs);
    fs::write(desk.path("out/manifest-of-mine.jsonl"), "mine").unwrap();
    make("out", &["--cube-size", "4"]);
    assert!(!desk.path("out/manifest-1-of-2.jsonl").exists());
    assert!(desk.path("out/manifest.jsonl").exists());
    assert!(desk.path("out/manifest-of-mine.jsonl").exists());
}

#[test]
fn cubes_of_another_plan_are_never_taken_for_those_of_this_one() {
    let desk = Desk::new("naip");
    let args = ["prechip", "i.parquet", "-o", "out", "--cube-size", "4"];
    let seven = [&args[..], &["--seed", "7"]].concat();
    desk.must(&args);
    let first = desk.cubes("out");

    // Half of them are replaced; who goes on makes the other half.
    let half = ["--overwrite", "--index", "0", "--jobs", "2"];
    desk.must(&[&seven[..], &half].concat());
    let told = desk.json(&seven);
    assert_eq!(
        (told["kept"].as_u64(), told["chips"].as_u64()),
        (Some(2), Some(16))
    );
    desk.must(&[
        "prechip",
        "i.parquet",
        "-o",
        "new",
        "--cube-size",
        "4",
        "--seed",
        "7",
    ]);
    assert_eq!(desk.cubes("out"), desk.cubes("new"));
    assert_eq!(
        desk.manifest("out/manifest.jsonl"),
        desk.manifest("new/manifest.jsonl")
    );

    // Nor where the plan is gone.
    fs::remove_file(desk.path("out/prechip.json")).unwrap();
    let said = desk.fails(&args, 1);
    assert!(
        said.contains("another plan") && said.contains("--overwrite"),
        "{said}"
    );
    desk.must(&[&args[..], &["--overwrite"]].concat());
    assert_eq!(desk.cubes("out"), first);
    // Of the same plan they stay.
    fs::remove_file(desk.path("out/prechip.json")).unwrap();
    assert_eq!(desk.json(&args)["kept"], 4);
}

#[test]
fn what_decides_the_pixels_is_in_the_plan() {
    let desk = Desk::new("naip");
    let args = ["prechip", "i.parquet", "-o", "out", "--cube-size", "8"];
    desk.must(&args);
    let elsewhere = desk.path("elsewhere").to_string_lossy().into_owned();
    fs::create_dir(&elsewhere).unwrap();
    for entry in fs::read_dir(desk.path("scene")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(
            &path,
            desk.path("elsewhere").join(path.file_name().unwrap()),
        )
        .unwrap();
    }
    let root = format!("{elsewhere}/");
    let said = desk.fails(&[&args[..], &["--item-root", &root]].concat(), 1);
    assert!(
        said.contains("settings") && said.contains("elsewhere"),
        "{said}"
    );

    // An index of other items with the same ids.
    let item = desk.path("elsewhere/item.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&item).unwrap()).unwrap();
    document["properties"]["datetime"] = "2020-02-03T04:05:06Z".into();
    fs::write(&item, document.to_string()).unwrap();
    desk.must(&[
        "index",
        "elsewhere/item.json",
        "-o",
        "i.parquet",
        "--chip-size",
        "128",
        "--max-nodata",
        "1",
        "--overwrite",
    ]);
    let said = desk.fails(&args, 1);
    assert!(said.contains("list was"), "{said}");
}

#[test]
fn a_folder_is_an_address_and_what_a_killed_run_has_left_is_swept() {
    let desk = Desk::new("naip");
    let args = ["prechip", "i.parquet", "-o", "out", "--cube-size", "8"];
    desk.must(&args);
    let address = format!("file://{}/by%20address/", desk.folder.path().display());
    let told = desk.json(&["prechip", "i.parquet", "-o", &address, "--cube-size", "8"]);
    assert_eq!(told["chips"], 16);
    assert_eq!(desk.cubes("by address"), desk.cubes("out"));
    assert!(desk.path("by address/prechip.json").exists());

    let left = [
        "out/.stacchip-a.part",
        "out/records/.stacchip-b.part",
        "out/mode_v1_chipper_v2/naip/.stacchip-c.part",
    ];
    for name in left {
        let file = fs::File::create(desk.path(name)).unwrap();
        let long_ago = SystemTime::now() - Duration::from_hours(48);
        file.set_modified(long_ago).unwrap();
    }
    desk.must(&args);
    for name in left {
        assert!(!desk.path(name).exists(), "{name}");
    }
}

#[test]
fn upstream_draws_with_replacement() {
    let desk = Desk::new("modis");
    desk.must(&[
        "prechip",
        "i.parquet",
        "-o",
        "out",
        "--cube-size",
        "6",
        "--parity",
        "--max-nodata",
        "0",
    ]);
    let lines = desk.manifest("out/manifest.jsonl");
    let rows: Vec<Vec<u64>> = lines
        .iter()
        .map(|l| {
            l["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r.as_u64().unwrap())
                .collect()
        })
        .collect();
    // numpy.random.seed(42); numpy.random.randint(0, 16, 16), the last four of which fill no cube.
    assert_eq!(rows, [[6, 3, 12, 14, 10, 7], [12, 4, 6, 9, 2, 6]]);
}

#[test]
fn wrong_calls_are_told() {
    let desk = Desk::new("linz");
    for (args, status, words) in [
        (
            &["prechip", "scene/item.json", "-o", "x"][..],
            2,
            "no index",
        ),
        (
            &["prechip", "i.parquet", "-o", "x", "--max-nodata", "2"],
            2,
            "fraction",
        ),
        (
            &[
                "prechip",
                "i.parquet",
                "-o",
                "x",
                "--parity",
                "--seed",
                "4294967296",
            ],
            2,
            "numpy",
        ),
        (
            &["prechip", "i.parquet", "-o", "x", "--platform", "naip"],
            1,
            "no cube",
        ),
        (
            &["stats", "scene/item.json"],
            2,
            "neither cubes nor an index",
        ),
        (&["stats", "nothing/*.npz"], 1, "names no cube"),
        (
            &["stats", "i.parquet", "--percentiles", "101"],
            2,
            "0 to 100",
        ),
        (&["prechip", "i.parquet", "-o", "ftp://x/y"], 1, "ftp"),
    ] {
        let said = desk.fails(args, status);
        assert!(said.contains(words), "{args:?}: {said}");
    }
    assert!(!desk.path("x").exists());
    fs::write(desk.path("broken.npz"), "PK").unwrap();
    let said = desk.fails(&["stats", "broken.npz"], 1);
    assert!(said.contains("broken.npz"), "{said}");
}
