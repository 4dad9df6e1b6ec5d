//! The samples of each component, and how they are made as many as the picture has.

use super::{Frame, Segment, Stop, Tables, coefficients::block, huffman::Bits, transform::samples};

/// The samples of all components.
pub(in super::super) struct Planes {
    width: usize,
    height: usize,
    precision: u8,
    /// The highest factor of any component, across and down.
    most: (usize, usize),
    each: Vec<Plane>,
}

struct Plane {
    id: u8,
    quantization: usize,
    /// Factors, across and down.
    factors: (usize, usize),
    /// Samples that the picture has of it.
    width: usize,
    height: usize,
    /// Blocks that it is held in, with those that only fill up units.
    blocks: (usize, usize),
    samples: Vec<u16>,
}

/// A component of a scan: its index, and its tables.
pub(super) struct OfScan {
    plane: usize,
    dc: usize,
    ac: usize,
}

impl Planes {
    /// Room for the samples of `frame`, where they are to be `held`; nothing where its factors are
    /// none.
    pub(super) fn of(frame: &Frame, held: bool) -> Option<Self> {
        let factors = |c: &[u8; 3]| (usize::from(c[1] >> 4), usize::from(c[1] & 0xF));
        let across = frame.parts.iter().map(|c| factors(c).0).max()?;
        let down = frame.parts.iter().map(|c| factors(c).1).max()?;
        let units = (
            frame.width.div_ceil(8 * across.max(1)),
            frame.height.div_ceil(8 * down.max(1)),
        );
        let planes = frame
            .parts
            .iter()
            .map(|part| {
                let (h, v) = factors(part);
                if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                    return None;
                }
                let blocks = (units.0 * h, units.1 * v);
                Some(Plane {
                    id: part[0],
                    quantization: part[2].into(),
                    factors: (h, v),
                    width: (frame.width * h).div_ceil(across),
                    height: (frame.height * v).div_ceil(down),
                    blocks,
                    samples: vec![0; if held { blocks.0 * blocks.1 * 64 } else { 0 }],
                })
            })
            .collect::<Option<_>>()?;
        Some(Self {
            width: frame.width,
            height: frame.height,
            precision: frame.precision,
            most: (across, down),
            each: planes,
        })
    }

    /// The components of a scan (T.81, B.2.3), and its data.
    pub(super) fn scan<'a>(&self, header: &Segment<'a>) -> Option<(Vec<OfScan>, &'a [u8])> {
        let (&count, rest) = header.body.split_first()?;
        let told = rest.get(..usize::from(count) * 2)?;
        let components = told
            .chunks_exact(2)
            .map(|c| {
                let &[id, tables] = c else { return None };
                Some(OfScan {
                    plane: self.each.iter().position(|plane| plane.id == id)?,
                    dc: usize::from(tables >> 4),
                    ac: usize::from(tables & 0xF),
                })
            })
            .collect::<Option<Vec<_>>>()?;
        (!components.is_empty()).then_some((components, header.rest))
    }

    /// Undoes the data of a scan; answers what follows it.
    pub(super) fn undo<'a>(
        &mut self,
        components: &[OfScan],
        tables: &Tables,
        data: &'a [u8],
    ) -> Result<&'a [u8], Stop> {
        let mut bits = Bits::new(data);
        let mut before = vec![0; components.len()];
        // A scan of one component goes block by block over what the picture has of it; one of
        // several goes by units that hold blocks of each (T.81, A.2).
        let alone = components.len() == 1;
        let units = match components {
            [one] => {
                let plane = self.each.get(one.plane).ok_or(Stop::NoTable)?;
                (plane.width.div_ceil(8), plane.height.div_ceil(8))
            }
            _ => (
                self.width.div_ceil(8 * self.most.0),
                self.height.div_ceil(8 * self.most.1),
            ),
        };
        for unit in 0..units.0 * units.1 {
            if tables.restart != 0 && unit != 0 && unit % tables.restart == 0 {
                bits.restart()?;
                before.fill(0);
            }
            let (x, y) = (unit % units.0, unit / units.0);
            for (component, before) in components.iter().zip(&mut before) {
                let plane = self.each.get_mut(component.plane).ok_or(Stop::NoTable)?;
                let dc = table(&tables.dc, component.dc)?;
                let ac = table(&tables.ac, component.ac)?;
                let by = table(&tables.quantization, plane.quantization)?;
                let (h, v) = if alone { (1, 1) } else { plane.factors };
                for part in 0..h * v {
                    let coefficients = block(&mut bits, dc, ac, by, before)?;
                    if plane.samples.is_empty() {
                        continue;
                    }
                    let at = (x * h + part % h, y * v + part / h);
                    plane.put(at, &samples(&coefficients, self.precision), self.precision);
                }
            }
        }
        Ok(bits.rest())
    }

    /// Sample (`x`, `y`) of a component, where it lies in one of its blocks.
    pub(in super::super) fn sample(&self, component: usize, x: usize, y: usize) -> Option<u16> {
        let plane = self.each.get(component)?;
        let stride = plane.blocks.0 * 8;
        let at = y.checked_mul(stride)?.checked_add(x)?;
        plane.samples.get(at).copied().filter(|_| x < stride)
    }

    /// The samples of a component, as many as the picture has pixels.
    pub(super) fn full(&self, component: usize) -> Vec<u16> {
        let Some(plane) = self.each.get(component) else {
            return Vec::new();
        };
        let stride = plane.blocks.0 * 8;
        let rows: Vec<&[u16]> = plane
            .samples
            .chunks_exact(stride.max(1))
            .take(plane.height)
            .filter_map(|row| row.get(..plane.width))
            .collect();
        let by = (self.most.0 / plane.factors.0, self.most.1 / plane.factors.1);
        let mut out = Vec::with_capacity(self.width * self.height);
        let mut wide = Vec::new();
        for y in 0..self.height {
            let at = y / by.1.max(1);
            let near = rows.get(at).copied().unwrap_or_default();
            wide.clear();
            if by.1 == 2 && (by.0 == 2 && plane.width > 2 || by.0 == 1) {
                // Three parts of the nearer row, one of the other that is next to it.
                let other = if y % 2 == 0 {
                    at.saturating_sub(1)
                } else {
                    (at + 1).min(rows.len().saturating_sub(1))
                };
                let other = rows.get(other).copied().unwrap_or_default();
                let sums = near
                    .iter()
                    .zip(other)
                    .map(|(&near, &other)| 3 * u32::from(near) + u32::from(other));
                if by.0 == 1 {
                    let bias = if y % 2 == 0 { 1 } else { 2 };
                    wide.extend(sums.map(|sum| narrow((sum + bias) >> 2)));
                } else {
                    smooth(&sums.collect::<Vec<_>>(), 4, (8, 7), &mut wide);
                }
            } else if by == (2, 1) && plane.width > 2 {
                let sums: Vec<_> = near.iter().map(|&near| near.into()).collect();
                smooth(&sums, 2, (1, 2), &mut wide);
            } else {
                wide.extend(
                    near.iter()
                        .flat_map(|&near| (0..by.0.max(1)).map(move |_| near)),
                );
            }
            wide.resize(self.width, 0);
            out.extend_from_slice(&wide);
        }
        out
    }
}

