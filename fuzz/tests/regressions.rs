//! Seeds are sound, and what once broke a promise breaks it no more.

use std::{fs, path::Path};

use stacchip_fuzz::{TARGETS, run, seeds};

#[test]
fn seeds_hold() {
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            assert_eq!(run(target.name, seed), Ok(()), "{} {number}", target.name);
        }
    }
}

#[test]
fn regressions_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut broken = Vec::new();
    for target in fs::read_dir(folder).unwrap() {
        let target = target.unwrap();
        if !target.file_type().unwrap().is_dir() {
            continue;
        }
        let name = target.file_name().into_string().unwrap();
        if name == "index" && cfg!(not(feature = "index")) {
            continue;
        }
        for input in fs::read_dir(target.path()).unwrap() {
            let path = input.unwrap().path();
            if let Err(said) = run(&name, &fs::read(&path).unwrap()) {
                broken.push(format!("{}: {said}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_target_is_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|f| {
            f.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into()
        })
        .collect();
    let mut names: Vec<String> = TARGETS.iter().map(|t| t.name.to_owned()).collect();
    if cfg!(not(feature = "index")) {
        names.push("index".to_owned());
    }
    files.sort();
    names.sort();
    assert_eq!(files, names);
}
