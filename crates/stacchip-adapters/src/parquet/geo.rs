//! What the file says of its geometry: the `geo` metadata of `GeoParquet` 1.1.

use serde_json::Value;
use stacchip_index::schema::{BBOX, GEOMETRY};
use stacchip_model::{Bounds, MultiPolygon};

/// Kinds of geometry and the box around all of them, gathered row by row.
#[derive(Debug, Default)]
pub(super) struct GeoSummary {
    polygons: bool,
    multi_polygons: bool,
    bounds: Option<Bounds>,
}

impl GeoSummary {
    pub(super) fn add(&mut self, footprint: &MultiPolygon, bounds: Option<Bounds>) {
        if footprint.polygons.len() == 1 {
            self.polygons = true;
        } else {
            self.multi_polygons = true;
        }
        if let Some(b) = bounds {
            let all = self.bounds.unwrap_or(b);
            let all = all.extended([b.xmin, b.ymin]).extended([b.xmax, b.ymax]);
            self.bounds = Some(all);
        }
    }

    /// The same of an outline that is not at hand: whether it is one polygon, and its box (west,
    /// south, east, north).
    pub(super) fn add_kind(&mut self, polygon: bool, [w, s, e, n]: [f64; 4]) {
        self.polygons |= polygon;
        self.multi_polygons |= !polygon;
        let all = self.bounds.unwrap_or(Bounds::new(w, s, e, n));
        self.bounds = Some(all.extended([w, s]).extended([e, n]));
    }

    /// Adds what another heard of.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.polygons |= other.polygons;
        self.multi_polygons |= other.multi_polygons;
        if let Some(b) = other.bounds {
            let all = self.bounds.unwrap_or(b);
            self.bounds = Some(all.extended([b.xmin, b.ymin]).extended([b.xmax, b.ymax]));
        }
    }

    /// The metadata as JSON. Keys and kinds have a fixed order, so that the same rows give the same
    /// bytes. The reference system is left out, which stands for OGC:CRS84.
    pub(super) fn json(&self) -> String {
        let mut kinds = Vec::new();
        if self.multi_polygons {
            kinds.push("\"MultiPolygon\"");
        }
        if self.polygons {
            kinds.push("\"Polygon\"");
        }
        let bbox = self
            .bounds
            .filter(|b| {
                [b.xmin, b.ymin, b.xmax, b.ymax]
                    .iter()
                    .all(|v| v.is_finite())
            })
            .map_or_else(String::new, |b| {
                format!(
                    ",\"bbox\":[{:?},{:?},{:?},{:?}]",
                    b.xmin, b.ymin, b.xmax, b.ymax
                )
            });
        let covering = ["xmin", "ymin", "xmax", "ymax"]
            .map(|edge| format!("\"{edge}\":[\"{}\",\"{edge}\"]", BBOX.name))
            .join(",");
        format!(
            "{{\"version\":\"1.1.0\",\"primary_column\":\"{GEOMETRY}\",\"columns\":{{\"{GEOMETRY}\":{{\
             \"encoding\":\"WKB\",\"geometry_types\":[{}]{bbox},\
             \"covering\":{{\"bbox\":{{{covering}}}}}}}}}}}",
            kinds.join(",")
        )
    }
}

/// Whether the `geo` metadata of a file say that the outlines are in longitude and latitude on WGS 84: by
/// default, or in the words of others (`GeoParquet` 1.1, "crs"). What is no such metadata says nothing, nor does
/// a system that is null.
///
/// # Errors
/// What is wrong, with the name of the system.
pub(super) fn on_globe(geo: &str) -> Result<(), String> {
    let Ok(geo) = serde_json::from_str::<Value>(geo) else {
        return Ok(());
    };
    let crs = &geo["columns"][GEOMETRY]["crs"];
    let named = match crs {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        crs => match (&crs["id"]["authority"], &crs["id"]["code"]) {
            (Value::String(authority), Value::String(code)) => format!("{authority}:{code}"),
            (Value::String(authority), Value::Number(code)) => format!("{authority}:{code}"),
            _ => crs["name"]
                .as_str()
                .unwrap_or("one without a name")
                .to_owned(),
        },
    };
    if ON_GLOBE
        .iter()
        .any(|known| named.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    Err(format!(
        "its outlines are in {named}, and must be in longitude and latitude (OGC:CRS84 or EPSG:4326): transform them"
    ))
}

/// The key of the metadata.
pub(super) const GEO: &str = "geo";

/// What others call longitude and latitude on WGS 84. `GeoParquet` has longitudes first whatever the system says.
const ON_GLOBE: [&str; 6] = [
    "OGC:CRS84",
    "EPSG:4326",
    "WGS 84",
    "WGS 84 (CRS84)",
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "urn:ogc:def:crs:EPSG::4326",
];

#[cfg(test)]
mod tests {
    use stacchip_model::Polygon;

    use super::*;

    #[test]
    fn it_is_json_with_what_it_must_have() {
        let mut summary = GeoSummary::default();
        let empty: serde_json::Value = serde_json::from_str(&summary.json()).unwrap();
        assert_eq!(
            empty["columns"]["geometry"]["geometry_types"],
            serde_json::json!([])
        );
        assert_eq!(empty["columns"]["geometry"].get("bbox"), None);
        let one: MultiPolygon = Polygon::default().into();
        summary.add(&one, Some(Bounds::new(-1.0, 2.0, 1e-7, 4.0)));
        summary.add(
            &MultiPolygon::default(),
            Some(Bounds::new(0.0, -20.5, 1.0, 3.0)),
        );
        let json: serde_json::Value = serde_json::from_str(&summary.json()).unwrap();
        let column = &json["columns"]["geometry"];
        assert_eq!(column["bbox"], serde_json::json!([-1.0, -20.5, 1.0, 4.0]));
        assert_eq!(
            column["geometry_types"],
            serde_json::json!(["MultiPolygon", "Polygon"])
        );
        assert_eq!(
            column["covering"]["bbox"]["ymax"],
            serde_json::json!(["bbox", "ymax"])
        );
        assert_eq!(json["version"], "1.1.0");
        assert_eq!(on_globe(&summary.json()), Ok(()));
    }

    #[test]
    fn another_system_is_told_by_name() {
        let of = |crs: &str| format!("{{\"columns\":{{\"geometry\":{{\"crs\":{crs}}}}}}}");
        for crs in [
            "null",
            "\"OGC:CRS84\"",
            "{\"id\":{\"authority\":\"EPSG\",\"code\":4326}}",
            "{\"id\":{\"authority\":\"OGC\",\"code\":\"CRS84\"}}",
            "{\"name\":\"WGS 84\"}",
        ] {
            assert_eq!(on_globe(&of(crs)), Ok(()), "{crs}");
        }
        for (crs, name) in [
            (
                "{\"id\":{\"authority\":\"EPSG\",\"code\":32632}}",
                "EPSG:32632",
            ),
            ("{\"name\":\"NAD83\"}", "NAD83"),
            ("\"EPSG:3857\"", "EPSG:3857"),
            ("{}", "one without a name"),
        ] {
            assert!(on_globe(&of(crs)).unwrap_err().contains(name), "{crs}");
        }
        assert_eq!(on_globe("no JSON"), Ok(()));
        assert_eq!(on_globe("{}"), Ok(()));
    }
}
