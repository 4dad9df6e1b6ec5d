//! One Item.

use serde_json::Value;
use stacchip_model::{Alternate, Asset, Scene};

use super::{
    StacError,
    bands::bands,
    fields::Fields,
    projection::{bounds, projection},
    time::scene_time,
};

/// What the Item `json`, read from `address`, says.
///
/// Assets without an `href` (which some writers leave in) cannot be read and are left out.
///
/// # Errors
/// [`StacError::NotItems`] where it is no Item, [`StacError::Missing`] and [`StacError::Wrong`] where
/// a field is not as it must be.
pub fn parse_item(json: &Value, address: Option<&str>) -> Result<Scene, StacError> {
    let not_items = |what: &str| StacError::NotItems {
        address: address.unwrap_or("the item").to_owned(),
        what: what.to_owned(),
    };
    let object = json
        .as_object()
        .ok_or_else(|| not_items("no JSON object"))?;
    let id = object
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or("without id");
    let item = Fields::root(id, object);
    match item.text("type")? {
        Some("Feature") => {}
        Some(other) => return Err(not_items(&format!("a {other}, not a STAC Item"))),
        None => return Err(not_items("a JSON object without `type`")),
    }
    let id = item.owned_text("id")?.ok_or_else(|| item.missing("id"))?;
    let properties = item
        .object("properties")?
        .ok_or_else(|| item.missing("properties"))?;
    let assets = item
        .object("assets")?
        .ok_or_else(|| item.missing("assets"))?;
    let either = |new: &str, old: &str| -> Result<Option<String>, StacError> {
        match properties.owned_text(new)? {
            Some(text) => Ok(Some(text)),
            None => properties.owned_text(old),
        }
    };
    Ok(Scene {
        id,
        href: address.map(str::to_owned),
        collection: item.owned_text("collection")?,
        spacecraft: either("platform", "eo:platform")?,
        constellation: either("constellation", "eo:constellation")?,
        time: scene_time(&properties)?,
        bbox: bounds(&item, "bbox")?,
        projection: projection(&properties)?,
        cloud_cover: properties.number("eo:cloud_cover")?,
        processing_baseline: baseline(&properties),
        offset_applied: properties
            .value("earthsearch:boa_offset_applied")
            .and_then(Value::as_bool),
        assets: all_assets(&assets, &properties)?,
    })
}

/// As a text; some catalogues write a number.
fn baseline(properties: &Fields<'_>) -> Option<String> {
    let value = properties.value("s2:processing_baseline")?;
    let text = value.as_str().map(str::to_owned);
    text.or_else(|| value.as_f64().map(|number| format!("{number:05.2}")))
}

fn all_assets(assets: &Fields<'_>, properties: &Fields<'_>) -> Result<Vec<Asset>, StacError> {
    let item_bands = properties.array("eo:bands")?;
    let item_gsd = properties.number("gsd")?;
    let mut all = Vec::new();
    for (key, value) in assets.entries() {
        let fields = assets.as_object(key, value)?;
        let Some(href) = fields.owned_text("href")? else {
            continue;
        };
        all.push(Asset {
            key: key.clone(),
            href,
            media_type: fields.owned_text("type")?,
            roles: fields.texts("roles")?,
            alternates: alternates(&fields)?,
            projection: projection(&fields)?,
            bands: bands(&fields, item_bands)?,
            gsd: fields.number("gsd")?.or(item_gsd),
        });
    }
    Ok(all)
}

