//! The way to one host: how many requests are under way, when the next may go, what it is like.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use stacchip::{WriteError, WriteErrorKind};
use stacchip_cog::{Link, ReadError, ReadErrorKind, Transfer};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, sleep_until},
};

use super::{
    attempt::{Again, FEW, Miss, pause, random},
    pace::Pace,
    progress::within,
    transport::Transport,
    wire::{Counts, count},
};

/// The lanes of one run.
#[derive(Debug)]
pub(super) struct Lanes {
    transport: Transport,
    bytes: Arc<Semaphore>,
    counts: Arc<Counts>,
    kept: Mutex<HashMap<String, Arc<Lane>>>,
}

/// The way to one host.
#[derive(Debug)]
pub(super) struct Lane {
    transport: Transport,
    requests: Arc<Semaphore>,
    /// In KiB, of all lanes together.
    bytes: Arc<Semaphore>,
    counts: Arc<Counts>,
    pace: Mutex<Pace>,
    link: Mutex<Link>,
}

/// Leave to have a request under way; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _request: OwnedSemaphorePermit,
    _bytes: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    pub(super) fn new(transport: Transport, counts: Arc<Counts>) -> Self {
        let bytes = usize::try_from(kib(transport.max_bytes)).unwrap_or(usize::MAX);
        Self {
            transport,
            bytes: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            counts,
            kept: Mutex::default(),
        }
    }

    /// The lane to `host`: the same for whoever asks.
    pub(super) fn lane(&self, host: &str) -> Arc<Lane> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = kept.get(host) {
            return Arc::clone(lane);
        }
        if kept.len() >= LANES {
            // Those in use live on with whom they serve.
            kept.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        let lane = Arc::new(Lane {
            transport: self.transport,
            requests: Arc::new(Semaphore::new(self.transport.max_requests)),
            bytes: Arc::clone(&self.bytes),
            counts: Arc::clone(&self.counts),
            pace: Mutex::new(Pace::new(self.transport.rate)),
            link: Mutex::default(),
        });
        kept.insert(host.to_owned(), Arc::clone(&lane));
        lane
    }
}

impl Lane {
    /// What is known of the way.
    pub(super) fn link(&self) -> Link {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from an answer.
    pub(super) fn observe(&self, seen: Transfer) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        *link = link.observed(seen);
    }

    /// Waits until a request for `bytes` may be under way, and may go; how much of that time the host
    /// had asked for, which is never more than `left`.
    ///
    /// # Errors
    /// How long the host asks to be left alone, where that is longer.
    async fn turn(&self, bytes: u64, left: Duration) -> Result<(Turn, Duration), Duration> {
        let Ok(request) = Arc::clone(&self.requests).acquire_owned().await else {
            // It is never closed.
            return std::future::pending().await;
        };
        let most = kib(self.transport.max_bytes);
        let wanted = u32::try_from(kib(bytes).min(most)).unwrap_or(u32::MAX);
        let mut held = Duration::ZERO;
        loop {
            // Bytes are of all hosts: none are kept while this one is not to be asked.
            held += self.due(left.saturating_sub(held)).await?;
            let bytes = match wanted {
                0 => None,
                _ => Arc::clone(&self.bytes)
                    .acquire_many_owned(wanted)
                    .await
                    .ok(),
            };
            if self.pace().go(Instant::now()).is_ok() {
                let turn = Turn {
                    _request: request,
                    _bytes: bytes,
                };
                return Ok((turn, held));
            }
        }
    }

    /// Leave for one more request, if there is any without waiting.
    pub(super) fn turn_at_once(&self) -> Option<Turn> {
        let request = Arc::clone(&self.requests).try_acquire_owned().ok()?;
        self.pace().go(Instant::now()).ok()?;
        Some(Turn {
            _request: request,
            _bytes: None,
        })
    }

    /// Waits until one more request of an attempt at `address` may go, which has its turn already.
    ///
    /// # Errors
    /// Where the host asks to be left alone for longer than anybody waits.
    pub(super) async fn once_more(&self, address: &str) -> Result<(), Miss> {
        let mut left = self.transport.deadline;
        loop {
            let Ok(held) = self.due(left).await else {
                let error = ReadError::new(ReadErrorKind::Transient, address);
                return Err(error.because("the server asks to be left alone").into());
            };
            left = left.saturating_sub(held);
            if self.pace().go(Instant::now()).is_ok() {
                return Ok(());
            }
        }
    }

    /// Waits until the next request may go, as far as can be told; how much of that time the host had
    /// asked for.
    ///
    /// # Errors
    /// How long it asks to be left alone, where that is as long as is `left`.
    async fn due(&self, left: Duration) -> Result<Duration, Duration> {
        let mut waited = Duration::ZERO;
        loop {
            let now = Instant::now();
            let (due, held) = {
                let pace = self.pace();
                (pace.due(now), pace.held(now))
            };
            if let Some(held) = held.map(|until| until - now) {
                if held + waited >= left {
                    return Err(held);
                }
                waited += held;
            }
            match due {
                Some(due) => sleep_until(due.into()).await,
                None => return Ok(waited),
            }
        }
    }

