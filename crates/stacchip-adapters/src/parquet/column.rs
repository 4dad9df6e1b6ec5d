//! A table with some columns more.

use std::{
    fs::Permissions,
    io::{BufWriter, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use ::parquet::file::metadata::KeyValue;
use arrow::{
    array::{Array, ArrayRef, Float32Array, Float64Array, RecordBatch, StringArray, UInt32Array},
    datatypes::{Field, Schema},
};
use stacchip_index::{IndexError, IndexErrorKind, schema::BBOX};
use tempfile::{NamedTempFile, TempPath};

use super::{
    Table, index_error,
    table::Stamp,
    writer::{arrow_writer, properties_of_groups},
};
use crate::beside::temporary;

/// A column that a table is to get, with a value for each of some rows.
#[derive(Debug, Clone)]
pub struct NewColumn {
    pub(super) name: String,
    pub(super) values: ArrayRef,
}

impl NewColumn {
    /// Texts.
    pub fn texts<'a>(name: &str, values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self::of(name, Arc::new(values.into_iter().collect::<StringArray>()))
    }

    /// Numbers with fractions, in double precision.
    pub fn numbers(name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self::of(name, Arc::new(values.into_iter().collect::<Float64Array>()))
    }

    /// Shares, in single precision.
    pub fn shares(name: &str, values: impl IntoIterator<Item = f32>) -> Self {
        Self::of(name, Arc::new(Float32Array::from_iter_values(values)))
    }

    /// Counts.
    pub fn counts(name: &str, values: impl IntoIterator<Item = u32>) -> Self {
        Self::of(name, Arc::new(UInt32Array::from_iter_values(values)))
    }

    /// The values of `rows` only.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let first = rows.start.min(self.values.len());
        let count = rows.end.min(self.values.len()) - first;
        Self::of(&self.name, self.values.slice(first, count))
    }

    fn of(name: &str, values: ArrayRef) -> Self {
        Self {
            name: name.to_owned(),
            values,
        }
    }

    pub(super) fn field(&self) -> Arc<Field> {
        let kind = self.values.data_type().clone();
        Arc::new(Field::new(&self.name, kind, true))
    }
}

/// A table that was written beside the one it will replace.
///
/// Until it is [placed](Self::place) the old one stands; dropped before that, it leaves nothing.
#[derive(Debug)]
pub struct StagedTable {
    /// Not held open: there may be thousands of them.
    file: TempPath,
    path: PathBuf,
    /// The file that it was made of, where that is a local one.
    old: Option<Stamp>,
}

impl StagedTable {
    /// `file`, to stand at `path`, whatever stands there.
    pub(super) fn of(file: NamedTempFile, path: &Path) -> Self {
        Self {
            file: file.into_temp_path(),
            path: path.to_owned(),
            old: None,
        }
    }

    /// Where it is to stand: a path, or the address of the table it was made of.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that it is in as yet.
    pub fn file(&self) -> &Path {
        &self.file
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
        Self::with_columns(table, &[NewColumn::texts(name, values)], said)
    }

    /// The same with several columns of any type, each with a value for each row. Row groups stay as they are.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be read or written, or a column has not as many values as there are rows.
    pub fn with_columns(
        table: &Table,
        more: &[NewColumn],
        said: Option<(&str, &str)>,
    ) -> Result<Self, IndexError> {
        let path = table.path();
        let address = table.address();
        let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
            index_error(IndexErrorKind::Write, &address, e)
        };
        let rows = usize::try_from(table.rows()).unwrap_or(usize::MAX);
        if let Some(column) = more.iter().find(|column| column.values.len() != rows) {
            let (name, count) = (&column.name, column.values.len());
            return Err(wrong(
                format!("{count} values of `{name}` for {rows} rows").into(),
            ));
        }
        let file = if table.is_local() {
            temporary(path)
        } else {
            tempfile::Builder::new().prefix("stacchip-").tempfile()
        };
        let file = file.map_err(|e| wrong(e.into()))?;
        if let Ok(old) = path.metadata() {
            let kept: Permissions = old.permissions();
            let _ = file.as_file().set_permissions(kept);
        }
        let schema = table.schema();
        let is_new = |name: &str| more.iter().any(|column| column.name == name);
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|&i| !is_new(schema.field(i).name()))
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
        let new = more.iter().map(NewColumn::field);
        fields.splice(at..at, new);
        let schema = Arc::new(Schema::new(fields));
        let groups = table.parquet().row_groups().iter();
        let largest = groups
            .map(|g| usize::try_from(g.num_rows()).unwrap_or(0))
            .max();
        let properties =
            properties_of_groups(&schema, largest.unwrap_or(0)).map_err(|e| wrong(e.into()))?;
        let mut writer =
            arrow_writer(BufWriter::new(file), &schema, properties).map_err(|e| wrong(e.into()))?;
        let kept_pairs = table.key_values().into_iter();
        for pair in kept_pairs.filter(|pair| said.is_none_or(|(key, _)| pair.key != key)) {
            writer.append_key_value_metadata(pair);
        }
        if let Some((key, value)) = said {
            let pair = KeyValue::new(key.to_owned(), value.to_owned());
            writer.append_key_value_metadata(pair);
        }
        let mut first = 0usize;
        for group in 0..table.groups() {
            for batch in table.batches(None, Some(vec![group]))? {
                let batch = batch?;
                let mut columns: Vec<ArrayRef> =
                    kept.iter().map(|&i| Arc::clone(batch.column(i))).collect();
                let end = first + batch.num_rows();
                let here = more.iter().map(|column| column.slice(first..end).values);
                columns.splice(at..at, here);
                first = end;
                let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
                let batch = batch.map_err(|e| wrong(e.into()))?;
                writer.write(&batch).map_err(|e| wrong(e.into()))?;
            }
            writer.flush().map_err(|e| wrong(e.into()))?;
        }
        let mut out = writer.into_inner().map_err(|e| wrong(e.into()))?;
        out.flush().map_err(|e| wrong(e.into()))?;
        let file = out.into_inner().map_err(|e| wrong(e.into_error().into()))?;
        Ok(Self {
            old: table.stamp(),
            ..Self::of(file, path)
        })
    }

    /// Gives the table of a local path its name; what it was made of is replaced.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be, or where what stands there is not what it was made of.
    pub fn place(self) -> Result<(), IndexError> {
        let path: &Path = &self.path;
        if let Some(old) = self.old
            && path.metadata().map(|now| Stamp::of(&now)).ok() != Some(old)
        {
            return Err(IndexError {
                kind: IndexErrorKind::Changed,
                address: path.to_string_lossy().into_owned(),
                cause: None,
            });
        }
        self.file
            .persist(path)
            .map_err(|e| index_error(IndexErrorKind::Write, &path.to_string_lossy(), e.error))
    }
}
