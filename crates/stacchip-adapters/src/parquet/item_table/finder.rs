//! Items of a local stac-geoparquet, found by what identifies them.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use ::parquet::arrow::{
    ProjectionMask,
    arrow_reader::{
        ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
        ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
    },
};
use arrow::array::{Array, AsArray, RecordBatch};
use serde_json::Value;

use super::{
    ItemTableError,
    reader::{check, check_geometry, check_sizes, item, read_error},
};
use crate::parquet::row_group::may_hold;

/// A stac-geoparquet in a local file: its footer is held, items are read when they are asked for.
#[derive(Debug, Clone)]
pub struct KeptItemTable {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

/// What identifies an item: its id, and its collection's where it says one.
pub type ItemKey = (String, Option<String>);

impl KeptItemTable {
    /// Opens the table at `path`: reads its footer.
    ///
    /// # Errors
    /// [`ItemTableError`] where it cannot be read, or is no stac-geoparquet.
    pub fn open(path: &Path) -> Result<Self, ItemTableError> {
        let address = path.to_string_lossy();
        let metadata = guarded(&address, || {
            let file = File::open(path)?;
            let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
            Ok(ArrowReaderMetadata::load(&file, options)?)
        })?;
        let not_items = |what| ItemTableError::NotItems {
            address: address.clone().into_owned(),
            what,
        };
        check(metadata.schema()).map_err(not_items)?;
        check_geometry(metadata.metadata()).map_err(not_items)?;
        check_sizes(&address, metadata.metadata())?;
        Ok(Self {
            path: path.to_owned(),
            metadata,
        })
    }

    /// Calls `each` with the JSON of each item, until it says that no more are wanted.
    ///
    /// # Errors
    /// [`ItemTableError`] where the table cannot be read, or a row is no item.
    pub fn each(&self, mut each: impl FnMut(String) -> bool) -> Result<(), ItemTableError> {
        let mut row = 0u64;
        let mut batches = self.batches(None, None, None)?;
        while let Some(batch) = self.next(&mut batches)? {
            for at in 0..batch.num_rows() {
                if !each(self.json(&batch, at, row)?) {
                    return Ok(());
                }
                row += 1;
            }
        }
        Ok(())
    }

    /// What identifies the items, in their order: only those columns are read.
    ///
    /// # Errors
    /// [`ItemTableError`] where they cannot be read.
    pub fn keys(&self) -> Result<Vec<ItemKey>, ItemTableError> {
        let mut batches = self.batches(Some(&KEYS), None, None)?;
        let mut keys = Vec::new();
        while let Some(batch) = self.next(&mut batches)? {
            keys.extend(keys_of(&batch).map(|(id, collection)| {
                (
                    id.unwrap_or_default().to_owned(),
                    collection.map(str::to_owned),
                )
            }));
        }
        Ok(keys)
    }

    /// The JSON of the item `id` of `collection`. Where one of the two does not say the collection, the only item of that id;
    /// never that of another collection. Row groups whose ids cannot be it are not read.
    ///
    /// # Errors
    /// [`ItemTableError`] where it cannot be read.
    pub fn find(
        &self,
        id: &str,
        collection: Option<&str>,
    ) -> Result<Option<String>, ItemTableError> {
        // Of several of one id and collection the first counts.
        let mut found: Vec<(Option<String>, usize, usize)> = Vec::new();
        let metadata = self.metadata.metadata();
        let groups = 0..metadata.num_row_groups();
        for group in groups.filter(|group| may_hold(metadata, *group, "id", id)) {
            let mut batches = self.batches(Some(&KEYS), Some(group), None)?;
            let mut row = 0;
            while let Some(batch) = self.next(&mut batches)? {
                for (its_id, its_collection) in keys_of(&batch) {
                    if its_id == Some(id)
                        && found.iter().all(|(of, ..)| of.as_deref() != its_collection)
                    {
                        found.push((its_collection.map(str::to_owned), group, row));
                    }
                    row += 1;
                }
            }
        }
        let same = found.iter().find(|(of, ..)| of.as_deref() == collection);
        let place = same.or(match found.as_slice() {
            [only] if only.0.is_none() || collection.is_none() => Some(only),
            _ => None,
        });
        let Some(&(_, group, row)) = place else {
            return Ok(None);
        };
        let mut batches = self.batches(None, Some(group), Some(row))?;
        match self.next(&mut batches)? {
            Some(batch) if batch.num_rows() > 0 => self.json(&batch, 0, row as u64).map(Some),
            _ => Ok(None),
        }
    }

    fn json(&self, batch: &RecordBatch, at: usize, row: u64) -> Result<String, ItemTableError> {
        match item(batch, at) {
            Ok(item) => Ok(Value::Object(item).to_string()),
            Err(wrong) => Err(ItemTableError::Row {
                address: self.path.to_string_lossy().into_owned(),
                row,
                what: wrong.to_string(),
            }),
        }
    }

    fn batches(
        &self,
        names: Option<&[&str]>,
        group: Option<usize>,
        row: Option<usize>,
    ) -> Result<ParquetRecordBatchReader, ItemTableError> {
        guarded(&self.path.to_string_lossy(), || {
            let file = File::open(&self.path)?;
            let mut builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                    .with_batch_size(if names.is_some() {
                        KEY_ROWS
                    } else {
                        BATCH_ROWS
                    });
            if let Some(names) = names {
                let schema = self.metadata.parquet_schema();
                builder =
                    builder.with_projection(ProjectionMask::columns(schema, names.iter().copied()));
            }
            if let Some(group) = group {
                builder = builder.with_row_groups(vec![group]);
            }
            if let Some(row) = row {
                let selectors = vec![RowSelector::skip(row), RowSelector::select(1)];
                builder = builder.with_row_selection(RowSelection::from(selectors));
            }
            Ok(builder.build()?)
        })
    }

    fn next(
        &self,
        batches: &mut ParquetRecordBatchReader,
    ) -> Result<Option<RecordBatch>, ItemTableError> {
        guarded(&self.path.to_string_lossy(), || {
            Ok(batches.next().transpose()?)
        })
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
fn guarded<T>(address: &str, work: impl FnOnce() -> Result<T, Cause>) -> Result<T, ItemTableError> {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    let done = done.unwrap_or_else(|_| Err("its pages are broken".into()));
    done.map_err(|cause| read_error(address, cause))
}

fn keys_of(batch: &RecordBatch) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
    let texts = |name: &str| {
        let column = batch.column_by_name(name)?;
        column.as_string_opt::<i32>()
    };
    let (ids, collections) = (texts("id"), texts("collection"));
    (0..batch.num_rows()).map(move |row| {
        (
            ids.filter(|a| a.is_valid(row)).map(|a| a.value(row)),
            collections
                .filter(|a| a.is_valid(row))
                .map(|a| a.value(row)),
        )
    })
}

const KEYS: [&str; 2] = ["id", "collection"];
/// Rows whose keys are decoded at once.
const KEY_ROWS: usize = 4096;
/// Items that are decoded at once.
const BATCH_ROWS: usize = 32;
