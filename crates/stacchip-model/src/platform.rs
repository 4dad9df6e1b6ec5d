//! Platforms that have a name of their own.

use crate::Scene;

/// A platform that upstream names, and that has a rule of its own for clouds and nodata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Platform {
    /// Sentinel-2, level 2A.
    Sentinel2L2a,
    /// Landsat collection 2, level 2 surface reflectance.
    LandsatC2L2Sr,
    /// Landsat collection 2, level 1.
    LandsatC2L1,
    /// The National Agriculture Imagery Program of the United States.
    Naip,
    /// Aerial imagery of Toitū Te Whenua, Land Information New Zealand.
    Linz,
    /// Sentinel-1, radiometrically terrain corrected.
    Sentinel1Rtc,
    /// MODIS surface reflectance, 8 days, 500 m (MOD09A1, MYD09A1).
    Modis,
}

impl Platform {
    /// Every platform there is, in the order they are tried.
    pub fn all() -> impl Iterator<Item = Self> {
        SIGNS.iter().map(|signs| signs.platform)
    }

    /// The platform of `scene`: by its collection, else by where its assets lie. Nothing where it is
    /// none of them.
    pub fn of(scene: &Scene) -> Option<Self> {
        let named = scene.collection.as_deref().and_then(Self::of_collection);
        named.or_else(|| {
            SIGNS
                .iter()
                .find(|signs| {
                    signs.addresses.iter().any(|part| {
                        scene.href.iter().any(|href| href.contains(part))
                            || scene.assets.iter().any(|a| a.href.contains(part))
                    })
                })
                .map(|signs| signs.platform)
        })
    }

    /// The platform whose items the collection `id` holds; upper or lower case are the same.
    pub fn of_collection(id: &str) -> Option<Self> {
        SIGNS
            .iter()
            .find(|s| s.collections.iter().any(|c| c.eq_ignore_ascii_case(id)))
            .map(|signs| signs.platform)
    }

    /// The platform with upstream's name `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|p| p.name() == name)
    }

    /// Upstream's name of it, as in keys and in the column `platform`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentinel2L2a => "sentinel-2-l2a",
            Self::LandsatC2L2Sr => "landsat-c2l2-sr",
            Self::LandsatC2L1 => "landsat-c2l1",
            Self::Naip => "naip",
            Self::Linz => "linz",
            Self::Sentinel1Rtc => "sentinel-1-rtc",
            Self::Modis => "modis",
        }
    }
}

/// What a scene of a platform is known by.
struct Signs {
    platform: Platform,
    /// Ids of its collections, in the catalogues that serve it.
    collections: &'static [&'static str],
    /// What the address of an item or an asset holds nowhere else.
    addresses: &'static [&'static str],
}

/// One row a platform.
const SIGNS: &[Signs] = &[
    Signs {
        platform: Platform::Sentinel2L2a,
        // Earth Search v1 and v0, Planetary Computer, Sentinel Hub.
        collections: &[
            "sentinel-2-l2a",
            "sentinel-2-c1-l2a",
            "sentinel-s2-l2a",
            "sentinel-s2-l2a-cogs",
        ],
        addresses: &["sentinel-cogs", "e84-earth-search-sentinel-data"],
    },
    Signs {
        platform: Platform::LandsatC2L2Sr,
        // USGS landsatlook, Planetary Computer and Earth Search, Planetary Computer before.
        collections: &["landsat-c2l2-sr", "landsat-c2-l2", "landsat-8-c2-l2"],
        addresses: &[],
    },
    Signs {
        platform: Platform::LandsatC2L1,
        collections: &["landsat-c2l1", "landsat-c2-l1"],
        addresses: &[],
    },
    Signs {
        platform: Platform::Naip,
        collections: &["naip"],
        addresses: &[
            "naip-analytic",
            "naip-visualization",
            "naip-source",
            "naipeuwest",
        ],
    },
    Signs {
        platform: Platform::Linz,
        // Each survey is a collection of its own; the bucket is what they share.
        collections: &["linz", "nz-imagery"],
        addresses: &["nz-imagery"],
    },
    Signs {
        platform: Platform::Sentinel1Rtc,
        collections: &["sentinel-1-rtc"],
        addresses: &["sentinel1euwestrtc"],
    },
    Signs {
        platform: Platform::Modis,
        collections: &["modis-09A1-061", "modis-09A1-006", "modis"],
        addresses: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Asset;

    #[test]
    fn names_and_rows_lead_back() {
        assert_eq!(Platform::all().count(), 7);
        for platform in Platform::all() {
            assert_eq!(Platform::from_name(platform.name()), Some(platform));
        }
        assert_eq!(Platform::from_name("landsat"), None);
    }

    #[test]
    fn a_collection_goes_before_an_address() {
        let mut scene = Scene {
            collection: Some("Sentinel-2-C1-L2A".to_owned()),
            assets: vec![Asset {
                href: "s3://nz-imagery/wellington/BC40.tiff".to_owned(),
                ..Asset::default()
            }],
            ..Scene::default()
        };
        assert_eq!(Platform::of(&scene), Some(Platform::Sentinel2L2a));
        scene.collection = Some("01GHD4BHWJ4PJAS2T7M5G45JQT".to_owned());
        assert_eq!(Platform::of(&scene), Some(Platform::Linz));
        scene.assets.clear();
        assert_eq!(Platform::of(&scene), None);
    }
}
