//! Layers of vector data: what labels are made of.
//!
//! A layer is read whole: features with their geometry, in one reference system, and their attributes.
//! Its x is east and its y north, whatever the order of axes that the system names.

mod flatgeobuf;
mod geojson;
mod geopackage;
mod geoparquet;
#[cfg(test)]
mod tests;
mod wkb;

use std::path::Path;

use serde_json::{Map, Value};
use stacchip_model::{Crs, Figure};
use thiserror::Error;

/// Features of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layer {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The reference system of its coordinates, where the file names it.
    pub crs: Option<Crs>,
    /// Its features, in the order of the file.
    pub features: Vec<Feature>,
}

/// One thing on a map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Feature {
    /// Where it is.
    pub figure: Figure,
    /// What is said of it.
    pub attributes: Map<String, Value>,
}

/// Reads the layer in the file at `path`; of several the one called `name`.
///
/// # Errors
/// [`VectorError`] where it is of a format that is not read, or broken.
pub fn read_layer(path: &Path, name: Option<&str>) -> Result<Layer, VectorError> {
    let ending = path.extension().and_then(|e| e.to_str());
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    let read = match ending.as_str() {
        "geojson" | "json" => std::fs::read_to_string(path)
            .map_err(|e| Wrong::from(e.to_string()))
            .and_then(|text| geojson::read(&text)),
        "fgb" => std::fs::read(path)
            .map_err(|e| Wrong::from(e.to_string()))
            .and_then(|bytes| flatgeobuf::read(&bytes)),
        "gpkg" => geopackage::read(path, name),
        "parquet" | "geoparquet" => geoparquet::read(path),
        _ => Err(Wrong::from(
            "layers are read of .geojson, .fgb (FlatGeobuf), .gpkg (GeoPackage) and .parquet (GeoParquet)",
        )),
    };
    let layer = read.map_err(|Wrong(what)| VectorError {
        path: path.display().to_string(),
        what,
    })?;
    if let (Some(asked), Some(is)) = (name, &layer.name)
        && asked != is
    {
        return Err(VectorError {
            path: path.display().to_string(),
            what: format!("there is no layer `{asked}`; there is: {is}"),
        });
    }
    Ok(layer)
}

/// Why a layer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {what}")]
pub struct VectorError {
    /// The file.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
struct Wrong(String);

impl From<String> for Wrong {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Wrong {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// How deep collections of geometries may be in each other.
const DEEPEST: u8 = 8;
