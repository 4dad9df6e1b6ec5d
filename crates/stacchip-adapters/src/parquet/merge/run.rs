//! Sorted rows in a file without a name.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Seek, Write},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, AsArray, RecordBatch, UInt64Array},
    datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type},
    error::ArrowError,
    ipc::{reader::StreamReader, writer::StreamWriter},
};
use stacchip_index::IndexError;

use super::{MergeOptions, spill_error};

/// Where a row comes in the result: its place on the curve, then the order it was given in.
pub(super) type Rank = (u64, u64);

/// Writes sorted rows, a batch at a time, with their ranks.
pub(super) struct RunWriter {
    writer: StreamWriter<BufWriter<File>>,
    schema: SchemaRef,
    largest: u64,
}

/// Sorted rows that were written.
#[derive(Debug)]
pub(super) struct Run {
    file: File,
    /// Bytes of its largest batch.
    largest: u64,
}

/// Sorted rows that are read again.
pub(super) struct RunReader {
    reader: StreamReader<BufReader<File>>,
    schema: SchemaRef,
}

/// Rows with their ranks.
pub(super) struct Ranked {
    pub(super) batch: Arc<RecordBatch>,
    pub(super) places: UInt64Array,
    pub(super) orders: UInt64Array,
}

impl RunWriter {
    /// A run of rows with the columns of `schema`.
    pub(super) fn new(schema: &SchemaRef, options: &MergeOptions) -> Result<Self, IndexError> {
        let file = tempfile::tempfile_in(&options.spill).map_err(|e| spill_error(options, e))?;
        let ranks = ["place", "order"].map(|n| Arc::new(Field::new(n, DataType::UInt64, false)));
        let fields: Vec<Arc<Field>> = schema.fields().iter().cloned().chain(ranks).collect();
        let schema = Arc::new(Schema::new(fields));
        let out = BufWriter::with_capacity(BUFFER, file);
        let writer = StreamWriter::try_new(out, &schema).map_err(|e| spill_error(options, e))?;
        Ok(Self {
            writer,
            schema,
            largest: 0,
        })
    }

    /// Appends rows.
    pub(super) fn write(&mut self, batch: &RecordBatch, ranks: &[Rank]) -> Result<(), ArrowError> {
        let of = |rank: fn(&Rank) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values(ranks.iter().map(rank)))
        };
        self.largest = self.largest.max(batch.get_array_memory_size() as u64);
        let mut columns = batch.columns().to_vec();
        columns.extend([of(|r| r.0), of(|r| r.1)]);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)
    }

    /// What was written.
    pub(super) fn finish(self) -> Result<Run, ArrowError> {
        let mut out = self.writer.into_inner()?;
        out.flush()?;
        let mut file = out
            .into_inner()
            .map_err(|e| ArrowError::from(e.into_error()))?;
        file.rewind()?;
        Ok(Run {
            file,
            largest: self.largest,
        })
    }
}

impl Run {
    /// Bytes that are held while it is read.
    pub(super) fn held(&self) -> u64 {
        self.largest + BUFFER as u64
    }

    /// Reads it from its start; `schema` is without the ranks.
    pub(super) fn read(self, schema: &SchemaRef) -> Result<RunReader, ArrowError> {
        let reader = StreamReader::try_new(BufReader::with_capacity(BUFFER, self.file), None)?;
        Ok(RunReader {
            reader,
            schema: Arc::clone(schema),
        })
    }
}

impl Iterator for RunReader {
    type Item = Result<Ranked, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.reader.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        let mut columns = batch.columns().to_vec();
        let orders = columns.pop();
        let places = columns.pop();
        let number = |a: Option<ArrayRef>| a?.as_primitive_opt::<UInt64Type>().cloned();
        let (Some(places), Some(orders)) = (number(places), number(orders)) else {
            return Some(Err(ArrowError::SchemaError(
                "a run without ranks".to_owned(),
            )));
        };
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Some(batch.map(|batch| Ranked {
            batch: Arc::new(batch),
            places,
            orders,
        }))
    }
}

/// Bytes that go to the file, and come from it, at once.
const BUFFER: usize = 256 * 1024;
