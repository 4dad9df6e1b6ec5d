//! The bytes of a stac-geoparquet → the JSON of its items.

use std::{panic::AssertUnwindSafe, sync::Arc};

use ::parquet::{
    arrow::{
        ParquetRecordBatchStreamBuilder,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
        async_reader::ParquetRecordBatchStream,
    },
    file::metadata::ParquetMetaData,
};
use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Float64Type, Schema},
};
use futures::{FutureExt, StreamExt};
use serde_json::{Map, Value, json};
use stacchip_cog::RangeReader;
use stacchip_index::schema::CHIPID;

use super::{
    super::{
        geo::{GEO, on_globe},
        source::Source,
    },
    ItemTableError, MEMBERS,
    json::{self, Wrong},
};

/// A stac-geoparquet, whose items are read one after the other. Some dozens of them are held at a time, and the compressed
/// bytes of one row group.
pub struct ItemTable {
    address: String,
    /// Nothing after the end.
    stream: Option<ParquetRecordBatchStream<Source>>,
    batch: Option<RecordBatch>,
    /// The next row of the batch, and which it is in the table.
    next: usize,
    row: u64,
}

impl ItemTable {
    /// Opens the table that `reader` reads, which has `size` bytes: reads its footer.
    ///
    /// # Errors
    /// [`ItemTableError`] where it cannot be read, or is no stac-geoparquet.
    pub async fn open(reader: Arc<dyn RangeReader>, size: u64) -> Result<Self, ItemTableError> {
        let mut bytes = Source { reader, size };
        let address = bytes.reader.address().to_owned();
        // What Arrow's schema in the file says beyond Parquet's may be anything: texts are texts.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let loaded = guarded(ArrowReaderMetadata::load_async(&mut bytes, options)).await;
        let metadata = loaded.map_err(|cause| read_error(&address, cause))?;
        let not_items = |what| ItemTableError::NotItems {
            address: address.clone(),
            what,
        };
        check(metadata.schema()).map_err(not_items)?;
        check_geometry(metadata.metadata()).map_err(not_items)?;
        check_sizes(&address, metadata.metadata())?;
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(bytes, metadata)
            .with_batch_size(BATCH_ROWS);
        let stream = guarded(async { builder.build() }).await;
        Ok(Self {
            stream: Some(stream.map_err(|cause| read_error(&address, cause))?),
            address,
            batch: None,
            next: 0,
            row: 0,
        })
    }

    /// The JSON of the next item, on one line; nothing after the last. What follows a row that is no item is read, what
    /// follows broken pages is not.
    ///
    /// # Errors
    /// [`ItemTableError`] where it cannot be read, or the row is no item.
    pub async fn next(&mut self) -> Option<Result<String, ItemTableError>> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|b| self.next < b.num_rows()) {
                let row = self.row;
                let item = item(batch, self.next).map_err(|wrong| ItemTableError::Row {
                    address: self.address.clone(),
                    row,
                    what: wrong.to_string(),
                });
                self.next += 1;
                self.row = self.row.saturating_add(1);
                return Some(item.map(|item| Value::Object(item).to_string()));
            }
            let stream = self.stream.as_mut()?;
            let batch = guarded(async { stream.next().await.transpose() }).await;
            (self.batch, self.next) = (None, 0);
            match batch {
                Ok(Some(batch)) => self.batch = Some(batch),
                Ok(None) => self.stream = None,
                Err(cause) => {
                    self.stream = None;
                    return Some(Err(read_error(&self.address, cause)));
                }
            }
        }
    }
}

impl std::fmt::Debug for ItemTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemTable")
            .field("address", &self.address)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

/// Whether the columns are those of items.
pub(super) fn check(schema: &Schema) -> Result<(), String> {
    let has = |name| schema.column_with_name(name).is_some();
    if has(CHIPID) {
        return Err("it is an index of chips".to_owned());
    }
    if !has("id") {
        return Err("it has no column `id`".to_owned());
    }
    if !["assets", "stac_version", "datetime"].into_iter().any(has) {
        return Err(
            "it has none of the columns `assets`, `stac_version` and `datetime`".to_owned(),
        );
    }
    for field in schema.fields() {
        json::check(field).map_err(|wrong| format!("its column {wrong}"))?;
    }
    Ok(())
}

