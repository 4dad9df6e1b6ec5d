//! The bytes of a Parquet file → headers.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use ::parquet::{
    arrow::{
        ParquetRecordBatchStreamBuilder, ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection},
    },
    errors::ParquetError,
};
use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::{FutureExt, TryStreamExt};
use stacchip_cog::{HeaderStore, HeaderStoreError, RangeReader, StoredHeader};

use super::{
    VERSION, VERSION_KEY,
    columns::{self, Row},
    names,
};
use crate::parquet::{row_group::may_hold, source::Source};

/// Headers in a Parquet file, found by the addresses of their objects. Only the row groups that may
/// hold an address are read.
///
/// What is [kept](HeaderStore::keep) in it is kept in memory: the file stays as it is.
pub struct ParquetHeaders {
    bytes: Source,
    metadata: ArrowReaderMetadata,
    kept: Mutex<HashMap<String, StoredHeader>>,
}

impl ParquetHeaders {
    /// Opens the table that `reader` reads, which has `size` bytes.
    ///
    /// # Errors
    /// [`HeaderStoreError`] where it cannot be read, is no Parquet file, or is of another version
    /// of the format.
    pub async fn open(reader: Arc<dyn RangeReader>, size: u64) -> Result<Self, HeaderStoreError> {
        let mut bytes = Source { reader, size };
        let address = bytes.reader.address().to_owned();
        let failed = |cause: String| HeaderStoreError::new(&address, cause);
        let loading = ArrowReaderMetadata::load_async(&mut bytes, ArrowReaderOptions::new());
        let metadata = guarded(loading).await.map_err(failed)?;
        let file = metadata.metadata();
        let pairs = file.file_metadata().key_value_metadata();
        let version = pairs
            .into_iter()
            .flatten()
            .find(|pair| pair.key == VERSION_KEY)
            .and_then(|pair| pair.value.as_deref());
        if version != Some(VERSION) {
            return Err(failed(format!(
                "its version is {}, and {VERSION} is read here: index again",
                version.unwrap_or("not said")
            )));
        }
        for group in file.row_groups() {
            for column in group.columns() {
                let values = column.num_values();
                if !(0..=MOST_VALUES).contains(&values) {
                    let column = column.column_path();
                    return Err(failed(format!(
                        "{values} values of {column} in a row group, over the limit of {MOST_VALUES}"
                    )));
                }
            }
        }
        Ok(Self {
            bytes,
            metadata,
            kept: Mutex::default(),
        })
    }

    async fn find(&self, wanted: &HashSet<&str>) -> Result<Vec<StoredHeader>, String> {
        let mut rows = Vec::new();
        for group in 0..self.metadata.metadata().num_row_groups() {
            let here: HashSet<&str> = wanted
                .iter()
                .copied()
                .filter(|address| {
                    may_hold(self.metadata.metadata(), group, names::ADDRESS, address)
                })
                .collect();
            if !here.is_empty() {
                rows.extend(self.find_in(group, &here).await?);
            }
        }
        Ok(columns::headers(rows))
    }

    /// The rows of a row group that are of one of the addresses.
    async fn find_in(&self, group: usize, wanted: &HashSet<&str>) -> Result<Vec<Row>, String> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut at = 0usize;
        let mut found = 0usize;
        for batch in self.batches(group, &[names::ADDRESS], None).await? {
            for address in &columns::addresses(&batch)? {
                if address.is_some_and(|a| wanted.contains(a)) {
                    found += 1;
                    match ranges.last_mut() {
                        Some(last) if last.end == at => last.end += 1,
                        _ => ranges.push(at..at + 1),
                    }
                }
                at += 1;
            }
        }
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        if found > MOST_ROWS {
            return Err(format!(
                "{found} rows of {} objects, over the limit of {MOST_ROWS}",
                wanted.len()
            ));
        }
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), at);
        let mut rows = Vec::with_capacity(found);
        for batch in self.batches(group, &[], Some(selection)).await? {
            rows.extend(columns::rows(&batch)?);
        }
        Ok(rows)
    }

    /// The rows of a row group: of the columns named, or of all.
    async fn batches(
        &self,
        group: usize,
        names: &[&str],
        selection: Option<RowSelection>,
    ) -> Result<Vec<RecordBatch>, String> {
        let schema = self.metadata.parquet_schema();
        let mask = if names.is_empty() {
            ProjectionMask::all()
        } else {
            ProjectionMask::columns(schema, names.iter().copied())
        };
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        )
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .with_row_groups(vec![group]);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        guarded(async move { builder.build()?.try_collect().await }).await
    }
}

#[async_trait]
impl HeaderStore for ParquetHeaders {
    async fn load(
        &self,
        addresses: &[&str],
    ) -> Result<Vec<Option<StoredHeader>>, HeaderStoreError> {
        let mut known: HashMap<String, StoredHeader> = HashMap::new();
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            for &address in addresses {
                if let Some(header) = kept.get(address) {
                    known.insert(address.to_owned(), header.clone());
                }
            }
        }
        let wanted: HashSet<&str> = addresses
            .iter()
            .copied()
            .filter(|address| !known.contains_key(*address))
            .collect();
        if !wanted.is_empty() {
            let found = self.find(&wanted).await;
            let store = self.bytes.reader.address();
            for header in found.map_err(|cause| HeaderStoreError::new(store, cause))? {
                // The later of two is what was kept last.
                known.insert(header.address.clone(), header);
            }
        }
        Ok(addresses.iter().map(|&a| known.get(a).cloned()).collect())
    }

    async fn keep(&self, headers: &[StoredHeader]) -> Result<(), HeaderStoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for header in headers {
            kept.insert(header.address.clone(), header.clone());
        }
        Ok(())
    }
}

impl std::fmt::Debug for ParquetHeaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetHeaders")
            .field("address", &self.bytes.reader.address())
            .finish_non_exhaustive()
    }
}

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
async fn guarded<T>(work: impl Future<Output = Result<T, ParquetError>>) -> Result<T, String> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("its pages are broken".to_owned()),
    }
}

/// Rows a batch.
const BATCH_ROWS: usize = 1024;

/// Rows that one call may find: objects have a dozen.
const MOST_ROWS: usize = 1 << 20;

/// Values of a column in a row group: the tables of some thousand rasters have millions.
const MOST_VALUES: i64 = 1 << 26;
