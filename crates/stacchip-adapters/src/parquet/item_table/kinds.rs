//! What the members of items are, of all of a table together, and the columns that hold them.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray,
        StructArray, TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Field, Fields, TimeUnit},
};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value};

use super::{geometry_writer, json::Wrong};

/// What all values of a member are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Kind {
    /// Nothing but null was seen.
    #[default]
    Nothing,
    Flag,
    Whole,
    Number,
    Text,
    Moment,
    Geometry,
    List(Box<Kind>),
    Object(Members),
}

/// Members of an object, in the order in which they were seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members {
    names: HashMap<String, usize>,
    all: Vec<(String, Kind)>,
}

impl Members {
    /// The kind of a member, which is known from now on.
    pub(super) fn of(&mut self, name: &str) -> &mut Kind {
        let next = self.all.len();
        let at = *self.names.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.all.push((name.to_owned(), Kind::Nothing));
        }
        // It was put there if it was not.
        let last = self.all.len().saturating_sub(1);
        &mut self.all[at.min(last)].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.all.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    fn learn(&mut self, object: &Map<String, Value>, depth: usize) -> Result<(), Wrong> {
        for (name, value) in object {
            let kind = self.of(name);
            let learned = if name == PROJ_GEOMETRY && value.is_object() {
                kind.become_kind(Kind::Geometry, value)
            } else {
                kind.learn(value, depth + 1)
            };
            learned.map_err(|wrong| wrong.below(name))?;
        }
        Ok(())
    }
}

impl Kind {
    /// Takes one more value into account.
    ///
    /// # Errors
    /// Where no column holds it beside the others.
    pub(super) fn learn(&mut self, value: &Value, depth: usize) -> Result<(), Wrong> {
        if depth > DEEPEST {
            return Err(Wrong::of(format!("it lies deeper than {DEEPEST}")));
        }
        match value {
            Value::Null => Ok(()),
            Value::Bool(_) => self.become_kind(Self::Flag, value),
            Value::String(_) => self.become_kind(Self::Text, value),
            Value::Number(n) if n.as_i64().is_some() => match self {
                Self::Number => exact(value).map(drop),
                _ => self.become_kind(Self::Whole, value),
            },
            Value::Number(_) => {
                exact(value)?;
                if *self == Self::Whole {
                    *self = Self::Number;
                }
                self.become_kind(Self::Number, value)
            }
            Value::Array(items) => {
                if *self == Self::Nothing {
                    *self = Self::List(Box::default());
                }
                let Self::List(kind) = self else {
                    return Err(self.other(value));
                };
                items
                    .iter()
                    .try_for_each(|item| kind.learn(item, depth + 1))
            }
            Value::Object(object) => {
                if *self == Self::Nothing {
                    *self = Self::Object(Members::default());
                }
                match self {
                    Self::Object(members) => members.learn(object, depth),
                    _ => Err(self.other(value)),
                }
            }
        }
    }

    /// Is of `kind` from now on.
    ///
    /// # Errors
    /// Where it is of another already.
    pub(super) fn become_kind(&mut self, kind: Self, value: &Value) -> Result<(), Wrong> {
        if *self == Self::Nothing {
            *self = kind;
        } else if *self != kind {
            return Err(self.other(value));
        }
        Ok(())
    }

    fn other(&self, value: &Value) -> Wrong {
        let was = match self {
            Self::Nothing => "nothing",
            Self::Flag => "a flag",
            Self::Whole | Self::Number => "a number",
            Self::Text => "a text",
            Self::Moment => "a moment",
            Self::Geometry => "a geometry",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        };
        Wrong::of(format!(
            "it is {} here, and {was} in an item before",
            geometry_writer::short(value)
        ))
    }

    /// The type of its column; nothing where there is nothing to hold, which Parquet has no column for.
    pub(super) fn data_type(&self) -> Option<DataType> {
        Some(match self {
            Self::Nothing => return None,
            Self::Flag => DataType::Boolean,
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Geometry => DataType::Binary,
            // Of lists that are empty in all items some type must be said.
            Self::List(kind) => DataType::List(Arc::new(element(kind))),
            Self::Object(members) => {
                let fields = fields(members);
                if fields.is_empty() {
                    return None;
                }
                DataType::Struct(fields)
            }
        })
    }

