//! Rows of tables that answer to a condition.
//!
//! A condition is text in SQL, as it stands behind WHERE, with a box, an area and a span of time if asked
//! for. It is looked at three times: against what a table's footer says of each row group, which are
//! then not read; against the few columns it names; and last, where it asks for an area, against
//! the outlines of what is left. Other columns are read for rows that passed only.

mod area;
mod choose;
mod expression;
mod parse;
mod prune;
mod scan;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod value_tests;
mod view;
#[cfg(test)]
mod view_tests;

pub use area::Area;
pub use choose::{Choice, Per};
pub use scan::{Found, Matches, find_rows, read_ids, write_rows};

use stacchip_index::IndexError;
use thiserror::Error;

use super::Table;
use expression::Expression;

/// A condition on rows.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    clauses: Vec<Clause>,
    area: Option<Area>,
}

/// One of the things that must be true.
#[derive(Debug, Clone)]
struct Clause {
    expression: Expression,
    /// What was said.
    text: String,
}

impl Condition {
    /// Rows of which `text`, an expression of SQL, is true.
    ///
    /// # Errors
    /// [`QueryError::Text`] where it is no expression, or one of a kind that is not understood here.
    pub fn and_where(mut self, text: &str) -> Result<Self, QueryError> {
        self.clauses.push(Clause {
            expression: parse::parse(text)?,
            text: text.to_owned(),
        });
        Ok(self)
    }

    /// Rows of `datetime` within `text`: a day or moment, or two with `/` between, either of which
    /// may be `..` or nothing. A day at the end is meant to its end.
    ///
    /// # Errors
    /// [`QueryError::Text`] where it is none, or ends before it begins.
    pub fn and_datetime(mut self, text: &str) -> Result<Self, QueryError> {
        let parts = parse::span(text)?.into_iter();
        self.clauses.extend(parts.map(|expression| Clause {
            expression,
            text: text.to_owned(),
        }));
        Ok(self)
    }

    /// Rows whose outline shares a point with `area`.
    #[must_use]
    pub fn and_in(mut self, area: Area) -> Self {
        self.area = Some(match self.area {
            Some(other) => other.and(area),
            None => area,
        });
        self
    }

    /// All that must be true of a row but that its outline meets the area; with the boxes around outlines, where a
    /// table has them.
    fn parts(&self, covered: bool) -> Vec<Expression> {
        let clauses = self.clauses.iter().map(|c| c.expression.clone());
        let covering = self.area.iter().filter(|_| covered).map(Area::covering);
        clauses.chain(covering).collect()
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The condition cannot be understood.
    #[error("the condition `{text}` cannot be understood: {why}")]
    Text {
        /// What was said.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// There is no such column.
    #[error("there is no column `{name}` in {table}; there are: {known}")]
    Column {
        /// What was named.
        name: String,
        /// Where.
        table: String,
        /// What there is.
        known: String,
    },
    /// The area is none.
    #[error("the area is none: {0}")]
    Area(String),
    /// The condition cannot be answered by what stands in a row.
    #[error("the condition has no answer in {table}: {why}")]
    Values {
        /// Where.
        table: String,
        /// What cannot be done.
        why: String,
    },
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] IndexError),
}
