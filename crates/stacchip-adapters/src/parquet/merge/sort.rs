//! Tables → sorted runs.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use arrow::{array::RecordBatch, compute::interleave_record_batch, error::ArrowError};
use stacchip::Progress;
use stacchip_index::IndexError;

use super::{
    MergeOptions, Period,
    canonical::{Canonical, places},
    order::{at_once, one_of},
    run::{Rank, Run, RunWriter},
    schema::Columns,
    spill_error, unbroken,
};
use crate::parquet::Table;

/// A row group of a table, and the number of its first row.
struct Unit<'a> {
    table: &'a Table,
    group: usize,
    first: u64,
}

/// All rows in sorted runs.
#[derive(Debug)]
pub(super) struct Sorted {
    /// The shortest first.
    pub(super) runs: Vec<Run>,
    /// Rows that were read.
    pub(super) rows: u64,
    /// Of them those that were left out already.
    pub(super) duplicates: u64,
    /// Runs that were written from memory.
    pub(super) spilled: u64,
}

/// The runs of all threads. As soon as there are more than can be merged at once, they become one of the
/// next level, so that few files are open however many rows there are.
#[derive(Debug, Default)]
struct Spilled {
    levels: Vec<Vec<Run>>,
    duplicates: u64,
    count: u64,
}

impl Spilled {
    fn add(
        &mut self,
        mut run: Run,
        columns: &Columns,
        options: &MergeOptions,
    ) -> Result<(), ArrowError> {
        self.count += 1;
        for level in 0.. {
            if self.levels.len() <= level {
                self.levels.push(Vec::new());
            }
            let Some(here) = self.levels.get_mut(level) else {
                break;
            };
            here.push(run);
            let most = at_once(here, options);
            if here.len() <= most {
                break;
            }
            let some = here.drain(..most).collect();
            let (longer, duplicates) = one_of(some, options, &columns.schema)?;
            self.duplicates += duplicates;
            run = longer;
        }
        Ok(())
    }
}

/// Reads all tables with all threads.
pub(super) fn sorted_runs(
    tables: &[Table],
    columns: &Columns,
    period: Period,
    options: &MergeOptions,
    progress: &dyn Progress,
) -> Result<Sorted, IndexError> {
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
    let spilled = Mutex::new(Spilled::default());
    let read = AtomicU64::new(0);
    // While a share is sorted and spilled, copies and what is being read need room beside it.
    let share = options.memory / 5 / options.threads.get() as u64;
    let work = || -> Result<(), IndexError> {
        let mut sorter = Sorter::new(columns, period, options, share, &spilled);
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
                read.fetch_add(rows, Ordering::Relaxed);
                sorter.push(&batch, order)?;
                order = order.saturating_add(rows);
                at = at.saturating_add(rows);
                progress.advance(rows);
            }
        }
        sorter.finish()
    };
    let outcome = Mutex::new(Ok(()));
    thread::scope(|scope| {
        for _ in 0..options.threads.get() {
            scope.spawn(|| {
                if let Err(error) = unbroken(&options.spill.to_string_lossy(), work) {
                    // The others have nothing more to do.
                    next.store(units.len(), Ordering::Relaxed);
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    if outcome.is_ok() {
                        *outcome = Err(error);
                    }
                }
            });
        }
    });
    outcome
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)?;
    let spilled = spilled.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Sorted {
        runs: spilled.levels.into_iter().flatten().collect(),
        rows: read.into_inner(),
        duplicates: spilled.duplicates,
        spilled: spilled.count,
    })
}

/// Holds rows until there are enough of them, then sorts and spills them.
struct Sorter<'a> {
    columns: &'a Columns,
    period: Period,
    options: &'a MergeOptions,
    /// Bytes held at most.
    share: u64,
    batches: Vec<RecordBatch>,
    /// Rank, batch and row of what is held.
    rows: Vec<(Rank, u32, u32)>,
    bytes: u64,
    spilled: &'a Mutex<Spilled>,
}

impl<'a> Sorter<'a> {
    fn new(
        columns: &'a Columns,
        period: Period,
        options: &'a MergeOptions,
        share: u64,
        spilled: &'a Mutex<Spilled>,
    ) -> Self {
        Self {
            columns,
            period,
            options,
            share,
            batches: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
            spilled,
        }
    }

    fn push(&mut self, batch: &RecordBatch, order: u64) -> Result<(), IndexError> {
        let most = self.options.pieces.rows.max(1);
        let mut at = 0;
        while at < batch.num_rows() {
            let room = most.saturating_sub(self.rows.len());
            let count = room.clamp(1, batch.num_rows() - at);
            self.hold(batch.slice(at, count), order.saturating_add(at as u64))?;
            at += count;
        }
        Ok(())
    }

    fn hold(&mut self, batch: RecordBatch, order: u64) -> Result<(), IndexError> {
        let places = places(&batch, self.period).ok_or_else(|| {
            let without = ArrowError::SchemaError("rows without places".to_owned());
            spill_error(self.options, without)
        })?;
        let number = u32::try_from(self.batches.len()).unwrap_or(u32::MAX);
        let ranks = places.into_iter().zip(order..);
        self.rows
            .extend(ranks.zip(0..).map(|(rank, row)| (rank, number, row)));
        self.bytes += batch.get_array_memory_size() as u64 + batch.num_rows() as u64 * RANKED;
        self.batches.push(batch);
        if self.bytes >= self.share || self.rows.len() >= self.options.pieces.rows.max(1) {
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
        for rows in self.rows.chunks(self.options.pieces.batch_rows.max(1)) {
            let indices: Vec<(usize, usize)> = rows
                .iter()
                .map(|(_, batch, row)| (*batch as usize, *row as usize))
                .collect();
            let ranks: Vec<Rank> = rows.iter().map(|(rank, _, _)| *rank).collect();
            let batch = interleave_record_batch(&batches, &indices)?;
            writer.write(&batch, &ranks)?;
        }
        let run = writer.finish()?;
        self.rows.clear();
        self.batches.clear();
        self.bytes = 0;
        // Runs become longer ones in one thread at a time: in all of them memory would not suffice.
        let mut spilled = self.spilled.lock().unwrap_or_else(PoisonError::into_inner);
        spilled.add(run, self.columns, self.options)
    }

    fn finish(mut self) -> Result<(), IndexError> {
        self.spill().map_err(|e| spill_error(self.options, e))
    }
}

/// Bytes of a row's rank, batch and number.
const RANKED: u64 = 24;
