//! What a STAC item says, as plain data.

use jiff::Timestamp;

use crate::{Affine, Bounds, Crs, Size};

/// A STAC item, as far as chips need it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// The item's `id`.
    pub id: String,
    /// The address the item was read from; relative addresses of assets resolve against it.
    pub href: Option<String>,
    /// The id of its collection.
    pub collection: Option<String>,
    /// STAC's `platform`: the satellite or aircraft, such as `landsat-9`.
    pub spacecraft: Option<String>,
    /// STAC's `constellation`.
    pub constellation: Option<String>,
    /// When it was seen.
    pub time: SceneTime,
    /// The item's `bbox`, without heights, in WGS 84.
    pub bbox: Option<Bounds>,
    /// The projection extension's fields on the item.
    pub projection: Projection,
    /// `eo:cloud_cover`, in percent.
    pub cloud_cover: Option<f64>,
    /// `s2:processing_baseline`, such as `05.09`.
    pub processing_baseline: Option<String>,
    /// `earthsearch:boa_offset_applied`: whether the offset of Sentinel-2's baselines from 04.00 on has
    /// been added to the pixels already.
    pub offset_applied: Option<bool>,
    /// The assets, in the item's order.
    pub assets: Vec<Asset>,
}

impl Scene {
    /// The asset with the key `key`: the exact key first, then the first that differs in case only.
    pub fn asset(&self, key: &str) -> Option<&Asset> {
        self.assets
            .iter()
            .find(|a| a.key == key)
            .or_else(|| self.assets.iter().find(|a| a.key.eq_ignore_ascii_case(key)))
    }
}

/// When a scene was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SceneTime {
    /// `datetime`; may be null in an item that gives a range.
    pub datetime: Option<Timestamp>,
    /// `start_datetime`.
    pub start: Option<Timestamp>,
    /// `end_datetime`.
    pub end: Option<Timestamp>,
}

impl SceneTime {
    /// The one moment it is filed under: `datetime`, else the start of the range.
    pub fn moment(&self) -> Option<Timestamp> {
        self.datetime.or(self.start)
    }
}

/// The fields of the projection extension, of an item or of an asset; each may be missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    /// From `proj:code`, `proj:epsg`, `proj:wkt2` or `proj:projjson`.
    pub crs: Option<Crs>,
    /// From `proj:shape`, which is `[height, width]`.
    pub shape: Option<Size>,
    /// From `proj:transform`, six or nine numbers.
    pub transform: Option<Affine>,
    /// From `proj:bbox`, in the reference system's own units.
    pub bbox: Option<Bounds>,
}

/// One asset of a scene.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asset {
    /// Its key in the item.
    pub key: String,
    /// Its `href`, as the item gives it.
    pub href: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// Other addresses of the same object, in the item's order.
    pub alternates: Vec<Alternate>,
    /// The projection extension's fields on the asset.
    pub projection: Projection,
    /// Its bands, from `bands`, or `eo:bands` and `raster:bands` merged by position.
    pub bands: Vec<Band>,
    /// Ground sample distance, in metres.
    pub gsd: Option<f64>,
}

impl Asset {
    /// Whether it is a TIFF: by its media type, or by the ending of its address where it has none.
    pub fn is_tiff(&self) -> bool {
        if let Some(media) = &self.media_type {
            return media.to_ascii_lowercase().contains("tiff");
        }
        let path = self.href.split(['?', '#']).next().unwrap_or_default();
        path.rsplit_once('.').is_some_and(|(_, ending)| {
            ["tif", "tiff"]
                .iter()
                .any(|e| ending.eq_ignore_ascii_case(e))
        })
    }

    /// Whether its roles say that it is no data: a thumbnail, an overview or metadata.
    pub fn is_auxiliary(&self) -> bool {
        self.roles.iter().any(|role| {
            ["thumbnail", "overview", "metadata"]
                .iter()
                .any(|r| role.eq_ignore_ascii_case(r))
        })
    }

    /// Whether it is one of the rasters a chip is made of by default: a TIFF that is not
    /// [auxiliary](Self::is_auxiliary).
    pub fn is_data(&self) -> bool {
        self.is_tiff() && !self.is_auxiliary()
    }
}

/// Another address of an asset (the alternate assets extension).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alternate {
    /// Its key, such as `s3`.
    pub name: String,
    /// The address.
    pub href: String,
}

/// One band of an asset.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Band {
    /// Its name, such as `B02`.
    pub name: Option<String>,
    /// Its common name, such as `blue`.
    pub common_name: Option<String>,
    /// Its nodata value; `nan`, `inf` and `-inf` as the numbers they name.
    pub nodata: Option<f64>,
    /// Its data type, as the item writes it.
    pub data_type: Option<String>,
    /// Factor from stored to physical values.
    pub scale: Option<f64>,
    /// What is added after the factor.
    pub offset: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(href: &str, media: Option<&str>, role: &str) -> Asset {
        Asset {
            href: href.to_owned(),
            media_type: media.map(str::to_owned),
            roles: vec![role.to_owned()],
            ..Asset::default()
        }
    }

    #[test]
    fn a_tiff_by_type_else_by_ending() {
        let cog = "image/tiff; application=geotiff; profile=cloud-optimized";
        assert!(asset("https://x/b", Some(cog), "data").is_data());
        assert!(asset("https://x/b.TIF?sig=a.b#c", None, "data").is_data());
        assert!(!asset("https://x/b.tif", Some("image/jp2"), "data").is_data());
        assert!(!asset("https://x/tif", None, "data").is_data());
        assert!(!asset("https://x/b.tif", Some(cog), "Overview").is_data());
        assert!(asset("https://x/b.tif", Some(cog), "Overview").is_tiff());
    }
}
