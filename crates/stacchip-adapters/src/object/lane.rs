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
    time::{sleep, sleep_until, timeout},
};

use super::{
    attempt::{Again, FEW, Miss, pause, random},
    pace::Pace,
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

    /// Waits until a request for `bytes` may be under way, and may go.
    async fn turn(&self, bytes: u64) -> Turn {
        let request = Arc::clone(&self.requests).acquire_owned().await;
        let most = kib(self.transport.max_bytes);
        let wanted = u32::try_from(kib(bytes).min(most)).unwrap_or(u32::MAX);
        let bytes = if wanted == 0 {
            None
        } else {
            Arc::clone(&self.bytes)
                .acquire_many_owned(wanted)
                .await
                .ok()
        };
        self.go().await;
        match request {
            Ok(request) => Turn {
                _request: request,
                _bytes: bytes,
            },
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// Leave for one more request, if there is any without waiting for others to end.
    pub(super) fn turn_at_once(&self) -> Option<Turn> {
        let request = Arc::clone(&self.requests).try_acquire_owned().ok()?;
        let now = Instant::now();
        let mut pace = self.pace();
        // A place in the future would be kept in vain.
        if pace.held(now).is_some() || self.transport.rate.is_some() {
            return None;
        }
        pace.place(now);
        Some(Turn {
            _request: request,
            _bytes: None,
        })
    }

    /// Waits until the next request may go.
    async fn go(&self) {
        let mut at = self.pace().place(Instant::now());
        loop {
            let now = Instant::now();
            if at > now {
                sleep_until(at.into()).await;
            }
            // While this one waited, another may have been told to leave the host alone.
            let Some(until) = self.pace().held(Instant::now()) else {
                return;
            };
            at = until;
        }
    }

    /// Makes attempts until one succeeds, none can, or the deadline has passed. Each waits for its
    /// turn for a request for `bytes`, 0 where nobody knows how many; the time that the queue takes
    /// does not count.
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
            let turn = self.turn(bytes).await;
            tries += 1;
            if tries > 1 {
                count(&self.counts.retries, 1);
            }
            let began = Instant::now();
            let result = if bytes == 0 {
                Ok(attempt().await)
            } else {
                // What comes slowly is given time, by its length; how long a server may be silent is
                // limited elsewhere.
                let slow = Duration::from_secs(bytes / SLOWEST);
                timeout(deadline.saturating_sub(spent) + slow, attempt()).await
            };
            drop(turn);
            spent += began.elapsed();
            let miss = match result {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(miss)) => miss,
                Err(_) => {
                    let error = last.unwrap_or_else(|| E::out_of_time(address));
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
            let held = self.pace().held(now).map_or(pause, |until| until - now);
            if hopeless || spent + pause.max(held) >= deadline {
                return Err(miss.error.given_up(tries, spent, miss.wait));
            }
            spent += pause.max(held);
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

    /// It took too long.
    fn out_of_time(address: &str) -> Self;
}

impl Unfinished for ReadError {
    fn given_up(mut self, tries: u32, time: Duration, wait: Option<Duration>) -> Self {
        let cause = self.cause.take();
        self.because(how_often(cause.as_deref(), tries, time, wait))
    }

    fn out_of_time(address: &str) -> Self {
        Self::new(ReadErrorKind::Transient, address).because(OUT_OF_TIME)
    }
}

impl Unfinished for WriteError {
    fn given_up(mut self, tries: u32, time: Duration, wait: Option<Duration>) -> Self {
        let cause = self.cause.take();
        self.because(how_often(cause.as_deref(), tries, time, wait))
    }

    fn out_of_time(address: &str) -> Self {
        Self::new(WriteErrorKind::Transient, address).because(OUT_OF_TIME)
    }
}

fn how_often(
    cause: Option<&(dyn std::error::Error + Send + Sync)>,
    tries: u32,
    time: Duration,
    wait: Option<Duration>,
) -> String {
    let mut text = cause.map(|c| format!("{c}; ")).unwrap_or_default();
    let times = if tries == 1 { "try" } else { "tries" };
    let _ = write!(
        text,
        "given up after {tries} {times} in {:.1} s",
        time.as_secs_f64()
    );
    if let Some(wait) = wait.filter(|w| !w.is_zero()) {
        let _ = write!(text, ", the server asks to wait {} s", wait.as_secs());
    }
    text
}

const fn kib(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}

const OUT_OF_TIME: &str = "it took too long";
/// Lanes remembered: hosts and buckets of one run.
const LANES: usize = 256;
/// Bytes a second that are slow, but no failure.
const SLOWEST: u64 = 32 << 10;
/// How many times longer than expected a request takes before it is asked for again.
const LATE: u32 = 4;
/// Least time after which it is.
const LEAST_LATE: Duration = Duration::from_millis(200);
