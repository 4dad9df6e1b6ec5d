//! The STAC items of sample scenes.

use serde_json::{Map, Value, json};
use stacchip_model::{
    Affine, Bounds, Crs, Point, Projector,
    jiff::{Timestamp, ToSpan, civil},
};

use super::{
    SampleError, SamplePlatform, SampleScene,
    product::{Content, Product},
    render::Counts,
};

/// What an item is made of.
pub(super) struct ItemParts<'a> {
    pub(super) scene: SampleScene,
    pub(super) counts: Counts,
    pub(super) products: &'a [Product],
    pub(super) outline: Vec<Point>,
    pub(super) bbox: Bounds,
}

/// The reference system of a platform's grid.
pub(super) fn crs(platform: SamplePlatform) -> Crs {
    match platform.epsg() {
        Some(code) => Crs::epsg(code.into()),
        None => Crs::wkt(MODIS_WKT),
    }
}

/// The outline of the scene in longitude and latitude, counter-clockwise and closed, with points
/// enough along its edges to follow their curves; and its bounds.
pub(super) fn outline(
    scene: SampleScene,
    projector: &dyn Projector,
) -> Result<(Vec<Point>, Bounds), SampleError> {
    let transform = scene.platform.transform();
    let edge = f64::from(scene.size);
    let along = |n: u32| (0..n).map(move |k| edge * f64::from(k) / f64::from(n));
    let ring = |n: u32| -> Result<Vec<Point>, SampleError> {
        // Down the left, along the bottom, up the right, back along the top.
        let left = along(n).map(|t| (0.0, t));
        let bottom = along(n).map(|t| (t, edge));
        let right = along(n).map(|t| (edge, edge - t));
        let top = along(n).map(|t| (edge - t, 0.0));
        let mut points: Vec<Point> = left
            .chain(bottom)
            .chain(right)
            .chain(top)
            .map(|(col, row)| transform.apply(col, row).into())
            .collect();
        projector.project(&crs(scene.platform), &Crs::wgs84(), &mut points)?;
        if let Some(&first) = points.first() {
            points.push(first);
        }
        Ok(points)
    };
    let bounds = ring(64)?
        .into_iter()
        .fold(None, |all: Option<Bounds>, point| {
            let start = Bounds::new(point[0], point[1], point[0], point[1]);
            Some(all.unwrap_or(start).extended(point))
        })
        .unwrap_or(Bounds::new(0.0, 0.0, 0.0, 0.0));
    Ok((ring(8)?, bounds))
}

impl SampleScene {
    /// The day of the scene: each seed has one of its own, for two years.
    fn day(self) -> civil::Date {
        let days = i64::try_from(self.seed % 730).unwrap_or(0);
        let first = civil::date(2023, 1, 1);
        first.checked_add(days.days()).unwrap_or(first)
    }

    fn moment(self) -> Timestamp {
        let (hour, minute, second) = match self.platform {
            SamplePlatform::Sentinel2 => (14, 6, 36),
            SamplePlatform::Landsat => (14, 3, 11),
            SamplePlatform::Naip => (16, 0, 0),
            SamplePlatform::Sentinel1 => (9, 41, 23),
            SamplePlatform::Linz | SamplePlatform::Modis => (0, 0, 0),
        };
        self.day()
            .at(hour, minute, second, 0)
            .to_zoned(stacchip_model::jiff::tz::TimeZone::UTC)
            .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
    }

    /// The item's id.
    pub fn id(self) -> String {
        let day = self.day();
        let compact = day.strftime("%Y%m%d");
        match self.platform {
            SamplePlatform::Sentinel2 => format!("S2A_T20HNJ_{compact}T140636_L2A"),
            SamplePlatform::Landsat => format!("LC09_L2SP_228083_{compact}_{compact}_02_T1_SR"),
            SamplePlatform::Naip => format!("nh_m_4207009_ne_19_060_{compact}"),
            SamplePlatform::Linz => format!("BQ31_{}_5000", day.strftime("%Y%j")),
            SamplePlatform::Sentinel1 => {
                format!("S1A_IW_GRDH_1SDV_{compact}T094123_{compact}T094148_053498_067DF2_rtc")
            }
            SamplePlatform::Modis => {
                format!("MOD09A1.A{}.h12v12.061", day.strftime("%Y%j"))
            }
        }
    }
}

