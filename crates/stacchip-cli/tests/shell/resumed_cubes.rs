//! `prechip` that goes on where a run or another job stood, and what it does not take for its own.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::desk::{Desk, stderr};

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
    let desk = Desk::indexed("naip");
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
fn a_run_goes_on_where_it_stood() {
    let desk = Desk::indexed("landsat");
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

#[test]
fn a_folder_is_an_address_and_what_a_killed_run_has_left_is_swept() {
    let desk = Desk::indexed("naip");
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
fn cubes_of_another_plan_are_replaced_all_of_them() {
    let desk = Desk::indexed("naip");
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
    let desk = Desk::indexed("naip");
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
    let desk = Desk::indexed("naip");
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
