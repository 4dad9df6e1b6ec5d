//! What a merge keeps, drops, refuses, and how it is ordered.

use std::{collections::HashMap, fs, sync::Arc};

use ::parquet::arrow::ArrowWriter;
use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema, UInt64Type},
};
use stacchip_index::{ChipRow, GroundCell, SceneColumns, testing::example_rows};
use stacchip_model::{Fraction, Polygon, Quality, Window};
use tempfile::TempDir;

use super::*;
use crate::parquet::{ParquetEncoder, StagedTable, columns::RowDecoder};

fn options(folder: &TempDir) -> MergeOptions {
    MergeOptions {
        memory: 4 << 20,
        threads: NonZero::new(2).unwrap(),
        spill: folder.path().to_owned(),
        part_rows: 1 << 20,
        overwrite: false,
        period: None,
        pieces: MergePieces::default(),
    }
}

/// Chips of an item in a row from `west` on.
fn rows(item: &str, west: f64, count: u16) -> Vec<ChipRow> {
    let mut scene = SceneColumns::clone(&example_rows()[0].scene);
    scene.item_id = item.to_owned();
    let scene = Arc::new(scene);
    (0..count)
        .map(|x| {
            let w = west + f64::from(x % 900) * 0.01;
            let s = f64::from(x / 900) * 0.01;
            let ring = vec![
                [w, s],
                [w + 0.01, s],
                [w + 0.01, s + 0.01],
                [w, s + 0.01],
                [w, s],
            ];
            ChipRow {
                chipid: format!("{item}-{x}-0"),
                scene: Arc::clone(&scene),
                x,
                y: 0,
                window: Window::new(i64::from(x) * 128, 0, 256, 256),
                quality: Quality {
                    cloud: Fraction::new(0.25).unwrap(),
                    ..Quality::default()
                },
                footprint: Polygon { rings: vec![ring] }.into(),
            }
        })
        .collect()
}

fn table(folder: &TempDir, name: &str, rows: &[ChipRow]) -> Table {
    let path = folder.path().join(name);
    let mut encoder = ParquetEncoder::new(fs::File::create(&path).unwrap()).unwrap();
    encoder.write(rows).unwrap();
    encoder.finish().unwrap();
    Table::open(&path).unwrap()
}

