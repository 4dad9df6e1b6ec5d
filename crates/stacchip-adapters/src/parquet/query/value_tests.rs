//! What numbers, texts and dates come to, beyond the columns of an index.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Float64Array, Int64Array, StringArray, UInt32Array, UInt64Array,
};
use tempfile::TempDir;

use super::{
    tests::{ask, rows, table, where_},
    *,
};
use crate::parquet::{NewColumn, StagedTable};

fn column(name: &str, values: ArrayRef) -> NewColumn {
    NewColumn {
        name: name.to_owned(),
        values,
    }
}

fn filled<T: Copy>(first: &[T], rest: T) -> Vec<T> {
    (0..16)
        .map(|i| first.get(i).copied().unwrap_or(rest))
        .collect()
}

/// What is said of a chip's cloud and nodata.
type Answer = fn(f32, f32) -> bool;

/// Sixteen rows of an index, and columns with what is hard to compare, the rest of each filled with `rest`.
fn hard(folder: &TempDir) -> Vec<Table> {
    let table = table(folder, "hard.parquet", &rows(1, 4));
    let columns: [(&str, ArrayRef); 7] = [
        ("n", Arc::new(UInt32Array::from_iter_values(0..16))),
        (
            "f",
            Arc::new(Float64Array::from(filled(&[-0.0, 0.0, 2.0, -2.0], 5.0))),
        ),
        (
            "s",
            Arc::new(Float32Array::from(filled(&[-0.0, 0.0, 2.0, -2.0], 5.0))),
        ),
        ("z", Arc::new(Float64Array::from(vec![-0.0; 16]))),
        (
            "i",
            Arc::new(Int64Array::from(filled(&[i64::MIN, i64::MAX, -1, 0], 2))),
        ),
        (
            "u",
            Arc::new(UInt64Array::from(filled(&[u64::MAX, 0, 1], 2))),
        ),
        (
            "t",
            Arc::new(StringArray::from(filled(
                &["a_b", "aXb", "a\\_b", "50%", "A_B"],
                "",
            ))),
        ),
    ];
    let columns = columns.map(|(name, values)| column(name, values));
    StagedTable::with_columns(&table, &columns, None)
        .unwrap()
        .place()
        .unwrap();
    vec![Table::open(table.path()).unwrap()]
}

