//! Rules that look at the numbers of one band.

use crate::{ChipStats, Condition, Counts, MaskBlock, MaskSource, StatsError, count::count};

/// Judges the numbers of one band by two conditions: what is cloud, and what is nodata. A pixel may
/// be both, and then counts as both.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskRule {
    /// Its name.
    pub name: String,
    /// Key of the asset it reads.
    pub asset: String,
    /// The band it reads, from 0.
    pub band: usize,
    /// Where there is cloud.
    pub cloud: Condition,
    /// Where there is no data.
    pub nodata: Condition,
}

impl ChipStats for MaskRule {
    fn name(&self) -> &str {
        &self.name
    }

    fn source(&self) -> MaskSource {
        MaskSource::Band {
            asset: self.asset.clone(),
            band: self.band,
        }
    }

    fn count(&self, block: MaskBlock<'_>) -> Result<Counts, StatsError> {
        count(&self.cloud, &self.nodata, block).ok_or_else(|| StatsError::WrongType {
            rule: self.name.clone(),
            sample: block.pixels.sample(),
        })
    }
}
