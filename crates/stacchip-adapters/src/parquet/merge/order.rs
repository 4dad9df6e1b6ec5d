//! Sorted runs → one order.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, RecordBatch, StringArray},
    compute::interleave_record_batch,
    datatypes::{SchemaRef, UInt32Type},
    error::ArrowError,
};
use stacchip_index::{
    IndexError,
    schema::{CHIP_SIZE, CHIPID, COLLECTION, STRIDE},
};

use super::{
    MergeOptions,
    run::{Rank, Ranked, Run, RunReader, RunWriter},
    sort::Sorted,
    spill_error,
};

/// Rows in their order: of which batches, and which of their rows.
#[derive(Default)]
pub(super) struct Ordered {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) rows: Vec<(usize, usize)>,
    pub(super) ranks: Vec<Rank>,
}

/// Goes through runs in their order.
pub(super) struct Merger {
    runs: Vec<Source>,
    /// The least rank of each run.
    heads: BinaryHeap<Reverse<(Rank, usize)>>,
    identity: Identity,
    twins: Twins,
    duplicates: u64,
    /// Rows that were gathered and belong to the next.
    rest: Ordered,
}

struct Source {
    reader: RunReader,
    current: Ranked,
    row: usize,
    /// Where the current batch stands among those of the rows being gathered.
    slot: Option<usize>,
}

impl Merger {
    pub(super) fn new(runs: Vec<Run>, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let mut merger = Self {
            runs: Vec::with_capacity(runs.len()),
            heads: BinaryHeap::with_capacity(runs.len()),
            identity: Identity::of(schema)?,
            twins: Twins::default(),
            duplicates: 0,
            rest: Ordered::default(),
        };
        for run in runs {
            let mut reader = run.read(schema)?;
            if let Some(current) = reader.next().transpose()? {
                let source = Source {
                    reader,
                    current,
                    row: 0,
                    slot: None,
                };
                let rank = source.rank();
                merger.heads.push(Reverse((rank, merger.runs.len())));
                merger.runs.push(source);
            }
        }
        Ok(merger)
    }

    /// Rows that were left out so far: chips that came before.
    pub(super) fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// The next rows, `least` to `most` of them: up to where the next row is farthest on the curve, so that
    /// they cover little ground; fewer at the end, nothing after that.
    pub(super) fn next(
        &mut self,
        least: usize,
        most: usize,
    ) -> Result<Option<Ordered>, ArrowError> {
        let mut gathered = std::mem::take(&mut self.rest);
        self.gather(&mut gathered, most + 1)?;
        if gathered.rows.len() > most {
            let steps = gathered.ranks.windows(2).skip(least.max(1) - 1);
            // The first of the farthest: what differs in a higher bit is in another cell of a coarser level.
            let farthest = steps
                .map(|pair| pair.iter().fold(0, |bits, rank| bits ^ rank.0))
                .zip(least.max(1)..)
                .max_by_key(|(step, at)| (u64::BITS - step.leading_zeros(), Reverse(*at)));
            self.rest = gathered.split_off(farthest.map_or(most, |(_, at)| at));
        }
        Ok((!gathered.rows.is_empty()).then_some(gathered))
    }

    /// Takes rows until there are `count`, or none are left.
    fn gather(&mut self, gathered: &mut Ordered, count: usize) -> Result<(), ArrowError> {
        for run in &mut self.runs {
            run.slot = None;
        }
        while gathered.rows.len() < count {
            let Some(mut head) = self.heads.peek_mut() else {
                break;
            };
            let Reverse((rank, number)) = *head;
            let Some(run) = self.runs.get_mut(number) else {
                break;
            };
            if self
                .twins
                .is_first(rank.0, &run.current.batch, run.row, self.identity)
            {
                let slot = *run.slot.get_or_insert_with(|| {
                    gathered
                        .batches
                        .push(RecordBatch::clone(&run.current.batch));
                    gathered.batches.len() - 1
                });
                gathered.rows.push((slot, run.row));
                gathered.ranks.push(rank);
            } else {
                self.duplicates += 1;
            }
            if run.step()? {
                *head = Reverse((run.rank(), number));
            } else {
                std::collections::binary_heap::PeekMut::pop(head);
            }
        }
        Ok(())
    }
}

impl Ordered {
    /// Leaves the first `at` rows and gives the others, with the batches that they are of.
    fn split_off(&mut self, at: usize) -> Self {
        let mut rest = Self {
            batches: Vec::new(),
            rows: self.rows.split_off(at),
            ranks: self.ranks.split_off(at),
        };
        let mut slots = vec![None; self.batches.len()];
        for (slot, _) in &mut rest.rows {
            let (Some(new), Some(batch)) = (slots.get_mut(*slot), self.batches.get(*slot)) else {
                continue;
            };
            *slot = *new.get_or_insert_with(|| {
                rest.batches.push(RecordBatch::clone(batch));
                rest.batches.len() - 1
            });
        }
        rest
    }
}

