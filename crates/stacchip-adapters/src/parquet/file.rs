//! An index as a local file, with its items and the headers of their assets beside it.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use stacchip_cog::StoredHeader;
use stacchip_index::{ChipRow, IndexError, IndexErrorKind, IndexWriter};
use tempfile::NamedTempFile;

use crate::beside::temporary;

use super::{HeaderTableEncoder, ItemLine, ParquetEncoder, index_error};

/// Writes an index, the items it was made from, and the headers of their assets, as local files.
///
/// Until [`finish`](IndexWriter::finish) they are files with other names beside the final ones, and
/// go when this is dropped. Then the items and the headers get their names, and the index last: an
/// index never stands beside another's items, at whatever moment the process is killed.
#[derive(Debug)]
pub struct IndexFile {
    address: String,
    index: ParquetEncoder<BufWriter<NamedTempFile>>,
    items: Option<Items>,
    headers: Option<Headers>,
    /// Headers of the index whose place this one takes, which has none.
    old_headers: Option<PathBuf>,
    overwrite: bool,
    /// Whether items that stand there already are nobody's, since no index stands there.
    orphans: bool,
}

#[derive(Debug)]
struct Headers {
    path: PathBuf,
    table: HeaderTableEncoder<BufWriter<NamedTempFile>>,
}

#[derive(Debug)]
struct Items {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl IndexFile {
    /// An index that will stand at `path`, and its items at `items`, in folders that are there.
    ///
    /// # Errors
    /// [`IndexError`] where files cannot be made there, or, without `overwrite`, one of them stands
    /// already.
    pub fn create(
        path: impl AsRef<Path>,
        items: Option<&Path>,
        overwrite: bool,
    ) -> Result<Self, IndexError> {
        let path = path.as_ref();
        let address = path.to_string_lossy().into_owned();
        for path in std::iter::once(path).chain(items) {
            // The check at the end is the one that counts; this one saves the work.
            if !overwrite && path.symlink_metadata().is_ok() {
                return Err(exists(path));
            }
        }
        let beside = |path: &Path| {
            temporary(path)
                .map(BufWriter::new)
                .map_err(|e| io_error(&path.to_string_lossy(), e))
        };
        let index = ParquetEncoder::new(beside(path)?);
        let items = items.map(|items| {
            Ok(Items {
                path: items.to_owned(),
                file: beside(items)?,
            })
        });
        Ok(Self {
            index: index.map_err(|e| index_error(IndexErrorKind::Write, &address, e))?,
            items: items.transpose()?,
            headers: None,
            old_headers: None,
            address,
            overwrite,
            orphans: false,
        })
    }

    /// An index of one item, as [`create`](Self::create), that says what it was made with. Items that stand at `items` without
    /// an index, left by a process that was killed, are replaced.
    ///
    /// # Errors
    /// [`IndexError`] where files cannot be made there, or, without `overwrite`, the index stands
    /// already.
    pub fn create_item(
        path: &Path,
        items: Option<&Path>,
        overwrite: bool,
        made_with: String,
    ) -> Result<Self, IndexError> {
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let mut file = Self::create(path, items, true)?;
        file.index = file.index.made_with(made_with);
        file.overwrite = overwrite;
        file.orphans = true;
        Ok(file)
    }

    /// The same with headers of assets, which will stand at `path`. What stands there is replaced in
    /// any case: without its index it is nobody's.
    ///
    /// # Errors
    /// [`IndexError`] where no file can be made there.
    pub fn with_headers(mut self, path: &Path) -> Result<Self, IndexError> {
        let shown = path.to_string_lossy().into_owned();
        let file = temporary(path).map_err(|e| io_error(&shown, e))?;
        let table = HeaderTableEncoder::new(BufWriter::new(file));
        self.headers = Some(Headers {
            path: path.to_owned(),
            table: table.map_err(|e| index_error(IndexErrorKind::Write, &shown, e))?,
        });
        Ok(self)
    }

