//! Many chips from rasters to files.

use std::{collections::HashSet, sync::Arc};

use futures::{
    StreamExt,
    channel::oneshot,
    future::ready,
    stream::{self, BoxStream},
};
use serde_json::{Value, json};
use stacchip::{
    Progress,
    chip::{
        Chip, ChipError, ChipReader,
        batch::{BatchOptions, BatchReader, FailedChip, ReadyChip, WantedChip},
    },
    model::CrsKind,
};

use crate::{
    args::{ChipArgs, OnError},
    chip_files::ChipFiles,
    commands::{Names, record},
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    wiring::World,
};

/// Chips being cut. Chips are read together, each tile once, and written as they are ready; what is
/// told of them is told in the order in which they were asked for.
pub struct Run<'a> {
    args: &'a ChipArgs,
    files: Arc<ChipFiles>,
    /// Where chips go, so that none takes another's place.
    places: HashSet<String>,
    world: &'a World,
    output: Output,
    reader: ChipReader,
    bar: Bar,
    /// Chips asked for so far.
    asked: u64,
    done: Vec<(u64, Value)>,
    failed: Vec<(u64, Value)>,
}

/// A chip to be written.
struct Wanted {
    /// Its number in the run.
    number: u64,
    names: Names,
    out: String,
    crs: Option<CrsKind>,
}

/// Chips and their places.
#[derive(Default)]
struct Placed {
    /// Those that have one, and where their pixels are.
    wanted: Vec<Wanted>,
    list: Vec<WantedChip>,
    /// Number, id and message of those whose place is another's.
    homeless: Vec<(u64, String, String)>,
}

impl<'a> Run<'a> {
    /// No chip yet.
    pub fn new(args: &'a ChipArgs, files: ChipFiles, world: &'a World, output: Output) -> Self {
        Self {
            args,
            files: Arc::new(files),
            places: HashSet::new(),
            world,
            output,
            reader: world.chip_reader(),
            bar: Bar::new(output, "cutting chips"),
            asked: 0,
            done: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Cuts and writes chips.
    ///
    /// # Errors
    /// A failure where one failed and that is not to be skipped.
    pub async fn cut(&mut self, wanted: Vec<(Names, WantedChip)>) -> Result<(), Failure> {
        self.bar.expect(wanted.len() as u64);
        let Placed {
            wanted,
            list,
            homeless,
        } = self.placed(wanted);
        let options = self.world.batch_options().clone();
        // As many are encoded as there are threads; one more waits to be.
        let at_once = options.threads.get().saturating_add(1);
        let (files, world) = (Arc::clone(&self.files), self.world);
        let mut written = self
            .chips(list, options)
            .map(|chip| write(chip, &wanted, &files, world))
            .buffered(at_once);
        while let Some((place, written)) = written.next().await {
            let Some(wanted) = wanted.get(place) else {
                continue;
            };
            match written {
                Ok(record) => self.done.push((wanted.number, record)),
                Err(error) => self.fail_one(wanted.number, &wanted.names.chipid, &error)?,
            }
            self.bar.advance(1);
        }
        drop(written);
        for (number, chipid, error) in homeless {
            self.fail_one(number, &chipid, &error)?;
            self.bar.advance(1);
        }
        Ok(())
    }

    /// Notes a chip that failed before it was asked for; the whole run fails with it unless it may be
    /// skipped.
    ///
    /// # Errors
    /// A failure where it may not.
    pub fn fail(&mut self, chipid: &str, error: &str) -> Result<(), Failure> {
        let number = self.next_number();
        self.fail_one(number, chipid, error)
    }

    /// What was done, and what failed, as it is told.
    pub fn end(self) -> (Vec<Value>, Vec<Value>) {
        (in_order(self.done), in_order(self.failed))
    }

    /// The chips of `list`. Of one alone no asset waits for another.
    fn chips(&self, mut list: Vec<WantedChip>, options: BatchOptions) -> BoxStream<'static, Read> {
        if list.len() > 1 {
            let chips = BatchReader::new(&self.reader, options).stream(list);
            return chips.map(|chip| chip.map(Box::new).map(Cut::Ready)).boxed();
        }
        let (reader, only) = (self.reader.clone(), list.pop());
        let read = async move {
            let chip = reader.read_chip(&only?.request()).await;
            let failed = |cause| FailedChip { number: 0, cause };
            Some(chip.map(Box::new).map(Cut::Whole).map_err(failed))
        };
        stream::once(read).filter_map(ready).boxed()
    }

    /// Finds the place of each chip.
    fn placed(&mut self, wanted: Vec<(Names, WantedChip)>) -> Placed {
        let mut placed = Placed::default();
        let mut described: Option<(Arc<_>, Option<CrsKind>)> = None;
        for (names, chip) in wanted {
            let number = self.next_number();
            let out = self.files.place(&names);
            if !self.places.insert(out.clone()) {
                let error = format!(
                    "{out}: another chip of this run stands there: name chips apart, with {{chipid}}"
                );
                placed.homeless.push((number, names.chipid, error));
                continue;
            }
            let crs = match &described {
                Some((like, crs)) if Arc::ptr_eq(like, &chip.like) => *crs,
                _ => {
                    let of = chip.like.frame.crs.as_ref();
                    let of = of.and_then(|crs| self.world.projector().describe(crs).ok());
                    let crs = of.map(|summary| summary.kind);
                    described = Some((Arc::clone(&chip.like), crs));
                    crs
                }
            };
            placed.wanted.push(Wanted {
                number,
                names,
                out,
                crs,
            });
            placed.list.push(chip);
        }
        placed
    }

    fn next_number(&mut self) -> u64 {
        let number = self.asked;
        self.asked += 1;
        number
    }

    fn fail_one(&mut self, number: u64, chipid: &str, error: &str) -> Result<(), Failure> {
        Output::error(error);
        let told = json!({ "chipid": chipid, "error": error });
        self.failed.push((number, told));
        if self.args.on_error == OnError::Skip {
            return Ok(());
        }
        // What was cut before stays, and is told.
        if self.args.output != "-" {
            let (done, failed) = (self.done.clone(), self.failed.clone());
            self.output
                .document(&json!({ "chips": in_order(done), "failed": in_order(failed) }))?;
        }
        Err(Failure::Told)
    }
}

/// A chip that was read.
enum Cut {
    /// In pieces, with others.
    Ready(Box<ReadyChip>),
    /// By itself.
    Whole(Box<Chip>),
}

type Read = Result<Cut, FailedChip>;

impl Cut {
    fn number(&self) -> u64 {
        match self {
            Self::Ready(chip) => chip.number(),
            Self::Whole(_) => 0,
        }
    }

