//! MODIS surface reflectance, 500 m.

use crate::{Condition, MaskRule};

impl MaskRule {
    /// MODIS's 500 m quality band, in the asset `asset` (mostly `sur_refl_qc_500m`).
    ///
    /// Bits 0 and 1 are the MODLAND quality: 2 (binary 10, the more significant bit first) is not
    /// produced because of cloud, 3 is not produced for other reasons. Bits: MOD09 User's Guide,
    /// Collection 6.1, Table 10. Upstream takes 1 (less than ideal quality) for cloud.
    pub fn modis_qc(asset: impl Into<String>) -> Self {
        Self {
            name: "modis-qc".to_owned(),
            asset: asset.into(),
            band: 0,
            cloud: Condition::field(0b11, 0b10),
            nodata: Condition::field(0b11, 0b11),
        }
    }
}
