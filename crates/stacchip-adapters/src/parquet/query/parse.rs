//! Text of SQL → an expression.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, BooleanArray, Float64Array, Int64Array, NullArray, StringArray, UInt64Array,
    },
    datatypes::{DataType, TimeUnit},
};
use sqlparser::{
    ast::{
        self, BinaryOperator, DateTimeField, Expr, FunctionArg, FunctionArgExpr, FunctionArguments,
        UnaryOperator, Value,
    },
    dialect::DuckDbDialect,
    parser::Parser,
    tokenizer::Token,
};

use super::{
    QueryError,
    expression::{Comparison, Expression, Operation, Part},
    value::{moment, moment_constant},
};

/// The expression that `text` is.
pub(super) fn parse(text: &str) -> Result<Expression, QueryError> {
    let wrong = |why: String| QueryError::Text {
        text: text.to_owned(),
        why,
    };
    if text.len() > LONGEST {
        return Err(QueryError::Text {
            text: text.chars().take(60).collect(),
            why: format!(
                "it has {} characters, over the limit of {LONGEST}",
                text.len()
            ),
        });
    }
    let dialect = DuckDbDialect {};
    let parser = Parser::new(&dialect).with_recursion_limit(DEEPEST);
    let mut parser = parser
        .try_with_sql(text)
        .map_err(|e| wrong(e.to_string()))?;
    let parsed = parser.parse_expr().map_err(|e| wrong(e.to_string()))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(wrong(format!("after it comes `{}`", rest.token)));
    }
    expression(&parsed, Depth::default()).map_err(wrong)
}

/// How deep in an expression.
#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    all: usize,
    /// Of those, in parts that stand twice in what they become.
    twice: usize,
}

impl Depth {
    const fn inside(self) -> Self {
        Self {
            all: self.all + 1,
            twice: self.twice,
        }
    }
}

fn expression(parsed: &Expr, depth: Depth) -> Result<Expression, String> {
    if depth.all > DEEPEST {
        return Err(format!("it is more than {DEEPEST} deep"));
    }
    if depth.twice > DEEPEST_TWICE {
        return Err(format!(
            "what is asked of BETWEEN and IS TRUE holds others of them, more than {DEEPEST_TWICE} deep"
        ));
    }
    let twice = |e: &Expr| {
        let twice = depth.twice + 1;
        expression(
            e,
            Depth {
                twice,
                ..depth.inside()
            },
        )
    };
    let expression = |e: &Expr| expression(e, depth.inside());
    let one = |e: &Expr| expression(e).map(Box::new);
    let negated = |found: Expression, negated: bool| {
        if negated {
            Expression::Not(Box::new(found))
        } else {
            found
        }
    };
    Ok(match parsed {
        Expr::Identifier(name) => Expression::Column(vec![name.value.clone()]),
        Expr::CompoundIdentifier(names) => {
            Expression::Column(names.iter().map(|n| n.value.clone()).collect())
        }
        Expr::Nested(inner) => expression(inner)?,
        Expr::Value(value) => Expression::Constant(constant(&value.value)?),
        Expr::TypedString(typed) => {
            let text = Expression::Constant(constant(&typed.value.value)?);
            Expression::Cast(Box::new(text), data_type(&typed.data_type)?)
        }
        Expr::Cast {
            expr,
            data_type: kind,
            ..
        } => Expression::Cast(one(expr)?, data_type(kind)?),
        Expr::IsNull(e) => Expression::IsNull(one(e)?),
        Expr::IsNotNull(e) => negated(Expression::IsNull(one(e)?), true),
        // Of what is not known it is false, where the expression itself is not known.
        Expr::IsTrue(e) => {
            let of = twice(e)?;
            let known = negated(Expression::IsNull(Box::new(of.clone())), true);
            of.and(known)
        }
        Expr::UnaryOp { op, expr } => match op {
            UnaryOperator::Not => Expression::Not(one(expr)?),
            UnaryOperator::Minus => match expr.as_ref() {
                // The least number there is has no positive one.
                Expr::Value(ast::ValueWithSpan {
                    value: Value::Number(text, long),
                    ..
                }) => Expression::Constant(constant(&Value::Number(format!("-{text}"), *long))?),
                _ => Expression::Negative(one(expr)?),
            },
            UnaryOperator::Plus => expression(expr)?,
            other => return Err(format!("`{other}` is not understood here")),
        },
        Expr::Between {
            expr,
            negated: not,
            low,
            high,
        } => {
            let of = twice(expr)?;
            let low = of
                .clone()
                .compare(Comparison::GreaterOrEqual, expression(low)?);
            let high = of.compare(Comparison::LessOrEqual, expression(high)?);
            negated(low.and(high), *not)
        }
        Expr::InList {
            expr,
            list,
            negated: not,
        } => {
            let list = list.iter().map(expression).collect::<Result<_, _>>()?;
            negated(Expression::In(one(expr)?, list), *not)
        }
        Expr::Like {
            negated: not,
            expr,
            pattern,
            escape_char,
            any: false,
        } => {
            let escape = escape(escape_char.as_deref())?;
            negated(like(one(expr)?, one(pattern)?, false, escape), *not)
        }
        Expr::ILike {
            negated: not,
            expr,
            pattern,
            escape_char,
            any: false,
        } => {
            let escape = escape(escape_char.as_deref())?;
            negated(like(one(expr)?, one(pattern)?, true, escape), *not)
        }
        Expr::Extract { field, expr, .. } => Expression::Part(date_field(field)?, one(expr)?),
        Expr::Function(function) => call(function, depth)?,
        Expr::BinaryOp {
            op: op @ (BinaryOperator::And | BinaryOperator::Or),
            ..
        } => {
            let mut terms = Vec::new();
            let mut rest = parsed;
            while let Expr::BinaryOp {
                left,
                op: same,
                right,
            } = rest
                && same == op
            {
                terms.push(expression(right)?);
                rest = left;
            }
            terms.push(expression(rest)?);
            terms.reverse();
            balanced(terms, *op == BinaryOperator::And)
        }
        Expr::BinaryOp { left, op, right } => {
            let (a, b) = (expression(left)?, expression(right)?);
            let compute = |how| Expression::Compute(Box::new(a.clone()), how, Box::new(b.clone()));
            match op {
                BinaryOperator::Eq => a.compare(Comparison::Equal, b),
                BinaryOperator::NotEq => a.compare(Comparison::NotEqual, b),
                BinaryOperator::Lt => a.compare(Comparison::Less, b),
                BinaryOperator::LtEq => a.compare(Comparison::LessOrEqual, b),
                BinaryOperator::Gt => a.compare(Comparison::Greater, b),
                BinaryOperator::GtEq => a.compare(Comparison::GreaterOrEqual, b),
                BinaryOperator::Plus => compute(Operation::Add),
                BinaryOperator::Minus => compute(Operation::Subtract),
                BinaryOperator::Multiply => compute(Operation::Multiply),
                BinaryOperator::Divide => compute(Operation::Divide),
                BinaryOperator::Modulo => compute(Operation::Remainder),
                other => return Err(format!("`{other}` is not understood here")),
            }
        }
        other => return Err(format!("`{other}` is not understood here")),
    })
}

