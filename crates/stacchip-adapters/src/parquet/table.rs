//! Parquet tables as Arrow, some columns or all, some row groups or all.
//!
//! Unlike [`ParquetIndexReader`](super::ParquetIndexReader), which gives rows of the house's own
//! words, these keep columns that only others know of. They are read on threads that compute: those
//! of this machine without waiting; of those behind a network the columns that are wanted of a row group
//! are asked for at once, and waited for.

use std::{
    fs::{File, Metadata},
    io,
    ops::Range,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use ::parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
            ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
        },
    },
    file::{
        metadata::{KeyValue, ParquetMetaData, RowGroupMetaData},
        reader::ChunkReader,
    },
};
use arrow::{array::RecordBatch, datatypes::SchemaRef};
use stacchip_cog::RangeReader;
use stacchip_index::{IndexError, IndexErrorKind};

use super::{
    columns,
    geo::{GEO, on_globe},
    index_error,
    reader::{failure, guarded as guarded_async},
    source::Source,
    writer::{MADE_WITH, ORDER},
};

/// A Parquet file of chips.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its path, or its address.
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    /// What it is read by; nothing where it is a local file.
    afar: Option<Source>,
    stamp: Option<Stamp>,
}

impl Table {
    /// Opens the table at `path`: reads its footer.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read, is no Parquet file, has not upstream's columns, or says that
    /// its outlines are in another reference system than longitude and latitude on WGS 84.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        Self::of_any_columns(path)?.checked()
    }

    /// Opens the table that `reader` reads, which has `size` bytes: reads its footer, with one request where it has
    /// at most 64 KiB. Rows are waited for on the threads that ask for them, so that `reader` must not need one of
    /// these to go on.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_afar(reader: Arc<dyn RangeReader>, size: u64) -> Result<Self, IndexError> {
        let address = reader.address().to_owned();
        let mut source = Source { reader, size };
        let load = ArrowReaderMetadata::load_async(&mut source, ArrowReaderOptions::new());
        let metadata = guarded_async(&address, load).await?;
        let metadata = metadata.map_err(|e| failure(&address, e))?;
        let table = Self {
            path: address.into(),
            metadata,
            afar: Some(source),
            stamp: None,
        };
        table.checked()
    }

    fn checked(self) -> Result<Self, IndexError> {
        let checked = columns::check(self.schema()).map_err(|e| e.to_string());
        let geo = self.says(GEO);
        checked
            .and_then(|()| geo.map_or(Ok(()), |geo| on_globe(&geo)))
            .map_err(|what| IndexError {
                kind: IndexErrorKind::Schema(what),
                address: self.address(),
                cause: None,
            })?;
        Ok(self)
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
            afar: None,
            stamp: file.metadata().ok().as_ref().map(Stamp::of),
        })
    }

    /// Whether it is a file of this machine.
    pub const fn is_local(&self) -> bool {
        self.afar.is_none()
    }

    pub(super) const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// Where it is: a path, or an address.
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
        let mask = match names {
            Some(names) => {
                ProjectionMask::columns(self.metadata.parquet_schema(), names.iter().copied())
            }
            None => ProjectionMask::all(),
        };
        let rest = if let Some(source) = &self.afar {
            // A row group at a time: what is fetched is held.
            let groups = groups.unwrap_or_else(|| (0..self.groups()).collect());
            Rest::Afar {
                source: source.clone(),
                groups: groups.into_iter(),
                metadata: self.metadata.clone(),
                mask,
                rows,
                now: None,
            }
        } else {
            let file = open_file(&self.path)?;
            let metadata = self.metadata.clone();
            Rest::Here(reader(&address, file, metadata, mask, groups, rows)?)
        };
        Ok(Batches {
            address,
            rest: Some(rest),
        })
    }
}

fn reader<R: ChunkReader + 'static>(
    address: &str,
    input: R,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    groups: Option<Vec<usize>>,
    rows: Option<RowSelection>,
) -> Result<ParquetRecordBatchReader, IndexError> {
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata)
        .with_batch_size(BATCH_ROWS)
        .with_projection(mask);
    if let Some(groups) = groups {
        builder = builder.with_row_groups(groups);
    }
    if let Some(rows) = rows {
        builder = builder.with_row_selection(rows);
    }
    guarded(address, || builder.build())?.map_err(|e| failure(address, e))
}

/// What tells a file from another that takes its name, or from itself when it was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            number,
        }
    }
}

/// Rows of a table, a batch at a time.
#[derive(Debug)]
pub struct Batches {
    address: String,
    /// Nothing after an error.
    rest: Option<Rest>,
}

#[derive(Debug)]
enum Rest {
    Here(ParquetRecordBatchReader),
    Afar {
        source: Source,
        groups: std::vec::IntoIter<usize>,
        metadata: ArrowReaderMetadata,
        mask: ProjectionMask,
        /// Of the one row group, where not all are wanted.
        rows: Option<RowSelection>,
        now: Option<ParquetRecordBatchReader>,
    },
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.as_mut()?;
        let next = rest.next(&self.address).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.rest = None;
        }
        next
    }
}

impl Rest {
    fn next(&mut self, address: &str) -> Result<Option<RecordBatch>, IndexError> {
        match self {
            Self::Here(reader) => next_of(address, reader),
            Self::Afar {
                source,
                groups,
                metadata,
                mask,
                rows,
                now,
            } => loop {
                if let Some(reader) = now
                    && let Some(batch) = next_of(address, reader)?
                {
                    return Ok(Some(batch));
                }
                let Some(group) = groups.next() else {
                    return Ok(None);
                };
                let wanted = || ranges(metadata.metadata(), group, mask);
                let pieces = source.pieces(guarded(address, wanted)?);
                let pieces = pieces.map_err(|e| failure(address, e))?;
                let (mask, rows) = (mask.clone(), rows.clone());
                let metadata = metadata.clone();
                *now = Some(reader(
                    address,
                    pieces,
                    metadata,
                    mask,
                    Some(vec![group]),
                    rows,
                )?);
            },
        }
    }
}

fn next_of(
    address: &str,
    reader: &mut ParquetRecordBatchReader,
) -> Result<Option<RecordBatch>, IndexError> {
    let next = guarded(address, || reader.next())?.transpose();
    next.map_err(|e| index_error(IndexErrorKind::Read, address, e))
}

/// Where the columns in `mask` of a row group lie in the file.
fn ranges(metadata: &ParquetMetaData, group: usize, mask: &ProjectionMask) -> Vec<Range<u64>> {
    let columns = metadata
        .row_groups()
        .get(group)
        .map(RowGroupMetaData::columns);
    let columns = columns.unwrap_or_default().iter().enumerate();
    let wanted = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
    let ranges = wanted.map(|(_, column)| {
        let (start, length) = column.byte_range();
        start..start.saturating_add(length)
    });
    ranges.collect()
}

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
pub(super) fn guarded<T>(address: &str, work: impl FnOnce() -> T) -> Result<T, IndexError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| index_error(IndexErrorKind::Read, address, "its pages are broken"))
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
