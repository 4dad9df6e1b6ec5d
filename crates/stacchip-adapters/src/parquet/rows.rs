//! Rows → Arrow.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BinaryBuilder, Date32Array, Float32Array, Float64Array, RecordBatch, StringArray,
        StructArray, TimestampMicrosecondArray, UInt16Array, UInt32Array, UInt64Array,
    },
    datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit},
    error::ArrowError,
};
use jiff::{Timestamp, civil::Date};
use stacchip_index::{
    ChipRow, GroundCell,
    schema::{self, BBOX, COLUMNS, Column, ColumnType},
};
use stacchip_model::{Bounds, MultiPolygon};

use super::{geo::GeoSummary, wkb};

/// The Arrow schema of an index: the columns of [`stacchip_index::schema`], then the covering.
pub(super) fn arrow_schema() -> SchemaRef {
    let fields: Vec<Field> = COLUMNS.iter().chain([&BBOX]).map(field).collect();
    Arc::new(Schema::new(fields))
}

pub(super) fn field(column: &Column) -> Field {
    Field::new(column.name, data_type(column.kind), column.nullable)
}

pub(super) fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::U16 => DataType::UInt16,
        ColumnType::U32 => DataType::UInt32,
        ColumnType::U64 => DataType::UInt64,
        ColumnType::F32 => DataType::Float32,
        ColumnType::Geometry => DataType::Binary,
        ColumnType::Bbox => DataType::Struct(bbox_fields()),
        // The enum may grow; a text can say anything.
        _ => DataType::Utf8,
    }
}

fn bbox_fields() -> Fields {
    ["xmin", "ymin", "xmax", "ymax"]
        .map(|edge| Field::new(edge, DataType::Float64, false))
        .to_vec()
        .into()
}

/// The rows as Arrow; `geo` hears of each geometry.
pub(super) fn encode(
    schema: &SchemaRef,
    rows: &[ChipRow],
    geo: &mut GeoSummary,
) -> Result<RecordBatch, ArrowError> {
    let bounds: Vec<Option<Bounds>> = rows.iter().map(|r| r.footprint.bounds()).collect();
    for (row, bounds) in rows.iter().zip(&bounds) {
        geo.add(&row.footprint, *bounds);
    }
    let columns = COLUMNS
        .iter()
        .map(|c| column(c.name, rows))
        .chain([covering(&bounds)])
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn column(name: &'static str, rows: &[ChipRow]) -> Result<ArrayRef, ArrowError> {
    use schema as s;
    Ok(match name {
        s::CHIPID => texts(rows, |r| Some(&r.chipid)),
        s::DATE => Arc::new(Date32Array::from_iter_values(
            rows.iter().map(|r| days(r.scene.date())),
        )),
        s::CHIP_INDEX_X => Arc::new(UInt16Array::from_iter_values(rows.iter().map(|r| r.x))),
        s::CHIP_INDEX_Y => Arc::new(UInt16Array::from_iter_values(rows.iter().map(|r| r.y))),
        s::CLOUD_COVER_PERCENTAGE => fractions(rows, |r| r.quality.cloud.get()),
        s::NODATA_PERCENTAGE => fractions(rows, |r| r.quality.nodata.get()),
        s::GEOMETRY => geometry(rows),
        s::ITEM_ID => texts(rows, |r| Some(&r.scene.item_id)),
        s::ITEM_HREF => texts(rows, |r| r.scene.item_href.as_ref()),
        s::COLLECTION => texts(rows, |r| r.scene.collection.as_ref()),
        s::PLATFORM => texts(rows, |r| r.scene.platform.as_ref()),
        s::SPACECRAFT => texts(rows, |r| r.scene.spacecraft.as_ref()),
        s::DATETIME => moments(rows, |r| Some(r.scene.datetime)),
        s::START_DATETIME => moments(rows, |r| r.scene.start_datetime),
        s::END_DATETIME => moments(rows, |r| r.scene.end_datetime),
        s::CRS => texts(rows, |r| Some(&r.scene.crs)),
        s::CHIP_SIZE => counts(rows, name, |r| i64::from(r.scene.chip_size))?,
        s::STRIDE => counts(rows, name, |r| i64::from(r.scene.stride))?,
        s::WINDOW_COL => counts(rows, name, |r| r.window.col)?,
        s::WINDOW_ROW => counts(rows, name, |r| r.window.row)?,
        s::WINDOW_WIDTH => counts(rows, name, |r| i64::from(r.window.width))?,
        s::WINDOW_HEIGHT => counts(rows, name, |r| i64::from(r.window.height))?,
        s::CELL => Arc::new(UInt64Array::from_iter_values(
            rows.iter().map(|r| cell_of(&r.footprint)),
        )),
        other => {
            return Err(ArrowError::NotYetImplemented(format!(
                "the column {other} of the schema is not written"
            )));
        }
    })
}

/// The number of the cell at the centre of an outline; 0, which is none, where it has no point.
fn cell_of(footprint: &MultiPolygon) -> u64 {
    GroundCell::of(footprint).map_or(0, |leaf| leaf.parent(GroundCell::PLACE_LEVEL).id())
}

fn texts(rows: &[ChipRow], text: impl Fn(&ChipRow) -> Option<&String>) -> ArrayRef {
    Arc::new(rows.iter().map(text).collect::<StringArray>())
}

fn fractions(rows: &[ChipRow], fraction: impl Fn(&ChipRow) -> f64) -> ArrayRef {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction loses digits as float32, never its range: upstream's type"
    )]
    let values = rows.iter().map(|r| fraction(r) as f32);
    Arc::new(Float32Array::from_iter_values(values))
}

