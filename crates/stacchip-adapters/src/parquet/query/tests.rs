//! What conditions find, refuse, and do not read.

use std::{fs, num::NonZero, sync::Arc};

use proptest::prelude::*;
use stacchip_index::{ChipRow, SceneColumns, testing::example_rows};
use stacchip_model::{Fraction, Polygon, Quality, Window, jiff::civil::date, jiff::tz::TimeZone};
use tempfile::TempDir;

use super::*;
use crate::parquet::{MergeOptions, MergePieces, ParquetEncoder, ParquetIndexReader, merge_tables};

pub(super) const THREADS: NonZero<usize> = NonZero::new(2).unwrap();

/// Chips of `items` items in a square of degrees: item i in the i-th month, its cloud by its column.
pub(super) fn rows(items: i16, side: u16) -> Vec<ChipRow> {
    let mut all = Vec::new();
    for item in 0..items {
        let mut scene = SceneColumns::clone(&example_rows()[0].scene);
        scene.item_id = format!("item{item}");
        scene.platform =
            (item % 3 > 0).then(|| ["naip", "linz"][usize::from(item % 3 == 1)].to_owned());
        let day = date(2020 + item / 12, i8::try_from(item % 12 + 1).unwrap(), 3);
        scene.datetime = day
            .at(10, 30, 0, 0)
            .to_zoned(TimeZone::UTC)
            .unwrap()
            .timestamp();
        let scene = Arc::new(scene);
        for y in 0..side {
            for x in 0..side {
                let (w, s) = (
                    f64::from(x) * 0.1 + f64::from(item) * 0.01,
                    f64::from(y) * 0.1,
                );
                let ring = vec![
                    [w, s],
                    [w + 0.1, s],
                    [w + 0.1, s + 0.1],
                    [w, s + 0.1],
                    [w, s],
                ];
                all.push(ChipRow {
                    chipid: format!("item{item}-{x}-{y}"),
                    scene: Arc::clone(&scene),
                    x,
                    y,
                    window: Window::new(i64::from(x) * 128, i64::from(y) * 128, 256, 256),
                    quality: Quality {
                        cloud: Fraction::new(f64::from(x % 10) / 10.0).unwrap(),
                        nodata: Fraction::new(f64::from(y % 5) / 20.0).unwrap(),
                    },
                    footprint: Polygon { rings: vec![ring] }.into(),
                });
            }
        }
    }
    all
}

pub(super) fn table(folder: &TempDir, name: &str, rows: &[ChipRow]) -> Table {
    let path = folder.path().join(name);
    let mut encoder = ParquetEncoder::new(fs::File::create(&path).unwrap()).unwrap();
    encoder.write(rows).unwrap();
    encoder.finish().unwrap();
    Table::open(&path).unwrap()
}

pub(super) fn ask(tables: &[Table], condition: &Condition) -> Matches {
    find_rows(tables, condition, &Choice::default(), THREADS).unwrap()
}

pub(super) fn where_(text: &str) -> Condition {
    Condition::default().and_where(text).unwrap()
}

type Answer<'a> = Box<dyn Fn(&ChipRow) -> bool + 'a>;

