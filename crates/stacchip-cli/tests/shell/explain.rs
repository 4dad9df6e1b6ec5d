//! `explain` as people and scripts call it.

use std::fs;

use crate::desk::{Desk, typed};

#[test]
fn what_a_read_costs_is_said_before_it_is_done() {
    let desk = Desk::new("sentinel-2");
    desk.json(&typed("index scene/item.json -o i.parquet"));
    let before = desk.names();
    let told = desk.json(&typed("explain i.parquet --row 1 --assets red,scl"));
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
    let all = desk.json(&typed("explain i.parquet --all --assets red"));
    assert_eq!(all["chips"], 4);
    assert_eq!(all["distinct"]["tiles"], all["total"]["tiles"], "{all}");
    let one_by_one = &all["one_by_one"];
    assert!(one_by_one["tiles"].as_u64() >= all["total"]["tiles"].as_u64());
    let cut = typed("chip i.parquet --all --assets red -o all/");
    let cut = desk.json(&cut);
    assert_eq!(cut["asked"]["local"]["bytes"], all["total"]["bytes"]);
    assert_eq!(cut["asked"]["local"]["reads"], all["total"]["requests"]);
    fs::remove_dir_all(desk.path("all")).unwrap();

    let item = typed("explain scene/item.json --x 1 --y 0 --assets red,scl");
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
    let said = desk.run(&typed("explain i.parquet --row 1"));
    assert!(String::from_utf8_lossy(&said.stdout).contains("over-read"));
    desk.fails(&typed("explain i.parquet --row 99"), 1);
    assert_eq!(desk.names(), before, "nothing is written");
}
