//! A table of chips, looked through: whether it is what it says it is.
//!
//! Readers trust what a table says of itself: they pass over row groups by their statistics, over rows by
//! the boxes beside the outlines, and take a chip's id to be its own. Where that is not true they miss
//! chips and nobody notices. So everything that is said twice is compared here.

mod footer;
mod rows;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use stacchip_index::{ChipRow, IndexError, IndexErrorKind};

pub use rows::chip_number;

use super::{Table, columns::RowDecoder};

/// What was found in a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survey {
    /// What is wrong, or could be better.
    pub findings: Vec<Finding>,
    /// A number for each chip, by which one that is there twice is found.
    pub chips: Vec<u64>,
    /// Columns beyond those of an index.
    pub more: Vec<String>,
    /// What the file says of its version.
    pub version: Option<String>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it can cost a reader chips, or give it wrong ones.
    pub grave: bool,
    /// What it is about: `schema`, `geo`, `statistics`, `rows`, `duplicates`, `beside`.
    pub about: &'static str,
    /// What it is.
    pub what: String,
    /// Where.
    pub table: String,
}

impl Finding {
    /// What can cost a reader chips.
    pub fn error(table: &str, about: &'static str, what: impl Into<String>) -> Self {
        Self {
            grave: true,
            about,
            what: what.into(),
            table: table.to_owned(),
        }
    }

    /// What could be better.
    pub fn warning(table: &str, about: &'static str, what: impl Into<String>) -> Self {
        Self {
            grave: false,
            ..Self::error(table, about, what)
        }
    }

    /// As a document.
    pub fn document(&self) -> Value {
        json!({"about": self.about, "what": self.what, "table": self.table})
    }
}

/// Looks through `table`; `each` is given its rows, in their order, on the way.
///
/// # Errors
/// [`IndexError`] where it cannot be read, or a row is none.
pub fn survey(table: &Table, mut each: impl FnMut(&[ChipRow])) -> Result<Survey, IndexError> {
    let mut found = Survey {
        version: table.says(footer::VERSION),
        ..Survey::default()
    };
    footer::look(table, &mut found);
    let mut rows = rows::Rows::of(table);
    let mut decoder = RowDecoder::default();
    let mut first = 0u64;
    for group in 0..table.groups() {
        for batch in table.batches(None, Some(vec![group]))? {
            let batch = batch?;
            let decoded = decoder.decode(&batch, first).map_err(|e| IndexError {
                kind: IndexErrorKind::Schema(e.to_string()),
                address: table.address(),
                cause: None,
            })?;
            rows.add(&batch, &decoded, first, &mut found.chips);
            each(&decoded);
            first = first.saturating_add(decoded.len() as u64);
        }
        rows.end_group(group);
    }
    rows.tell(&mut found);
    Ok(found)
}

/// The chips that are in `surveys` more than once: their numbers, sorted.
pub fn twice(surveys: &[Survey]) -> Vec<u64> {
    let mut all: Vec<u64> = surveys
        .iter()
        .flat_map(|s| s.chips.iter().copied())
        .collect();
    all.sort_unstable();
    let mut twice: Vec<u64> = all
        .windows(2)
        .filter_map(|w| match w {
            [a, b] if a == b => Some(*a),
            _ => None,
        })
        .collect();
    twice.dedup();
    twice
}
