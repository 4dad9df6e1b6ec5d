//! What an expression comes to in the rows of a batch.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Date32Array, Datum, Int64Array,
        PrimitiveArray, RecordBatch, Scalar, TimestampMicrosecondArray,
    },
    compute::{
        CastOptions, DatePart, and_kleene, cast_with_options, date_part, is_null, kernels, not,
        nullif, or_kleene,
    },
    datatypes::{DataType, Float32Type, Float64Type, Int64Type, TimeUnit},
    error::ArrowError,
};
use jiff::{Timestamp, civil};

use super::expression::{Comparison, Expression, Operation, Part};

/// Values of the rows, or one for all of them.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Each(ArrayRef),
    /// An array of length 1.
    Same(ArrayRef),
}

type Result<T> = std::result::Result<T, ArrowError>;

/// Whether `expression` is true in each row; where it is neither true nor false, it is not.
pub(super) fn holds(expression: &Expression, batch: &RecordBatch) -> Result<BooleanArray> {
    let values = evaluate(expression, batch)?;
    let array = match &values {
        Values::Each(array) => Arc::clone(array),
        Values::Same(array) => {
            let zeros = arrow::array::UInt32Array::from(vec![0; batch.num_rows()]);
            arrow::compute::take(array, &zeros, None)?
        }
    };
    let found = boolean(&array)?;
    if found.null_count() == 0 {
        return Ok(found);
    }
    Ok(found.iter().map(|held| Some(held == Some(true))).collect())
}

/// The value of an expression without columns.
pub(super) fn constant(expression: &Expression) -> Option<Values> {
    let mut columns = Vec::new();
    expression.columns(&mut columns);
    if !columns.is_empty() {
        return None;
    }
    let empty = RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
    evaluate(expression, &empty).ok()
}

pub(super) fn evaluate(expression: &Expression, batch: &RecordBatch) -> Result<Values> {
    use Expression as E;
    Ok(match expression {
        E::Column(path) => Values::Each(column(path, batch)?),
        E::Constant(value) => Values::Same(Arc::clone(value)),
        E::Compare(a, how, b) => compare(&evaluate(a, batch)?, *how, &evaluate(b, batch)?)?,
        E::And(a, b) => both(
            &evaluate(a, batch)?,
            &evaluate(b, batch)?,
            batch,
            and_kleene,
        )?,
        E::Or(a, b) => both(&evaluate(a, batch)?, &evaluate(b, batch)?, batch, or_kleene)?,
        E::Not(a) => evaluate(a, batch)?.map(|a| Ok(Arc::new(not(&boolean(a)?)?)))?,
        E::Negative(a) => evaluate(a, batch)?.map(|a| {
            if a.data_type().is_integer() {
                kernels::numeric::neg(&strictly(a, &DataType::Int64)?)
            } else {
                kernels::numeric::neg(a)
            }
        })?,
        E::IsNull(a) => evaluate(a, batch)?.map(|a| Ok(Arc::new(is_null(a)?)))?,
        E::Cast(a, kind) => evaluate(a, batch)?.map(|a| convert(&rounded(a, kind), kind))?,
        E::Part(part, a) => evaluate(a, batch)?.map(|a| take_part(*part, a))?,
        E::Compute(a, how, b) => compute(&evaluate(a, batch)?, *how, &evaluate(b, batch)?)?,
        E::In(a, list) => {
            let value = evaluate(a, batch)?;
            let mut found: Option<Values> = None;
            for item in list {
                let same = compare(&value, Comparison::Equal, &evaluate(item, batch)?)?;
                found = Some(match found {
                    Some(before) => both(&before, &same, batch, or_kleene)?,
                    None => same,
                });
            }
            found.unwrap_or_else(|| Values::Same(Arc::new(BooleanArray::from(vec![false]))))
        }
        E::Like {
            text,
            pattern,
            any_case,
            escape,
        } => {
            let text = evaluate(text, batch)?.map(|a| convert(a, &DataType::Utf8))?;
            let pattern = evaluate(pattern, batch)?.map(|p| arrow_patterns(p, *escape))?;
            let like = if *any_case {
                arrow::compute::ilike
            } else {
                arrow::compute::like
            };
            pair(&text, &pattern, |a, b| Ok(Arc::new(like(a, b)?)))?
        }
    })
}