fn read(path: &Path) -> (Vec<ChipRow>, Vec<RecordBatch>) {
    let mut decoder = RowDecoder::default();
    let batches: Vec<RecordBatch> = Table::open(path)
        .unwrap()
        .batches(None, None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows = batches.iter().flat_map(|b| decoder.decode(b, 0).unwrap());
    (rows.collect(), batches)
}

fn by_id(rows: &[ChipRow]) -> HashMap<String, ChipRow> {
    rows.iter().map(|r| (r.chipid.clone(), r.clone())).collect()
}

#[test]
fn rows_are_kept_and_lie_along_the_curve() {
    let folder = tempfile::tempdir().unwrap();
    // So many that they are spilled more than once.
    let mut all: Vec<Vec<ChipRow>> = (0..18)
        .map(|i| rows(&format!("item{i}"), f64::from(i % 5) * 9.0 - 20.0, 6000))
        .collect();
    all.push(example_rows());
    let tables: Vec<Table> = all
        .iter()
        .enumerate()
        .map(|(i, rows)| table(&folder, &format!("{i}.parquet"), rows))
        .collect();
    let to = folder.path().join("merged.parquet");
    let merged = merge_tables(&tables, &to, false, &options(&folder), &()).unwrap();
    let wanted: Vec<ChipRow> = all.into_iter().flatten().collect();
    assert_eq!(merged.rows, wanted.len() as u64);
    assert!(merged.runs > 4, "{merged:?}");
    assert_eq!((merged.duplicates, merged.row_groups), (0, 2));
    let (found, batches) = read(&to);
    assert_eq!(by_id(&found).len(), found.len());
    assert!(by_id(&found) == by_id(&wanted), "rows differ");
    let leaves: Vec<u64> = found
        .iter()
        .map(|r| GroundCell::of(&r.footprint).map_or(u64::MAX, GroundCell::id))
        .collect();
    assert!(leaves.is_sorted());
    let cell = |row: usize| {
        GroundCell::of(&found[row].footprint)
            .unwrap()
            .parent(10)
            .id()
    };
    let cells = batches[0]
        .column_by_name("cell")
        .unwrap()
        .as_primitive::<UInt64Type>()
        .clone();
    assert_eq!(cells.value(7), cell(7));

    // The same bytes with one thread and all the memory there is, from whichever parts.
    let one = MergeOptions {
        memory: 1 << 30,
        threads: NonZero::new(1).unwrap(),
        ..options(&folder)
    };
    let again = folder.path().join("again.parquet");
    assert_eq!(
        merge_tables(&tables, &again, false, &one, &())
            .unwrap()
            .runs,
        1
    );
    assert!(fs::read(&again).unwrap() == fs::read(&to).unwrap());

    let exists = merge_tables(&tables, &to, false, &options(&folder), &()).unwrap_err();
    assert_eq!(exists.kind, IndexErrorKind::Exists);

    // Into a folder, in parts, which the next merge puts together again.
    let parts = folder.path().join("parts");
    fs::create_dir(&parts).unwrap();
    let small = MergeOptions {
        part_rows: 10,
        ..options(&folder)
    };
    let merged = merge_tables(&tables, &parts, true, &small, &()).unwrap();
    assert_eq!(merged.files.len(), 2);
    let parts: Vec<Table> = merged
        .files
        .iter()
        .map(|p| Table::open(p).unwrap())
        .collect();
    let whole = folder.path().join("whole.parquet");
    merge_tables(&parts, &whole, false, &options(&folder), &()).unwrap();
    assert!(fs::read(&whole).unwrap() == fs::read(&to).unwrap());
    let left = fs::read_dir(folder.path()).unwrap().filter(|e| {
        e.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    });
    assert_eq!(left.count(), 0, "something is left behind");
}

#[test]
fn row_groups_end_where_the_next_place_is_far() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [(-60.0, 60_000), (10.0, 55_000), (100.0, 20_000)].map(|(west, count)| {
        let name = format!("{west}.parquet");
        table(&folder, &name, &rows(&format!("at{west}"), west, count))
    });
    let to = folder.path().join("m.parquet");
    let merged = merge_tables(&tables, &to, false, &options(&folder), &()).unwrap();
    assert_eq!(merged.period, Some(Period::All));
    let counts = |path: &Path| -> Vec<i64> {
        let table = Table::open(path).unwrap();
        let groups = table.parquet().row_groups().iter();
        groups
            .map(::parquet::file::metadata::RowGroupMetaData::num_rows)
            .collect()
    };
    let mut found = counts(&to);
    found.sort_unstable();
    // What is left at the end may be less; in between each place is one.
    assert!(
        found == [20_000, 55_000, 60_000] || found == [60_000, 75_000],
        "{found:?}"
    );

    // Where periods are asked for, they come first.
    let mut late = rows("late", -60.0, 100);
    let mut scene = SceneColumns::clone(&late[0].scene);
    scene.datetime += stacchip_model::jiff::SignedDuration::from_hours(24 * 800);
    let scene = Arc::new(scene);
    for row in &mut late {
        row.scene = Arc::clone(&scene);
    }
    let tables = [
        table(&folder, "late.parquet", &late),
        table(&folder, "a.parquet", &rows("a", -60.0, 100)),
        table(&folder, "b.parquet", &rows("b", 60.0, 100)),
    ];
    let yearly = MergeOptions {
        period: Some(Period::Year),
        ..options(&folder)
    };
    let to = folder.path().join("years.parquet");
    let merged = merge_tables(&tables, &to, false, &yearly, &()).unwrap();
    assert_eq!(merged.period, Some(Period::Year));
    let (found, _) = read(&to);
    assert!(found.iter().take(200).all(|r| r.scene.item_id != "late"));
    assert!(found.iter().skip(200).all(|r| r.scene.item_id == "late"));
    let said = Table::open(&to).unwrap().says("stacchip:order");
    assert!(said.is_some_and(|s| s.starts_with("year of datetime")));
}

