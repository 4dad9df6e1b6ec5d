//! Readers with habits, and what comes of them.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, executor::block_on};
use stacchip_chip::{
    ChipReader, RasterCache,
    batch::{BatchOptions, BatchReader, Order, WantedChip},
    testing::MemoryOpener,
};
use stacchip_cog::{Codecs, RangeReader, ReadError, ReadErrorKind, Version, testing::MemoryReader};
use stacchip_model::Window;

use crate::scene::{SIDE, file, grid, like, options, pixels};

/// A reader with a habit.
#[derive(Debug)]
struct Peculiar {
    inner: Arc<MemoryReader>,
    habit: Habit,
    calls: AtomicU64,
    /// How often it fails from now on, in a way that passes.
    falters: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Habit {
    /// None.
    None,
    /// Answers after it has been asked as often.
    Slow(u32),
    /// Leaves the last answer out where several are asked for.
    Short,
    /// Fails so where several are asked for, or where the range starts there or beyond.
    Fails(ReadErrorKind, u64),
}

#[async_trait]
impl RangeReader for Peculiar {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fewer = |left: u64| left.checked_sub(1);
        let falters = self
            .falters
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        if falters.is_ok() {
            return Err(ReadError::new(ReadErrorKind::Transient, "peculiar"));
        }
        let mut answers = self.inner.read(ranges).await?;
        match self.habit {
            Habit::Slow(times) => {
                let mut left = times;
                std::future::poll_fn(|context| {
                    context.waker().wake_by_ref();
                    left = left.saturating_sub(1);
                    if left == 0 {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                })
                .await;
            }
            Habit::Short if ranges.len() > 1 => drop(answers.pop()),
            Habit::Fails(kind, from) => {
                if ranges.len() > 1 || ranges.iter().any(|range| range.start >= from) {
                    return Err(ReadError::new(kind, "peculiar"));
                }
            }
            Habit::Short | Habit::None => {}
        }
        Ok(answers)
    }

    fn address(&self) -> &'static str {
        "peculiar"
    }

    fn version(&self) -> Version {
        self.inner.version()
    }
}

fn peculiar(habit: Habit) -> (ChipReader, Arc<Peculiar>) {
    let bytes = file(&pixels(1, SIDE), None, &options());
    let reader = Arc::new(Peculiar {
        inner: Arc::new(MemoryReader::new(bytes)),
        habit,
        calls: AtomicU64::new(0),
        falters: AtomicU64::new(0),
    });
    let opener = ["a", "b"]
        .iter()
        .fold(MemoryOpener::default(), |opener, name| {
            opener.with(*name, Arc::clone(&reader) as Arc<_>)
        });
    let rasters = Arc::new(RasterCache::default());
    let chips = ChipReader::new(Arc::new(opener), Arc::new(Codecs::new()), rasters);
    (chips, reader)
}

/// A stream of the scene, and then of the next, while chips of the next are read by another way: what
/// the stream began and does not poll must not be waited for.
#[test]
fn a_stream_that_is_not_polled_stops_nobody() {
    let (reader, _) = peculiar(Habit::Slow(20));
    let (first, second) = (like("a"), like("b"));
    let list: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|like| {
            grid().into_iter().map(|window| WantedChip {
                like: Arc::clone(like),
                window,
            })
        })
        .collect();
    let options = BatchOptions::default().order(Order::Asked).look_ahead(60);
    let mut stream = BatchReader::new(&reader, options).stream(list);
    let count = block_on(async {
        let mut count = 0;
        while let Some(chip) = stream.next().await {
            chip.unwrap();
            reader.read_chip(&second).await.unwrap();
            count += 1;
        }
        count
    });
    assert_eq!(count, 128);
}

#[test]
fn what_a_reader_does_not_answer_is_an_error() {
    for (habit, said, failed, retried) in [
        (Habit::Short, "15 answers to 16 ranges", 64, 0),
        (
            Habit::Fails(ReadErrorKind::Denied, u64::MAX),
            "denied",
            64,
            0,
        ),
        (Habit::Fails(ReadErrorKind::Transient, u64::MAX), "", 0, 16),
        // The last row of tiles, but for what the header takes before them.
        (
            Habit::Fails(ReadErrorKind::Range, 7 * 16384),
            "byte ranges",
            0,
            16,
        ),
    ] {
        let (reader, peculiar) = peculiar(habit);
        let list = grid().into_iter().map(|window| WantedChip {
            like: like("a"),
            window,
        });
        let list: Vec<_> = list.collect();
        block_on(reader.raster("a")).unwrap();
        let opened = peculiar.calls.load(Ordering::Relaxed);
        let batch = BatchReader::new(&reader, BatchOptions::default());
        let mut stream = batch.stream(list);
        let chips: Vec<_> = block_on(stream.by_ref().collect());
        assert_eq!(chips.len(), 64);
        let errors: Vec<_> = chips.into_iter().filter_map(Result::err).collect();
        let counts = stream.counts();
        assert_eq!(counts.retried, retried, "{habit:?}");
        let calls = peculiar.calls.load(Ordering::Relaxed) - opened;
        assert_eq!(calls, 1 + retried, "{habit:?}");
        for error in &errors {
            assert!(error.to_string().contains(said), "{error}");
        }
        if let Habit::Fails(ReadErrorKind::Range, _) = habit {
            assert!(!errors.is_empty() && errors.len() < 32, "{}", errors.len());
        } else {
            assert_eq!(errors.len(), failed, "{habit:?}");
        }
    }
}

/// What a list asks a reader for may be one range, as of a chip in one tile.
#[test]
fn what_may_pass_is_asked_for_again_also_where_it_is_one_range() {
    for (falters, failed) in [(1, 0), (2, 1)] {
        let (reader, peculiar) = peculiar(Habit::None);
        block_on(reader.raster("a")).unwrap();
        let opened = peculiar.calls.load(Ordering::Relaxed);
        peculiar.falters.store(falters, Ordering::Relaxed);
        let list = [WantedChip {
            like: like("a"),
            window: Window::new(0, 0, 32, 32),
        }];
        let mut stream = BatchReader::new(&reader, BatchOptions::default()).stream(list);
        let chips: Vec<_> = block_on(stream.by_ref().collect());
        let counts = stream.counts();
        assert_eq!((chips.len(), counts.failed, counts.retried), (1, failed, 1));
        assert_eq!(peculiar.calls.load(Ordering::Relaxed) - opened, 2);
    }
}
