//! The bytes of a `GeoParquet` file → rows.

use std::{ops::Range, panic::AssertUnwindSafe, sync::Arc};

use ::parquet::{
    arrow::{
        ParquetRecordBatchStreamBuilder, ProjectionMask,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
        async_reader::ParquetRecordBatchStream,
    },
    errors::ParquetError,
};
use arrow::array::{AsArray, RecordBatch};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind};
use stacchip_index::{ChipRow, IndexError, IndexErrorKind, IndexReader, schema::CHIPID};

use super::{
    columns::{self, RowDecoder, TableError},
    index_error,
    row_group::may_hold,
    source::Source,
};

/// An index in a `GeoParquet` file: ours, or upstream's.
///
/// As an [`IndexReader`] it gives all rows in their order; [`row`](Self::row) and
/// [`find`](Self::find) read no more of the file than they must, and do not move it on.
pub struct ParquetIndexReader {
    bytes: Source,
    metadata: ArrowReaderMetadata,
    stream: Option<ParquetRecordBatchStream<Source>>,
    decoder: RowDecoder,
    next: u64,
}

impl ParquetIndexReader {
    /// Opens the index that `reader` reads, which has `size` bytes.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read, is no Parquet file, or lacks a column.
    pub async fn open(reader: Arc<dyn RangeReader>, size: u64) -> Result<Self, IndexError> {
        let mut bytes = Source { reader, size };
        let address = bytes.reader.address().to_owned();
        let options = ArrowReaderOptions::new();
        let loaded = guarded(
            &address,
            ArrowReaderMetadata::load_async(&mut bytes, options),
        )
        .await?;
        let metadata = loaded.map_err(|e| failure(&address, e))?;
        columns::check(metadata.schema()).map_err(|e| schema_error(&address, &e))?;
        Ok(Self {
            bytes,
            metadata,
            stream: None,
            decoder: RowDecoder::default(),
            next: 0,
        })
    }

