//! Threads that decode, beside the one that takes the chips.
//!
//! They are threads of the batch's own and no pool's: blocks are decoded in the order in which they
//! are given out, which pools do not promise, the one who waits for a chip decodes as well, and two
//! batches do not wait for each other.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle, Thread},
};

use bytes::Bytes;
use stacchip_cog::{Codecs, Scratch};
use stacchip_model::Pixels;

use super::step::{Step, all_answers};
use crate::{ChipError, chip_reader::with_scratch};

/// A step to be done.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) step: Step,
    /// The bytes of the block; nothing where whoever decodes it reads them.
    pub(super) bytes: Option<Result<Bytes, ChipError>>,
}

/// A step that was done.
pub(super) type Done = (Step, Result<Vec<Pixels>, ChipError>);

/// Some threads; ended and waited for when dropped.
#[derive(Debug)]
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    codecs: Arc<Codecs>,
    state: Mutex<State>,
    /// Told when there is a task, or the end.
    given: Condvar,
    /// Told when something was done.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tasks: VecDeque<Task>,
    done: Vec<Done>,
    under_way: usize,
    waker: Option<Waker>,
    ended: bool,
}

impl Workers {
    /// `count` threads, which may be none: then whoever takes the chips does it all. Where the system
    /// does not give as many, there are fewer.
    pub(super) fn new(count: usize, codecs: Arc<Codecs>) -> Self {
        let shared = Arc::new(Shared {
            codecs,
            state: Mutex::default(),
            given: Condvar::new(),
            done: Condvar::new(),
        });
        let thread = |_| {
            let shared = Arc::clone(&shared);
            let named = thread::Builder::new().name("stacchip-decode".to_owned());
            named.spawn(move || shared.work()).ok()
        };
        let threads = (0..count).map_while(thread).collect();
        Self { shared, threads }
    }

    /// Threads there are.
    pub(super) fn count(&self) -> usize {
        self.threads.len()
    }

    /// Gives a task out.
    pub(super) fn give(&self, task: Task) {
        self.shared.state().tasks.push_back(task);
        self.shared.given.notify_one();
    }

    /// Tasks that nobody has begun.
    pub(super) fn waiting(&self) -> usize {
        self.shared.state().tasks.len()
    }

    /// What was done since it was last asked.
    pub(super) fn done(&self) -> Vec<Done> {
        std::mem::take(&mut self.shared.state().done)
    }

    /// Does a task itself, or waits until one is done; `false` where there is nothing to wait for.
    pub(super) fn help(&self) -> bool {
        let mut state = self.shared.state();
        if let Some(task) = state.tasks.pop_front() {
            state.under_way += 1;
            drop(state);
            self.shared.finish(task);
            return true;
        }
        while state.done.is_empty() {
            if state.under_way == 0 {
                return false;
            }
            let waited = self.shared.done.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// What was done since it was last asked; where that is nothing, `waker` is told when there is.
    /// Where the system gave no thread, a task is done here.
    pub(super) fn done_or_wake(&self, waker: &Waker) -> Vec<Done> {
        if self.threads.is_empty() {
            self.help();
        }
        let mut state = self.shared.state();
        let done = std::mem::take(&mut state.done);
        if done.is_empty() {
            state.waker = Some(waker.clone());
        }
        done
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.ended = true;
        state.tasks.clear();
        drop(state);
        self.shared.given.notify_all();
        for thread in self.threads.drain(..) {
            // It has caught what went wrong in it.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        loop {
            let mut state = self.state();
            let task = loop {
                if state.ended {
                    return;
                }
                if let Some(task) = state.tasks.pop_front() {
                    break task;
                }
                let waited = self.given.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            };
            state.under_way += 1;
            drop(state);
            self.finish(task);
        }
    }

    fn finish(&self, task: Task) {
        let Task { step, bytes } = task;
        // Whoever waits for the chip must hear of it, whatever a codec does.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let bytes = bytes.unwrap_or_else(|| read(&step))?;
            with_scratch(|scratch| decode(&step, &bytes, &self.codecs, scratch))
        }));
        let made = made.unwrap_or(Err(ChipError::Stopped));
        let mut state = self.state();
        state.under_way -= 1;
        state.done.push((step, made));
        let waker = state.waker.take();
        drop(state);
        self.done.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `future` to its end on this thread, which may be inside another executor: futures' own
/// `block_on` panics there.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    struct Sleeper(Thread);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        thread::park();
    }
}

/// Reads the bytes of a step where it stands: of readers that answer at once.
fn read(step: &Step) -> Result<Bytes, ChipError> {
    let Some(stored) = step.stored() else {
        return Ok(Bytes::new());
    };
    let ranges = std::slice::from_ref(&stored.range);
    let answers = wait(all_answers(step.reader()?.as_ref(), ranges))?;
    Ok(answers.into_iter().next().unwrap_or_default())
}

fn decode(
    step: &Step,
    bytes: &[u8],
    codecs: &Codecs,
    scratch: &mut Scratch,
) -> Result<Vec<Pixels>, ChipError> {
    step.decode(bytes, codecs, scratch)
}
