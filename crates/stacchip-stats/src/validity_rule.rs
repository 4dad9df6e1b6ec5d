//! Rules that know only whether there is data.

use crate::{
    ChipStats, Condition, Counts, MaskBlock, MaskSource, StatsError, Validity, count::count,
};

/// Counts the pixels of an asset that are not valid as nodata, and none as cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidityRule {
    /// Its name.
    pub name: String,
    /// Key of the asset it reads.
    pub asset: String,
    /// What tells whether a pixel is valid.
    pub validity: Validity,
}

impl ChipStats for ValidityRule {
    fn name(&self) -> &str {
        &self.name
    }

    fn source(&self) -> MaskSource {
        MaskSource::Validity {
            asset: self.asset.clone(),
            validity: self.validity,
        }
    }

    fn count(&self, block: MaskBlock<'_>) -> Result<Counts, StatsError> {
        let invalid = Condition::classes([0]);
        count(&Condition::NEVER, &invalid, block).ok_or_else(|| StatsError::WrongType {
            rule: self.name.clone(),
            sample: block.pixels.sample(),
        })
    }
}

/// Takes every chip for clear and full, and reads nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoStats;

impl ChipStats for NoStats {
    fn name(&self) -> &'static str {
        "none"
    }

    fn source(&self) -> MaskSource {
        MaskSource::Nothing
    }

    fn count(&self, block: MaskBlock<'_>) -> Result<Counts, StatsError> {
        let never = Condition::NEVER;
        count(&never, &never, block).ok_or_else(|| StatsError::WrongType {
            rule: "none".to_owned(),
            sample: block.pixels.sample(),
        })
    }
}
