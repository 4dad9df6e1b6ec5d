//! Tables of items as others write them, and broken ones.

use std::sync::Arc;

use ::parquet::{
    arrow::ArrowWriter,
    file::{metadata::KeyValue, properties::WriterProperties},
};
use arrow::{
    array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
        Int64Array, ListArray, MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder,
        StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Field, Fields, TimeUnit},
};
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};
use stacchip_cog::testing::MemoryReader;

use super::{
    super::ItemLine, ItemTable, ItemTableError, KeptItemTable, geometry_writer, write_item_table,
};

fn written(columns: Vec<(&str, ArrayRef)>, geo: Option<&str>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2));
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    if let Some(geo) = geo {
        writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo.to_owned()));
    }
    writer.into_inner().unwrap()
}

fn open(bytes: Vec<u8>) -> Result<ItemTable, ItemTableError> {
    let size = bytes.len() as u64;
    block_on(ItemTable::open(Arc::new(MemoryReader::new(bytes)), size))
}

fn all(mut table: ItemTable) -> Vec<Result<Value, String>> {
    let mut all = Vec::new();
    while let Some(item) = block_on(table.next()) {
        all.push(match item {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap()),
            Err(error) => Err(error.to_string()),
        });
    }
    all
}

fn wkb(geometry: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    geometry_writer::write(geometry, &mut bytes).unwrap();
    bytes
}

fn structure(members: Vec<(&str, ArrayRef)>, there: Vec<bool>) -> ArrayRef {
    let fields: Fields = members
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = members.into_iter().map(|(_, array)| array).collect();
    Arc::new(StructArray::new(
        fields,
        arrays,
        Some(NullBuffer::from(there)),
    ))
}

fn lists(values: ArrayRef, lengths: [usize; 3]) -> ArrayRef {
    let item = Arc::new(Field::new("element", values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Arc::new(ListArray::new(item, offsets, values, None))
}

fn texts(all: [Option<&str>; 3]) -> ArrayRef {
    Arc::new(StringArray::from(all.to_vec()))
}

fn floats(all: Vec<Option<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(all))
}

/// Three items: one with all there is, one with next to nothing, one whose geometry is broken.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let square = json!({ "type": "Polygon", "coordinates": [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 0.0]]] });
    let solid = json!({ "type": "Point", "coordinates": [1.0, 2.0, 3.0] });
    let (square, solid) = (wkb(&square), wkb(&solid));
    let geometries = vec![Some(square.as_slice()), None, Some(&[1, 3, 0][..])];
    let boxes = structure(
        vec![
            ("xmin", floats(vec![Some(0.0), Some(-1.0), None])),
            ("ymin", floats(vec![Some(0.0), Some(-2.0), None])),
            ("zmin", floats(vec![None, Some(-3.0), None])),
            ("xmax", floats(vec![Some(2.0), Some(1.0), None])),
            ("ymax", floats(vec![Some(1.0), Some(2.0), None])),
            ("zmax", floats(vec![None, Some(3.0), None])),
        ],
        vec![true, true, false],
    );
    let bands = structure(
        vec![
            ("name", texts([Some("a"), Some("b"), Some("c")])),
            ("nodata", floats(vec![Some(f64::NAN), Some(0.5), None])),
        ],
        vec![true; 3],
    );
    let red = structure(
        vec![
            ("href", texts([Some("a.tif"), None, None])),
            ("raster:bands", lists(bands, [2, 1, 0])),
            (
                "proj:geometry",
                Arc::new(BinaryArray::from_opt_vec(vec![Some(&solid), None, None])),
            ),
            (
                "proj:shape",
                lists(Arc::new(Int64Array::from(vec![Some(4), None])), [2, 0, 0]),
            ),
        ],
        vec![true, false, false],
    );
    let green = structure(vec![("href", texts([None; 3]))], vec![false; 3]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).unwrap();
    map.append(false).unwrap();
    map.append(true).unwrap();
    let moments = TimestampMicrosecondArray::from(vec![Some(1_714_558_830_500_000), None, None]);
    vec![
        ("id", texts([Some("one"), Some("two"), Some("three")])),
        ("geometry", Arc::new(BinaryArray::from_opt_vec(geometries))),
        ("bbox", boxes),
        ("stac_version", texts([Some("1.1.0"); 3])),
        (
            "stac_extensions",
            lists(texts([Some("x"), Some("y"), Some("z")]), [2, 0, 1]),
        ),
        (
            "assets",
            structure(vec![("red", red), ("green", green)], vec![true, true, true]),
        ),
        ("datetime", Arc::new(moments.with_timezone("UTC"))),
        (
            "updated",
            Arc::new(TimestampMillisecondArray::from(vec![Some(0), None, None])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(-1), None, None])),
        ),
        (
            "gsd",
            Arc::new(Float32Array::from(vec![Some(0.5), Some(f32::NAN), None])),
        ),
        ("eo:cloud_cover", floats(vec![Some(12.25), None, None])),
        ("proj:epsg", Arc::new(NullArray::new(3))),
        ("collection", texts([Some("things"), None, None])),
        ("tags", Arc::new(map.finish())),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![Some(1250), None, None])
                    .with_precision_and_scale(9, 2)
                    .unwrap(),
            ),
        ),
    ]
}

