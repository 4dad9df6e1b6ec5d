//! Areas that outlines are held against.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use serde_json::Value;
use stacchip_index::schema::BBOX;
use stacchip_model::{Bounds, MultiPolygon, Polygon, Ring};

use super::{
    QueryError,
    expression::{Comparison, Expression},
};

/// An area on WGS 84, longitude and latitude: all that its polygons hold. Several areas together are
/// what all of them share.
#[derive(Debug, Clone)]
pub struct Area {
    all: Vec<MultiPolygon>,
}

impl Area {
    /// The box with these edges in degrees; across the antimeridian, where `west` is more than `east`, or where it reaches
    /// beyond ±180.
    ///
    /// # Errors
    /// [`QueryError::Area`] where it is none.
    pub fn of_box([west, south, east, north]: [f64; 4]) -> Result<Self, QueryError> {
        let fine = [west, south, east, north].iter().all(|v| v.is_finite()) && south <= north;
        if !fine {
            return Err(QueryError::Area(format!(
                "{west},{south},{east},{north}: give west,south,east,north in degrees"
            )));
        }
        let part = |west, east| rectangle([west, south, east, north]);
        if west <= east {
            return Self::of(vec![part(west, east)]);
        }
        if west.abs().max(east.abs()) > FARTHEST {
            return Err(too_far(east, west));
        }
        // Eastwards from the one to the other, wherever on the globe they come to.
        let within = |lon: f64| {
            if lon.abs() > 180.0 {
                lon - 360.0 * (lon / 360.0).round()
            } else {
                lon
            }
        };
        // Whole turns apart they are one meridian.
        let is_one = (west - east) % 360.0 == 0.0;
        let (west, east) = (within(if is_one { east } else { west }), within(east));
        let polygons = if is_one && east.abs() == 180.0 {
            vec![part(180.0, 180.0), part(-180.0, -180.0)]
        } else if west <= east {
            vec![part(west, east)]
        } else {
            vec![part(west, 180.0), part(-180.0, east)]
        };
        Self::of(polygons)
    }

    /// All that `polygons` hold; beyond ±180 they are where they come to on the globe.
    fn of(polygons: Vec<Polygon>) -> Result<Self, QueryError> {
        let mut within = Vec::with_capacity(polygons.len());
        for polygon in polygons {
            let Some(b) = MultiPolygon::from(polygon.clone()).bounds() else {
                continue;
            };
            if b.xmin >= -180.0 && b.xmax <= 180.0 {
                within.push(polygon);
                continue;
            }
            if !(b.xmin.abs() <= FARTHEST && b.xmax.abs() <= FARTHEST) {
                return Err(too_far(b.xmin, b.xmax));
            }
            let mut turn = ((-180.0 - b.xmax) / 360.0).ceil() * 360.0;
            while b.xmin + turn <= 180.0 {
                let mut turned = polygon.clone();
                turned.rings.iter_mut().flatten().for_each(|p| p[0] += turn);
                within.push(turned);
                turn += 360.0;
            }
        }
        Ok(Self {
            all: vec![MultiPolygon { polygons: within }],
        })
    }

    /// The polygons of a `GeoJSON` text: a Polygon, `MultiPolygon`, collection of them, Feature or
    /// `FeatureCollection`; together they are one area. Longitudes beyond ±180 are those a turn away.
    ///
    /// # Errors
    /// [`QueryError::Area`] where it holds none, or something else.
    pub fn of_geojson(text: &str) -> Result<Self, QueryError> {
        let wrong = |why: &str| QueryError::Area(why.to_owned());
        let json: Value = serde_json::from_str(text).map_err(|e| wrong(&e.to_string()))?;
        let mut polygons = Vec::new();
        gather(&json, &mut polygons, 0).map_err(wrong)?;
        if polygons.is_empty() {
            return Err(wrong("there is no polygon in it"));
        }
        Self::of(polygons)
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self
    }

    /// That the box around an outline reaches the boxes around the polygons.
    pub(super) fn covering(&self) -> Expression {
        let edge = |name: &str| Expression::Column(vec![BBOX.name.to_owned(), name.to_owned()]);
        let number = |v: f64| -> Expression {
            let array: ArrayRef = Arc::new(Float64Array::from(vec![v]));
            Expression::Constant(array)
        };
        let reaches = |b: Bounds| {
            edge("xmin")
                .compare(Comparison::LessOrEqual, number(b.xmax))
                .and(edge("xmax").compare(Comparison::GreaterOrEqual, number(b.xmin)))
                .and(edge("ymin").compare(Comparison::LessOrEqual, number(b.ymax)))
                .and(edge("ymax").compare(Comparison::GreaterOrEqual, number(b.ymin)))
        };
        let of_one = |area: &MultiPolygon| {
            // Of many polygons the box around all says enough.
            let boxes: Vec<Bounds> = if area.polygons.len() <= 16 {
                let each = area.polygons.iter();
                each.filter_map(|p| MultiPolygon::from(p.clone()).bounds())
                    .collect()
            } else {
                area.bounds().into_iter().collect()
            };
            boxes.into_iter().map(reaches).reduce(Expression::or)
        };
        let all = self.all.iter().filter_map(of_one).reduce(Expression::and);
        all.unwrap_or_else(|| number(0.0).compare(Comparison::Equal, number(1.0)))
    }

