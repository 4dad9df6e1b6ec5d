//! The same features in every format; the files are made here.

use std::{fs, sync::Arc};

use ::flatgeobuf::{
    ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType,
    geozero::{
        ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor, error::Result as Done,
    },
};
use ::parquet::{arrow::ArrowWriter, file::metadata::KeyValue};
use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use proptest::prelude::*;
use rusqlite::Connection;
use stacchip_model::{Polygon, Ring};

use super::*;

fn rings() -> Vec<Ring> {
    vec![
        vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]],
        vec![[6.0, 2.0], [7.0, 2.0], [7.0, 3.0], [6.0, 2.0]],
    ]
}

fn wanted() -> Vec<Figure> {
    let polygon = Polygon { rings: rings() };
    vec![
        Figure {
            polygons: vec![polygon.clone()],
            ..Figure::default()
        },
        Figure {
            lines: vec![vec![[1.0, 2.0], [3.0, 4.5]]],
            ..Figure::default()
        },
        Figure {
            points: vec![[5.0, 6.0]],
            ..Figure::default()
        },
        Figure {
            polygons: vec![polygon.clone(), polygon],
            ..Figure::default()
        },
    ]
}

fn check(layer: &Layer, crs: &str) {
    let figures: Vec<Figure> = layer.features.iter().map(|f| f.figure.clone()).collect();
    assert_eq!(figures, wanted());
    assert_eq!(layer.crs, Some(crs.parse().unwrap()));
    let names: Vec<&str> = layer
        .features
        .iter()
        .map(|f| f.attributes["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(layer.features[2].attributes["class"], 2);
}

const TEXTS: [&str; 4] = [
    r#"{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,0]],[[6,2],[7,2],[7,3],[6,2]]]}"#,
    r#"{"type":"LineString","coordinates":[[1,2],[3,4.5]]}"#,
    r#"{"type":"Point","coordinates":[5,6,100]}"#,
    r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[10,0],[10,10],[0,0]],[[6,2],[7,2],[7,3],[6,2]]],[[[0,0],[10,0],[10,10],[0,0]],[[6,2],[7,2],[7,3],[6,2]]]]}"#,
];

