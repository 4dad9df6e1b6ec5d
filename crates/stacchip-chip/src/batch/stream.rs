//! Chips of a list from object stores.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{
    FutureExt, Stream, StreamExt,
    future::{BoxFuture, join_all},
    stream::{FusedStream, FuturesOrdered, FuturesUnordered},
};
use stacchip_cog::{RangeReader, ReadErrorKind};

use super::{
    BatchCounts, BatchOptions, FailedChip, ReadyChip,
    anew::{Decoding, read_anew},
    engine::Engine,
    order::Turns,
    planned::Planned,
    preparing::Preparing,
    step::{Step, all_answers},
    workers::{Task, Workers},
};
use crate::{ChipError, ChipReader};

/// The chips of a list, as they are fetched and decoded; a chip that failed does not end it.
///
/// It must be polled to go on. Waiting is done here, decoding on threads of its own.
pub struct ChipStream {
    turns: Turns,
    no_more_turns: bool,
    preparing: Arc<Preparing>,
    opening: FuturesOrdered<BoxFuture<'static, Opened>>,
    /// Those that are open, and not planned yet.
    opened: VecDeque<Opened>,
    engine: Engine,
    fetching: FuturesUnordered<BoxFuture<'static, Fetched>>,
    /// Bytes of blocks that are being fetched, or wait to be decoded.
    in_flight: u64,
    most_in_flight: u64,
    workers: Workers,
    /// A chip whose assets have changed meanwhile, read by itself: its turn has come.
    anew: Option<BoxFuture<'static, Result<ReadyChip, FailedChip>>>,
}

type Opened = (u64, Result<Planned, ChipError>);

/// Steps with their bytes.
struct Fetched {
    steps: Vec<(Step, Result<Bytes, ChipError>)>,
    /// Ranges asked for a second time.
    retried: u64,
}

impl ChipStream {
    pub(super) fn new(turns: Turns, reader: &ChipReader, options: &BatchOptions) -> Self {
        let workers = Workers::new(options.threads.get(), Arc::clone(reader.codecs()));
        Self::on(workers, turns, reader, options)
    }

    fn on(workers: Workers, turns: Turns, reader: &ChipReader, options: &BatchOptions) -> Self {
        Self {
            turns,
            no_more_turns: false,
            preparing: Arc::new(Preparing::new(reader.clone())),
            opening: FuturesOrdered::new(),
            opened: VecDeque::new(),
            engine: Engine::new(options),
            fetching: FuturesUnordered::new(),
            in_flight: 0,
            most_in_flight: options.fetch_bytes(),
            workers,
            anew: None,
        }
    }

    /// What they have cost so far.
    pub const fn counts(&self) -> BatchCounts {
        self.engine.counts()
    }

    /// Takes what was decoded.
    fn accept(&mut self, context: &Context<'_>) -> bool {
        let done = self.workers.done_or_wake(context.waker());
        let any = !done.is_empty();
        for (step, made) in done {
            self.in_flight = self.in_flight.saturating_sub(step.stored_bytes());
            self.engine.accept(&step, made);
        }
        any
    }

    /// Plans chips as far as is looked ahead.
    fn feed(&mut self, context: &mut Context<'_>) -> bool {
        let mut any = false;
        loop {
            while !self.no_more_turns
                && self.opening.len() + self.opened.len()
                    < self.engine.appetite().min(OPENING_AT_ONCE)
            {
                let Some((number, wanted)) = self.turns.next() else {
                    self.no_more_turns = true;
                    break;
                };
                let preparing = Arc::clone(&self.preparing);
                let open = async move { (number, preparing.prepare(wanted).await) };
                self.opening.push_back(open.boxed());
            }
            // All of them go on whenever anything does: one may hold what another waits for.
            while let Poll::Ready(Some(opened)) = self.opening.poll_next_unpin(context) {
                self.opened.push_back(opened);
            }
            // Those that are open wait for their turn to be planned: how many are planned when a block is
            // chosen must not depend on how many happened to be opened.
            if !self.engine.is_hungry() {
                return any;
            }
            match self.opened.pop_front() {
                Some((number, chip)) => {
                    self.engine.push(number, chip);
                    any = true;
                }
                // That there are no more may be all that was waited for.
                None if self.no_more_turns && self.opening.is_empty() => {
                    return self.engine.end() || any;
                }
                None => return any,
            }
        }
    }

    /// Asks for the bytes of the next steps, and gives out what has come.
    fn fetch(&mut self, context: &mut Context<'_>) -> bool {
        let before = self.engine.progress();
        loop {
            let steps = self.next_steps();
            if steps.is_empty() {
                break;
            }
            for (reader, steps) in by_reader(steps) {
                match reader {
                    Ok(reader) => self.fetching.push(read(reader, steps).boxed()),
                    Err(error) => {
                        let error = Arc::new(error);
                        for step in steps {
                            let bytes = Some(Err(ChipError::Shared(Arc::clone(&error))));
                            self.workers.give(Task { step, bytes });
                        }
                    }
                }
            }
        }
        let mut any = self.engine.progress() != before;
        while let Poll::Ready(Some(fetched)) = self.fetching.poll_next_unpin(context) {
            any = true;
            self.engine.retried(fetched.retried);
            for (step, bytes) in fetched.steps {
                let bytes = Some(bytes);
                self.workers.give(Task { step, bytes });
            }
        }
        any
    }

