//! Cubes from the list of their chips to files that stand.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt, stream::FuturesUnordered};
use stacchip_chip::{
    Chip, EncodeChipError,
    batch::{BatchCounts, BatchReader, ChipStream, Chips, FailedChip, ReadyChip, WantedChip},
};
use stacchip_model::CrsKind;
use thiserror::Error;

use super::{
    ChipLabel, Cube, CubeChip, CubeEncoder, CubeFile, CubeLayout, CubeRecord, FailedSeat,
    LeftOutSeat, StoredFile,
};
use crate::{ObjectSink, Progress, WriteError, offload::offload};

/// A cube to be made.
#[derive(Debug)]
pub struct CubeWork {
    /// Its number.
    pub number: u64,
    /// Its seats, in order.
    pub seats: Vec<Seat>,
}

/// A seat in a cube.
#[derive(Debug)]
pub struct Seat {
    /// What is known of its chip.
    pub label: ChipLabel,
    /// What to read, or why that is not known.
    pub wanted: Result<WantedChip, Arc<str>>,
    /// What the reference system of its item measures, where that is known.
    pub crs_kind: Option<CrsKind>,
}

/// How cubes are written.
pub struct WriteCubes<'a> {
    /// What the chips have in common.
    pub layout: Arc<CubeLayout>,
    /// What makes files of cubes.
    pub encoder: Arc<dyn CubeEncoder>,
    /// What stores them.
    pub sink: &'a dyn ObjectSink,
    /// The id of the plan that the cubes are of.
    pub plan: &'a str,
    /// The folder of the output.
    pub folder: &'a str,
    /// The folder of the cubes in it.
    pub below: &'a str,
    /// Whether a file that stands there is replaced.
    pub overwrite: bool,
    /// Whether a cube that lacks a chip is left out.
    pub whole_only: bool,
    /// Cubes that are encoded at once, at most.
    pub at_once: usize,
    /// Cubes of the plan that stand there, all their files: one is replaced only by one that has all its chips, so
    /// that what fails in passing costs none.
    pub standing: HashMap<u64, CubeRecord>,
    /// Whether chips are fetched ahead, as object stores want it, and not read where they are decoded.
    pub fetch_ahead: bool,
    /// Is told of every chip.
    pub progress: &'a dyn Progress,
}

impl WriteCubes<'_> {
    /// Where the record of a cube is.
    pub fn record_address(&self, cube: u64) -> String {
        format!("{}/records/cube_{cube}.json", self.folder)
    }
}

impl fmt::Debug for WriteCubes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteCubes")
            .field("layout", &self.layout)
            .field("encoder", &self.encoder)
            .field("folder", &self.folder)
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct CubesReport {
    /// The cubes, by number.
    pub records: Vec<CubeRecord>,
    /// Chips that could not be had, of cubes that stand with them and were kept for it.
    pub missed: Vec<FailedSeat>,
    /// What reading cost.
    pub counts: BatchCounts,
}

impl CubesReport {
    fn add(&mut self, stored: Stored) {
        self.records.push(stored.record);
        self.missed.extend(stored.missed);
    }
}

/// Why no more cubes are made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CubesError {
    /// The format cannot hold them.
    #[error("cube {cube}: {cause}")]
    Encode {
        /// The cube.
        cube: u64,
        /// Why.
        cause: EncodeChipError,
    },
    /// They cannot be stored.
    #[error(transparent)]
    Store(#[from] WriteError),
    /// The threads went away.
    #[error("cube {cube} was not finished: what encoded it broke off")]
    Stopped {
        /// The cube.
        cube: u64,
    },
}

