//! Tables → the rows that answer, and a table of them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufWriter, Write},
    num::NonZero,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use ::parquet::file::metadata::KeyValue;
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Schema, SchemaRef, UInt32Type},
    error::ArrowError,
};
use stacchip_index::{
    IndexError, IndexErrorKind,
    schema::{
        BBOX, CELL, CHIP_SIZE, CHIPID, COLLECTION, DATE, GEOMETRY, ITEM_ID, SCHEMA_VERSION, STRIDE,
    },
};

use super::{
    Condition, QueryError, Table,
    choose::{Choice, Drawn, Per, apart, draw, lot},
    expression::Expression,
    prune::candidates,
    value::holds,
    view::{View, columns_of, has_covering},
};
use crate::{
    beside::temporary,
    parquet::{
        NewColumn,
        columns::{RowDecoder, UPSTREAM_CHIP_SIZE},
        geo::GeoSummary,
        index_error,
        merge::{Canonical, reconcile, summarise},
        table::guarded,
        wkb,
        writer::{CREATOR, arrow_writer, properties},
    },
};

/// A row that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The number of its table among those that were asked.
    pub table: usize,
    /// Its number in the table.
    pub row: u64,
}

/// Rows that answer, and what it took to find them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// The rows, in the order of tables and rows.
    pub rows: Vec<Found>,
    /// Rows that answer to the condition, drawn or not.
    pub answering: u64,
    /// Row groups there are.
    pub groups: u64,
    /// Row groups of which something beyond the footer was read.
    pub groups_read: u64,
    /// Tables of which something beyond the footer was read.
    pub tables_read: u64,
}

/// A table that is asked, and what of it.
struct Asked<'a> {
    table: &'a Table,
    condition: &'a Condition,
    choice: &'a Choice,
    /// What must be true of a row, but for the area.
    whole: Option<&'a Expression>,
    /// The columns that says it.
    view: View<'a>,
    /// Those that rows are drawn by.
    drawn_by: View<'a>,
}

/// A row group that may hold what is asked for.
struct Unit {
    table: usize,
    group: usize,
    /// The number of its first row in the table.
    first: u64,
}

/// The rows of `tables` that answer to `condition`, of those as many as `choice` says, with so many
/// threads.
///
/// A column that only some of the tables have is null in the others; what every index has is made where a
/// table of upstream or of an older version lacks it.
///
/// # Errors
/// [`QueryError`] where no table has a column that is named, a column is of another kind than the condition thinks,
/// or a table cannot be read.
pub fn find_rows(
    tables: &[Table],
    condition: &Condition,
    choice: &Choice,
    threads: NonZero<usize>,
) -> Result<Matches, QueryError> {
    let mut matches = Matches::default();
    let mut units = Vec::new();
    let (bare, covered) = (condition.parts(false), condition.parts(true));
    let together = |parts: &[Expression]| parts.iter().cloned().reduce(Expression::and);
    let (bare_whole, covered_whole) = (together(&bare), together(&covered));
    let elsewhere = columns_of(tables, &paths(&bare));
    let mut asked = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let (parts, whole) = if has_covering(table) {
            (&covered, &covered_whole)
        } else {
            (&bare, &bare_whole)
        };
        let view = View::of(table, &paths(parts), &elsewhere)?;
        check(&view, table, condition)?;
        let drawn_by = View::of(table, &drawn_by(table, choice), &elsewhere)?;
        let look = || candidates(table, parts);
        let may = guarded(&table.address(), look)?;
        matches.groups += table.groups() as u64;
        matches.groups_read += may.len() as u64;
        matches.tables_read += u64::from(!may.is_empty());
        let mut first = 0u64;
        for (group, of) in table.parquet().row_groups().iter().enumerate() {
            if may.binary_search(&group).is_ok() {
                units.push(Unit {
                    table: number,
                    group,
                    first,
                });
            }
            first = first.saturating_add(u64::try_from(of.num_rows()).unwrap_or(0));
        }
        asked.push(Asked {
            table,
            condition,
            choice,
            whole: whole.as_ref(),
            view,
            drawn_by,
        });
    }
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Result<Vec<Drawn>, QueryError>>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads.get().min(units.len()) {
            scope.spawn(|| {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let of_table = asked.get(unit.table);
                    let rows = of_table.map_or(Ok(Vec::new()), |asked| asked.rows_of(unit));
                    if rows.is_err() {
                        next.store(units.len(), Ordering::Relaxed);
                    }
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(rows);
                }
            });
        }
    });
    let mut drawn = Vec::new();
    for rows in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        drawn.extend(rows?);
    }
    matches.answering = drawn.len() as u64;
    let found = draw(drawn, choice).into_iter();
    matches.rows = found
        .map(|d| Found {
            table: d.table,
            row: d.row,
        })
        .collect();
    Ok(matches)
}

