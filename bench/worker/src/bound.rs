//! The floor: every block that a list of chips touches, read and inflated once by libdeflate, with
//! nothing made of it.

use std::{cell::RefCell, collections::BTreeMap, fmt, ops::Range, sync::Arc};

use futures::future::try_join_all;
use libdeflater::Decompressor;
use rayon::prelude::*;
use serde_json::{Value, json};
use stacchip::{
    Shaping,
    chip::PlannedChip,
    cog::{Compression, DecodedOrder, RangeReader, fetch_tables},
};

use crate::{Failed, contender::Contender, job::Job, world::World};

/// Blocks to be inflated.
#[derive(Debug)]
pub struct Bound {
    world: World,
    blocks: Vec<Block>,
    chips: usize,
}

struct Block {
    reader: Arc<dyn RangeReader>,
    range: Range<u64>,
    bytes: usize,
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} → {}", self.range, self.bytes)
    }
}

impl Bound {
    /// The blocks that the chips of `job` touch.
    ///
    /// # Errors
    /// Where they cannot be told, or are not deflated.
    pub fn new(world: &World, job: &Job) -> Result<Self, Failed> {
        let scene = job.scene()?;
        let fresh = world.fresh();
        let reader = World::reader(&fresh);
        let mut blocks = BTreeMap::new();
        world.block_on(async {
            let chips = job.scene_chips(&scene, &fresh).await?;
            for window in job.windows(&chips, usize::MAX)? {
                let request = chips.request(window, Shaping::default());
                let open = request.assets.iter().map(|a| reader.raster(&a.address));
                let rasters = try_join_all(open).await?;
                let planned = PlannedChip::new(request.clone(), rasters)?;
                for (asset, array) in planned.arrays().iter().enumerate() {
                    for plan in array.plan.plans() {
                        let reader = array.raster.reader(plan)?;
                        fetch_tables(reader.as_ref(), plan).await?;
                        for stored in plan.stored()? {
                            let context = plan.level().block_context(stored.id);
                            if context.compression != Compression::DEFLATE {
                                return Err(format!("{} is not deflated", asset).into());
                            }
                            let bytes = context.block_bytes(DecodedOrder::Stored);
                            blocks.entry((asset, stored.range.start)).or_insert(Block {
                                reader: Arc::clone(reader),
                                range: stored.range,
                                bytes: bytes.ok_or("a block of uncounted bytes")?,
                            });
                        }
                    }
                }
            }
            Ok::<_, Failed>(())
        })?;
        Ok(Self {
            world: world.clone(),
            blocks: blocks.into_values().collect(),
            chips: job.xy.len(),
        })
    }
}

impl Contender for Bound {
    fn run(&mut self) -> Result<Value, Failed> {
        let sizes = if self.world.threads.get() > 1 {
            let each = self.blocks.par_iter().map(inflate);
            each.collect::<Result<Vec<_>, _>>()?
        } else {
            let each = self.blocks.iter().map(inflate);
            each.collect::<Result<Vec<_>, _>>()?
        };
        let bytes: usize = sizes.iter().sum();
        Ok(json!({ "chips": self.chips, "bytes": bytes, "tiles": sizes.len() }))
    }
}

fn inflate(block: &Block) -> Result<usize, String> {
    thread_local! {
        static TOOLS: RefCell<(Decompressor, Vec<u8>)> =
            RefCell::new((Decompressor::new(), Vec::new()));
    }
    let range = std::slice::from_ref(&block.range);
    // Local files answer at once; nothing else is a floor.
    let stored = futures::executor::block_on(block.reader.read(range));
    let stored = stored.map_err(|e| e.to_string())?;
    let stored = stored.first().ok_or("no bytes")?;
    TOOLS.with_borrow_mut(|(inflate, out)| {
        out.resize(block.bytes.max(out.len()), 0);
        let out = &mut out[..block.bytes];
        inflate
            .zlib_decompress(stored, out)
            .map_err(|e| e.to_string())
    })
}
