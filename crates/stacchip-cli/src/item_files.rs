//! Items kept in files beside indexes.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    afar::is_afar,
    failure::{Failure, chain},
    wiring::{ItemLine, KeptItemTable, KeptItems, World},
};

/// Where in their files items stand: each file is looked through once, however many tables it is beside,
/// and no item is held.
#[derive(Debug, Default)]
pub struct ItemFiles(Mutex<HashMap<String, Arc<Kept>>>);

/// A file of items that was looked through.
#[derive(Debug)]
enum Kept {
    /// Lines of JSON.
    Lines(KeptItems),
    /// A stac-geoparquet.
    Table(KeptItemTable),
}

/// Whether a file of items is a stac-geoparquet.
pub fn is_item_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("geoparquet"))
}

impl ItemFiles {
    /// The item of an id and a collection in the file at `address`, as [`KeptItems::place`] finds it. What is not of this
    /// machine is copied here first.
    ///
    /// # Errors
    /// A failure that names the file and why it cannot be read.
    pub fn item(
        &self,
        address: &str,
        (id, collection): (&str, Option<&str>),
        world: &World,
    ) -> Result<Option<ItemLine>, Failure> {
        let copy = if is_afar(address) {
            Some(world.afar()?.copy(address)?)
        } else {
            None
        };
        let path: &Path = copy.as_ref().map_or(Path::new(address), |copy| copy);
        let failed = |e: io::Error| Failure::of(address, &e);
        let place = match self.of(address, path)?.as_ref() {
            Kept::Lines(kept) => kept.place(id, collection).cloned(),
            Kept::Table(table) => {
                let found = table.find(id, collection);
                let found = found.map_err(|e| Failure::failed(chain(&e)))?;
                // Rows say where their items were read.
                return Ok(found.map(|item| ItemLine { href: None, item }));
            }
        };
        let Some(place) = place else {
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

    fn of(&self, address: &str, path: &Path) -> Result<Arc<Kept>, Failure> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = files.get(address) {
            return Ok(Arc::clone(kept));
        }
        let kept = Arc::new(if is_item_table(path) {
            let table = KeptItemTable::open(path);
            Kept::Table(table.map_err(|e| Failure::failed(chain(&e)))?)
        } else {
            let scan = || KeptItems::scan(BufReader::new(File::open(path)?));
            Kept::Lines(scan().map_err(|e| Failure::of(address, &e))?)
        });
        // A folder that was not merged has a file an item.
        if files.len() >= FILES {
            files.clear();
        }
        files.insert(address.to_owned(), Arc::clone(&kept));
        Ok(kept)
    }
}

/// Files that are known at once.
const FILES: usize = 1024;