/// The columns that `parts` name.
fn paths(parts: &[Expression]) -> Vec<Vec<String>> {
    let mut columns = Vec::new();
    for part in parts {
        part.columns(&mut columns);
    }
    columns
}

/// The columns that rows are drawn by: the id, what sets chips of one id apart as far as it stands there, and what
/// is counted by.
fn drawn_by(table: &Table, choice: &Choice) -> Vec<Vec<String>> {
    let apart = [CHIP_SIZE, STRIDE, COLLECTION];
    let apart = apart.into_iter().filter(|name| table.schema_has(name));
    let counted = choice.per.iter().map(|(per, _)| counted_by(*per));
    let names = [CHIPID].into_iter().chain(apart).chain(counted);
    names.map(|name| vec![name.to_owned()]).collect()
}

/// Whether the condition can be answered by columns of these types: it is asked of no rows.
fn check(view: &View<'_>, table: &Table, condition: &Condition) -> Result<(), QueryError> {
    let nothing = view
        .nothing()
        .map_err(|e| index_error(IndexErrorKind::Read, &table.address(), e))?;
    for clause in &condition.clauses {
        let answer = guarded(&table.address(), || holds(&clause.expression, &nothing))?;
        answer.map_err(|e| QueryError::Text {
            text: clause.text.clone(),
            why: why(&e),
        })?;
    }
    Ok(())
}

/// What is wrong, in the words it was told with.
fn why(error: &ArrowError) -> String {
    match error {
        ArrowError::InvalidArgumentError(what)
        | ArrowError::ParseError(what)
        | ArrowError::SchemaError(what) => what.clone(),
        other => other.to_string(),
    }
}

impl Asked<'_> {
    /// The rows of a row group that answer.
    fn rows_of(&self, unit: &Unit) -> Result<Vec<Drawn>, QueryError> {
        let (table, address) = (self.table, self.table.address());
        let wrong = |e: ArrowError| QueryError::Values {
            table: address.clone(),
            why: why(&e),
        };
        let of = table.parquet().row_groups().get(unit.group);
        let count = of.map_or(0, |g| u32::try_from(g.num_rows()).unwrap_or(0));
        let mut rows: Vec<u32> = match self.whole {
            None => (0..count).collect(),
            Some(whole) => {
                let mut decoder = RowDecoder::default();
                let mut rows = Vec::new();
                let mut at = 0u32;
                for batch in table.batches(Some(&self.view.names()), Some(vec![unit.group]))? {
                    let first = unit.first.saturating_add(u64::from(at));
                    let batch = self.view.whole(batch?, first, &mut decoder)?;
                    let held = holds(whole, &batch).map_err(wrong)?;
                    rows.extend(
                        (at..)
                            .zip(held.iter())
                            .filter(|(_, h)| *h == Some(true))
                            .map(|(r, _)| r),
                    );
                    at = at.saturating_add(u32::try_from(batch.num_rows()).unwrap_or(u32::MAX));
                }
                rows
            }
        };
        if let Some(area) = &self.condition.area
            && !rows.is_empty()
        {
            let mut met = Vec::with_capacity(rows.len());
            for batch in table.selected(Some(&[GEOMETRY]), unit.group, &rows)? {
                let batch = batch?;
                let outlines = column(&batch, GEOMETRY, &DataType::Binary).map_err(wrong)?;
                let outlines = outlines.as_binary::<i32>();
                for row in 0..outlines.len() {
                    let outline = (!outlines.is_null(row)).then(|| wkb::read(outlines.value(row)));
                    met.push(matches!(outline, Some(Ok(outline)) if area.meets(&outline)));
                }
            }
            let mut met = met.into_iter();
            rows.retain(|_| met.next().unwrap_or(false));
        }
        self.drawn(unit, rows)
    }

    /// `rows` of a row group with their lots and what they are counted by.
    fn drawn(&self, unit: &Unit, rows: Vec<u32>) -> Result<Vec<Drawn>, QueryError> {
        let wrong = |e: ArrowError| index_error(IndexErrorKind::Read, &self.table.address(), e);
        let plain = |row: u32| Drawn {
            lot: 0,
            apart: 0,
            groups: Vec::new(),
            table: unit.table,
            row: unit.first + u64::from(row),
        };
        if self.choice.is_all() || rows.is_empty() {
            return Ok(rows.into_iter().map(plain).collect());
        }
        let mut decoder = RowDecoder::default();
        let mut out = Vec::with_capacity(rows.len());
        let mut numbers = rows.iter();
        let names = self.drawn_by.names();
        for batch in self.table.selected(Some(&names), unit.group, &rows)? {
            let batch = self.drawn_by.whole(batch?, unit.first, &mut decoder)?;
            let ids = column(&batch, CHIPID, &DataType::Utf8).map_err(wrong)?;
            let ids = ids.as_string::<i32>();
            let apart = each_apart(&batch).map_err(wrong)?;
            let counted = self.choice.per.iter().map(|(per, _)| groups(&batch, *per));
            let counted: Vec<Vec<u64>> = counted.collect::<Result<_, _>>().map_err(wrong)?;
            for ((at, &row), apart) in (0..batch.num_rows()).zip(numbers.by_ref()).zip(apart) {
                let groups = counted.iter();
                let groups = groups.map(|c| c.get(at).copied().unwrap_or(0));
                let id = if ids.is_null(at) { "" } else { ids.value(at) };
                out.push(Drawn {
                    lot: lot(self.choice.seed, id),
                    apart,
                    groups: groups.collect(),
                    ..plain(row)
                });
            }
        }
        Ok(out)
    }
}

