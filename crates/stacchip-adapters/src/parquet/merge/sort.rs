//! Tables → sorted runs.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use arrow::{array::RecordBatch, compute::interleave_record_batch, error::ArrowError};
use stacchip::Progress;
use stacchip_index::IndexError;

use super::{
    MergeOptions,
    canonical::{Canonical, places},
    run::{Rank, Run, RunWriter},
    schema::Columns,
    spill_error,
};
use crate::parquet::Table;

/// A row group of a table, and the number of its first row.
struct Unit<'a> {
    table: &'a Table,
    group: usize,
    first: u64,
}

/// Reads all tables with all threads.
pub(super) fn sorted_runs(
    tables: &[Table],
    columns: &Columns,
    options: &MergeOptions,
    progress: &dyn Progress,
) -> Result<Vec<Run>, IndexError> {
    let mut units = Vec::new();
    for table in tables {
        let mut first = 0u64;
        for (group, of) in table.parquet().row_groups().iter().enumerate() {
            units.push(Unit {
                table,
                group,
                first,
            });
            let rows = u64::try_from(of.num_rows()).unwrap_or(0);
            first = first.saturating_add(rows);
            // Each is read, and written.
            progress.expect(rows.saturating_mul(2));
        }
    }
    let next = AtomicUsize::new(0);
    let found: Mutex<Result<Vec<Run>, IndexError>> = Mutex::new(Ok(Vec::new()));
    let share = options.memory / 4 / options.threads.get() as u64;
    let work = || -> Result<Vec<Run>, IndexError> {
        let mut sorter = Sorter::new(columns, options, share);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(unit) = units.get(number) else {
                break;
            };
            let mut canonical = Canonical::new(unit.table, columns);
            // A row's order: its row group among all, then its number in it.
            let mut order = (number as u64) << 32;
            let mut at = unit.first;
            for batch in unit.table.batches(None, Some(vec![unit.group]))? {
                let batch = canonical.batch(&batch?, at)?;
                let rows = batch.num_rows() as u64;
                sorter.push(batch, order)?;
                order = order.saturating_add(rows);
                at = at.saturating_add(rows);
                progress.advance(rows);
            }
        }
        sorter.finish()
    };
    thread::scope(|scope| {
        for _ in 0..options.threads.get() {
            scope.spawn(|| {
                let done = work();
                if done.is_err() {
                    // The others have nothing more to do.
                    next.store(units.len(), Ordering::Relaxed);
                }
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                match (done, found.as_mut()) {
                    (Ok(runs), Ok(all)) => all.extend(runs),
                    (Err(error), Ok(_)) => *found = Err(error),
                    (_, Err(_)) => {}
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Holds rows until there are enough of them, then sorts and spills them.
struct Sorter<'a> {
    columns: &'a Columns,
    options: &'a MergeOptions,
    /// Bytes held at most.
    share: u64,
    batches: Vec<RecordBatch>,
    /// Rank, batch and row of what is held.
    rows: Vec<(Rank, u32, u32)>,
    bytes: u64,
    runs: Vec<Run>,
}

impl<'a> Sorter<'a> {
    fn new(columns: &'a Columns, options: &'a MergeOptions, share: u64) -> Self {
        Self {
            columns,
            options,
            share,
            batches: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
            runs: Vec::new(),
        }
    }

    fn push(&mut self, batch: RecordBatch, order: u64) -> Result<(), IndexError> {
        let places = places(&batch).ok_or_else(|| {
            let without = ArrowError::SchemaError("rows without places".to_owned());
            spill_error(self.options, without)
        })?;
        let number = u32::try_from(self.batches.len()).unwrap_or(u32::MAX);
        let ranks = places.into_iter().zip(order..);
        self.rows
            .extend(ranks.zip(0..).map(|(rank, row)| (rank, number, row)));
        self.bytes += batch.get_array_memory_size() as u64 + batch.num_rows() as u64 * RANKED;
        self.batches.push(batch);
        if self.bytes >= self.share {
            self.spill().map_err(|e| spill_error(self.options, e))?;
        }
        Ok(())
    }

    fn spill(&mut self) -> Result<(), ArrowError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.rows.sort_unstable();
        let mut writer = RunWriter::new(&self.columns.schema, self.options)
            .map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        for rows in self.rows.chunks(SPILL_ROWS) {
            let indices: Vec<(usize, usize)> = rows
                .iter()
                .map(|(_, batch, row)| (*batch as usize, *row as usize))
                .collect();
            let ranks: Vec<Rank> = rows.iter().map(|(rank, _, _)| *rank).collect();
            let batch = interleave_record_batch(&batches, &indices)?;
            writer.write(&batch, &ranks)?;
        }
        self.runs.push(writer.finish()?);
        self.rows.clear();
        self.batches.clear();
        self.bytes = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Run>, IndexError> {
        self.spill().map_err(|e| spill_error(self.options, e))?;
        Ok(self.runs)
    }
}

/// Rows of a batch of a run: what is held of each run when they are merged.
const SPILL_ROWS: usize = 2048;

/// Bytes of a row's rank, batch and number.
const RANKED: u64 = 24;