#[test]
fn rows_are_items() {
    let items = all(open(written(columns(), None)).unwrap());
    assert_eq!(
        items[0],
        Ok(json!({
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": ["x", "y"],
            "id": "one",
            "collection": "things",
            "geometry": { "type": "Polygon", "coordinates": [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 0.0]]] },
            "bbox": [0.0, 0.0, 2.0, 1.0],
            "properties": {
                "datetime": "2024-05-01T10:20:30.5Z",
                "updated": "1970-01-01T00:00:00Z",
                "day": "1969-12-31",
                "gsd": 0.5,
                "eo:cloud_cover": 12.25,
                "tags": { "k": "v" },
                "price": 12.5,
            },
            "assets": { "red": {
                "href": "a.tif",
                "raster:bands": [{ "name": "a" }, { "name": "b", "nodata": 0.5 }],
                "proj:geometry": { "type": "Point", "coordinates": [1.0, 2.0, 3.0] },
                "proj:shape": [4, null],
            } },
        }))
    );
    assert_eq!(
        items[1],
        Ok(json!({
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": [],
            "id": "two",
            "geometry": null,
            "bbox": [-1.0, -2.0, -3.0, 1.0, 2.0, 3.0],
            "properties": { "datetime": null },
            "assets": {},
        }))
    );
    let broken = items[2].as_ref().unwrap_err();
    assert!(
        broken.contains("row 2: `geometry`: the geometry ends early"),
        "{broken}"
    );
    assert_eq!(items.len(), 3);
}

