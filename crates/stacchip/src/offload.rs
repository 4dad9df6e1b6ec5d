//! Between waiting and computing.

use futures::channel::oneshot;

/// Runs `compute` on the threads that compute, from now on, while the caller waits without holding its
/// own. Nothing where it did not finish: it panicked, or its threads went away.
pub(crate) fn offload<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Option<T>> + Send {
    let (done, result) = oneshot::channel();
    rayon::spawn(move || {
        // Where nobody waits any longer, the result is not wanted.
        let _ = done.send(compute());
    });
    async { result.await.ok() }
}
