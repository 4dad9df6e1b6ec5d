//! Sentinel-2, level 2A.

use crate::{Condition, MaskRule};

impl MaskRule {
    /// Sentinel-2's scene classification, in the asset `asset` (mostly `scl`).
    ///
    /// Cloud is saturated or defective (1), cloud shadow (3), cloud of medium (8) or high (9)
    /// probability or thin cirrus (10), as upstream; nodata is class 0. Classes: `Sen2Cor`, Level-2A
    /// Input Output Data Definition, scene classification map.
    pub fn sentinel_2_scl(asset: impl Into<String>) -> Self {
        Self {
            name: "sentinel-2-scl".to_owned(),
            asset: asset.into(),
            band: 0,
            cloud: Condition::classes([1, 3, 8, 9, 10]),
            nodata: Condition::classes([0]),
        }
    }
}
