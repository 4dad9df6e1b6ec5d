//! Chips of items behind a network: one after the other, each timed, or a list of them together.

use std::{collections::HashMap, sync::Arc, time::Instant};

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Value, json};
use stacchip::{
    IndexWorld, SceneChips, Shaping,
    chip::{
        Chip, ChipRequest, RasterCache,
        batch::{BatchOptions, BatchReader, Order, WantedChip},
    },
    cog::{HeaderStore, HeaderStoreError, Limits, StoredHeader},
    model::Scene,
    scene_headers,
};

use crate::{
    Failed,
    contender::Contender,
    job::{Item, Job},
    world::World,
};

/// Chips of items.
#[derive(Debug)]
pub struct Remote {
    world: World,
    job: Job,
    scenes: Vec<Scene>,
    /// The header index, where there is one.
    headers: Option<Arc<Headers>>,
    memory: u64,
}

/// A header index that has been loaded.
#[derive(Debug, Default)]
struct Headers(HashMap<String, StoredHeader>);

#[async_trait]
impl HeaderStore for Headers {
    async fn load(
        &self,
        addresses: &[&str],
    ) -> Result<Vec<Option<StoredHeader>>, HeaderStoreError> {
        let found = addresses.iter().map(|&key| self.0.get(key).cloned());
        Ok(found.collect())
    }

    async fn keep(&self, _: &[StoredHeader]) -> Result<(), HeaderStoreError> {
        Err(HeaderStoreError::new("the benchmark", "keeps nothing"))
    }
}

impl Remote {
    /// The chips of `job`. With `known` the headers of all items are read now, as `stacchip index` reads them,
    /// and each run looks them up.
    ///
    /// # Errors
    /// Where an item is none, or its headers cannot be had.
    pub fn new(world: &World, mut job: Job, known: bool, memory: u64) -> Result<Self, Failed> {
        let mut scenes = Vec::new();
        for path in std::mem::take(&mut job.items) {
            scenes.push(Item::Path(path).document()?.scene);
        }
        if scenes.is_empty() {
            scenes.push(job.scene()?);
        }
        let mut remote = Self {
            world: world.clone(),
            job,
            scenes,
            headers: None,
            memory,
        };
        if known {
            remote.headers = Some(Arc::new(remote.index()?));
        }
        Ok(remote)
    }

    /// The headers of all scenes.
    fn index(&self) -> Result<Headers, Failed> {
        let fresh = self.world.fresh();
        let mut headers = Headers::default();
        for scene in &self.scenes {
            let found = self.world.block_on(scene_headers(scene, &fresh))?;
            for (_, header) in found.headers {
                headers.0.insert(header.address.clone(), header);
            }
        }
        Ok(headers)
    }

    /// Connections are kept from run to run; headers are those of the table, if any.
    fn fresh(&self) -> IndexWorld {
        let mut rasters = RasterCache::new(4096, Limits::default());
        if let Some(headers) = &self.headers {
            rasters = rasters.with_headers(Arc::clone(headers) as Arc<dyn HeaderStore>);
        }
        IndexWorld {
            rasters: Arc::new(rasters),
            ..self.world.fresh()
        }
    }

    /// What is asked of the first `count` chips: chip *n* is of scene *n* modulo their number.
    async fn requests(&self, world: &IndexWorld, count: usize) -> Result<Vec<ChipRequest>, Failed> {
        let mut scenes: Vec<SceneChips> = Vec::new();
        for scene in &self.scenes {
            scenes.push(self.job.scene_chips(scene, world).await?);
        }
        let xy = self.job.xy.iter().take(count);
        let chips = xy.zip(scenes.iter().cycle());
        chips
            .map(|(&(x, y), chips)| {
                let window = chips.window(x, y, stacchip::chip::Edge::Refuse)?;
                Ok(chips.request(window, Shaping::default()))
            })
            .collect()
    }

    /// One after the other, each timed.
    async fn apart(&self, count: usize, mut sink: impl FnMut(Chip)) -> Result<Vec<f64>, Failed> {
        let world = self.fresh();
        let reader = World::reader(&world);
        let mut latencies = Vec::new();
        for request in self.requests(&world, count).await? {
            let began = Instant::now();
            let chip = reader.read_chip(&request).await?;
            latencies.push(began.elapsed().as_secs_f64());
            sink(chip);
        }
        Ok(latencies)
    }

    /// All of them together.
    async fn together(&self, mut sink: impl FnMut(Chip)) -> Result<(), Failed> {
        let world = self.fresh();
        let requests = self.requests(&world, usize::MAX).await?;
        let mut likes: Vec<Arc<ChipRequest>> = Vec::new();
        let wanted = requests.into_iter().enumerate().map(|(n, request)| {
            let window = request.window;
            if n < self.scenes.len() {
                likes.push(Arc::new(request));
            }
            let like = Arc::clone(&likes[n % self.scenes.len()]);
            WantedChip { like, window }
        });
        let options = BatchOptions::default()
            .order(Order::Ready)
            .memory(self.memory)
            .threads(self.world.threads.get());
        let wanted: Vec<_> = wanted.collect();
        let mut chips = BatchReader::new(&World::reader(&world), options).stream(wanted);
        while let Some(chip) = chips.next().await {
            sink(chip?.into_chip()?);
        }
        Ok(())
    }
}

impl Contender for Remote {
    fn run(&mut self) -> Result<Value, Failed> {
        let (mut chips, mut bytes) = (0u64, 0u64);
        let count = |chip: Chip| {
            let arrays = chip.arrays.iter();
            bytes += arrays
                .map(|a| a.pixels.as_bytes().len() as u64)
                .sum::<u64>();
            chips += 1;
        };
        let before = self.world.traffic();
        let latencies = if self.job.latencies {
            self.world.block_on(self.apart(usize::MAX, count))?
        } else {
            self.world.block_on(self.together(count))?;
            Vec::new()
        };
        let asked = self.world.traffic();
        Ok(json!({
            "chips": chips,
            "bytes": bytes,
            "lat": latencies,
            "requests": asked.requests - before.requests,
            "fetched": asked.bytes - before.bytes,
            "retries": asked.retries - before.retries,
        }))
    }

    fn checksums(&mut self, count: usize) -> Result<Vec<u32>, Failed> {
        let mut all = Vec::new();
        self.world.block_on(self.apart(count, |chip| {
            let mut crc = crc32fast::Hasher::new();
            for array in &chip.arrays {
                crc.update(array.pixels.as_bytes());
            }
            all.push(crc.finalize());
        }))?;
        Ok(all)
    }
}
