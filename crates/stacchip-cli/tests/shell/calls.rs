//! What every command answers to a call that is wrong, and how it is helped.

use std::fs;

use crate::desk::Desk;

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