    /// The same without headers: those that stand at `path` go when the index takes its place.
    pub fn without_headers(mut self, path: &Path) -> Self {
        self.old_headers = Some(path.to_owned());
        self
    }

    /// Appends the headers of the assets of an item, by their keys. Without a place for headers they
    /// are left out.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be stored.
    pub fn write_headers(
        &mut self,
        item_id: &str,
        headers: &[(String, StoredHeader)],
    ) -> Result<(), IndexError> {
        let Some(to) = &mut self.headers else {
            return Ok(());
        };
        let written = to.table.write(item_id, headers);
        written.map_err(|e| index_error(IndexErrorKind::Write, &to.path.to_string_lossy(), e))
    }

    /// Appends an item. Without a place for items it is left out.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be stored.
    pub fn write_item(&mut self, line: &ItemLine) -> Result<(), IndexError> {
        match &mut self.items {
            Some(items) => writeln!(items.file, "{line}")
                .map_err(|e| io_error(&items.path.to_string_lossy(), e)),
            None => Ok(()),
        }
    }

    /// Appends rows; what [`IndexWriter::write`] does.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be stored.
    pub fn write_rows(&mut self, rows: &[ChipRow]) -> Result<(), IndexError> {
        self.index
            .write(rows)
            .map_err(|e| index_error(IndexErrorKind::Write, &self.address, e))
    }

    /// Closes both files and gives them their names; what [`IndexWriter::finish`] does.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be stored, or stand already and may not be replaced.
    pub fn close(self) -> Result<(), IndexError> {
        let target = PathBuf::from(&self.address);
        let index = self
            .index
            .finish()
            .map_err(|e| index_error(IndexErrorKind::Write, &self.address, e))?;
        let index = index
            .into_inner()
            .map_err(|e| io_error(&self.address, e.into_error()))?;
        if self.overwrite {
            match fs::remove_file(&target) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&self.address, e));
                }
                _ => {}
            }
        }
        if let Some(old) = self.old_headers.filter(|_| self.overwrite) {
            match fs::remove_file(&old) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&old.to_string_lossy(), e));
                }
                _ => {}
            }
        }
        if let Some(Headers { path, table }) = self.headers {
            let shown = path.to_string_lossy().into_owned();
            let file = table
                .finish()
                .map_err(|e| index_error(IndexErrorKind::Write, &shown, e))?;
            let file = file
                .into_inner()
                .map_err(|e| io_error(&shown, e.into_error()))?;
            place(file, &path, true)?;
        }
        let mut placed = None;
        if let Some(items) = self.items {
            let shown = items.path.to_string_lossy().into_owned();
            let file = items
                .file
                .into_inner()
                .map_err(|e| io_error(&shown, e.into_error()))?;
            place(file, &items.path, self.overwrite || self.orphans)?;
            placed = Some(items.path);
        }
        let done = place(index, &target, self.overwrite);
        if let (Err(_), Some(items), false) = (&done, placed, self.overwrite || self.orphans) {
            // Another took the name of the index meanwhile: these items are nobody's.
            let _ = fs::remove_file(items);
        }
        done
    }
}

#[async_trait]
impl IndexWriter for IndexFile {
    async fn write(&mut self, rows: &[ChipRow]) -> Result<(), IndexError> {
        self.write_rows(rows)
    }

    async fn finish(self: Box<Self>) -> Result<(), IndexError> {
        self.close()
    }
}

fn place(file: NamedTempFile, path: &Path, overwrite: bool) -> Result<(), IndexError> {
    let placed = if overwrite {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    match placed {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(e) => Err(io_error(&path.to_string_lossy(), e.error)),
    }
}

fn exists(path: &Path) -> IndexError {
    IndexError {
        kind: IndexErrorKind::Exists,
        address: path.to_string_lossy().into_owned(),
        cause: None,
    }
}

fn io_error(address: &str, cause: io::Error) -> IndexError {
    let kind = match cause.kind() {
        io::ErrorKind::AlreadyExists => IndexErrorKind::Exists,
        _ => IndexErrorKind::Write,
    };
    index_error(kind, address, cause)
}
