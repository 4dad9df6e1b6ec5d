//! Chips of a list, one after the other.

use std::{fmt, iter::FusedIterator, sync::Arc};

use super::{
    BatchCounts, BatchOptions, ChipBatches, ChipStream, FailedChip, ReadyChip, WantedChip,
    anew::{Decoding, read_anew},
    engine::Engine,
    order::Turns,
    preparing::Preparing,
    workers::{Task, Workers, wait},
};
use crate::ChipReader;

/// Reads lists of chips, each tile once.
#[derive(Debug, Clone)]
pub struct BatchReader {
    reader: ChipReader,
    options: BatchOptions,
}

impl BatchReader {
    /// A reader with the opener, the decoders and the open rasters of `reader`.
    pub fn new(reader: &ChipReader, options: BatchOptions) -> Self {
        Self {
            reader: reader.clone(),
            options,
        }
    }

    /// How it reads.
    pub const fn options(&self) -> &BatchOptions {
        &self.options
    }

    /// The chips of `list`, for files of this machine: bytes are read where they are decoded, and
    /// whoever asks for the next chip decodes as well, and waits on its thread. What takes long to
    /// answer, or needs a runtime, is read by the [stream](Self::stream).
    pub fn chips<I>(&self, list: I) -> Chips
    where
        I: IntoIterator<Item = WantedChip>,
        I::IntoIter: Send + 'static,
    {
        let workers = self.options.threads.get() - 1;
        Chips {
            turns: Turns::new(Box::new(list.into_iter()), &self.options),
            engine: Engine::new(&self.options),
            preparing: Preparing::new(self.reader.clone()),
            workers: Workers::new(workers, Arc::clone(self.reader.codecs())),
            under_way: 0,
        }
    }

    /// The chips of `list`, for object stores: everything is fetched ahead, as far as the memory
    /// allows, while threads decode.
    pub fn stream<I>(&self, list: I) -> ChipStream
    where
        I: IntoIterator<Item = WantedChip>,
        I::IntoIter: Send + 'static,
    {
        ChipStream::new(
            Turns::new(Box::new(list.into_iter()), &self.options),
            &self.reader,
            &self.options,
        )
    }
}

/// The chips of a list, one after the other; a chip that failed does not end it.
pub struct Chips {
    turns: Turns,
    engine: Engine,
    preparing: Preparing,
    workers: Workers,
    /// Steps given out and not accepted.
    under_way: usize,
}

impl Chips {
    /// What they have cost so far.
    pub const fn counts(&self) -> BatchCounts {
        self.engine.counts()
    }

    /// The same chips, `size` at a time, in one array an asset.
    pub fn batches(self, size: usize) -> ChipBatches {
        ChipBatches::new(self, size)
    }

    fn feed(&mut self) {
        while self.engine.is_hungry() {
            match self.turns.next() {
                Some((number, wanted)) => {
                    let chip = wait(self.preparing.prepare(wanted));
                    self.engine.push(number, chip);
                }
                None => {
                    self.engine.end();
                }
            }
        }
    }

    /// The next chip that is there; read by itself where its assets have changed meanwhile.
    fn take(&mut self) -> Option<Result<ReadyChip, FailedChip>> {
        Some(match self.engine.take()? {
            Ok(chip) => Ok(chip),
            Err(lost) if lost.may_be_read_anew() => {
                let read = wait(read_anew(&self.preparing, lost, Decoding::Here));
                if read.is_ok() {
                    self.engine.regained();
                }
                read
            }
            Err(lost) => Err(lost.failed),
        })
    }

    fn accept(&mut self) {
        for (step, made) in self.workers.done() {
            self.under_way -= 1;
            self.engine.accept(&step, made);
        }
    }
}

impl Iterator for Chips {
    type Item = Result<ReadyChip, FailedChip>;

    fn next(&mut self) -> Option<Self::Item> {
        // Enough for every thread to go on while the chips before are looked at.
        let most = (self.workers.count() + 1) * TASKS_A_THREAD;
        loop {
            self.accept();
            if let Some(chip) = self.take() {
                return Some(chip);
            }
            self.feed();
            while self.workers.waiting() < most
                && let Some(step) = self.engine.next_step()
            {
                self.under_way += 1;
                self.workers.give(Task { step, bytes: None });
                self.feed();
            }
            if self.under_way == 0 {
                match self.take() {
                    Some(chip) => return Some(chip),
                    None if self.engine.is_done() => return None,
                    None => continue,
                }
            }
            self.workers.help();
        }
    }
}

impl FusedIterator for Chips {}

impl fmt::Debug for Chips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chips")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// Blocks that wait for a thread.
const TASKS_A_THREAD: usize = 4;
