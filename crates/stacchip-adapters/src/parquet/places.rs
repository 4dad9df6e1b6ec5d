//! Where the chips of a table are, with one column of texts beside.

use arrow::{
    array::{Array, AsArray},
    compute::cast,
    datatypes::DataType,
};
use stacchip_index::{ChipRow, IndexError, IndexErrorKind, schema::GEOMETRY};
use stacchip_model::MultiPolygon;

use super::{
    Table,
    columns::{self, RowDecoder},
    index_error, wkb,
};

/// Calls `each` with the rows of a row group of `table`, in their order, some thousand at a time.
///
/// # Errors
/// [`IndexError`] where they cannot be read, or one is none.
pub fn read_chips(
    table: &Table,
    group: usize,
    mut each: impl FnMut(&[ChipRow]),
) -> Result<(), IndexError> {
    let mut decoder = RowDecoder::default();
    let names: Vec<&str> = columns::names().collect();
    let mut first = 0u64;
    for batch in table.batches(Some(&names), Some(vec![group]))? {
        let rows = decoder.decode(&batch?, first).map_err(|e| IndexError {
            kind: IndexErrorKind::Schema(e.to_string()),
            address: table.address(),
            cause: None,
        })?;
        first = first.saturating_add(rows.len() as u64);
        each(&rows);
    }
    Ok(())
}

/// A chip's outline, and what the column of texts says of it.
pub type Place = (MultiPolygon, Option<String>);

/// The outlines of all rows of `table` (of one row group, where it is named) with what its column
/// `beside` says, in their order; numbers and the like as text.
///
/// # Errors
/// [`IndexError`] where they cannot be read, or there is no such column.
pub fn read_places(
    table: &Table,
    group: Option<usize>,
    beside: Option<&str>,
) -> Result<Vec<Place>, IndexError> {
    let address = table.address();
    let wrong = |what: String| IndexError {
        kind: IndexErrorKind::Schema(what),
        address: address.clone(),
        cause: None,
    };
    if let Some(name) = beside
        && table.schema().column_with_name(name).is_none()
    {
        return Err(wrong(format!("the column `{name}` is missing")));
    }
    let names: Vec<&str> = [GEOMETRY].into_iter().chain(beside).collect();
    let mut places = Vec::new();
    for batch in table.batches(Some(&names), group.map(|g| vec![g]))? {
        let batch = batch?;
        let column = |name: &str, kind: &DataType| {
            let array = batch.column_by_name(name);
            let array = array.ok_or_else(|| wrong(format!("the column `{name}` is missing")))?;
            cast(array, kind).map_err(|e| index_error(IndexErrorKind::Read, &address, e))
        };
        let outlines = column(GEOMETRY, &DataType::Binary)?;
        let outlines = outlines.as_binary::<i32>();
        let texts = match beside {
            Some(name) => Some(column(name, &DataType::Utf8)?),
            None => None,
        };
        for row in 0..batch.num_rows() {
            let footprint = if outlines.is_null(row) {
                MultiPolygon::default()
            } else {
                wkb::read(outlines.value(row)).map_err(|e| {
                    wrong(format!("row {}: `{GEOMETRY}` is wrong: {e}", places.len()))
                })?
            };
            let text = texts.as_ref().filter(|t| !t.is_null(row));
            let text = text.map(|t| t.as_string::<i32>().value(row).to_owned());
            places.push((footprint, text));
        }
    }
    Ok(places)
}