impl ItemParts<'_> {
    /// The item.
    pub(super) fn item(&self) -> Value {
        let scene = self.scene;
        let (collection, extensions) = match scene.platform {
            SamplePlatform::Sentinel2 => ("sentinel-2-l2a", &[EO, GRID, PROJECTION, RASTER][..]),
            SamplePlatform::Landsat => (
                "landsat-c2l2-sr",
                &[ALTERNATE, EO, LANDSAT, PROJECTION, RASTER][..],
            ),
            SamplePlatform::Naip => ("naip", &[EO, PROJECTION][..]),
            SamplePlatform::Linz => ("linz-sample", &[EO, PROJECTION][..]),
            SamplePlatform::Sentinel1 => ("sentinel-1-rtc", &[PROJECTION, RASTER, SAR][..]),
            SamplePlatform::Modis => ("modis-09A1-061", &[EO, PROJECTION, RASTER][..]),
        };
        let b = self.bbox;
        let mut assets = Map::new();
        for product in self.products {
            assets.insert(product.key.into(), self.asset(product));
        }
        assets.insert(
            "thumbnail".into(),
            json!({"href": "./thumbnail.png", "type": "image/png", "title": "Thumbnail",
                   "roles": ["thumbnail"]}),
        );
        assets.insert(
            "sample_metadata".into(),
            json!({"href": "./metadata.json", "type": "application/json",
                   "title": "How this scene was made", "roles": ["metadata"]}),
        );
        json!({
            "type": "Feature",
            "stac_version": "1.0.0",
            "stac_extensions": extensions,
            "id": scene.id(),
            "collection": collection,
            "geometry": {"type": "Polygon", "coordinates": [self.outline]},
            "bbox": [b.xmin, b.ymin, b.xmax, b.ymax],
            "properties": self.properties(),
            "links": [],
            "assets": assets,
        })
    }

    fn properties(&self) -> Value {
        let scene = self.scene;
        let moment = scene.moment().to_string();
        let c = self.counts;
        // Clouds are counted among the pixels that were seen.
        let cloud = percent(c.cloud, c.all - c.unseen);
        let shape = [scene.size, scene.size];
        let transform = six(scene.platform.transform());
        let end = |days: i64| {
            let end = scene.day().checked_add(days.days()).unwrap_or(scene.day());
            format!("{end}T23:59:59Z")
        };
        let code = scene.platform.epsg().map(|c| format!("EPSG:{c}"));
        match scene.platform {
            SamplePlatform::Sentinel2 => json!({
                "datetime": moment,
                "platform": "sentinel-2a",
                "constellation": "sentinel-2",
                "instruments": ["msi"],
                "gsd": 10,
                "eo:cloud_cover": cloud,
                "proj:code": code,
                "proj:epsg": scene.platform.epsg(),
                "grid:code": "MGRS-20HNJ",
                "mgrs:utm_zone": 20,
                "mgrs:latitude_band": "H",
                "mgrs:grid_square": "NJ",
                "s2:nodata_pixel_percentage": percent(c.unseen, c.all),
                "s2:cloud_shadow_percentage": percent(c.shadow, c.all - c.unseen),
                "s2:water_percentage": percent(c.water, c.all - c.unseen),
                "s2:high_proba_clouds_percentage": percent(c.thick, c.all - c.unseen),
                "s2:medium_proba_clouds_percentage":
                    percent(c.cloud - c.cirrus - c.thick, c.all - c.unseen),
                "s2:thin_cirrus_percentage": percent(c.cirrus, c.all - c.unseen),
                "s2:product_type": "S2MSI2A",
                "earthsearch:boa_offset_applied": true,
            }),
            SamplePlatform::Landsat => json!({
                "datetime": moment,
                "platform": "LANDSAT_9",
                "instruments": ["OLI", "TIRS"],
                "gsd": 30,
                "eo:cloud_cover": cloud,
                "landsat:wrs_path": "228",
                "landsat:wrs_row": "083",
                "landsat:wrs_type": "2",
                "landsat:collection_number": "02",
                "landsat:collection_category": "T1",
                "proj:epsg": scene.platform.epsg(),
                "proj:shape": shape,
                "proj:transform": transform,
            }),
            SamplePlatform::Naip => json!({
                "datetime": moment,
                "gsd": scene.platform.pixel(),
                "naip:year": scene.day().strftime("%Y").to_string(),
                "naip:state": "nh",
                "proj:epsg": scene.platform.epsg(),
                "proj:shape": shape,
                "proj:transform": transform,
            }),
            SamplePlatform::Linz => json!({
                "datetime": null,
                "start_datetime": moment,
                "end_datetime": end(30),
                "gsd": scene.platform.pixel(),
                "proj:code": code,
                "proj:epsg": scene.platform.epsg(),
                "proj:shape": shape,
                "proj:transform": transform,
            }),
            SamplePlatform::Sentinel1 => json!({
                "datetime": moment,
                "platform": "SENTINEL-1A",
                "constellation": "Sentinel-1",
                "sar:instrument_mode": "IW",
                "sar:frequency_band": "C",
                "sar:polarizations": ["VV", "VH"],
                "sar:product_type": "GRD",
                "sat:orbit_state": "descending",
                "proj:epsg": scene.platform.epsg(),
                "proj:shape": shape,
                "proj:transform": transform,
            }),
            SamplePlatform::Modis => json!({
                "datetime": null,
                "start_datetime": moment,
                "end_datetime": end(7),
                "platform": "terra",
                "instruments": ["modis"],
                "eo:cloud_cover": cloud,
                "modis:horizontal-tile": 12,
                "modis:vertical-tile": 12,
                "modis:tile-id": "51012012",
                "proj:epsg": null,
                "proj:wkt2": MODIS_WKT,
                "proj:shape": shape,
                "proj:transform": transform,
            }),
        }
    }

    fn asset(&self, product: &Product) -> Value {
        let scene = self.scene;
        let href = format!("./{}.tif", product.key);
        let edge = scene.size.div_ceil(product.factor);
        let factor = f64::from(product.factor);
        let mut asset = json!({
            "href": href,
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": product.title,
        });
        let mut set = |key: &str, value: Value| {
            if let Some(asset) = asset.as_object_mut() {
                asset.insert(key.into(), value);
            }
        };
        let classes = product.content.is_classes();
        set(
            "roles",
            match product.content {
                Content::LandsatQa => json!(["cloud", "cloud-shadow", "snow-ice", "water-mask"]),
                Content::Sentinel2(_) | Content::Modis(_) => json!(["data", "reflectance"]),
                _ => json!(["data"]),
            },
        );
        if scene.platform == SamplePlatform::Landsat {
            set("alternate", json!({"s3": {"href": href}}));
        }
        if scene.platform == SamplePlatform::Sentinel2 {
            set("gsd", json!(10 * product.factor));
            set("proj:shape", json!([edge, edge]));
            let own = scene.platform.transform().scaled(factor, factor);
            set("proj:transform", json!(six(own)));
        }
        match product.content {
            Content::Sentinel2(_) | Content::Landsat(_) | Content::Modis(_) => {
                let common = match product.key.strip_prefix("sur_refl_") {
                    Some("b01") => "red",
                    Some("b02") => "nir08",
                    Some("b03") => "blue",
                    Some("b04") => "green",
                    Some("b05") => "lwir12",
                    Some("b06") => "swir16",
                    Some(_) => "swir22",
                    None => product.key,
                };
                let mut band = json!({"name": product.band});
                // Red edges are one name to STAC, and 1.24 µm has none.
                let common = if common.starts_with("rededge") {
                    "rededge"
                } else {
                    common
                };
                if let Some(band) = band.as_object_mut().filter(|_| common != "lwir12") {
                    band.insert("common_name".into(), json!(common));
                }
                set("eo:bands", json!([band]));
            }
            Content::Naip | Content::Linz => {
                let bands: Vec<Value> = product
                    .content
                    .bands()
                    .iter()
                    .map(|b| json!({"name": b, "common_name": b}))
                    .collect();
                set("eo:bands", json!(bands));
            }
            _ => {}
        }
        if !matches!(product.content, Content::Naip | Content::Linz) {
            let mut band = json!({"data_type": product.content.sample().name(),
                                  "spatial_resolution": scene.platform.pixel() * factor});
            if let Some(band) = band.as_object_mut() {
                if let Some(nodata) = product.content.nodata() {
                    band.insert("nodata".into(), plain(nodata));
                }
                let scale = match product.content {
                    Content::Landsat(_) => Some((0.000_027_5, -0.2)),
                    Content::Sentinel2(_) | Content::Modis(_) => Some((0.0001, 0.0)),
                    _ => None,
                };
                if let Some((scale, offset)) = scale.filter(|_| !classes) {
                    band.insert("scale".into(), json!(scale));
                    band.insert("offset".into(), plain(offset));
                }
            }
            set("raster:bands", json!([band]));
        }
        asset
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    // To six places, as the producers write it; from whole numbers, so the same everywhere.
    let millionths = (part * 100_000_000).checked_div(whole).unwrap_or(0);
    millionths as f64 / 1e6
}

