//! Chips of an item, pixels left in memory.

use std::{sync::Arc, time::Instant};

use clap::ValueEnum;
use serde_json::{Value, json};
use stacchip::{
    IndexWorld, SceneChips, Shaping,
    chip::{
        Chip,
        batch::{BatchOptions, BatchReader, Order, WantedChip},
    },
    model::{Scene, Window},
};

use crate::{Failed, contender::Contender, job::Job, world::World};

/// How chips are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Way {
    /// All of the list together, handed out as they are ready.
    #[default]
    Ready,
    /// All of the list together, handed out in its order.
    Asked,
    /// Each by itself, one after the other.
    Single,
}

/// Chips of an item.
#[derive(Debug)]
pub struct Chips {
    world: World,
    job: Job,
    scene: Scene,
    way: Way,
    /// Bytes for what is held of chips that are not complete.
    memory: u64,
}

impl Chips {
    /// The chips of `job`: its item is read, nothing of its rasters is. A latency is that of a chip
    /// by itself: where latencies are wanted each is read so.
    ///
    /// # Errors
    /// Where the item is none.
    pub fn new(world: World, job: Job, way: Way, memory: u64) -> Result<Self, Failed> {
        let scene = job.scene()?;
        let way = if job.latencies { Way::Single } else { way };
        Ok(Self {
            world,
            job,
            scene,
            way,
            memory,
        })
    }

    /// Hands the first `count` chips to `sink`, each with its place in the list. No header is known
    /// at the start, and none outlives the run.
    ///
    /// # Errors
    /// Where a chip cannot be had.
    pub fn each(&self, count: usize, sink: impl FnMut(usize, Chip)) -> Result<(), Failed> {
        let world = self.world.fresh();
        let chips = self
            .world
            .block_on(self.job.scene_chips(&self.scene, &world))?;
        let windows = self.job.windows(&chips, count)?;
        match self.way {
            Way::Ready => self.together(&world, &chips, windows, Order::Ready, sink),
            Way::Asked => self.together(&world, &chips, windows, Order::Asked, sink),
            Way::Single => self.apart(&world, &chips, windows, sink),
        }
    }

    fn together(
        &self,
        world: &IndexWorld,
        chips: &SceneChips,
        windows: Vec<Window>,
        order: Order,
        mut sink: impl FnMut(usize, Chip),
    ) -> Result<(), Failed> {
        let Some(&first) = windows.first() else {
            return Ok(());
        };
        let like = Arc::new(chips.request(first, Shaping::default()));
        let wanted = windows.into_iter().map(move |window| WantedChip {
            like: Arc::clone(&like),
            window,
        });
        let options = BatchOptions::default()
            .order(order)
            .memory(self.memory)
            .threads(self.world.threads.get());
        for chip in BatchReader::new(&World::reader(world), options).chips(wanted) {
            let chip = chip?;
            let number = usize::try_from(chip.number())?;
            sink(number, chip.into_chip()?);
        }
        Ok(())
    }

    fn apart(
        &self,
        world: &IndexWorld,
        chips: &SceneChips,
        windows: Vec<Window>,
        mut sink: impl FnMut(usize, Chip),
    ) -> Result<(), Failed> {
        let reader = World::reader(world);
        for (number, window) in windows.into_iter().enumerate() {
            let request = chips.request(window, Shaping::default());
            sink(number, self.world.block_on(reader.read_chip(&request))?);
        }
        Ok(())
    }
}

impl Contender for Chips {
    fn run(&mut self) -> Result<Value, Failed> {
        let (mut chips, mut bytes) = (0u64, 0u64);
        let mut latencies = Vec::new();
        let mut last = Instant::now();
        self.each(usize::MAX, |_, chip| {
            chips += 1;
            bytes += bytes_of(&chip);
            let now = Instant::now();
            latencies.push((now - last).as_secs_f64());
            last = now;
        })?;
        let mut answer = json!({ "chips": chips, "bytes": bytes });
        if self.job.latencies {
            answer["lat"] = json!(latencies);
        }
        Ok(answer)
    }

    fn checksums(&mut self, count: usize) -> Result<Vec<u32>, Failed> {
        let mut all = vec![0; count.min(self.job.xy.len())];
        self.each(count, |number, chip| {
            let mut crc = crc32fast::Hasher::new();
            for array in &chip.arrays {
                crc.update(array.pixels.as_bytes());
            }
            all[number] = crc.finalize();
        })?;
        Ok(all)
    }
}

fn bytes_of(chip: &Chip) -> u64 {
    let arrays = chip.arrays.iter();
    arrays.map(|a| a.pixels.as_bytes().len() as u64).sum()
}