/// A chain of conditions as a tree that is as low as can be: there may be hundreds.
fn balanced(mut terms: Vec<Expression>, and: bool) -> Expression {
    while terms.len() > 1 {
        let mut next = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(a) = rest.next() {
            next.push(match rest.next() {
                Some(b) if and => a.and(b),
                Some(b) => a.or(b),
                None => a,
            });
        }
        terms = next;
    }
    terms
        .pop()
        .unwrap_or_else(|| Expression::Constant(Arc::new(BooleanArray::from(vec![and]))))
}

fn like(
    text: Box<Expression>,
    pattern: Box<Expression>,
    any_case: bool,
    escape: Option<char>,
) -> Expression {
    Expression::Like {
        text,
        pattern,
        any_case,
        escape,
    }
}

/// What stands behind ESCAPE: a letter; of nothing none.
fn escape(given: Option<&Expr>) -> Result<Option<char>, String> {
    let Some(given) = given else {
        return Ok(None);
    };
    let text = match given {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let mut letters = text.into_iter().flat_map(|t| t.chars());
    match (text, letters.next(), letters.next()) {
        (Some(_), letter, None) => Ok(letter),
        _ => Err(format!("ESCAPE {given} is no single letter in quotes")),
    }
}

fn constant(value: &Value) -> Result<ArrayRef, String> {
    Ok(match value {
        Value::Number(text, _) => {
            if let Ok(number) = text.parse::<i64>() {
                Arc::new(Int64Array::from(vec![number]))
            } else if let Ok(number) = text.parse::<u64>() {
                Arc::new(UInt64Array::from(vec![number]))
            } else {
                let number = text
                    .parse::<f64>()
                    .map_err(|_| format!("{text} is no number"))?;
                Arc::new(Float64Array::from(vec![number]))
            }
        }
        Value::SingleQuotedString(text) => Arc::new(StringArray::from(vec![text.as_str()])),
        Value::Boolean(value) => Arc::new(BooleanArray::from(vec![*value])),
        Value::Null => Arc::new(NullArray::new(1)),
        other => return Err(format!("`{other}` is no value that is understood here")),
    })
}

fn data_type(kind: &ast::DataType) -> Result<DataType, String> {
    use ast::DataType as K;
    Ok(match kind {
        K::Date => DataType::Date32,
        K::Timestamp(..) | K::Datetime(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
        K::Int(_) | K::Integer(_) | K::BigInt(_) => DataType::Int64,
        K::Float(_) | K::Real => DataType::Float32,
        K::Double(_) | K::DoublePrecision => DataType::Float64,
        K::Varchar(_) | K::Text | K::String(_) => DataType::Utf8,
        K::Boolean | K::Bool => DataType::Boolean,
        other => return Err(format!("the type `{other}` is not understood here")),
    })
}

fn date_field(field: &DateTimeField) -> Result<Part, String> {
    part(&field.to_string()).ok_or_else(|| format!("`{field}` is no part of a date here"))
}

fn part(name: &str) -> Option<Part> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" => Part::Year,
        "quarter" => Part::Quarter,
        "month" => Part::Month,
        "week" => Part::Week,
        "day" => Part::Day,
        "doy" | "dayofyear" => Part::DayOfYear,
        "hour" => Part::Hour,
        "abs" => Part::Absolute,
        "lower" => Part::Lower,
        "upper" => Part::Upper,
        _ => return None,
    })
}

