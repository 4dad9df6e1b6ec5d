//! Batches of any table of chips → batches of the common columns, each row with its place on the curve.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, StructArray, new_null_array},
    compute::cast,
    datatypes::{Float64Type, TimestampMicrosecondType},
};
use stacchip_index::{
    GroundCell, IndexError, IndexErrorKind,
    schema::{BBOX, COLUMNS, DATETIME, GEOMETRY},
};

use super::{Period, schema::Columns};
use crate::parquet::{
    Table,
    columns::RowDecoder,
    geo::GeoSummary,
    index_error,
    rows::{self, data_type},
    wkb,
};

/// Brings the batches of one table into the common columns.
pub(in crate::parquet) struct Canonical<'a> {
    table: &'a Table,
    columns: &'a Columns,
    /// Whether its columns are ours as they are.
    as_it_is: bool,
    decoder: RowDecoder,
}

impl<'a> Canonical<'a> {
    pub(in crate::parquet) fn new(table: &'a Table, columns: &'a Columns) -> Self {
        let schema = table.schema();
        let as_it_is = COLUMNS.iter().chain([&BBOX]).all(|column| {
            let found = schema.column_with_name(column.name);
            found.is_some_and(|(_, field)| same_type(field.data_type(), &data_type(column.kind)))
        });
        Self {
            table,
            columns,
            as_it_is,
            decoder: RowDecoder::default(),
        }
    }

    /// `batch`, whose first row is row `first` of the table, in the common columns. What a table of
    /// upstream or of an older version lacks is filled in.
    pub(in crate::parquet) fn batch(
        &mut self,
        batch: &RecordBatch,
        first: u64,
    ) -> Result<RecordBatch, IndexError> {
        let address = || self.table.address();
        let wrong = |e: arrow::error::ArrowError| index_error(IndexErrorKind::Read, &address(), e);
        let whole;
        let ours = if self.as_it_is {
            batch
        } else {
            let decoded = self.decoder.decode(batch, first).map_err(|e| IndexError {
                kind: IndexErrorKind::Schema(e.to_string()),
                address: address(),
                cause: None,
            })?;
            whole = rows::encode(&rows::arrow_schema(), &decoded, &mut GeoSummary::default())
                .map_err(wrong)?;
            &whole
        };
        let more = |name: &str| self.columns.more.iter().find(|f| f.name() == name);
        let columns = self.columns.schema.fields().iter().map(|field| {
            let array = match more(field.name()) {
                Some(_) => batch.column_by_name(field.name()),
                None => ours.column_by_name(field.name()),
            };
            match array {
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
                Some(array) if array.data_type() == field.data_type() => Ok(Arc::clone(array)),
                Some(array) => cast(array, field.data_type()),
            }
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>().map_err(wrong)?;
        RecordBatch::try_new(Arc::clone(&self.columns.schema), columns).map_err(wrong)
    }
}

/// Whether the types are one, whatever is said of nulls in the fields of a structure.
fn same_type(a: &arrow::datatypes::DataType, b: &arrow::datatypes::DataType) -> bool {
    use arrow::datatypes::DataType::Struct;
    match (a, b) {
        (Struct(a), Struct(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| {
                    a.name() == b.name()
                        && a.data_type() == b.data_type()
                        && a.is_nullable() == b.is_nullable()
                })
        }
        _ => a == b,
    }
}

/// Where each row of a batch comes: its period in 13 bits, then the first 51 bits of the leaf cell at the
/// centre of its outline, which are its cell of level 24 (about half a metre). What lies nowhere
/// comes last in its period, what has no time after all others.
pub(super) fn places(batch: &RecordBatch, period: Period) -> Option<Vec<u64>> {
    let times = batch.column_by_name(DATETIME)?;
    let times = times.as_primitive_opt::<TimestampMicrosecondType>()?;
    let mut last: Option<(i64, u16)> = None;
    let mut period_of = |row: usize| {
        if times.is_null(row) {
            return (1 << 13) - 1;
        }
        let at = times.value(row);
        // Rows of one item have one time.
        let number = match last {
            Some((same, number)) if same == at => number,
            _ => period.number(at),
        };
        last = Some((at, number));
        u64::from(number)
    };
    let cells = cells(batch)?;
    let keyed = cells.into_iter().enumerate();
    Some(
        keyed
            .map(|(row, cell)| period_of(row) << 51 | cell >> 13)
            .collect(),
    )
}

/// The leaf cell at the centre of each outline.
fn cells(batch: &RecordBatch) -> Option<Vec<u64>> {
    let edges = edges(batch)?;
    let outlines = batch.column_by_name(GEOMETRY)?.as_binary_opt::<i32>()?;
    let keys = (0..batch.num_rows()).map(|row| {
        let [w, s, e, n] = edges.at(row);
        let centre = [w + (e - w) / 2.0, s + (n - s) / 2.0];
        if w <= -180.0 && e >= 180.0 {
            // Across the antimeridian: its parts tell.
            let outline = wkb::read(outlines.value(row)).ok();
            let cell = outline.as_ref().and_then(GroundCell::of);
            return cell.map_or(u64::MAX, GroundCell::id);
        }
        if centre.iter().all(|v| v.is_finite()) {
            GroundCell::at(centre).id()
        } else {
            u64::MAX
        }
    });
    Some(keys.collect())
}

/// Has `geo` hear of the outlines and boxes of some columns of a batch.
pub(in crate::parquet) fn summarise(outlines: &ArrayRef, boxes: &ArrayRef, geo: &mut GeoSummary) {
    let (Some(outlines), Some(boxes)) = (outlines.as_binary_opt::<i32>(), boxes.as_struct_opt())
    else {
        return;
    };
    let Some(edges) = Edges::of(boxes) else {
        return;
    };
    for row in 0..outlines.len() {
        geo.add_kind(wkb::is_polygon(outlines.value(row)), edges.at(row));
    }
}

struct Edges<'a>([&'a [f64]; 4]);

impl<'a> Edges<'a> {
    fn of(boxes: &'a StructArray) -> Option<Self> {
        let edge = |name: &str| {
            let array = boxes.column_by_name(name)?;
            let array = array.as_primitive_opt::<Float64Type>()?;
            Some(&**array.values())
        };
        Some(Self([
            edge("xmin")?,
            edge("ymin")?,
            edge("xmax")?,
            edge("ymax")?,
        ]))
    }

    fn at(&self, row: usize) -> [f64; 4] {
        self.0
            .map(|edge| edge.get(row).copied().unwrap_or(f64::NAN))
    }
}

fn edges(batch: &RecordBatch) -> Option<Edges<'_>> {
    Edges::of(batch.column_by_name(BBOX.name)?.as_struct_opt()?)
}
