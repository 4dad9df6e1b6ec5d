//! `prechip`: which cubes come of an index, and what is told of them.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::desk::{Desk, stderr};

/// What is said of bands, without what says where it is from.
fn bands(stats: &Value) -> Value {
    stats["bands"].clone()
}

#[test]
fn every_chip_is_in_one_cube_whatever_the_order_the_threads_and_the_format() {
    let desk = Desk::indexed("sentinel-2");
    let told = desk.json(&["prechip", "i.parquet", "-o", "a", "--cube-size", "5"]);
    assert_eq!(
        (told["chips"].as_u64(), told["kept"].as_u64()),
        (Some(16), Some(0))
    );
    let names: Vec<_> = desk.cubes("a").into_keys().collect();
    let cube = |n: u8| PathBuf::from(format!("sentinel-2-l2a/cube_{n}.npz"));
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
fn a_chip_that_fails_is_named_and_the_rest_is_made_and_it_is_tried_again() {
    let desk = Desk::indexed("sentinel-1");
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
fn upstream_draws_with_replacement() {
    let desk = Desk::indexed("modis");
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
    let desk = Desk::indexed("linz");
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