    /// Steps to be fetched together.
    fn next_steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut bytes = 0;
        while (self.in_flight == 0 || self.in_flight < self.most_in_flight)
            && bytes < BYTES_TOGETHER
            && let Some(step) = self.engine.next_step()
        {
            if step.stored().is_none() {
                let bytes = Some(Ok(Bytes::new()));
                self.workers.give(Task { step, bytes });
                continue;
            }
            bytes += step.stored_bytes();
            self.in_flight = self.in_flight.saturating_add(step.stored_bytes());
            steps.push(step);
        }
        steps
    }
}

impl Stream for ChipStream {
    type Item = Result<ReadyChip, FailedChip>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let accepted = this.accept(context);
            if let Some(anew) = &mut this.anew {
                // Meanwhile all others go on: what they hold, a request or a part of a table on its way,
                // it may wait for.
                if let Poll::Ready(read) = anew.poll_unpin(context) {
                    this.anew = None;
                    if read.is_ok() {
                        this.engine.regained();
                    }
                    return Poll::Ready(Some(read));
                }
            } else {
                match this.engine.take() {
                    Some(Ok(chip)) => return Poll::Ready(Some(Ok(chip))),
                    Some(Err(lost)) if lost.may_be_read_anew() => {
                        let preparing = Arc::clone(&this.preparing);
                        let read =
                            async move { read_anew(&preparing, lost, Decoding::OnAThread).await };
                        this.anew = Some(read.boxed());
                        continue;
                    }
                    Some(Err(lost)) => return Poll::Ready(Some(Err(lost.failed))),
                    None => {}
                }
                if this.engine.is_done() {
                    return Poll::Ready(None);
                }
            }
            let fed = this.feed(context);
            let fetched = this.fetch(context);
            if !accepted && !fed && !fetched {
                return Poll::Pending;
            }
        }
    }
}

impl FusedStream for ChipStream {
    fn is_terminated(&self) -> bool {
        self.engine.is_done() && self.anew.is_none()
    }
}

impl fmt::Debug for ChipStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChipStream")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// The steps by what reads them, each in the order in which they were.
#[expect(clippy::type_complexity, reason = "pairs that are taken apart at once")]
fn by_reader(steps: Vec<Step>) -> Vec<(Result<Arc<dyn RangeReader>, ChipError>, Vec<Step>)> {
    let mut groups: Vec<(Result<Arc<dyn RangeReader>, ChipError>, Vec<Step>)> = Vec::new();
    let mut places = HashMap::new();
    for step in steps {
        let reader = step.reader().cloned();
        let key = reader.as_ref().ok().map(|r| Arc::as_ptr(r).addr());
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, steps)) => steps.push(step),
            None => groups.push((reader, vec![step])),
        }
    }
    groups
}

/// The bytes of steps that one reader reads, asked for at once; where that fails in a way that may be
/// of one range, one by one, so that it is known of which. What may pass is so asked for twice, also
/// where it was one range.
async fn read(reader: Arc<dyn RangeReader>, steps: Vec<Step>) -> Fetched {
    let ranges: Vec<_> = steps
        .iter()
        .filter_map(|step| Some(step.stored()?.range.clone()))
        .collect();
    let error = match all_answers(reader.as_ref(), &ranges).await {
        Ok(answers) => {
            let steps = steps.into_iter().zip(answers.into_iter().map(Ok));
            return Fetched {
                steps: steps.collect(),
                retried: 0,
            };
        }
        Err(error) => error,
    };
    let again = match error.kind {
        ReadErrorKind::Range => ranges.len() > 1,
        ReadErrorKind::Transient => true,
        _ => false,
    };
    if again {
        let each = ranges.iter().map(|range| async {
            let answers = all_answers(reader.as_ref(), std::slice::from_ref(range)).await?;
            Ok(answers.into_iter().next().unwrap_or_default())
        });
        let answers = join_all(each).await;
        return Fetched {
            steps: steps.into_iter().zip(answers).collect(),
            retried: ranges.len() as u64,
        };
    }
    let error = Arc::new(ChipError::Read(error));
    let failed = |step| (step, Err(ChipError::Shared(Arc::clone(&error))));
    Fetched {
        steps: steps.into_iter().map(failed).collect(),
        retried: 0,
    }
}

