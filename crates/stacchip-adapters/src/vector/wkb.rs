//! Figures as well-known binary: OGC 06-103r4, 8.2, with ISO's and EWKB's heights and measures, which are left out.

use stacchip_model::{Figure, Point, Polygon};

use super::{DEEPEST, Wrong};

/// Adds the geometry in `bytes` to `figure`.
pub(super) fn read(bytes: &[u8], figure: &mut Figure) -> Result<(), Wrong> {
    Bytes(bytes).geometry(figure, 0)
}

struct Bytes<'a>(&'a [u8]);

struct Head {
    little: bool,
    kind: u32,
    /// Numbers a point.
    dimensions: usize,
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Wrong> {
        let split = self.0.split_first_chunk::<N>();
        let (first, rest) = split.ok_or_else(|| Wrong::from("a geometry ends early"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn count(&mut self, head: &Head, each: usize) -> Result<usize, Wrong> {
        let raw = self.take::<4>()?;
        let count = if head.little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        } as usize;
        // What is claimed must be there before room is made for it.
        match count.checked_mul(each) {
            Some(bytes) if bytes <= self.0.len() => Ok(count),
            _ => Err("a geometry ends early".into()),
        }
    }

    fn number(&mut self, little: bool) -> Result<f64, Wrong> {
        let raw = self.take::<8>()?;
        Ok(if little {
            f64::from_le_bytes(raw)
        } else {
            f64::from_be_bytes(raw)
        })
    }

    fn head(&mut self) -> Result<Head, Wrong> {
        let little = self.take::<1>()? == [1];
        let raw = self.take::<4>()?;
        let raw = if little {
            u32::from_le_bytes(raw)
        } else {
            u32::from_be_bytes(raw)
        };
        if raw & 0x2000_0000 != 0 {
            self.take::<4>()?;
        }
        let high = (raw & 0xc000_0000).count_ones() as usize;
        let low = raw & 0x1fff_ffff;
        let more = match low / 1000 {
            0 => high,
            1 | 2 => 1,
            3 => 2,
            _ => return Err(Wrong(format!("geometries of kind {raw} are not read"))),
        };
        Ok(Head {
            little,
            kind: low % 1000,
            dimensions: 2 + more,
        })
    }

    fn point(&mut self, head: &Head) -> Result<Point, Wrong> {
        let point = [self.number(head.little)?, self.number(head.little)?];
        for _ in 2..head.dimensions {
            self.take::<8>()?;
        }
        Ok(point)
    }

    fn points(&mut self, head: &Head) -> Result<Vec<Point>, Wrong> {
        let count = self.count(head, 8 * head.dimensions)?;
        (0..count).map(|_| self.point(head)).collect()
    }

    fn geometry(&mut self, into: &mut Figure, depth: u8) -> Result<(), Wrong> {
        if depth > DEEPEST {
            return Err("its collections are too deep".into());
        }
        let head = self.head()?;
        match head.kind {
            1 => {
                let point = self.point(&head)?;
                // An empty point has no numbers.
                into.points.extend((!point[0].is_nan()).then_some(point));
            }
            2 => into.lines.push(self.points(&head)?),
            3 => {
                let rings = self.count(&head, 4)?;
                let rings = (0..rings).map(|_| self.points(&head));
                into.polygons.push(Polygon {
                    rings: rings.collect::<Result<_, _>>()?,
                });
            }
            4..=7 => {
                for _ in 0..self.count(&head, 5)? {
                    self.geometry(into, depth + 1)?;
                }
            }
            other => {
                return Err(Wrong(format!(
                    "geometries of kind {other} are not read: make points, lines and polygons of curves and surfaces"
                )));
            }
        }
        Ok(())
    }
}
