//! `stats`, and cubes that say as much as the index.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, stderr, typed};

fn item(desk: &Desk) -> Value {
    serde_json::from_slice(&fs::read(desk.path("scene/item.json")).unwrap()).unwrap()
}

/// Puts an item beside the first, as `change` has it.
fn put(desk: &Desk, name: &str, change: impl Fn(&mut Value)) {
    let mut item = item(desk);
    item["id"] = name.into();
    change(&mut item);
    let path = desk.path(&format!("scene/{name}.json"));
    fs::write(path, item.to_string()).unwrap();
}

/// An index of these items of the scene.
fn index(desk: &Desk, out: &str, items: &[&str]) {
    let items = items.iter().map(|name| format!("scene/{name}.json"));
    let items: Vec<String> = items.collect();
    let mut call: Vec<&str> = vec!["index"];
    call.extend(items.iter().map(String::as_str));
    let more = "--chip-size 128 --max-nodata 1 --stats none --no-headers -o";
    call.extend(typed(more));
    call.push(out);
    desk.must(&call);
}

/// The first document that is printed, whatever the status.
fn document(desk: &Desk, call: &str, status: i32) -> Value {
    let out = desk.run(&typed(call));
    assert_eq!(out.status.code(), Some(status), "{call}: {}", stderr(&out));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn bands_are_told_by_their_names() {
    let desk = Desk::new("sentinel-1");
    let named = |item: &mut Value, names: [&str; 2]| {
        item["collection"] = "mine".into();
        for asset in item["assets"].as_object_mut().unwrap().values_mut() {
            asset.as_object_mut().unwrap().remove("raster:bands");
        }
        let assets = &item["assets"];
        let (vv, vh) = (assets["vv"].clone(), assets["vh"].clone());
        item["assets"] = json!({ names[0]: vv, names[1]: vh });
    };
    put(&desk, "one", |item| named(item, ["a", "b"]));
    // The same in another order: it is by names, not by places, that they are one.
    put(&desk, "two", |item| named(item, ["a", "b"]));
    let path = desk.path("scene/two.json");
    let mut two: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let assets = two.as_object_mut().unwrap().remove("assets").unwrap();
    let text = two.to_string();
    let text = format!(
        "{},\"assets\":{{\"b\":{},\"a\":{}}}}}",
        &text[..text.len() - 1],
        assets["b"],
        assets["a"]
    );
    fs::write(path, text).unwrap();
    put(&desk, "three", |item| named(item, ["a", "c"]));
    index(&desk, "one.parquet", &["one"]);
    index(&desk, "both.parquet", &["one", "two"]);
    index(&desk, "all.parquet", &["one", "two", "three"]);

    let means = |stats: &Value| -> Vec<Value> {
        let bands = stats["bands"].as_array().unwrap();
        bands.iter().map(|b| b["mean"].clone()).collect()
    };
    let one = desk.json(&["stats", "one.parquet"]);
    assert_ne!(means(&one)[0], means(&one)[1]);
    assert_eq!(means(&desk.json(&["stats", "both.parquet"])), means(&one));
    for (out, format) in [("npz", "npz"), ("tar", "webdataset")] {
        let call = typed("prechip both.parquet --cube-size 5 --format");
        desk.must(&[&call[..], &[format, "-o", out]].concat());
        assert_eq!(means(&desk.json(&["stats", out])), means(&one), "{out}");
    }

    // Others are refused by name, and the rest is made.
    let told = document(&desk, "stats all.parquet --json", 3);
    assert_eq!(means(&told), means(&one));
    assert_eq!(told["failed"].as_array().unwrap().len(), 16);
    let error = told["failed"][0]["error"].as_str().unwrap();
    assert!(error.contains("its bands are a, c"), "{error}");
    let told = document(&desk, "prechip all.parquet -o all --json", 3);
    assert_eq!(told["chips"], 32);
    let error = told["failed"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("its bands are a, c, and the cubes hold a, b"),
        "{error}"
    );
    // Under the name that was asked for they are the same.
    put(&desk, "four", |item| {
        named(item, ["a", "z"]);
        item["assets"]["z"]["eo:bands"] = json!([{ "name": "b" }]);
    });
    index(&desk, "asked.parquet", &["one", "four"]);
    let asked = desk.json(&typed("stats asked.parquet --assets b,a"));
    let turned: Vec<_> = means(&one).into_iter().rev().collect();
    assert_eq!(
        (means(&asked), &asked["bands"][0]["name"]),
        (turned, &json!("b"))
    );
}

#[test]
fn a_chip_with_another_nodata_value_does_not_mix() {
    let desk = Desk::new("naip");
    let nodata = |value: f64| {
        move |item: &mut Value| {
            item["assets"]["image"]["raster:bands"] =
                (0..4).map(|_| json!({ "nodata": value })).collect();
        }
    };
    put(&desk, "zero", nodata(0.0));
    put(&desk, "seven", nodata(7.0));
    index(&desk, "i.parquet", &["zero", "seven"]);
    for (out, format) in [("npz", "npz"), ("tar", "webdataset")] {
        let call = format!("prechip i.parquet -o {out} --format {format} --json");
        let told = document(&desk, &call, 3);
        assert_eq!(told["chips"], 16);
        let failed = told["failed"].as_array().unwrap();
        assert_eq!(failed.len(), 16);
        for chip in failed {
            let error = chip["error"].as_str().unwrap();
            assert!(chip["chipid"].as_str().unwrap().starts_with("seven-"));
            assert!(
                error.contains("has the nodata value 7, and the cubes hold the nodata value 0"),
                "{error}"
            );
        }
    }
    desk.must(&typed("prechip i.parquet -o tif --format geotiff"));
    assert_eq!(desk.cubes("tif").len(), 32);
    // Upstream asks nobody.
    desk.must(&typed(
        "prechip i.parquet -o parity --parity --max-nodata 0 --cube-size 16",
    ));
}

#[test]
fn cubes_keep_masks_and_count_as_the_index_does() {
    for (platform, edge) in [("linz", "drop"), ("naip", "keep"), ("linz", "keep")] {
        let desk = Desk::new(platform);
        let call =
            typed("index scene/item.json -o i.parquet --chip-size 128 --max-nodata 1 --edge");
        desk.must(&[&call[..], &[edge]].concat());
        let of_index = desk.json(&["stats", "i.parquet"]);
        assert!(of_index["bands"][0]["nodata_count"].as_u64() > Some(0));
        for (out, format) in [("npz", "npz"), ("tar", "webdataset")] {
            let call = typed("prechip i.parquet --cube-size 5 --format");
            desk.must(&[&call[..], &[format, "-o", out]].concat());
            for memory in ["1GiB", "1MiB"] {
                let of_cubes = desk.json(&["stats", out, "--memory", memory]);
                assert_eq!(
                    of_cubes["bands"], of_index["bands"],
                    "{platform} {edge} {format} {memory}"
                );
            }
        }
        let has = |out: &str, name: &[u8]| {
            let cubes = desk.cubes(out);
            let mut cubes = cubes.values();
            cubes.any(|cube| cube.windows(name.len()).any(|part| part == name))
        };
        assert!(has("npz", b"mask.npy") && has("tar", b".mask.npy"));
        desk.must(&typed(
            "prechip i.parquet -o parity --parity --max-nodata 0 --cube-size 5",
        ));
        assert!(!has("parity", b"mask.npy"));
    }
}

#[test]
fn an_item_is_told_by_its_collection_too() {
    let desk = Desk::new("sentinel-2");
    let baseline = |collection: &'static str, offset: f64| {
        move |item: &mut Value| {
            item["id"] = "same".into();
            item["collection"] = collection.into();
            let properties = item["properties"].as_object_mut().unwrap();
            properties.retain(|name, _| !name.contains("boa_offset"));
            item["properties"]["s2:processing_baseline"] = "05.09".into();
            for asset in item["assets"].as_object_mut().unwrap().values_mut() {
                asset["raster:bands"] = json!([{ "offset": offset, "scale": 0.0001, "nodata": 0 }]);
            }
        }
    };
    let shifts = |collections: [(&'static str, f64); 2]| {
        let _ = fs::remove_dir_all(desk.path("tables"));
        fs::create_dir_all(desk.path("tables")).unwrap();
        for (name, (collection, offset)) in ["one", "two"].into_iter().zip(collections) {
            put(&desk, name, baseline(collection, offset));
            let table = format!("tables/{name}.parquet");
            index(&desk, &table, &[name]);
        }
        let call = typed("stats tables --harmonize --assets red");
        let said = desk.json(&call)["harmonize"]["items"].clone();
        let said = said.as_array().unwrap().clone();
        let mut added: Vec<_> = said.iter().map(|s| s["added"].as_i64().unwrap()).collect();
        added.sort_unstable();
        added
    };
    // One has the offset in it already.
    let (old, new) = ("sentinel-2-l2a", "sentinel-2-c1-l2a");
    assert_eq!(shifts([(old, -0.1), (new, 0.0)]), [-1000, 0]);
    assert_eq!(shifts([(old, 0.0), (new, -0.1)]), [-1000, 0]);
}

#[test]
fn an_offset_that_makes_no_sense_is_refused_where_it_is_asked_for() {
    let desk = Desk::new("sentinel-2");
    put(&desk, "odd", |item| {
        item["collection"] = "sentinel-2-l2a".into();
        let properties = item["properties"].as_object_mut().unwrap();
        properties.retain(|name, _| !name.contains("boa_offset"));
        item["properties"]["s2:processing_baseline"] = "05.09".into();
        item["assets"]["red"]["raster:bands"] = json!([{ "offset": -0.1, "scale": 0 }]);
    });
    index(&desk, "i.parquet", &["odd"]);
    let told = document(&desk, "stats i.parquet --harmonize --assets red --json", 1);
    // Nothing could be counted, and that is told as a document.
    assert_eq!(told["bands"], json!([]));
    assert_eq!(told["failed"].as_array().unwrap().len(), 16);
    let error = told["failed"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("red: ") && error.contains("steps of 0"),
        "{error}"
    );
    let told = desk.json(&typed("stats i.parquet --assets red"));
    assert_eq!(told["harmonize"]["items"][0]["added"], 0);
}

#[test]
fn only_cubes_of_one_plan_are_counted() {
    let desk = Desk::indexed("naip");
    let call = typed("prechip i.parquet --cube-size 4 -o");
    desk.must(&[&call[..], &["out/a"]].concat());
    let told = desk.json(&["stats", "out/a"]);
    assert_eq!(
        (&told["read"]["cubes"], &told["read"]["left_out"]),
        (&json!(4), &json!(0))
    );

    // What others have left there is none of it.
    let below = desk.path("out/a/mode_v1_chipper_v2/naip");
    fs::copy(below.join("cube_0.npz"), below.join("cube_9.npz")).unwrap();
    fs::copy(below.join("cube_0.npz"), below.join("old.npz")).unwrap();
    let again = desk.json(&["stats", "out/a"]);
    assert_eq!(again["bands"], told["bands"]);
    assert_eq!(
        (&again["read"]["cubes"], &again["read"]["left_out"]),
        (&json!(4), &json!(2))
    );
    let out = desk.must(&["stats", "out/a"]);
    assert!(
        stderr(&out).contains("2 files are left out"),
        "{}",
        stderr(&out)
    );
    // So is a cube beyond the plan, whatever an old record says.
    let record = fs::read_to_string(desk.path("out/a/records/cube_0.json")).unwrap();
    fs::write(
        desk.path("out/a/records/cube_9.json"),
        record.replace("cube_0.npz", "cube_9.npz"),
    )
    .unwrap();
    assert_eq!(desk.json(&["stats", "out/a"])["read"], again["read"]);
    let said = desk.fails(&["stats", "out/a/mode_v1_chipper_v2/naip/cube_9.npz"], 1);
    assert!(said.contains("no file is a cube of the plan"), "{said}");

    // Two plans do not mix, nor does a plan with what has none.
    desk.must(&[&call[..], &["out/b"]].concat());
    let said = desk.fails(&["stats", "out"], 1);
    assert!(
        said.contains("several plans") && said.contains("out/a") && said.contains("out/b"),
        "{said}"
    );
    assert!(
        desk.fails(&["stats", "out/**/*.npz"], 1)
            .contains("several plans")
    );
    fs::remove_file(desk.path("out/b/prechip.json")).unwrap();
    assert!(desk.fails(&["stats", "out"], 1).contains("is of none"));
    let alone = desk.json(&["stats", "out/b"]);
    assert_eq!(alone["bands"][0]["mean"], told["bands"][0]["mean"]);
    // Nor do platforms.
    let other = desk.path("out/b/mode_v1_chipper_v2");
    fs::create_dir_all(other.join("modis")).unwrap();
    fs::copy(
        other.join("naip/cube_0.npz"),
        other.join("modis/cube_0.npz"),
    )
    .unwrap();
    let said = desk.fails(&["stats", "out/b"], 1);
    assert!(said.contains("modis") && said.contains("naip"), "{said}");
    desk.must(&["stats", "out/b", "--platform", "naip"]);
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let desk = Desk::indexed("naip");
    desk.must(&typed("prechip i.parquet -o out"));
    desk.must(&typed("stats out --platform naip"));
    fs::write(desk.path("file"), "").unwrap();
    let said = desk.fails(&typed("prechip i.parquet -o file"), 1);
    assert!(said.contains("needs a folder"), "{said}");
    for (option, value) in [
        ("--assets", "image"),
        ("--exclude", "image"),
        ("--max-nodata", "0.5"),
        ("--max-cloud", "0.5"),
        ("--mount", "x"),
        ("--alternate", "s3"),
        ("--item-root", "x"),
        ("--platform", "nape"),
        ("--platform", "sentinel-2"),
    ] {
        let said = desk.fails(&["stats", "out", option, value], 2);
        assert!(said.contains(option), "{said}");
    }
}

/// A shard with one array of this shape, and no number in it.
fn shard(shape: &str) -> Vec<u8> {
    let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    let mut array = b"\x93NUMPY\x01\x00".to_vec();
    array.extend(u16::try_from(text.len() + 1).unwrap().to_le_bytes());
    array.extend(text.bytes());
    array.push(b'\n');
    let mut header = [0u8; 512];
    header[..7].copy_from_slice(b"0-0.npy");
    header[124..135].copy_from_slice(format!("{:011o}", array.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut shard = header.to_vec();
    shard.extend(&array);
    shard.resize(shard.len().next_multiple_of(512) + 1024, 0);
    shard
}

#[test]
fn files_that_say_too_much_of_themselves_are_refused() {
    let desk = Desk::empty();
    for shape in [
        "(1099511627776, 1, 1)",
        "(18446744073709551615, 1, 1)",
        "(18446744073709551615, 0, 1)",
        "(5000, 1, 1)",
    ] {
        fs::write(desk.path("cube_0.tar"), shard(shape)).unwrap();
        let said = desk.fails(&["stats", "cube_0.tar"], 1);
        assert!(
            said.contains("cube_0.tar") && said.contains("an array in it is"),
            "{said}"
        );
    }
}
