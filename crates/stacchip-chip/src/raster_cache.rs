//! Rasters kept open, so that each header is read once, or not at all.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::lock::Mutex as AsyncMutex;
use stacchip_cog::{HeaderStore, Limits, StoredHeader, header_key};

use crate::{AssetOpener, ChipError, Raster, Sidecars};

/// Rasters kept open by address, the least recently used forgotten first. Whoever asks for a
/// raster that another is just opening waits for it; a failure is not kept.
///
/// With a [store of headers](Self::with_headers) a raster whose header is known is opened without a
/// request. Where the object turns out to be another than the header was kept of, it is
/// [opened anew](Self::reopen), and its header read.
#[derive(Debug)]
pub struct RasterCache {
    capacity: usize,
    limits: Limits,
    sidecars: Sidecars,
    headers: Option<Arc<dyn HeaderStore>>,
    state: Mutex<State>,
}

/// How rasters were opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderUse {
    /// Rasters whose header was known.
    pub known: u64,
    /// Rasters whose header was read.
    pub read: u64,
    /// Addresses (as [keys](header_key)) of objects that were not what their header was kept of, or
    /// became others while they were read; and why a header that was kept could not be used.
    pub stale: Vec<(String, String)>,
}

type Slot = Arc<AsyncMutex<Option<Arc<Raster>>>>;

#[derive(Debug, Default)]
struct State {
    clock: u64,
    slots: HashMap<String, (u64, Slot)>,
    /// Looked up and not used yet; nothing where nothing is known.
    looked_up: HashMap<String, Option<StoredHeader>>,
    /// Keys of those whose stored headers are of no use.
    stale: HashSet<String>,
    headers: HeaderUse,
}

impl RasterCache {
    /// A cache of at most `capacity` rasters (at least one), whose headers are read within
    /// `limits`.
    pub fn new(capacity: usize, limits: Limits) -> Self {
        Self {
            capacity: capacity.max(1),
            limits,
            sidecars: Sidecars::None,
            headers: None,
            state: Mutex::default(),
        }
    }

    /// The same, with what files beside the rasters hold; see [`Raster::open_with_sidecars`]. They
    /// are looked for and read each time, also where the header of the raster itself was kept.
    pub fn with_sidecars(mut self, which: Sidecars) -> Self {
        self.sidecars = which;
        self
    }

    /// The same, with headers looked up in `headers` before they are read.
    pub fn with_headers(mut self, headers: Arc<dyn HeaderStore>) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Looks up the headers of those of `addresses` that are not open, all at once: what
    /// [`raster`](Self::raster) then needs not do one by one.
    pub async fn look_up(&self, addresses: &[&str]) {
        let unopened: Vec<&str> = {
            let state = self.state();
            let unopened = addresses.iter().copied();
            unopened
                .filter(|address| !state.slots.contains_key(*address))
                .collect()
        };
        self.look_up_all(&unopened).await;
    }

    async fn look_up_all(&self, addresses: &[&str]) {
        let Some(headers) = &self.headers else {
            return;
        };
        let wanted: Vec<String> = {
            let state = self.state();
            let unknown = addresses.iter().filter(|address| {
                let key = header_key(address);
                !state.stale.contains(key.as_ref()) && !state.looked_up.contains_key(key.as_ref())
            });
            unknown.map(|a| header_key(a).into_owned()).collect()
        };
        if wanted.is_empty() {
            return;
        }
        let keys: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let found = headers.load(&keys).await;
        let mut state = self.state();
        match found {
            Ok(found) => {
                for (key, header) in wanted.into_iter().zip(found) {
                    // Another may have found out meanwhile that it is of no use.
                    if !state.stale.contains(&key) {
                        state.looked_up.insert(key, header);
                    }
                }
            }
            // What cannot be looked up is read; that is said, and not tried again.
            Err(error) => {
                for key in wanted {
                    state.distrust(key, error.to_string());
                }
            }
        }
    }