#[test]
fn numbers_and_texts_are_compared_as_sql_does() {
    let folder = tempfile::tempdir().unwrap();
    let tables = hard(&folder);
    let all: Vec<u64> = (0..16).collect();
    let but = |left_out: &[u64]| -> Vec<u64> {
        all.iter()
            .copied()
            .filter(|n| !left_out.contains(n))
            .collect()
    };
    let mut cases: Vec<(String, Vec<u64>)> = Vec::new();
    for f in ["f", "s"] {
        for (text, wanted) in [
            ("F * -1 = 0", vec![0, 1]),
            ("F >= -0.0 AND F <= -0.0", vec![0, 1]),
            ("F > -0.0 AND F < 3", vec![2]),
            ("-0.0 <= F AND 0.0 >= F", vec![0, 1]),
            ("F <> 0", but(&[0, 1])),
            ("NOT F = -0.0", but(&[0, 1])),
            ("F IN (-0.0, 2)", vec![0, 1, 2]),
            ("F NOT IN (0)", but(&[0, 1])),
            ("F BETWEEN 0 AND 2", vec![0, 1, 2]),
            ("F < 0", vec![3]),
            ("F = -F", vec![0, 1]),
        ] {
            cases.push((text.replace('F', f), wanted));
        }
    }
    for (text, wanted) in [
        // By the bounds of the row group too.
        ("z >= 0", all.clone()),
        ("z = 0.0", all.clone()),
        ("z < 0", vec![]),
        ("i = -9223372036854775808", vec![0]),
        ("i > -9223372036854775808 AND i < 0", vec![2]),
        ("i < 9223372036854775808", all.clone()),
        ("i < 18446744073709551615", all.clone()),
        ("i % 0 = 1", vec![]),
        ("(i % 0) IS NULL", all.clone()),
        ("i % 2 = -1", vec![2]),
        ("u > -1", all.clone()),
        ("u < -1", vec![]),
        ("-1 < u AND u < 1", vec![1]),
        ("u = 18446744073709551615", vec![0]),
        ("u <> -1", all.clone()),
        ("u IN (-1, 1)", vec![2]),
        ("u BETWEEN -5 AND 1", vec![1, 2]),
        ("u % 2 = 1", vec![0, 2]),
        ("u > i AND n < 3", vec![0, 2]),
        ("t LIKE 'a_b'", vec![0, 1]),
        ("t ILIKE 'a_b'", vec![0, 1, 4]),
        ("t LIKE 'a\\_b'", vec![2]),
        ("t LIKE 'a\\%'", vec![2]),
        ("t LIKE '%\\%'", vec![2]),
        ("t LIKE 'a!_b' ESCAPE '!'", vec![0]),
        ("t ILIKE 'a!_b' ESCAPE '!'", vec![0, 4]),
        ("t LIKE 'a\\_b' ESCAPE '\\'", vec![0]),
        ("t LIKE 'a\\\\\\_b' ESCAPE '\\'", vec![2]),
        ("t LIKE '%!%' ESCAPE '!'", vec![3]),
        ("n < 5 AND t NOT LIKE '%!%' ESCAPE '!'", vec![0, 1, 2, 4]),
        ("t LIKE 'a\\_b' ESCAPE ''", vec![2]),
        // Too small for single precision to be more than zero.
        ("s = 1e-50", vec![]),
        ("s > 1e-50 AND s < 3", vec![2]),
        // Halves go to the even number: 1.5, 2 and 2.5.
        ("cast(n / 2.0 as int) = 2", vec![3, 4, 5]),
        ("cast(-n / 2.0 as int) = -2", vec![3, 4, 5]),
    ] {
        cases.push((text.to_owned(), wanted));
    }
    for (text, wanted) in cases {
        let found = ask(&tables, &where_(&text)).rows;
        let found: Vec<u64> = found.iter().map(|f| f.row).collect();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn shares_are_computed_with_as_they_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(1, 10);
    let tables = [table(&folder, "a.parquet", &all)];
    #[expect(clippy::cast_possible_truncation, reason = "as the column holds it")]
    let shares = |at: usize| {
        let quality = all[at].quality;
        (quality.cloud.get() as f32, quality.nodata.get() as f32)
    };
    let cases: [(&str, Answer); 9] = [
        ("cloud_cover_percentage * 100 <= 20", |c, _| {
            c * 100.0 <= 20.0
        }),
        ("100 * cloud_cover_percentage <= 70", |c, _| {
            100.0 * c <= 70.0
        }),
        ("1 - cloud_cover_percentage >= 0.8", |c, _| 1.0 - c >= 0.8),
        (
            "cloud_cover_percentage + nodata_percentage <= 0.3",
            |c, n| c + n <= 0.3,
        ),
        ("cloud_cover_percentage / 2 = 0.15", |c, _| c / 2.0 == 0.15),
        ("cloud_cover_percentage = 0.1 + 0.2", |c, _| c == 0.3),
        ("-cloud_cover_percentage >= -0.7", |c, _| c <= 0.7),
        ("CAST(cloud_cover_percentage AS DOUBLE) <= 0.7", |c, _| {
            f64::from(c) <= 0.7
        }),
        (
            "CAST(cloud_cover_percentage AS DOUBLE) * 1 <= 0.6",
            |c, _| f64::from(c) <= 0.6,
        ),
    ];
    for (text, answer) in cases {
        let found = ask(&tables, &where_(text)).rows;
        let found: Vec<u64> = found.iter().map(|f| f.row).collect();
        let wanted = (0..all.len()).filter(|&at| answer(shares(at).0, shares(at).1));
        let wanted: Vec<u64> = wanted.map(|at| at as u64).collect();
        assert_eq!(found, wanted, "{text}");
    }
    // What people mean: two of ten columns of chips are above 0.7.
    for (text, columns) in [
        ("cloud_cover_percentage * 100 <= 20", 3),
        ("1 - cloud_cover_percentage >= 0.8", 3),
    ] {
        assert_eq!(
            ask(&tables, &where_(text)).rows.len(),
            columns * 10,
            "{text}"
        );
    }
}

#[test]
fn a_day_against_a_moment_is_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    // Items of the third of January and of the third of February, 2020.
    let tables = [table(&folder, "a.parquet", &rows(2, 2))];
    for (text, count) in [
        ("date > '2020-02-03T12:00:00Z'", 0),
        ("date > '2020-02-02T12:00:00Z'", 4),
        ("'2020-01-03T00:00:01' > date", 4),
        ("date = '2020-02-03T00:00:00Z'", 4),
        ("date = '2020-02-03'", 4),
        ("date IN ('2020-01-03', '2020-02-03T00:00:00Z')", 8),
    ] {
        assert_eq!(ask(&tables, &where_(text)).rows.len(), count, "{text}");
    }
}

#[test]
fn a_wrong_condition_is_told_from_a_wrong_table() {
    let folder = tempfile::tempdir().unwrap();
    let tables = hard(&folder);
    let threads = std::num::NonZero::<usize>::MIN;
    let asked = |text: &str| {
        let found = find_rows(&tables, &where_(text), &Choice::default(), threads);
        found.unwrap_err()
    };
    for (text, why) in [
        ("1", "a Int64 is neither true nor false"),
        ("t", "a Utf8 is neither true nor false"),
        ("t = 1", "a Utf8 and a Int64 cannot be compared"),
        ("date = '11.3.2024'", "`11.3.2024` is no day"),
        ("t LIKE 'a!' ESCAPE '!'", "ends with its ESCAPE"),
        ("t + 1 = 2", "cannot be computed with"),
    ] {
        let error = asked(text);
        let told = error.to_string();
        assert!(matches!(error, QueryError::Text { .. }), "{text}: {told}");
        assert!(told.contains(why) && told.contains(text), "{text}: {told}");
    }
    for text in ["i + 1 > 0", "-i > 0", "i * 2 = 4"] {
        let error = asked(text);
        let told = error.to_string();
        assert!(matches!(error, QueryError::Values { .. }), "{text}: {told}");
        assert!(!told.contains("no chip index"), "{told}");
    }
    for text in ["t LIKE 'a' ESCAPE 'ab'", "t LIKE 'a' ESCAPE t"] {
        assert!(Condition::default().and_where(text).is_err(), "{text}");
    }
    let reversed = Condition::default().and_datetime("2020-05-02/2020-05-01");
    assert!(
        reversed
            .unwrap_err()
            .to_string()
            .contains("ends before it begins")
    );
    for fine in ["2020-05-01/2020-05-01", "2020-05-01T10:00:00Z/2020-05-01"] {
        assert!(Condition::default().and_datetime(fine).is_ok(), "{fine}");
    }
}
