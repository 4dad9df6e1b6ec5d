//! Rasters kept open, so that each header is read once, or not at all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use stacchip_cog::{HeaderStore, Limits};

use crate::{
    AssetOpener, ChipError, Raster, Sidecars,
    opening::{HeaderUse, Opening},
};

/// Rasters kept open by address, the least recently used forgotten first. Whoever asks for a
/// raster that another is just opening waits for it, and drives it on should the other have stopped
/// to; a failure is told to all of them and not kept.
///
/// With a [store of headers](Self::with_headers) a raster whose header is known is opened without a
/// request. Where the object turns out to be another than the header was kept of, it is
/// [opened anew](Self::reopen), and its header read.
#[derive(Debug)]
pub struct RasterCache {
    capacity: usize,
    opening: Opening,
    slots: Mutex<Slots>,
}

/// A raster that is being opened, or has been. It belongs to nobody: a lock held while opening would
/// wait for ever where its holder is not polled, as a stream is not between two chips.
type Slot = Shared<BoxFuture<'static, Result<Arc<Raster>, Arc<ChipError>>>>;

#[derive(Debug, Default)]
struct Slots {
    clock: u64,
    by_address: HashMap<String, (u64, Slot)>,
}

impl RasterCache {
    /// A cache of at most `capacity` rasters (at least one), whose headers are read within
    /// `limits`.
    pub fn new(capacity: usize, limits: Limits) -> Self {
        Self {
            capacity: capacity.max(1),
            opening: Opening::new(limits),
            slots: Mutex::default(),
        }
    }

    /// The same, with what files beside the rasters hold; see [`Raster::open_with_sidecars`]. They
    /// are looked for and read each time, also where the header of the raster itself was kept.
    pub fn with_sidecars(mut self, which: Sidecars) -> Self {
        self.opening.sidecars = which;
        self
    }

    /// The same, with headers looked up in `headers` before they are read.
    pub fn with_headers(mut self, headers: Arc<dyn HeaderStore>) -> Self {
        self.opening.headers = Some(headers);
        self
    }

    /// Looks up the headers of those of `addresses` that are not open, all at once: what
    /// [`raster`](Self::raster) then needs not do one by one.
    pub async fn look_up(&self, addresses: &[&str]) {
        let unopened: Vec<&str> = {
            let slots = self.slots();
            let unopened = addresses.iter().copied();
            unopened
                .filter(|address| !slots.by_address.contains_key(*address))
                .collect()
        };
        self.opening.look_up(&unopened).await;
    }

    /// The raster at `address`, opened by `opener` where it is not open yet.
    ///
    /// # Errors
    /// As [`Raster::open`]; [`ChipError::Shared`] where several waited for what failed.
    pub async fn raster(
        &self,
        opener: &Arc<dyn AssetOpener>,
        address: &str,
    ) -> Result<Arc<Raster>, ChipError> {
        let slot = self.slots().held(address);
        let slot = slot.unwrap_or_else(|| self.open(opener, address));
        self.opened(address, slot).await
    }

    /// The raster at `address` in place of `changed`, which was opened here and turned out to be of
    /// another version than what lies there: its header is read. Of several who ask one reads it.
    ///
    /// # Errors
    /// As [`Self::raster`].
    pub async fn reopen(
        &self,
        opener: &Arc<dyn AssetOpener>,
        address: &str,
        changed: &Arc<Raster>,
    ) -> Result<Arc<Raster>, ChipError> {
        let held = self.slots().held(address).filter(|slot| {
            let raster = slot.peek().and_then(|opened| opened.as_ref().ok());
            raster.is_none_or(|raster| !Arc::ptr_eq(raster, changed))
        });
        let slot = held.unwrap_or_else(|| {
            self.opening.changed(address);
            self.slots().by_address.remove(address);
            self.open(opener, address)
        });
        self.opened(address, slot).await
    }

    /// How rasters were opened so far.
    pub fn header_use(&self) -> HeaderUse {
        self.opening.header_use()
    }

    /// Forgets the raster at `address`, so that it is opened anew: after it has changed.
    pub fn forget(&self, address: &str) {
        self.opening.forget(address);
        self.slots().by_address.remove(address);
    }