#[test]
fn a_chip_is_in_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let a = rows("a", 5.0, 300);
    let mut b = rows("b", 5.0, 300);
    b.extend(a[100..200].iter().cloned());
    for row in &mut b[300..] {
        row.quality.cloud = Fraction::new(0.75).unwrap();
    }
    // Another size is another chip.
    let mut other = a[0].clone();
    other.scene = Arc::new(SceneColumns {
        chip_size: 99,
        ..SceneColumns::clone(&other.scene)
    });
    let tables = [
        table(&folder, "a.parquet", &a),
        table(&folder, "b.parquet", &b),
        table(&folder, "c.parquet", &[other]),
    ];
    let to = folder.path().join("m.parquet");
    let merged = merge_tables(&tables, &to, false, &options(&folder), &()).unwrap();
    assert_eq!((merged.rows, merged.duplicates), (601, 100));
    // The table named first is believed.
    assert!(read(&to).0.iter().all(|r| r.quality.cloud.get() == 0.25));
}

#[test]
fn columns_of_others_are_kept_or_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let a = table(&folder, "a.parquet", &rows("a", 1.0, 10));
    let b = table(&folder, "b.parquet", &rows("b", 3.0, 10));
    let values = vec![Some("train"); 10];
    StagedTable::with_texts(&b, "split", values, Some(("said", "this")))
        .unwrap()
        .place()
        .unwrap();
    let b = Table::open(b.path()).unwrap();
    assert_eq!(b.says("said").as_deref(), Some("this"));
    let to = folder.path().join("m.parquet");
    merge_tables(&[a.clone(), b.clone()], &to, false, &options(&folder), &()).unwrap();
    let (_, batches) = read(&to);
    let split = batches[0]
        .column_by_name("split")
        .unwrap()
        .as_string::<i32>()
        .clone();
    assert_eq!(split.iter().flatten().count(), 10);
    let schema = batches[0].schema();
    assert_eq!(schema.fields().last().unwrap().name(), "bbox");

    // The same name for something else.
    let path = folder.path().join("c.parquet");
    let batch = a.batches(None, None).unwrap().next().unwrap().unwrap();
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("split", DataType::Int64, true)));
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns.push(Arc::new(Int64Array::from(vec![1; 10])));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let c = Table::open(&path).unwrap();
    let refused = merge_tables(
        &[b, c],
        &folder.path().join("x.parquet"),
        false,
        &options(&folder),
        &(),
    );
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("its column `split` is Int64, and Utf8 in"),
        "{said}"
    );
}

#[test]
fn tables_of_upstream_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = rows("up", 1.0, 5);
    let batch = table(&folder, "w.parquet", &whole);
    let batch = batch.batches(None, None).unwrap().next().unwrap().unwrap();
    let batch = batch.project(&[0, 1, 2, 3, 4, 5, 6]).unwrap();
    let path = folder.path().join("u.parquet");
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let to = folder.path().join("m.parquet");
    merge_tables(
        &[Table::open(&path).unwrap()],
        &to,
        false,
        &options(&folder),
        &(),
    )
    .unwrap();
    let (found, batches) = read(&to);
    assert_eq!(found.len(), 5);
    assert!(
        found
            .iter()
            .all(|r| r.scene.item_id == "up" && r.scene.chip_size == 256)
    );
    assert!(batches[0].column_by_name("cell").is_some());
}

