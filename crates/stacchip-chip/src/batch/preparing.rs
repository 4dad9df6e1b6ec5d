//! From a wanted chip to a plan: headers and tables are read here, as far as they are not known.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{future::try_join_all, lock::Mutex as AsyncMutex};
use stacchip_cog::{BlockId, Codecs, WindowPlan, fetch_tables};

use super::{
    WantedChip,
    planned::{BlockKey, Planned},
};
use crate::{ChipError, ChipReader, ChipRequest, PlannedArray, Raster, chip_reader::plan};

/// Makes plans of wanted chips.
#[derive(Debug)]
pub(super) struct Preparing {
    reader: ChipReader,
    /// The rasters of requests that chips were like lately, by the place of the request in memory;
    /// the request is kept with them, so that its place is no other's.
    known: Mutex<Known>,
    /// Who fetches which part of a table, by level and first byte: the others wait, and find it there.
    /// All of them are polled together, so that nobody who holds one is forgotten.
    gates: Mutex<HashMap<(BlockKey, u64), Gate>>,
}

type Gate = Arc<AsyncMutex<()>>;

#[derive(Debug, Default)]
struct Known {
    clock: u64,
    scenes: HashMap<usize, Scene>,
}

#[derive(Debug)]
struct Scene {
    used: u64,
    rasters: Arc<[Arc<Raster>]>,
    _like: Arc<ChipRequest>,
}

impl Preparing {
    pub(super) fn new(reader: ChipReader) -> Self {
        Self {
            reader,
            known: Mutex::default(),
            gates: Mutex::default(),
        }
    }

    /// The plan of `wanted`.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub(super) async fn prepare(&self, wanted: WantedChip) -> Result<Planned, ChipError> {
        // Each of its assets may have changed once since its header was read, or kept.
        for _ in 0..wanted.like.assets.len() {
            let rasters = self.rasters(&wanted.like).await?;
            let error = match self.prepare_from(wanted.clone(), &rasters).await {
                Ok(planned) => return Ok(planned),
                Err(error) => error,
            };
            let Some(changed) = error.changed_asset() else {
                return Err(error);
            };
            self.reopen(&wanted.like, rasters.iter(), changed).await?;
        }
        let rasters = self.rasters(&wanted.like).await?;
        self.prepare_from(wanted, &rasters).await
    }

    /// The plan of what `planned` wanted, from the raster at `changed` opened anew.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub(super) async fn prepare_anew(
        &self,
        planned: &Planned,
        changed: &str,
    ) -> Result<Planned, ChipError> {
        let rasters = planned.arrays.iter().map(|array| &array.raster);
        self.reopen(&planned.wanted.like, rasters, changed).await?;
        self.prepare(planned.wanted.clone()).await
    }

    async fn prepare_from(
        &self,
        wanted: WantedChip,
        rasters: &[Arc<Raster>],
    ) -> Result<Planned, ChipError> {
        let (planned, lacks_tables) = planned(wanted, rasters)?;
        if lacks_tables {
            self.fetch_all_tables(&planned).await?;
        }
        check_stored(&planned)?;
        Ok(planned)
    }

    /// Opens the raster at `changed` in place of that of `rasters`; what is planned from now on is
    /// planned with it.
    async fn reopen(
        &self,
        like: &ChipRequest,
        rasters: impl Iterator<Item = &Arc<Raster>> + Send,
        changed: &str,
    ) -> Result<(), ChipError> {
        let (opener, cache) = (self.reader.opener(), self.reader.rasters());
        for (asset, raster) in like.assets.iter().zip(rasters) {
            if asset.address == changed {
                let opened = cache.reopen(opener, changed, raster).await;
                opened.map_err(|error| error.of_asset(&asset.key, changed))?;
            }
        }
        self.known().scenes.clear();
        Ok(())
    }

    /// What undoes compression.
    pub(super) const fn codecs(&self) -> &Arc<Codecs> {
        self.reader.codecs()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here can be left half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn rasters(&self, like: &Arc<ChipRequest>) -> Result<Arc<[Arc<Raster>]>, ChipError> {
        let key = Arc::as_ptr(like).addr();
        {
            let mut known = self.known();
            known.clock += 1;
            let now = known.clock;
            if let Some(scene) = known.scenes.get_mut(&key) {
                scene.used = now;
                return Ok(Arc::clone(&scene.rasters));
            }
        }
        let addresses: Vec<&str> = like.assets.iter().map(|a| a.address.as_str()).collect();
        self.reader.rasters().look_up(&addresses).await;
        let open = like.assets.iter().map(|asset| async move {
            let raster = self.reader.raster(&asset.address).await;
            raster.map_err(|error| error.of_asset(&asset.key, &asset.address))
        });
        let rasters: Arc<[_]> = try_join_all(open).await?.into();
        let mut known = self.known();
        if known.scenes.len() >= MOST_KNOWN {
            let oldest = known.scenes.iter().min_by_key(|(_, scene)| scene.used);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                known.scenes.remove(&oldest);
            }
        }
        let scene = Scene {
            used: known.clock,
            rasters: Arc::clone(&rasters),
            _like: Arc::clone(like),
        };
        known.scenes.insert(key, scene);
        Ok(rasters)
    }

    async fn fetch_all_tables(&self, planned: &Planned) -> Result<(), ChipError> {
        let arrays = planned.wanted.like.assets.iter().zip(&planned.arrays);
        let fetches = arrays.flat_map(|(asset, array)| {
            array.plan.plans().map(move |plan| async move {
                let tables = self.fetch_tables(&array.raster, plan).await;
                tables.map_err(|error| error.of_asset(&asset.key, &asset.address))
            })
        });
        try_join_all(fetches).await?;
        Ok(())
    }

    /// Fetches what `plan` lacks of its tables, as far as no other chip is just fetching it.
    async fn fetch_tables(&self, raster: &Raster, plan: &WindowPlan) -> Result<(), ChipError> {
        let reader = raster.reader(plan)?;
        let ranges = plan.table_ranges();
        let Some(first) = ranges.first() else {
            return Ok(());
        };
        let gate = {
            let key = BlockKey::new(raster, plan.level(), BlockId(0));
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
            Arc::clone(gates.entry((key, first.start)).or_default())
        };
        let _held = gate.lock().await;
        fetch_tables(reader.as_ref(), plan).await?;
        Ok(())
    }
}

