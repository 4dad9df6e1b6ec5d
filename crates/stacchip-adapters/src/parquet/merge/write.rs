//! Rows in their order → Parquet, row groups encoded by all threads.

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use ::parquet::{
    arrow::{
        ArrowWriter,
        arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves},
    },
    errors::ParquetError,
    file::{metadata::KeyValue, writer::SerializedFileWriter},
};
use arrow::{
    array::{Array, ArrayRef},
    compute::interleave,
    datatypes::SchemaRef,
};
use stacchip::Progress;
use stacchip_index::{
    IndexError, IndexErrorKind,
    schema::{BBOX, GEOMETRY, SCHEMA_VERSION},
};
use tempfile::{NamedTempFile, TempPath};

use super::{
    MergeOptions, Merged, Period,
    canonical::summarise,
    order::{Merger, Ordered},
    run::Run,
    schema::Columns,
    spill_error, unbroken,
};
use crate::{
    beside::temporary,
    parquet::{
        geo::GeoSummary,
        index_error,
        writer::{CREATOR, ORDER, arrow_writer, merged_properties},
    },
};

/// A row group as it goes into the file.
struct Encoded {
    chunks: Vec<ArrowColumnChunk>,
    rows: u64,
    geo: GeoSummary,
}

/// How far the file is, so that no more row groups are under way than memory has room for.
#[derive(Default)]
struct Gate {
    written: Mutex<(u64, bool)>,
    moved: Condvar,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, (u64, bool)> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until row group `number` is among the next `ahead`; `false` where all is over.
    fn wait(&self, number: u64, ahead: u64) -> bool {
        let mut state = self.state();
        while !state.1 && number >= state.0 + ahead {
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.1
    }

    fn wrote(&self) {
        self.state().0 += 1;
        self.moved.notify_all();
    }

    fn stop(&self) {
        self.state().1 = true;
        self.moved.notify_all();
    }
}

/// Stops what waits at a gate when it goes, by a panic too: nothing waits for who is not there.
struct Over<'a>(&'a Gate);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Merged tables that have not got their names yet; dropped, they leave nothing.
#[derive(Debug)]
pub struct StagedMerge {
    files: Vec<(TempPath, PathBuf)>,
    overwrite: bool,
    pub(super) merged: Merged,
}

impl StagedMerge {
    /// Gives all files their names.
    ///
    /// # Errors
    /// [`IndexError`] where one cannot have its name, or stands already and may not be replaced.
    pub fn place(mut self) -> Result<Merged, IndexError> {
        for (file, path) in self.files {
            let placed = if self.overwrite {
                file.persist(&path)
            } else {
                file.persist_noclobber(&path)
            };
            placed.map_err(|e| {
                let kind = match e.error.kind() {
                    std::io::ErrorKind::AlreadyExists => IndexErrorKind::Exists,
                    _ => IndexErrorKind::Write,
                };
                index_error(kind, &path.to_string_lossy(), e.error)
            })?;
            self.merged.files.push(path);
        }
        Ok(self.merged)
    }
}

/// Merges `runs` into a file for `to`, or into files for the folder `to`.
pub(super) fn write(
    runs: Vec<Run>,
    columns: &Columns,
    (to, parts): (&Path, bool),
    period: Period,
    options: &MergeOptions,
    progress: &dyn Progress,
) -> Result<StagedMerge, IndexError> {
    let shown = to.to_string_lossy();
    let spilled = |e| spill_error(options, e);
    let mut merger = Merger::new(runs, &columns.schema).map_err(spilled)?;
    let mut files = Files::new((to, parts), columns, period, options);
    let factory = Arc::new(files.open()?);
    let gate = Gate::default();
    // A row group under way takes some dozen megabytes, gathered and encoded.
    let room = (options.memory / GROUP_BYTES).max(2);
    let ahead = (options.threads.get() as u64 + 1).min(room);
    let (jobs, jobs_in) = mpsc::channel::<(u64, Ordered)>();
    let jobs_in = Mutex::new(jobs_in);
    let (done, done_in) = mpsc::channel::<(u64, Result<Encoded, IndexError>)>();
    let work = |done: mpsc::Sender<(u64, Result<Encoded, IndexError>)>| {
        loop {
            let job = jobs_in
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((number, ordered)) = job else {
                break;
            };
            let encoded = unbroken(&shown, || {
                encode(&ordered, &columns.schema, &factory)
                    .map_err(|e| index_error(IndexErrorKind::Write, &shown, e))
            });
            if done.send((number, encoded)).is_err() {
                break;
            }
        }
    };
    let duplicates = thread::scope(|scope| {
        for _ in 0..options.threads.get() {
            let done = done.clone();
            scope.spawn(|| work(done));
        }
        let failed = done.clone();
        drop(done);
        let gate = &gate;
        let _over = Over(gate);
        let shown = &*shown;
        let producer = scope.spawn(move || {
            let mut number = 0u64;
            while gate.wait(number, ahead) {
                let gathered = unbroken(shown, || {
                    merger.next(LEAST_ROWS, MOST_ROWS).map_err(spilled)
                });
                match gathered {
                    Ok(Some(ordered)) => {
                        if jobs.send((number, ordered)).is_err() {
                            break;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        let _ = failed.send((number, Err(error)));
                        break;
                    }
                }
                number += 1;
            }
            merger.duplicates()
        });
        let mut waiting = BTreeMap::new();
        let mut next = 0u64;
        let mut outcome = Ok(());
        'all: for (number, encoded) in done_in {
            waiting.insert(number, encoded);
            while let Some(encoded) = waiting.remove(&next) {
                let added = encoded.and_then(|encoded| {
                    progress.advance(encoded.rows);
                    files.append(encoded)
                });
                if let Err(error) = added {
                    outcome = Err(error);
                    break 'all;
                }
                next += 1;
                gate.wrote();
            }
        }
        gate.stop();
        let broken = |_| index_error(IndexErrorKind::Write, shown, "a thread broke off");
        let duplicates = producer.join().map_err(broken);
        outcome.and(duplicates)
    })?;
    let mut staged = files.finish()?;
    staged.merged.duplicates = duplicates;
    Ok(staged)
}