/// Whether geometries are as they are read: well-known binary, in longitude and latitude.
pub(super) fn check_geometry(metadata: &ParquetMetaData) -> Result<(), String> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let geo = pairs.into_iter().flatten().find(|p| p.key == GEO);
    let Some(text) = geo.and_then(|p| p.value.as_deref()) else {
        return Ok(());
    };
    on_globe(text)?;
    let geo: Value = serde_json::from_str(text).unwrap_or_default();
    let columns = geo["columns"].as_object();
    for (name, column) in columns.into_iter().flatten() {
        if let Some(encoding) = column["encoding"].as_str().filter(|e| *e != "WKB") {
            return Err(format!(
                "its `{name}` is encoded as {encoding}, and must be WKB"
            ));
        }
    }
    Ok(())
}

/// Whether a row group can be held. Lists and repeated values take next to no bytes in a file.
pub(super) fn check_sizes(address: &str, metadata: &ParquetMetaData) -> Result<(), ItemTableError> {
    for (group, of) in metadata.row_groups().iter().enumerate() {
        let too_large = |what| {
            Err(ItemTableError::TooLarge {
                address: address.to_owned(),
                group,
                what,
            })
        };
        let bytes = of.compressed_size();
        if bytes > GROUP_BYTES {
            return too_large(format!("has {bytes} bytes, at most {GROUP_BYTES} are read"));
        }
        for column in of.columns() {
            let values = column.num_values();
            if values > GROUP_VALUES {
                return too_large(format!(
                    "has {values} values of `{}`, at most {GROUP_VALUES} are read",
                    column.column_path().string()
                ));
            }
        }
    }
    Ok(())
}

/// The item in a row. Members have the order that STAC lists them in.
pub(super) fn item(batch: &RecordBatch, row: usize) -> Result<Map<String, Value>, Wrong> {
    let schema = batch.schema();
    let mut found = Map::new();
    let mut properties = Map::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let name = field.name();
        let value = if name == "bbox" && matches!(column.data_type(), DataType::Struct(_)) {
            bbox(column, row)
        } else {
            json::value(column, row).map_err(|wrong| wrong.below(name))?
        };
        let is_member = MEMBERS.contains(&name.as_str());
        // It may be null, and must be there: STAC Item 1.0.0, "Properties Object".
        let value = value.or((name == "datetime").then_some(Value::Null));
        if let Some(value) = value {
            let into = if is_member {
                &mut found
            } else {
                &mut properties
            };
            into.insert(name.clone(), value);
        }
    }
    let mut item = Map::new();
    for name in MEMBERS {
        let value = found.remove(name).or_else(|| match name {
            "type" => Some(json!("Feature")),
            "geometry" => Some(Value::Null),
            "assets" => Some(json!({})),
            _ => None,
        });
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
        if name == "bbox" {
            item.insert(
                "properties".to_owned(),
                Value::Object(std::mem::take(&mut properties)),
            );
        }
    }
    Ok(item)
}

/// The box of a row as a list: west, south, least height, east, north, greatest height; heights where there are any.
fn bbox(column: &dyn Array, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    let column = column.as_struct();
    let edge = |name: &str| {
        let edge = column.column_by_name(name)?;
        let edge = arrow::compute::cast(&edge.slice(row, 1), &DataType::Float64).ok()?;
        let edge = edge.as_primitive_opt::<Float64Type>()?;
        (edge.is_valid(0) && edge.value(0).is_finite()).then(|| edge.value(0))
    };
    let flat = [edge("xmin")?, edge("ymin")?, edge("xmax")?, edge("ymax")?];
    let [xmin, ymin, xmax, ymax] = flat;
    match edge("zmin").zip(edge("zmax")) {
        Some((zmin, zmax)) => Some(json!([xmin, ymin, zmin, xmax, ymax, zmax])),
        None => Some(json!(flat)),
    }
}

/// Lets a panic of the Parquet library, which hostile files have caused before, be an error.
async fn guarded<T, E: std::error::Error + Send + Sync + 'static>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Box<dyn std::error::Error + Send + Sync>> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err("its pages are broken".into()),
    }
}

pub(super) fn read_error(
    address: &str,
    cause: Box<dyn std::error::Error + Send + Sync>,
) -> ItemTableError {
    ItemTableError::Read {
        address: address.to_owned(),
        cause,
    }
}

/// Rows that are decoded at once: an item has some thousand values.
const BATCH_ROWS: usize = 32;
/// Compressed bytes of a row group: those of some hundred thousand items.
const GROUP_BYTES: i64 = 1 << 30;
/// Values of a column in a row group, those in lists counted one by one.
const GROUP_VALUES: i64 = 1 << 26;
