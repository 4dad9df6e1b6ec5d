//! `GeoPackage` (OGC 12-128r19): a database of `SQLite`, opened to read only.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, limits::Limit, types::ValueRef};
use serde_json::{Map, Value};
use stacchip_model::{AuthorityCode, Crs, Figure};

use super::{Feature, Layer, Wrong, wkb};

pub(super) fn read(path: &Path, name: Option<&str>) -> Result<Layer, Wrong> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    // No more can come out than is in it: a view, or a column that is computed, could go on without end.
    // What was written last may stand in a journal beside it.
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    let length = [path, Path::new(&journal)]
        .iter()
        .filter_map(|path| std::fs::metadata(path).ok())
        .fold(0u64, |sum, found| sum.saturating_add(found.len()));
    let most = length.saturating_mul(4).saturating_add(1 << 20);
    let longest = i32::try_from(most).unwrap_or(LONGEST).min(LONGEST);
    database.set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
    // What a file says is a view or a trigger is not trusted to call functions.
    database.pragma_update(None, "trusted_schema", false)?;
    let (table, column, system) = layer(&database, name)?;
    let crs = crs(&database, system)?;
    let mut query = database.prepare(&format!("SELECT * FROM {}", quoted(&table)))?;
    let names: Vec<String> = query
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = query.query([])?;
    let mut features = Vec::new();
    let mut bytes_read = 0u64;
    while let Some(row) = rows.next()? {
        let mut feature = Feature::default();
        for (number, name) in names.iter().enumerate() {
            let value = row.get_ref(number)?;
            bytes_read += match value {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64 + 1,
                _ => 1,
            };
            if bytes_read > most {
                return Err(Wrong(format!(
                    "its layer `{table}` gives more than four times the {length} bytes of the file: it is computed, \
                     not stored; write it to a table"
                )));
            }
            if name.eq_ignore_ascii_case(&column) {
                if let ValueRef::Blob(bytes) = value {
                    geometry(bytes, &mut feature.figure)
                        .map_err(|w| Wrong(format!("feature {}: {}", features.len(), w.0)))?;
                }
            } else {
                attribute(&mut feature.attributes, name, value);
            }
        }
        features.push(feature);
    }
    Ok(Layer {
        name: Some(table),
        crs,
        features,
    })
}

/// The table, its column of geometries and the number of their reference system.
fn layer(database: &Connection, name: Option<&str>) -> Result<(String, String, i64), Wrong> {
    let mut query = database
        .prepare("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns ORDER BY rowid")
        .map_err(|e| Wrong(format!("it is no GeoPackage: {e}")))?;
    let layers = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect::<Result<Vec<(String, String, i64)>, _>>)?;
    let names = || {
        let names: Vec<&str> = layers.iter().map(|(table, _, _)| table.as_str()).collect();
        names.join(", ")
    };
    match (name, layers.as_slice()) {
        (Some(name), _) => match layers.iter().find(|(table, _, _)| table == name) {
            Some(found) => Ok(found.clone()),
            None => Err(Wrong(format!(
                "there is no layer `{name}`; there are: {}",
                names()
            ))),
        },
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err("there is no layer in it".into()),
        (None, _) => Err(Wrong(format!("which of its layers? {}", names()))),
    }
}

/// The reference system of this number; 0 and -1 are none that is known (1.1.2.1.2).
fn crs(database: &Connection, number: i64) -> Result<Option<Crs>, Wrong> {
    if number <= 0 {
        return Ok(None);
    }
    let found = database.query_row(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
        [number],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
    );
    let (authority, code, definition) = found?;
    let known = ["EPSG", "ESRI", "OGC", "IAU_2015"];
    Ok(Some(
        if known.iter().any(|k| authority.eq_ignore_ascii_case(k)) {
            Crs::Code(AuthorityCode::new(authority, code.to_string()))
        } else {
            Crs::wkt(definition)
        },
    ))
}

/// Well-known binary behind a head of its own (2.1.3): magic, version, flags, system, a box of some numbers.
fn geometry(bytes: &[u8], into: &mut Figure) -> Result<(), Wrong> {
    let [b'G', b'P', _, flags, _, _, _, _, rest @ ..] = bytes else {
        return Err("its geometry is none of a GeoPackage".into());
    };
    if flags & 0b10_0000 != 0 {
        return Err("its geometry is one of an extension".into());
    }
    let numbers = match flags >> 1 & 0b111 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return Err("its geometry has a box of no known kind".into()),
    };
    if flags & 0b1_0000 != 0 {
        return Ok(());
    }
    let rest = rest.get(8 * numbers..);
    wkb::read(
        rest.ok_or_else(|| Wrong::from("a geometry ends early"))?,
        into,
    )
}

fn attribute(into: &mut Map<String, Value>, name: &str, value: ValueRef<'_>) {
    let value = match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(_) => return,
    };
    into.insert(name.to_owned(), value);
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl From<rusqlite::Error> for Wrong {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// Bytes of a text or a geometry.
const LONGEST: i32 = 1 << 30;
