//! STAC items found in public repositories, against what their manifest says of them.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says what it skipped and counted, and fails by panicking"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use stacchip_adapters::stac::read_items;

/// The corpus, or nothing where there is none and none is demanded.
fn corpus() -> Option<PathBuf> {
    let root = env::var_os("STACCHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if root.join("stac/stac_manifest.csv").is_file() {
        return Some(root);
    }
    let demanded = ["CI", "STACCHIP_REQUIRE_CORPUS"]
        .iter()
        .any(|v| env::var_os(v).is_some());
    assert!(!demanded, "no corpus at {}", root.display());
    println!(
        "SKIPPED: no corpus at {}; set STACCHIP_CORPUS",
        root.display()
    );
    None
}

/// Rows of a CSV text with quotes, as (column, value) by name.
fn table(text: &str) -> Vec<Vec<(String, String)>> {
    let split = |line: &str| {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    let mut lines = text.lines();
    let names = split(lines.next().unwrap());
    lines
        .map(|line| names.iter().cloned().zip(split(line)).collect())
        .collect()
}

#[test]
fn items_say_what_their_manifest_says() {
    let Some(root) = corpus() else { return };
    let rows = table(&fs::read_to_string(root.join("stac/stac_manifest.csv")).unwrap());
    let (mut read, mut with_grid, mut refused) = (0, 0, Vec::new());
    for row in &rows {
        let of = |name: &str| row.iter().find(|(n, _)| n == name).unwrap().1.as_str();
        let path = root.join(of("path"));
        let Ok(text) = fs::read(&path) else { continue };
        let mut items = match read_items(&text, path.to_str()) {
            Ok(items) => items,
            Err(error) => panic!("{}: {error}", of("path")),
        };
        assert_eq!(items.len(), 1, "{}", of("path"));
        let document = match items.remove(0) {
            Ok(document) => document,
            Err(error) => {
                refused.push((of("path").to_owned(), error.to_string()));
                continue;
            }
        };
        read += 1;
        let scene = document.scene;
        assert_eq!(scene.id, of("id"));
        assert_eq!(
            scene.collection.as_deref().unwrap_or(""),
            of("collection"),
            "{}",
            scene.id
        );
        assert_eq!(
            scene.time.datetime.is_none(),
            of("datetime_null") == "True",
            "{}",
            scene.id
        );
        assert!(scene.time.moment().is_some(), "{}", scene.id);
        assert_eq!(scene.bbox.is_some(), of("bbox_len") != "0", "{}", scene.id);
        let alternates = scene.assets.iter().any(|a| !a.alternates.is_empty());
        assert_eq!(alternates, of("alternate") == "True", "{}", scene.id);
        let mut places = scene
            .assets
            .iter()
            .map(|a| &a.projection)
            .collect::<Vec<_>>();
        places.push(&scene.projection);
        let has = |form: &str| of("proj_form").split(' ').any(|f| f == form);
        let item = &scene.projection;
        assert_eq!(item.shape.is_some(), has("item-shape"), "{}", scene.id);
        assert_eq!(
            item.transform.is_some(),
            has("item-transform"),
            "{}",
            scene.id
        );
        assert_eq!(item.bbox.is_some(), has("item-bbox"), "{}", scene.id);
        if places.iter().any(|p| p.crs.is_some())
            && places
                .iter()
                .any(|p| p.shape.is_some() && p.transform.is_some())
        {
            with_grid += 1;
        }
        let again = read_items(document.json.as_bytes(), path.to_str()).unwrap();
        // Compared by text: a nodata of NaN does not equal itself.
        let again = &again[0].as_ref().unwrap().scene;
        assert_eq!(format!("{again:?}"), format!("{scene:?}"));
    }
    println!("{read} items read, {with_grid} with CRS, shape and transform; refused: {refused:#?}");
    let nameless = |(path, error): &(String, String)| {
        path.contains("None__d488ff") && error.contains("`id` is missing")
    };
    assert!(refused.iter().all(nameless), "{refused:#?}");
    assert!(read >= 100, "only {read} of {}", rows.len());
}
