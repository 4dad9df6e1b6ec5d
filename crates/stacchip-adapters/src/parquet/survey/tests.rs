//! What is found in tables that say what is not so.

use std::{fs, sync::Arc};

use ::parquet::arrow::ArrowWriter;
use arrow::{
    array::{ArrayRef, RecordBatch, UInt64Array},
    compute::concat_batches,
    datatypes::Schema,
};
use stacchip_index::{
    SceneColumns,
    schema::{BBOX, CELL, GEOMETRY},
    testing::example_rows,
};
use tempfile::TempDir;

use super::*;
use crate::parquet::ParquetEncoder;

fn table(folder: &TempDir, name: &str, rows: &[ChipRow]) -> Table {
    let path = folder.path().join(name);
    let mut encoder = ParquetEncoder::new(fs::File::create(&path).unwrap()).unwrap();
    encoder.write(rows).unwrap();
    encoder.finish().unwrap();
    Table::open(&path).unwrap()
}

/// The table again, with another column, or other metadata.
fn changed(
    folder: &TempDir,
    of: &Table,
    column: Option<(&str, &ArrayRef)>,
    said: &[(&str, String)],
) -> Table {
    let batches: Vec<RecordBatch> = of
        .batches(None, None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        match column {
            Some((name, new)) if name == field.name().as_str() => {
                fields.push(Arc::new(
                    field
                        .as_ref()
                        .clone()
                        .with_data_type(new.data_type().clone()),
                ));
                arrays.push(Arc::clone(new));
            }
            _ => {
                fields.push(Arc::clone(field));
                arrays.push(Arc::clone(array));
            }
        }
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let path = folder.path().join("changed.parquet");
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    for mut pair in of.key_values() {
        if let Some((_, value)) = said.iter().find(|(key, _)| *key == pair.key) {
            pair.value = Some(value.clone());
        }
        writer.append_key_value_metadata(pair);
    }
    writer.close().unwrap();
    Table::open(&path).unwrap()
}

fn told(table: &Table) -> Vec<String> {
    let found = survey(table, |_| {}).unwrap();
    let told = found.findings.iter();
    told.map(|f| format!("{} {} {}", f.grave, f.about, f.what))
        .collect()
}

#[test]
fn a_table_of_ours_is_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let rows = example_rows();
    let whole = table(&folder, "a.parquet", &rows);
    let mut seen = Vec::new();
    let found = survey(&whole, |rows| seen.extend(rows.to_vec())).unwrap();
    assert_eq!(found.findings, []);
    assert!(seen == rows && found.chips.len() == rows.len());
    assert_eq!(found.version.as_deref(), Some("1.1"));
    assert!(twice(std::slice::from_ref(&found)).is_empty());
    let again = survey(&whole, |_| {}).unwrap();
    assert_eq!(twice(&[found, again]).len(), rows.len());
    assert_eq!(
        told(&table(&folder, "none.parquet", &[])),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_not_so_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rows = example_rows();
    let whole = table(&folder, "a.parquet", &rows);
    let says = |table: &Table, part: &str| {
        let told = told(table);
        assert!(told.iter().any(|t| t.contains(part)), "{part}: {told:?}");
    };
    let cells: ArrayRef = Arc::new(UInt64Array::from(vec![7; rows.len()]));
    let other = changed(&folder, &whole, Some((CELL, &cells)), &[]);
    says(&other, "true rows");
    says(&other, "its `cell` is not that at the centre");

    // The boxes of other rows.
    let batch = whole.batches(None, None).unwrap().next().unwrap().unwrap();
    let boxes = batch.column_by_name(BBOX.name).unwrap();
    let turned: Vec<u32> = (0..u32::try_from(boxes.len()).unwrap()).rev().collect();
    let turned = arrow::compute::take(boxes, &arrow::array::UInt32Array::from(turned), None);
    let other = changed(&folder, &whole, Some((BBOX.name, &turned.unwrap())), &[]);
    says(&other, "its `bbox` does not hold its outline");

    let geo = whole.says("geo").unwrap();
    for (from, to, part) in [
        ("\"1.1.0\"", "\"2.0\"", "of version 2.0"),
        ("\"WKB\"", "\"point\"", "must be \"WKB\""),
        ("[\"Polygon\"", "[\"Point\"", "chips are polygons"),
        ("\"bbox\",\"xmin\"", "\"box\",\"xmin\"", "will not prune"),
        (
            "\"primary_column\":\"geometry\"",
            "\"primary_column\":\"x\"",
            "column of outlines",
        ),
    ] {
        if geo.contains(from) {
            let other = changed(&folder, &whole, None, &[("geo", geo.replace(from, to))]);
            says(&other, part);
        }
    }
    let mut json: Value = serde_json::from_str(&geo).unwrap();
    json["columns"][GEOMETRY]["bbox"] = json!([0.0, 0.0, 1e-9, 1e-9]);
    says(
        &changed(&folder, &whole, None, &[("geo", json.to_string())]),
        "does not hold its outlines",
    );
    says(
        &changed(&folder, &whole, None, &[("geo", "{".to_owned())]),
        "are no JSON",
    );
    let version = "stacchip:schema_version";
    says(
        &changed(&folder, &whole, None, &[(version, "1.9".to_owned())]),
        "false schema its schema is of version 1.9",
    );
    says(
        &changed(&folder, &whole, None, &[(version, "7.0".to_owned())]),
        "true schema its schema is of version 7.0",
    );

    // Rows that are not their own.
    let mut rows = example_rows();
    rows[0].chipid = "another".to_owned();
    let mut scene = SceneColumns::clone(&rows[1].scene);
    scene.chip_size = 1;
    rows[1].scene = Arc::new(scene);
    rows[1].footprint.polygons[0].rings[0].pop();
    let other = table(&folder, "b.parquet", &rows);
    says(&other, "1 row(s), first row 0: its `chipid`");
    says(&other, "first row 1: its window");
    says(&other, "first row 1: its outline is none");

    // A table of the Python package is none of ours, and is told so.
    let batch = batch.project(&[0, 1, 2, 3, 4, 5, 6]).unwrap();
    let path = folder.path().join("u.parquet");
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let told = told(&Table::open(&path).unwrap());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|t| t.starts_with("false")), "{told:?}");
}
