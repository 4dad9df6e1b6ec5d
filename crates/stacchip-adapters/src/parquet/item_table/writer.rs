//! Items → the bytes of a stac-geoparquet.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use ::parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, ZstdLevel},
    file::{metadata::KeyValue, properties::WriterProperties},
};
use arrow::{
    array::{ArrayRef, Float64Array, RecordBatch, StructArray},
    buffer::NullBuffer,
    datatypes::{DataType, Field, Fields, Schema, SchemaRef},
};
use serde_json::{Map, Value, json};

use super::{
    super::{ItemLine, geo::GEO},
    ItemTableError, MEMBERS,
    json::Wrong,
    kinds::{Kind, Members, PROJ_GEOMETRY},
};

/// Writes the items in the file of [`ItemLine`]s at `lines` as a stac-geoparquet into `out`, sorted by id, so that one is found
/// by the statistics of row groups; says how many. The file is read twice, and some dozens of its items are held at a time.
///
/// # Errors
/// [`ItemTableError`] where a file cannot be read or written, or the items do not go into one table.
pub fn write_item_table(lines: &Path, out: impl Write + Send) -> Result<u64, ItemTableError> {
    let address = lines.to_string_lossy().into_owned();
    let io = |cause: std::io::Error| failed(&address, cause);
    let mut source = BufReader::new(File::open(lines).map_err(io)?);
    let mut columns = Columns::default();
    let mut places: Vec<(String, u64, u64)> = Vec::new();
    let (mut at, mut text) = (0u64, String::new());
    loop {
        text.clear();
        let length = source.read_line(&mut text).map_err(io)? as u64;
        if length == 0 {
            break;
        }
        if !text.trim().is_empty() {
            let item = item(&text).map_err(|cause| failed(&address, cause))?;
            let id = item
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            columns.learn(&item).map_err(|wrong| ItemTableError::Item {
                item: id.clone(),
                what: wrong.to_string(),
            })?;
            places.push((id, at, length));
        }
        at += length;
    }
    places.sort();
    let schema = columns.schema();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let written = |cause: ::parquet::errors::ParquetError| failed(&address, cause);
    let mut writer =
        ArrowWriter::try_new_with_options(out, Arc::clone(&schema), options).map_err(written)?;
    for places in places.chunks(BATCH_ROWS) {
        let mut items = Vec::with_capacity(places.len());
        for (_, at, length) in places {
            source.seek(SeekFrom::Start(*at)).map_err(io)?;
            text.clear();
            source
                .by_ref()
                .take(*length)
                .read_to_string(&mut text)
                .map_err(io)?;
            items.push(item(&text).map_err(|cause| failed(&address, cause))?);
        }
        let batch = columns
            .batch(&schema, &items)
            .map_err(|wrong| ItemTableError::Item {
                item: places
                    .first()
                    .map(|(id, ..)| format!("{id} or one after it"))
                    .unwrap_or_default(),
                what: wrong.to_string(),
            })?;
        writer.write(&batch).map_err(written)?;
    }
    for (key, value) in [
        (GEO, columns.geo()),
        ("stac-geoparquet", json!({ "version": "1.0.0" }).to_string()),
    ] {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    writer.close().map_err(written)?;
    Ok(places.len() as u64)
}

fn item(line: &str) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_str(&ItemLine::parse(line)?.item)
}