#[test]
fn geojson_is_read() {
    let features: Vec<String> = (0..)
        .zip(TEXTS)
        .zip(["a", "b", "c", "d"])
        .map(|((class, text), name)| {
            format!(r#"{{"type":"Feature","properties":{{"name":"{name}","class":{class}}},"geometry":{text}}}"#)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.GeoJSON");
    let write = |crs: &str| {
        let text = format!(
            r#"{{"type":"FeatureCollection",{crs}"features":[{}]}}"#,
            features.join(",")
        );
        fs::write(&path, text).unwrap();
        read_layer(&path, None)
    };
    check(&write("").unwrap(), "OGC:CRS84");
    let named = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32632"}},"#;
    check(&write(named).unwrap(), "EPSG:32632");
    assert!(write(r#""crs":{"type":"link"},"#).is_err());
    fs::write(&path, TEXTS[0]).unwrap();
    assert_eq!(
        read_layer(&path, None).unwrap().features[0].figure,
        wanted()[0]
    );
    for wrong in [
        "",
        "{}",
        "[1]",
        r#"{"type":"Circle"}"#,
        r#"{"type":"Point","coordinates":[1]}"#,
        r#"{"type":"FeatureCollection","features":3}"#,
    ] {
        fs::write(&path, wrong).unwrap();
        assert!(read_layer(&path, None).is_err(), "{wrong}");
    }
    let other = read_layer(Path::new("x.shp"), None)
        .unwrap_err()
        .to_string();
    assert!(other.contains("x.shp: layers are read of"), "{other}");
}

/// A figure as the crate wants it.
struct Drawn<'a>(&'a Figure);

impl GeozeroGeometry for Drawn<'_> {
    fn process_geom<P: GeomProcessor>(&self, to: &mut P) -> Done<()> {
        fn points<P: GeomProcessor>(points: &[[f64; 2]], to: &mut P) -> Done<()> {
            for (i, p) in points.iter().enumerate() {
                to.xy(p[0], p[1], i)?;
            }
            Ok(())
        }
        fn polygon<P: GeomProcessor>(of: &Polygon, alone: bool, at: usize, to: &mut P) -> Done<()> {
            to.polygon_begin(alone, of.rings.len(), at)?;
            for (i, ring) in of.rings.iter().enumerate() {
                to.linestring_begin(false, ring.len(), i)?;
                points(ring, to)?;
                to.linestring_end(false, i)?;
            }
            to.polygon_end(alone, at)
        }
        if let [point] = self.0.points[..] {
            to.point_begin(0)?;
            to.xy(point[0], point[1], 0)?;
            return to.point_end(0);
        }
        if let [line] = &self.0.lines[..] {
            to.linestring_begin(true, line.len(), 0)?;
            points(line, to)?;
            return to.linestring_end(true, 0);
        }
        if let [one] = &self.0.polygons[..] {
            return polygon(one, true, 0, to);
        }
        to.multipolygon_begin(self.0.polygons.len(), 0)?;
        for (i, one) in self.0.polygons.iter().enumerate() {
            polygon(one, false, i, to)?;
        }
        to.multipolygon_end(0)
    }
}

fn fgb() -> Vec<u8> {
    let options = FgbWriterOptions {
        crs: FgbCrs {
            code: 32632,
            ..FgbCrs::default()
        },
        // The index sorts features.
        write_index: false,
        detect_type: false,
        promote_to_multi: false,
        ..FgbWriterOptions::default()
    };
    let mut writer =
        FgbWriter::create_with_options("things", GeometryType::Unknown, options).unwrap();
    writer.add_column("name", ColumnType::String, |_, _| {});
    writer.add_column("class", ColumnType::Long, |_, _| {});
    for ((class, figure), name) in (0..).zip(wanted()).zip(["a", "b", "c", "d"]) {
        writer
            .add_feature_geom(Drawn(&figure), |feature| {
                feature
                    .property(0, "name", &ColumnValue::String(name))
                    .unwrap();
                feature
                    .property(1, "class", &ColumnValue::Long(class))
                    .unwrap();
            })
            .unwrap();
    }
    let mut bytes = Vec::new();
    writer.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn flatgeobuf_is_read() {
    let bytes = fgb();
    let layer = flatgeobuf_module::read(&bytes).unwrap();
    check(&layer, "EPSG:32632");
    assert_eq!(layer.name.as_deref(), Some("things"));
    for cut in 0..bytes.len() {
        assert!(flatgeobuf_module::read(&bytes[..cut]).is_err(), "{cut}");
    }
}

/// A feature of collections of 40 parts, which are all one, three deep: of 64 000 lines in some two thousand bytes.
fn shared_parts() -> Vec<u8> {
    let mut f: Vec<u8> = Vec::new();
    let words = |f: &mut Vec<u8>, all: &[u32]| f.extend(all.iter().flat_map(|n| n.to_le_bytes()));
    let halves = |f: &mut Vec<u8>, all: &[u16]| f.extend(all.iter().flat_map(|n| n.to_le_bytes()));
    // Its size, the way to its table, and the shapes of three kinds of tables: feature, collection, line.
    words(&mut f, &[0, 12]);
    halves(&mut f, &[6, 8, 4, 0]);
    words(&mut f, &[8, 44]);
    halves(&mut f, &[20, 12, 0, 0, 0, 0, 0, 0, 8, 4]);
    halves(&mut f, &[20, 12, 0, 4, 0, 0, 0, 0, 8, 0]);
    let parts = 40;
    for _ in 0..3 {
        let at = u32::try_from(f.len()).unwrap();
        words(&mut f, &[at - 24, 8, 7, parts]);
        let ways = (0..parts).map(|i| 4 * (parts - i));
        words(&mut f, &ways.collect::<Vec<_>>());
    }
    let at = u32::try_from(f.len()).unwrap();
    words(&mut f, &[at - 44, 8, 2, 200]);
    f.extend((0..200u8).flat_map(|n| f64::from(n).to_le_bytes()));
    let size = u32::try_from(f.len() - 4).unwrap();
    f[..4].copy_from_slice(&size.to_le_bytes());
    f
}

#[test]
fn parts_that_are_shared_are_refused() {
    let mut file = fgb();
    let header = u32::from_le_bytes(*file[8..].first_chunk().unwrap()) as usize;
    file.truncate(12 + header);
    file.extend(shared_parts());
    let error = flatgeobuf_module::read(&file).unwrap_err().0;
    assert!(
        error.contains("feature 0: its parts are more than its bytes"),
        "{error}"
    );
}

use super::flatgeobuf as flatgeobuf_module;

/// As others would: big-endian, with a height.
fn wkb_point(x: f64, y: f64) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(1001u32.to_be_bytes());
    for v in [x, y, 100.0] {
        bytes.extend(v.to_be_bytes());
    }
    bytes
}

fn wkb_of(figure: &Figure) -> Vec<u8> {
    fn head(kind: u32, out: &mut Vec<u8>) {
        out.push(1);
        out.extend(kind.to_le_bytes());
    }
    fn points(points: &[[f64; 2]], out: &mut Vec<u8>) {
        out.extend(u32::try_from(points.len()).unwrap().to_le_bytes());
        for v in points.iter().flatten() {
            out.extend(v.to_le_bytes());
        }
    }
    let mut out = Vec::new();
    if let [p] = figure.points[..] {
        return wkb_point(p[0], p[1]);
    }
    if let [line] = &figure.lines[..] {
        head(2, &mut out);
        points(line, &mut out);
        return out;
    }
    if figure.polygons.len() > 1 {
        head(6, &mut out);
        out.extend(u32::try_from(figure.polygons.len()).unwrap().to_le_bytes());
    }
    for polygon in &figure.polygons {
        head(3, &mut out);
        out.extend(u32::try_from(polygon.rings.len()).unwrap().to_le_bytes());
        for ring in &polygon.rings {
            points(ring, &mut out);
        }
    }
    out
}

#[test]
fn geopackages_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.gpkg");
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
             INSERT INTO gpkg_spatial_ref_sys VALUES ('UTM', 7, 'epsg', 32632, '');
             CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);
             INSERT INTO gpkg_geometry_columns VALUES ('my \"things\"', 'geom', 'GEOMETRY', 7);
             CREATE TABLE \"my \"\"things\"\"\" (fid INTEGER PRIMARY KEY, geom BLOB, name TEXT, class INTEGER, share REAL);",
        )
        .unwrap();
    for ((class, figure), name) in (0i64..).zip(wanted()).zip(["a", "b", "c", "d"]) {
        let mut blob = b"GP\x00\x03".to_vec();
        blob.extend(7i32.to_le_bytes());
        blob.extend([0u8; 32]);
        blob.extend(wkb_of(&figure));
        database
            .execute(
                "INSERT INTO \"my \"\"things\"\"\" (geom, name, class) VALUES (?1, ?2, ?3)",
                (blob, name, class),
            )
            .unwrap();
    }
    let layer = read_layer(&path, None).unwrap();
    check(&layer, "EPSG:32632");
    assert_eq!(layer.features[0].attributes["share"], Value::Null);
    assert!(read_layer(&path, Some("my \"things\"")).is_ok());
    let said = read_layer(&path, Some("others")).unwrap_err().to_string();
    assert!(
        said.contains("there is no layer `others`; there are: my \"things\""),
        "{said}"
    );
    database
        .execute(
            "INSERT INTO gpkg_geometry_columns VALUES ('b', 'g', 'POINT', 0)",
            (),
        )
        .unwrap();
    let said = read_layer(&path, None).unwrap_err().to_string();
    assert!(
        said.contains("which of its layers? my \"things\", b"),
        "{said}"
    );
    // A view may go on without end.
    database
        .execute_batch(
            "CREATE VIEW b AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT NULL AS g, i FROM n",
        )
        .unwrap();
    let said = read_layer(&path, Some("b")).unwrap_err().to_string();
    assert!(said.contains("it is computed, not stored"), "{said}");
    database
        .execute("UPDATE \"my \"\"things\"\"\" SET geom = x'47500001'", ())
        .unwrap();
    assert!(read_layer(&path, Some("my \"things\"")).is_err());
    fs::write(&path, b"no database at all").unwrap();
    assert!(read_layer(&path, None).is_err());
    assert!(read_layer(&folder.path().join("none.gpkg"), None).is_err());
    assert!(!folder.path().join("none.gpkg").exists());
}

