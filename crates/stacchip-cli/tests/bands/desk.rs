//! A folder in which the program is called.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
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
        for name in ["AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"] {
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
    pub fn cubes(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let below = self.path(folder).join("mode_v1_chipper_v2");
        let mut open = vec![below.clone()];
        let mut found = BTreeMap::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&below).unwrap().to_string_lossy().into();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
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