fn failed(
    address: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ItemTableError {
    ItemTableError::Write {
        address: address.to_owned(),
        cause: cause.into(),
    }
}

/// The columns of a table of items.
#[derive(Debug, Default)]
struct Columns {
    members: Members,
    properties: Members,
    /// Whether boxes have heights.
    solid: bool,
    boxed: bool,
}

impl Columns {
    fn learn(&mut self, item: &Map<String, Value>) -> Result<(), Wrong> {
        for (name, value) in item {
            let learned = match name.as_str() {
                "properties" => self.learn_properties(value),
                "bbox" => self.learn_box(value),
                "geometry" if value.is_null() => Ok(()),
                "geometry" => self.members.of(name).become_kind(Kind::Geometry, value),
                member if MEMBERS.contains(&member) => self.members.of(name).learn(value, 0),
                _ => Err(Wrong::of(
                    "it is no member of an item that the table has a column for",
                )),
            };
            learned.map_err(|wrong| wrong.below(name))?;
        }
        Ok(())
    }

    fn learn_properties(&mut self, properties: &Value) -> Result<(), Wrong> {
        let Some(properties) = properties.as_object() else {
            return Err(Wrong::of("it is no object"));
        };
        for (name, value) in properties {
            let kind = self.properties.of(name);
            let learned = if MEMBERS.contains(&name.as_str()) || name == "properties" {
                Err(Wrong::of("it is called as a member of the item is"))
            } else if value.is_null() {
                Ok(())
            } else if MOMENTS.contains(&name.as_str()) {
                kind.become_kind(Kind::Moment, value)
            } else if name == PROJ_GEOMETRY && value.is_object() {
                kind.become_kind(Kind::Geometry, value)
            } else {
                kind.learn(value, 0)
            };
            learned.map_err(|wrong| wrong.below(name))?;
        }
        Ok(())
    }

    fn learn_box(&mut self, value: &Value) -> Result<(), Wrong> {
        let edges = match value {
            Value::Null => return Ok(()),
            Value::Array(edges) => edges,
            _ => return Err(Wrong::of("it is no list")),
        };
        if !matches!(edges.len(), 4 | 6) || edges.iter().any(|e| e.as_f64().is_none()) {
            return Err(Wrong::of("it is no list of four or six numbers"));
        }
        self.boxed = true;
        self.solid |= edges.len() == 6;
        Ok(())
    }

    /// All columns, those of properties last, with where their values are.
    fn schema(&self) -> SchemaRef {
        let mut all: Vec<Field> = Vec::new();
        for name in MEMBERS {
            if name == "bbox" {
                all.extend(
                    self.boxed
                        .then(|| Field::new(name, DataType::Struct(self.edges()), true)),
                );
                continue;
            }
            all.extend(self.member(name).map(|kind| Field::new(name, kind, true)));
        }
        for (name, kind) in self.properties.iter() {
            all.extend(
                property(name, kind)
                    .data_type()
                    .map(|kind| Field::new(name, kind, true)),
            );
        }
        Arc::new(Schema::new(all))
    }

    fn member(&self, name: &str) -> Option<DataType> {
        let kind = self.members.iter().find(|(n, _)| *n == name);
        kind.and_then(|(_, kind)| kind.data_type())
    }

    fn edges(&self) -> Fields {
        let names: &[&str] = if self.solid { &SOLID } else { &FLAT };
        let fields = names
            .iter()
            .map(|name| Field::new(*name, DataType::Float64, true));
        fields.collect()
    }

    fn batch(
        &self,
        schema: &SchemaRef,
        items: &[Map<String, Value>],
    ) -> Result<RecordBatch, Wrong> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for name in MEMBERS {
            if name == "bbox" {
                columns.extend(self.boxed.then(|| self.boxes(items)));
                continue;
            }
            if let Some((_, kind)) = self.members.iter().find(|(n, _)| *n == name)
                && kind.data_type().is_some()
            {
                let values: Vec<Option<&Value>> = items.iter().map(|i| i.get(name)).collect();
                columns.push(kind.column(&values).map_err(|wrong| wrong.below(name))?);
            }
        }
        for (name, kind) in self.properties.iter() {
            let kind = property(name, kind);
            if kind.data_type().is_some() {
                let values: Vec<Option<&Value>> = items
                    .iter()
                    .map(|i| i.get("properties").and_then(|p| p.get(name)))
                    .collect();
                columns.push(kind.column(&values).map_err(|wrong| wrong.below(name))?);
            }
        }
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| Wrong::of(e.to_string()))
    }

    fn boxes(&self, items: &[Map<String, Value>]) -> ArrayRef {
        let of = |item: &Map<String, Value>| item.get("bbox").and_then(Value::as_array).cloned();
        let boxes: Vec<Option<Vec<Value>>> = items.iter().map(of).collect();
        let fields = self.edges();
        let columns: Vec<ArrayRef> = fields
            .iter()
            .map(|field| {
                let values = boxes.iter().map(|edges| {
                    let edges = edges.as_ref()?;
                    let names: &[&str] = if edges.len() == 6 { &SOLID } else { &FLAT };
                    let at = names.iter().position(|n| n == field.name())?;
                    edges.get(at).and_then(Value::as_f64)
                });
                Arc::new(values.collect::<Float64Array>()) as ArrayRef
            })
            .collect();
        let nulls = boxes.iter().map(Option::is_some).collect::<NullBuffer>();
        Arc::new(StructArray::new(fields, columns, Some(nulls)))
    }

    /// The `geo` metadata of `GeoParquet` 1.1. Of `proj:geometry` no system is known for all rows.
    fn geo(&self) -> String {
        let mut columns = Map::new();
        let mut geometry = json!({ "encoding": "WKB", "geometry_types": [] });
        if self.boxed {
            let edge = |name: &str| json!(["bbox", name]);
            geometry["covering"] = json!({ "bbox": {
                "xmin": edge("xmin"), "ymin": edge("ymin"), "xmax": edge("xmax"), "ymax": edge("ymax"),
            } });
        }
        columns.insert("geometry".to_owned(), geometry);
        let projected = self
            .properties
            .iter()
            .any(|(n, k)| n == PROJ_GEOMETRY && *k == Kind::Geometry);
        if projected {
            let geometry = json!({ "encoding": "WKB", "geometry_types": [], "crs": null });
            columns.insert(PROJ_GEOMETRY.to_owned(), geometry);
        }
        json!({ "version": "1.1.0", "primary_column": "geometry", "columns": columns }).to_string()
    }
}

/// `datetime` is a moment, also where it is null in all items.
fn property(name: &str, kind: &Kind) -> Kind {
    if name == "datetime" {
        Kind::Moment
    } else {
        kind.clone()
    }
}

/// Properties that are moments (stac-geoparquet 1.0, "Timestamps").
const MOMENTS: [&str; 8] = [
    "datetime",
    "start_datetime",
    "end_datetime",
    "created",
    "updated",
    "expires",
    "published",
    "unpublished",
];
/// Edges of a box, in the order of the list that an item has.
const FLAT: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];
const SOLID: [&str; 6] = ["xmin", "ymin", "zmin", "xmax", "ymax", "zmax"];
/// Items of a row group: what is read to find one.
const GROUP_ROWS: usize = 512;
/// Items that are held at once.
const BATCH_ROWS: usize = 64;
