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

use super::{ItemTable, ItemTableError, geometry_writer};

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
