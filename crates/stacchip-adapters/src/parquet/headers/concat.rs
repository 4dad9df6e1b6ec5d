//! Many tables of headers → one.

use std::{
    collections::HashSet,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch},
    compute::filter_record_batch,
};
use stacchip_index::{IndexError, IndexErrorKind};

use super::{HeaderTableEncoder, VERSION, VERSION_KEY, names};
use crate::{
    beside::temporary,
    parquet::{StagedTable, Table, index_error},
};

/// Writes the headers of all tables at `from` into one for `to`, which stands there once it is placed; of an
/// item that several hold, those of the first. Tables of another version or with other columns are left out, and told.
///
/// # Errors
/// [`IndexError`] where a table cannot be read, or the result cannot be written.
pub fn merge_headers(
    from: &[impl AsRef<Path>],
    to: &Path,
    mut left_out: impl FnMut(&Path),
) -> Result<StagedTable, IndexError> {
    let address = to.to_string_lossy().into_owned();
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        index_error(IndexErrorKind::Write, &address, e)
    };
    let file = temporary(to).map_err(|e| failed(e.into()))?;
    let mut writer = HeaderTableEncoder::new(BufWriter::new(file)).map_err(|e| failed(e.into()))?;
    let mut seen: HashSet<String> = HashSet::new();
    for path in from {
        let path = path.as_ref();
        let table = Table::of_any_columns(path)?;
        let version = table
            .key_values()
            .into_iter()
            .find(|p| p.key == VERSION_KEY);
        let fields = writer.schema().fields();
        let same = fields.iter().all(|field| {
            let other = table.schema().column_with_name(field.name());
            other.is_some_and(|(_, f)| f.data_type() == field.data_type())
        });
        if version.and_then(|p| p.value).as_deref() != Some(VERSION) || !same {
            left_out(path);
            continue;
        }
        let mut here: HashSet<String> = HashSet::new();
        for group in 0..table.groups() {
            for batch in table.batches(None, Some(vec![group]))? {
                let batch = batch?;
                let schema = Arc::clone(writer.schema());
                let columns: Option<Vec<ArrayRef>> = schema
                    .fields()
                    .iter()
                    .map(|f| batch.column_by_name(f.name()).cloned())
                    .collect();
                let batch = RecordBatch::try_new(schema, columns.unwrap_or_default())
                    .map_err(|e| failed(e.into()))?;
                let ids = batch.column_by_name(names::ITEM_ID);
                let Some(ids) = ids.and_then(|a| a.as_string_opt::<i32>()) else {
                    continue;
                };
                let fresh: BooleanArray = (0..ids.len())
                    .map(|row| Some(ids.is_null(row) || !seen.contains(ids.value(row))))
                    .collect();
                for row in 0..ids.len() {
                    if !ids.is_null(row) && !here.contains(ids.value(row)) {
                        here.insert(ids.value(row).to_owned());
                    }
                }
                let batch = filter_record_batch(&batch, &fresh).map_err(|e| failed(e.into()))?;
                writer.append(&batch).map_err(|e| failed(e.into()))?;
            }
            // The rows of an object lie in one row group.
            writer.flush_if_full().map_err(|e| failed(e.into()))?;
        }
        seen.extend(here);
    }
    let mut out = writer.finish().map_err(|e| failed(e.into()))?;
    out.flush().map_err(|e| failed(e.into()))?;
    let file = out
        .into_inner()
        .map_err(|e| failed(e.into_error().into()))?;
    Ok(StagedTable::of(file, to))
}
