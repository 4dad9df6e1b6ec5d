//! `GeoParquet` (<https://geoparquet.org>): geometries as well-known binary, attributes beside them.

use std::{fs::File, panic::AssertUnwindSafe, path::Path};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, UInt64Type},
};
use serde_json::{Map, Value};
use stacchip_model::{AuthorityCode, Crs};

use super::{Feature, Layer, Wrong, wkb};

pub(super) fn read(path: &Path) -> Result<Layer, Wrong> {
    let file = File::open(path).map_err(|e| Wrong(e.to_string()))?;
    // The library has panicked over hostile files before.
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| table(file)));
    read.unwrap_or_else(|_| Err("its pages are broken".into()))
}

fn table(file: File) -> Result<Layer, Wrong> {
    let broken = |e: &dyn std::fmt::Display| Wrong(e.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| broken(&e))?;
    let pairs = builder.metadata().file_metadata().key_value_metadata();
    let geo = pairs.into_iter().flatten().find(|p| p.key == "geo");
    let geo = geo.and_then(|p| p.value.as_deref());
    let geo: Value = geo
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Wrong::from("it is no GeoParquet: it has no `geo` metadata"))?;
    let name = geo["primary_column"]
        .as_str()
        .unwrap_or("geometry")
        .to_owned();
    let column = &geo["columns"][&name];
    if column["encoding"] != "WKB" {
        return Err(Wrong(format!(
            "its geometries are {}, and must be \"WKB\"",
            column["encoding"]
        )));
    }
    let crs = match column.get("crs") {
        None => Some(Crs::wgs84()),
        Some(Value::Null) => None,
        Some(crs) => {
            let code = match (&crs["id"]["authority"], &crs["id"]["code"]) {
                (Value::String(a), Value::String(c)) => Some(AuthorityCode::new(a, c)),
                (Value::String(a), Value::Number(c)) => Some(AuthorityCode::new(a, c.to_string())),
                _ => None,
            };
            Some(match code {
                Some(code) => Crs::Code(code),
                None => Crs::projjson(crs.to_string(), None),
            })
        }
    };
    let mut features = Vec::new();
    for batch in builder.build().map_err(|e| broken(&e))? {
        features_of(&batch.map_err(|e| broken(&e))?, &name, &mut features)?;
    }
    Ok(Layer {
        name: None,
        crs,
        features,
    })
}

fn features_of(batch: &RecordBatch, name: &str, into: &mut Vec<Feature>) -> Result<(), Wrong> {
    let geometries = batch
        .column_by_name(name)
        .and_then(|array| cast(array, &DataType::LargeBinary).ok())
        .ok_or_else(|| Wrong(format!("its column `{name}` is missing, or no bytes")))?;
    let geometries = geometries.as_binary::<i64>();
    let schema = batch.schema();
    let attributes: Vec<(&str, ArrayRef)> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .filter(|(field, _)| field.name() != name)
        .filter_map(|(field, array)| Some((field.name().as_str(), simple(array)?)))
        .collect();
    for row in 0..batch.num_rows() {
        let mut feature = Feature::default();
        if !geometries.is_null(row) {
            wkb::read(geometries.value(row), &mut feature.figure)
                .map_err(|w| Wrong(format!("feature {}: {}", into.len(), w.0)))?;
        }
        let values = attributes
            .iter()
            .map(|(name, array)| ((*name).to_owned(), value(array, row)));
        feature.attributes = values.collect::<Map<_, _>>();
        into.push(feature);
    }
    Ok(())
}

/// Attributes are numbers, texts and flags; what is neither is left out.
fn simple(array: &ArrayRef) -> Option<ArrayRef> {
    let kind = match array.data_type() {
        DataType::Boolean => DataType::Boolean,
        kind if kind.is_unsigned_integer() => DataType::UInt64,
        kind if kind.is_signed_integer() => DataType::Int64,
        kind if kind.is_floating() => DataType::Float64,
        DataType::Struct(_) | DataType::Binary | DataType::LargeBinary => return None,
        _ => DataType::Utf8,
    };
    cast(array, &kind).ok()
}

fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => Value::from(array.as_boolean().value(row)),
        DataType::UInt64 => Value::from(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Int64 => Value::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::from(array.as_primitive::<Float64Type>().value(row)),
        _ => Value::from(array.as_string::<i32>().value(row)),
    }
}
