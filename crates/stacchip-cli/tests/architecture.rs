//! Holds the crates to the plan of the house: who may know whom, what a pure crate may lean on, and
//! that there is one Arrow, one Parquet and one object store in the lock file.
//!
//! The plan is `docs/architecture.md`; a change of a table below is a change of that page.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

#[test]
fn edges_between_our_crates_are_those_of_the_plan() {
    let metadata = metadata();
    let plan: BTreeMap<&str, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    let ours = our_packages(&metadata);
    let known: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let planned: BTreeSet<&str> = plan.keys().copied().collect();
    assert_eq!(
        known, planned,
        "crates of the workspace and crates of the plan differ"
    );

    let mut faults = Vec::new();
    for package in &ours {
        let name = package.name.as_str();
        let is: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
            .filter(|dependency| known.contains(dependency))
            .collect();
        for extra in is.difference(&plan[name]) {
            faults.push(format!("{name} -> {extra} is not in the plan"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn tests_of_an_inner_crate_do_not_lean_on_the_outside() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for package in our_packages(&metadata) {
        if !PURE.contains(&package.name.as_str()) {
            continue;
        }
        for dependency in &package.dependencies {
            if OUTSIDE.contains(&dependency.name.as_str()) {
                faults.push(format!("{} names {}", package.name, dependency.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_lean_on_no_io_and_no_c() {
    let metadata = metadata();
    let mut faults = Vec::new();
    for name in PURE {
        let root = our_packages(&metadata)
            .into_iter()
            .find(|package| package.name.as_str() == *name)
            .unwrap_or_else(|| panic!("no crate {name} in the workspace"));
        for package in closure(&metadata, &root.id) {
            if let Some(why) = impurity(package) {
                faults.push(format!("{name} leans on {} ({why})", package.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_crates_touch_no_file_socket_process_or_environment() {
    let mut faults = Vec::new();
    for name in PURE {
        for file in rust_files(&root().join("crates").join(name).join("src")) {
            let text = fs::read_to_string(&file).expect("a source file is readable");
            // Tests sit at the bottom of a file, behind this line.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (index, line) in code.lines().enumerate() {
                let line = line.trim_start();
                if line.starts_with("//") {
                    continue;
                }
                for word in IO_WORDS {
                    if line.contains(word) {
                        faults.push(format!("{}:{}: {word}", file.display(), index + 1));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_adapter_imports_no_other_adapter() {
    let src = root().join("crates/stacchip-adapters/src");
    let rooms: Vec<String> = fs::read_dir(&src)
        .expect("the adapters have sources")
        .filter_map(|entry| {
            let path = entry.expect("a folder entry is readable").path();
            path.is_dir().then(|| {
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            })
        })
        .collect();
    let mut faults = Vec::new();
    for room in &rooms {
        for file in rust_files(&src.join(room)) {
            let text = fs::read_to_string(&file).expect("a source file is readable");
            for (index, line) in text.lines().enumerate() {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                for other in rooms.iter().filter(|other| *other != room) {
                    if line.contains(&format!("crate::{other}::"))
                        || line.contains(&format!("crate::{other};"))
                    {
                        faults.push(format!("{}:{}: {other}", file.display(), index + 1));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_lock_file_has_one_version_of_each_table_and_store_crate() {
    let metadata = metadata();
    for name in ONE_VERSION {
        let versions: BTreeSet<String> = metadata
            .packages
            .iter()
            .filter(|package| package.name.as_str() == *name)
            .map(|package| package.version.to_string())
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut faults = Vec::new();
    for package in our_packages(&metadata()) {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest is readable");
        if !manifest.contains("[lints]\nworkspace = true") {
            faults.push(package.name.to_string());
        }
    }
    assert!(
        faults.is_empty(),
        "without the workspace's lints: {}",
        faults.join(", ")
    );
}

/// The resolved graph for the machine this runs on.
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked", "--filter-platform", "host-tuple"].map(str::to_owned))
        .exec()
        .expect("cargo metadata answers")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace is there")
}

/// The crates of the plan: those in `crates/`. The book's own is a test and ships nothing.
fn our_packages(metadata: &Metadata) -> Vec<&Package> {
    let crates = root().join("crates");
    metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_members.contains(&package.id))
        .filter(|package| package.manifest_path.starts_with(&crates))
        .collect()
}

/// All packages that `from` needs to build, itself left out; what only tests need is not followed.
fn closure<'a>(metadata: &'a Metadata, from: &PackageId) -> Vec<&'a Package> {
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let mut seen = BTreeSet::from([from.clone()]);
    let mut open = vec![from.clone()];
    while let Some(id) = open.pop() {
        let node = nodes
            .iter()
            .find(|node| node.id == id)
            .expect("a node for each package");
        for dependency in &node.deps {
            let builds = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development);
            if builds && seen.insert(dependency.pkg.clone()) {
                open.push(dependency.pkg.clone());
            }
        }
    }
    seen.remove(from);
    metadata
        .packages
        .iter()
        .filter(|package| seen.contains(&package.id))
        .collect()
}

/// Why a pure crate may not lean on this package, if so.
fn impurity(package: &Package) -> Option<String> {
    let name = package.name.as_str();
    if IO_CRATES
        .iter()
        .any(|banned| name == *banned || name.starts_with(&format!("{banned}-")))
    {
        return Some("input and output, or a format of the outside".to_owned());
    }
    // rayon-core says `links` only to be unique in a build; it links nothing.
    if let Some(links) = package
        .links
        .as_deref()
        .filter(|links| *links != "rayon-core")
    {
        return Some(format!("links {links}"));
    }
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Build && !dependency.optional)
        .find(|dependency| C_BUILDERS.contains(&dependency.name.as_str()))
        .map(|dependency| format!("builds with {}", dependency.name))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|_| panic!("no folder {}", folder.display())) {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Who may know whom. An edge that is allowed need not be taken.
const EDGES: &[(&str, &[&str])] = &[
    ("stacchip-model", &[]),
    ("stacchip-cog", &["stacchip-model"]),
    ("stacchip-stats", &["stacchip-model"]),
    ("stacchip-index", &["stacchip-model"]),
    ("stacchip-chip", &["stacchip-model", "stacchip-cog"]),
    (
        "stacchip",
        &[
            "stacchip-model",
            "stacchip-index",
            "stacchip-cog",
            "stacchip-stats",
            "stacchip-chip",
        ],
    ),
    ("stacchip-codecs", &["stacchip-cog"]),
    (
        "stacchip-adapters",
        &[
            "stacchip-model",
            "stacchip-index",
            "stacchip-cog",
            "stacchip-stats",
            "stacchip-chip",
            "stacchip",
            "stacchip-codecs",
        ],
    ),
    ("stacchip-cli", &["stacchip", "stacchip-adapters"]),
];

/// Crates that hold no technology.
const PURE: &[&str] = &[
    "stacchip-model",
    "stacchip-cog",
    "stacchip-stats",
    "stacchip-index",
    "stacchip-chip",
    "stacchip",
];

/// Crates that even a test of a pure crate leaves alone.
const OUTSIDE: &[&str] = &["stacchip-adapters", "stacchip-cli"];

/// Crates, and families of crates by prefix, that a pure crate never needs.
const IO_CRATES: &[&str] = &[
    "tokio",
    "mio",
    "async-std",
    "smol",
    "object_store",
    "reqwest",
    "hyper",
    "ureq",
    "rustls",
    "socket2",
    "arrow",
    "parquet",
    "geoarrow",
    "geoparquet",
    "stac",
    "proj",
    "gdal",
    "clap",
    "anyhow",
    "memmap2",
];

/// Build dependencies that mean C is compiled or looked for.
const C_BUILDERS: &[&str] = &["cc", "cmake", "bindgen", "pkg-config", "vcpkg", "nasm-rs"];

/// What code says when it reaches outside.
const IO_WORDS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env::",
    "println!",
    "eprintln!",
];

/// Crates whose types meet in our signatures: two versions of one would not fit together.
const ONE_VERSION: &[&str] = &[
    "arrow",
    "arrow-array",
    "arrow-schema",
    "parquet",
    "object_store",
];