    /// Rasters it holds.
    pub fn len(&self) -> usize {
        self.slots().by_address.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The raster in `slot`, once it is there.
    async fn opened(&self, address: &str, slot: Slot) -> Result<Arc<Raster>, ChipError> {
        let opened = slot.clone().await;
        opened.map_err(|error| {
            self.slots().forget_failed(address, &slot);
            drop(slot);
            Arc::try_unwrap(error).unwrap_or_else(ChipError::Shared)
        })
    }

    /// A new slot, unless another has made one meanwhile.
    fn open(&self, opener: &Arc<dyn AssetOpener>, address: &str) -> Slot {
        let (how, opener, wanted) = (self.opening.clone(), Arc::clone(opener), address.to_owned());
        let mut slots = self.slots();
        if let Some(slot) = slots.held(address) {
            return slot;
        }
        if slots.by_address.len() >= self.capacity {
            slots.forget_oldest();
        }
        let open = async move {
            let opened = how.open(opener.as_ref(), &wanted).await;
            opened.map(Arc::new).map_err(Arc::new)
        };
        let slot = open.boxed().shared();
        let now = slots.clock;
        slots
            .by_address
            .insert(address.to_owned(), (now, slot.clone()));
        slot
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// The slot of `address`, which is in use now.
    fn held(&mut self, address: &str) -> Option<Slot> {
        self.clock += 1;
        let (used, slot) = self.by_address.get_mut(address)?;
        *used = self.clock;
        Some(slot.clone())
    }

    fn forget_oldest(&mut self) {
        let oldest = self.by_address.iter().min_by_key(|(_, (used, _))| *used);
        if let Some(oldest) = oldest.map(|(address, _)| address.clone()) {
            self.by_address.remove(&oldest);
        }
    }

    fn forget_failed(&mut self, address: &str, failed: &Slot) {
        // It may have been asked for again since.
        let same = |(_, slot): &(u64, Slot)| slot.ptr_eq(failed);
        if self.by_address.get(address).is_some_and(same) {
            self.by_address.remove(address);
        }
    }
}

impl Default for RasterCache {
    /// 1024 rasters: the assets of some eighty Sentinel-2 items, a few megabytes of headers.
    fn default() -> Self {
        Self::new(1024, Limits::default())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ops::Range,
        task::{Context, Waker},
    };

    use async_trait::async_trait;
    use bytes::Bytes;
    use futures::{executor::block_on, future::join_all};
    use stacchip_cog::{
        RangeReader, ReadError, Version, WriteOptions, testing::MemoryReader, write_cog,
    };
    use stacchip_model::{Pixels, SampleType};

    use super::*;
    use crate::testing::MemoryOpener;

    #[test]
    fn the_least_recently_used_is_forgotten() {
        let pixels = Pixels::zeros(SampleType::U8, [1, 4, 4]).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog(), None).unwrap();
        let files = ["a", "b", "c"].map(|name| (name, Arc::new(MemoryReader::new(file.clone()))));
        let opener = files
            .iter()
            .fold(MemoryOpener::default(), |opener, (name, file)| {
                opener.with(*name, Arc::clone(file) as Arc<_>)
            });
        let opener: Arc<dyn AssetOpener> = Arc::new(opener);
        let cache = RasterCache::new(2, Limits::default());
        for name in ["a", "b", "a", "c", "a", "b", "x", "a"] {
            let raster = block_on(cache.raster(&opener, name));
            assert_eq!(raster.is_ok(), name != "x", "{name}");
            assert!(cache.len() <= 2);
        }
        let opened = files.map(|(_, file)| file.batches());
        // b went when c came; a, used since, when x was asked for.
        assert_eq!(opened, [2, 2, 1]);
        cache.forget("a");
        block_on(cache.raster(&opener, "a")).unwrap();
    }

    /// A reader that answers when it is asked a second time.
    #[derive(Debug)]
    struct Later(MemoryReader);

    #[async_trait]
    impl RangeReader for Later {
        async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
            futures::pending!();
            self.0.read(ranges).await
        }

        fn address(&self) -> &'static str {
            "later"
        }

        fn version(&self) -> Version {
            self.0.version()
        }
    }

    #[test]
    fn whoever_waits_drives_what_another_began() {
        let pixels = Pixels::zeros(SampleType::U8, [1, 4, 4]).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog(), None).unwrap();
        let file = Arc::new(Later(MemoryReader::new(file)));
        let opener = MemoryOpener::default().with("a", Arc::clone(&file) as Arc<_>);
        let opener: Arc<dyn AssetOpener> = Arc::new(opener);
        let cache = RasterCache::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut began = cache.raster(&opener, "a").boxed();
        assert!(began.poll_unpin(&mut context).is_pending());
        // From here on the first is not polled.
        let mut second = cache.raster(&opener, "a").boxed();
        let polls = (0..100).find(|_| second.poll_unpin(&mut context).is_ready());
        assert!(polls.is_some());
        assert!(began.poll_unpin(&mut context).is_ready());
        assert_eq!(file.0.batches(), 1, "its header, once for both");
        // A failure is told to all who waited, and not kept.
        let failed = [cache.raster(&opener, "b"), cache.raster(&opener, "b")];
        let failed = block_on(join_all(failed));
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(cache.len(), 1);
    }
}
