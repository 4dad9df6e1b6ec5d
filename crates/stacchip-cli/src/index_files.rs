//! Where an index goes: one file, or a folder with one file an item.

use std::{
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
pub enum IndexFiles {
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
            return Ok(Self::One(Box::new(create(
                path,
                Path::new(&items_address(output)),
                overwrite,
            )?)));
        }
        let items = path.join(ITEMS);
        fs::create_dir_all(&items).map_err(|e| Failure::of(items.display(), &e))?;
        Ok(Self::Folder {
            path: path.to_owned(),
            overwrite,
        })
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
        match self {
            Self::One(file) => append(file, &line, found, projector),
            Self::Folder { path, overwrite } => {
                let name = file_name(&document.scene.id);
                let mut file = create(
                    &path.join(format!("{name}.parquet")),
                    &path.join(ITEMS).join(format!("_{name}.ndjson")),
                    *overwrite,
                )?;
                let counts = append(&mut file, &line, found, projector)?;
                if counts.is_ok() {
                    file.close().map_err(|e| Failure::failed(chain(&e)))?;
                }
                Ok(counts)
            }
        }
    }

    /// Gives the index its final name.
    ///
    /// # Errors
    /// A failure where it cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Self::One(file) => file.close().map_err(|e| Failure::failed(chain(&e))),
            Self::Folder { .. } => Ok(()),
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

fn create(path: &Path, items: &Path, overwrite: bool) -> Result<IndexFile, Failure> {
    IndexFile::create(path, Some(items), overwrite).map_err(|e| Failure::failed(chain(&e)))
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

/// A file name that holds the id of an item, whatever characters are in it.
fn file_name(id: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_file_names() {
        assert_eq!(file_name("S2A_T20HNJ-1.x"), "S2A_T20HNJ-1.x");
        assert_eq!(file_name("a/b é"), "a%2Fb%20%C3%A9");
    }
}
