//! `GeoJSON` (RFC 7946), and the older member `crs` that programs still write.

use serde_json::{Map, Value};
use stacchip_model::{Crs, Figure, Point, Polygon};

use super::{DEEPEST, Feature, Layer, Wrong};

pub(super) fn read(text: &str) -> Result<Layer, Wrong> {
    let json: Value =
        serde_json::from_str(text).map_err(|e| Wrong(format!("it is no JSON: {e}")))?;
    let crs = match &json["crs"] {
        Value::Null => Crs::wgs84(),
        named => {
            let name = named["properties"]["name"].as_str();
            let name = name.ok_or_else(|| Wrong::from("its `crs` has no name"))?;
            name.parse().map_err(|e| Wrong(format!("its `crs`: {e}")))?
        }
    };
    let mut features = Vec::new();
    match json["type"].as_str() {
        Some("FeatureCollection") => {
            let list = json["features"].as_array();
            let list = list.ok_or_else(|| Wrong::from("its features are no list"))?;
            for (number, of) in list.iter().enumerate() {
                features
                    .push(feature(of).map_err(|w| Wrong(format!("feature {number}: {}", w.0)))?);
            }
        }
        Some("Feature") => features.push(feature(&json)?),
        Some(_) => features.push(Feature {
            figure: figure(&json)?,
            attributes: Map::new(),
        }),
        None => return Err("it is no GeoJSON".into()),
    }
    Ok(Layer {
        name: json["name"].as_str().map(str::to_owned),
        crs: Some(crs),
        features,
    })
}

fn feature(json: &Value) -> Result<Feature, Wrong> {
    Ok(Feature {
        figure: figure(&json["geometry"])?,
        attributes: json["properties"].as_object().cloned().unwrap_or_default(),
    })
}

fn figure(json: &Value) -> Result<Figure, Wrong> {
    let mut figure = Figure::default();
    gather(json, &mut figure, 0)?;
    Ok(figure)
}

fn gather(json: &Value, into: &mut Figure, depth: u8) -> Result<(), Wrong> {
    if json.is_null() {
        return Ok(());
    }
    if depth > DEEPEST {
        return Err("its collections are too deep".into());
    }
    let coordinates = &json["coordinates"];
    let kind = json["type"].as_str().unwrap_or_default();
    match kind {
        "Point" => into.points.extend(points(coordinates, 0)?),
        "MultiPoint" => into.points.extend(points(coordinates, 1)?),
        "LineString" => into.lines.push(points(coordinates, 1)?),
        "MultiLineString" => {
            for line in list(coordinates)? {
                into.lines.push(points(line, 1)?);
            }
        }
        "Polygon" => into.polygons.push(polygon(coordinates)?),
        "MultiPolygon" => {
            for part in list(coordinates)? {
                into.polygons.push(polygon(part)?);
            }
        }
        "GeometryCollection" => {
            for part in list(&json["geometries"])? {
                gather(part, into, depth + 1)?;
            }
        }
        other => return Err(Wrong(format!("`{other}` is no kind of geometry"))),
    }
    Ok(())
}

fn list(json: &Value) -> Result<&Vec<Value>, Wrong> {
    json.as_array()
        .ok_or_else(|| Wrong::from("its coordinates are no lists"))
}

fn polygon(json: &Value) -> Result<Polygon, Wrong> {
    let rings = list(json)?.iter().map(|ring| points(ring, 1));
    Ok(Polygon {
        rings: rings.collect::<Result<_, _>>()?,
    })
}

/// One point (depth 0), or a list of them.
fn points(json: &Value, depth: u8) -> Result<Vec<Point>, Wrong> {
    let one = |json: &Value| {
        let at = |i: usize| json.get(i).and_then(Value::as_f64);
        at(0)
            .zip(at(1))
            .map(|(x, y)| [x, y])
            .ok_or_else(|| Wrong::from("a point has no two numbers"))
    };
    if depth == 0 {
        // A point may be empty.
        return if json.as_array().is_some_and(Vec::is_empty) {
            Ok(Vec::new())
        } else {
            Ok(vec![one(json)?])
        };
    }
    list(json)?.iter().map(one).collect()
}
