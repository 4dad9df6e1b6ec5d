//! Arrow → rows.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, Date32Array, Float32Array, RecordBatch, StringArray,
        TimestampMicrosecondArray, UInt16Array, UInt32Array,
    },
    compute::{CastOptions, cast_with_options},
    datatypes::{
        Date32Type, Float32Type, Schema, TimestampMicrosecondType, UInt16Type, UInt32Type,
    },
};
use jiff::Timestamp;
use stacchip_index::{
    ChipRow, SceneColumns,
    schema::{self as s, COLUMNS, Column, UPSTREAM_COLUMNS},
};
use stacchip_model::{Fraction, Quality, Window};
use thiserror::Error;

use super::{rows::data_type, wkb};

/// Why a table is no index of chips.
#[derive(Debug, Clone, PartialEq, Error)]
pub(super) enum TableError {
    /// A column is missing.
    #[error("the column `{0}` is missing")]
    Missing(&'static str),
    /// A column holds something else.
    #[error("the column `{name}` cannot be read as {wanted}: {cause}")]
    Type {
        /// The column.
        name: &'static str,
        /// What it should hold.
        wanted: String,
        /// Why it cannot be that.
        cause: String,
    },
    /// A value is not what it should be.
    #[error("row {row}: `{name}` {problem}")]
    Value {
        /// The row in the file.
        row: u64,
        /// The column.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// Whether a table with `schema` can hold chips: it has upstream's columns.
pub(super) fn check(schema: &Schema) -> Result<(), TableError> {
    for column in COLUMNS.iter().take(UPSTREAM_COLUMNS) {
        if schema.column_with_name(column.name).is_none() {
            return Err(TableError::Missing(column.name));
        }
    }
    Ok(())
}

/// The names of the columns that rows are read from.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|c| c.name)
}

/// Reads batches of one table, row after row.
#[derive(Debug, Default)]
pub(super) struct RowDecoder {
    /// What the last row shared with its item's others.
    scene: Option<Arc<SceneColumns>>,
}

impl RowDecoder {
    /// The rows of `batch`, whose first is row `first` of the file.
    pub(super) fn decode(
        &mut self,
        batch: &RecordBatch,
        first: u64,
    ) -> Result<Vec<ChipRow>, TableError> {
        let columns = Columns::of(batch)?;
        let rows = (0..batch.num_rows()).zip(first..);
        rows.map(|(i, row)| self.row(&columns, i, row)).collect()
    }

    fn row(&mut self, c: &Columns, i: usize, row: u64) -> Result<ChipRow, TableError> {
        let wrong = |name: &'static str, problem: String| TableError::Value { row, name, problem };
        let null = |name: &'static str| wrong(name, "is null".to_owned());
        let chipid = text(Some(&c.chipid), i).ok_or_else(|| null(s::CHIPID))?;
        let x = value(&c.x, i, UInt16Array::value).ok_or_else(|| null(s::CHIP_INDEX_X))?;
        let y = value(&c.y, i, UInt16Array::value).ok_or_else(|| null(s::CHIP_INDEX_Y))?;
        let fraction = |name, array: &Float32Array| {
            let number = value(array, i, Float32Array::value).ok_or_else(|| null(name))?;
            Fraction::new(f64::from(number)).map_err(|e| wrong(name, format!("is wrong: {e}")))
        };
        let quality = Quality {
            cloud: fraction(s::CLOUD_COVER_PERCENTAGE, &c.cloud)?,
            nodata: fraction(s::NODATA_PERCENTAGE, &c.nodata)?,
        };
        let outline = value(&c.geometry, i, |a, i| wkb::read(a.value(i)));
        let footprint = outline
            .ok_or_else(|| null(s::GEOMETRY))?
            .map_err(|e| wrong(s::GEOMETRY, format!("is wrong: {e}")))?;
        let moment = |array: Option<&TimestampMicrosecondArray>, name| {
            let micros = array.and_then(|a| value(a, i, TimestampMicrosecondArray::value));
            micros
                .map(|m| Timestamp::from_microsecond(m).map_err(|e| wrong(name, e.to_string())))
                .transpose()
        };
        let datetime = if let Some(datetime) = moment(c.datetime.as_ref(), s::DATETIME)? {
            datetime
        } else {
            let days = value(&c.date, i, Date32Array::value).ok_or_else(|| null(s::DATE))?;
            Timestamp::from_second(i64::from(days) * 86_400)
                .map_err(|e| wrong(s::DATE, e.to_string()))?
        };
        let count =
            |array: Option<&UInt32Array>| array.and_then(|a| value(a, i, UInt32Array::value));
        let chip_size = count(c.chip_size.as_ref()).unwrap_or(UPSTREAM_CHIP_SIZE);
        let stride = count(c.stride.as_ref()).unwrap_or(chip_size);
        let place = |array, index: u16| {
            count(array).map_or(i64::from(index) * i64::from(stride), i64::from)
        };
        let window = Window::new(
            place(c.window_col.as_ref(), x),
            place(c.window_row.as_ref(), y),
            count(c.window_width.as_ref()).unwrap_or(chip_size),
            count(c.window_height.as_ref()).unwrap_or(chip_size),
        );
        let owned = |array: Option<&StringArray>| text(array, i).map(str::to_owned);
        let item_id = owned(c.item_id.as_ref()).unwrap_or_else(|| {
            let suffix = format!("-{x}-{y}");
            chipid.strip_suffix(&suffix).unwrap_or(chipid).to_owned()
        });
        let scene = SceneColumns {
            item_id,
            item_href: owned(c.item_href.as_ref()),
            collection: owned(c.collection.as_ref()),
            platform: owned(c.platform.as_ref()),
            spacecraft: owned(c.spacecraft.as_ref()),
            datetime,
            start_datetime: moment(c.start_datetime.as_ref(), s::START_DATETIME)?,
            end_datetime: moment(c.end_datetime.as_ref(), s::END_DATETIME)?,
            crs: owned(c.crs.as_ref()).unwrap_or_default(),
            chip_size,
            stride,
        };
        let scene = match &self.scene {
            Some(last) if **last == scene => Arc::clone(last),
            _ => Arc::clone(self.scene.insert(Arc::new(scene))),
        };
        Ok(ChipRow {
            chipid: chipid.to_owned(),
            scene,
            x,
            y,
            window,
            quality,
            footprint,
        })
    }
}

/// The chip ids of a batch, as [`StringArray`].
pub(super) fn ids(batch: &RecordBatch) -> Result<ArrayRef, TableError> {
    column(batch, s::CHIPID)?.ok_or(TableError::Missing(s::CHIPID))
}

fn value<A: Array, T>(array: &A, i: usize, read: impl Fn(&A, usize) -> T) -> Option<T> {
    (i < array.len() && !array.is_null(i)).then(|| read(array, i))
}

fn text(array: Option<&StringArray>, i: usize) -> Option<&str> {
    array
        .filter(|a| i < a.len() && !a.is_null(i))
        .map(|a| a.value(i))
}

/// The columns of one batch, each in the type of the schema.
struct Columns {
    chipid: StringArray,
    date: Date32Array,
    x: UInt16Array,
    y: UInt16Array,
    cloud: Float32Array,
    nodata: Float32Array,
    geometry: BinaryArray,
    item_id: Option<StringArray>,
    item_href: Option<StringArray>,
    collection: Option<StringArray>,
    platform: Option<StringArray>,
    spacecraft: Option<StringArray>,
    datetime: Option<TimestampMicrosecondArray>,
    start_datetime: Option<TimestampMicrosecondArray>,
    end_datetime: Option<TimestampMicrosecondArray>,
    crs: Option<StringArray>,
    chip_size: Option<UInt32Array>,
    stride: Option<UInt32Array>,
    window_col: Option<UInt32Array>,
    window_row: Option<UInt32Array>,
    window_width: Option<UInt32Array>,
    window_height: Option<UInt32Array>,
}

impl Columns {
    fn of(batch: &RecordBatch) -> Result<Self, TableError> {
        let needed = |name| column(batch, name)?.ok_or(TableError::Missing(name));
        let texts = |name| -> Result<Option<StringArray>, TableError> {
            Ok(column(batch, name)?.and_then(|a| a.as_string_opt::<i32>().cloned()))
        };
        let moments = |name| -> Result<Option<TimestampMicrosecondArray>, TableError> {
            let array = column(batch, name)?;
            Ok(array.and_then(|a| a.as_primitive_opt::<TimestampMicrosecondType>().cloned()))
        };
        let counts = |name| -> Result<Option<UInt32Array>, TableError> {
            Ok(column(batch, name)?.and_then(|a| a.as_primitive_opt::<UInt32Type>().cloned()))
        };
        macro_rules! typed {
            ($name:expr, $how:ident $(::<$kind:ty>)?) => {
                needed($name)?
                    .$how$(::<$kind>)?()
                    .cloned()
                    .ok_or(TableError::Missing($name))?
            };
        }
        Ok(Self {
            chipid: typed!(s::CHIPID, as_string_opt::<i32>),
            date: typed!(s::DATE, as_primitive_opt::<Date32Type>),
            x: typed!(s::CHIP_INDEX_X, as_primitive_opt::<UInt16Type>),
            y: typed!(s::CHIP_INDEX_Y, as_primitive_opt::<UInt16Type>),
            cloud: typed!(s::CLOUD_COVER_PERCENTAGE, as_primitive_opt::<Float32Type>),
            nodata: typed!(s::NODATA_PERCENTAGE, as_primitive_opt::<Float32Type>),
            geometry: typed!(s::GEOMETRY, as_binary_opt::<i32>),
            item_id: texts(s::ITEM_ID)?,
            item_href: texts(s::ITEM_HREF)?,
            collection: texts(s::COLLECTION)?,
            platform: texts(s::PLATFORM)?,
            spacecraft: texts(s::SPACECRAFT)?,
            datetime: moments(s::DATETIME)?,
            start_datetime: moments(s::START_DATETIME)?,
            end_datetime: moments(s::END_DATETIME)?,
            crs: texts(s::CRS)?,
            chip_size: counts(s::CHIP_SIZE)?,
            stride: counts(s::STRIDE)?,
            window_col: counts(s::WINDOW_COL)?,
            window_row: counts(s::WINDOW_ROW)?,
            window_width: counts(s::WINDOW_WIDTH)?,
            window_height: counts(s::WINDOW_HEIGHT)?,
        })
    }
}

/// The column `name` in the type the schema gives it; other writers use wider or encoded ones.
pub(super) fn column(
    batch: &RecordBatch,
    name: &'static str,
) -> Result<Option<ArrayRef>, TableError> {
    let Some(array) = batch.column_by_name(name) else {
        return Ok(None);
    };
    let Some(column) = COLUMNS.iter().find(|c: &&Column| c.name == name) else {
        return Ok(None);
    };
    let wanted = data_type(column.kind);
    // A value that does not fit is an error, not a null.
    let strictly = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let array = cast_with_options(array, &wanted, &strictly).map_err(|e| TableError::Type {
        name,
        wanted: wanted.to_string(),
        cause: e.to_string(),
    })?;
    Ok(Some(array))
}

/// The size that a file of upstream means.
pub(super) const UPSTREAM_CHIP_SIZE: u32 = 256;