/// What sets each row apart from others of its id; upstream says nothing of it and means one size.
fn each_apart(batch: &RecordBatch) -> Result<Vec<u64>, ArrowError> {
    let count = |name: &str| -> Result<Vec<Option<u32>>, ArrowError> {
        if batch.column_by_name(name).is_none() {
            return Ok(vec![None; batch.num_rows()]);
        }
        let array = column(batch, name, &DataType::UInt32)?;
        Ok(array.as_primitive::<UInt32Type>().iter().collect())
    };
    let (sizes, strides) = (count(CHIP_SIZE)?, count(STRIDE)?);
    let collections = match batch.column_by_name(COLLECTION) {
        Some(_) => Some(column(batch, COLLECTION, &DataType::Utf8)?),
        None => None,
    };
    let collections = collections.as_ref().map(AsArray::as_string::<i32>);
    let each = sizes.into_iter().zip(strides).enumerate();
    let each = each.map(|(row, (size, stride))| {
        let size = size.unwrap_or(UPSTREAM_CHIP_SIZE);
        let collection = collections.filter(|c| !c.is_null(row));
        let collection = collection.map_or("", |c| c.value(row));
        apart(size, stride.unwrap_or(size), collection)
    });
    Ok(each.collect())
}

const fn counted_by(per: Per) -> &'static str {
    match per {
        Per::Item => ITEM_ID,
        Per::Month => DATE,
        Per::Cell => CELL,
    }
}

/// What each row is counted by, as a number.
fn groups(batch: &RecordBatch, per: Per) -> Result<Vec<u64>, ArrowError> {
    use arrow::datatypes::{Int32Type, UInt64Type};
    let name = counted_by(per);
    Ok(match per {
        Per::Item => {
            let texts = column(batch, name, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            let hash = |text: Option<&str>| {
                let mut hasher = DefaultHasher::new();
                text.hash(&mut hasher);
                hasher.finish()
            };
            texts.iter().map(hash).collect()
        }
        Per::Month => {
            let dates = column(batch, name, &DataType::Date32)?;
            let part = |part| arrow::compute::date_part(&dates, part);
            let (years, months) = (
                part(arrow::compute::DatePart::Year)?,
                part(arrow::compute::DatePart::Month)?,
            );
            let (years, months) = (
                years.as_primitive::<Int32Type>(),
                months.as_primitive::<Int32Type>(),
            );
            let number = |(y, m): (&i32, &i32)| u64::from((y * 12 + m).unsigned_abs());
            years
                .values()
                .iter()
                .zip(months.values())
                .map(number)
                .collect()
        }
        Per::Cell => {
            let cells = column(batch, name, &DataType::UInt64)?;
            cells.as_primitive::<UInt64Type>().values().to_vec()
        }
    })
}

fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| ArrowError::SchemaError(format!("the column `{name}` is missing")))?;
    cast(array, kind)
}