#[test]
fn conditions_say_what_sql_says() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(15, 10);
    let (a, b) = all.split_at(700);
    let tables = [
        table(&folder, "a.parquet", a),
        table(&folder, "b.parquet", b),
    ];
    #[expect(clippy::cast_possible_truncation, reason = "as the column holds it")]
    let cloud = |r: &ChipRow| r.quality.cloud.get() as f32;
    let month = |r: &ChipRow| r.scene.date().month();
    let west = |r: &ChipRow| r.footprint.bounds().unwrap().xmin;
    let platform = |r: &ChipRow| r.scene.platform.clone();
    let cases: Vec<(&str, Answer<'_>)> = vec![
        ("cloud_cover_percentage < 0.2", Box::new(|r| cloud(r) < 0.2)),
        (
            "0.2 >= cloud_cover_percentage",
            Box::new(|r| cloud(r) <= 0.2),
        ),
        (
            "cloud_cover_percentage = 0.3",
            Box::new(|r| cloud(r) == 0.3),
        ),
        (
            "chip_index_x = 3 AND chip_index_y <> 4",
            Box::new(|r| r.x == 3 && r.y != 4),
        ),
        (
            "chip_index_x IN (1, 2, 70000) OR chip_index_y BETWEEN 7 AND 8",
            Box::new(|r| r.x == 1 || r.x == 2 || r.y == 7 || r.y == 8),
        ),
        (
            "chip_index_x NOT IN (1, 2)",
            Box::new(|r| r.x != 1 && r.x != 2),
        ),
        ("chip_index_x > 2.5", Box::new(|r| r.x > 2)),
        (
            "NOT ((NULL > 1) IS TRUE) AND chip_index_x = 3",
            Box::new(|r| r.x == 3),
        ),
        // What is no number compares with nothing, as row groups are passed over.
        (
            "cloud_cover_percentage < CAST('NaN' AS DOUBLE)",
            Box::new(|_| false),
        ),
        (
            "NOT cloud_cover_percentage > CAST('NaN' AS DOUBLE)",
            Box::new(|_| true),
        ),
        ("chip_index_x > -1", Box::new(|_| true)),
        (
            "chip_index_x + chip_index_y * 2 = 7",
            Box::new(|r| r.x + r.y * 2 == 7),
        ),
        ("chip_index_x / 2 = 1.5", Box::new(|r| r.x == 3)),
        ("chip_index_x % 2 = 1", Box::new(|r| r.x % 2 == 1)),
        ("-chip_index_x < -8", Box::new(|r| r.x > 8)),
        (
            "platform = 'naip'",
            Box::new(|r| platform(r).as_deref() == Some("naip")),
        ),
        (
            "NOT platform = 'naip'",
            Box::new(|r| platform(r).is_some_and(|p| p != "naip")),
        ),
        ("platform IS NULL", Box::new(|r| platform(r).is_none())),
        (
            "platform IS NOT NULL AND upper(platform) = 'LINZ'",
            Box::new(|r| platform(r).as_deref() == Some("linz")),
        ),
        (
            "item_id LIKE 'item1%' AND item_id NOT LIKE '%3'",
            Box::new(|r| r.scene.item_id.starts_with("item1") && !r.scene.item_id.ends_with('3')),
        ),
        (
            "item_id ILIKE 'ITEM_'",
            Box::new(|r| r.scene.item_id.len() == 5),
        ),
        (
            "date = '2020-05-03'",
            Box::new(|r| r.scene.date() == date(2020, 5, 3)),
        ),
        (
            "date >= DATE '2020-12-01'",
            Box::new(|r| r.scene.date() >= date(2020, 12, 1)),
        ),
        (
            "datetime < TIMESTAMP '2020-02-03 10:30:00'",
            Box::new(|r| r.scene.date() < date(2020, 2, 3)),
        ),
        (
            "datetime <= '2020-02-03T10:30:00Z'",
            Box::new(|r| r.scene.date() <= date(2020, 2, 3)),
        ),
        ("month(datetime) = 3", Box::new(|r| month(r) == 3)),
        (
            "extract(year from date) = 2021 AND date_part('month', date) < 3",
            Box::new(|r| r.scene.date().year() == 2021 && month(r) < 3),
        ),
        ("bbox.xmin < 0.25", Box::new(|r| west(r) < 0.25)),
        ("\"bbox\".\"xmin\" < 0.25", Box::new(|r| west(r) < 0.25)),
        (
            "abs(bbox.xmin - 0.5) < 0.1",
            Box::new(|r| (west(r) - 0.5).abs() < 0.1),
        ),
        ("TRUE", Box::new(|_| true)),
        ("1 = 2", Box::new(|_| false)),
        ("platform = NULL", Box::new(|_| false)),
        (
            "(chip_index_x = 1 OR chip_index_x = 2) AND CAST(chip_index_y AS DOUBLE) = 3.0",
            Box::new(|r| (r.x == 1 || r.x == 2) && r.y == 3),
        ),
    ];
    for (text, answer) in cases {
        let found = ask(&tables, &where_(text));
        let ids = found
            .rows
            .iter()
            .map(|f| usize::try_from(f.row).unwrap() + 700 * f.table);
        let ids: Vec<usize> = ids.collect();
        let wanted: Vec<usize> = (0..all.len()).filter(|&i| answer(&all[i])).collect();
        assert_eq!(ids, wanted, "{text}");
    }
}

