//! `FlatGeobuf` (<https://flatgeobuf.org>): a header, an index that is passed over, features.
//!
//! The crate reads the tables, verified; where they are in the file is found here, so that no size that a file
//! claims makes room before it is there.

use ::flatgeobuf::{
    ColumnType, Geometry, GeometryType, packed_r_tree::PackedRTree, size_prefixed_root_as_feature,
    size_prefixed_root_as_header,
};
use serde_json::{Map, Value};
use stacchip_model::{AuthorityCode, Crs, Figure, Point, Polygon};

use super::{DEEPEST, Feature, Layer, Wrong};

pub(super) fn read(bytes: &[u8]) -> Result<Layer, Wrong> {
    let early = || Wrong::from("it ends early");
    let rest = bytes
        .strip_prefix(b"fgb\x03fgb")
        .and_then(|rest| rest.get(1..))
        .ok_or_else(|| Wrong::from("it is no FlatGeobuf of version 3"))?;
    let (head, rest) = sized(rest).ok_or_else(early)?;
    let header = size_prefixed_root_as_header(head)
        .map_err(|e| Wrong(format!("its header is broken: {e}")))?;
    let columns: Vec<(String, ColumnType)> = header
        .columns()
        .into_iter()
        .flatten()
        .map(|c| (c.name().to_owned(), c.type_()))
        .collect();
    let crs = header.crs().and_then(|crs| {
        let code = crs.code_string().map(str::to_owned);
        let code = code.or_else(|| (crs.code() > 0).then(|| crs.code().to_string()));
        match (code, crs.wkt()) {
            (Some(code), _) => Some(Crs::Code(AuthorityCode::new(
                crs.org().unwrap_or("EPSG"),
                code,
            ))),
            (None, Some(wkt)) => Some(Crs::wkt(wkt)),
            (None, None) => None,
        }
    });
    let index = match (header.index_node_size(), header.features_count()) {
        (0, _) | (_, 0) => 0,
        (1, _) => return Err("its index is none: nodes of one".into()),
        (node, count) => index_bytes(count, node).ok_or_else(early)?,
    };
    let mut rest = rest.get(index..).ok_or_else(early)?;
    let mut features = Vec::new();
    while !rest.is_empty() {
        let number = features.len();
        let broken = |e: String| Wrong(format!("feature {number}: {e}"));
        let (one, after) = sized(rest).ok_or_else(early)?;
        rest = after;
        let feature =
            size_prefixed_root_as_feature(one).map_err(|e| broken(format!("is broken: {e}")))?;
        let own: Option<Vec<(String, ColumnType)>> = feature
            .columns()
            .map(|c| c.iter().map(|c| (c.name().to_owned(), c.type_())).collect());
        let attributes = match feature.properties() {
            Some(bytes) => attributes(bytes.bytes(), own.as_ref().unwrap_or(&columns))
                .ok_or_else(|| broken("its attributes end early".to_owned()))?,
            None => Map::new(),
        };
        let mut figure = Figure::default();
        if let Some(geometry) = feature.geometry() {
            let kind = match header.geometry_type() {
                GeometryType::Unknown => geometry.type_(),
                kind => kind,
            };
            let mut room = Room::of(one);
            gather(&geometry, kind, &mut figure, 0, &mut room).map_err(|w| broken(w.0))?;
        }
        features.push(Feature { figure, attributes });
    }
    let claimed = header.features_count();
    if claimed != 0 && claimed != features.len() as u64 {
        return Err(Wrong(format!(
            "it says that it has {claimed} features, and has {}",
            features.len()
        )));
    }
    Ok(Layer {
        name: header.name().filter(|n| !n.is_empty()).map(str::to_owned),
        crs,
        features,
    })
}

/// The bytes of the packed index before the features.
fn index_bytes(features: u64, node: u16) -> Option<usize> {
    let features = usize::try_from(features).ok()?;
    // Each takes some bytes; a count beyond all files would not be multiplied.
    (features < 1 << 40).then(|| PackedRTree::index_size(features, node))
}

/// A table with its size before it, and what comes after.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let size = u32::from_le_bytes(*bytes.first_chunk::<4>()?);
    bytes.split_at_checked(usize::try_from(size).ok()?.checked_add(4)?)
}

/// What the bytes of a feature have room for. A table may lead to one part more than once, and so to more than the file
/// holds, at each depth again.
struct Room {
    /// Bytes that numbers and parts may still take.
    bytes: usize,
}