    /// The column of `values`.
    ///
    /// # Errors
    /// Where a value is not exactly what the column would say.
    pub(super) fn column(&self, values: &[Option<&Value>]) -> Result<ArrayRef, Wrong> {
        let there = |v: &&Value| !v.is_null();
        let values: Vec<Option<&Value>> = values.iter().map(|v| v.filter(there)).collect();
        Ok(match self {
            Self::Flag => {
                let flags = values.iter().map(|v| v.and_then(Value::as_bool));
                Arc::new(flags.collect::<BooleanArray>())
            }
            Self::Whole => {
                let numbers = values.iter().map(|v| v.and_then(Value::as_i64));
                Arc::new(numbers.collect::<Int64Array>())
            }
            Self::Number => {
                let numbers = values.iter().map(|v| v.map(exact).transpose());
                Arc::new(numbers.collect::<Result<Float64Array, Wrong>>()?)
            }
            Self::Text | Self::Nothing => {
                let texts = values.iter().map(|v| v.and_then(Value::as_str));
                Arc::new(texts.collect::<StringArray>())
            }
            Self::Moment => {
                let moments = values.iter().map(|v| v.map(moment).transpose());
                let moments = moments.collect::<Result<TimestampMicrosecondArray, Wrong>>()?;
                Arc::new(moments.with_timezone("UTC"))
            }
            Self::Geometry => {
                let bytes = values.iter().map(|v| {
                    let mut bytes = Vec::new();
                    v.map(|v| geometry_writer::write(v, &mut bytes).map_err(Wrong::of))
                        .transpose()
                        .map(|done| done.map(|()| bytes))
                });
                let bytes = bytes.collect::<Result<Vec<Option<Vec<u8>>>, Wrong>>()?;
                Arc::new(bytes.iter().map(Option::as_deref).collect::<BinaryArray>())
            }
            Self::List(kind) => {
                let lengths = values.iter().map(|v| list(*v).map_or(0, Vec::len));
                let items: Vec<Option<&Value>> = values
                    .iter()
                    .filter_map(|v| list(*v))
                    .flatten()
                    .map(Some)
                    .collect();
                let offsets = OffsetBuffer::from_lengths(lengths);
                let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
                let inner = kind.column(&items)?;
                Arc::new(ListArray::new(
                    Arc::new(element(kind)),
                    offsets,
                    inner,
                    Some(nulls),
                ))
            }
            Self::Object(members) => {
                let fields = fields(members);
                let mut columns = Vec::with_capacity(fields.len());
                for (name, kind) in members.iter().filter(|(_, k)| k.data_type().is_some()) {
                    let values: Vec<Option<&Value>> =
                        values.iter().map(|v| v.and_then(|v| v.get(name))).collect();
                    columns.push(kind.column(&values).map_err(|wrong| wrong.below(name))?);
                }
                let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
                if columns.is_empty() {
                    return Err(Wrong::of("an object without members in a list"));
                }
                Arc::new(StructArray::new(fields, columns, Some(nulls)))
            }
        })
    }
}

fn list(value: Option<&Value>) -> Option<&Vec<Value>> {
    value.and_then(Value::as_array)
}

fn element(kind: &Kind) -> Field {
    Field::new("element", kind.data_type().unwrap_or(DataType::Utf8), true)
}

fn fields(members: &Members) -> Fields {
    let fields = members.iter();
    fields
        .filter_map(|(name, kind)| Some(Field::new(name, kind.data_type()?, true)))
        .collect()
}

/// A number as a double, if it is one.
fn exact(value: &Value) -> Result<f64, Wrong> {
    let inexact = || {
        Wrong::of(format!(
            "{value} beside numbers with fractions, which hold no such whole number"
        ))
    };
    match (value.as_i64(), value.as_u64()) {
        (None, Some(_)) => Err(Wrong::of(format!(
            "{value} is more than the whole numbers of tables go to, which is {}",
            i64::MAX
        ))),
        (Some(whole), _) if whole.unsigned_abs() > 1 << 53 => Err(inexact()),
        _ => value.as_f64().ok_or_else(inexact),
    }
}

/// Microseconds since 1970 of a moment as items write it: RFC 3339; UTC where no offset is said, the first moment of a mere day.
fn moment(value: &Value) -> Result<i64, Wrong> {
    let wrong = || Wrong::of(format!("{} is no moment", geometry_writer::short(value)));
    let text = value.as_str().ok_or_else(wrong)?.trim();
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) if text.contains(['[', 'Z', 'z']) => return Err(wrong()),
        Err(_) => {
            let naive = text.parse::<civil::DateTime>().map_err(|_| wrong())?;
            let zoned = naive.to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
            zoned.timestamp()
        }
    };
    if moment.subsec_nanosecond() % 1000 != 0 {
        return Err(Wrong::of(format!("{text} is finer than a microsecond")));
    }
    Ok(moment.as_microsecond())
}

/// A geometry wherever it stands.
pub(super) const PROJ_GEOMETRY: &str = "proj:geometry";

/// Structures and lists in each other.
const DEEPEST: usize = 60;