#[test]
fn what_is_not_understood_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [table(&folder, "a.parquet", &rows(1, 3))];
    let said = |text: &str| match Condition::default().and_where(text) {
        Err(error) => error.to_string(),
        Ok(condition) => {
            let found = find_rows(&tables, &condition, &Choice::default(), THREADS);
            found.unwrap_err().to_string()
        }
    };
    for (text, part) in [
        ("cloud < 0.2", "there is no column `cloud` in"),
        ("bbox.west < 0.2", "there is no column `bbox.west`"),
        ("chip_index_x.y = 1", "there is no column `chip_index_x.y`"),
        ("chip_index_x = ", "cannot be understood"),
        ("chip_index_x = 1; DROP TABLE x", "after it comes `;`"),
        ("chip_index_x", "a UInt16 is neither true nor false"),
        ("chip_index_x = 'many'", "cannot be compared"),
        ("date = 'yesterday'", "`yesterday` is no day"),
        (
            "nothing(chip_index_x) = 1",
            "there is no function `nothing`",
        ),
        ("chip_index_x IN (SELECT 1)", "is not understood here"),
        ("platform + 1 = 2", "a Utf8 cannot be computed with"),
    ] {
        assert!(said(text).contains(part), "{text}: {}", said(text));
    }
    let deep = "(".repeat(5000) + "1" + &")".repeat(5000);
    assert!(said(&deep).contains("cannot be understood"));
    let long = "chip_index_x = 1 OR ".repeat(2000) + "TRUE";
    assert!(said(&long).contains("over the limit"));
    let many = "chip_index_x = 1 OR ".repeat(700) + "TRUE";
    assert_eq!(ask(&tables, &where_(&many)).rows.len(), 9);
    for wrong in ["", "..", "soon", "2020/soon", "2020-05-02/2020-05-01"] {
        assert!(Condition::default().and_datetime(wrong).is_err(), "{wrong}");
    }
    assert!(Area::of_box([0.0, 2.0, 1.0, 1.0]).is_err());
    for wrong in [
        "{}",
        "{\"type\":\"Point\",\"coordinates\":[1,2]}",
        "[",
        "{\"type\":\"Polygon\",\"coordinates\":[[[1,2]]]}",
    ] {
        assert!(Area::of_geojson(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn row_groups_and_tables_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(24, 100);
    let tables: Vec<Table> = all
        .chunks(10_000)
        .enumerate()
        .map(|(i, rows)| table(&folder, &format!("{i}.parquet"), rows))
        .collect();
    // One file an item: the span of time alone says which.
    let may = Condition::default()
        .and_datetime("2020-05-01/2020-05-31")
        .unwrap();
    let found = ask(&tables, &may);
    assert_eq!(
        (
            found.rows.len(),
            found.groups,
            found.groups_read,
            found.tables_read
        ),
        (10_000, 24, 1, 1)
    );

    let to = folder.path().join("m.parquet");
    let options = MergeOptions {
        memory: 1 << 30,
        threads: THREADS,
        spill: folder.path().to_owned(),
        part_rows: 1 << 30,
        overwrite: false,
        period: None,
        pieces: MergePieces::default(),
    };
    merge_tables(&tables, &to, false, &options, &()).unwrap();
    let merged = [Table::open(&to).unwrap()];
    let corner = Area::of_box([0.0, 0.0, 1.0, 1.0]).unwrap();
    let asked = may
        .and_in(corner)
        .and_where("cloud_cover_percentage < 0.2")
        .unwrap();
    let found = ask(&merged, &asked);
    assert!((3..=4).contains(&found.groups), "{found:?}");
    assert!(found.groups_read <= 2, "rows of one corner lie together");
    assert_eq!(found.rows.len(), ask(&tables, &asked).rows.len());
    assert!(!found.rows.is_empty());

    // And as a table.
    let out = folder.path().join("out.parquet");
    write_rows(&tables, &ask(&tables, &asked).rows, &[], &out, false).unwrap();
    let whole = [Table::open(&out).unwrap()];
    assert_eq!(ask(&whole, &asked).rows.len(), found.rows.len());
    assert_eq!(whole[0].rows(), found.rows.len() as u64);
    assert!(write_rows(&tables, &[], &[], &out, false).is_err());
    write_rows(&tables, &[], &[], &out, true).unwrap();
    let bytes = bytes::Bytes::from(fs::read(&out).unwrap());
    let size = bytes.len() as u64;
    let reader = Arc::new(stacchip_cog::testing::MemoryReader::new(bytes.to_vec()));
    let reader = futures::executor::block_on(ParquetIndexReader::open(reader, size)).unwrap();
    assert!(reader.is_empty());
}

#[test]
fn areas_are_held_against_outlines() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = rows(1, 10);
    // One across the antimeridian, whose box is a band around the world.
    let part = |w: f64, e: f64| Polygon {
        rings: vec![vec![[w, 0.0], [e, 0.0], [e, 0.1], [w, 0.1], [w, 0.0]]],
    };
    all[0].footprint = stacchip_model::MultiPolygon {
        polygons: vec![part(179.9, 180.0), part(-180.0, -179.9)],
    };
    let tables = [table(&folder, "a.parquet", &all)];
    let count = |area: Area| ask(&tables, &Condition::default().and_in(area)).rows.len();
    assert_eq!(count(Area::of_box([0.11, 0.01, 0.19, 0.09]).unwrap()), 1);
    assert_eq!(count(Area::of_box([50.0, 0.0, 60.0, 1.0]).unwrap()), 0);
    assert_eq!(count(Area::of_box([179.5, 0.0, -179.5, 1.0]).unwrap()), 1);
    assert_eq!(
        count(Area::of_box([-180.0, -90.0, 180.0, 90.0]).unwrap()),
        100
    );
    // A triangle with a hole that holds a whole chip.
    let json = r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[
        [[0.25,0.25],[0.95,0.25],[0.25,0.95],[0.25,0.25]],
        [[0.395,0.395],[0.505,0.395],[0.505,0.505],[0.395,0.505],[0.395,0.395]]]}}"#;
    let area = Area::of_geojson(json).unwrap();
    let found = ask(&tables, &Condition::default().and_in(area));
    let met: Vec<(u16, u16)> = found
        .rows
        .iter()
        .map(|f| &all[usize::try_from(f.row).unwrap()])
        .map(|r| (r.x, r.y))
        .collect();
    assert!(met.contains(&(3, 3)) && met.contains(&(2, 2)) && met.contains(&(9, 2)));
    assert!(!met.contains(&(4, 4)) && !met.contains(&(9, 9)), "{met:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_sample_is_drawn_once_each_and_the_same(count in 0usize..400, seed in any::<u64>(), per in 1usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let all = rows(6, 10);
        let whole = [table(&folder, "a.parquet", &all)];
        let (a, b) = all.split_at(211);
        let halves = [table(&folder, "b.parquet", b), table(&folder, "c.parquet", a)];
        let ids = |tables: &[Table], choice: &Choice| {
            let found = find_rows(tables, &where_("chip_index_x < 7"), choice, THREADS).unwrap();
            let of = |f: &Found| {
                let row = usize::try_from(f.row).unwrap();
                if tables.len() == 1 { &all[row] } else { &[b, a][f.table][row] }
            };
            let mut ids: Vec<ChipRow> = found.rows.iter().map(|f| of(f).clone()).collect();
            ids.sort_by(|a, b| a.chipid.cmp(&b.chipid));
            ids
        };
        let choice = Choice { sample: Some(count), seed, per: Vec::new() };
        let drawn = ids(&whole, &choice);
        prop_assert_eq!(drawn.len(), count.min(420));
        prop_assert!(drawn.windows(2).all(|w| w[0].chipid != w[1].chipid));
        prop_assert!(drawn == ids(&halves, &choice), "the order of tables matters");
        let choice = Choice { sample: None, seed, per: vec![(Per::Item, per), (Per::Month, 500)] };
        let drawn = ids(&whole, &choice);
        for item in 0..6 {
            let of = drawn.iter().filter(|r| r.scene.item_id == format!("item{item}")).count();
            prop_assert_eq!(of, per.min(70));
        }
        prop_assert!(drawn == ids(&halves, &choice));
    }
}

/// What is asked of BETWEEN stands twice in what it becomes: each level doubles the comparisons.
#[test]
fn between_in_between_is_bounded() {
    let nested = |deep: usize, with: &str| {
        (0..deep).fold("TRUE".to_owned(), |inner, _| format!("({inner}) {with}"))
    };
    for with in ["BETWEEN FALSE AND TRUE", "IS TRUE"] {
        let parsed = |deep| Condition::default().and_where(&nested(deep, with));
        assert!(parsed(4).is_ok(), "{with}");
        let error = parsed(8).unwrap_err().to_string();
        assert!(error.contains("more than 4 deep"), "{error}");
    }
    // What it is held against stands once.
    let held = (0..8).fold("5".to_owned(), |inner, _| {
        format!("CAST(chip_index_x BETWEEN 1 AND {inner} AS INT)")
    });
    assert!(
        Condition::default()
            .and_where(&format!("{held} = 1"))
            .is_ok()
    );
}
