//! One set of columns for many tables.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use stacchip_index::{
    IndexError, IndexErrorKind,
    schema::{BBOX, COLUMNS},
};

use crate::parquet::{Table, rows};

/// The columns of the result: those of an index, then what tables have beyond them, by name, then the
/// covering.
#[derive(Debug, Clone)]
pub(in crate::parquet) struct Columns {
    pub(in crate::parquet) schema: SchemaRef,
    /// Columns beyond those of an index; null in rows of tables that have not got them.
    pub(super) more: Vec<Arc<Field>>,
}

/// The columns of all `tables`.
pub(in crate::parquet) fn reconcile(tables: &[Table]) -> Result<Columns, IndexError> {
    let mut more: Vec<(Arc<Field>, &Table)> = Vec::new();
    for table in tables {
        for field in table.schema().fields() {
            if is_ours(field.name()) {
                continue;
            }
            let kind = plain(field.data_type());
            let Some((known, first)) = more.iter_mut().find(|(f, _)| f.name() == field.name())
            else {
                let field = Field::new(field.name(), kind, true);
                more.push((Arc::new(field), table));
                continue;
            };
            let Some(common) = common(known.data_type(), &kind) else {
                return Err(IndexError {
                    kind: IndexErrorKind::Schema(format!(
                        "its column `{}` is {kind}, and {} in {}: rename one of them, or leave the table out",
                        field.name(),
                        known.data_type(),
                        first.address(),
                    )),
                    address: table.address(),
                    cause: None,
                });
            };
            if common != *known.data_type() {
                *known = Arc::new(Field::new(field.name(), common, true));
            }
        }
    }
    let mut more: Vec<Arc<Field>> = more.into_iter().map(|(field, _)| field).collect();
    more.sort_by(|a, b| a.name().cmp(b.name()));
    let ours = COLUMNS.iter().map(|c| Arc::new(rows::field(c)));
    let fields: Vec<Arc<Field>> = ours
        .chain(more.iter().cloned())
        .chain([Arc::new(rows::field(&BBOX))])
        .collect();
    Ok(Columns {
        schema: Arc::new(Schema::new(fields)),
        more,
    })
}

fn is_ours(name: &str) -> bool {
    COLUMNS.iter().chain([&BBOX]).any(|c| c.name == name)
}

/// The same without the ways texts and bytes may be laid out.
fn plain(kind: &DataType) -> DataType {
    match kind {
        DataType::Dictionary(_, values) => plain(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// A type that holds all values of both without loss.
fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    let signed = [T::Int8, T::Int16, T::Int32, T::Int64];
    let unsigned = [T::UInt8, T::UInt16, T::UInt32, T::UInt64];
    let among = |kinds: &[T], kind: &T| kinds.iter().position(|k| k == kind);
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (T::Null, other) | (other, T::Null) => return Some(other.clone()),
        (T::Float32, T::Float64) | (T::Float64, T::Float32) => return Some(T::Float64),
        _ => {}
    }
    let wider = |kinds: &[T], a: usize, b: usize| kinds.get(a.max(b)).cloned();
    match (
        (among(&signed, a), among(&unsigned, a)),
        (among(&signed, b), among(&unsigned, b)),
    ) {
        ((Some(a), _), (Some(b), _)) => wider(&signed, a, b),
        ((_, Some(a)), (_, Some(b))) => wider(&unsigned, a, b),
        // A signed number of the next width holds an unsigned one.
        ((Some(s), _), (_, Some(u))) | ((_, Some(u)), (Some(s), _)) => wider(&signed, s, u + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_go_together() {
        use DataType as T;
        for (a, b, wanted) in [
            (T::Utf8, T::Utf8, Some(T::Utf8)),
            (T::Int8, T::Int64, Some(T::Int64)),
            (T::UInt16, T::Int8, Some(T::Int32)),
            (T::UInt64, T::Int8, None),
            (T::Null, T::Boolean, Some(T::Boolean)),
            (T::Float64, T::Float32, Some(T::Float64)),
            (T::Utf8, T::Int64, None),
            (T::Float64, T::Int64, None),
        ] {
            assert_eq!(common(&a, &b), wanted, "{a} {b}");
            assert_eq!(common(&b, &a), wanted, "{b} {a}");
        }
        let coded = T::Dictionary(Box::new(T::Int32), Box::new(T::LargeUtf8));
        assert_eq!(plain(&coded), T::Utf8);
    }
}
