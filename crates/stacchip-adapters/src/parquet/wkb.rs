//! Polygons as well-known binary (OGC 06-103r4, 8.2), and back.

use stacchip_model::{MultiPolygon, Point, Polygon, Ring};
use thiserror::Error;

/// Appends `footprint`, little-endian: a Polygon where it has one part, else a `MultiPolygon`.
pub(super) fn write(footprint: &MultiPolygon, out: &mut Vec<u8>) {
    if let [polygon] = footprint.polygons.as_slice() {
        write_polygon(polygon, out);
        return;
    }
    head(MULTI_POLYGON, footprint.polygons.len(), out);
    for polygon in &footprint.polygons {
        write_polygon(polygon, out);
    }
}

fn write_polygon(polygon: &Polygon, out: &mut Vec<u8>) {
    head(POLYGON, polygon.rings.len(), out);
    for ring in &polygon.rings {
        out.extend_from_slice(&count(ring.len()).to_le_bytes());
        for [x, y] in ring {
            out.extend_from_slice(&x.to_le_bytes());
            out.extend_from_slice(&y.to_le_bytes());
        }
    }
}

fn head(kind: u32, parts: usize, out: &mut Vec<u8>) {
    out.push(LITTLE);
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&count(parts).to_le_bytes());
}

/// Counts are 32 bit in WKB, and no outline of a chip has more than a few dozen points.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Reads a Polygon or `MultiPolygon` in either byte order; heights and measures are left out.
pub(super) fn read(bytes: &[u8]) -> Result<MultiPolygon, WkbError> {
    let mut bytes = Bytes { rest: bytes };
    let head = bytes.head()?;
    match head.kind {
        POLYGON => Ok(bytes.polygon(&head)?.into()),
        MULTI_POLYGON => {
            let parts = bytes.u32(head.little)?;
            let mut polygons = Vec::new();
            for _ in 0..parts {
                let part = bytes.head()?;
                if part.kind != POLYGON {
                    return Err(WkbError::Kind(part.kind));
                }
                polygons.push(bytes.polygon(&part)?);
            }
            Ok(MultiPolygon { polygons })
        }
        kind => Err(WkbError::Kind(kind)),
    }
}

/// Whether bytes say that they are one Polygon.
pub(super) fn is_polygon(bytes: &[u8]) -> bool {
    Bytes { rest: bytes }
        .head()
        .is_ok_and(|h| h.kind == POLYGON)
}

/// Why bytes are no outline of a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum WkbError {
    /// They end early.
    #[error("the geometry ends early")]
    Truncated,
    /// Another kind of geometry.
    #[error("the geometry is of kind {0}, not a Polygon or MultiPolygon")]
    Kind(u32),
}

struct Head {
    little: bool,
    kind: u32,
    /// Numbers a point.
    dimensions: usize,
}

struct Bytes<'a> {
    rest: &'a [u8],
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let (first, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(WkbError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    fn u32(&mut self, little: bool) -> Result<u32, WkbError> {
        let raw = self.take::<4>()?;
        Ok(if little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        })
    }

    fn f64(&mut self, little: bool) -> Result<f64, WkbError> {
        let raw = self.take::<8>()?;
        Ok(if little {
            f64::from_le_bytes(raw)
        } else {
            f64::from_be_bytes(raw)
        })
    }

    /// Byte order and kind: ISO's thousands or EWKB's high bits for heights and measures.
    fn head(&mut self) -> Result<Head, WkbError> {
        let little = self.take::<1>()? == [LITTLE];
        let raw = self.u32(little)?;
        if raw & EWKB_SRID != 0 {
            self.take::<4>()?;
        }
        let high = raw & (EWKB_Z | EWKB_M);
        let low = raw & !(EWKB_Z | EWKB_M | EWKB_SRID);
        let more = match low / 1000 {
            0 => high.count_ones() as usize,
            1 | 2 => 1,
            3 => 2,
            _ => return Err(WkbError::Kind(raw)),
        };
        Ok(Head {
            little,
            kind: low % 1000,
            dimensions: 2 + more,
        })
    }

    fn polygon(&mut self, head: &Head) -> Result<Polygon, WkbError> {
        let mut rings: Vec<Ring> = Vec::new();
        for _ in 0..self.u32(head.little)? {
            let points = self.u32(head.little)? as usize;
            // What is claimed must be there before room is made for it.
            let bytes = points.checked_mul(8 * head.dimensions);
            if bytes.is_none_or(|b| b > self.rest.len()) {
                return Err(WkbError::Truncated);
            }
            let mut ring = Vec::with_capacity(points);
            for _ in 0..points {
                let point: Point = [self.f64(head.little)?, self.f64(head.little)?];
                for _ in 2..head.dimensions {
                    self.take::<8>()?;
                }
                ring.push(point);
            }
            rings.push(ring);
        }
        Ok(Polygon { rings })
    }
}

const LITTLE: u8 = 1;
pub(super) const POLYGON: u32 = 3;
pub(super) const MULTI_POLYGON: u32 = 6;
const EWKB_Z: u32 = 0x8000_0000;
const EWKB_M: u32 = 0x4000_0000;
const EWKB_SRID: u32 = 0x2000_0000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn footprints() -> impl Strategy<Value = MultiPolygon> {
        let ring = prop::collection::vec(prop::array::uniform2(-180.0f64..180.0), 0..6);
        let polygon = prop::collection::vec(ring, 0..3).prop_map(|rings| Polygon { rings });
        prop::collection::vec(polygon, 0..3).prop_map(|polygons| MultiPolygon { polygons })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(footprint in footprints()) {
            let mut bytes = Vec::new();
            write(&footprint, &mut bytes);
            prop_assert_eq!(read(&bytes), Ok(footprint));
            bytes.pop();
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&bytes);
            let mut claimed = vec![1, 3, 0, 0, 0];
            claimed.extend(bytes);
            let _ = read(&claimed);
        }
    }

    #[test]
    fn big_endian_and_heights() {
        let mut bytes = vec![0, 0, 0, 0x03, 0xeb, 0, 0, 0, 1, 0, 0, 0, 1];
        for number in [1.5f64, 2.5, 99.0] {
            bytes.extend(number.to_be_bytes());
        }
        let one = Polygon {
            rings: vec![vec![[1.5, 2.5]]],
        };
        assert_eq!(read(&bytes), Ok(one.into()));
        assert_eq!(read(&[1, 1, 0, 0, 0]), Err(WkbError::Kind(1)));
    }
}
