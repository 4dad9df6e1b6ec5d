//! Well-known binary (OGC 06-103r4, 8.2; heights as ISO or EWKB have them) → `GeoJSON` geometries (RFC 7946).

use serde_json::{Value, json};

/// The geometry in `bytes` as `GeoJSON`. Measures are left out, which `GeoJSON` has not got.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut bytes = Bytes(bytes);
    let geometry = bytes.geometry(0)?;
    if bytes.0.is_empty() {
        Ok(geometry)
    } else {
        Err(format!("{} bytes follow the geometry", bytes.0.len()))
    }
}

struct Bytes<'a>(&'a [u8]);

struct Head {
    little: bool,
    kind: u32,
    height: bool,
    measure: bool,
}

impl Head {
    /// Bytes of a point.
    const fn point(&self) -> usize {
        8 * (2 + self.height as usize + self.measure as usize)
    }
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let split = self.0.split_first_chunk::<N>();
        let (first, rest) = split.ok_or("the geometry ends early")?;
        self.0 = rest;
        Ok(*first)
    }

    fn u32(&mut self, little: bool) -> Result<u32, String> {
        let raw = self.take::<4>()?;
        Ok(if little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    /// A count of parts of at least `each` bytes: what is claimed must be there before room is made for it.
    fn count(&mut self, little: bool, each: usize) -> Result<usize, String> {
        let count = self.u32(little)? as usize;
        match count.checked_mul(each) {
            Some(bytes) if bytes <= self.0.len() => Ok(count),
            _ => Err("the geometry ends early".to_owned()),
        }
    }

    fn number(&mut self, little: bool) -> Result<f64, String> {
        let raw = self.take::<8>()?;
        Ok(if little {
            f64::from_le_bytes(raw)
        } else {
            f64::from_be_bytes(raw)
        })
    }

    fn head(&mut self) -> Result<Head, String> {
        let little = self.take::<1>()? == [LITTLE];
        let raw = self.u32(little)?;
        if raw & EWKB_SRID != 0 {
            self.take::<4>()?;
        }
        let low = raw & !(EWKB_Z | EWKB_M | EWKB_SRID);
        let (height, measure) = match low / 1000 {
            0 => (raw & EWKB_Z != 0, raw & EWKB_M != 0),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err(format!("geometries of kind {raw} are not known")),
        };
        Ok(Head {
            little,
            kind: low % 1000,
            height,
            measure,
        })
    }

    /// A position: nothing where all its numbers are NaN, as those of an empty point are.
    fn position(&mut self, head: &Head) -> Result<Option<Value>, String> {
        let mut numbers = vec![self.number(head.little)?, self.number(head.little)?];
        if head.height {
            numbers.push(self.number(head.little)?);
        }
        if head.measure {
            self.number(head.little)?;
        }
        if numbers.iter().all(|n| n.is_nan()) {
            return Ok(None);
        }
        if numbers.iter().any(|n| !n.is_finite()) {
            return Err(format!("a position of the geometry is {numbers:?}"));
        }
        Ok(Some(numbers.into()))
    }

    fn positions(&mut self, head: &Head) -> Result<Value, String> {
        let count = self.count(head.little, head.point())?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            let position = self.position(head)?;
            all.push(position.ok_or("a position of the geometry is no number")?);
        }
        Ok(Value::Array(all))
    }

    fn rings(&mut self, head: &Head) -> Result<Value, String> {
        let count = self.count(head.little, 4)?;
        let rings = (0..count).map(|_| self.positions(head));
        rings.collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn geometry(&mut self, depth: u8) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err("the geometry's collections are too deep".to_owned());
        }
        let head = self.head()?;
        let coordinates = match head.kind {
            1 => self.position(&head)?.unwrap_or_else(|| json!([])),
            2 => self.positions(&head)?,
            3 => self.rings(&head)?,
            4..=7 => {
                let count = self.count(head.little, 5)?;
                let mut parts = Vec::new();
                for _ in 0..count {
                    let mut part = self.geometry(depth + 1)?;
                    if head.kind == COLLECTION {
                        parts.push(part);
                        continue;
                    }
                    let wanted = KINDS.get(head.kind as usize - 3).map(|(name, _)| *name);
                    if part["type"].as_str() != wanted {
                        return Err("a part of the geometry is of another kind".to_owned());
                    }
                    parts.push(part["coordinates"].take());
                }
                if head.kind == COLLECTION {
                    return Ok(json!({ "type": "GeometryCollection", "geometries": parts }));
                }
                Value::Array(parts)
            }
            other => return Err(format!("geometries of kind {other} are not known")),
        };
        let name = KINDS.get(head.kind as usize).map(|(name, _)| *name);
        Ok(json!({ "type": name, "coordinates": coordinates }))
    }
}

