//! Rasters kept open, so that each header is read once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::lock::Mutex as AsyncMutex;
use stacchip_cog::Limits;

use crate::{AssetOpener, ChipError, Raster, Sidecars};

/// Rasters kept open by address, the least recently used forgotten first. Whoever asks for a
/// raster that another is just opening waits for it; a failure is not kept.
#[derive(Debug)]
pub struct RasterCache {
    capacity: usize,
    limits: Limits,
    sidecars: Sidecars,
    state: Mutex<State>,
}

type Slot = Arc<AsyncMutex<Option<Arc<Raster>>>>;

#[derive(Debug, Default)]
struct State {
    clock: u64,
    slots: HashMap<String, (u64, Slot)>,
}

impl RasterCache {
    /// A cache of at most `capacity` rasters (at least one), whose headers are read within
    /// `limits`.
    pub fn new(capacity: usize, limits: Limits) -> Self {
        Self {
            capacity: capacity.max(1),
            limits,
            sidecars: Sidecars::None,
            state: Mutex::default(),
        }
    }

    /// The same, with what files beside the rasters hold; see [`Raster::open_with_sidecars`].
    pub fn with_sidecars(mut self, which: Sidecars) -> Self {
        self.sidecars = which;
        self
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
        let raster =
            Raster::open_with_sidecars(opener, address, &self.limits, self.sidecars).await?;
        let raster = Arc::new(raster);
        *held = Some(Arc::clone(&raster));
        Ok(raster)
    }

    /// Forgets the raster at `address`, so that it is opened anew: after it has changed.
    pub fn forget(&self, address: &str) {
        self.state().slots.remove(address);
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
