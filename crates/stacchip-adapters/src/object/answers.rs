//! What many want to know, and one finds out for all.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use stacchip_cog::{ReadError, ReadErrorKind};
use tokio::sync::Mutex as AsyncMutex;

use super::attempt::{Again, Miss};

/// Answers by name. Whoever wants one that another is asking for waits for it, and shares in what
/// comes of it, even if that is a failure.
pub(super) struct Answers<T> {
    kept: Mutex<HashMap<String, Slot<T>>>,
}

type Slot<T> = Arc<AsyncMutex<Option<Known<T>>>>;

enum Known<T> {
    Answer(T),
    Failure {
        /// Who came before that shares in it.
        until: Instant,
        kind: ReadErrorKind,
        address: String,
        words: String,
        again: Again,
    },
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
        }
    }
}

impl<T> fmt::Debug for Answers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // They may be secrets.
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}

impl<T: Clone> Answers<T> {
    /// The answer called `name`: the one that is known where it is `good`, else what comes of `ask`.
    pub(super) async fn answer(
        &self,
        name: &str,
        good: impl Fn(&T) -> bool,
        ask: impl Future<Output = Result<T, Miss>>,
    ) -> Result<T, Miss> {
        let came = Instant::now();
        let slot = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT && !kept.contains_key(name) {
                kept.clear();
            }
            Arc::clone(kept.entry(name.to_owned()).or_default())
        };
        let mut held = slot.lock().await;
        match held.as_ref() {
            Some(Known::Answer(answer)) if good(answer) => return Ok(answer.clone()),
            Some(Known::Failure {
                until,
                kind,
                address,
                words,
                again,
            }) if came <= *until => {
                let error = ReadError::new(*kind, address).because(words.as_str());
                return Err(Miss::new(error, *again));
            }
            _ => {}
        }
        let asked = ask.await;
        *held = Some(match &asked {
            Ok(answer) => Known::Answer(answer.clone()),
            Err(miss) => Known::Failure {
                until: Instant::now() + miss.wait.unwrap_or_default().min(LONGEST),
                kind: miss.error.kind,
                address: miss.error.address.clone(),
                words: match &miss.error.cause {
                    Some(cause) => cause.to_string(),
                    None => String::new(),
                },
                again: miss.again,
            },
        });
        asked
    }
}

/// Answers remembered.
const KEPT: usize = 1024;
/// Longest time for which nobody asks again because the service said so.
const LONGEST: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join_all;

    use super::*;
    use crate::object::tests::wait;

    #[test]
    fn one_asks_for_all_who_wait() {
        let answers = Answers::default();
        let asked = Cell::new(0);
        let ask = async |answer: Result<u32, ReadErrorKind>| {
            asked.set(asked.get() + 1);
            tokio::time::sleep(Duration::from_millis(20)).await;
            answer.map_err(|kind| {
                let error = ReadError::new(kind, "there").because("busy");
                Miss::new(error, Again::Yes)
            })
        };
        wait(async {
            let failed = Err(ReadErrorKind::Transient);
            let all = (0..5).map(|_| answers.answer("a", |_| true, ask(failed)));
            for miss in join_all(all).await {
                let miss = miss.unwrap_err();
                assert_eq!(miss.again, Again::Yes);
                assert_eq!(
                    miss.error.to_string(),
                    "cannot read there: a passing failure: busy"
                );
            }
            assert_eq!(asked.get(), 1, "who waited shares in it");
            let all = (0..5).map(|_| answers.answer("a", |_| true, ask(Ok(7))));
            for answer in join_all(all).await {
                assert_eq!(answer.unwrap(), 7);
            }
            assert_eq!(asked.get(), 2, "who comes later asks again");
            assert_eq!(
                answers.answer("a", |n| *n > 7, ask(Ok(8))).await.unwrap(),
                8
            );
            assert_eq!(answers.answer("b", |_| true, ask(Ok(9))).await.unwrap(), 9);
            assert_eq!(asked.get(), 4);
        });
    }
}
