//! Headers through Parquet and back, and tables that are none.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow::{
    array::{ArrayRef, BooleanArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray},
    datatypes::Schema,
};
use futures::executor::block_on;
use stacchip_cog::{
    BlockPlace::{At, Sparse},
    HeaderStore, Limits, StoredHeader, WriteOptions,
    testing::{MemoryReader, check_header_store, check_stored_header},
    write_cog,
};
use stacchip_model::{Pixels, SampleType};

use super::{HeaderTableEncoder, HeaderTables, ParquetHeaders, headers_address, names as n};

fn header(address: &str, value: u8) -> StoredHeader {
    let pixels = Pixels::from_slice([2, 300, 300], &vec![value; 180_000]).unwrap();
    let file = write_cog(&pixels, &WriteOptions::cog().tiles(64), None).unwrap();
    let reader = MemoryReader::new(file).with_etag(&format!("\"{value}\""));
    let stored = block_on(check_stored_header(&reader, &Limits::default()));
    StoredHeader {
        address: address.to_owned(),
        ..stored.unwrap().unwrap()
    }
}

fn table(items: &[(&str, Vec<(String, StoredHeader)>)]) -> Vec<u8> {
    let mut encoder = HeaderTableEncoder::new(Vec::new()).unwrap();
    for (id, headers) in items {
        encoder.write(id, headers).unwrap();
    }
    encoder.finish().unwrap()
}

fn open(bytes: Vec<u8>) -> Result<ParquetHeaders, String> {
    let size = bytes.len() as u64;
    let reader = Arc::new(MemoryReader::new(bytes));
    block_on(ParquetHeaders::open(reader, size)).map_err(|e| e.to_string())
}

#[test]
fn what_is_written_is_read() {
    let red = header("s3://b/one/red.tif", 1);
    let nir = header("s3://b/one/nir.tif", 2);
    let other = header("s3://b/two/red.tif", 3);
    let bytes = table(&[
        (
            "one",
            vec![("red".into(), red.clone()), ("nir".into(), nir.clone())],
        ),
        ("none", Vec::new()),
        // Of one object in two items the later is as good.
        (
            "two",
            vec![("red".into(), other.clone()), ("nir".into(), nir.clone())],
        ),
    ]);
    assert_eq!(
        bytes,
        table(&[
            (
                "one",
                vec![("red".into(), red.clone()), ("nir".into(), nir.clone())]
            ),
            (
                "two",
                vec![("red".into(), other.clone()), ("nir".into(), nir.clone())]
            ),
        ]),
        "the same headers give the same bytes"
    );
    let headers = open(bytes).unwrap();
    let wanted = [
        "s3://b/two/red.tif",
        "s3://b/none.tif",
        "s3://b/one/nir.tif",
    ];
    let found = block_on(headers.load(&wanted)).unwrap();
    assert_eq!(found, [Some(other), None, Some(nir)]);
    let cog = found[0].as_ref().unwrap().rebuild(&Limits::default());
    assert_eq!(cog.unwrap().images[0].bands.len(), 2);
    assert_eq!(
        block_on(headers.load(&["s3://b/one/red.tif"])).unwrap(),
        [Some(red)]
    );
    assert_eq!(block_on(check_header_store(&headers)), Ok(()));
}

#[test]
fn several_tables_are_one_store() {
    let (a, b) = (header("s3://b/a.tif", 1), header("s3://b/b.tif", 2));
    let newer = header("s3://b/a.tif", 3);
    let tables = HeaderTables::default();
    assert_eq!(block_on(tables.load(&["s3://b/a.tif"])).unwrap(), [None]);
    tables.add("1", open(table(&[("one", vec![("x".into(), a)])])).unwrap());
    tables.add(
        "2",
        open(table(&[("two", vec![("x".into(), b.clone())])])).unwrap(),
    );
    tables.add(
        "3",
        open(table(&[("one", vec![("x".into(), newer.clone())])])).unwrap(),
    );
    assert!(tables.has("2") && !tables.has("4"));
    let found = block_on(tables.load(&["s3://b/b.tif", "s3://b/c.tif", "s3://b/a.tif"]));
    assert_eq!(found.unwrap(), [Some(b), None, Some(newer)]);
    assert_eq!(block_on(check_header_store(&tables)), Ok(()));
}