/// Makes the cubes of `work`: reads their chips, each tile once as far as memory serves, encodes cubes
/// on the threads that compute, and stores each with its record, the record last. A chip that cannot be
/// had is left out of its cube and named in the record.
///
/// # Errors
/// [`CubesError`]; the cubes that were made by then stand.
pub async fn write_cubes(
    work: Vec<CubeWork>,
    reader: &BatchReader,
    how: &WriteCubes<'_>,
) -> Result<CubesReport, CubesError> {
    let mut places = Vec::new();
    let mut list = Vec::new();
    let mut filling: Vec<Filling> = Vec::with_capacity(work.len());
    for (cube, work) in work.into_iter().enumerate() {
        for (seat, place) in work.seats.iter().enumerate() {
            if let Ok(wanted) = &place.wanted {
                places.push((cube, seat));
                list.push(wanted.clone());
            }
        }
        filling.push(Filling::of(work));
    }
    let mut report = CubesReport::default();
    let mut encoding = FuturesUnordered::new();
    // Cubes of which nothing is to be read are done before the first chip comes.
    for cube in filling.iter_mut().filter(|cube| cube.missing == 0) {
        how.progress.advance(cube.seats.len() as u64);
        if let Some(done) = cube.take(how) {
            report.add(store(done, Vec::new(), how).await?);
        }
    }
    let mut source = if how.fetch_ahead {
        Source::Ahead(Box::new(reader.stream(list)))
    } else {
        Source::Here(Box::new(reader.chips(list)))
    };
    while let Some(chip) = source.next().await {
        let (number, chip) = match chip {
            Ok(ready) => (ready.number(), ready.into_chip().map_err(|e| said(&e))),
            Err(failed) => (failed.number, Err(said(&failed.cause))),
        };
        how.progress.advance(1);
        let place = usize::try_from(number).ok().and_then(|n| places.get(n));
        let Some((cube, seat)) = place.and_then(|(c, s)| Some((filling.get_mut(*c)?, *s))) else {
            continue;
        };
        cube.put(seat, chip, how);
        if cube.missing > 0 {
            continue;
        }
        let Some(done) = cube.take(how) else { continue };
        if done.cube.chips.is_empty() {
            report.add(store(done, Vec::new(), how).await?);
            continue;
        }
        while encoding.len() >= how.at_once.max(1)
            && let Some(encoded) = encoding.next().await
        {
            report.add(finish(encoded, how).await?);
        }
        let encoder = Arc::clone(&how.encoder);
        let number = done.cube.number;
        let encoded = offload(move || encode(done, encoder.as_ref()));
        encoding.push(async move { (number, encoded.await) });
    }
    report.counts = source.counts();
    drop(source);
    while let Some(encoded) = encoding.next().await {
        report.add(finish(encoded, how).await?);
    }
    report.records.sort_by_key(|record| record.cube);
    Ok(report)
}

/// What is said of a failure, with what caused it.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_said = cause.to_string();
        if !text.contains(&cause_said) {
            text = format!("{text}: {cause_said}");
        }
        next = cause.source();
    }
    text
}

/// Where chips come from.
enum Source {
    Here(Box<Chips>),
    Ahead(Box<ChipStream>),
}

impl Source {
    async fn next(&mut self) -> Option<Result<ReadyChip, FailedChip>> {
        match self {
            // Whoever asks decodes as well: there is nothing else to do meanwhile.
            Self::Here(chips) => chips.next(),
            Self::Ahead(chips) => chips.next().await,
        }
    }

    fn counts(&self) -> BatchCounts {
        match self {
            Self::Here(chips) => chips.counts(),
            Self::Ahead(chips) => chips.counts(),
        }
    }
}

/// A cube whose chips are arriving.
struct Filling {
    number: u64,
    seats: Vec<(ChipLabel, Option<CrsKind>, Arrived)>,
    missing: usize,
}

enum Arrived {
    Expected,
    Here(Chip),
    Failed(String),
}

/// A cube whose chips are all there, and those that failed.
struct Done {
    cube: Cube,
    failed: Vec<FailedSeat>,
    left_out: Vec<LeftOutSeat>,
}

impl Filling {
    fn of(work: CubeWork) -> Self {
        let mut missing = 0;
        let seats = work.seats.into_iter().map(|seat| {
            let arrived = match seat.wanted {
                Ok(_) => {
                    missing += 1;
                    Arrived::Expected
                }
                Err(why) => Arrived::Failed(why.as_ref().to_owned()),
            };
            (seat.label, seat.crs_kind, arrived)
        });
        Self {
            number: work.number,
            seats: seats.collect(),
            missing,
        }
    }

