//! Between waiting and computing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::channel::oneshot;

/// Runs `compute` on the threads that compute, from now on, while the caller waits without holding its
/// own. Nothing where it did not finish: it panicked, as an encoder may (rayon would end the process), or
/// its threads went away.
pub(crate) fn offload<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Option<T>> + Send {
    let (done, result) = oneshot::channel();
    rayon::spawn(move || {
        // Where nobody waits any longer, the result is not wanted. What `compute` holds goes with it.
        let _ = done.send(catch_unwind(AssertUnwindSafe(compute)));
    });
    async { result.await.ok()?.ok() }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_panic_is_no_end_of_the_process() {
        let panics = || -> u8 { resume_unwind(Box::new("an encoder's")) };
        assert_eq!(block_on(offload(panics)), None);
        assert_eq!(block_on(offload(|| 7)), Some(7));
    }
}
