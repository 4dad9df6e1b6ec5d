//! Many tables of chips → one, sorted by periods of time and along a curve that fills the globe.
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
mod period;
mod run;
mod schema;
mod sort;
#[cfg(test)]
mod tests;
mod write;

use std::{
    num::NonZero,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
};

use stacchip::Progress;
use stacchip_index::{IndexError, IndexErrorKind};

pub(super) use canonical::{Canonical, summarise};
pub use period::Period;
pub(super) use schema::reconcile;
pub use write::StagedMerge;

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
    /// By which spans of time rows lie apart [`None`: as fits the tables].
    pub period: Option<Period>,
    /// How large the pieces of the sort are.
    pub pieces: MergePieces,
}

/// How large the pieces are that rows are sorted in. What is the default suits all but tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergePieces {
    /// Pieces that are merged into one at once, at most; fewer where the memory has no room for a batch of
    /// each. About so many files are open.
    pub at_once: usize,
    /// Rows of a piece at most, whatever the memory has room for.
    pub rows: usize,
    /// Rows of a batch: what is held of each piece while they are merged.
    pub batch_rows: usize,
}

impl Default for MergePieces {
    fn default() -> Self {
        Self {
            at_once: 128,
            rows: usize::MAX,
            batch_rows: 512,
        }
    }
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
    /// The spans of time that rows lie apart by.
    pub period: Option<Period>,
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
    stage_tables(tables, to, parts, options, progress)?.place()
}

/// The same, but that nothing has its name yet: what stands at `to` is as it was until the result is
/// [placed](StagedMerge::place).
///
/// # Errors
/// Those of [`merge_tables`].
pub fn stage_tables(
    tables: &[Table],
    to: &Path,
    parts: bool,
    options: &MergeOptions,
    progress: &dyn Progress,
) -> Result<StagedMerge, IndexError> {
    if !parts && !options.overwrite && to.symlink_metadata().is_ok() {
        return Err(IndexError {
            kind: IndexErrorKind::Exists,
            address: to.to_string_lossy().into_owned(),
            cause: None,
        });
    }
    let columns = schema::reconcile(tables)?;
    let period = options.period.unwrap_or_else(|| Period::fitting(tables));
    let mut sorted = sort::sorted_runs(tables, &columns, period, options, progress)?;
    order::few_enough(&mut sorted, options, &columns.schema)?;
    let (read, spilled, before) = (sorted.rows, sorted.spilled, sorted.duplicates);
    let mut staged = write::write(
        sorted.runs,
        &columns,
        (to, parts),
        period,
        options,
        progress,
    )?;
    let merged = &mut staged.merged;
    merged.runs = spilled;
    merged.period = Some(period);
    merged.duplicates += before;
    if merged.rows + merged.duplicates != read {
        return Err(index_error(
            IndexErrorKind::Write,
            &to.to_string_lossy(),
            format!(
                "{read} rows were read, and {} written, {} left out as duplicates: rows were lost, please report this",
                merged.rows, merged.duplicates
            ),
        ));
    }
    Ok(staged)
}

/// Lets a panic, of a library's say, be an error: never a table that rows are missing from.
fn unbroken<T>(
    address: &str,
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
        let said = text.unwrap_or("for no reason given");
        Err(index_error(
            IndexErrorKind::Write,
            address,
            format!("a thread broke off: {said}"),
        ))
    })
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
