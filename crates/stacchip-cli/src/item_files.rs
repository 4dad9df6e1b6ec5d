//! Items kept in files beside indexes.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    failure::Failure,
    wiring::{ItemLine, KeptItems},
};

/// Where in their files items stand: each file is looked through once, however many tables it is beside,
/// and no item is held.
#[derive(Debug, Default)]
pub struct ItemFiles(Mutex<HashMap<PathBuf, Arc<KeptItems>>>);

impl ItemFiles {
    /// The item `id` of `collection` in the file at `path`, as [`KeptItems::place`] finds it.
    ///
    /// # Errors
    /// A failure that names the file and why it cannot be read.
    pub fn item(
        &self,
        path: &Path,
        id: &str,
        collection: Option<&str>,
    ) -> Result<Option<ItemLine>, Failure> {
        let failed = |e: io::Error| Failure::of(path.display(), &e);
        let kept = self.of(path).map_err(failed)?;
        let Some(place) = kept.place(id, collection) else {
            return Ok(None);
        };
        let read = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(place.start))?;
            let mut line = String::new();
            file.take(place.end - place.start)
                .read_to_string(&mut line)?;
            Ok(ItemLine::parse(&line)?)
        };
        read().map(Some).map_err(failed)
    }

    fn of(&self, path: &Path) -> io::Result<Arc<KeptItems>> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = files.get(path) {
            return Ok(Arc::clone(kept));
        }
        let kept = Arc::new(KeptItems::scan(BufReader::new(File::open(path)?))?);
        // A folder that was not merged has a file an item.
        if files.len() >= FILES {
            files.clear();
        }
        files.insert(path.to_owned(), Arc::clone(&kept));
        Ok(kept)
    }
}

/// Files that are known at once.
const FILES: usize = 1024;