#[test]
fn many_items_are_in_row_groups_of_their_own() {
    let header = header("", 1);
    let rows = header.rasters.len();
    let items: Vec<(String, Vec<(String, StoredHeader)>)> = (0..2500 / rows)
        .map(|i| {
            let header = StoredHeader {
                address: format!("s3://b/{i:05}.tif"),
                ..header.clone()
            };
            (i.to_string(), vec![("x".to_owned(), header)])
        })
        .collect();
    let mut encoder = HeaderTableEncoder::new(Vec::new()).unwrap();
    for (id, headers) in &items {
        encoder.write(id, headers).unwrap();
    }
    let bytes = encoder.finish().unwrap();
    let size = bytes.len() as u64;
    let reader = Arc::new(MemoryReader::new(bytes));
    let headers = block_on(ParquetHeaders::open(Arc::clone(&reader) as Arc<_>, size)).unwrap();
    reader.reset();
    let (_, last) = items.last().unwrap();
    let found = block_on(headers.load(&[&last[0].1.address])).unwrap();
    assert_eq!(found, [Some(last[0].1.clone())]);
    assert!(
        reader.bytes_read() < size / 2,
        "{} of {size}",
        reader.bytes_read()
    );
}

#[test]
fn what_is_no_table_of_headers_is_said() {
    let said = |bytes| open(bytes).err().unwrap_or_default();
    assert!(said(Vec::new()).contains("memory"));
    assert!(said(b"PAR1 and nothing else PAR1".to_vec()).contains("memory"));
    // A table of something else.
    let ids = Arc::new(StringArray::from(vec!["a"])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("chipid", ids)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let other = writer.into_inner().unwrap();
    assert!(said(other).contains("its version is not said"));
}

#[test]
fn broken_tables_are_errors_or_headers_and_nothing_falls_over() {
    let address = "s3://b/a.tif";
    let whole = table(&[("one", vec![("x".into(), header(address, 1))])]);
    let mut state = 7u64;
    let mut roll = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (below as u64)).unwrap()
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..=roll(3) {
            let at = roll(bytes.len());
            bytes[at] ^= 1 << roll(8);
        }
        if roll(4) == 0 {
            bytes.truncate(roll(whole.len()));
        }
        if let Ok(headers) = open(bytes)
            && let Ok(found) = block_on(headers.load(&[address]))
        {
            for header in found.into_iter().flatten() {
                let _ = header.rebuild(&Limits::default());
            }
        }
    }
    std::panic::set_hook(hook);
}

/// As another writer would: only what cannot be done without, in the types it happens to have.
#[test]
fn tables_of_others_are_read() {
    let longs = |values: Vec<i64>| -> ArrayRef {
        let list = ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([Some(
            values.into_iter().map(Some).collect::<Vec<_>>(),
        )]);
        Arc::new(list)
    };
    let int = |value: i32| Arc::new(Int32Array::from(vec![value])) as ArrayRef;
    let flag = |value: bool| Arc::new(BooleanArray::from(vec![value])) as ArrayRef;
    let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let columns = [
        (n::ADDRESS, text("s3://b/a.tif")),
        (n::ETAG, text("\"1\"")),
        (n::IMAGE, int(0)),
        (n::LEVEL, int(0)),
        (n::MASK, flag(false)),
        (n::WIDTH, Arc::new(Int64Array::from(vec![100])) as ArrayRef),
        (n::HEIGHT, int(80)),
        (n::BLOCK_WIDTH, int(64)),
        (n::BLOCK_HEIGHT, int(64)),
        (n::TILED, flag(true)),
        (n::COMPRESSION, int(8)),
        (n::SAMPLES, int(1)),
        (n::BITS, int(16)),
        (n::FORMAT, int(1)),
        (n::GAPS, longs(vec![1000, 8, 8, 0])),
        (n::LENGTHS, longs(vec![50, 60, 70, 0])),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let metadata = [(super::VERSION_KEY.to_owned(), super::VERSION.to_owned())];
    let schema = Schema::new_with_metadata(batch.schema().fields().clone(), metadata.into());
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.append_key_value_metadata(::parquet::file::metadata::KeyValue::new(
        super::VERSION_KEY.to_owned(),
        schema.metadata()[super::VERSION_KEY].clone(),
    ));
    writer.write(&batch).unwrap();
    let headers = open(writer.into_inner().unwrap()).unwrap();
    let found = block_on(headers.load(&["s3://b/a.tif"])).unwrap().remove(0);
    let cog = found.unwrap().rebuild(&Limits::default()).unwrap();
    let level = &cog.images[0].levels[0];
    assert_eq!(level.sample, SampleType::U16);
    let places: Vec<_> = (0..5)
        .map(|i| level.table.place(stacchip_cog::BlockId(i)))
        .collect();
    assert_eq!(
        places,
        [
            At(1000..1050),
            At(1058..1118),
            At(1126..1196),
            Sparse,
            Sparse
        ]
    );
}

#[test]
fn headers_stand_beside_their_index() {
    assert_eq!(headers_address("a/x.parquet"), "a/x.headers.pq");
    assert_eq!(headers_address("x"), "x.headers.pq");
}