/// Writes `rows` of `tables`, with all their columns and `more`, which have a value for each of the rows, as a
/// table at `to`.
///
/// # Errors
/// [`IndexError`] where a table cannot be read, their columns do not go together, or `to` cannot be
/// written, or stands already and may not be replaced.
pub fn write_rows(
    tables: &[Table],
    rows: &[Found],
    more: &[NewColumn],
    to: &Path,
    overwrite: bool,
) -> Result<(), IndexError> {
    let address = to.to_string_lossy().into_owned();
    let exists = || IndexError {
        kind: IndexErrorKind::Exists,
        address: address.clone(),
        cause: None,
    };
    if !overwrite && to.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        index_error(IndexErrorKind::Write, &address, e)
    };
    let columns = reconcile(tables)?;
    let schema = &with_columns(&columns.schema, more);
    let mut written = 0usize;
    let properties = properties(schema).map_err(|e| failed(e.into()))?;
    let out = BufWriter::new(temporary(to).map_err(|e| failed(e.into()))?);
    let mut writer = arrow_writer(out, schema, properties).map_err(|e| failed(e.into()))?;
    let mut geo = GeoSummary::default();
    for here in rows.chunk_by(|a, b| a.table == b.table) {
        let Some(table) = here.first().and_then(|f| tables.get(f.table)) else {
            continue;
        };
        let mut canonical = Canonical::new(table, &columns);
        each_group(table, here, |group, first, numbers| {
            for batch in table.selected(None, group, numbers)? {
                let batch = canonical.batch(&batch?, first)?;
                if let (Some(outlines), Some(boxes)) = (
                    batch.column_by_name(GEOMETRY),
                    batch.column_by_name(BBOX.name),
                ) {
                    summarise(outlines, boxes, &mut geo);
                }
                let mut arrays = Vec::with_capacity(schema.fields().len());
                for field in schema.fields() {
                    let new = more.iter().find(|column| column.name == *field.name());
                    let array = match new {
                        Some(column) => {
                            let end = written + batch.num_rows();
                            Some(column.slice(written..end).values)
                        }
                        None => batch.column_by_name(field.name()).map(Arc::clone),
                    };
                    arrays.extend(array);
                }
                written += batch.num_rows();
                let batch = RecordBatch::try_new(Arc::clone(schema), arrays)
                    .map_err(|e| failed(e.into()))?;
                writer.write(&batch).map_err(|e| failed(e.into()))?;
            }
            Ok(())
        })?;
    }
    for (key, value) in [
        ("geo", geo.json()),
        ("stacchip:schema_version", SCHEMA_VERSION.to_owned()),
        ("stacchip:creator", CREATOR.to_owned()),
    ] {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    let mut out = writer.into_inner().map_err(|e| failed(e.into()))?;
    out.flush().map_err(|e| failed(e.into()))?;
    let file = out
        .into_inner()
        .map_err(|e| failed(e.into_error().into()))?;
    let placed = if overwrite {
        file.persist(to)
    } else {
        file.persist_noclobber(to)
    };
    match placed {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists()),
        Err(e) => Err(failed(e.error.into())),
    }
}

/// `schema` with more columns, which take the place of those of their names; the covering stays last.
fn with_columns(schema: &SchemaRef, more: &[NewColumn]) -> SchemaRef {
    let is_new = |name: &str| more.iter().any(|column| column.name == name);
    let kept = schema.fields().iter().filter(|f| !is_new(f.name()));
    let (covering, others): (Vec<_>, Vec<_>) =
        kept.cloned().partition(|field| field.name() == BBOX.name);
    let new = more.iter().map(NewColumn::field);
    let fields: Vec<_> = others.into_iter().chain(new).chain(covering).collect();
    Arc::new(Schema::new(fields))
}

/// The ids of the chips in `rows` of `tables`.
///
/// # Errors
/// [`IndexError`] where a table cannot be read.
pub fn read_ids(tables: &[Table], rows: &[Found]) -> Result<Vec<String>, IndexError> {
    let mut ids = Vec::with_capacity(rows.len());
    for here in rows.chunk_by(|a, b| a.table == b.table) {
        let Some(table) = here.first().and_then(|f| tables.get(f.table)) else {
            continue;
        };
        each_group(table, here, |group, _, numbers| {
            for batch in table.selected(Some(&[CHIPID]), group, numbers)? {
                let texts = column(&batch?, CHIPID, &DataType::Utf8)
                    .map_err(|e| index_error(IndexErrorKind::Read, &table.address(), e))?;
                let texts = texts.as_string::<i32>();
                ids.extend(texts.iter().map(|t| t.unwrap_or_default().to_owned()));
            }
            Ok(())
        })?;
    }
    Ok(ids)
}

/// Calls `each` with the row groups of `table` that hold some of `rows`, the number of their first
/// row, and the numbers of those rows in them.
fn each_group(
    table: &Table,
    rows: &[Found],
    mut each: impl FnMut(usize, u64, &[u32]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut rest = rows;
    let mut first = 0u64;
    for (group, of) in table.parquet().row_groups().iter().enumerate() {
        let end = first.saturating_add(u64::try_from(of.num_rows()).unwrap_or(0));
        let (now, later) = rest.split_at(rest.partition_point(|f| f.row < end));
        rest = later;
        let numbers = now
            .iter()
            .map(|f| u32::try_from(f.row - first).unwrap_or(u32::MAX));
        let numbers: Vec<u32> = numbers.collect();
        if !numbers.is_empty() {
            each(group, first, &numbers)?;
        }
        first = end;
    }
    Ok(())
}