impl Values {
    fn map(&self, how: impl Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<Self> {
        Ok(match self {
            Self::Each(array) => Self::Each(how(array)?),
            Self::Same(array) => Self::Same(how(array)?),
        })
    }

    pub(super) fn array(&self) -> &ArrayRef {
        match self {
            Self::Each(array) | Self::Same(array) => array,
        }
    }
}

/// A column in a form that all is done with: texts and numbers as they are, moments in UTC without a
/// zone, in microseconds.
fn column(path: &[String], batch: &RecordBatch) -> Result<ArrayRef> {
    let missing = || ArrowError::SchemaError(format!("there is no column {}", path.join(".")));
    let (first, rest) = path.split_first().ok_or_else(missing)?;
    let mut array = Arc::clone(batch.column_by_name(first).ok_or_else(missing)?);
    for name in rest {
        let inner = array.as_struct_opt().and_then(|s| s.column_by_name(name));
        array = Arc::clone(inner.ok_or_else(missing)?);
    }
    plain(&array)
}

pub(super) fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, None) => Ok(Arc::clone(array)),
        DataType::Timestamp(unit, _) => {
            let zoneless = array.to_data().into_builder();
            let zoneless = zoneless
                .data_type(DataType::Timestamp(*unit, None))
                .build()?;
            strictly(&arrow::array::make_array(zoneless), &MOMENT)
        }
        DataType::Dictionary(_, values) => strictly(array, values).and_then(|a| plain(&a)),
        DataType::LargeUtf8 | DataType::Utf8View => strictly(array, &DataType::Utf8),
        DataType::Date64 => strictly(array, &DataType::Date32),
        DataType::Float16 => strictly(array, &DataType::Float32),
        _ => Ok(Arc::clone(array)),
    }
}

/// Half of the least float of single precision that is more than zero, 2⁻¹⁵⁰: that and what is less becomes zero.
const SMALLEST: f64 = 1.0 / (1u128 << 75) as f64 / (1u128 << 75) as f64;
const MOMENT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn strictly(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, kind, &options)
}

/// Numbers that become whole ones: rounded to the nearest, halves to the even one, as other databases do.
fn rounded(array: &ArrayRef, kind: &DataType) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 if kind.is_integer() => {
            let numbers = array.as_primitive::<Float64Type>();
            Arc::new(numbers.unary::<_, Float64Type>(f64::round_ties_even))
        }
        DataType::Float32 if kind.is_integer() => {
            let numbers = array.as_primitive::<Float32Type>();
            Arc::new(numbers.unary::<_, Float32Type>(f32::round_ties_even))
        }
        _ => Arc::clone(array),
    }
}

/// An array as another type; texts as days and moments by ISO 8601.
fn convert(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    let texts = array.as_string_opt::<i32>();
    let wrong = |text: &str, what: &str| ArrowError::ParseError(format!("`{text}` is no {what}"));
    match (texts, kind) {
        (Some(texts), kind) if *kind == MOMENT => {
            let moment = |text: &str| moment(text).ok_or_else(|| wrong(text, "moment"));
            let moments: Result<Vec<Option<i64>>> =
                texts.iter().map(|t| t.map(moment).transpose()).collect();
            Ok(Arc::new(TimestampMicrosecondArray::from(moments?)))
        }
        (Some(texts), DataType::Date32) => {
            let day = |text: &str| day(text).ok_or_else(|| wrong(text, "day"));
            let days: Result<Vec<Option<i32>>> =
                texts.iter().map(|t| t.map(day).transpose()).collect();
            Ok(Arc::new(Date32Array::from(days?)))
        }
        _ => strictly(array, kind),
    }
}

/// Microseconds since 1970 of a moment or a day; without a zone it is in UTC.
pub(super) fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_microsecond());
    }
    let local = text.parse::<civil::DateTime>().ok();
    let local = local.or_else(|| Some(text.parse::<civil::Date>().ok()?.at(0, 0, 0, 0)));
    let moment = local?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(moment.as_microsecond())
}

fn day(text: &str) -> Option<i32> {
    let date: civil::Date = text.trim().parse().ok()?;
    let since = date.since(civil::Date::constant(1970, 1, 1)).ok()?;
    Some(since.get_days())
}

