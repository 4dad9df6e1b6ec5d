//! What a table says before any row is read: its version, its columns, its metadata, its statistics.

use ::parquet::{
    arrow::arrow_reader::statistics::StatisticsConverter, file::statistics::Statistics,
};
use arrow::{
    array::Array,
    compute::can_cast_types,
    datatypes::{DataType, Schema},
};
use serde_json::Value;
use stacchip_index::schema::{
    BBOX, CELL, CHIP_INDEX_X, COLUMNS, DATETIME, GEOMETRY, SCHEMA_VERSION, SPLIT, UPSTREAM_COLUMNS,
};

use super::{Finding, Survey};
use crate::parquet::{Table, geo::GEO, rows::data_type};

pub(super) fn look(table: &Table, found: &mut Survey) {
    let address = table.address();
    let schema = table.schema();
    let of_upstream = schema.column_with_name(CELL).is_none() && table.says(VERSION).is_none();
    version(&address, found, of_upstream);
    columns(&address, schema, found, of_upstream);
    geo(&address, table.says(GEO).as_deref(), schema, found);
    groups(table, &address, found, of_upstream);
}

fn version(address: &str, found: &mut Survey, of_upstream: bool) {
    let what = match found.version.as_deref() {
        None if of_upstream => Finding::warning(
            address,
            "schema",
            "it is a table of the Python package, or of another maker: what it lacks is filled in where it is read; `stacchip merge` writes it whole",
        ),
        None => Finding::warning(
            address,
            "schema",
            "it does not say the version of its schema",
        ),
        Some(SCHEMA_VERSION) => return,
        Some(other) => {
            let major = |v: &str| v.split('.').next().unwrap_or_default().to_owned();
            if major(other) == major(SCHEMA_VERSION) {
                Finding::warning(
                    address,
                    "schema",
                    format!(
                        "its schema is of version {other}, and {SCHEMA_VERSION} is what this program writes"
                    ),
                )
            } else {
                Finding::error(
                    address,
                    "schema",
                    format!(
                        "its schema is of version {other}, which is not known here ({SCHEMA_VERSION} is)"
                    ),
                )
            }
        }
    };
    found.findings.push(what);
}

fn columns(address: &str, schema: &Schema, found: &mut Survey, of_upstream: bool) {
    let mut missing = Vec::new();
    for (number, column) in COLUMNS.iter().chain([&BBOX]).enumerate() {
        let Some((_, field)) = schema.column_with_name(column.name) else {
            if number >= UPSTREAM_COLUMNS {
                missing.push(column.name);
            }
            continue;
        };
        let wanted = data_type(column.kind);
        let is = field.data_type();
        let alike = match (is, &wanted) {
            (DataType::Struct(is), DataType::Struct(wanted)) => wanted.iter().all(|w| {
                let here = is.iter().find(|f| f.name() == w.name());
                here.is_some_and(|f| f.data_type().is_floating())
            }),
            (is, wanted) => is == wanted,
        };
        if !alike && (matches!(wanted, DataType::Struct(_)) || !can_cast_types(is, &wanted)) {
            found.findings.push(Finding::error(
                address,
                "schema",
                format!(
                    "its column `{}` is {is}, and should be {wanted}",
                    column.name
                ),
            ));
        } else if !alike {
            found.findings.push(Finding::warning(
                address,
                "schema",
                format!(
                    "its column `{}` is {is}, which is read as {wanted}",
                    column.name
                ),
            ));
        }
    }
    if !missing.is_empty() && !of_upstream {
        found.findings.push(Finding::warning(
            address,
            "schema",
            format!("it lacks {}", missing.join(", ")),
        ));
    }
    let known = |name: &str| COLUMNS.iter().chain([&BBOX]).any(|c| c.name == name);
    found.more = schema
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .filter(|name| !known(name))
        .collect();
    let mut names: Vec<&String> = schema.fields().iter().map(|f| f.name()).collect();
    names.sort();
    for pair in names.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            found.findings.push(Finding::error(
                address,
                "schema",
                format!("its column `{a}` is there twice"),
            ));
        }
    }
    if let Some((_, field)) = schema.column_with_name(SPLIT)
        && !matches!(
            field.data_type(),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    {
        found.findings.push(Finding::warning(
            address,
            "schema",
            format!(
                "its column `{SPLIT}` is {}, and names of splits are texts",
                field.data_type()
            ),
        ));
    }
}

