//! The header of every file of the corpus, taken apart and put together again.
//!
//! The corpus is a folder beside the workspace (`../shared/corpus`) or where `STACCHIP_CORPUS` says.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what it skipped and counted, and fails by panicking"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use futures::executor::block_on;
use stacchip_cog::{
    Limits, open,
    testing::{MemoryReader, check_stored_header},
};

fn corpus() -> Option<PathBuf> {
    let place = env::var_os("STACCHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if place.join("files").is_dir() {
        return Some(place);
    }
    let required = ["CI", "STACCHIP_REQUIRE_CORPUS"]
        .iter()
        .any(|name| env::var_os(name).is_some());
    assert!(!required, "no corpus at {}", place.display());
    println!("SKIPPED: no corpus at {}", place.display());
    None
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_header_is_the_same_once_it_was_kept() {
    let Some(place) = corpus() else { return };
    let mut paths = Vec::new();
    files(&place.join("files"), &mut paths);
    paths.sort();
    let (mut kept, mut not_kept, mut wrong) = (0, Vec::new(), Vec::new());
    for path in &paths {
        let reader = MemoryReader::new(fs::read(path).unwrap()).with_etag("\"1\"");
        let limits = Limits::default();
        if block_on(open(&reader, &limits)).is_err() {
            continue;
        }
        match block_on(check_stored_header(&reader, &limits)) {
            Ok(Some(_)) => kept += 1,
            Ok(None) => not_kept.push(path),
            Err(error) => {
                let error: String = error.chars().take(500).collect();
                wrong.push(format!("{}: {error}", path.display()));
            }
        }
    }
    println!("{kept} kept, {} not: {not_kept:?}", not_kept.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(kept > 100 && not_kept.len() * 10 < kept, "{kept}");
}
