//! Landsat, collection 2.

use crate::{Condition, MaskRule};

impl MaskRule {
    /// Landsat's quality band, in the asset `asset` (mostly `qa_pixel`).
    ///
    /// Cloud is dilated cloud (bit 1), cloud (bit 3) or cloud shadow (bit 4); nodata is fill (bit
    /// 0). Cirrus (bit 2) is none, as upstream. Bits: Landsat 8-9 Collection 2 Level 2 Science
    /// Product Guide, section on the pixel quality assessment band.
    pub fn landsat_qa(asset: impl Into<String>) -> Self {
        Self {
            name: "landsat-qa".to_owned(),
            asset: asset.into(),
            band: 0,
            cloud: Condition::any_bit([1, 3, 4]),
            nodata: Condition::any_bit([0]),
        }
    }
}
