//! What is written is read, by whole files; and what is broken is an error.

use std::{fs, sync::Arc};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use async_trait::async_trait;
use futures::executor::block_on;
use jiff::Timestamp;
use proptest::prelude::*;
use stacchip_cog::testing::MemoryReader;
use stacchip_index::{
    ChipRow, IndexError, IndexErrorKind, IndexReader, IndexWriter, SceneColumns,
    schema::{BBOX, COLUMNS},
    testing::{IndexPlace, check_index_place},
};
use stacchip_model::{Fraction, MultiPolygon, Polygon, Quality, Window};

use super::{IndexFile, ItemLine, ParquetEncoder, ParquetIndexReader};

fn scene(id: &str) -> Arc<SceneColumns> {
    let moment: Timestamp = "2024-05-01T23:59:59.123456Z".parse().unwrap();
    Arc::new(SceneColumns {
        item_id: id.to_owned(),
        item_href: Some(format!("https://h.example/{id}.json")),
        collection: Some("things".to_owned()),
        platform: Some("naip".to_owned()),
        spacecraft: None,
        datetime: moment,
        start_datetime: Some(moment),
        end_datetime: None,
        crs: "EPSG:32620".to_owned(),
        chip_size: 256,
        stride: 128,
    })
}

fn rows(scene: &Arc<SceneColumns>, count: u16) -> Vec<ChipRow> {
    let square = |x: f64, y: f64| Polygon {
        rings: vec![vec![
            [x + 1.0, y + 1.0],
            [x + 1.0, y],
            [x, y],
            [x, y + 1.0],
            [x + 1.0, y + 1.0],
        ]],
    };
    (0..count)
        .map(|n| {
            let (x, y) = (n % 100, n / 100);
            let (east, north) = (f64::from(x) / 7.0, f64::from(y) / 3.0);
            let mut footprint = MultiPolygon::from(square(east, north));
            if n % 10 == 9 {
                footprint.polygons.push(square(east - 100.0, north));
            }
            ChipRow {
                chipid: format!("{}-{x}-{y}", scene.item_id),
                scene: Arc::clone(scene),
                x,
                y,
                window: Window::new(i64::from(x) * 128, i64::from(y) * 128, 256, 200),
                quality: Quality {
                    cloud: Fraction::new(f64::from(n % 5) / 4.0).unwrap(),
                    nodata: Fraction::ZERO,
                },
                footprint,
            }
        })
        .collect()
}

fn encoded(rows: &[ChipRow]) -> Vec<u8> {
    let mut encoder = ParquetEncoder::new(Vec::new()).unwrap();
    encoder.write(rows).unwrap();
    encoder.finish().unwrap()
}

fn open(bytes: Vec<u8>) -> Result<ParquetIndexReader, stacchip_index::IndexError> {
    let size = bytes.len() as u64;
    block_on(ParquetIndexReader::open(
        Arc::new(MemoryReader::new(bytes)),
        size,
    ))
}

fn read_all(mut reader: ParquetIndexReader) -> Vec<ChipRow> {
    let mut all = Vec::new();
    while let Some(rows) = block_on(reader.read()).unwrap() {
        assert!(!rows.is_empty());
        all.extend(rows);
    }
    assert_eq!(block_on(reader.read()).unwrap(), None);
    all
}

#[derive(Debug)]
struct Place(std::path::PathBuf);

#[async_trait]
impl IndexPlace for Place {
    async fn writer(&self, overwrite: bool) -> Result<Box<dyn IndexWriter>, IndexError> {
        Ok(Box::new(IndexFile::create(&self.0, None, overwrite)?))
    }

    async fn reader(&self) -> Result<Box<dyn IndexReader>, IndexError> {
        let bytes = fs::read(&self.0).map_err(|_| IndexError {
            kind: IndexErrorKind::NotFound,
            address: "place".to_owned(),
            cause: None,
        })?;
        let size = bytes.len() as u64;
        let reader = Arc::new(MemoryReader::new(bytes));
        Ok(Box::new(ParquetIndexReader::open(reader, size).await?))
    }
}

#[test]
fn the_ports_promises_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place(folder.path().join("x.parquet"));
    block_on(check_index_place(&place)).unwrap();
}

#[test]
fn what_is_written_is_read_and_the_same_rows_give_the_same_bytes() {
    let mut written = rows(&scene("a"), 20_000);
    written.extend(rows(&scene("b"), 50));
    let bytes = encoded(&written);
    assert_eq!(bytes, encoded(&written));
    let reader = open(bytes).unwrap();
    assert_eq!(reader.len(), 20_050);
    assert_eq!(
        reader.metadata_value("stacchip:schema_version"),
        Some("1.1")
    );
    let read = read_all(reader);
    assert!(read == written, "rows differ");
    assert!(Arc::ptr_eq(&read[0].scene, &read[19_999].scene));
}

#[test]
fn an_index_without_rows_is_an_index() {
    let reader = open(encoded(&[])).unwrap();
    assert!(reader.is_empty());
    assert_eq!(block_on(reader.row(0)).unwrap(), None);
    assert_eq!(read_all(reader), []);
}

