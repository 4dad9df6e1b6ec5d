//! One rule per platform: mask pixels in, cloud and nodata fractions out.
//!
//! This room knows what the bits and classes of a platform's mask mean. It is handed pixels and
//! never asks where they came from. Its port is [`ChipStats`].

mod choice;
mod condition;
mod count;
mod error;
mod landsat;
mod mask_rule;
mod modis;
mod rule;
mod rules_file;
mod select;
mod sentinel_2;
mod validity_rule;

pub use choice::StatsChoice;
pub use condition::{Condition, Test};
pub use error::StatsError;
pub use mask_rule::MaskRule;
pub use rule::{ChipStats, Counts, MaskBlock, MaskSource, Validity};
pub use rules_file::RulesFile;
pub use select::{Selection, select};
pub use validity_rule::{NoStats, ValidityRule};
