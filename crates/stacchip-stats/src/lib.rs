//! One rule per platform: mask pixels in, cloud and nodata fractions out.
//!
//! This room knows what the bits and classes of a platform's mask mean. It is handed pixels and
//! never asks where they came from. Its port is [`ChipStats`].

mod rule;

pub use rule::{ChipStats, Counts, MaskBlock, MaskSource, Validity};
