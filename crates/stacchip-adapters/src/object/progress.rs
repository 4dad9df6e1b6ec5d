//! How an attempt gets on: what comes slowly is given time, and what came is not held against it.

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use tokio::time::timeout_at;

/// What is known of the attempt that is being made.
#[derive(Debug, Clone, Copy)]
struct Progress {
    /// Bytes that it brings, as far as is known.
    bytes: u64,
    /// When bytes came last, or it began.
    last: Instant,
}

tokio::task_local! {
    static PROGRESS: Cell<Progress>;
}

/// Does `work`, for `bytes` as far as is known, within `left` and the time that a slow link takes for
/// as many bytes as there turn out to be. What it gave, if it ended in time; and for how long nothing
/// had come when it ended.
pub(super) async fn within<T>(
    left: Duration,
    bytes: u64,
    work: impl Future<Output = T>,
) -> (Option<T>, Duration) {
    let began = Instant::now();
    let limit = |progress: Progress| began + left + Duration::from_secs(progress.bytes / SLOWEST);
    let last = began;
    PROGRESS
        .scope(Cell::new(Progress { bytes, last }), async {
            let mut work = pin!(work);
            loop {
                let until = limit(PROGRESS.with(Cell::get));
                let done = timeout_at(until.into(), work.as_mut()).await.ok();
                let progress = PROGRESS.with(Cell::get);
                if done.is_some() || limit(progress) <= until {
                    return (done, progress.last.elapsed());
                }
            }
        })
        .await
}

/// So many bytes are on their way.
pub(super) fn expected(bytes: u64) {
    change(|progress| Progress {
        bytes: progress.bytes.max(bytes),
        ..progress
    });
}

/// So many bytes have come.
pub(super) fn came(bytes: u64) {
    change(|progress| Progress {
        bytes: progress.bytes.max(bytes),
        last: Instant::now(),
    });
}

fn change(how: impl FnOnce(Progress) -> Progress) {
    // What nobody waits for has no limit.
    let _ = PROGRESS.try_with(|progress| progress.set(how(progress.get())));
}

/// Bytes a second that are slow, but no failure.
const SLOWEST: u64 = 32 << 10;

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;
    use crate::object::tests::wait;

    #[test]
    fn time_is_limited_by_what_there_is_to_come() {
        let left = Duration::from_millis(20);
        let (nothing, idle) = wait(within(left, 0, pending::<()>()));
        assert_eq!(nothing, None);
        assert!(idle >= left);
        // What turns out to be large is waited for.
        let slow = async {
            expected(SLOWEST * 3600);
            sleep(left * 3).await;
        };
        assert_eq!(wait(within(left, 0, slow)).0, Some(()));
    }

    #[test]
    fn what_came_is_not_held_against_it() {
        let pause = Duration::from_millis(50);
        let work = async {
            sleep(pause).await;
            came(SLOWEST);
        };
        let began = Instant::now();
        let (done, idle) = wait(within(pause / 5 + Duration::from_hours(1), 0, work));
        assert_eq!(done, Some(()));
        assert!(idle + pause <= began.elapsed());
    }
}
