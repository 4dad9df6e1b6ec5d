//! Where an index goes: one file, or a folder with one file an item.

use std::{
    collections::HashSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use stacchip::{SceneIndex, model::Projector};

use crate::{
    failure::{Failure, chain},
    wiring::{IndexFile, ItemDocument, ItemLine, items_address},
};

/// An index that is being written.
#[derive(Debug)]
pub struct IndexFiles {
    place: Place,
    /// Ids of the items in it: ids of chips are made of them.
    items: HashSet<String>,
}

#[derive(Debug)]
enum Place {
    /// One table for all items.
    One(Box<IndexFile>),
    /// A folder, one table an item.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Whether tables that stand there may be replaced.
        overwrite: bool,
    },
}

/// How many rows an item gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// Chips in the index.
    pub kept: u64,
    /// Chips with too little data.
    pub dropped: u64,
    /// Chips off the globe.
    pub nowhere: u64,
}

impl IndexFiles {
    /// An index at `output`: a file if it ends in `.parquet`, else a folder.
    ///
    /// # Errors
    /// A failure where it cannot be written there, or stands already and may not be replaced.
    pub fn at(output: &str, overwrite: bool) -> Result<Self, Failure> {
        if output.contains("://") {
            return Err(Failure::failed(format!(
                "{output}: indexes are written to local folders only, so far; write it here and copy it"
            )));
        }
        let path = Path::new(output);
        if is_table(path) {
            let items = items_address(output);
            let file = create(path, Path::new(&items), overwrite).map_err(Failure::failed)?;
            return Ok(Self::of(Place::One(Box::new(file))));
        }
        let ending = path.extension().and_then(|e| e.to_str());
        if ending.is_some_and(|e| OTHER_FILES.iter().any(|f| e.eq_ignore_ascii_case(f))) {
            return Err(Failure::usage(format!(
                "{output}: an index is a file ending in .parquet, or a folder"
            )));
        }
        if path.exists() && !path.is_dir() {
            return Err(Failure::failed(format!(
                "{output} stands there and is no folder"
            )));
        }
        Ok(Self::of(Place::Folder {
            path: path.to_owned(),
            overwrite,
        }))
    }

    fn of(place: Place) -> Self {
        Self {
            place,
            items: HashSet::new(),
        }
    }

