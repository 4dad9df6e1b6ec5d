//! One rule per platform: mask pixels in, cloud and nodata fractions out.
//!
//! This room knows what the bits and classes of a platform's mask mean. It is handed pixels and
//! never asks where they came from. Its port is [`ChipStats`]; [`select()`] finds the rule for an item,
//! a [`RulesFile`] adds rules without a line of Rust.
//!
//! ```
//! use stacchip_model::{Pixels, Window};
//! use stacchip_stats::{ChipStats, MaskBlock, MaskRule};
//!
//! // Four pixels of Sentinel-2's scene classification, each of them 2 × 2 pixels of the scene.
//! let scl = Pixels::from_slice([1, 2, 2], &[0u8, 9, 4, 4])?;
//! let counts = MaskRule::sentinel_2_scl("scl").count(MaskBlock {
//!     pixels: &scl,
//!     window: Window::new(0, 0, 2, 2),
//!     col_weights: &[2, 2],
//!     row_weights: &[2, 2],
//! })?;
//! let quality = counts.quality(16);
//! assert_eq!((quality.cloud.get(), quality.nodata.get()), (0.25, 0.25));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bands;
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
