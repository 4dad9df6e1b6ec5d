//! Local Parquet tables as Arrow, some columns or all, some row groups or all.
//!
//! Unlike [`ParquetIndexReader`](super::ParquetIndexReader), which gives rows of the house's own
//! words, these keep columns that only others know of. They read without waiting, on threads that
//! compute.

use std::{
    fs::File,
    io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
};

use ::parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
            ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
        },
    },
    errors::ParquetError,
    file::metadata::{KeyValue, ParquetMetaData},
};
use arrow::{array::RecordBatch, datatypes::SchemaRef};
use stacchip_index::{IndexError, IndexErrorKind};

use super::{
    columns,
    geo::{GEO, on_globe},
    index_error,
    writer::{MADE_WITH, ORDER},
};

/// A Parquet file of chips in a local folder.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl Table {
    /// Opens the table at `path`: reads its footer.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read, is no Parquet file, has not upstream's columns, or says that
    /// its outlines are in another reference system than longitude and latitude on WGS 84.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let table = Self::of_any_columns(path)?;
        let checked = columns::check(table.schema()).map_err(|e| e.to_string());
        let geo = table.says(GEO);
        checked
            .and_then(|()| geo.map_or(Ok(()), |geo| on_globe(&geo)))
            .map_err(|what| IndexError {
                kind: IndexErrorKind::Schema(what),
                address: table.address(),
                cause: None,
            })?;
        Ok(table)
    }

    /// The same, whatever its columns are.
    pub(super) fn of_any_columns(path: &Path) -> Result<Self, IndexError> {
        let address = path.to_string_lossy();
        let file = open_file(path)?;
        // What Arrow's schema in the file says beyond Parquet's may be anything: texts are texts.
        let load = || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let metadata = guarded(&address, load)?.map_err(|e| failure(&address, e))?;
        Ok(Self {
            path: path.to_owned(),
            metadata,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns.
    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// What it was made with, where it says so.
    pub fn made_with(&self) -> Option<String> {
        self.says(MADE_WITH)
    }

    /// Whether [`merge_tables`](super::merge_tables) wrote it.
    pub fn is_merged(&self) -> bool {
        self.says(ORDER).is_some()
    }

    /// What the metadata of the file say under `key`.
    pub fn says(&self, key: &str) -> Option<String> {
        let pairs = self.key_values();
        pairs.into_iter().find(|p| p.key == key)?.value
    }

    /// Whether it has a column `name`.
    pub fn schema_has(&self, name: &str) -> bool {
        self.schema().column_with_name(name).is_some()
    }

    /// Whether the column `name` holds numbers with fractions.
    pub fn has_fractions(&self, name: &str) -> bool {
        let column = self.schema().column_with_name(name);
        column.is_some_and(|(_, field)| field.data_type().is_floating())
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        let groups = self.parquet().row_groups().iter();
        groups
            .map(|g| u64::try_from(g.num_rows()).unwrap_or(0))
            .sum()
    }

    /// How many row groups it has.
    pub fn groups(&self) -> usize {
        self.parquet().num_row_groups()
    }

    pub(super) fn parquet(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    pub(super) fn address(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// What the file says of itself, but for Arrow's schema, which whoever writes it anew says anew.
    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        let pairs = self.parquet().file_metadata().key_value_metadata();
        let pairs = pairs.into_iter().flatten();
        pairs.filter(|p| p.key != "ARROW:schema").cloned().collect()
    }

    /// The rows of `groups` (of all, where none is named), those of the `names` that there are (all,
    /// where nothing is named), in their order, some thousand at a time.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be read.
    pub fn batches(
        &self,
        names: Option<&[&str]>,
        groups: Option<Vec<usize>>,
    ) -> Result<Batches, IndexError> {
        self.read(names, groups, None)
    }

    /// The `rows` of a row group, which are counted in it and in order; else as
    /// [`batches`](Self::batches).
    pub(super) fn selected(
        &self,
        names: Option<&[&str]>,
        group: usize,
        rows: &[u32],
    ) -> Result<Batches, IndexError> {
        let mut selectors: Vec<RowSelector> = Vec::new();
        let mut at = 0u32;
        for &row in rows {
            let gap = row.saturating_sub(at) as usize;
            match selectors.last_mut() {
                Some(last) if gap == 0 && !last.skip => last.row_count += 1,
                _ => {
                    if gap > 0 {
                        selectors.push(RowSelector::skip(gap));
                    }
                    selectors.push(RowSelector::select(1));
                }
            }
            at = row.saturating_add(1);
        }
        self.read(names, Some(vec![group]), Some(selectors.into()))
    }

    fn read(
        &self,
        names: Option<&[&str]>,
        groups: Option<Vec<usize>>,
        rows: Option<RowSelection>,
    ) -> Result<Batches, IndexError> {
        let address = self.address();
        let file = open_file(&self.path)?;
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_batch_size(BATCH_ROWS);
        if let Some(names) = names {
            let mask =
                ProjectionMask::columns(self.metadata.parquet_schema(), names.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let Some(groups) = groups {
            builder = builder.with_row_groups(groups);
        }
        if let Some(rows) = rows {
            builder = builder.with_row_selection(rows);
        }
        let reader = guarded(&address, || builder.build())?.map_err(|e| failure(&address, e))?;
        Ok(Batches {
            address,
            reader: Some(reader),
        })
    }
}

/// Rows of a table, a batch at a time.
#[derive(Debug)]
pub struct Batches {
    address: String,
    /// Nothing after an error.
    reader: Option<ParquetRecordBatchReader>,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let next = match guarded(&self.address, || reader.next()) {
            Ok(next) => next.map(|batch| {
                batch.map_err(|e| index_error(IndexErrorKind::Read, &self.address, e))
            }),
            Err(broken) => Some(Err(broken)),
        };
        if !matches!(next, Some(Ok(_))) {
            self.reader = None;
        }
        next
    }
}

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
pub(super) fn guarded<T>(address: &str, work: impl FnOnce() -> T) -> Result<T, IndexError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| index_error(IndexErrorKind::Read, address, "its pages are broken"))
}

fn failure(address: &str, cause: ParquetError) -> IndexError {
    index_error(IndexErrorKind::Read, address, cause)
}

fn open_file(path: &Path) -> Result<File, IndexError> {
    File::open(path).map_err(|e| {
        let kind = match e.kind() {
            io::ErrorKind::NotFound => IndexErrorKind::NotFound,
            _ => IndexErrorKind::Read,
        };
        index_error(kind, &path.to_string_lossy(), e)
    })
}

/// Rows a batch.
const BATCH_ROWS: usize = 8192;