/// Whole numbers without a fraction, as most items have them.
fn plain(value: f64) -> Value {
    if value.fract() == 0.0 {
        format!("{value:.0}")
            .parse::<i64>()
            .map_or(json!(value), |v| json!(v))
    } else {
        json!(value)
    }
}

fn six(transform: Affine) -> Vec<Value> {
    transform.coefficients().into_iter().map(plain).collect()
}

/// Radius of the sphere of MODIS land products, in metres.
pub(super) const MODIS_RADIUS: f64 = 6_371_007.181;

/// The sinusoidal grid of MODIS land products.
const MODIS_WKT: &str = r#"PROJCRS["MODIS Sinusoidal",BASEGEOGCRS["Unknown datum based upon the custom spheroid",DATUM["Not specified (based on custom spheroid)",ELLIPSOID["Custom spheroid",6371007.181,0,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["unnamed",METHOD["Sinusoidal"],PARAMETER["Longitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8802]],PARAMETER["False easting",0,LENGTHUNIT["metre",1],ID["EPSG",8806]],PARAMETER["False northing",0,LENGTHUNIT["metre",1],ID["EPSG",8807]]],CS[Cartesian,2],AXIS["easting",east,ORDER[1],LENGTHUNIT["metre",1]],AXIS["northing",north,ORDER[2],LENGTHUNIT["metre",1]]]"#;

const ALTERNATE: &str = "https://stac-extensions.github.io/alternate-assets/v1.1.0/schema.json";
const EO: &str = "https://stac-extensions.github.io/eo/v1.1.0/schema.json";
const GRID: &str = "https://stac-extensions.github.io/grid/v1.1.0/schema.json";
const LANDSAT: &str = "https://landsat.usgs.gov/stac/landsat-extension/v1.1.1/schema.json";
const PROJECTION: &str = "https://stac-extensions.github.io/projection/v1.1.0/schema.json";
const RASTER: &str = "https://stac-extensions.github.io/raster/v1.1.0/schema.json";
const SAR: &str = "https://stac-extensions.github.io/sar/v1.0.0/schema.json";