fn moments(rows: &[ChipRow], moment: impl Fn(&ChipRow) -> Option<Timestamp>) -> ArrayRef {
    let values = rows
        .iter()
        .map(|r| moment(r).map(Timestamp::as_microsecond));
    Arc::new(
        values
            .collect::<TimestampMicrosecondArray>()
            .with_timezone("UTC"),
    )
}

fn counts(
    rows: &[ChipRow],
    name: &str,
    count: impl Fn(&ChipRow) -> i64,
) -> Result<ArrayRef, ArrowError> {
    let values = rows.iter().map(|row| {
        let count = count(row);
        u32::try_from(count).map_err(|_| {
            let row = &row.chipid;
            ArrowError::InvalidArgumentError(format!(
                "{name} of {row} is {count}, below 0 or over 32 bit"
            ))
        })
    });
    let values: Vec<u32> = values.collect::<Result<_, _>>()?;
    Ok(Arc::new(UInt32Array::from(values)))
}

fn geometry(rows: &[ChipRow]) -> ArrayRef {
    let mut builder = BinaryBuilder::with_capacity(rows.len(), rows.len() * 93);
    let mut bytes = Vec::new();
    for row in rows {
        bytes.clear();
        wkb::write(&row.footprint, &mut bytes);
        builder.append_value(&bytes);
    }
    Arc::new(builder.finish())
}

fn covering(bounds: &[Option<Bounds>]) -> Result<ArrayRef, ArrowError> {
    let edge = |edge: fn(&Bounds) -> f64| -> ArrayRef {
        // An outline without points lies nowhere.
        let values = bounds.iter().map(|b| b.as_ref().map_or(f64::NAN, edge));
        Arc::new(Float64Array::from_iter_values(values))
    };
    let edges = vec![
        edge(|b| b.xmin),
        edge(|b| b.ymin),
        edge(|b| b.xmax),
        edge(|b| b.ymax),
    ];
    Ok(Arc::new(StructArray::try_new(bbox_fields(), edges, None)?))
}

/// Days since 1970-01-01.
pub(super) fn days(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1))
        .map_or(0, |span| span.get_days())
}
