//! Row groups in which a condition cannot be true, by what the footer says of them.

use std::sync::Arc;

use ::parquet::{
    arrow::arrow_reader::statistics::StatisticsConverter,
    file::{metadata::RowGroupMetaData, statistics::Statistics},
};
use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array},
    compute::{and, or},
    datatypes::DataType,
};

use super::{
    Table,
    expression::{Comparison, Expression},
    value::{Values, compare, constant, plain},
};

/// The numbers of the row groups of `table` in which all of `parts` may be true of some row.
pub(super) fn candidates(table: &Table, parts: &[Expression]) -> Vec<usize> {
    let groups = table.parquet().row_groups();
    let bounds = Bounds { table, groups };
    let mut may = all(groups.len());
    for part in parts {
        may = and(&may, &bounds.may(part)).unwrap_or(may);
    }
    (0..groups.len()).filter(|&g| may.value(g)).collect()
}

fn all(count: usize) -> BooleanArray {
    BooleanArray::from(vec![true; count])
}

struct Bounds<'a> {
    table: &'a Table,
    groups: &'a [RowGroupMetaData],
}

impl Bounds<'_> {
    /// In which row groups `part` may be true.
    fn may(&self, part: &Expression) -> BooleanArray {
        let found = match part {
            Expression::And(a, b) => and(&self.may(a), &self.may(b)).ok(),
            Expression::Or(a, b) => or(&self.may(a), &self.may(b)).ok(),
            Expression::Compare(a, how, b) => match (a.as_ref(), b.as_ref()) {
                (Expression::Column(path), other) => self.compared(path, *how, other),
                (other, Expression::Column(path)) => self.compared(path, how.turned(), other),
                _ => None,
            },
            Expression::In(a, list) => match a.as_ref() {
                Expression::Column(path) => {
                    let each = list
                        .iter()
                        .map(|item| self.compared(path, Comparison::Equal, item));
                    let each: Option<Vec<BooleanArray>> = each.collect();
                    each.and_then(|each| {
                        each.into_iter()
                            .map(Some)
                            .reduce(|a, b| or(&a?, &b?).ok())
                            .flatten()
                    })
                }
                _ => None,
            },
            _ => None,
        };
        found.unwrap_or_else(|| all(self.groups.len()))
    }

    /// In which row groups a column may be so against a constant.
    fn compared(
        &self,
        path: &[String],
        how: Comparison,
        other: &Expression,
    ) -> Option<BooleanArray> {
        let value = Values::Same(Arc::clone(constant(other)?.array()));
        if value.array().is_null(0) {
            return None;
        }
        let (least, greatest) = self.of(path)?;
        // Texts are in another order than the moments that they may be read as.
        let is_text = |array: &ArrayRef| matches!(array.data_type(), DataType::Utf8);
        if is_text(&least) != is_text(value.array()) {
            return None;
        }
        let against = |bound: &ArrayRef, how: Comparison| -> Option<BooleanArray> {
            let found = compare(&Values::Each(Arc::clone(bound)), how, &value).ok()?;
            let found = found.array().as_boolean_opt()?.clone();
            // Where nothing is known of a row group, anything may be in it.
            Some(found.iter().map(|f| Some(f.unwrap_or(true))).collect())
        };
        match how {
            Comparison::Less | Comparison::LessOrEqual => against(&least, how),
            Comparison::Greater | Comparison::GreaterOrEqual => against(&greatest, how),
            Comparison::Equal => and(
                &against(&least, Comparison::LessOrEqual)?,
                &against(&greatest, Comparison::GreaterOrEqual)?,
            )
            .ok(),
            Comparison::NotEqual => None,
        }
    }

    /// The least and the greatest value of a column in each row group; null where it is not known.
    fn of(&self, path: &[String]) -> Option<(ArrayRef, ArrayRef)> {
        let [name] = path else {
            return Some(self.of_nested(path));
        };
        let schema = self.table.schema();
        let parquet = self.table.parquet().file_metadata().schema_descr();
        let (_, field) = schema.column_with_name(name)?;
        let kind = field.data_type();
        // Bounds of numbers with fractions leave out what is no number; no comparison is true of it.
        let known = kind.is_integer()
            || kind.is_floating()
            || matches!(
                kind,
                DataType::Utf8 | DataType::Date32 | DataType::Timestamp(..) | DataType::Boolean
            );
        if !known {
            return None;
        }
        let converter = StatisticsConverter::try_new(name, schema, parquet).ok()?;
        let least = converter.row_group_mins(self.groups.iter()).ok()?;
        let greatest = converter.row_group_maxes(self.groups.iter()).ok()?;
        Some((plain(&least).ok()?, plain(&greatest).ok()?))
    }

    /// The same of numbers in a structure, as the covering is.
    fn of_nested(&self, path: &[String]) -> (ArrayRef, ArrayRef) {
        let name = path.join(".");
        let mut bounds: (Vec<Option<f64>>, Vec<Option<f64>>) = (Vec::new(), Vec::new());
        for group in self.groups {
            let column = group
                .columns()
                .iter()
                .find(|c| c.column_path().string() == name);
            let (least, greatest) = match column.and_then(|c| c.statistics()) {
                Some(Statistics::Double(s)) => (s.min_opt().copied(), s.max_opt().copied()),
                Some(Statistics::Float(s)) => (
                    s.min_opt().map(|v| f64::from(*v)),
                    s.max_opt().map(|v| f64::from(*v)),
                ),
                _ => (None, None),
            };
            bounds.0.push(least);
            bounds.1.push(greatest);
        }
        // As rows are compared: a constant takes the type of the column.
        let single = self.groups.iter().any(|group| {
            let column = group
                .columns()
                .iter()
                .find(|c| c.column_path().string() == name);
            matches!(
                column.and_then(|c| c.statistics()),
                Some(Statistics::Float(_))
            )
        });
        let array = |bounds: Vec<Option<f64>>| -> ArrayRef {
            if single {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "each was one of these before"
                )]
                let bounds = bounds.into_iter().map(|b| b.map(|b| b as f32));
                return Arc::new(bounds.collect::<Float32Array>());
            }
            Arc::new(Float64Array::from(bounds))
        };
        (array(bounds.0), array(bounds.1))
    }
}