/// What `GeoParquet` 1.1 asks of the metadata (<https://geoparquet.org/releases/v1.1.0/>).
fn geo(address: &str, geo: Option<&str>, schema: &Schema, found: &mut Survey) {
    let mut wrong = |what: String| found.findings.push(Finding::error(address, "geo", what));
    let Some(geo) = geo else {
        found.findings.push(Finding::warning(
            address,
            "geo",
            "it has no `geo` metadata: it is no GeoParquet, and who reads it must know that its outlines are WKB",
        ));
        return;
    };
    let Ok(geo) = serde_json::from_str::<Value>(geo) else {
        wrong("its `geo` metadata are no JSON".to_owned());
        return;
    };
    match geo["version"].as_str() {
        Some(version) if version.starts_with("1.") => {}
        Some(version) => wrong(format!(
            "its `geo` metadata are of version {version}, not 1"
        )),
        None => wrong("its `geo` metadata do not say their version".to_owned()),
    }
    if geo["primary_column"] != GEOMETRY {
        wrong(format!(
            "its `geo` metadata name {} as the column of outlines, not `{GEOMETRY}`",
            geo["primary_column"]
        ));
    }
    let column = &geo["columns"][GEOMETRY];
    if !column.is_object() {
        wrong(format!(
            "its `geo` metadata say nothing of the column `{GEOMETRY}`"
        ));
        return;
    }
    if column["encoding"] != "WKB" {
        wrong(format!(
            "its outlines are said to be {}, and must be \"WKB\"",
            column["encoding"]
        ));
    }
    let kinds = column["geometry_types"].as_array();
    let fine = |kinds: &Vec<Value>| {
        let known = |k: &Value| k == "Polygon" || k == "MultiPolygon";
        kinds.iter().all(known)
    };
    if !kinds.is_some_and(fine) {
        wrong(format!(
            "its kinds of geometry are {}, and chips are polygons",
            column["geometry_types"]
        ));
    }
    if column.get("edges").is_some_and(|e| e != "planar") {
        wrong(format!(
            "its edges are {}, and those of chips are planar",
            column["edges"]
        ));
    }
    let covering = &column["covering"]["bbox"];
    if schema.column_with_name(BBOX.name).is_some() {
        for edge in EDGES {
            if covering[edge] != serde_json::json!([BBOX.name, edge]) {
                found.findings.push(Finding::warning(
                    address,
                    "geo",
                    format!("its `geo` metadata do not name `{}.{edge}` as the covering's: readers will not prune by it", BBOX.name),
                ));
                break;
            }
        }
    }
}

/// Whether row groups say what is needed to pass over them.
fn groups(table: &Table, address: &str, found: &mut Survey, of_upstream: bool) {
    let groups = table.parquet().row_groups();
    if table.rows() == 0 {
        return;
    }
    let largest = groups
        .iter()
        .map(::parquet::file::metadata::RowGroupMetaData::num_rows)
        .max()
        .unwrap_or(0);
    if largest > LARGEST {
        found.findings.push(Finding::warning(
            address,
            "statistics",
            format!("a row group of it has {largest} rows: readers that want some chips read many (`stacchip merge` writes 50 to 100 thousand)"),
        ));
    }
    let mean = table.rows() / groups.len().max(1) as u64;
    if groups.len() > 1 && mean < SMALLEST {
        found.findings.push(Finding::warning(
            address,
            "statistics",
            format!("its row groups have {mean} rows on average: many small ones are slow to read"),
        ));
    }
    if of_upstream {
        return;
    }
    let mut silent: Vec<String> = Vec::new();
    let parquet = table.parquet().file_metadata().schema_descr();
    for name in [CELL, DATETIME, CHIP_INDEX_X] {
        if table.schema().column_with_name(name).is_none() {
            continue;
        }
        let told = StatisticsConverter::try_new(name, table.schema(), parquet)
            .and_then(|c| c.row_group_mins(groups.iter()))
            .is_ok_and(|least| least.null_count() == 0);
        if !told {
            silent.push(name.to_owned());
        }
    }
    for edge in EDGES {
        let path = format!("{}.{edge}", BBOX.name);
        let tells = |g: &::parquet::file::metadata::RowGroupMetaData| {
            let column = g
                .columns()
                .iter()
                .find(|c| c.column_path().string() == path);
            match column.map(|c| c.statistics()) {
                None => true,
                Some(Some(Statistics::Double(s))) => s.min_opt().is_some() && s.max_opt().is_some(),
                Some(Some(Statistics::Float(s))) => s.min_opt().is_some() && s.max_opt().is_some(),
                Some(_) => false,
            }
        };
        if !groups.iter().all(tells) {
            silent.push(path);
        }
    }
    if !silent.is_empty() {
        found.findings.push(Finding::warning(
            address,
            "statistics",
            format!(
                "its row groups do not say least and greatest of {}: they cannot be passed over",
                silent.join(", ")
            ),
        ));
    }
}

/// The key of the version of the schema.
pub(super) const VERSION: &str = "stacchip:schema_version";

pub(super) const EDGES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// Rows of a row group that are many.
const LARGEST: i64 = 262_144;

/// Rows of a row group that are few, on average.
const SMALLEST: u64 = 1000;