    fn put(&mut self, seat: usize, chip: Result<Chip, String>, how: &WriteCubes<'_>) {
        let chip = chip.and_then(|chip| {
            let chip = how.layout.fit(chip).map_err(|why| why.to_string())?;
            let held = how.encoder.check(&how.layout, &chip);
            held.map(|()| chip).map_err(|why| why.to_string())
        });
        if let Some((_, _, place)) = self.seats.get_mut(seat)
            && matches!(place, Arrived::Expected)
        {
            self.missing -= 1;
            *place = match chip {
                Ok(chip) => Arrived::Here(chip),
                Err(why) => Arrived::Failed(why),
            };
        }
    }

    /// The cube, once.
    fn take(&mut self, how: &WriteCubes<'_>) -> Option<Done> {
        let (mut chips, mut failed) = (Vec::new(), Vec::new());
        let seats = std::mem::take(&mut self.seats);
        if seats.is_empty() {
            return None;
        }
        for (seat, (label, crs_kind, arrived)) in seats.into_iter().enumerate() {
            let error = match arrived {
                Arrived::Here(chip) => {
                    chips.push(CubeChip {
                        seat,
                        label,
                        chip,
                        crs_kind,
                    });
                    continue;
                }
                Arrived::Failed(error) => error,
                Arrived::Expected => "it did not come".to_owned(),
            };
            failed.push(FailedSeat {
                seat: seat as u64,
                row: label.row,
                chipid: label.chipid(),
                error,
            });
        }
        let mut left_out = Vec::new();
        if how.whole_only && !failed.is_empty() {
            left_out.extend(chips.drain(..).map(|chip| LeftOutSeat {
                seat: chip.seat as u64,
                row: chip.label.row,
                chipid: chip.label.chipid(),
            }));
        }
        Some(Done {
            cube: Cube {
                number: self.number,
                layout: Arc::clone(&how.layout),
                chips,
            },
            failed,
            left_out,
        })
    }
}

type Encoded = (Done, Result<Vec<(CubeFile, StoredFile)>, EncodeChipError>);

fn encode(done: Done, encoder: &dyn CubeEncoder) -> Encoded {
    let files = encoder.encode(&done.cube).map(|files| {
        let files = files.into_iter();
        let stored = files.map(|file| {
            let stored = StoredFile::of(file.name.clone(), &file.bytes);
            (file, stored)
        });
        stored.collect()
    });
    (done, files)
}

async fn finish(
    (cube, encoded): (u64, Option<Encoded>),
    how: &WriteCubes<'_>,
) -> Result<Stored, CubesError> {
    let (done, files) = encoded.ok_or(CubesError::Stopped { cube })?;
    let files = files.map_err(|cause| CubesError::Encode { cube, cause })?;
    store(done, files, how).await
}

/// A cube that stands now, and the chips of it that could not be had this time.
struct Stored {
    record: CubeRecord,
    missed: Vec<FailedSeat>,
}

async fn store(
    done: Done,
    files: Vec<(CubeFile, StoredFile)>,
    how: &WriteCubes<'_>,
) -> Result<Stored, CubesError> {
    let Done {
        cube,
        failed,
        left_out,
    } = done;
    if let Some(standing) = how.standing.get(&cube.number) {
        let rows: HashSet<u64> = cube.chips.iter().map(|chip| chip.label.row).collect();
        if !standing.rows.iter().all(|row| rows.contains(row)) {
            let missed = failed.into_iter();
            let missed = missed.filter(|seat| standing.rows.contains(&seat.row));
            return Ok(Stored {
                record: standing.clone(),
                missed: missed.collect(),
            });
        }
    }
    let mut stored = Vec::with_capacity(files.len());
    for (file, mut as_stored) in files {
        let path = format!("{}/{}", how.below, file.name);
        let address = format!("{}/{path}", how.folder);
        how.sink.put(&address, file.bytes, how.overwrite).await?;
        as_stored.path = path;
        stored.push(as_stored);
    }
    let record = CubeRecord {
        cube: cube.number,
        plan: how.plan.to_owned(),
        files: stored,
        rows: cube.chips.iter().map(|chip| chip.label.row).collect(),
        chipids: cube.chips.iter().map(|chip| chip.label.chipid()).collect(),
        failed,
        left_out,
    };
    let address = how.record_address(cube.number);
    how.sink
        .put(&address, Bytes::from(record.to_text()), true)
        .await?;
    Ok(Stored {
        record,
        missed: Vec::new(),
    })
}