    /// Whether the item `id` can be added, as far as can be told before it is looked at.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, id: &str) -> Result<(), String> {
        if self.items.contains(id) {
            return Err(format!(
                "item {id} is given twice: the ids of its chips would be the same"
            ));
        }
        match &self.place {
            Place::Folder {
                path,
                overwrite: false,
            } => {
                let table = path.join(format!("{}.parquet", file_name(id)));
                if table.exists() {
                    return Err(format!(
                        "{} exists already: say --overwrite to replace it",
                        table.display()
                    ));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Adds an item and its rows. The inner error is about the item, the outer about the index.
    ///
    /// # Errors
    /// A failure where the index cannot be written.
    pub fn add(
        &mut self,
        document: &ItemDocument,
        found: &SceneIndex,
        projector: &dyn Projector,
    ) -> Result<Result<RowCounts, String>, Failure> {
        let line = ItemLine {
            href: document.scene.href.clone(),
            item: document.json.clone(),
        };
        let added = match &mut self.place {
            Place::One(file) => append(file, &line, found, projector)?,
            // What cannot be written is this item's own table: the others go on.
            Place::Folder { path, overwrite } => table(
                path,
                *overwrite,
                &document.scene.id,
                &line,
                found,
                projector,
            ),
        };
        if added.is_ok() {
            self.items.insert(document.scene.id.clone());
        }
        Ok(added)
    }

    /// Gives the index its final name.
    ///
    /// # Errors
    /// A failure where it cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        match self.place {
            Place::One(file) => file.close().map_err(|e| Failure::failed(chain(&e))),
            Place::Folder { .. } => Ok(()),
        }
    }
}

/// Whether `path` names a table rather than a folder of them.
pub fn is_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

/// Where the item of the index at `index` is kept: the file of items, or that of this one item.
pub fn items_of(index: &Path, item: &str) -> PathBuf {
    let beside = PathBuf::from(items_address(&index.to_string_lossy()));
    if beside.is_file() {
        return beside;
    }
    let folder = if index.is_dir() {
        index
    } else {
        index.parent().unwrap_or(Path::new(""))
    };
    let own = folder
        .join(ITEMS)
        .join(format!("_{}.ndjson", file_name(item)));
    if own.is_file() { own } else { beside }
}

fn create(path: &Path, items: &Path, overwrite: bool) -> Result<IndexFile, String> {
    for folder in [path, items].iter().filter_map(|p| p.parent()) {
        if folder != Path::new("") && !folder.is_dir() {
            return Err(format!(
                "cannot write {}: there is no folder {}",
                path.display(),
                folder.display()
            ));
        }
    }
    IndexFile::create(path, Some(items), overwrite).map_err(|e| chain(&e))
}

/// Writes the table of one item into the dataset at `path`.
fn table(
    path: &Path,
    overwrite: bool,
    id: &str,
    line: &ItemLine,
    found: &SceneIndex,
    projector: &dyn Projector,
) -> Result<RowCounts, String> {
    let items = path.join(ITEMS);
    fs::create_dir_all(&items).map_err(|e| format!("{}: {e}", items.display()))?;
    let name = file_name(id);
    let mut file = create(
        &path.join(format!("{name}.parquet")),
        &items.join(format!("_{name}.ndjson")),
        overwrite,
    )?;
    let counts = append(&mut file, line, found, projector).map_err(|f| f.to_string())??;
    file.close().map_err(|e| chain(&e))?;
    Ok(counts)
}

/// Writes rows until one of the scene's cannot be made: then nothing of it may stay.
fn append(
    file: &mut IndexFile,
    line: &ItemLine,
    found: &SceneIndex,
    projector: &dyn Projector,
) -> Result<Result<RowCounts, String>, Failure> {
    let failed = |e| Failure::failed(chain(&e));
    let mut rows = match found.rows(projector) {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(chain(&error))),
    };
    file.write_item(line).map_err(failed)?;
    loop {
        match found.next_rows(&mut rows) {
            Ok(Some(batch)) => file.write_rows(&batch).map_err(failed)?,
            Ok(None) => break,
            // The reference system was understood above, so this is no fault of the item alone.
            Err(error) => return Err(Failure::failed(chain(&error))),
        }
    }
    Ok(Ok(RowCounts {
        kept: rows.kept(),
        dropped: rows.dropped(),
        nowhere: rows.nowhere(),
    }))
}

/// A file name that holds an id, whatever characters are in it: another id, another name, and never
/// a way out of the folder.
pub fn file_name(id: &str) -> String {
    if id.chars().all(|c| c == '.') {
        return id.replace('.', "%2E");
    }
    let mut name = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            other => {
                // Writing to a string does not fail.
                let _ = write!(name, "%{other:02X}");
            }
        }
    }
    name
}

/// The folder of items in a dataset. The files in it start with an underscore, which readers of
/// tables pass over.
const ITEMS: &str = "items";
/// Endings of files that are no folders.
const OTHER_FILES: [&str; 14] = [
    "tif",
    "tiff",
    "json",
    "geojson",
    "ndjson",
    "jsonl",
    "geoparquet",
    "pq",
    "npz",
    "npy",
    "png",
    "csv",
    "gpkg",
    "fgb",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_file_names() {
        assert_eq!(file_name("S2A_T20HNJ-1.x"), "S2A_T20HNJ-1.x");
        assert_eq!(file_name("a/b é"), "a%2Fb%20%C3%A9");
        assert_eq!(file_name(".."), "%2E%2E");
    }
}
