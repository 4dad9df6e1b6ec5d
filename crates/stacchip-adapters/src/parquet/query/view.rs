//! The columns that a condition sees in a table: those that stand in it, those that every index has and that
//! are made where a table of upstream or of an older version lacks them, and, without values, those that only
//! other tables of the dataset have.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array, new_null_array},
    compute::cast,
    datatypes::{DataType, Field, Fields, Schema, TimeUnit},
    error::ArrowError,
};
use stacchip_index::{
    IndexError, IndexErrorKind,
    schema::{BBOX, CHIPID, COLUMNS, CRS, DATE, DATETIME},
};

use super::{QueryError, Table};
use crate::parquet::{
    columns::{self, RowDecoder},
    geo::GeoSummary,
    index_error, rows,
};

/// A column, or a field in one.
type ColumnPath = Vec<String>;

/// The columns of one table, as far as they are asked for.
pub(super) struct View<'a> {
    table: &'a Table,
    /// Those that stand in it.
    standing: Vec<String>,
    /// Those that are made.
    made: Vec<String>,
    /// Those that others have.
    empty: Vec<(String, DataType)>,
}

impl<'a> View<'a> {
    /// The columns at `paths` in `table`, which is one of a dataset whose others have the columns `elsewhere`.
    pub(super) fn of(
        table: &'a Table,
        paths: &[ColumnPath],
        elsewhere: &Fields,
    ) -> Result<Self, QueryError> {
        let mut view = Self {
            table,
            standing: Vec::new(),
            made: Vec::new(),
            empty: Vec::new(),
        };
        let own = table.schema().fields();
        for path in paths {
            let Some(name) = path.first() else {
                continue;
            };
            if own.find(name).is_some() {
                type_at(own, path).ok_or_else(|| unknown(path, table))?;
                push(&mut view.standing, name);
            } else if makes(path) {
                push(&mut view.made, name);
            } else if let Some((_, field)) = elsewhere.find(name)
                && type_at(elsewhere, path).is_some()
            {
                if view.empty.iter().all(|(known, _)| known != name) {
                    view.empty.push((name.clone(), field.data_type().clone()));
                }
            } else {
                return Err(unknown(path, table));
            }
        }
        Ok(view)
    }

