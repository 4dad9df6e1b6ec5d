//! A condition as data.

use arrow::{array::ArrayRef, datatypes::DataType};

/// Something that has a value in each row.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// A column, or a field in one.
    Column(Vec<String>),
    /// One value: an array of length 1.
    Constant(ArrayRef),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compute(Box<Expression>, Operation, Box<Expression>),
    Negative(Box<Expression>),
    IsNull(Box<Expression>),
    In(Box<Expression>, Vec<Expression>),
    Like {
        text: Box<Expression>,
        pattern: Box<Expression>,
        /// Whether upper and lower case are one.
        any_case: bool,
        /// What has the next letter of the pattern stand for itself.
        escape: Option<char>,
    },
    Cast(Box<Expression>, DataType),
    Part(Part, Box<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The same with its sides exchanged.
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What a function takes out of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    Hour,
    Absolute,
    Lower,
    Upper,
}

impl Expression {
    /// Adds the columns it names.
    pub(super) fn columns(&self, into: &mut Vec<Vec<String>>) {
        match self {
            Self::Column(path) => {
                if !into.contains(path) {
                    into.push(path.clone());
                }
            }
            Self::Constant(_) => {}
            Self::Compare(a, _, b) | Self::And(a, b) | Self::Or(a, b) | Self::Compute(a, _, b) => {
                a.columns(into);
                b.columns(into);
            }
            Self::Not(a)
            | Self::Negative(a)
            | Self::IsNull(a)
            | Self::Cast(a, _)
            | Self::Part(_, a) => {
                a.columns(into);
            }
            Self::In(a, list) => {
                a.columns(into);
                for b in list {
                    b.columns(into);
                }
            }
            Self::Like { text, pattern, .. } => {
                text.columns(into);
                pattern.columns(into);
            }
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    pub(super) fn compare(self, how: Comparison, other: Self) -> Self {
        Self::Compare(Box::new(self), how, Box::new(other))
    }
}