impl Room {
    const fn of(feature: &[u8]) -> Self {
        Self {
            bytes: feature.len(),
        }
    }

    fn take(&mut self, count: usize, each: usize) -> Result<(), Wrong> {
        let left = count
            .checked_mul(each)
            .and_then(|b| self.bytes.checked_sub(b));
        self.bytes = left.ok_or_else(|| {
            Wrong::from("its parts are more than its bytes: some of them are shared")
        })?;
        Ok(())
    }
}

fn gather(
    geometry: &Geometry<'_>,
    kind: GeometryType,
    into: &mut Figure,
    depth: u8,
    room: &mut Room,
) -> Result<(), Wrong> {
    if depth > DEEPEST {
        return Err("its collections are too deep".into());
    }
    // A table takes its offset and that of what it has at least.
    room.take(1, 8)?;
    room.take(geometry.xy().map_or(0, |xy| xy.len()), 8)?;
    room.take(geometry.ends().map_or(0, |ends| ends.len()), 4)?;
    let points = || -> Vec<Point> {
        let xy = geometry.xy();
        let numbers: Vec<f64> = xy.into_iter().flatten().collect();
        numbers
            .chunks_exact(2)
            .filter_map(|p| p.first_chunk::<2>().copied())
            .collect()
    };
    // Points up to each end: rings or lines.
    let parts = || -> Result<Vec<Vec<Point>>, Wrong> {
        let all = points();
        let Some(ends) = geometry.ends() else {
            return Ok(vec![all]);
        };
        let mut from = 0usize;
        let part = |end: u32| {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            let part = all.get(from..end).map(<[Point]>::to_vec);
            from = end;
            part.ok_or_else(|| Wrong::from("its parts end nowhere"))
        };
        ends.iter().map(part).collect()
    };
    match kind {
        GeometryType::Point | GeometryType::MultiPoint => into.points.extend(points()),
        GeometryType::LineString => into.lines.push(points()),
        GeometryType::MultiLineString => into.lines.extend(parts()?),
        GeometryType::Polygon => into.polygons.push(Polygon { rings: parts()? }),
        GeometryType::MultiPolygon | GeometryType::GeometryCollection => {
            for part in geometry.parts().into_iter().flatten() {
                // Writers call the parts of several polygons polygons, or as the whole.
                let of_part = if kind == GeometryType::MultiPolygon {
                    GeometryType::Polygon
                } else {
                    part.type_()
                };
                gather(&part, of_part, into, depth + 1, room)?;
            }
        }
        other => {
            return Err(Wrong(format!(
                "geometries of kind {} are not read",
                other.variant_name().unwrap_or("unknown")
            )));
        }
    }
    Ok(())
}

/// Numbers of columns, each with its value (<https://github.com/flatgeobuf/flatgeobuf>, `feature.fbs`).
fn attributes(bytes: &[u8], columns: &[(String, ColumnType)]) -> Option<Map<String, Value>> {
    let mut found = Map::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = u16::from_le_bytes(take(&mut rest)?);
        let (name, kind) = columns.get(usize::from(number))?;
        let value = match *kind {
            ColumnType::Byte => Value::from(i8::from_le_bytes(take(&mut rest)?)),
            ColumnType::UByte => Value::from(u8::from_le_bytes(take(&mut rest)?)),
            ColumnType::Bool => Value::from(take::<1>(&mut rest)? != [0]),
            ColumnType::Short => Value::from(i16::from_le_bytes(take(&mut rest)?)),
            ColumnType::UShort => Value::from(u16::from_le_bytes(take(&mut rest)?)),
            ColumnType::Int => Value::from(i32::from_le_bytes(take(&mut rest)?)),
            ColumnType::UInt => Value::from(u32::from_le_bytes(take(&mut rest)?)),
            ColumnType::Long => Value::from(i64::from_le_bytes(take(&mut rest)?)),
            ColumnType::ULong => Value::from(u64::from_le_bytes(take(&mut rest)?)),
            ColumnType::Float => Value::from(f32::from_le_bytes(take(&mut rest)?)),
            ColumnType::Double => Value::from(f64::from_le_bytes(take(&mut rest)?)),
            kind => {
                let (text, after) = sized(rest)?;
                rest = after;
                let text = text.get(4..)?;
                if kind == ColumnType::Binary {
                    continue;
                }
                Value::from(String::from_utf8_lossy(text).into_owned())
            }
        };
        found.insert(name.clone(), value);
    }
    Some(found)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}
