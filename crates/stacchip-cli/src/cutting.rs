//! Many chips from rasters to files.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

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
    told::Told,
    under_way::{Most, UnderWay},
    wiring::World,
};

/// A chip asked for, or why it cannot be.
pub type Asked = (Names, Result<WantedChip, String>);

/// Chips being cut. Chips are read together, each tile once, and written as they are ready; what is
/// told of them is told in the order in which they were asked for.
pub struct Run<'a> {
    args: &'a ChipArgs,
    files: Arc<ChipFiles>,
    /// Where chips go, so that none takes another's place.
    places: HashSet<String>,
    world: &'a World,
    reader: ChipReader,
    bar: Bar,
    /// Chips asked for so far.
    asked: u64,
    done: Told,
    failed: Told,
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
    /// Number, id and message of those that cannot be asked for, or whose place is another's.
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
            reader: world.chip_reader(),
            bar: Bar::new(output, "cutting chips"),
            asked: 0,
            done: Told::new(output.is_json()),
            failed: Told::new(output.is_json()),
        }
    }

    /// Cuts and writes chips. Where one fails and that is not to be skipped no more are begun; those that
    /// are being written are, and told.
    ///
    /// # Errors
    /// [`Failure::Told`] where one failed and that is not to be skipped.
    pub async fn cut(&mut self, wanted: Vec<Asked>) -> Result<(), Failure> {
        self.bar.expect(wanted.len() as u64);
        let Placed {
            wanted,
            list,
            homeless,
        } = self.placed(wanted);
        let mut options = self.world.batch_options().clone();
        let most = Most {
            // As many are encoded as there are threads; one more waits to be.
            count: options.threads.get().saturating_add(1),
            weight: options.memory / WRITING,
        };
        options.memory -= most.weight;
        let (files, world) = (Arc::clone(&self.files), self.world);
        let mut writing = UnderWay::new(self.chips(list, options), most);
        let write = |chip: Read| {
            let bytes = chip.as_ref().map_or(0, Cut::bytes);
            (bytes, write(chip, &wanted, &files, world))
        };
        let mut went = Ok(());
        while let Some((place, written)) = writing.next(write).await {
            let Some(wanted) = wanted.get(place) else {
                continue;
            };
            match written {
                Ok(record) => self.done.push(wanted.number, record),
                Err(error) => {
                    let failed = self.fail_one(wanted.number, &wanted.names.chipid, &error);
                    if failed.is_err() {
                        writing.stop();
                        went = failed;
                    }
                }
            }
            self.bar.advance(1);
        }
        went?;
        for (number, chipid, error) in homeless {
            self.fail_one(number, &chipid, &error)?;
            self.bar.advance(1);
        }
        Ok(())
    }

    /// What was done, and what failed, as it is told.
    pub fn end(self) -> (Told, Told) {
        (self.done.in_order(), self.failed.in_order())
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
    fn placed(&mut self, wanted: Vec<Asked>) -> Placed {
        let mut placed = Placed::default();
        let mut described: Option<(Arc<_>, Option<CrsKind>)> = None;
        for (names, chip) in wanted {
            let number = self.asked;
            self.asked += 1;
            let chip = match chip {
                Ok(chip) => chip,
                Err(error) => {
                    placed.homeless.push((number, names.chipid, error));
                    continue;
                }
            };
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

    fn fail_one(&mut self, number: u64, chipid: &str, error: &str) -> Result<(), Failure> {
        Output::error(error);
        let told = json!({ "chipid": chipid, "error": error });
        self.failed.push(number, told);
        match self.args.on_error {
            OnError::Skip => Ok(()),
            OnError::Fail => Err(Failure::Told),
        }
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

    /// What it takes until it is written, about: its pieces, its arrays, and its file.
    fn bytes(&self) -> u64 {
        let (arrays, times): (usize, u64) = match self {
            Self::Ready(chip) => (chip.arrays().map(|array| array.byte_len()).sum(), 3),
            Self::Whole(chip) => {
                let arrays = chip.arrays.iter();
                (arrays.map(|array| array.pixels.as_bytes().len()).sum(), 2)
            }
        };
        u64::try_from(arrays)
            .unwrap_or(u64::MAX)
            .saturating_mul(times)
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
    let made = on_a_thread(move || {
        let made = chip
            .into_chip()
            .map_err(|e| format!("{chipid}: {}", chain(&e)));
        made.and_then(|chip| {
            let bytes = files_there.encode(&chip, crs, &out);
            let bytes = bytes.map_err(|failure| failure.to_string())?;
            Ok((record(&chipid, &out, &chip), bytes))
        })
    });
    let (record, bytes) = match made.await {
        Some(Ok(made)) => made,
        Some(Err(error)) => return (place, Err(error)),
        None => {
            let error = format!("{}: encoding ended before it was done", wanted.out);
            return (place, Err(error));
        }
    };
    let stored = files.store(&wanted.out, bytes, world).await;
    (place, stored.map(|()| record).map_err(|f| f.to_string()))
}

/// What `work` gives, done on one of rayon's threads; nothing where it panics, as an encoder may: that
/// fails one chip, where rayon would end the process.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, answer) = oneshot::channel();
    rayon::spawn(move || {
        // Where the run has ended nobody misses it. What the work holds is dropped with it.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    });
    answer.await.ok()?.ok()
}

/// The part of the memory that is for chips being written.
const WRITING: u64 = 8;

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_panic_in_an_encoder_is_no_end_of_the_process() {
        let panics = || -> u8 { resume_unwind(Box::new("an encoder's")) };
        assert_eq!(block_on(on_a_thread(panics)), None);
        assert_eq!(block_on(on_a_thread(|| 7)), Some(7));
    }
}