    fn into_chip(self) -> Result<Chip, ChipError> {
        match self {
            Self::Ready(chip) => chip.into_chip(),
            Self::Whole(chip) => Ok(*chip),
        }
    }
}

/// Encodes a chip, on a thread, and stores it; its place in the list, and what is told of it.
async fn write(
    chip: Read,
    wanted: &[Wanted],
    files: &Arc<ChipFiles>,
    world: &World,
) -> (usize, Result<Value, String>) {
    let number = chip.as_ref().map_or_else(|f| f.number, Cut::number);
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let Some(wanted) = wanted.get(place) else {
        return (place, Err(format!("chip {number} was not asked for")));
    };
    let chipid = wanted.names.chipid.clone();
    let chip = match chip {
        Ok(chip) => chip,
        Err(failed) => return (place, Err(format!("{chipid}: {}", chain(&failed.cause)))),
    };
    let (out, crs, files_there) = (wanted.out.clone(), wanted.crs, Arc::clone(files));
    let (done, answer) = oneshot::channel();
    rayon::spawn(move || {
        let made = chip
            .into_chip()
            .map_err(|e| format!("{chipid}: {}", chain(&e)));
        let made = made.and_then(|chip| {
            let bytes = files_there.encode(&chip, crs, &out);
            let bytes = bytes.map_err(|failure| failure.to_string())?;
            Ok((record(&chipid, &out, &chip), bytes))
        });
        // Where the run has ended nobody misses it.
        let _ = done.send(made);
    });
    let made = match answer.await {
        Ok(made) => made,
        Err(_) => Err(format!("{}: encoding ended before it was done", wanted.out)),
    };
    let (record, bytes) = match made {
        Ok(made) => made,
        Err(error) => return (place, Err(error)),
    };
    let stored = files.store(&wanted.out, bytes, world).await;
    (place, stored.map(|()| record).map_err(|f| f.to_string()))
}

fn in_order(mut told: Vec<(u64, Value)>) -> Vec<Value> {
    told.sort_by_key(|(number, _)| *number);
    told.into_iter().map(|(_, value)| value).collect()
}
