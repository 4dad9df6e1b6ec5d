//! Values of Arrow → JSON.

use arrow::{
    array::{Array, AsArray, StructArray},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Field, Float16Type,
        Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use jiff::{Timestamp, civil};
use serde_json::{Map, Number, Value};

use super::geometry;

/// What is wrong with a value, and where it is in the item.
#[derive(Debug)]
pub(super) struct Wrong {
    path: String,
    what: String,
}

impl Wrong {
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            what: what.into(),
        }
    }

    pub(super) fn below(mut self, name: &str) -> Self {
        self.path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{name}.{}", self.path)
        };
        self
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.path, self.what)
    }
}

/// Whether columns of this type have a form in JSON, down to what lies in them. Types are those that Parquet
/// knows by itself.
///
/// # Errors
/// Which has none, and why.
pub(super) fn check(field: &Field) -> Result<(), Wrong> {
    check_at(field, 0).map_err(|w| w.below(field.name()))
}

fn check_at(field: &Field, depth: usize) -> Result<(), Wrong> {
    if depth > DEEPEST {
        return Err(Wrong::of(format!("it lies deeper than {DEEPEST}")));
    }
    let inside = |field: &Field| check_at(field, depth + 1);
    match field.data_type() {
        DataType::Null
        | DataType::Boolean
        | DataType::Utf8
        | DataType::Date32
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::Timestamp(
            TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
            _,
        ) => Ok(()),
        kind if kind.is_integer() => Ok(()),
        DataType::Binary if field.name().ends_with("geometry") => Ok(()),
        DataType::Struct(fields) => fields
            .iter()
            .try_for_each(|f| inside(f).map_err(|w| w.below(f.name()))),
        DataType::List(item) => inside(item),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => match fields.as_ref() {
                [key, value] if key.data_type() == &DataType::Utf8 => inside(value),
                _ => Err(Wrong::of("keys of a map must be texts")),
            },
            _ => Err(Wrong::of("its map has no keys")),
        },
        other => Err(Wrong::of(format!("{other} has no form in JSON"))),
    }
}

/// The value in `row`; nothing where it is null, or a number that JSON has not.
///
/// # Errors
/// What is wrong with it.
pub(super) fn value(array: &dyn Array, row: usize) -> Result<Option<Value>, Wrong> {
    // A column of nothing but nulls has no list of them.
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return Ok(None);
    }
    /// Whole numbers.
    macro_rules! whole {
        ($kind:ty) => {
            Value::from(array.as_primitive::<$kind>().value(row))
        };
    }
    let moment = |moment: Result<Timestamp, jiff::Error>| match moment {
        Ok(moment) => Ok(Value::from(moment.to_string())),
        Err(error) => Err(Wrong::of(error.to_string())),
    };
    let found = match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Int8 => whole!(Int8Type),
        DataType::Int16 => whole!(Int16Type),
        DataType::Int32 => whole!(Int32Type),
        DataType::Int64 => whole!(Int64Type),
        DataType::UInt8 => whole!(UInt8Type),
        DataType::UInt16 => whole!(UInt16Type),
        DataType::UInt32 => whole!(UInt32Type),
        DataType::UInt64 => whole!(UInt64Type),
        DataType::Float16 => {
            return Ok(number(
                array.as_primitive::<Float16Type>().value(row).into(),
            ));
        }
        DataType::Float32 => {
            return Ok(number(
                array.as_primitive::<Float32Type>().value(row).into(),
            ));
        }
        DataType::Float64 => return Ok(number(array.as_primitive::<Float64Type>().value(row))),
        DataType::Decimal128(precision, scale) => {
            let raw = array.as_primitive::<Decimal128Type>().value(row);
            decimal(&Decimal128Type::format_decimal(raw, *precision, *scale))?
        }
        DataType::Decimal256(precision, scale) => {
            let raw = array.as_primitive::<Decimal256Type>().value(row);
            decimal(&Decimal256Type::format_decimal(raw, *precision, *scale))?
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let span = jiff::Span::new().try_days(days);
            let day = span.and_then(|days| civil::date(1970, 1, 1).checked_add(days));
            let day = day.map_err(|e| Wrong::of(e.to_string()))?;
            day.to_string().into()
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => moment(Timestamp::from_millisecond(
            array.as_primitive::<TimestampMillisecondType>().value(row),
        ))?,
        DataType::Timestamp(TimeUnit::Microsecond, _) => moment(Timestamp::from_microsecond(
            array.as_primitive::<TimestampMicrosecondType>().value(row),
        ))?,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => moment(Timestamp::from_nanosecond(
            array
                .as_primitive::<TimestampNanosecondType>()
                .value(row)
                .into(),
        ))?,
        DataType::Binary => {
            let bytes = array.as_binary::<i32>().value(row);
            geometry::read(bytes).map_err(Wrong::of)?
        }
        DataType::Struct(_) => Value::Object(members(array.as_struct(), row)?),
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items = (0..items.len()).map(|i| Ok(value(&items, i)?.unwrap_or(Value::Null)));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let mut members = Map::new();
            if let [keys, values] = entries.columns() {
                let keys = keys.as_string::<i32>();
                for i in (0..entries.len()).filter(|i| keys.is_valid(*i)) {
                    let key = keys.value(i);
                    if let Some(value) = value(values, i).map_err(|w| w.below(key))? {
                        members.insert(key.to_owned(), value);
                    }
                }
            }
            Value::Object(members)
        }
        other => return Err(Wrong::of(format!("{other} has no form in JSON"))),
    };
    Ok(Some(found))
}

/// The members of a structure that are not null.
fn members(array: &StructArray, row: usize) -> Result<Map<String, Value>, Wrong> {
    let mut members = Map::new();
    for (field, column) in array.fields().iter().zip(array.columns()) {
        let found = value(column, row).map_err(|w| w.below(field.name()))?;
        if let Some(found) = found {
            members.insert(field.name().clone(), found);
        }
    }
    Ok(members)
}

/// Writers of data frames have NaN where nothing is said.
fn number(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}

fn decimal(text: &str) -> Result<Value, Wrong> {
    serde_json::from_str::<Number>(text)
        .map(Value::Number)
        .map_err(|_| Wrong::of(format!("{text} is no number")))
}

/// Structures and lists in each other: deeper ones are not made of JSON, which is read no deeper than 128.
const DEEPEST: usize = 64;