    /// Columns of the table that are read for it.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.standing.iter().map(String::as_str).collect();
        if self.is_cheap() {
            names.extend(self.made.iter().map(|_| DATE));
        } else {
            for name in columns::names() {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.push(CHIPID);
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether all that is made is the moment of a day.
    fn is_cheap(&self) -> bool {
        self.made.iter().all(|name| name == DATETIME)
    }

    /// A batch without rows.
    pub(super) fn nothing(&self) -> Result<RecordBatch, ArrowError> {
        let own = self.table.schema();
        let ours = rows::arrow_schema();
        let standing = self.standing.iter().filter_map(|n| own.fields().find(n));
        let made = self.made.iter().filter_map(|n| ours.fields().find(n));
        let mut fields: Vec<Arc<Field>> =
            standing.chain(made).map(|(_, f)| Arc::clone(f)).collect();
        fields.extend(self.empty.iter().map(empty_field));
        let arrays = fields.iter().map(|f| new_empty_array(f.data_type()));
        let arrays: Vec<ArrayRef> = arrays.collect();
        batch(&fields, arrays, 0)
    }

    /// `read`, a batch of the columns that are [read](Self::names), with what is made and what others have;
    /// its first row is row `first` of the table.
    pub(super) fn whole(
        &self,
        read: RecordBatch,
        first: u64,
        decoder: &mut RowDecoder,
    ) -> Result<RecordBatch, IndexError> {
        if self.made.is_empty() && self.empty.is_empty() {
            return Ok(read);
        }
        let address = self.table.address();
        let wrong = |e: ArrowError| index_error(IndexErrorKind::Read, &address, e);
        let schema = |e: columns::TableError| IndexError {
            kind: IndexErrorKind::Schema(e.to_string()),
            address: address.clone(),
            cause: None,
        };
        let mut fields: Vec<Arc<Field>> = read.schema().fields().iter().cloned().collect();
        let mut arrays = read.columns().to_vec();
        if self.is_cheap() {
            for name in &self.made {
                let days = columns::column(&read, DATE).map_err(schema)?;
                let days =
                    days.unwrap_or_else(|| new_null_array(&DataType::Date32, read.num_rows()));
                let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
                arrays.push(cast(&days, &kind).map_err(wrong)?);
                fields.push(Arc::new(Field::new(name, kind, true)));
            }
        } else {
            let decoded = decoder.decode(&read, first).map_err(schema)?;
            let ours = rows::encode(&rows::arrow_schema(), &decoded, &mut GeoSummary::default());
            let ours = ours.map_err(wrong)?;
            for name in &self.made {
                if let (Some((_, field)), Some(array)) =
                    (ours.schema().fields().find(name), ours.column_by_name(name))
                {
                    fields.push(Arc::clone(field));
                    arrays.push(Arc::clone(array));
                }
            }
        }
        for column in &self.empty {
            fields.push(empty_field(column));
            arrays.push(new_null_array(&column.1, read.num_rows()));
        }
        batch(&fields, arrays, read.num_rows()).map_err(wrong)
    }
}

/// The columns at `paths` in the first of `tables` that has each.
pub(super) fn columns_of(tables: &[Table], paths: &[ColumnPath]) -> Fields {
    let mut found: Vec<Arc<Field>> = Vec::new();
    for path in paths {
        let Some(name) = path.first() else {
            continue;
        };
        let mut those = tables.iter().map(|t| t.schema().fields());
        if found.iter().all(|f| f.name() != name)
            && let Some(fields) = those.find(|fields| type_at(fields, path).is_some())
            && let Some((_, field)) = fields.find(name)
        {
            found.push(Arc::clone(field));
        }
    }
    found.into()
}

/// Whether a table has the covering, in numbers.
pub(super) fn has_covering(table: &Table) -> bool {
    ["xmin", "ymin", "xmax", "ymax"].iter().all(|edge| {
        let path = [BBOX.name.to_owned(), (*edge).to_owned()];
        type_at(table.schema().fields(), &path).is_some_and(DataType::is_numeric)
    })
}

/// Whether the column is one that every index has: what it says follows from upstream's columns.
fn makes(path: &[String]) -> bool {
    let of_all = COLUMNS.iter().filter(|c| !c.nullable && c.name != CRS);
    path.first()
        .is_some_and(|name| of_all.chain([&BBOX]).any(|c| c.name == name))
        && type_at(rows::arrow_schema().fields(), path).is_some()
}

fn type_at<'a>(fields: &'a Fields, path: &[String]) -> Option<&'a DataType> {
    let (name, rest) = path.split_first()?;
    let (_, field) = fields.find(name)?;
    match (rest, field.data_type()) {
        ([], kind) => Some(kind),
        (_, DataType::Struct(inner)) => type_at(inner, rest),
        _ => None,
    }
}

/// What there is in place of a column that is not there.
fn unknown(path: &[String], table: &Table) -> QueryError {
    let mut fields = table.schema().fields();
    let mut known = None;
    for name in path {
        match fields.find(name).map(|(_, field)| field.data_type()) {
            Some(DataType::Struct(inner)) => fields = inner,
            Some(_) => known = Some(name.clone()),
            None => break,
        }
    }
    let all = || fields.iter().map(|f| f.name().as_str()).collect::<Vec<_>>();
    QueryError::Column {
        name: path.join("."),
        table: table.path().display().to_string(),
        known: known.unwrap_or_else(|| all().join(", ")),
    }
}

fn push(names: &mut Vec<String>, name: &str) {
    if names.iter().all(|known| known != name) {
        names.push(name.to_owned());
    }
}

fn empty_field((name, kind): &(String, DataType)) -> Arc<Field> {
    Arc::new(Field::new(name, kind.clone(), true))
}

fn batch(
    fields: &[Arc<Field>],
    arrays: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    // Columns of structures say of themselves whether there are nulls in them.
    let fields: Vec<Field> = fields
        .iter()
        .zip(&arrays)
        .map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}
