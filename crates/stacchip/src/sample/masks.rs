//! What the quality bands say of a pixel.

use super::land::{Cover, Ground};

impl Ground {
    /// Scene classification of Sentinel-2 level 2A, 0 to 11 (`Sen2Cor` ATBD, table of SCL classes).
    pub(super) fn scene_class(&self) -> u8 {
        if self.unseen {
            return 0;
        }
        if self.is_thick_cloud() {
            // Where even the detector is blinded: saturated.
            return if self.cloud == 256 && self.grain.is_multiple_of(257) {
                1
            } else {
                9
            };
        }
        if self.is_cloud() {
            return 8;
        }
        if self.is_cirrus() {
            return 10;
        }
        if self.is_shadow() {
            return 3;
        }
        if self.cloud > 20 {
            return 7;
        }
        match self.cover {
            Cover::Snow => 11,
            Cover::Water | Cover::Shallows => 6,
            _ if self.light < 175 => 2,
            Cover::Forest | Cover::Grass | Cover::Lush | Cover::Young => 4,
            _ => 5,
        }
    }

    /// `QA_PIXEL` of Landsat collection 2 (Landsat 8-9 Collection 2 Level 2 Science Product Guide,
    /// table 6-3): fill 0, dilated cloud 1, cirrus 2, cloud 3, shadow 4, snow 5, clear 6, water 7,
    /// then two bits each of confidence in cloud, shadow, snow and cirrus.
    pub(super) fn landsat_qa(&self) -> u16 {
        if self.unseen {
            return 1;
        }
        // 1 is low confidence, 3 is high.
        let confident = |yes: bool| 1 | u16::from(yes) << 1;
        let cloud = self.is_cloud();
        let dilated = !cloud && self.cloud > 0;
        let shadow = self.is_shadow();
        let snow = !cloud && self.cover == Cover::Snow;
        let water = !cloud && matches!(self.cover, Cover::Water | Cover::Shallows);
        let cirrus = self.is_cirrus();
        u16::from(dilated) << 1
            | u16::from(cirrus) << 2
            | u16::from(cloud) << 3
            | u16::from(shadow) << 4
            | u16::from(snow) << 5
            | u16::from(!cloud) << 6
            | u16::from(water) << 7
            | confident(cloud) << 8
            | confident(shadow) << 10
            | confident(snow) << 12
            | confident(cirrus) << 14
    }

    /// Quality of a 500 m surface reflectance of MODIS (MOD09 User's Guide 1.4, table 10): bits 0
    /// and 1 are 0 ideal, 1 less than ideal, 2 not produced because of cloud, 3 not produced.
    pub(super) fn modis_qc(&self) -> u32 {
        if self.unseen {
            MODIS_QC_FILL
        } else if self.is_thick_cloud() {
            2
        } else {
            u32::from(self.is_cloud() || self.is_shadow() || self.is_cirrus())
        }
    }

    /// Whether MODIS has a reflectance here.
    pub(super) const fn is_modis_fill(&self) -> bool {
        self.unseen || self.is_thick_cloud()
    }
}

/// The product's fill value: 3 in the two lowest bits, 11 in the four of each band.
pub(super) const MODIS_QC_FILL: u32 = 787_410_671;

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(cover: Cover, cloud: i32, shadow: i32, unseen: bool) -> Ground {
        Ground {
            cover,
            light: 256,
            cloud,
            tops: 200,
            cirrus: 0,
            shadow,
            unseen,
            grain: 1,
        }
    }

    #[test]
    fn values_that_the_guides_name() {
        // The values of the most usual pixels in the Landsat guide's table of pixel values.
        for (ground, qa) in [
            (ground(Cover::Grass, 0, 0, true), 1),
            (ground(Cover::Grass, 0, 0, false), 21824),
            (ground(Cover::Water, 0, 0, false), 21952),
            (ground(Cover::Grass, 10, 0, false), 21826),
            (ground(Cover::Grass, 200, 0, false), 22280),
            (ground(Cover::Grass, 0, 200, false), 23888),
            (ground(Cover::Snow, 0, 0, false), 30048),
        ] {
            assert_eq!(ground.landsat_qa(), qa, "{ground:?}");
        }
        assert_eq!(MODIS_QC_FILL & 3, 3);
        assert_eq!(ground(Cover::Grass, 200, 0, false).modis_qc(), 2);
    }

    #[test]
    fn classes_of_sentinel_2() {
        assert_eq!(ground(Cover::Grass, 0, 0, true).scene_class(), 0);
        assert_eq!(ground(Cover::Grass, 200, 0, false).scene_class(), 9);
        assert_eq!(ground(Cover::Grass, 100, 0, false).scene_class(), 8);
        assert_eq!(ground(Cover::Grass, 0, 100, false).scene_class(), 3);
        assert_eq!(ground(Cover::Water, 0, 0, false).scene_class(), 6);
    }
}
