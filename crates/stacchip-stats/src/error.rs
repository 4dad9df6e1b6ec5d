//! What can be wrong with a rule.

use stacchip_model::SampleType;
use thiserror::Error;

/// Why chips cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There is no rule of that name.
    #[error(
        "`{text}` is no statistics rule: give auto, none, landsat-qa, sentinel-2-scl, modis-qc, \
         nodata[:ASSET[:BAND[=VALUE]]] or mask[:ASSET]"
    )]
    UnknownRule {
        /// What was asked for.
        text: String,
    },
    /// A rule's parameter cannot be understood.
    #[error("`{text}` in `{rule}` is no {wanted}")]
    Parameter {
        /// The rule as it was given.
        rule: String,
        /// The part of it.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The item lacks the asset that the rule reads.
    #[error(
        "item {item} has no asset `{asset}`, which {rule} reads (it has: {}); choose another rule with --stats",
        .available.join(", ")
    )]
    MissingAsset {
        /// The item.
        item: String,
        /// The rule.
        rule: String,
        /// The asset.
        asset: String,
        /// Keys of the assets it has.
        available: Vec<String>,
    },
    /// The item has no raster that could tell.
    #[error("item {item} has no TIFF asset that {rule} could read; --stats none needs none")]
    NoDataAsset {
        /// The item.
        item: String,
        /// The rule.
        rule: String,
    },
    /// The mask's numbers are of a type whose bits or classes mean nothing.
    #[error("{rule} reads whole numbers, the mask holds {sample}")]
    WrongType {
        /// The rule.
        rule: String,
        /// The type of the mask's numbers.
        sample: SampleType,
    },
    /// Numbers that have no order, and so no mean that says anything.
    #[error("statistics are of real numbers, and the band holds {sample}")]
    NotReal {
        /// The type of the band's numbers.
        sample: SampleType,
    },
    /// A rules file cannot be understood.
    #[error("rules file: {key}: {why}")]
    RulesFile {
        /// Where in the file: a line, or the key of a rule.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}