#[test]
fn geoparquet_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let blobs: Vec<Vec<u8>> = wanted().iter().map(wkb_of).collect();
    let geometries: ArrayRef = Arc::new(BinaryArray::from_iter_values(&blobs));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
    let classes: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 2, 3]));
    let batch =
        RecordBatch::try_from_iter([("g", geometries), ("name", names), ("class", classes)]);
    let batch = batch.unwrap();
    let write = |geo: &str| {
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo.to_owned()));
        writer.close().unwrap();
        read_layer(&path, None)
    };
    let geo = |crs: &str| {
        format!(
            r#"{{"version":"1.1.0","primary_column":"g","columns":{{"g":{{"encoding":"WKB","geometry_types":[]{crs}}}}}}}"#
        )
    };
    check(&write(&geo("")).unwrap(), "OGC:CRS84");
    let utm = r#","crs":{"name":"UTM","id":{"authority":"EPSG","code":32632}}"#;
    check(&write(&geo(utm)).unwrap(), "EPSG:32632");
    assert_eq!(write(&geo(r#","crs":null"#)).unwrap().crs, None);
    assert!(write("{}").is_err());
    let bytes = fs::read(&path).unwrap();
    for cut in [0, 10, bytes.len() / 2, bytes.len() - 5] {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert!(read_layer(&path, None).is_err(), "{cut}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..2000, with in any::<u8>()) {
        let _ = wkb::read(&bytes, &mut Figure::default());
        let mut file = fgb();
        let at = at % file.len();
        file[at] = with;
        let _ = flatgeobuf_module::read(&file);
        file.truncate(at);
        file.extend(bytes);
        let _ = flatgeobuf_module::read(&file);
    }
}
