//! Cubes that stand where a run makes some, as runs before have left them.

use std::{collections::HashSet, fs, path::Path};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use stacchip::cubes::{CubeRecord, StoredFile};

use crate::{failure::Failure, wiring::World};

/// The cubes in a folder, as a plan that is made there sees them.
#[derive(Debug, Clone, Copy)]
pub struct StandingCubes<'a> {
    world: &'a World,
    /// An address, or a path.
    folder: &'a str,
    /// Whether it is a path of this machine.
    is_local: bool,
    /// The id of the plan.
    plan: &'a str,
}

/// What stands where a cube is made.
#[derive(Debug)]
pub enum Standing {
    /// Nothing that is known of.
    Nothing,
    /// All of it: it stays as it is.
    Whole(CubeRecord),
    /// All that its record names, which is not all of it: there are chips that failed.
    Lacking(CubeRecord),
    /// It lacks files.
    Part(CubeRecord),
    /// A cube of another plan.
    Other(CubeRecord),
}

impl<'a> StandingCubes<'a> {
    /// Those in `folder`, as the plan with that id sees them.
    pub const fn new(world: &'a World, folder: &'a str, is_local: bool, plan: &'a str) -> Self {
        Self {
            world,
            folder,
            is_local,
            plan,
        }
    }

    /// What stands of the cube whose record is at `address`.
    ///
    /// # Errors
    /// A failure where that cannot be known.
    pub async fn of(&self, address: &str) -> Result<Standing, Failure> {
        let Some(record) = self.record(address).await? else {
            return Ok(Standing::Nothing);
        };
        if record.plan != self.plan {
            return Ok(Standing::Other(record));
        }
        for file in &record.files {
            let address = format!("{}/{}", self.folder, file.path);
            if self.world.size_if_there(&address).await? != Some(file.bytes) {
                return Ok(Standing::Part(record));
            }
        }
        // What failed may have passed by now.
        Ok(if record.failed.is_empty() {
            Standing::Whole(record)
        } else {
            Standing::Lacking(record)
        })
    }

    /// The address of a record that is of another plan, if there is one.
    ///
    /// # Errors
    /// A failure where that cannot be known.
    pub async fn of_another(&self) -> Result<Option<String>, Failure> {
        for address in self.list(&format!("{}/{RECORDS}", self.folder)).await? {
            let record = self.record(&address).await?;
            if record.is_some_and(|record| record.plan != self.plan) {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Makes room for `cubes` cubes of the plan, where another was made before: removes the cubes whose
    /// numbers are beyond, and the lists of what was made. Others are [removed](Self::remove) by whose turn
    /// it is to make the cube of that number, so that jobs of an array do not come in each other's way.
    ///
    /// # Errors
    /// A failure where something cannot be looked at, or removed.
    pub async fn make_room(&self, cubes: u64) -> Result<(), Failure> {
        let records = format!("{}/{RECORDS}", self.folder);
        for address in self.list(&records).await? {
            if number(&address) >= Some(cubes)
                && let Some(record) = self.record(&address).await?
                && record.cube >= cubes
                && record.plan != self.plan
            {
                self.remove(&record, &[]).await?;
                self.remove_file(&format!("{RECORDS}/cube_{}.json", record.cube))
                    .await?;
            }
        }
        for address in self.list(self.folder).await? {
            let name = address.rsplit_once('/').map_or("", |(_, name)| name);
            let beside = address.len() == self.folder.len() + 1 + name.len();
            if beside && is_manifest(name) && self.is_of_another(&address).await? {
                self.remove_file(name).await?;
            }
        }
        Ok(())
    }

    /// Removes the files that `record` names and none of `but` is.
    ///
    /// # Errors
    /// A failure where one cannot be removed.
    pub async fn remove(&self, record: &CubeRecord, but: &[StoredFile]) -> Result<(), Failure> {
        let but: HashSet<&str> = but.iter().map(|file| file.path.as_str()).collect();
        let paths = record.files.iter().map(|file| file.path.as_str());
        let gone = paths.filter(|path| !but.contains(path) && is_below(path));
        let gone: Vec<_> = gone.collect();
        stream::iter(&gone)
            .map(|path| self.remove_file(path))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        if self.is_local {
            // A cube may be a folder; where it holds something else it stays.
            let folders = gone.iter().filter_map(|path| Path::new(path).parent());
            let of_cube = |name: &&Path| {
                name.file_name()
                    .is_some_and(|n| is_cube(&n.to_string_lossy()))
            };
            let folders: HashSet<_> = folders.filter(of_cube).collect();
            for folder in folders {
                let _ = fs::remove_dir(Path::new(self.folder).join(folder));
            }
        }
        Ok(())
    }

    /// The record at `address`; nothing where there is none that can be understood.
    async fn record(&self, address: &str) -> Result<Option<CubeRecord>, Failure> {
        let text = self.world.read_if_there(address).await?;
        Ok(text.and_then(|text| CubeRecord::of_text(&text).ok()))
    }

    /// Whether the list of cubes at `address` is not of the plan.
    async fn is_of_another(&self, address: &str) -> Result<bool, Failure> {
        let Some(text) = self.world.read_if_there(address).await? else {
            return Ok(false);
        };
        let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let first: Option<Value> = serde_json::from_slice(first).ok();
        Ok(first.is_some_and(|line| line["kind"] == "cube" && line["plan"] != self.plan))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        if self.is_local && !Path::new(folder).is_dir() {
            return Ok(Vec::new());
        }
        self.world.list(folder).await
    }

    async fn remove_file(&self, path: &str) -> Result<(), Failure> {
        self.world.remove(&format!("{}/{path}", self.folder)).await
    }
}

/// The number of the cube whose record is at `address`.
fn number(address: &str) -> Option<u64> {
    let (_, name) = address.rsplit_once('/')?;
    name.strip_prefix("cube_")?
        .strip_suffix(".json")?
        .parse()
        .ok()
}

fn is_manifest(name: &str) -> bool {
    let name = name.strip_prefix("manifest");
    name.is_some_and(|name| name.strip_suffix(".jsonl").is_some())
}

fn is_cube(folder: &str) -> bool {
    folder.starts_with("cube_")
}

/// Whether `path` leads to nowhere but to a cube, or into one, below where it is taken from: what a record says
/// that somebody else wrote must not lead elsewhere.
fn is_below(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let of_cube = path.rsplit('/').take(2).any(is_cube);
    path.split('/').all(plain) && !path.contains(['\\', ':']) && of_cube
}

/// The folder of the records.
const RECORDS: &str = "records";
/// Files removed at once.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_elsewhere() {
        assert!(is_below("mode/naip/cube_0.npz") && is_below("cube_0/0-a..b.tif"));
        for path in [
            "",
            "/etc/cube_1",
            "../cube_1",
            "a/../cube_1",
            "a//cube_1",
            "./cube_1",
            "cube_1\\..\\x",
            "c:cube_1",
            "index.parquet",
            "items/x.json",
            "cube_1/deeper/down",
        ] {
            assert!(!is_below(path), "{path}");
        }
        assert_eq!(number("out/records/cube_12.json"), Some(12));
        assert_eq!(number("out/records/note.txt"), None);
    }
}
