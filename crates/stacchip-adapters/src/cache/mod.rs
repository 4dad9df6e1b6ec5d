//! Bytes of objects kept in memory and in a folder, so that nobody fetches them twice.
//!
//! [`CachedOpener`] stands before any [`AssetOpener`]. What it keeps is a range of one version of an
//! object: under its address, its entity tag and its length, and it is given to no reader of another
//! version. Objects without a strong tag are not kept, and neither are files of this machine.
//!
//! A reader answers from what is kept only once the store has shown, in this run, that the object
//! still is of that version. Where everything asked for is kept already, one byte is asked for to see
//! that: a request, but no bytes to wait for.

mod disk;
mod key;
mod memory;

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip::address::Address;
use stacchip_chip::AssetOpener;
use stacchip_cog::{RangeReader, ReadError, Version};

use self::{
    disk::Disk,
    key::{Object, object},
    memory::Memory,
};

/// What is kept, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheOptions {
    /// Most bytes in memory; none are kept there with 0.
    pub memory: u64,
    /// A folder, and the most bytes in it. Any number of processes may share one.
    pub folder: Option<(PathBuf, u64)>,
}

/// What was answered without its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheUse {
    /// Ranges.
    pub ranges: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Opens what another opens, and keeps what is read of it. Clones share what they keep.
#[derive(Debug, Clone)]
pub struct CachedOpener {
    inner: Arc<dyn AssetOpener>,
    kept: Arc<Kept>,
}

#[derive(Debug)]
struct Kept {
    memory: Mutex<Memory>,
    disk: Option<Disk>,
    ranges: AtomicU64,
    bytes: AtomicU64,
}

/// An object whose bytes are kept.
struct CachedReader {
    inner: Arc<dyn RangeReader>,
    kept: Arc<Kept>,
    address: String,
    /// Whether the store has shown in this run which version is there.
    seen: AtomicBool,
}

impl CachedOpener {
    /// Keeps what `inner` reads, as `options` say.
    ///
    /// # Errors
    /// Where the folder cannot be made or written to.
    pub fn new(inner: Arc<dyn AssetOpener>, options: &CacheOptions) -> io::Result<Self> {
        let disk = match &options.folder {
            Some((folder, limit)) => Some(Disk::new(folder, *limit)?),
            None => None,
        };
        Ok(Self {
            inner,
            kept: Arc::new(Kept {
                memory: Mutex::new(Memory::new(options.memory)),
                disk,
                ranges: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
            }),
        })
    }

    /// What was answered without a store so far.
    pub fn used(&self) -> CacheUse {
        CacheUse {
            ranges: self.kept.ranges.load(Ordering::Relaxed),
            bytes: self.kept.bytes.load(Ordering::Relaxed),
        }
    }

    /// The folder, where there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.kept.disk.as_ref().map(Disk::folder)
    }

    fn cached(&self, inner: Arc<dyn RangeReader>, address: &str) -> Arc<dyn RangeReader> {
        if !matches!(Address::parse(address), Ok(afar) if !matches!(afar, Address::Local(_))) {
            return inner;
        }
        Arc::new(CachedReader {
            inner,
            kept: Arc::clone(&self.kept),
            address: address.to_owned(),
            seen: AtomicBool::new(false),
        })
    }
}

#[async_trait]
impl AssetOpener for CachedOpener {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        Ok(self.cached(self.inner.open(address).await?, address))
    }

    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError> {
        let inner = self.inner.open_version(address, version).await?;
        Ok(self.cached(inner, address))
    }
}

impl CachedReader {
    /// The version that is read, where it can be told from every other.
    fn object(&self) -> Option<Object> {
        object(&self.address, &self.inner.version())
    }

    /// Of each range what is kept; nothing of empty ones, which cost nothing.
    fn find(&self, object: &Object, ranges: &[Range<u64>]) -> Vec<Option<Bytes>> {
        let find = |range: &Range<u64>| {
            if range.start >= range.end {
                return Some(Bytes::new());
            }
            self.kept.find(object, range)
        };
        ranges.iter().map(find).collect()
    }

    /// One byte of an object of which all of `ranges` are kept: what shows that it is still there.
    fn proof(&self, ranges: &[Range<u64>]) -> Option<Range<u64>> {
        if self.seen.load(Ordering::Relaxed) {
            return None;
        }
        let some = ranges.iter().find(|range| range.start < range.end)?;
        Some(some.start..some.start + 1)
    }
}

#[async_trait]
impl RangeReader for CachedReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        // Nothing is known of the version yet: there is nothing to look for.
        let Some(object) = self.object() else {
            let answers = self.inner.read(ranges).await?;
            let some = answers.iter().any(|answer| !answer.is_empty());
            self.seen.fetch_or(some, Ordering::Relaxed);
            return Ok(answers);
        };
        let mut answers = self.find(&object, ranges);
        let missing: Vec<Range<u64>> = (ranges.iter().zip(&answers))
            .filter(|(_, found)| found.is_none())
            .map(|(range, _)| range.clone())
            .collect();
        if missing.is_empty() {
            if let Some(proof) = self.proof(ranges) {
                self.inner.read(std::slice::from_ref(&proof)).await?;
            }
        } else {
            let read = self.inner.read(&missing).await?;
            let empty = answers.iter_mut().filter(|answer| answer.is_none());
            for ((answer, range), bytes) in empty.zip(&missing).zip(read) {
                self.kept.keep(&object, range, &bytes);
                *answer = Some(bytes);
            }
        }
        self.seen.store(true, Ordering::Relaxed);
        self.kept
            .count(ranges.len() - missing.len(), ranges, &missing);
        Ok(answers.into_iter().map(Option::unwrap_or_default).collect())
    }

    fn address(&self) -> &str {
        self.inner.address()
    }

    fn version(&self) -> Version {
        self.inner.version()
    }

    fn requests(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let Some(object) = self.object() else {
            return self.inner.requests(ranges);
        };
        let found = self.find(&object, ranges);
        let missing = ranges
            .iter()
            .zip(found)
            .filter(|(_, found)| found.is_none());
        let missing: Vec<Range<u64>> = missing.map(|(range, _)| range.clone()).collect();
        if missing.is_empty() {
            return self.proof(ranges).into_iter().collect();
        }
        self.inner.requests(&missing)
    }
}

impl Kept {
    fn find(&self, object: &Object, range: &Range<u64>) -> Option<Bytes> {
        let key = object.of(range);
        if let Some(bytes) = self.memory().find(&key) {
            return Some(bytes);
        }
        let bytes = self.disk.as_ref()?.find(&key)?;
        if bytes.len() as u64 != range.end - range.start {
            return None;
        }
        self.memory().keep(key, &bytes);
        Some(bytes)
    }

    /// Keeps `bytes`, if they are all of `range`.
    fn keep(&self, object: &Object, range: &Range<u64>, bytes: &Bytes) {
        if bytes.len() as u64 != range.end - range.start {
            return;
        }
        let key = object.of(range);
        if let Some(disk) = &self.disk {
            disk.keep(&key, bytes);
        }
        self.memory().keep(key, bytes);
    }

    fn count(&self, found: usize, ranges: &[Range<u64>], missing: &[Range<u64>]) {
        let bytes = |ranges: &[Range<u64>]| -> u64 {
            let lengths = ranges.iter().map(|r| r.end.saturating_sub(r.start));
            lengths.fold(0, u64::saturating_add)
        };
        self.ranges.fetch_add(found as u64, Ordering::Relaxed);
        let bytes = bytes(ranges).saturating_sub(bytes(missing));
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here can be left half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CachedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a signature.
        f.debug_struct("CachedReader")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
