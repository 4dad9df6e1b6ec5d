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
    parts: Vec<Expression>,
    area: Option<Area>,
}

impl Condition {
    /// Rows of which `text`, an expression of SQL, is true.
    ///
    /// # Errors
    /// [`QueryError::Text`] where it is no expression, or one of a kind that is not understood here.
    pub fn and_where(mut self, text: &str) -> Result<Self, QueryError> {
        self.parts.push(parse::parse(text)?);
        Ok(self)
    }

    /// Rows of `datetime` within `text`: a day or moment, or two with `/` between, either of which
    /// may be `..` or nothing. A day at the end is meant to its end.
    ///
    /// # Errors
    /// [`QueryError::Text`] where it is none.
    pub fn and_datetime(mut self, text: &str) -> Result<Self, QueryError> {
        self.parts.extend(parse::span(text)?);
        Ok(self)
    }

    /// Rows whose outline shares a point with `area`.
    #[must_use]
    pub fn and_in(mut self, area: Area) -> Self {
        self.parts.push(area.covering());
        self.area = Some(match self.area {
            Some(other) => other.and(area),
            None => area,
        });
        self
    }

    /// Says whether a table has all the columns that are named.
    ///
    /// # Errors
    /// [`QueryError::Column`] with the names there are.
    pub fn check(&self, table: &Table) -> Result<(), QueryError> {
        for path in self.columns() {
            let mut fields = table.schema().fields();
            for (depth, name) in path.iter().enumerate() {
                let found = fields.iter().find(|f| f.name() == name);
                let Some(found) = found else {
                    return Err(QueryError::Column {
                        name: path.join("."),
                        table: table.path().display().to_string(),
                        known: fields
                            .iter()
                            .map(|f| f.name().as_str())
                            .collect::<Vec<_>>()
                            .join(", "),
                    });
                };
                match found.data_type() {
                    arrow::datatypes::DataType::Struct(inner) => fields = inner,
                    _ if depth + 1 < path.len() => {
                        return Err(QueryError::Column {
                            name: path.join("."),
                            table: table.path().display().to_string(),
                            known: found.name().clone(),
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn columns(&self) -> Vec<Vec<String>> {
        let mut columns = Vec::new();
        for part in &self.parts {
            part.columns(&mut columns);
        }
        columns
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
    /// A table cannot be read or written.
    #[error(transparent)]
    Table(#[from] IndexError),
}
