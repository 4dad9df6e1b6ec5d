//! Tables that get columns more, in their place.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    afar::{is_afar, unwritten},
    failure::{Failure, chain},
    folder_lock::FolderLock,
    tables::local,
    target::writable,
    wiring::{Replaces, StagedTable, World},
};

/// Says that columns are written into a dataset: one run at a time does, so that none loses what another
/// has written. Behind addresses nothing is held: there who comes second finds another version, and ends.
#[derive(Debug)]
pub struct Rewriting {
    _columns: Option<ColumnsLock>,
    _folder: Option<FolderLock>,
}

impl Rewriting {
    /// Takes the dataset at `dataset`, before its tables are opened.
    ///
    /// # Errors
    /// A failure where another run has it, or it cannot be written to.
    pub fn of(dataset: &str) -> Result<Self, Failure> {
        if is_afar(dataset) {
            writable(dataset)?;
            return Ok(Self {
                _columns: None,
                _folder: None,
            });
        }
        let path = PathBuf::from(local(dataset));
        if path.is_dir() {
            let folder = Some(FolderLock::take(&path)?);
            return Ok(Self {
                _columns: ColumnsLock::take(&path)?,
                _folder: folder,
            });
        }
        let folder = path.parent().filter(|p| *p != Path::new(""));
        Ok(Self {
            _columns: ColumnsLock::take(folder.unwrap_or(Path::new(".")))?,
            _folder: FolderLock::beside(&path),
        })
    }
}

/// Gives all tables their places, each only where what stands there is what it was made of.
///
/// # Errors
/// A failure that names the first that another has written meanwhile.
pub fn place(staged: Vec<StagedTable>, world: &World) -> Result<(), Failure> {
    let here = |address: &Path| !is_afar(&address.to_string_lossy());
    let (here, afar): (Vec<_>, Vec<_>) = staged.into_iter().partition(|t| here(t.path()));
    for table in here {
        table.place().map_err(|e| Failure::failed(chain(&e)))?;
    }
    if afar.is_empty() {
        return Ok(());
    }
    let objects = world.afar()?;
    afar.par_iter().try_for_each(|table| {
        let address = table.path().to_string_lossy();
        // What was opened: it is known since then.
        let Some(opened) = objects.standing(&address)? else {
            return Err(Failure::failed(format!("{address}: not found")));
        };
        let put = objects.put(&address, table.file(), Replaces::Only(&opened));
        put.map_err(|e| unwritten(&e))
    })
}

/// Says that columns are written into the tables of a folder.
#[derive(Debug)]
struct ColumnsLock {
    file: fs::File,
    path: PathBuf,
}

impl ColumnsLock {
    /// Takes the folder; nothing where it has no locks.
    fn take(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(LOCK);
        loop {
            let Ok(file) = fs::File::create(&path) else {
                return Ok(None);
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(Failure::failed(format!(
                        "{}: another run writes columns into its tables: do this again when that has ended",
                        folder.display()
                    )));
                }
                // What was opened is compared before it is replaced, all the same.
                Err(fs::TryLockError::Error(_)) => return Ok(None),
            }
            if crate::folder_lock::is_at(&file, &path) {
                return Ok(Some(Self { file, path }));
            }
            // Who had it took it away meanwhile, and who comes next makes another.
        }
    }
}

impl Drop for ColumnsLock {
    fn drop(&mut self) {
        if cfg!(unix) && crate::folder_lock::is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// The file that says so.
const LOCK: &str = ".stacchip.columns.lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_writes_columns() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = folder.path().to_string_lossy().into_owned();
        let first = Rewriting::of(&dataset).unwrap();
        let second = Rewriting::of(&dataset).unwrap_err().to_string();
        assert!(second.contains("another run writes columns"), "{second}");
        let table = format!("{dataset}/a.parquet");
        assert!(Rewriting::of(&table).is_err(), "one of its tables");
        drop(first);
        drop(Rewriting::of(&table).unwrap());
        assert!(!folder.path().join(LOCK).exists());
        let http = Rewriting::of("https://h/a.parquet?sig=1")
            .unwrap_err()
            .to_string();
        assert!(
            http.contains("over HTTP") && !http.contains("sig"),
            "{http}"
        );
    }
}