#[test]
fn what_is_broken_is_an_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = table(&folder, "a.parquet", &rows("a", 1.0, 3000));
    let mut bytes = fs::read(good.path()).unwrap();
    let middle = bytes.len() / 3;
    for byte in &mut bytes[middle..middle + 2000] {
        *byte ^= 0x5a;
    }
    let path = folder.path().join("b.parquet");
    fs::write(&path, &bytes).unwrap();
    let broken = Table::open(&path).unwrap();
    let to = folder.path().join("m.parquet");
    let merged = merge_tables(&[good, broken], &to, false, &options(&folder), &());
    assert!(merged.unwrap_err().to_string().contains("b.parquet"));
    assert!(!to.exists());
    for cut in [0, 4, 100, bytes.len() - 9] {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert!(Table::open(&path).is_err(), "{cut}");
    }
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let other = RecordBatch::try_from_iter([("name", names)]).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), other.schema(), None).unwrap();
    writer.write(&other).unwrap();
    writer.close().unwrap();
    let said = Table::open(&path).unwrap_err().to_string();
    assert!(said.contains("the column `chipid` is missing"), "{said}");
}

#[test]
fn pieces_however_small_make_one_result_with_few_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let a = rows("a", 5.0, 300);
    let mut b = rows("b", 5.0, 300);
    b.extend(a[100..200].iter().cloned());
    let tables = [
        table(&folder, "a.parquet", &a),
        table(&folder, "b.parquet", &b),
    ];
    let to = folder.path().join("m.parquet");
    let whole = merge_tables(&tables, &to, false, &options(&folder), &()).unwrap();
    for threads in [1, 3] {
        let small = MergeOptions {
            threads: NonZero::new(threads).unwrap(),
            pieces: MergePieces {
                at_once: 4,
                rows: 3,
                batch_rows: 2,
            },
            ..options(&folder)
        };
        let columns = schema::reconcile(&tables).unwrap();
        let sorted = sort::sorted_runs(&tables, &columns, Period::All, &small, &()).unwrap();
        assert_eq!(sorted.rows, 700);
        assert!(sorted.spilled >= 234, "{}", sorted.spilled);
        // Four of each level: 4^5 > 234.
        assert!(sorted.runs.len() <= 5 * 4, "{}", sorted.runs.len());
        let again = folder.path().join(format!("{threads}.parquet"));
        let merged = merge_tables(&tables, &again, false, &small, &()).unwrap();
        assert_eq!((merged.rows, merged.duplicates), (600, 100));
        assert_eq!((whole.rows, whole.duplicates), (600, 100));
        assert!(fs::read(&again).unwrap() == fs::read(&to).unwrap());
    }
}

/// Counts to some rows, then panics.
#[derive(Debug)]
struct Breaks(std::sync::atomic::AtomicU64);

impl Progress for Breaks {
    fn expect(&self, _: u64) {}

    fn advance(&self, by: u64) {
        let left = self.0.load(std::sync::atomic::Ordering::Relaxed);
        assert!(left > by, "as it was told to");
        self.0
            .store(left - by, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_thread_that_breaks_off_is_an_error_and_no_short_table() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [table(&folder, "a.parquet", &rows("a", 5.0, 300))];
    let to = folder.path().join("m.parquet");
    let breaks = Breaks(100.into());
    let merged = merge_tables(&tables, &to, false, &options(&folder), &breaks);
    let said = crate_chain(&merged.unwrap_err());
    assert!(said.contains("broke off: as it was told to"), "{said}");
    // While writing, the caller's own panic is the caller's; nobody waits for ever.
    let breaks = Breaks(400.into());
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
        merge_tables(&tables, &to, false, &options(&folder), &breaks)
    }));
    assert!(!matches!(result, Ok(Ok(_))));
    assert!(!to.exists());
    let broken: Result<(), IndexError> = unbroken("x", || panic!("{} it is", "broken"));
    assert!(crate_chain(&broken.unwrap_err()).contains('x'));
}

fn crate_chain(error: &IndexError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error} {}", cause.unwrap_or_default())
}