/// A column at a time: what is held of the gathered rows is one column.
fn encode(
    ordered: &Ordered,
    schema: &SchemaRef,
    factory: &ArrowRowGroupWriterFactory,
) -> Result<Encoded, ParquetError> {
    let mut writers = factory.create_column_writers(0)?.into_iter();
    let mut chunks = Vec::new();
    let mut geo = GeoSummary::default();
    let mut outlines: Option<ArrayRef> = None;
    for (number, field) in schema.fields().iter().enumerate() {
        let parts: Vec<&dyn Array> = ordered
            .batches
            .iter()
            .map(|batch| batch.column(number).as_ref())
            .collect();
        let column = interleave(&parts, &ordered.rows)?;
        for leaf in compute_leaves(field, &column)? {
            let missing = || ParquetError::General("a column without a writer".to_owned());
            let mut writer = writers.next().ok_or_else(missing)?;
            writer.write(&leaf)?;
            chunks.push(writer.close()?);
        }
        if field.name() == GEOMETRY {
            outlines = Some(column);
        } else if field.name() == BBOX.name
            && let Some(outlines) = &outlines
        {
            summarise(outlines, &column, &mut geo);
        }
    }
    Ok(Encoded {
        chunks,
        rows: ordered.rows.len() as u64,
        geo,
    })
}

/// The files of the result: one, or one after the other.
struct Files<'a> {
    to: &'a Path,
    parts: bool,
    columns: &'a Columns,
    period: Period,
    options: &'a MergeOptions,
    open: Option<OpenFile>,
    /// By their paths: however many there are, none is held open.
    closed: Vec<(TempPath, PathBuf)>,
    merged: Merged,
}

struct OpenFile {
    writer: SerializedFileWriter<BufWriter<NamedTempFile>>,
    path: PathBuf,
    rows: u64,
    geo: GeoSummary,
}

impl<'a> Files<'a> {
    fn new(
        (to, parts): (&'a Path, bool),
        columns: &'a Columns,
        period: Period,
        options: &'a MergeOptions,
    ) -> Self {
        Self {
            to,
            parts,
            columns,
            period,
            options,
            open: None,
            closed: Vec::new(),
            merged: Merged::default(),
        }
    }

    fn failed(&self, e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> IndexError {
        index_error(IndexErrorKind::Write, &self.to.to_string_lossy(), e)
    }

    /// Begins the next file.
    fn open(&mut self) -> Result<ArrowRowGroupWriterFactory, IndexError> {
        let path = if self.parts {
            self.to
                .join(format!("part-{:05}.parquet", self.closed.len()))
        } else {
            self.to.to_owned()
        };
        let file = temporary(&path).map_err(|e| self.failed(e))?;
        let schema = &self.columns.schema;
        let properties = merged_properties(schema).map_err(|e| self.failed(e))?;
        let out = BufWriter::with_capacity(1 << 20, file);
        let (writer, factory) = arrow_writer(out, schema, properties)
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(|e| self.failed(e))?;
        self.open = Some(OpenFile {
            writer,
            path,
            rows: 0,
            geo: GeoSummary::default(),
        });
        Ok(factory)
    }

    fn append(&mut self, encoded: Encoded) -> Result<(), IndexError> {
        let full =
            |open: &OpenFile| open.rows > 0 && open.rows + encoded.rows > self.options.part_rows;
        if self.parts && self.open.as_ref().is_some_and(full) {
            self.close()?;
            self.open()?;
        }
        let to = self.to;
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let write = || {
            let mut group = open.writer.next_row_group()?;
            for chunk in encoded.chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close().map(|_| ())
        };
        write().map_err(|e: ParquetError| {
            index_error(IndexErrorKind::Write, &to.to_string_lossy(), e)
        })?;
        open.rows += encoded.rows;
        open.geo.add_all(&encoded.geo);
        self.merged.rows += encoded.rows;
        self.merged.row_groups += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), IndexError> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        for (key, value) in [
            ("geo", open.geo.json()),
            ("stacchip:schema_version", SCHEMA_VERSION.to_owned()),
            ("stacchip:creator", CREATOR.to_owned()),
            (ORDER, order(self.period)),
        ] {
            let pair = KeyValue::new(key.to_owned(), value);
            open.writer.append_key_value_metadata(pair);
        }
        let mut out = open.writer.into_inner().map_err(|e| self.failed(e))?;
        out.flush().map_err(|e| self.failed(e))?;
        let file = out.into_inner().map_err(|e| self.failed(e.into_error()))?;
        self.closed.push((file.into_temp_path(), open.path));
        Ok(())
    }

    fn finish(mut self) -> Result<StagedMerge, IndexError> {
        self.close()?;
        Ok(StagedMerge {
            files: self.closed,
            overwrite: self.options.overwrite,
            merged: self.merged,
        })
    }
}

/// What is said of how rows are ordered.
fn order(period: Period) -> String {
    let place = "S2 cell at the centre of the outline";
    match period {
        Period::All => place.to_owned(),
        period => format!("{period} of datetime, {place}"),
    }
}

/// Rows of a row group: it ends between these, where the next row is farthest.
const LEAST_ROWS: usize = 50_000;
const MOST_ROWS: usize = 100_000;

/// Bytes that a row group under way is counted with.
const GROUP_BYTES: u64 = 96 << 20;