fn alternates(asset: &Fields<'_>) -> Result<Vec<Alternate>, StacError> {
    let Some(alternates) = asset.object("alternate")? else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for (name, value) in alternates.entries() {
        if let Some(href) = alternates.as_object(name, value)?.owned_text("href")? {
            all.push(Alternate {
                name: name.clone(),
                href,
            });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stacchip_model::{Affine, Bounds, Crs, Size};

    use super::*;

    fn item(properties: &Value, asset: &Value) -> Value {
        json!({
            "type": "Feature", "stac_version": "1.1.0", "id": "scene", "bbox": [1, 2, 0, 3, 4, 9],
            "collection": "things", "properties": properties, "assets": {"data": asset},
            "links": "nobody looks here"
        })
    }

    fn scene(properties: &Value, asset: &Value) -> Result<Scene, StacError> {
        parse_item(&item(properties, asset), Some("/data/item.json"))
    }

    #[test]
    fn what_an_item_says() {
        let scene = scene(
            &json!({
                "datetime": null, "start_datetime": "2024-01-01T00:00:00Z", "gsd": 10,
                "platform": "landsat-9", "eo:cloud_cover": 12.5, "proj:epsg": 32620,
                "proj:shape": [200, 100.0], "proj:transform": [10, 0, 5, 0, -10, 7, 0, 0, 1]
            }),
            &json!({
                "href": "./a.tif", "type": "image/tiff", "roles": ["data"],
                "alternate": {"s3": {"href": "s3://b/a.tif"}, "odd": {}},
                "eo:bands": [{"name": "B02", "common_name": "blue"}, {"name": "B03"}],
                "raster:bands": [{"nodata": "nan", "scale": 0.1, "offset": -1, "data_type": "uint16"}],
                "proj:code": "EPSG:32621", "proj:bbox": [1, 2, 3, 4]
            }),
        )
        .unwrap();
        assert_eq!(scene.id, "scene");
        assert_eq!(scene.href.as_deref(), Some("/data/item.json"));
        assert_eq!(scene.bbox, Some(Bounds::new(1.0, 2.0, 3.0, 4.0)));
        assert_eq!(scene.time.moment(), "2024-01-01T00:00:00Z".parse().ok());
        assert_eq!(scene.spacecraft.as_deref(), Some("landsat-9"));
        assert_eq!(scene.cloud_cover, Some(12.5));
        assert_eq!(scene.projection.crs, Some(Crs::epsg(32620)));
        assert_eq!(scene.projection.shape, Some(Size::new(100, 200)));
        let transform = Affine::new(10.0, 0.0, 5.0, 0.0, -10.0, 7.0);
        assert_eq!(scene.projection.transform, Some(transform));
        let asset = scene.asset("DATA").unwrap();
        assert_eq!(asset.projection.crs, Some(Crs::epsg(32621)));
        assert_eq!(asset.gsd, Some(10.0));
        assert_eq!(asset.alternates.len(), 1);
        assert_eq!(asset.bands.len(), 2);
        assert_eq!(asset.bands[0].common_name.as_deref(), Some("blue"));
        assert!(asset.bands[0].nodata.unwrap().is_nan());
        assert_eq!(
            (asset.bands[0].scale, asset.bands[0].offset),
            (Some(0.1), Some(-1.0))
        );
        assert_eq!(asset.bands[1].nodata, None);
    }

    #[test]
    fn what_was_done_to_the_pixels_is_read() {
        let asset = json!({"href": "a.tif"});
        let read = |properties: Value| {
            let scene = scene(&properties, &asset).unwrap();
            (scene.processing_baseline, scene.offset_applied)
        };
        let said =
            json!({"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": true});
        assert_eq!(read(said), (Some("05.09".to_owned()), Some(true)));
        let number = json!({"s2:processing_baseline": 4.0});
        assert_eq!(read(number), (Some("04.00".to_owned()), None));
        assert_eq!(read(json!({})), (None, None));
    }

    #[test]
    fn bands_of_stac_1_1_and_of_the_first_versions() {
        let new = scene(
            &json!({}),
            &json!({
                "href": "a.tif", "nodata": 0, "data_type": "uint8", "raster:scale": 2,
                "bands": [{"name": "r", "eo:common_name": "red"}, {"name": "m", "nodata": "-inf"}]
            }),
        )
        .unwrap();
        let bands = &new.assets[0].bands;
        assert_eq!(bands[0].common_name.as_deref(), Some("red"));
        assert_eq!((bands[0].nodata, bands[0].scale), (Some(0.0), Some(2.0)));
        assert_eq!(bands[1].nodata, Some(f64::NEG_INFINITY));
        let old = scene(
            &json!({"eo:bands": [{"name": "B1"}, {"name": "B2", "common_name": "blue"}], "eo:epsg": 32701}),
            &json!({"href": "a.tif", "eo:bands": [1, 7]}),
        )
        .unwrap();
        assert_eq!(old.assets[0].bands[0].common_name.as_deref(), Some("blue"));
        assert_eq!(old.assets[0].bands.len(), 2);
        assert_eq!(old.projection.crs, Some(Crs::epsg(32701)));
    }

    #[test]
    fn every_form_of_a_reference_system() {
        let crs = |properties: Value| {
            scene(&properties, &json!({"href": "a.tif"}))
                .unwrap()
                .projection
                .crs
        };
        let utm = Crs::epsg(32620).code().cloned();
        let code = |crs: Option<Crs>| crs.and_then(|c| c.code().cloned());
        let wkt = r#"PROJCRS["x",BASEGEOGCRS["y"],ID["EPSG",32620]]"#;
        let projjson = json!({"type": "ProjectedCRS", "id": {"authority": "EPSG", "code": 32620}});
        assert_eq!(code(crs(json!({"proj:code": "EPSG:32620"}))), utm);
        assert_eq!(
            code(crs(json!({"proj:code": null, "proj:epsg": 32620.0}))),
            utm
        );
        assert_eq!(code(crs(json!({"proj:epsg": null, "proj:wkt2": wkt}))), utm);
        assert_eq!(
            code(crs(json!({"proj:epsg": null, "proj:projjson": projjson}))),
            utm
        );
        let nameless = crs(json!({"proj:projjson": {"type": "ProjectedCRS"}})).unwrap();
        assert_eq!(nameless.code(), None);
        assert_eq!(nameless.definition(), r#"{"type":"ProjectedCRS"}"#);
        assert_eq!(crs(json!({"proj:epsg": null})), None);
    }

    #[test]
    fn a_wrong_type_names_field_and_item() {
        let good = json!({"href": "a.tif"});
        for (properties, asset, field) in [
            (json!({"datetime": 5}), good.clone(), "properties.datetime"),
            (
                json!({"datetime": "soon"}),
                good.clone(),
                "properties.datetime",
            ),
            (
                json!({"proj:epsg": "32620"}),
                good.clone(),
                "properties.proj:epsg",
            ),
            (
                json!({"proj:epsg": -1}),
                good.clone(),
                "properties.proj:epsg",
            ),
            (
                json!({"proj:code": "nonsense"}),
                good.clone(),
                "properties.proj:code",
            ),
            (
                json!({"proj:shape": [1, 2, 3]}),
                good.clone(),
                "properties.proj:shape",
            ),
            (
                json!({"proj:shape": [0, 2]}),
                good.clone(),
                "properties.proj:shape",
            ),
            (
                json!({"proj:shape": [1.5, 2]}),
                good.clone(),
                "properties.proj:shape",
            ),
            (
                json!({"proj:shape": [1e300, 2]}),
                good.clone(),
                "properties.proj:shape",
            ),
            (
                json!({"proj:transform": [1, 2, 3]}),
                good.clone(),
                "properties.proj:transform",
            ),
            (
                json!({"proj:transform": [1, 0, 0, 0, 1, 0, 1, 0, 1]}),
                good.clone(),
                "properties.proj:transform",
            ),
            (
                json!({"proj:projjson": "text"}),
                good.clone(),
                "properties.proj:projjson",
            ),
            (
                json!({"platform": ["x"]}),
                good.clone(),
                "properties.platform",
            ),
            (json!({}), json!({"href": 5}), "assets.data.href"),
            (json!({}), json!("a.tif"), "assets.data"),
            (
                json!({}),
                json!({"href": "a", "roles": "data"}),
                "assets.data.roles",
            ),
            (
                json!({}),
                json!({"href": "a", "bands": ["x"]}),
                "assets.data.bands",
            ),
            (
                json!({}),
                json!({"href": "a", "raster:bands": [{"nodata": "no"}]}),
                "assets.data.raster:bands.nodata",
            ),
            (
                json!({}),
                json!({"href": "a", "alternate": {"s3": "x"}}),
                "assets.data.alternate.s3",
            ),
        ] {
            match scene(&properties, &asset) {
                Err(StacError::Wrong {
                    item, field: at, ..
                }) => {
                    assert_eq!((item.as_str(), at.as_str()), ("scene", field));
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_item_is_said() {
        for (json, words) in [
            (json!([]), "no JSON object"),
            (json!({"type": "Collection"}), "a Collection"),
            (json!({"id": "x"}), "without `type`"),
            (
                json!({"type": "Feature", "properties": {}, "assets": {}}),
                "`id` is missing",
            ),
            (
                json!({"type": "Feature", "id": "x", "assets": {}}),
                "`properties` is missing",
            ),
            (
                json!({"type": "Feature", "id": "x", "properties": {}}),
                "`assets` is missing",
            ),
        ] {
            let error = parse_item(&json, None).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_asset_without_address_is_left_out() {
        let scene = scene(&json!({}), &json!({"title": "ST_QA"})).unwrap();
        assert_eq!(scene.assets, []);
    }
}