/// The plan of a chip, and whether some table does not say yet where a block of it is.
fn planned(wanted: WantedChip, rasters: &[Arc<Raster>]) -> Result<(Planned, bool), ChipError> {
    let like = &wanted.like;
    let mut arrays = Vec::with_capacity(rasters.len());
    let mut lacks_tables = false;
    for (asset, raster) in like.assets.iter().zip(rasters) {
        let plan = plan(like, wanted.window, asset, raster)
            .map_err(|error| error.of_asset(&asset.key, &asset.address))?;
        lacks_tables |= plan.plans().any(|plan| !plan.table_ranges().is_empty());
        arrays.push(PlannedArray {
            raster: Arc::clone(raster),
            plan,
        });
    }
    Ok((Planned::new(wanted, arrays), lacks_tables))
}

/// What one block cannot tell: whether the blocks of a window together are within the limits.
fn check_stored(planned: &Planned) -> Result<(), ChipError> {
    let arrays = planned.wanted.like.assets.iter().zip(&planned.arrays);
    for (asset, array) in arrays {
        for plan in array.plan.plans() {
            let stored = plan.stored().map_err(ChipError::Plan);
            stored.map_err(|error| error.of_asset(&asset.key, &asset.address))?;
        }
    }
    Ok(())
}

/// Requests whose rasters are kept: more than a look-ahead sorted by scene is of.
const MOST_KNOWN: usize = 256;

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        ops::Range,
        task::{Context, Poll},
    };

    use async_trait::async_trait;
    use bytes::Bytes;
    use futures::{executor::block_on, future::join_all};
    use stacchip_cog::{
        Limits, RangeReader, ReadError, Version, WriteOptions, testing::MemoryReader, write_cog,
    };
    use stacchip_model::{Pixels, SampleType, Size, Window};

    use super::*;
    use crate::{AssetRequest, Frame, RasterCache, testing::MemoryOpener};

    /// A reader that answers when it is asked a second time.
    #[derive(Debug)]
    struct Later(MemoryReader);

    #[async_trait]
    impl RangeReader for Later {
        async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
            let mut asked = false;
            let again = |context: &mut Context<'_>| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut asked, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            };
            poll_fn(again).await;
            self.0.read(ranges).await
        }

        fn address(&self) -> &str {
            self.0.address()
        }

        fn version(&self) -> Version {
            self.0.version()
        }
    }

    fn wanted(name: &str) -> WantedChip {
        let frame = Frame::of_size(Size::new(256, 256));
        let assets = vec![AssetRequest::new(name, name)];
        ChipRequest::new(frame, Window::new(0, 0, 16, 16), assets).into()
    }

    fn preparing(files: &[(&str, Arc<dyn RangeReader>)], limits: Limits) -> Preparing {
        let opener = files
            .iter()
            .fold(MemoryOpener::default(), |opener, (name, file)| {
                opener.with(*name, Arc::clone(file))
            });
        let rasters = Arc::new(RasterCache::new(1, limits));
        let codecs = Arc::new(Codecs::new());
        Preparing::new(ChipReader::new(Arc::new(opener), codecs, rasters))
    }

    fn file(tile: u32) -> MemoryReader {
        let pixels = Pixels::zeros(SampleType::U8, [1, 256, 256]).unwrap();
        let options = WriteOptions::cog().tiles(tile);
        MemoryReader::new(write_cog(&pixels, &options, None).unwrap())
    }

    #[test]
    fn a_scene_in_use_is_not_forgotten() {
        let (a, b) = (Arc::new(file(64)), Arc::new(file(64)));
        let files: [(_, Arc<dyn RangeReader>); 2] =
            [("a", Arc::clone(&a) as _), ("b", Arc::clone(&b) as _)];
        let preparing = preparing(&files, Limits::default());
        let often = wanted("a");
        for _ in 0..2 * MOST_KNOWN {
            block_on(preparing.prepare(often.clone())).unwrap();
            block_on(preparing.prepare(wanted("b"))).unwrap();
        }
        assert_eq!(a.batches(), 1);
    }

    #[test]
    fn parts_of_tables_are_fetched_once_for_all() {
        let file = Arc::new(Later(file(16)));
        let limits = Limits {
            first_read_bytes: 256,
            page_bytes: 64,
            ..Limits::default()
        };
        let files: [(_, Arc<dyn RangeReader>); 1] = [("a", Arc::clone(&file) as _)];
        let preparing = preparing(&files, limits);
        let often = wanted("a");
        block_on(preparing.rasters(&often.like)).unwrap();
        let before = file.0.batches();
        let all = (0..8).map(|_| preparing.prepare(often.clone()));
        let all = block_on(join_all(all));
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(file.0.batches() - before, 1);
    }
}