    /// Makes attempts until one succeeds, none can, or the deadline has passed. Each waits for its
    /// turn for a request for `bytes`, 0 where nobody knows how many; the time that the queue takes
    /// does not count, nor the time in which bytes came.
    pub(super) async fn patiently<'a, T, E: Unfinished>(
        &self,
        address: &str,
        bytes: u64,
        attempt: &(dyn Fn() -> BoxFuture<'a, Result<T, Miss<E>>> + Send + Sync),
    ) -> Result<T, E> {
        let deadline = self.transport.deadline;
        let mut tries = 0u32;
        let mut spent = Duration::ZERO;
        let mut last = None;
        loop {
            let turn = self.turn(bytes, deadline.saturating_sub(spent)).await;
            let (turn, held) = match turn {
                Ok(turn) => turn,
                Err(wait) => {
                    let error = last.unwrap_or_else(|| E::passing(address));
                    return Err(error.given_up(tries, spent, Some(wait)));
                }
            };
            tries += 1;
            if tries > 1 {
                count(&self.counts.retries, 1);
                spent += held;
            }
            // How long a server may be silent is limited elsewhere.
            let left = deadline.saturating_sub(spent);
            let (result, idle) = within(left, bytes, attempt()).await;
            drop(turn);
            spent += idle;
            let miss = match result {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(miss)) => miss,
                None => {
                    let error = last.unwrap_or_else(|| E::passing(address).because(OUT_OF_TIME));
                    return Err(error.given_up(tries, spent, None));
                }
            };
            let now = Instant::now();
            if let Some(wait) = miss.wait {
                self.pace().hold(now, wait);
            }
            let hopeless = match miss.again {
                Again::Never => return Err(miss.error),
                Again::Few => tries >= FEW,
                Again::Yes => false,
            };
            let pause = pause(tries, random());
            let held = self.pace().held(now).map(|until| until - now);
            if hopeless || spent + held.map_or(pause, |held| held.max(pause)) >= deadline {
                return Err(miss.error.given_up(tries, spent, miss.wait));
            }
            spent += pause;
            last = Some(miss.error);
            sleep(pause).await;
        }
    }

    /// Whether a straggler is asked for again, and after how long, if it is for `bytes`.
    pub(super) fn hedge(&self, bytes: u64) -> Option<Duration> {
        self.transport
            .hedge
            .then(|| (self.link().expected(bytes) * LATE).max(LEAST_LATE))
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errors that can say that they were met more than once.
pub(super) trait Unfinished {
    /// The same, after `tries` tries in `time`; the server asked to `wait` before the next.
    fn given_up(self, tries: u32, time: Duration, wait: Option<Duration>) -> Self;

    /// A failure that passes.
    fn passing(address: &str) -> Self;

    /// The same, and why.
    fn because(self, cause: &'static str) -> Self;
}

impl Unfinished for ReadError {
    fn given_up(mut self, tries: u32, time: Duration, wait: Option<Duration>) -> Self {
        let cause = self.cause.take();
        Self::because(self, how_often(cause.as_deref(), tries, time, wait))
    }

    fn passing(address: &str) -> Self {
        Self::new(ReadErrorKind::Transient, address)
    }

    fn because(self, cause: &'static str) -> Self {
        Self::because(self, cause)
    }
}

impl Unfinished for WriteError {
    fn given_up(mut self, tries: u32, time: Duration, wait: Option<Duration>) -> Self {
        let cause = self.cause.take();
        Self::because(self, how_often(cause.as_deref(), tries, time, wait))
    }

    fn passing(address: &str) -> Self {
        Self::new(WriteErrorKind::Transient, address)
    }

    fn because(self, cause: &'static str) -> Self {
        Self::because(self, cause)
    }
}

fn how_often(
    cause: Option<&(dyn std::error::Error + Send + Sync)>,
    tries: u32,
    time: Duration,
    wait: Option<Duration>,
) -> String {
    let mut text = cause.map(|c| format!("{c}; ")).unwrap_or_default();
    let time = time.as_secs_f64();
    let _ = match tries {
        0 => write!(text, "not asked for"),
        1 => write!(text, "given up after 1 try in {time:.1} s"),
        _ => write!(text, "given up after {tries} tries in {time:.1} s"),
    };
    if let Some(wait) = wait.filter(|w| !w.is_zero()) {
        let _ = write!(
            text,
            ", the server asks to wait {} s",
            wait.as_secs_f64().ceil()
        );
    }
    text
}

const fn kib(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}

const OUT_OF_TIME: &str = "it took too long";
/// Lanes remembered: hosts and buckets of one run.
const LANES: usize = 256;
/// How many times longer than expected a request takes before it is asked for again.
const LATE: u32 = 4;
/// Least time after which it is.
const LEAST_LATE: Duration = Duration::from_millis(200);