    /// Whether `outline` shares a point with every one of the areas.
    pub(super) fn meets(&self, outline: &MultiPolygon) -> bool {
        self.all.iter().all(|area| {
            area.polygons
                .iter()
                .any(|a| outline.polygons.iter().any(|b| a.meets(b)))
        })
    }
}

fn rectangle([west, south, east, north]: [f64; 4]) -> Polygon {
    Polygon {
        rings: vec![vec![
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
        ]],
    }
}

fn too_far(least: f64, most: f64) -> QueryError {
    QueryError::Area(format!(
        "longitudes from {least} to {most} are too far round the globe: give degrees"
    ))
}

fn gather(json: &Value, into: &mut Vec<Polygon>, depth: usize) -> Result<(), &'static str> {
    if depth > 8 {
        return Err("its collections are too deep");
    }
    let list = |key: &str| json[key].as_array().ok_or("it is no GeoJSON");
    match json["type"].as_str() {
        Some("FeatureCollection") => list("features")?
            .iter()
            .try_for_each(|f| gather(f, into, depth + 1)),
        Some("GeometryCollection") => list("geometries")?
            .iter()
            .try_for_each(|g| gather(g, into, depth + 1)),
        Some("Feature") => gather(&json["geometry"], into, depth + 1),
        Some("Polygon") => {
            into.push(polygon(&json["coordinates"])?);
            Ok(())
        }
        Some("MultiPolygon") => {
            for part in list("coordinates")? {
                into.push(polygon(part)?);
            }
            Ok(())
        }
        Some(_) => Err("it holds other geometries than polygons"),
        None => Err("it is no GeoJSON"),
    }
}

fn polygon(json: &Value) -> Result<Polygon, &'static str> {
    let wrong = "the coordinates of a polygon are wrong";
    let rings = json.as_array().ok_or(wrong)?.iter().map(|ring| {
        let points = ring.as_array().ok_or(wrong)?.iter().map(|point| {
            let at = |i: usize| point.get(i).and_then(Value::as_f64).ok_or(wrong);
            Ok([at(0)?, at(1)?])
        });
        let ring = points.collect::<Result<Ring, &'static str>>()?;
        if ring.len() < 4 { Err(wrong) } else { Ok(ring) }
    });
    Ok(Polygon {
        rings: rings.collect::<Result<_, _>>()?,
    })
}

/// Degrees of longitude that are taken for such: ten times round the globe.
const FARTHEST: f64 = 3600.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(west: f64) -> MultiPolygon {
        rectangle([west, -17.0, west + 0.5, -16.5]).into()
    }

    #[test]
    fn longitudes_beyond_the_antimeridian_are_a_turn_away() {
        let boxes = [
            [179.0, 181.0],
            [-181.0, -179.0],
            [179.0, -179.0],
            [539.0, 541.0],
            [539.0, 181.0],
            [179.0, -539.0],
        ];
        for [west, east] in boxes {
            let area = Area::of_box([west, -17.2, east, -16.0]).unwrap();
            for (lon, inside) in [(179.2, true), (-179.8, true), (-178.5, false), (0.0, false)] {
                assert_eq!(area.meets(&chip(lon)), inside, "{west} to {east}: {lon}");
            }
        }
        // Whole turns apart they are one meridian; this one is on either side of the map.
        for [west, east] in [[180.0, -180.0], [540.0, 180.0]] {
            let area = Area::of_box([west, -17.2, east, -16.0]).unwrap();
            for (lon, inside) in [(179.5, true), (-180.0, true), (-179.9, false), (0.0, false)] {
                assert_eq!(area.meets(&chip(lon)), inside, "{west} to {east}: {lon}");
            }
        }
        let ring = "[[180.1,-17.2],[181,-17.2],[181,-16],[180.1,-16],[180.1,-17.2]]";
        let text = format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
        let area = Area::of_geojson(&text).unwrap();
        assert!(area.meets(&chip(-179.8)) && !area.meets(&chip(179.2)));
        let refused = Area::of_box([499_980.0, -17.2, 509_980.0, -16.0]);
        assert!(refused.unwrap_err().to_string().contains("give degrees"));
    }
}