#[test]
fn the_columns_are_those_of_the_schema() {
    let bytes = bytes::Bytes::from(encoded(&rows(&scene("a"), 3)));
    let built = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let schema = built.schema();
    assert_eq!(schema.fields().len(), COLUMNS.len() + 1);
    for (field, column) in schema.fields().iter().zip(COLUMNS.iter().chain([&BBOX])) {
        assert_eq!(field.name(), column.name);
        assert_eq!(field.is_nullable(), column.nullable, "{}", column.name);
    }
    let types: Vec<String> = schema
        .fields()
        .iter()
        .map(|f| f.data_type().to_string())
        .collect();
    assert_eq!(
        types[..7],
        [
            "Utf8", "Date32", "UInt16", "UInt16", "Float32", "Float32", "Binary"
        ]
    );
}

#[test]
fn one_row_is_had_without_the_others() {
    let mut written = Vec::new();
    for name in ["a", "b", "c"] {
        written.extend(rows(&scene(name), 60_000));
    }
    let bytes = encoded(&written);
    let size = bytes.len() as u64;
    let memory = Arc::new(MemoryReader::new(bytes));
    let reader = block_on(ParquetIndexReader::open(memory.clone(), size)).unwrap();
    assert_eq!(reader.len(), 180_000);
    memory.reset();
    for row in [0, 65_535, 65_536, 179_999] {
        let found = block_on(reader.row(row)).unwrap();
        assert_eq!(found.as_ref(), written.get(usize::try_from(row).unwrap()));
    }
    assert_eq!(block_on(reader.row(180_000)).unwrap(), None);
    assert_eq!(block_on(reader.row(u64::MAX)).unwrap(), None);
    let across = block_on(reader.rows(65_530..65_540)).unwrap();
    assert_eq!(across, written[65_530..65_540]);

    memory.reset();
    let found = block_on(reader.find("c-7-500")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0], (170_007, written[170_007].clone()));
    assert!(
        memory.bytes_read() < size / 2,
        "{} of {size}",
        memory.bytes_read()
    );
    assert_eq!(block_on(reader.find("d-1-1")).unwrap(), []);
}

#[test]
fn an_id_that_stands_twice_is_found_twice() {
    let mut written = rows(&scene("a"), 10);
    written.extend(rows(&scene("a"), 10));
    let reader = open(encoded(&written)).unwrap();
    let found = block_on(reader.find("a-3-0")).unwrap();
    assert_eq!(found.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [3, 13]);
}

fn item(id: &str) -> ItemLine {
    ItemLine {
        href: None,
        item: format!("{{\"id\":\"{id}\"}}"),
    }
}

#[test]
fn an_index_and_its_items_get_their_names_together() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("x.parquet");
    let items = folder.path().join("x.items.ndjson");
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let begin = |id: &str, overwrite| {
        let mut file = IndexFile::create(&index, Some(&items), overwrite)?;
        file.write_item(&item(id))?;
        file.write_rows(&rows(&scene(id), 5))?;
        Ok::<_, stacchip_index::IndexError>(file)
    };
    let dropped = begin("a", false).unwrap();
    assert!(!names().iter().any(|n| n.starts_with('x')));
    drop(dropped);
    assert_eq!(names(), [""; 0]);

    let (first, second) = (begin("a", false).unwrap(), begin("b", false).unwrap());
    block_on(Box::new(first).finish()).unwrap();
    assert_eq!(
        names()[2..],
        ["x.items.ndjson", "x.parquet"],
        "and what the second is writing"
    );
    let late = block_on(Box::new(second).finish()).unwrap_err();
    assert_eq!(late.kind, IndexErrorKind::Exists);
    assert_eq!(begin("c", false).unwrap_err().kind, IndexErrorKind::Exists);
    let line = fs::read_to_string(&items).unwrap();
    assert_eq!(line, "{\"href\":null,\"item\":{\"id\":\"a\"}}\n");

    begin("d", true).unwrap().close().unwrap();
    assert_eq!(names(), ["x.items.ndjson", "x.parquet"]);
    assert!(fs::read_to_string(&items).unwrap().contains("\"d\""));
    let read = read_all(open(fs::read(&index).unwrap()).unwrap());
    assert_eq!(read[0].chipid, "d-0-0");

    let nowhere = IndexFile::create(folder.path().join("no/x.parquet"), None, false);
    assert_eq!(nowhere.unwrap_err().kind, IndexErrorKind::Write);
}

#[test]
fn what_is_no_index_is_said() {
    let kind = |bytes: &[u8]| open(bytes.to_vec()).unwrap_err().kind;
    assert_eq!(kind(b""), IndexErrorKind::Read);
    assert_eq!(
        kind(b"no parquet at all, but long enough to be one"),
        IndexErrorKind::Read
    );
    let bytes = encoded(&rows(&scene("a"), 5));
    assert_eq!(kind(&bytes[..bytes.len() - 1]), IndexErrorKind::Read);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn broken_bytes_are_an_error_or_rows(at in 0.0f64..1.0, value: u8, cut in 0usize..40) {
        let mut bytes = encoded(&rows(&scene("a"), 40));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small file")]
        let at = (at * bytes.len() as f64) as usize;
        bytes[at] ^= value;
        // Bytes missing in the middle: every offset behind them is wrong.
        let from = at.min(bytes.len() - cut);
        bytes.drain(from..from + cut / 8);
        if let Ok(mut reader) = open(bytes) {
            let _ = block_on(reader.find("a-3-0"));
            let _ = block_on(reader.rows(0..50));
            for _ in 0..10 {
                match block_on(reader.read()) {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => break,
                }
            }
        }
    }
}
