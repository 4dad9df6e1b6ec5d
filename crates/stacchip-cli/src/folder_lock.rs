//! Says that a folder is being written to.

use std::{fs, path::Path, path::PathBuf};

use crate::{failure::Failure, wiring::is_left};

/// Says that a folder is being written to, so that what another run left half-written is not mistaken for
/// what one under way is writing. Who writes holds it together with others; it goes with the last of them.
#[derive(Debug)]
pub struct FolderLock {
    file: fs::File,
    path: PathBuf,
}

impl FolderLock {
    /// Takes the dataset in the folder at `path`, which is made where there is none. Who is alone removes what
    /// a run that was killed has left.
    ///
    /// # Errors
    /// A failure where the folder cannot be written to.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        if path.is_file() {
            return Err(Failure::failed(format!(
                "{} is a file: what is written needs a folder, give another place",
                path.display()
            )));
        }
        fs::create_dir_all(path).map_err(|e| Failure::of(path.display(), &e))?;
        Self::shared(path, true).map_err(|e| Failure::of(path.display(), &e))
    }

    /// Takes the folder that the file at `path` is to stand in: what is written there beside a dataset is not
    /// swept away by its next run. Nothing where there is no such folder, or it has no locks.
    pub fn beside(path: &Path) -> Option<Self> {
        let folder = path.parent().filter(|p| *p != Path::new(""));
        Self::shared(folder.unwrap_or(Path::new(".")), false).ok()
    }

    fn shared(folder: &Path, sweeps: bool) -> std::io::Result<Self> {
        let path = folder.join(LOCK);
        loop {
            let file = fs::File::create(&path)?;
            if sweeps && file.try_lock().is_ok() {
                // Nobody takes it away while it is held alone: what is still there stays until then.
                if is_at(&file, &path) {
                    sweep(folder);
                }
                let _ = file.unlock();
            }
            // Where the file system has no locks, nothing is swept away.
            let locked = file.lock_shared().is_ok();
            if !locked || is_at(&file, &path) {
                return Ok(Self { file, path });
            }
            // The last of others has taken it away meanwhile, and who comes next makes another.
        }
    }
}

impl Drop for FolderLock {
    /// Gives the folder back; the last takes the lock away.
    fn drop(&mut self) {
        let _ = self.file.unlock();
        if cfg!(unix) && self.file.try_lock().is_ok() && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the open `file` is the one that stands at `path`.
#[cfg(unix)]
pub fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(file), Ok(there)) => number(file) == number(there),
        _ => false,
    }
}

/// The same where files have no numbers: there the lock is never taken away.
#[cfg(not(unix))]
pub fn is_at(_: &fs::File, _: &Path) -> bool {
    true
}

/// Removes files that a killed run has left in the folders that datasets and cubes are written into: `folder` itself,
/// those of items, headers and records, and `index/*/*` and `mode_*/*` of upstream's layout, with the folders of
/// cubes in it. What else is in it is none of its business.
fn sweep(folder: &Path) {
    sweep_files(folder);
    for beside in ["items", "headers", "records"] {
        sweep_files(&folder.join(beside));
    }
    for platform in folders(&folder.join("index")) {
        for item in folders(&platform) {
            sweep_files(&item);
        }
    }
    for mode in named(folder, "mode_") {
        for platform in folders(&mode) {
            sweep_files(&platform);
            for cube in named(&platform, "cube_") {
                sweep_files(&cube);
            }
        }
    }
}

fn sweep_files(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_file = entry.file_type().is_ok_and(|t| t.is_file());
        let modified = entry.metadata().and_then(|m| m.modified()).ok();
        if is_file && is_left(&name, modified) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    folders.map(|e| e.path()).collect()
}

/// The folders in `folder` whose names begin so.
fn named(folder: &Path, beginning: &str) -> Vec<PathBuf> {
    let mut found = folders(folder);
    found.retain(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(beginning)
    });
    found
}

/// The file in a dataset that says it is written to.
const LOCK: &str = ".stacchip.lock";

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_is_left_is_swept_by_who_is_alone_and_only_where_datasets_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let left = [
            ".stacchip-a.part",
            "items/.stacchip-b.part",
            "headers/.stacchip-c.part",
            "index/p/i/.stacchip-d.part",
            "records/.stacchip-g.part",
            "mode_v1_chipper_v2/naip/.stacchip-h.part",
            "mode_v1_chipper_v2/naip/cube_3/.stacchip-i.part",
        ];
        let others = [
            "other/.stacchip-e.part",
            "items/deep/.stacchip-f.part",
            "mode_v1_chipper_v2/naip/mine/.stacchip-j.part",
            "x.part",
        ];
        let put = |names: &[&str]| {
            for name in names {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let file = fs::File::create(path).unwrap();
                let long_ago = SystemTime::now() - Duration::from_hours(48);
                file.set_modified(long_ago).unwrap();
            }
        };
        let there = |names: &[&str]| {
            let there = names.iter().filter(|n| folder.path().join(n).exists());
            there.count()
        };
        put(&left);
        put(&others);
        let first = FolderLock::take(folder.path()).unwrap();
        assert_eq!((there(&left), there(&others)), (0, 4));
        put(&left);
        let second = FolderLock::take(folder.path()).unwrap();
        let third = FolderLock::beside(&folder.path().join("x.parquet")).unwrap();
        assert_eq!(there(&left), left.len(), "one is under way");
        drop(first);
        drop(second);
        drop(FolderLock::take(folder.path()).unwrap());
        assert_eq!(there(&left), left.len(), "one is under way");
        assert_eq!(there(&[LOCK]), 1);
        drop(third);
        assert_eq!(there(&[LOCK]), 0);
        drop(FolderLock::take(folder.path()).unwrap());
        assert_eq!((there(&left), there(&[LOCK])), (0, 0));
        assert!(FolderLock::beside(&folder.path().join("no/x.parquet")).is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_that_was_taken_away_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        let old = fs::File::create(&path).unwrap();
        assert!(is_at(&old, &path));
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&old, &path));
        let now = FolderLock::take(folder.path()).unwrap();
        assert!(!is_at(&old, &path) && is_at(&now.file, &path));
    }
}
