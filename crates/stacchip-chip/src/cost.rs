//! What a read costs, before it is done.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

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
                let context = level.block_context(stored.id);
                let pixel = u64::from(context.samples) * context.pixel_sample_bytes() as u64;
                let whole = u64::from(context.width) * u64::from(context.height);
                let inside = level.block_window(stored.id);
                let wanted = inside
                    .and_then(|block| block.intersection(plan.window()))
                    .map_or(0, |w: Window| w.size().area());
                let there = inside.map_or(0, |block| block.size().area());
                let bytes = stored.range.end - stored.range.start;
                cost.tiles += 1;
                cost.wanted_bytes += share(bytes, wanted, there);
                cost.decoded_bytes += whole.saturating_mul(pixel);
                largest = largest.max(whole.saturating_mul(pixel));
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

/// The blocks of many chips, each counted once: what is left where chips share what was fetched.
#[derive(Debug, Default)]
pub struct DistinctTiles {
    ranges: HashMap<String, HashSet<Range<u64>>>,
}

impl DistinctTiles {
    /// Adds those of `array`.
    ///
    /// # Errors
    /// [`ChipError::Plan`] where its tables of blocks are not at hand.
    pub fn add(&mut self, array: &PlannedArray) -> Result<(), ChipError> {
        let address = array.raster.address();
        for plan in array.plan.plans() {
            // A raster and the files beside it have addresses of their own.
            let object = format!("{address} {:?}", plan.source());
            self.ranges
                .entry(object)
                .or_default()
                .extend(plan.ranges()?);
        }
        Ok(())
    }

    /// How many there are, and their bytes.
    pub fn count(&self) -> (u64, u64) {
        let all = || self.ranges.values().flatten();
        (all().count() as u64, all().map(|r| r.end - r.start).sum())
    }
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