/// Whether a text says more than a day.
fn is_moment(text: &str) -> bool {
    text.trim().contains(['T', 't', ' ', ':']) && moment(text).is_some()
}

/// Patterns of LIKE as Arrow has them, where a backslash has the next letter stand for itself: in SQL that is
/// what ESCAPE names, and nothing where it does not.
fn arrow_patterns(patterns: &ArrayRef, escape: Option<char>) -> Result<ArrayRef> {
    let texts = convert(patterns, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>().iter();
    let each = texts.map(|text| text.map(|t| arrow_pattern(t, escape)).transpose());
    let each: arrow::array::StringArray = each.collect::<Result<_>>()?;
    Ok(Arc::new(each))
}

fn arrow_pattern(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let literal = if Some(letter) == escape {
            let next = letters.next().ok_or_else(|| {
                ArrowError::ParseError(format!("the pattern `{pattern}` ends with its ESCAPE"))
            })?;
            Some(next)
        } else {
            (letter == '\\').then_some(letter)
        };
        if literal.is_some_and(|l| matches!(l, '%' | '_' | '\\')) {
            out.push('\\');
        }
        out.push(literal.unwrap_or(letter));
    }
    Ok(out)
}

fn boolean(array: &ArrayRef) -> Result<BooleanArray> {
    if array.data_type() == &DataType::Null {
        return Ok(BooleanArray::new_null(array.len()));
    }
    array.as_boolean_opt().cloned().ok_or_else(|| {
        ArrowError::InvalidArgumentError(format!(
            "a {} is neither true nor false: compare it with something",
            array.data_type()
        ))
    })
}

fn both(
    a: &Values,
    b: &Values,
    batch: &RecordBatch,
    how: impl Fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray>,
) -> Result<Values> {
    let (x, y) = (boolean(a.array())?, boolean(b.array())?);
    if let (Values::Same(_), Values::Same(_)) = (a, b) {
        return Ok(Values::Same(Arc::new(how(&x, &y)?)));
    }
    let spread = |values: &Values, array: BooleanArray| match values {
        Values::Each(_) => array,
        Values::Same(_) => {
            let value = (!array.is_null(0)).then(|| array.value(0));
            BooleanArray::from(vec![value; batch.num_rows()])
        }
    };
    Ok(Values::Each(Arc::new(how(&spread(a, x), &spread(b, y))?)))
}

/// Applies a kernel to two sides.
fn pair(
    a: &Values,
    b: &Values,
    how: impl Fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef>,
) -> Result<Values> {
    Ok(match (a, b) {
        (Values::Each(a), Values::Each(b)) => Values::Each(how(a, b)?),
        (Values::Each(a), Values::Same(b)) => Values::Each(how(a, &Scalar::new(Arc::clone(b)))?),
        (Values::Same(a), Values::Each(b)) => Values::Each(how(&Scalar::new(Arc::clone(a)), b)?),
        (Values::Same(a), Values::Same(b)) => Values::Same(how(a, b)?),
    })
}

pub(super) fn compare(a: &Values, how: Comparison, b: &Values) -> Result<Values> {
    use kernels::cmp;
    let (a, b) = alike(a, b)?;
    let (a, b) = (one_zero(&a)?, one_zero(&b)?);
    let mut found = pair(&a, &b, |a, b| {
        let found = match how {
            Comparison::Equal => cmp::eq(a, b),
            Comparison::NotEqual => cmp::neq(a, b),
            Comparison::Less => cmp::lt(a, b),
            Comparison::LessOrEqual => cmp::lt_eq(a, b),
            Comparison::Greater => cmp::gt(a, b),
            Comparison::GreaterOrEqual => cmp::gt_eq(a, b),
        };
        Ok(Arc::new(found?))
    })?;
    if how != Comparison::NotEqual {
        for side in [&a, &b] {
            found = without_nan(&found, side)?;
        }
    }
    Ok(found)
}