    /// The raster at `address`, opened by `opener` where it is not open yet.
    ///
    /// # Errors
    /// As [`Raster::open`].
    pub async fn raster(
        &self,
        opener: &dyn AssetOpener,
        address: &str,
    ) -> Result<Arc<Raster>, ChipError> {
        let slot = self.slot(address);
        let mut held = slot.lock().await;
        if let Some(raster) = held.as_ref() {
            return Ok(Arc::clone(raster));
        }
        let raster = match self.open_stored(opener, address).await? {
            Some(raster) => raster,
            None => self.open(opener, address).await?,
        };
        Ok(Arc::clone(held.insert(Arc::new(raster))))
    }

    /// The raster at `address` in place of `changed`, which was opened here and turned out to be of
    /// another version than what lies there: its header is read. Of several who ask one reads it.
    ///
    /// # Errors
    /// As [`Raster::open`].
    pub async fn reopen(
        &self,
        opener: &dyn AssetOpener,
        address: &str,
        changed: &Arc<Raster>,
    ) -> Result<Arc<Raster>, ChipError> {
        let slot = self.slot(address);
        let mut held = slot.lock().await;
        if let Some(raster) = held.as_ref().filter(|raster| !Arc::ptr_eq(raster, changed)) {
            return Ok(Arc::clone(raster));
        }
        *held = None;
        let key = header_key(address).into_owned();
        self.state().distrust(key, CHANGED.to_owned());
        let raster = self.open(opener, address).await?;
        Ok(Arc::clone(held.insert(Arc::new(raster))))
    }

    /// With a header that was kept; nothing where none was, or none of use.
    async fn open_stored(
        &self,
        opener: &dyn AssetOpener,
        address: &str,
    ) -> Result<Option<Raster>, ChipError> {
        self.look_up_all(&[address]).await;
        let key = header_key(address).into_owned();
        let Some(stored) = self.state().looked_up.remove(&key).flatten() else {
            return Ok(None);
        };
        let (limits, which) = (&self.limits, self.sidecars);
        let why = match Raster::open_stored(opener, address, &stored, limits, which).await {
            Ok(raster) => {
                self.state().headers.known += 1;
                return Ok(Some(raster));
            }
            Err(error) if error.is_changed() => CHANGED.to_owned(),
            Err(ChipError::Stored(error)) => error.to_string(),
            Err(error) => return Err(error),
        };
        self.state().distrust(key, why);
        Ok(None)
    }

    /// With a header that is read.
    async fn open(&self, opener: &dyn AssetOpener, address: &str) -> Result<Raster, ChipError> {
        let raster =
            Raster::open_with_sidecars(opener, address, &self.limits, self.sidecars).await?;
        self.state().headers.read += 1;
        Ok(raster)
    }

    /// How rasters were opened so far.
    pub fn header_use(&self) -> HeaderUse {
        self.state().headers.clone()
    }

    /// Forgets the raster at `address`, so that it is opened anew: after it has changed.
    pub fn forget(&self, address: &str) {
        let mut state = self.state();
        state.slots.remove(address);
        state.stale.insert(header_key(address).into_owned());
    }

    /// Rasters it holds.
    pub fn len(&self) -> usize {
        self.state().slots.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn slot(&self, address: &str) -> Slot {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        if let Some((used, slot)) = state.slots.get_mut(address) {
            *used = now;
            return Arc::clone(slot);
        }
        if state.slots.len() >= self.capacity {
            let oldest = state.slots.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(address, _)| address.clone()) {
                state.slots.remove(&oldest);
            }
        }
        let slot = Slot::default();
        state
            .slots
            .insert(address.to_owned(), (now, Arc::clone(&slot)));
        slot
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Passes over the stored header under `key` from now on.
    fn distrust(&mut self, key: String, why: String) {
        self.looked_up.remove(&key);
        if self.stale.insert(key.clone()) {
            self.headers.stale.push((key, why));
        }
    }
}

/// Why a header that was kept is of no use, mostly.
const CHANGED: &str = "it has changed since its header was read";

impl Default for RasterCache {
    /// 1024 rasters: the assets of some eighty Sentinel-2 items, a few megabytes of headers.
    fn default() -> Self {
        Self::new(1024, Limits::default())
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use stacchip_cog::{WriteOptions, testing::MemoryReader, write_cog};
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
}