/// Kinds of geometry by their numbers, and how deep lists of positions lie in their coordinates.
pub(super) const KINDS: [(&str, u8); 7] = [
    ("", 0),
    ("Point", 0),
    ("LineString", 1),
    ("Polygon", 2),
    ("MultiPoint", 1),
    ("MultiLineString", 2),
    ("MultiPolygon", 3),
];
pub(super) const LITTLE: u8 = 1;
pub(super) const COLLECTION: u32 = 7;
const EWKB_Z: u32 = 0x8000_0000;
const EWKB_M: u32 = 0x4000_0000;
const EWKB_SRID: u32 = 0x2000_0000;

/// Collections in collections.
pub(super) const DEEPEST: u8 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::geometry_writer::write, *};

    fn position(height: bool) -> BoxedStrategy<Value> {
        let numbers = prop::collection::vec(-200.0f64..200.0, 2 + usize::from(height));
        numbers.prop_map(Value::from).boxed()
    }

    fn list(of: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
        let all = prop::collection::vec(of, 0..4);
        all.prop_map(Value::Array).boxed()
    }

    fn geometries(height: bool) -> BoxedStrategy<Value> {
        let simple = (1usize..KINDS.len()).prop_flat_map(move |kind| {
            let (name, depth) = KINDS[kind];
            let coordinates = (0..depth).fold(position(height), |inner, _| list(inner));
            coordinates.prop_map(move |c| json!({ "type": name, "coordinates": c }))
        });
        simple
            .prop_recursive(2, 8, 3, |inner| {
                let parts = prop::collection::vec(inner, 0..3);
                parts.prop_map(|p| json!({ "type": "GeometryCollection", "geometries": p }))
            })
            .boxed()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(geometry in any::<bool>().prop_flat_map(geometries)) {
            let mut bytes = Vec::new();
            write(&geometry, &mut bytes).unwrap();
            prop_assert_eq!(read(&bytes), Ok(geometry));
            bytes.pop();
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), kind in 0u8..9) {
            let _ = read(&bytes);
            let mut claimed = vec![1, kind, 0, 0, 0];
            claimed.extend(bytes);
            let _ = read(&claimed);
        }
    }

    #[test]
    fn others_spellings_are_read() {
        let point = |numbers: Vec<f64>| Ok(json!({ "type": "Point", "coordinates": numbers }));
        let bytes = |head: &[u8], numbers: &[f64]| {
            let numbers = numbers.iter().flat_map(|n| n.to_le_bytes());
            head.iter().copied().chain(numbers).collect::<Vec<u8>>()
        };
        let ewkb = bytes(&[1, 1, 0, 0, 0xe0, 0xe6, 0x10, 0, 0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(read(&ewkb), point(vec![1.0, 2.0, 3.0]));
        let measured = bytes(&[1, 0xd1, 7, 0, 0], &[1.0, 2.0, 4.0]);
        assert_eq!(read(&measured), point(vec![1.0, 2.0]));
        let mut big = vec![0, 0, 0, 0, 1];
        big.extend([1.5f64, -2.0].iter().flat_map(|n| n.to_be_bytes()));
        assert_eq!(read(&big), point(vec![1.5, -2.0]));
        let empty = bytes(&[1, 1, 0, 0, 0], &[f64::NAN, f64::NAN]);
        assert_eq!(read(&empty), point(vec![]));
        for (odd, words) in [
            (bytes(&[1, 1, 0, 0, 0], &[f64::NAN, 1.0]), "position"),
            (bytes(&[1, 1, 0, 0, 0], &[0.0, 1.0, 2.0]), "8 bytes follow"),
            (bytes(&[1, 15, 0, 0, 0], &[]), "kind 15"),
            (
                bytes(&[1, 4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0], &[]),
                "another kind",
            ),
        ] {
            assert!(read(&odd).unwrap_err().contains(words), "{odd:?}");
        }
        let mut deep = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(100);
        deep.extend(bytes(&[1, 1, 0, 0, 0], &[0.0, 0.0]));
        assert!(read(&deep).unwrap_err().contains("too deep"));
    }
}