impl Plane {
    fn put(&mut self, at: (usize, usize), block: &[i64; 64], precision: u8) {
        let stride = self.blocks.0 * 8;
        let middle = 1_i64 << (precision - 1);
        for (y, row) in block.chunks_exact(8).enumerate() {
            let start = (at.1 * 8 + y) * stride + at.0 * 8;
            let Some(out) = self.samples.get_mut(start..start + 8) else {
                return;
            };
            for (out, &sample) in out.iter_mut().zip(row) {
                let sample = (sample + middle).clamp(0, 2 * middle - 1);
                *out = u16::try_from(sample).unwrap_or_default();
            }
        }
    }
}

/// Twice as many samples: three parts of the nearer, one of the other that is next to it; `bits` are
/// shifted away after `bias`, that of the left and of the right of each pair.
fn smooth(row: &[u32], bits: u32, bias: (u32, u32), out: &mut Vec<u16>) {
    let last = row.len().saturating_sub(1);
    for (at, &near) in row.iter().enumerate() {
        let next_to = |at: usize| row.get(at).copied().unwrap_or(near);
        let left = next_to(at.saturating_sub(1));
        let right = next_to((at + 1).min(last));
        out.push(narrow((3 * near + left + bias.0) >> bits));
        out.push(narrow((3 * near + right + bias.1) >> bits));
    }
}

fn table<T>(tables: &[Option<T>; 4], at: usize) -> Result<&T, Stop> {
    tables.get(at).and_then(Option::as_ref).ok_or(Stop::NoTable)
}

fn narrow(sample: u32) -> u16 {
    u16::try_from(sample).unwrap_or(u16::MAX)
}