impl Source {
    fn rank(&self) -> Rank {
        (
            self.current.places.value(self.row),
            self.current.orders.value(self.row),
        )
    }

    /// Goes on to the next row; `false` where there is none.
    fn step(&mut self) -> Result<bool, ArrowError> {
        self.row += 1;
        while self.row >= self.current.batch.num_rows() {
            let Some(next) = self.reader.next().transpose()? else {
                return Ok(false);
            };
            self.current = next;
            self.row = 0;
            self.slot = None;
        }
        Ok(true)
    }
}

/// Notices chips of one place that are one chip.
#[derive(Default)]
struct Twins {
    place: u64,
    seen: Vec<(u64, Arc<RecordBatch>, usize)>,
}

impl Twins {
    /// Whether no chip of this place was the same.
    fn is_first(
        &mut self,
        place: u64,
        batch: &Arc<RecordBatch>,
        row: usize,
        identity: Identity,
    ) -> bool {
        if place != self.place {
            self.place = place;
            self.seen.clear();
        }
        let own = identity.at(batch, row);
        let hash = {
            let mut hasher = DefaultHasher::new();
            own.hash(&mut hasher);
            hasher.finish()
        };
        let mut alike = self.seen.iter().filter(|(h, _, _)| *h == hash);
        if alike.any(|(_, b, r)| identity.at(b, *r) == own) {
            return false;
        }
        self.seen.push((hash, Arc::clone(batch), row));
        true
    }
}

/// The columns that make two rows of one place one chip: id, collection, size and stride.
#[derive(Debug, Clone, Copy)]
struct Identity {
    texts: [usize; 2],
    numbers: [usize; 2],
}

type Identified<'a> = ([Option<&'a str>; 2], [Option<u32>; 2]);

impl Identity {
    fn of(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let at = |name: &str| schema.index_of(name);
        Ok(Self {
            texts: [at(CHIPID)?, at(COLLECTION)?],
            numbers: [at(CHIP_SIZE)?, at(STRIDE)?],
        })
    }

    fn at(self, batch: &RecordBatch, row: usize) -> Identified<'_> {
        let columns = batch.columns();
        let text = |column: usize| {
            let array: &StringArray = columns.get(column)?.as_string_opt::<i32>()?;
            (!array.is_null(row)).then(|| array.value(row))
        };
        let number = |column: usize| {
            let array = columns.get(column)?.as_primitive_opt::<UInt32Type>()?;
            array.values().get(row).copied()
        };
        (self.texts.map(text), self.numbers.map(number))
    }
}

/// Merges runs into longer ones until a batch of each fits into the memory, and all can be open at once:
/// the shortest, and no more of them than needed.
pub(super) fn few_enough(
    sorted: &mut Sorted,
    options: &MergeOptions,
    schema: &SchemaRef,
) -> Result<(), IndexError> {
    loop {
        let most = at_once(&sorted.runs, options);
        let there = sorted.runs.len();
        if there <= most {
            return Ok(());
        }
        let some: Vec<Run> = sorted.runs.drain(..most.min(there - most + 1)).collect();
        let (longer, duplicates) =
            one_of(some, options, schema).map_err(|e| spill_error(options, e))?;
        sorted.duplicates += duplicates;
        sorted.runs.push(longer);
    }
}

/// How many of `runs` may be merged at once: a batch of each in a quarter of the memory, but never so
/// few that it would not end.
pub(super) fn at_once(runs: &[Run], options: &MergeOptions) -> usize {
    let each = runs.iter().map(Run::held).max().unwrap_or(1).max(1);
    let room = usize::try_from(options.memory / 4 / each).unwrap_or(usize::MAX);
    room.max(LEAST_RUNS).min(options.pieces.at_once.max(2))
}

/// One run of the rows of `some`, and how many of them were left out as duplicates.
pub(super) fn one_of(
    some: Vec<Run>,
    options: &MergeOptions,
    schema: &SchemaRef,
) -> Result<(Run, u64), ArrowError> {
    let mut merger = Merger::new(some, schema)?;
    let mut writer =
        RunWriter::new(schema, options).map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
    let batch_rows = options.pieces.batch_rows.max(1);
    while let Some(ordered) = merger.next(batch_rows, batch_rows)? {
        let batches: Vec<&RecordBatch> = ordered.batches.iter().collect();
        let batch = interleave_record_batch(&batches, &ordered.rows)?;
        writer.write(&batch, &ordered.ranks)?;
    }
    Ok((writer.finish()?, merger.duplicates()))
}

/// So many runs are merged at once in however little memory.
const LEAST_RUNS: usize = 8;