/// Chips whose headers and tables are read at once.
const OPENING_AT_ONCE: usize = 32;
/// Bytes of blocks that are asked for together: what is merged and answered at once.
const BYTES_TOGETHER: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use std::{
        future::{poll_fn, ready},
        ops::Range,
        sync::mpsc,
        thread,
        time::Duration,
    };

    use async_trait::async_trait;
    use futures::executor::block_on;
    use stacchip_cog::{
        Codecs, HeaderStore, Limits, ReadError, Version, WriteOptions,
        testing::{MemoryHeaders, MemoryReader},
        write_cog,
    };
    use stacchip_model::{Pixels, SampleType, Size, Window};

    use super::*;
    use crate::{
        AssetRequest, ChipRequest, Frame, Raster, RasterCache,
        batch::{Order, WantedChip},
        testing::MemoryOpener,
    };

    /// A reader that answers when it is asked again, a few times.
    #[derive(Debug)]
    struct Later(MemoryReader);

    #[async_trait]
    impl RangeReader for Later {
        async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
            let mut times = 0;
            let later = |context: &mut Context<'_>| {
                times += 1;
                context.waker().wake_by_ref();
                if times > 3 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            };
            poll_fn(later).await;
            self.0.read(ranges).await
        }

        fn address(&self) -> &str {
            self.0.address()
        }

        fn version(&self) -> Version {
            self.0.version()
        }
    }

    /// Chips whose tables are read in parts, of an object that is replaced after the first of them: all
    /// of them come, though each lost one waits for parts that chips not yet planned are fetching.
    #[test]
    fn what_is_read_anew_waits_for_nobody_who_is_not_polled() {
        for ahead in [2, 4, 8, 32] {
            let file = |etag: &str| {
                let pixels = Pixels::zeros(SampleType::U8, [1, 256, 256]).unwrap();
                let bytes = write_cog(&pixels, &WriteOptions::cog().tiles(16), None).unwrap();
                MemoryReader::new(bytes).with_etag(etag)
            };
            let limits = Limits {
                first_read_bytes: 256,
                page_bytes: 64,
                ..Limits::default()
            };
            let opener = MemoryOpener::default().with("a", Arc::new(file("\"old\"")));
            let raster = block_on(Raster::open(&opener, "a", &limits)).unwrap();
            let headers = Arc::new(MemoryHeaders::default());
            let kept = block_on(raster.stored_header()).unwrap();
            block_on(headers.keep(&[kept])).unwrap();
            let rasters = RasterCache::new(4, limits).with_headers(headers);
            let codecs = Arc::new(Codecs::new());
            let reader = ChipReader::new(
                Arc::new(opener.clone()),
                Arc::clone(&codecs),
                Arc::new(rasters),
            );
            let frame = Frame::of_size(Size::new(256, 256));
            let assets = vec![AssetRequest::new("a", "a")];
            let like = Arc::new(ChipRequest::new(frame, Window::new(0, 0, 1, 1), assets));
            let list = (0..64).map(move |i| WantedChip {
                like: Arc::clone(&like),
                window: Window::new(i % 16 * 16, i / 16 * 16, 16, 16),
            });
            let options = BatchOptions::default()
                .order(Order::Asked)
                .memory(1000)
                .look_ahead(ahead);
            let turns = Turns::new(Box::new(list), &options);
            let mut stream = ChipStream::on(Workers::new(0, codecs), turns, &reader, &options);
            let (done, ended) = mpsc::channel();
            thread::spawn(move || {
                block_on(stream.next()).unwrap().unwrap();
                opener.put("a", Arc::new(Later(file("\"new\""))));
                let rest = block_on(stream.filter(|chip| ready(chip.is_ok())).count());
                done.send(rest).unwrap();
            });
            // It takes milliseconds, or for ever.
            assert_eq!(
                ended.recv_timeout(Duration::from_mins(2)),
                Ok(63),
                "{ahead}"
            );
        }
    }

    #[test]
    fn without_a_thread_whoever_takes_the_chips_decodes() {
        let pixels = Pixels::zeros(SampleType::U8, [1, 64, 64]).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog().tiles(16), None).unwrap();
        let opener = MemoryOpener::default().with("a", Arc::new(MemoryReader::new(file)));
        let codecs = Arc::new(Codecs::new());
        let rasters = Arc::new(RasterCache::default());
        let reader = ChipReader::new(Arc::new(opener), Arc::clone(&codecs), rasters);
        let frame = Frame::of_size(Size::new(64, 64));
        let assets = vec![AssetRequest::new("a", "a")];
        let like = Arc::new(ChipRequest::new(frame, Window::new(0, 0, 1, 1), assets));
        let list = (0..16).map(move |i| WantedChip {
            like: Arc::clone(&like),
            window: Window::new(i % 4 * 16, i / 4 * 16, 16, 16),
        });
        let options = BatchOptions::default();
        let turns = Turns::new(Box::new(list), &options);
        let stream = ChipStream::on(Workers::new(0, codecs), turns, &reader, &options);
        let chips: Vec<_> = block_on(stream.collect());
        assert_eq!(chips.iter().filter(|chip| chip.is_ok()).count(), 16);
    }
}
