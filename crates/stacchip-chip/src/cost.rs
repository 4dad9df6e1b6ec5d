//! What a read costs, before it is done.

use std::{collections::HashMap, ops::Range, sync::Arc};

use stacchip_cog::{BlockId, Level, RangeReader, Source};
use stacchip_model::Window;

use crate::{ChipError, PlannedArray, fetch::requests};

/// What reading costs: counted from tables of blocks, nothing is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCost {
    /// Requests for pixels, as the reader [would make them](stacchip_cog::RangeReader::requests) by
    /// what it knows of its store.
    pub requests: u64,
    /// Blocks (tiles or strips) decompressed.
    pub tiles: u64,
    /// Bytes that those requests are for, what lies between blocks included.
    pub bytes: u64,
    /// Of those bytes the part that holds pixels that are wanted, as far as each block's bytes are
    /// spread evenly over its pixels.
    pub wanted_bytes: u64,
    /// Bytes of the pixels that the blocks hold, decompressed.
    pub decoded_bytes: u64,
    /// Bytes of memory: what is fetched, the largest block decompressed, and the result.
    pub memory: u64,
}

impl ReadCost {
    /// The cost of `array`, whose tables of blocks are at hand.
    ///
    /// # Errors
    /// [`ChipError::Plan`] where they are not, [`ChipError::NoSidecar`] where a file beside the raster
    /// was not opened.
    pub fn of(array: &PlannedArray) -> Result<Self, ChipError> {
        let requests = requests(array)?;
        let mut cost = Self {
            requests: requests.len() as u64,
            bytes: requests.iter().map(|r| r.end - r.start).sum(),
            ..Self::default()
        };
        let mut largest = 0;
        let array = &array.plan;
        for plan in array.plans() {
            let level = plan.level();
            for stored in plan.stored()? {
                let decoded = decoded_bytes(level, stored.id);
                let inside = level.block_window(stored.id);
                let wanted = inside
                    .and_then(|block| block.intersection(plan.window()))
                    .map_or(0, |w: Window| w.size().area());
                let there = inside.map_or(0, |block| block.size().area());
                let bytes = stored.range.end - stored.range.start;
                cost.tiles += 1;
                cost.wanted_bytes += share(bytes, wanted, there);
                cost.decoded_bytes = cost.decoded_bytes.saturating_add(decoded);
                largest = largest.max(decoded);
            }
        }
        let [bands, rows, columns] = array.shape();
        let result = (bands * rows * columns).saturating_mul(array.sample().bytes()) as u64;
        cost.memory = cost.bytes.saturating_add(largest).saturating_add(result);
        Ok(cost)
    }

    /// Bytes fetched for each byte that holds pixels that are wanted; nothing where none is.
    pub fn over_read(&self) -> Option<f64> {
        (self.wanted_bytes > 0).then(|| self.bytes as f64 / self.wanted_bytes as f64)
    }

    /// Both, one after the other; of memory the larger.
    pub fn then(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            ..self.beside(other)
        }
    }

    /// Both at once.
    pub fn beside(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tiles: self.tiles + other.tiles,
            bytes: self.bytes + other.bytes,
            wanted_bytes: self.wanted_bytes + other.wanted_bytes,
            decoded_bytes: self.decoded_bytes + other.decoded_bytes,
            memory: self.memory.saturating_add(other.memory),
        }
    }
}

/// The blocks of many chips, each counted once: what a list of chips is read from, as far as memory
/// serves for what lies between two chips on one tile.
#[derive(Debug, Default)]
pub struct DistinctTiles {
    /// A raster and the files beside it are objects of their own.
    objects: HashMap<(String, Source), Tiles>,
}

#[derive(Debug)]
struct Tiles {
    reader: Arc<dyn RangeReader>,
    /// By directory and block, where its bytes are, and how many they are decompressed.
    blocks: HashMap<(u64, BlockId), (Range<u64>, u64)>,
}

impl DistinctTiles {
    /// Adds those of `array`.
    ///
    /// # Errors
    /// [`ChipError::Plan`] where its tables of blocks are not at hand, [`ChipError::NoSidecar`] where a
    /// file beside the raster was not opened.
    pub fn add(&mut self, array: &PlannedArray) -> Result<(), ChipError> {
        for plan in array.plan.plans() {
            let level = plan.level();
            let reader = array.raster.reader_of(plan.source())?;
            let object = (array.raster.address().to_owned(), plan.source());
            let tiles = self.objects.entry(object).or_insert_with(|| Tiles {
                reader: Arc::clone(reader),
                blocks: HashMap::new(),
            });
            for stored in plan.stored()? {
                let decoded = decoded_bytes(level, stored.id);
                let block = (level.directory, stored.id);
                let (range, _) = tiles
                    .blocks
                    .entry(block)
                    .or_insert_with(|| (stored.range.clone(), decoded));
                // Of uncompressed ones, chips want some rows each.
                *range = range.start.min(stored.range.start)..range.end.max(stored.range.end);
            }
        }
        Ok(())
    }

    /// How many there are, and their bytes.
    pub fn count(&self) -> (u64, u64) {
        let all = || {
            self.objects
                .values()
                .flat_map(|tiles| tiles.blocks.values())
        };
        let bytes = all().map(|(range, _)| range.end - range.start);
        (all().count() as u64, bytes.sum())
    }

    /// What reading all of them costs, each once, were all of an object asked for together; nothing is
    /// said of memory, and of what is wanted.
    pub fn cost(&self) -> ReadCost {
        let mut cost = ReadCost::default();
        for tiles in self.objects.values() {
            let mut ranges: Vec<_> = tiles
                .blocks
                .values()
                .map(|(range, _)| range.clone())
                .collect();
            ranges.sort_by_key(|range| (range.start, range.end));
            let requests = tiles.reader.requests(&ranges);
            cost.requests += requests.len() as u64;
            cost.bytes += requests.iter().map(|r| r.end - r.start).sum::<u64>();
            cost.tiles += ranges.len() as u64;
            cost.decoded_bytes += tiles.blocks.values().map(|(_, bytes)| bytes).sum::<u64>();
        }
        cost
    }
}

/// Bytes of the pixels that a block holds.
fn decoded_bytes(level: &Level, block: BlockId) -> u64 {
    let context = level.block_context(block);
    let pixel = u64::from(context.samples) * context.pixel_sample_bytes() as u64;
    let pixels = u64::from(context.width) * u64::from(context.height);
    pixels.saturating_mul(pixel)
}

fn share(bytes: u64, part: u64, whole: u64) -> u64 {
    let share = u128::from(bytes) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_bytes() {
        assert_eq!(share(1000, 256 * 256, 1024 * 1024), 62);
        assert_eq!(share(1000, 0, 0), 0);
        assert_eq!(share(u64::MAX, 7, 7), u64::MAX);
    }
}