    /// Rows of the index.
    pub fn len(&self) -> u64 {
        self.group_rows().iter().sum()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The metadata of the file under `key`.
    pub fn metadata_value(&self, key: &str) -> Option<&str> {
        let pairs = self
            .metadata
            .metadata()
            .file_metadata()
            .key_value_metadata()?;
        pairs.iter().find(|p| p.key == key)?.value.as_deref()
    }

    /// Row number `row`, from 0; nothing beyond the last.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read.
    pub async fn row(&self, row: u64) -> Result<Option<ChipRow>, IndexError> {
        Ok(self.rows(row..row.saturating_add(1)).await?.pop())
    }

    /// The rows with the numbers `wanted`, as far as there are any: only the row groups that hold
    /// them are read.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be read.
    pub async fn rows(&self, wanted: Range<u64>) -> Result<Vec<ChipRow>, IndexError> {
        let address = self.address();
        let mut found = Vec::new();
        let mut decoder = RowDecoder::default();
        let mut start = 0u64;
        for (group, rows) in self.group_rows().into_iter().enumerate() {
            let end = start.saturating_add(rows);
            let inside = wanted.start.max(start)..wanted.end.min(end);
            if inside.start < inside.end {
                let too_many = |_| index_error(IndexErrorKind::Read, address, "too many rows");
                let skip = usize::try_from(inside.start - start).map_err(too_many)?;
                let take = usize::try_from(inside.end - inside.start).map_err(too_many)?;
                let builder = self.builder(columns::names());
                let build = || {
                    builder
                        .with_row_groups(vec![group])
                        .with_offset(skip)
                        .with_limit(take)
                        .build()
                };
                let mut stream = caught(address, build)?.map_err(|e| failure(address, e))?;
                let mut at = inside.start;
                while let Some(batch) = next_batch(address, &mut stream).await? {
                    let more = decoder
                        .decode(&batch, at)
                        .map_err(|e| schema_error(address, &e))?;
                    at = at.saturating_add(more.len() as u64);
                    found.extend(more);
                }
            }
            start = end;
        }
        Ok(found)
    }

    /// All rows whose chip id is `chipid`, with their numbers: more than one where an index holds an
    /// item twice. Row groups whose ids cannot be it are not read.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be read.
    pub async fn find(&self, chipid: &str) -> Result<Vec<(u64, ChipRow)>, IndexError> {
        let address = self.address();
        let mut numbers = Vec::new();
        let mut start = 0u64;
        for (group, rows) in self.group_rows().into_iter().enumerate() {
            if may_hold(self.metadata.metadata(), group, CHIPID, chipid) {
                let builder = self.builder([CHIPID].into_iter());
                let build = || builder.with_row_groups(vec![group]).build();
                let mut stream = caught(address, build)?.map_err(|e| failure(address, e))?;
                let mut at = start;
                while let Some(batch) = next_batch(address, &mut stream).await? {
                    let ids = columns::ids(&batch).map_err(|e| schema_error(address, &e))?;
                    let ids = ids.as_string::<i32>();
                    let hits = (at..).zip(ids.iter()).filter(|(_, id)| *id == Some(chipid));
                    numbers.extend(hits.map(|(n, _)| n));
                    at = at.saturating_add(ids.iter().len() as u64);
                }
            }
            start = start.saturating_add(rows);
        }
        let mut found = Vec::new();
        for number in numbers {
            if let Some(row) = self.row(number).await? {
                found.push((number, row));
            }
        }
        Ok(found)
    }

    fn address(&self) -> &str {
        self.bytes.reader.address()
    }

    fn group_rows(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups();
        groups
            .iter()
            .map(|g| u64::try_from(g.num_rows()).unwrap_or(0))
            .collect()
    }

    fn builder<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> ParquetRecordBatchStreamBuilder<Source> {
        let schema = self.metadata.parquet_schema();
        let mask = ProjectionMask::columns(schema, names);
        ParquetRecordBatchStreamBuilder::new_with_metadata(
            self.bytes.clone(),
            self.metadata.clone(),
        )
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
    }
}

#[async_trait]
impl IndexReader for ParquetIndexReader {
    async fn read(&mut self) -> Result<Option<Vec<ChipRow>>, IndexError> {
        let address = self.address().to_owned();
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let builder = self.builder(columns::names());
            caught(&address, || builder.build())?.map_err(|e| failure(&address, e))?
        };
        while let Some(batch) = next_batch(&address, &mut stream).await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let rows = self
                .decoder
                .decode(&batch, self.next)
                .map_err(|e| schema_error(&address, &e))?;
            self.next = self.next.saturating_add(rows.len() as u64);
            self.stream = Some(stream);
            return Ok(Some(rows));
        }
        self.stream = Some(stream);
        Ok(None)
    }
}

impl std::fmt::Debug for ParquetIndexReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetIndexReader")
            .field("address", &self.address())
            .field("rows", &self.len())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

async fn next_batch(
    address: &str,
    stream: &mut ParquetRecordBatchStream<Source>,
) -> Result<Option<RecordBatch>, IndexError> {
    let batch = guarded(address, stream.next()).await?;
    batch.transpose().map_err(|e| failure(address, e))
}

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
pub(super) async fn guarded<T>(
    address: &str,
    work: impl Future<Output = T>,
) -> Result<T, IndexError> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.map_err(|_| index_error(IndexErrorKind::Read, address, BROKEN))
}

/// The same of work that does not wait.
fn caught<T>(address: &str, work: impl FnOnce() -> T) -> Result<T, IndexError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| index_error(IndexErrorKind::Read, address, BROKEN))
}

pub(super) fn failure(address: &str, cause: ParquetError) -> IndexError {
    if let ParquetError::External(inner) = &cause
        && let Some(read) = inner.downcast_ref::<ReadError>()
        && read.kind == ReadErrorKind::NotFound
    {
        return IndexError {
            kind: IndexErrorKind::NotFound,
            address: address.to_owned(),
            cause: None,
        };
    }
    index_error(IndexErrorKind::Read, address, cause)
}

fn schema_error(address: &str, cause: &TableError) -> IndexError {
    IndexError {
        kind: IndexErrorKind::Schema(cause.to_string()),
        address: address.to_owned(),
        cause: None,
    }
}

const BROKEN: &str = "its pages are broken";

/// Rows a batch.
const BATCH_ROWS: usize = 8192;