/// The same numbers with one zero: Arrow has that with a sign below the other, and IEEE 754 and SQL say that they are one.
fn one_zero(values: &Values) -> Result<Values> {
    let kind = values.array().data_type();
    values.map(|array| {
        Ok(match kind {
            DataType::Float32 => {
                let numbers = array.as_primitive::<Float32Type>();
                let signed = |v: &f32| v.to_bits() == (-0.0f32).to_bits();
                if !numbers.values().iter().any(signed) {
                    return Ok(Arc::clone(array));
                }
                Arc::new(numbers.unary::<_, Float32Type>(|v| v + 0.0))
            }
            DataType::Float64 => {
                let numbers = array.as_primitive::<Float64Type>();
                let signed = |v: &f64| v.to_bits() == (-0.0f64).to_bits();
                if !numbers.values().iter().any(signed) {
                    return Ok(Arc::clone(array));
                }
                Arc::new(numbers.unary::<_, Float64Type>(|v| v + 0.0))
            }
            _ => Arc::clone(array),
        })
    })
}

/// What was `found`, but false where `side` is no number: Arrow has NaN above all others, statistics of row
/// groups leave it out, and IEEE 754 says that it compares with nothing.
fn without_nan(found: &Values, side: &Values) -> Result<Values> {
    let nan = match side.array().data_type() {
        DataType::Float32 => nan_at(side.array().as_primitive::<Float32Type>(), f32::is_nan),
        DataType::Float64 => nan_at(side.array().as_primitive::<Float64Type>(), f64::is_nan),
        _ => return Ok(found.clone()),
    };
    if nan.true_count() == 0 {
        return Ok(found.clone());
    }
    let one = matches!(side, Values::Same(_));
    found.map(|array| {
        let found = boolean(array)?;
        let at = |row: usize| nan.value(if one { 0 } else { row });
        let rows = found.iter().enumerate();
        let found: BooleanArray = rows.map(|(row, f)| f.map(|f| f && !at(row))).collect();
        Ok(Arc::new(found))
    })
}

fn nan_at<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    is_nan: impl Fn(T::Native) -> bool,
) -> BooleanArray {
    let each = array.iter().map(|v| Some(v.is_some_and(&is_nan)));
    each.collect()
}

fn compute(a: &Values, how: Operation, b: &Values) -> Result<Values> {
    use kernels::numeric;
    let kind = computed_in(a, how, b);
    let number = |v: &Values| {
        if !v.array().data_type().is_numeric() {
            return Err(ArrowError::InvalidArgumentError(format!(
                "a {} cannot be computed with",
                v.array().data_type()
            )));
        }
        v.map(|a| strictly(a, &kind))
    };
    let (a, mut b) = (number(a)?, number(b)?);
    if how == Operation::Remainder && kind.is_integer() {
        // What is left of a division by nothing is not known.
        let zero = strictly(&(Arc::new(Int64Array::from(vec![0])) as ArrayRef), &kind)?;
        let zero = Scalar::new(zero);
        b = b.map(|b| nullif(b, &kernels::cmp::eq(b, &zero)?))?;
    }
    pair(&a, &b, |a, b| match how {
        Operation::Add => numeric::add(a, b),
        Operation::Subtract => numeric::sub(a, b),
        Operation::Multiply => numeric::mul(a, b),
        Operation::Divide => numeric::div(a, b),
        Operation::Remainder => numeric::rem(a, b),
    })
}

/// What is computed in: numbers in single precision stay what they are among each other and with constants, as
/// elsewhere; whole numbers are divided with fractions, as people mean it.
fn computed_in(a: &Values, how: Operation, b: &Values) -> DataType {
    let is = |v: &Values, kind: &DataType| v.array().data_type() == kind;
    let all_in = |kind: &DataType| {
        let may = |v: &Values| match v {
            Values::Same(constant) => is(v, kind) || fits(constant, kind),
            Values::Each(_) => is(v, kind),
        };
        (is(a, kind) || is(b, kind)) && may(a) && may(b)
    };
    let whole = |v: &Values| v.array().data_type().is_integer();
    if all_in(&DataType::Float32) {
        DataType::Float32
    } else if how == Operation::Divide || !whole(a) || !whole(b) {
        DataType::Float64
    } else if how != Operation::Subtract && all_in(&DataType::UInt64) {
        DataType::UInt64
    } else {
        DataType::Int64
    }
}

