//! Many tables of chips → one, sorted along a curve that fills the globe.
//!
//! An external sort: each thread reads tables until its share of the memory is full, sorts what it has
//! and spills it as a *run* into a file without a name; then all runs are merged, and whole row groups
//! are encoded by all threads. Memory does not grow with the number of rows, and the result does not
//! depend on the number of threads.
//!
//! Rows of one place come to lie together, so that row groups cover little ground and readers pass
//! over most of them; and a chip that two tables hold is noticed, since both have its place.

mod canonical;
mod order;
mod run;
mod schema;
mod sort;
#[cfg(test)]
mod tests;
mod write;

use std::{
    num::NonZero,
    path::{Path, PathBuf},
};

use stacchip::Progress;
use stacchip_index::{IndexError, IndexErrorKind};

use super::{Table, index_error};

/// What a merge may use.
#[derive(Debug, Clone)]
pub struct MergeOptions {
    /// About how many bytes of memory.
    pub memory: u64,
    /// How many threads.
    pub threads: NonZero<usize>,
    /// The folder for what does not fit into memory; it takes about as much as the tables do without
    /// compression.
    pub spill: PathBuf,
    /// Rows of a file where the result is a folder.
    pub part_rows: u64,
    /// Whether what stands at the target may be replaced.
    pub overwrite: bool,
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// Rows of the result.
    pub rows: u64,
    /// Rows left out because the same chip of the same item is in it already, from the table that was
    /// named first.
    pub duplicates: u64,
    /// Row groups of the result.
    pub row_groups: u64,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Sorted pieces that were spilled.
    pub runs: u64,
}

/// Merges `tables` into one at `to`: a file, or with `parts` a folder, which is there, of files with some
/// million rows each. Nothing stands there before all is done.
///
/// # Errors
/// [`IndexError`] where a table cannot be read, has a column that another has with an irreconcilable
/// type, or the result cannot be written.
pub fn merge_tables(
    tables: &[Table],
    to: &Path,
    parts: bool,
    options: &MergeOptions,
    progress: &dyn Progress,
) -> Result<Merged, IndexError> {
    if !parts && !options.overwrite && to.symlink_metadata().is_ok() {
        return Err(IndexError {
            kind: IndexErrorKind::Exists,
            address: to.to_string_lossy().into_owned(),
            cause: None,
        });
    }
    let columns = schema::reconcile(tables)?;
    let runs = sort::sorted_runs(tables, &columns, options, progress)?;
    let spilled = runs.len() as u64;
    let runs = order::few_enough(runs, options, &columns.schema)?;
    let mut merged = write::write(runs, &columns, to, parts, options, progress)?;
    merged.runs = spilled;
    Ok(merged)
}

fn spill_error(
    options: &MergeOptions,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> IndexError {
    index_error(
        IndexErrorKind::Write,
        &format!("spilled to {}", options.spill.display()),
        cause,
    )
}
