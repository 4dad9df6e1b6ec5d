//! Sorted runs → one order.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    hash::{DefaultHasher, Hash, Hasher},
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
    spill_error,
};

/// Rows in their order: of which batches, and which of their rows.
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

    /// The next rows, `count` of them but at the end; nothing after that.
    pub(super) fn next(&mut self, count: usize) -> Result<Option<Ordered>, ArrowError> {
        let mut gathered = Ordered {
            batches: Vec::new(),
            rows: Vec::with_capacity(count),
            ranks: Vec::with_capacity(count),
        };
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
                    gathered.batches.push(run.current.batch.clone());
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
        Ok((!gathered.rows.is_empty()).then_some(gathered))
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
    seen: Vec<(u64, RecordBatch, usize)>,
}

impl Twins {
    /// Whether no chip of this place was the same.
    fn is_first(
        &mut self,
        place: u64,
        batch: &RecordBatch,
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
        self.seen.push((hash, batch.clone(), row));
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

/// So few runs that a batch of each fits into the memory, and that all can be open at once: runs are
/// merged into longer ones until then.
pub(super) fn few_enough(
    mut runs: Vec<Run>,
    options: &MergeOptions,
    schema: &SchemaRef,
) -> Result<Vec<Run>, IndexError> {
    let failed = |e: ArrowError| spill_error(options, e);
    while runs.len() > MOST_RUNS {
        let mut longer = Vec::new();
        let mut rest = runs.into_iter();
        loop {
            let some: Vec<Run> = rest.by_ref().take(MOST_RUNS).collect();
            if some.is_empty() {
                break;
            }
            let mut merger = Merger::new(some, schema).map_err(failed)?;
            let mut writer = RunWriter::new(schema, options)?;
            while let Some(ordered) = merger.next(LONGER_ROWS).map_err(failed)? {
                let batches: Vec<&RecordBatch> = ordered.batches.iter().collect();
                let batch = interleave_record_batch(&batches, &ordered.rows).map_err(failed)?;
                writer.write(&batch, &ordered.ranks).map_err(failed)?;
            }
            longer.push(writer.finish().map_err(failed)?);
        }
        runs = longer;
    }
    Ok(runs)
}

/// Runs that are merged at once.
const MOST_RUNS: usize = 128;

/// Rows of a batch of a longer run.
const LONGER_ROWS: usize = 2048;