/// Both sides in one type.
fn alike(a: &Values, b: &Values) -> Result<(Values, Values)> {
    use DataType as T;
    let (x, y) = (a.array().data_type().clone(), b.array().data_type().clone());
    if x == y {
        return Ok((a.clone(), b.clone()));
    }
    let to = |kind: &DataType| -> Result<(Values, Values)> {
        Ok((a.map(|a| convert(a, kind))?, b.map(|b| convert(b, kind))?))
    };
    // A constant takes the type of what it is compared with, where it fits: 0.2 is that of the column.
    match (a, b) {
        (Values::Each(_), Values::Same(_)) if fits(b.array(), &x) => return to(&x),
        (Values::Same(_), Values::Each(_)) if fits(a.array(), &y) => return to(&y),
        _ => {}
    }
    match (&x, &y) {
        (T::Null, other) | (other, T::Null) => to(other),
        (T::Date32, T::Utf8) | (T::Utf8, T::Date32) => {
            let texts = if x == T::Utf8 { a } else { b };
            let mut texts = texts.array().as_string::<i32>().iter().flatten();
            to(if texts.any(is_moment) {
                &MOMENT
            } else {
                &T::Date32
            })
        }
        (T::Timestamp(..), T::Utf8 | T::Date32) | (T::Utf8 | T::Date32, T::Timestamp(..)) => {
            to(&MOMENT)
        }
        // No whole type holds all of both.
        (T::UInt64, other) | (other, T::UInt64) if other.is_integer() => to(&T::Decimal128(20, 0)),
        (a, b) if a.is_integer() && b.is_integer() => to(&T::Int64),
        (a, b) if a.is_numeric() && b.is_numeric() => to(&T::Float64),
        _ => Err(ArrowError::InvalidArgumentError(format!(
            "a {x} and a {y} cannot be compared"
        ))),
    }
}

/// Whether a constant is meant in the type `kind`.
fn fits(constant: &ArrayRef, kind: &DataType) -> bool {
    let from = constant.data_type();
    let whole = |kind: &DataType| kind.is_integer();
    match (from, kind) {
        (DataType::Float64, DataType::Float32) => constant
            .as_primitive::<Float64Type>()
            .values()
            .iter()
            .all(|v| v.abs() <= f64::from(f32::MAX) && (*v == 0.0 || v.abs() > SMALLEST)),
        (a, b) if whole(a) && whole(b) => strictly(constant, b).is_ok(),
        (a, DataType::Float32) if whole(a) => {
            let back = strictly(constant, &DataType::Float32);
            let exact = back.ok().and_then(|b| strictly(&b, &DataType::Int64).ok());
            let back = exact
                .as_ref()
                .and_then(|a| a.as_primitive_opt::<Int64Type>());
            back.is_some_and(|b| constant.as_primitive_opt::<Int64Type>() == Some(b))
        }
        (DataType::Utf8, DataType::Date32) => {
            let mut texts = constant.as_string::<i32>().iter().flatten();
            !texts.any(is_moment) && convert(constant, kind).is_ok()
        }
        _ => false,
    }
}

fn take_part(part: Part, array: &ArrayRef) -> Result<ArrayRef> {
    let of_date = |part: DatePart| {
        let array = match array.data_type() {
            DataType::Date32 | DataType::Timestamp(..) => Arc::clone(array),
            _ => convert(array, &MOMENT)?,
        };
        date_part(&array, part)
    };
    match part {
        Part::Year => of_date(DatePart::Year),
        Part::Quarter => of_date(DatePart::Quarter),
        Part::Month => of_date(DatePart::Month),
        Part::Week => of_date(DatePart::Week),
        Part::Day => of_date(DatePart::Day),
        Part::DayOfYear => of_date(DatePart::DayOfYear),
        Part::Hour => of_date(DatePart::Hour),
        Part::Absolute if *array.data_type() == DataType::Float32 => Ok(Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(f32::abs),
        )),
        Part::Absolute => {
            let array = strictly(array, &DataType::Float64)?;
            Ok(Arc::new(
                array
                    .as_primitive::<Float64Type>()
                    .unary::<_, Float64Type>(f64::abs),
            ))
        }
        Part::Lower | Part::Upper => {
            let texts = strictly(array, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            let case = |text: &str| {
                if part == Part::Lower {
                    text.to_lowercase()
                } else {
                    text.to_uppercase()
                }
            };
            let changed: arrow::array::StringArray = texts.iter().map(|t| t.map(case)).collect();
            Ok(Arc::new(changed))
        }
    }
}

/// One moment as a constant.
pub(super) fn moment_constant(micros: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![micros]))
}
