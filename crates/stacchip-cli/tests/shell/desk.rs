//! A folder in which the program is called.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder to work in.
pub struct Desk {
    pub folder: TempDir,
}

impl Desk {
    /// One with nothing in it.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One with a sample scene in `scene`.
    pub fn new(platform: &str) -> Self {
        let desk = Self::empty();
        desk.must(&["sample", "scene", "--platform", platform, "--size", "600"]);
        desk
    }

    /// The same, and with the index `i.parquet` of its 16 chips of 128 pixels.
    pub fn indexed(platform: &str) -> Self {
        let desk = Self::new(platform);
        let index = ["index", "scene/item.json", "-o", "i.parquet"];
        desk.must(&[&index[..], &["--chip-size", "128", "--max-nodata", "1"]].concat());
        desk
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacchip"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        // What a batch system says of its own jobs is not of these.
        for name in [
            "AWS_BATCH_JOB_ARRAY_INDEX",
            "AWS_BATCH_JOB_ARRAY_SIZE",
            "STACCHIP_CUBES_PER_JOB",
        ] {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs what must succeed.
    pub fn must(&self, args: &[&str]) -> Output {
        let out = self.run(args);
        assert!(out.status.success(), "{args:?}: {}", stderr(&out));
        out
    }

    /// Runs what must succeed with `--json`, and reads what it prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.must(&[args, &["--json"]].concat());
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Runs what must fail with `status`, and gives what it says.
    pub fn fails(&self, args: &[&str], status: i32) -> String {
        let out = self.run(args);
        let said = stderr(&out);
        assert_eq!(out.status.code(), Some(status), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        said
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The files below a folder that are no records or plans, by name.
    pub fn cubes(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.path(folder).join("mode_v1_chipper_v2"))
    }

    /// The lines of a manifest.
    pub fn manifest(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }

    /// The names of what lies on it.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The words of a call as it is typed.
pub fn typed(call: &str) -> Vec<&str> {
    call.split(' ').collect()
}

/// What was said on standard error.
pub fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// The shape and type in the header of an `.npy` file, and its data.
pub fn npy(path: &Path) -> (String, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..10 + length].to_vec()).unwrap();
    (header, bytes[10 + length..].to_vec())
}

/// Items that say all of their grids themselves, one a line.
pub fn lines_of_items(count: usize) -> String {
    let item = |i: usize| {
        let (x, y) = (400_000 + 5120 * (i % 20), 5_000_000 + 5120 * (i / 20));
        json!({
            "type": "Feature", "stac_version": "1.0.0", "id": format!("item-{i:04}"),
            "collection": "sentinel-2-l2a", "geometry": null, "links": [], "assets": {},
            "properties": {
                "datetime": format!("2024-03-{:02}T10:00:00Z", i % 28 + 1), "proj:epsg": 32632,
                "proj:shape": [1024, 1024], "proj:transform": [10, 0, x, 0, -10, y],
            },
        })
        .to_string()
    };
    (0..count).map(|i| item(i) + "\n").collect()
}

/// All files in a folder and the folders in it, by their names.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
