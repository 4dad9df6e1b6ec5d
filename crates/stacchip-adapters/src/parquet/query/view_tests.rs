//! Tables that have not all the columns that are asked for.

use std::{collections::HashSet, fs, sync::Arc};

use ::parquet::arrow::ArrowWriter;
use stacchip_index::{
    SceneColumns,
    schema::{COLUMNS, UPSTREAM_COLUMNS},
};
use tempfile::TempDir;

use super::{
    choose::lot,
    tests::{THREADS, ask, rows, table, where_},
    *,
};
use crate::parquet::{NewColumn, StagedTable};

/// `from` with the columns of the Python package only.
fn of_upstream(folder: &TempDir, name: &str, from: &Table) -> Table {
    let names = COLUMNS.iter().take(UPSTREAM_COLUMNS).map(|c| c.name);
    let names: Vec<&str> = names.collect();
    let path = folder.path().join(name);
    let mut writer = None;
    for batch in from.batches(Some(&names), None).unwrap() {
        let batch = batch.unwrap();
        let file = || fs::File::create(&path).unwrap();
        let writer = writer
            .get_or_insert_with(|| ArrowWriter::try_new(file(), batch.schema(), None).unwrap());
        writer.write(&batch).unwrap();
    }
    writer.unwrap().close().unwrap();
    Table::open(&path).unwrap()
}

fn numbers(found: &Matches) -> Vec<(usize, u64)> {
    found.rows.iter().map(|f| (f.table, f.row)).collect()
}

#[test]
fn tables_of_upstream_are_asked_as_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(6, 10);
    let whole = table(&folder, "whole.parquet", &all);
    let seven = of_upstream(&folder, "seven.parquet", &whole);
    assert_eq!(seven.schema().fields().len(), UPSTREAM_COLUMNS);
    let area = Area::of_box([0.2, 0.1, 0.55, 0.35]).unwrap();
    let days = Condition::default()
        .and_datetime("2020-02-01/2020-03-31")
        .unwrap();
    let conditions = [
        Condition::default().and_in(area.clone()),
        days.clone(),
        days.and_in(area)
            .and_where("cloud_cover_percentage < 0.5")
            .unwrap(),
        where_("item_id = 'item3' AND bbox.xmin < 0.3"),
        where_("cell > 0 AND year(datetime) = 2020"),
        where_("chip_size = 256"),
    ];
    for condition in &conditions {
        let (a, b) = (std::slice::from_ref(&whole), std::slice::from_ref(&seven));
        let found = ask(a, condition);
        assert_eq!(
            numbers(&found),
            numbers(&ask(b, condition)),
            "{condition:?}"
        );
        assert!(!found.rows.is_empty(), "{condition:?}");
        let both = ask(&[whole.clone(), seven.clone()], condition);
        assert_eq!(both.rows.len(), 2 * found.rows.len(), "{condition:?}");
    }
    for per in [Per::Item, Per::Cell, Per::Month] {
        let choice = Choice {
            sample: None,
            seed: 3,
            per: vec![(per, 4)],
        };
        let found = |table: &Table| {
            let condition = Condition::default();
            find_rows(std::slice::from_ref(table), &condition, &choice, THREADS).unwrap()
        };
        assert_eq!(numbers(&found(&whole)), numbers(&found(&seven)), "{per:?}");
    }
    // Nobody knows the platform of what upstream indexed.
    let alone = find_rows(
        &[seven],
        &where_("platform = 'naip'"),
        &Choice::default(),
        THREADS,
    );
    assert!(matches!(alone, Err(QueryError::Column { .. })));
}

#[test]
fn a_column_of_some_tables_is_null_in_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(2, 4);
    let (a, b) = all.split_at(16);
    let (split, plain) = (
        table(&folder, "a.parquet", a),
        table(&folder, "b.parquet", b),
    );
    let texts = (0..16).map(|i| ["train", "val"].get(i % 4).copied());
    let columns = [NewColumn::texts("split", texts)];
    StagedTable::with_columns(&split, &columns, None)
        .unwrap()
        .place()
        .unwrap();
    let split = Table::open(split.path()).unwrap();
    for (text, count) in [
        ("split = 'train'", 4),
        ("split IS NULL", 8 + 16),
        ("NOT split = 'train'", 4),
        ("split = 'train' OR item_id = 'item1'", 4 + 16),
        ("split IN ('train', 'val') AND chip_index_y < 2", 4),
    ] {
        for tables in [
            [split.clone(), plain.clone()],
            [plain.clone(), split.clone()],
        ] {
            assert_eq!(ask(&tables, &where_(text)).rows.len(), count, "{text}");
        }
    }
    let refused = |text: &str| {
        let tables = [plain.clone(), split.clone()];
        let found = find_rows(&tables, &where_(text), &Choice::default(), THREADS);
        found.unwrap_err().to_string()
    };
    assert!(refused("nosuch = 1").contains("there is no column `nosuch`"));
    assert!(refused("split.a = 1").contains("there is no column `split.a`"));
    assert!(refused("split + 1 = 2").contains("a Utf8 cannot be computed with"));
}

#[test]
fn chips_of_one_id_have_lots_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let small = rows(1, 20);
    let large = small.iter().map(|row| {
        let mut row = row.clone();
        let mut scene = SceneColumns::clone(&row.scene);
        (scene.chip_size, scene.stride) = (512, 512);
        row.scene = Arc::new(scene);
        row
    });
    let both: Vec<_> = small.iter().cloned().chain(large).collect();
    let tables = [table(&folder, "both.parquet", &both)];
    let choice = Choice {
        sample: Some(200),
        seed: 7,
        per: Vec::new(),
    };
    let drawn = |tables: &[Table]| {
        let found = find_rows(tables, &Condition::default(), &choice, THREADS).unwrap();
        found
            .rows
            .iter()
            .map(|f| (f.table, f.row))
            .collect::<Vec<_>>()
    };
    let rows_drawn = drawn(&tables);
    let ids: HashSet<u64> = rows_drawn.iter().map(|(_, row)| row % 400).collect();
    // By chance both chips of an id are drawn of about fifty.
    assert_eq!(rows_drawn.len(), 200);
    assert!((120..190).contains(&ids.len()), "{}", ids.len());
    // However they lie in tables.
    let halves = [
        table(&folder, "large.parquet", &both[400..]),
        table(&folder, "small.parquet", &small),
    ];
    let mut apart: Vec<u64> = drawn(&halves)
        .into_iter()
        .map(|(table, row)| if table == 0 { row + 400 } else { row })
        .collect();
    apart.sort_unstable();
    assert_eq!(
        apart,
        rows_drawn.iter().map(|(_, row)| *row).collect::<Vec<_>>()
    );
    // Where ids are of one chip each, the lot is that of the id.
    let mut lots: Vec<(u64, u64)> = (0u64..)
        .zip(&small)
        .map(|(row, chip)| (lot(7, &chip.chipid), row))
        .collect();
    lots.sort_unstable();
    let mut least: Vec<u64> = lots.iter().take(200).map(|(_, row)| *row).collect();
    least.sort_unstable();
    let of_small: Vec<u64> = drawn(&halves[1..])
        .into_iter()
        .map(|(_, row)| row)
        .collect();
    assert_eq!(of_small, least);
}