fn call(function: &ast::Function, depth: Depth) -> Result<Expression, String> {
    let name = function.name.to_string();
    let unknown = || {
        format!(
            "there is no function `{name}` with such arguments here; there are year, quarter, month, week, day, dayofyear, hour, abs, lower, upper, date_part"
        )
    };
    let FunctionArguments::List(list) = &function.args else {
        return Err(unknown());
    };
    let args: Option<Vec<&Expr>> = list
        .args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
            _ => None,
        })
        .collect();
    match args.as_deref() {
        Some([only]) => {
            let part = part(&name).ok_or_else(unknown)?;
            Ok(Expression::Part(
                part,
                Box::new(expression(only, depth.inside())?),
            ))
        }
        Some([Expr::Value(field), of]) if name.eq_ignore_ascii_case("date_part") => {
            let field = field.value.clone().into_string().unwrap_or_default();
            let part = part(&field).ok_or_else(unknown)?;
            Ok(Expression::Part(
                part,
                Box::new(expression(of, depth.inside())?),
            ))
        }
        _ => Err(unknown()),
    }
}

/// What a span of time asks of `datetime`.
pub(super) fn span(text: &str) -> Result<Vec<Expression>, QueryError> {
    let wrong = |part: &str| QueryError::Text {
        text: text.to_owned(),
        why: format!(
            "`{part}` is no day and no moment: give one like 2024-05-01, or two with / between"
        ),
    };
    let (start, end) = text.split_once('/').unwrap_or((text, text));
    let datetime = || Expression::Column(vec![stacchip_index::schema::DATETIME.to_owned()]);
    let at = |part: &str| -> Result<Option<i64>, QueryError> {
        match part.trim() {
            "" | ".." => Ok(None),
            part => moment(part).map(Some).ok_or_else(|| wrong(part)),
        }
    };
    let mut parts = Vec::new();
    let (from, to) = (at(start)?, at(end)?);
    // A day is meant to its end.
    let whole_day = end.trim().len() <= "2024-05-01".len();
    let last = to.map(|to| {
        if whole_day {
            to.saturating_add(DAY - 1)
        } else {
            to
        }
    });
    if let (Some(from), Some(last)) = (from, last)
        && last < from
    {
        return Err(QueryError::Text {
            text: text.to_owned(),
            why: "it ends before it begins".to_owned(),
        });
    }
    if let Some(from) = from {
        let from = Expression::Constant(moment_constant(from));
        parts.push(datetime().compare(Comparison::GreaterOrEqual, from));
    }
    if let Some(to) = to {
        let (to, how) = if whole_day {
            (to.saturating_add(DAY), Comparison::Less)
        } else {
            (to, Comparison::LessOrEqual)
        };
        parts.push(datetime().compare(how, Expression::Constant(moment_constant(to))));
    }
    if parts.is_empty() {
        return Err(wrong(text));
    }
    Ok(parts)
}

/// Characters of a condition.
const LONGEST: usize = 16 * 1024;

/// How deep an expression may be.
const DEEPEST: usize = 60;

/// How deep it may be in parts that stand twice in what they become: each level doubles the work.
const DEEPEST_TWICE: usize = 4;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
