//! A table with one column more.

use std::{
    fs::Permissions,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use ::parquet::{arrow::ArrowWriter, file::metadata::KeyValue};
use arrow::{
    array::{ArrayRef, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use stacchip_index::{IndexError, IndexErrorKind, schema::BBOX};
use tempfile::{NamedTempFile, TempPath};

use super::{Table, index_error, writer::properties};
use crate::beside::temporary;

/// A table that was written beside the one it will replace.
///
/// Until it is [placed](Self::place) the old one stands; dropped before that, it leaves nothing.
#[derive(Debug)]
pub struct StagedTable {
    /// Not held open: there may be thousands of them.
    file: TempPath,
    path: PathBuf,
}

impl StagedTable {
    /// `file`, to stand at `path`.
    pub(super) fn of(file: NamedTempFile, path: &Path) -> Self {
        Self {
            file: file.into_temp_path(),
            path: path.to_owned(),
        }
    }

    /// `table` with a column `name` of texts, a value for each row, which takes the place of a column
    /// of that name; to stand where the table stands. What is `said` of it, a key and a value, goes
    /// into the metadata of the file.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read or written.
    pub fn with_texts<'a>(
        table: &Table,
        name: &str,
        values: impl IntoIterator<Item = Option<&'a str>>,
        said: Option<(&str, &str)>,
    ) -> Result<Self, IndexError> {
        let path = table.path();
        let address = table.address();
        let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
            index_error(IndexErrorKind::Write, &address, e)
        };
        let file = temporary(path).map_err(|e| wrong(e.into()))?;
        if let Ok(old) = path.metadata() {
            let kept: Permissions = old.permissions();
            let _ = file.as_file().set_permissions(kept);
        }
        let schema = table.schema();
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|&i| schema.field(i).name() != name)
            .collect();
        // The covering stays last.
        let at = match kept.last() {
            Some(&last) if schema.field(last).name() == BBOX.name => kept.len() - 1,
            _ => kept.len(),
        };
        let mut fields: Vec<Arc<Field>> = kept
            .iter()
            .map(|&i| Arc::clone(&schema.fields()[i]))
            .collect();
        fields.insert(at, Arc::new(Field::new(name, DataType::Utf8, true)));
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(&schema).map_err(|e| wrong(e.into()))?;
        let mut writer =
            ArrowWriter::try_new(BufWriter::new(file), Arc::clone(&schema), Some(properties))
                .map_err(|e| wrong(e.into()))?;
        let kept_pairs = table.key_values().into_iter();
        for pair in kept_pairs.filter(|pair| said.is_none_or(|(key, _)| pair.key != key)) {
            writer.append_key_value_metadata(pair);
        }
        if let Some((key, value)) = said {
            let pair = KeyValue::new(key.to_owned(), value.to_owned());
            writer.append_key_value_metadata(pair);
        }
        let mut values = values.into_iter();
        for batch in table.batches(None, None)? {
            let batch = batch?;
            let column: StringArray = values.by_ref().take(batch.num_rows()).collect();
            let mut columns: Vec<ArrayRef> =
                kept.iter().map(|&i| Arc::clone(batch.column(i))).collect();
            columns.insert(at, Arc::new(column));
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
            let batch = batch.map_err(|e| wrong(e.into()))?;
            writer.write(&batch).map_err(|e| wrong(e.into()))?;
        }
        let mut out = writer.into_inner().map_err(|e| wrong(e.into()))?;
        out.flush().map_err(|e| wrong(e.into()))?;
        let file = out.into_inner().map_err(|e| wrong(e.into_error().into()))?;
        Ok(Self::of(file, path))
    }

    /// Gives the table its name; what stood there is replaced.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be.
    pub fn place(self) -> Result<(), IndexError> {
        let path: &Path = &self.path;
        self.file
            .persist(path)
            .map_err(|e| index_error(IndexErrorKind::Write, &path.to_string_lossy(), e.error))
    }
}
