//! `merge` as people and scripts call it.

use std::fs;

use crate::desk::{Desk, files, lines_of_items, npy, stderr, typed};

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
    let merged = desk.json(&typed("merge a.parquet b c -o m.parquet"));
    assert_eq!(
        (merged["rows"].as_u64(), merged["duplicates"].as_u64()),
        (Some(81 + 16), Some(81))
    );
    assert_eq!(merged["items"], 1);
    assert_eq!(desk.json(&["info", "m.parquet"])["rows"], 97);

    // A row leads to its pixels, without a request for headers.
    desk.json(&typed("chip m.parquet --row 40 --assets red -o m.npy"));
    let told = desk.json(&typed("merge a.parquet b c -o folder"));
    assert_eq!(told["rows"], 97);
    desk.json(&typed("chip folder --row 40 --assets red -o f.npy"));
    assert_eq!(npy(&desk.path("m.npy")), npy(&desk.path("f.npy")));
    assert!(desk.path("folder/headers/_+all.pq").is_file());
    let again = desk.json(&typed("merge folder -o again.parquet"));
    assert_eq!(
        (again["rows"].as_u64(), again["items"].as_u64()),
        (Some(97), Some(1))
    );

    assert!(
        desk.fails(&typed("merge a.parquet -o m.parquet"), 1)
            .contains("exists already")
    );
    assert!(
        desk.fails(&typed("merge a.parquet -o folder"), 1)
            .contains("holds an index already")
    );
    assert!(
        desk.fails(&typed("merge m.parquet -o m.parquet --overwrite"), 2)
            .contains("another place")
    );
    desk.json(&typed("merge a.parquet -o m.parquet --overwrite"));
    assert_eq!(desk.json(&["info", "m.parquet"])["rows"], 81);
    assert!(
        desk.fails(&typed("merge nothing*.parquet -o x.parquet"), 1)
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
    desk.json(&typed("merge one -o m.parquet"));
    desk.json(&typed("merge one -o parts"));
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
        desk.fails(&typed("merge one -o link --overwrite"), 2);
        desk.fails(&typed("merge link -o one --overwrite"), 2);
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
    desk.json(&typed("merge other.parquet -o m.parquet --overwrite"));
    desk.json(&typed(
        "merge other.parquet -o parts --overwrite --part-rows 1",
    ));
    assert!(fs::read(desk.path("m.items.ndjson")).unwrap() != kept);
    assert_eq!(desk.json(&["info", "parts"])["rows"], 16);
    assert_eq!(files(&desk.path("parts")).len(), 2);
}

#[test]
fn a_table_an_item_is_what_upstream_reads() {
    let desk = Desk::empty();
    fs::write(desk.path("items.ndjson"), lines_of_items(3)).unwrap();
    let index = "index items.ndjson --stats none --no-headers -o";
    desk.json(&typed(&format!("{index} one")));
    desk.json(&typed(&format!("{index} tree --layout upstream")));
    desk.json(&typed("merge one -o merged.parquet"));
    let told = desk.json(&typed(
        "merge merged.parquet one -o again --layout upstream",
    ));
    assert_eq!(
        (&told["rows"], &told["duplicates"]),
        (&48.into(), &48.into())
    );
    let names = |tree: &str| files(&desk.path(tree)).into_keys().collect::<Vec<_>>();
    assert_eq!(names("again"), names("tree"));
    let ids = |index: &str| {
        let found = desk.json(&["query", index]);
        let ids = found["chips"].as_array().unwrap().iter();
        let mut ids: Vec<String> = ids.map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("again"), ids("tree"));
    let refused = |call: &str, said: &str| {
        let before = files(&desk.path("again"));
        let told = stderr(&desk.run(&typed(call)));
        assert!(told.contains(said), "{call}: {told}");
        assert!(files(&desk.path("again")) == before, "{call}");
    };
    refused("merge one -o again --layout upstream", "--overwrite");
    refused("merge one -o x.parquet --layout upstream", "is a folder");
    refused(
        "merge again -o again --layout upstream --overwrite",
        "another place",
    );
    fs::write(desk.path("items.ndjson"), lines_of_items(2)).unwrap();
    desk.json(&typed(&format!("{index} two")));
    refused(
        "merge two -o again --layout upstream --overwrite",
        "tables of other items",
    );
    desk.json(&typed("merge one -o again --layout upstream --overwrite"));
}
