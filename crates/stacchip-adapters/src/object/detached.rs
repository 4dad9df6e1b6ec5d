//! Objects for those who wait in threads of their own.

use std::{fmt, io, ops::Range, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip::{WriteError, WriteErrorKind};
use stacchip_chip::AssetOpener;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};
use tokio::{
    runtime::{Builder, Handle},
    task::unconstrained,
};

use super::{Objects, Replaces, Standing};

/// Objects on an event loop of their own, which runs in a thread of its own.
///
/// Whoever asks may wait on any thread and with any executor, `futures::executor::block_on` among them, also while another event loop
/// stands still: a table of Parquet is read by threads that compute, and waits there.
/// Requests are counted with those of the objects it was made of.
///
/// A task of tokio may wait for a bounded number of things before it has to give way, which who stands still inside of one never
/// does: so what is waited for here is not counted (`unconstrained`).
#[derive(Debug, Clone)]
pub struct DetachedObjects {
    objects: Objects,
    event_loop: Arc<EventLoop>,
}

struct EventLoop {
    handle: Handle,
    /// Dropped with the last clone: then the thread ends.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop").finish_non_exhaustive()
    }
}

impl DetachedObjects {
    /// What `objects` reach, over connections of its own.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub fn new(objects: &Objects) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("stacchip-objects".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Self {
            objects: objects.apart(),
            event_loop: Arc::new(EventLoop {
                handle,
                _stop: stop,
            }),
        })
    }

    /// As [`Objects::standing`].
    ///
    /// # Errors
    /// The same.
    pub async fn standing(&self, address: &str) -> Result<Standing, ReadError> {
        let of = address.to_owned();
        self.read(address, async move |objects| objects.standing(&of).await)
            .await
    }

    /// As [`Objects::list_standing`].
    ///
    /// # Errors
    /// The same.
    pub async fn list_standing(&self, address: &str) -> Result<Vec<Standing>, ReadError> {
        let of = address.to_owned();
        self.read(address, async move |objects| {
            objects.list_standing(&of).await
        })
        .await
    }

    /// As [`Objects::put_file`].
    ///
    /// # Errors
    /// The same.
    pub async fn put_file(
        &self,
        address: &str,
        path: &Path,
        replaces: Replaces<'_>,
    ) -> Result<(), WriteError> {
        let (to, path) = (address.to_owned(), path.to_owned());
        let only = match replaces {
            Replaces::Only(standing) => Some(standing.clone()),
            _ => None,
        };
        let anything = matches!(replaces, Replaces::Anything);
        let work = async move |objects: Objects| {
            let replaces = match &only {
                Some(standing) => Replaces::Only(standing),
                None if anything => Replaces::Anything,
                None => Replaces::Nothing,
            };
            objects.put_file(&to, &path, replaces).await
        };
        self.write(address, work).await
    }

    /// As [`Objects::remove`].
    ///
    /// # Errors
    /// The same.
    pub async fn remove(&self, address: &str) -> Result<(), WriteError> {
        let of = address.to_owned();
        self.write(address, async move |objects: Objects| {
            objects.remove(&of).await
        })
        .await
    }

    async fn read<T: Send + 'static, F>(
        &self,
        address: &str,
        work: impl FnOnce(Objects) -> F,
    ) -> Result<T, ReadError>
    where
        F: Future<Output = Result<T, ReadError>> + Send + 'static,
    {
        let done = self.event_loop.handle.spawn(work(self.objects.clone()));
        unconstrained(done)
            .await
            .unwrap_or_else(|e| Err(ReadError::new(ReadErrorKind::Other, address).because(e)))
    }

    async fn write<F>(
        &self,
        address: &str,
        work: impl FnOnce(Objects) -> F,
    ) -> Result<(), WriteError>
    where
        F: Future<Output = Result<(), WriteError>> + Send + 'static,
    {
        let done = self.event_loop.handle.spawn(work(self.objects.clone()));
        unconstrained(done)
            .await
            .unwrap_or_else(|e| Err(WriteError::new(WriteErrorKind::Other, address).because(e)))
    }
}

#[async_trait]
impl AssetOpener for DetachedObjects {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        let of = address.to_owned();
        let reader = self.read(address, async move |objects: Objects| {
            objects.open(&of).await
        });
        Ok(self.detached(reader.await?))
    }

    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError> {
        let (of, version) = (address.to_owned(), version.clone());
        let reader = self.read(address, async move |objects: Objects| {
            objects.open_version(&of, &version).await
        });
        Ok(self.detached(reader.await?))
    }
}

impl DetachedObjects {
    fn detached(&self, reader: Arc<dyn RangeReader>) -> Arc<dyn RangeReader> {
        Arc::new(DetachedReader {
            reader,
            objects: self.clone(),
        })
    }
}

/// A reader whose requests are made on that event loop.
#[derive(Debug)]
struct DetachedReader {
    reader: Arc<dyn RangeReader>,
    objects: DetachedObjects,
}

#[async_trait]
impl RangeReader for DetachedReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let (reader, ranges) = (Arc::clone(&self.reader), ranges.to_vec());
        let work = async move |_| reader.read(&ranges).await;
        self.objects.read(self.address(), work).await
    }

    fn address(&self) -> &str {
        self.reader.address()
    }

    fn version(&self) -> Version {
        self.reader.version()
    }

    fn requests(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        self.reader.requests(ranges)
    }
}
