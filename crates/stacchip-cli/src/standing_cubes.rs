//! Cubes that stand where a run makes some, as runs before have left them.

use std::{
    fs, io,
    path::{Component, Path},
};

use futures::{StreamExt, stream};
use serde_json::Value;
use stacchip::cubes::{CubePlan, CubeRecord};

use crate::{failure::Failure, wiring::World};

/// The cubes in a folder.
pub struct StandingCubes<'a> {
    world: &'a World,
    folder: &'a str,
}

impl<'a> StandingCubes<'a> {
    /// Those in `folder`.
    pub const fn new(world: &'a World, folder: &'a str) -> Self {
        Self { world, folder }
    }

    /// The record at `address`; nothing where there is none that can be understood.
    ///
    /// # Errors
    /// A failure where it is not known what is there.
    pub async fn record(&self, address: &str) -> Result<Option<CubeRecord>, Failure> {
        let text = self.world.read_if_there(address).await?;
        Ok(text.and_then(|text| CubeRecord::of_text(&text).ok()))
    }

    /// Whether nothing is left to do for a cube: no chip of it failed, and its files are as long as they
    /// were.
    ///
    /// # Errors
    /// A failure where it is not known what is there.
    pub async fn is_whole(&self, record: &CubeRecord) -> Result<bool, Failure> {
        if !record.failed.is_empty() {
            return Ok(false);
        }
        for file in &record.files {
            let address = format!("{}/{}", self.folder, file.path);
            if self.world.size_if_there(&address).await? != Some(file.bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes room for the cubes of `plan`, which take the place of those of the plan whose text is
    /// `stored`: removes those that none of them takes the place of.
    ///
    /// # Errors
    /// A failure where the folder is not of this machine and something would have to go: it is named.
    pub async fn make_room(&self, plan: &CubePlan, stored: &[u8]) -> Result<(), Failure> {
        let beyond = self.beyond(plan.cubes).await?;
        if !self.is_local() {
            let stored: Value = serde_json::from_slice(stored).unwrap_or_default();
            let same = stored["format"] == plan.format && stored["platform"] == plan.platform;
            if !same || is_a_folder(plan) || !beyond.is_empty() {
                let first = beyond.first().and_then(|record| record.files.first());
                let first = first.map_or_else(String::new, |file| format!(" ({} …)", file.path));
                return Err(Failure::failed(format!(
                    "{}: cubes of another plan stand there of which not all would be replaced{first}: \
                     remove them, or choose another folder",
                    self.folder
                )));
            }
            return Ok(());
        }
        for record in &beyond {
            self.remove_files(record)?;
            let name = format!("{RECORDS}/cube_{}.json", record.cube);
            self.remove(&name)?;
        }
        Ok(())
    }

    /// Removes the files of a cube of `plan` that is about to be made anew in the folder `below` this one,
    /// where those that are made may have other names. In a folder that is not of this machine they stay.
    ///
    /// # Errors
    /// A failure where one cannot be removed.
    pub fn clear(&self, record: &CubeRecord, plan: &CubePlan, below: &str) -> Result<(), Failure> {
        let ending = match plan.format.as_str() {
            "webdataset" => ".tar",
            _ => ".npz",
        };
        let is_there = |path: &str| path.starts_with(below) && path.ends_with(ending);
        let in_place = record.files.iter().all(|file| is_there(&file.path));
        if in_place && !is_a_folder(plan) || !self.is_local() {
            return Ok(());
        }
        self.remove_files(record)
    }

    /// The records of cubes from number `from` on.
    async fn beyond(&self, from: u64) -> Result<Vec<CubeRecord>, Failure> {
        let records = format!("{}/{RECORDS}", self.folder);
        if self.is_local() && !Path::new(&records).is_dir() {
            return Ok(Vec::new());
        }
        let number = |address: &str| {
            let (_, name) = address.rsplit_once('/')?;
            let name = name.strip_prefix("cube_")?.strip_suffix(".json")?;
            name.parse::<u64>().ok()
        };
        let addresses = self.world.list(&records).await?;
        let beyond = addresses.iter().filter(|a| number(a) >= Some(from));
        let read = stream::iter(beyond).map(|address| self.record(address));
        let read: Vec<_> = read.buffered(READ_AT_ONCE).collect().await;
        let found = read.into_iter().filter_map(Result::transpose);
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|r| r.cube >= from).collect())
    }

    fn remove_files(&self, record: &CubeRecord) -> Result<(), Failure> {
        record.files.iter().try_for_each(|file| {
            let below = Path::new(&file.path).components();
            // What a record says that somebody else wrote must not lead elsewhere.
            if below.clone().all(|c| matches!(c, Component::Normal(_))) {
                self.remove(&file.path)
            } else {
                Ok(())
            }
        })
    }

    fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = Path::new(self.folder).join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::of(path.display(), &error))
            }
            _ => {
                // A cube may be a folder; where it holds something else it stays.
                let _ = path.parent().map(fs::remove_dir);
                Ok(())
            }
        }
    }

    fn is_local(&self) -> bool {
        !self.folder.contains("://")
    }
}

/// Whether a cube of `plan` is a folder of files that are called after their chips.
fn is_a_folder(plan: &CubePlan) -> bool {
    plan.format == "geotiff"
}

/// The folder of the records.
const RECORDS: &str = "records";
/// Records read at once.
const READ_AT_ONCE: usize = 32;