#[test]
fn what_is_no_table_of_items_is_named() {
    let with = |name: &'static str, array: ArrayRef| {
        let mut columns = columns();
        columns.retain(|(n, _)| *n != name);
        columns.push((name, array));
        columns
    };
    let geo = |column: &str| format!("{{\"columns\":{{\"geometry\":{{{column}}}}}}}");
    let without = |names: &[&str]| {
        let mut columns = columns();
        columns.retain(|(n, _)| !names.contains(n));
        columns
    };
    let moment = |unit: i32| -> ArrayRef {
        let far = TimestampMillisecondArray::from(vec![Some(i64::MAX), None, None]);
        if unit == 0 {
            Arc::new(far)
        } else {
            Arc::new(BinaryArray::from_vec(vec![b"x"; 3]))
        }
    };
    for (columns, geo, words) in [
        (with("chipid", texts([None; 3])), None, "an index of chips"),
        (without(&["id"]), None, "no column `id`"),
        (
            without(&["assets", "stac_version", "datetime"]),
            None,
            "none of the columns",
        ),
        (
            with("thumbnail", moment(1)),
            None,
            "`thumbnail`: Binary has no form in JSON",
        ),
        (
            columns(),
            Some(geo("\"encoding\":\"polygon\"")),
            "encoded as polygon",
        ),
        (
            columns(),
            Some(geo(
                "\"encoding\":\"WKB\",\"crs\":{\"id\":{\"authority\":\"EPSG\",\"code\":32620}}",
            )),
            "EPSG:32620",
        ),
    ] {
        let error = open(written(columns, geo.as_deref())).unwrap_err();
        assert!(matches!(error, ItemTableError::NotItems { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let far = all(open(written(with("datetime", moment(0)), None)).unwrap());
    assert!(
        far[0].as_ref().unwrap_err().contains("row 0: `datetime`"),
        "{far:?}"
    );
    assert!(far[1].is_ok());
}

#[test]
fn lists_without_end_are_refused() {
    // One page of a list, whose values are all null, takes some bytes only.
    let count = (1usize << 26) + 1;
    let values = NullArray::new(count);
    let item = Arc::new(Field::new("element", DataType::Null, true));
    let offsets = OffsetBuffer::from_lengths([count]);
    let list = ListArray::new(item, offsets, Arc::new(values), None);
    let bytes = written(
        vec![
            ("id", Arc::new(StringArray::from(vec!["a"])) as ArrayRef),
            ("stac_version", Arc::new(StringArray::from(vec!["1.0.0"]))),
            ("long", Arc::new(list)),
        ],
        None,
    );
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let error = open(bytes).unwrap_err();
    assert!(
        matches!(error, ItemTableError::TooLarge { group: 0, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("values of `long.list.element`"),
        "{error}"
    );
}

#[test]
fn deep_types_are_refused() {
    let mut array = texts([None; 3]);
    for _ in 0..70 {
        array = structure(vec![("x", array)], vec![true; 3]);
    }
    let mut columns = columns();
    columns.push(("deep", array));
    let error = open(written(columns, None)).unwrap_err().to_string();
    assert!(error.contains("deeper than 64"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn broken_bytes_end_in_errors(at in any::<prop::sample::Index>(), byte: u8, cut in any::<bool>()) {
        let mut bytes = written(columns(), None);
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        if let Ok(table) = open(bytes) {
            prop_assert!(all(table).len() <= 4);
        }
    }
}

#[test]
fn a_type_of_seconds_is_one_of_milliseconds() {
    let field = Field::new("x", DataType::Timestamp(TimeUnit::Second, None), true);
    // Parquet has no seconds, so no file gives them.
    assert!(super::json::check(&field).is_err());
}

fn lines(items: &[Value]) -> tempfile::NamedTempFile {
    let lines = items.iter().map(|item| {
        let line = ItemLine {
            href: Some("/x.json".to_owned()),
            item: item.to_string(),
        };
        format!("{line}\n")
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.collect::<String>()).unwrap();
    file
}

fn table_of(items: &[Value]) -> Result<Vec<u8>, ItemTableError> {
    let mut bytes = Vec::new();
    write_item_table(lines(items).path(), &mut bytes)?;
    Ok(bytes)
}

/// An item with members that others of the table have not.
fn made(number: u32) -> Value {
    let collection = ["one", "two"][number as usize % 2];
    let mut item = json!({
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": format!("item{:05}", number / 2),
        "collection": collection,
        "geometry": { "type": "Point", "coordinates": [number % 180, 1.5] },
        "bbox": [number % 180, 1.5, number % 180, 1.5],
        "properties": { "datetime": "2024-05-01T10:20:30.123456Z", "created": "2020-01-01T00:00:00Z", "n": number },
        "links": [{ "rel": "self", "href": format!("https://h.example/{number}.json") }],
        "assets": { "a": { "href": "a.tif", "eo:bands": [{ "name": "B1", "gain": 0.5 }], "proj:shape": [10, 20] } },
    });
    match number % 3 {
        0 => {
            item["properties"]["proj:geometry"] =
                json!({ "type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]] });
            item["properties"]["deep"] = json!({ "a": [[1, 2], []], "b": { "c": true } });
            item["bbox"] = json!([0, 1, -5, 2, 3, 5]);
        }
        1 => item["assets"]["b"] = json!({ "href": "b.tif", "roles": ["data"] }),
        _ => {
            item["geometry"] = Value::Null;
            item["properties"]["datetime"] = Value::Null;
            item["properties"]["ratio"] = json!(number);
        }
    }
    if number == 4 {
        item["properties"]["ratio"] = json!(0.25);
    }
    item
}

/// Numbers as doubles: 1 and 1.0 are one number.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(n) => json!(n.as_f64()),
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(k, v)| (k.clone(), plain(v)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

#[test]
fn items_are_written_and_read() {
    let items: Vec<Value> = (0..1500).map(made).collect();
    let mut shuffled = items.clone();
    shuffled.sort_by_key(|item| item["properties"]["n"].as_u64().map(|n| n * 7919 % 1500));
    let bytes = table_of(&shuffled).unwrap();
    let read = all(open(bytes.clone()).unwrap());
    assert_eq!(read.len(), items.len());
    let mut read: Vec<Value> = read.into_iter().map(Result::unwrap).collect();
    assert!(read.is_sorted_by_key(|item| item["id"].as_str().unwrap().to_owned()));
    read.sort_by_key(|item| item["properties"]["n"].as_u64());
    for (read, item) in read.iter().zip(&items) {
        assert_eq!(plain(read), plain(item));
    }

    // One is found without the others.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.geoparquet");
    std::fs::write(&path, &bytes).unwrap();
    let table = KeptItemTable::open(&path).unwrap();
    let found = |id: &str, collection: Option<&str>| {
        let found = table.find(id, collection).unwrap();
        found.map(|text| plain(&serde_json::from_str(&text).unwrap()))
    };
    for number in [0, 1, 742, 1499] {
        let item = &items[number];
        let (id, collection) = (item["id"].as_str().unwrap(), item["collection"].as_str());
        assert_eq!(found(id, collection), Some(plain(item)));
        assert_eq!(found(id, None), None, "two have that id");
        assert_eq!(found(id, Some("three")), None);
    }
    assert_eq!(found("item99999", None), None);
    assert_eq!(table.keys().unwrap().len(), 1500);
    let mut count = 0;
    table
        .each(|_| {
            count += 1;
            true
        })
        .unwrap();
    assert_eq!(count, 1500);
}

#[test]
fn items_that_do_not_go_together_are_refused() {
    let with = |path: &str, value: Value| {
        let mut item = made(1);
        *item.pointer_mut(path).unwrap() = value;
        item
    };
    for (item, words) in [
        (
            with("/properties/n", json!("x")),
            "`properties.n`: it is \"x\" here, and a number",
        ),
        (
            with("/assets/a/href", json!(["x"])),
            "`assets.a.href`: it is [\"x\"] here, and a text",
        ),
        (
            with("/properties", json!({ "collection": "x" })),
            "`properties.collection`: it is called as a member",
        ),
        (
            with("/properties/created", json!("yesterday")),
            "\"yesterday\" is no moment",
        ),
        (
            with("/properties/n", json!(9_223_372_036_854_775_808u64)),
            "9223372036854775808 is more than the whole numbers of tables go to",
        ),
        (
            with("/bbox", json!([1, 2, 3])),
            "`bbox`: it is no list of four or six numbers",
        ),
        (with("/geometry", json!({ "type": "Circle" })), "no GeoJSON"),
    ] {
        let error = table_of(&[made(0), item]).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("item item00000"),
            "{error}"
        );
    }
    let mut odd = made(0);
    odd["more"] = json!(1);
    let error = table_of(&[odd]).unwrap_err().to_string();
    assert!(error.contains("`more`: it is no member"), "{error}");
}
