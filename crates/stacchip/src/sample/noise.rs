//! Noise from whole numbers alone: the same on every machine.

/// Where a row of pixels lies, in half pixels of the finest grid: its first pixel's centre is at
/// (`u`, `v`), the next ones are `step` apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowAt {
    pub(super) u: i32,
    pub(super) v: i32,
    pub(super) step: i32,
    pub(super) len: usize,
}

impl RowAt {
    /// The same row, moved.
    pub(super) const fn moved(self, du: i32, dv: i32) -> Self {
        Self {
            u: self.u + du,
            v: self.v + dv,
            ..self
        }
    }

    /// The places of its pixels along the row.
    pub(super) fn columns(self) -> impl Iterator<Item = i32> {
        (0..self.len).scan(self.u, move |u, _| {
            let here = *u;
            *u += self.step;
            Some(here)
        })
    }
}

/// A number without a pattern for each point and seed.
pub(super) const fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = seed
        ^ x.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ y.cast_unsigned().wrapping_mul(0x85EB_CA77);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// Fractal value noise around 0, within ±65536 and mostly within ±20000: cells of `2^first` half
/// pixels, then `octaves - 1` times half as large and half as strong.
pub(super) fn fractal(at: RowAt, first: u32, octaves: u32, seed: u32) -> Vec<i32> {
    let mut row = vec![0; at.len];
    for octave in 0..octaves.min(first) {
        let seed = hash(i32::from_ne_bytes(octave.to_ne_bytes()), 77, seed);
        add_octave(&mut row, at, first - octave, octave, seed);
    }
    row
}

fn add_octave(row: &mut [i32], at: RowAt, cell: u32, weaker: u32, seed: u32) {
    let inside = (1 << cell) - 1;
    // Lattices that lay upon each other would show as straight lines.
    let apart = |k: i32| hash(k, k, seed).cast_signed() & inside;
    let at = at.moved(apart(1), apart(2));
    let y = at.v >> cell;
    let down = smooth(at.v & inside, cell);
    // The lattice along the row, already between its two rows of points.
    let corner = |x: i32| between(corner(x, y, seed), corner(x, y + 1, seed), down);
    let mut u = at.u;
    let mut x = u >> cell;
    let (mut left, mut right) = (corner(x), corner(x + 1));
    let mut rest = row;
    while !rest.is_empty() {
        if u >> cell != x {
            left = if u >> cell == x + 1 {
                right
            } else {
                corner(u >> cell)
            };
            x = u >> cell;
            right = corner(x + 1);
        }
        // All pixels in this cell at once: a loop without a branch.
        let here = u & inside;
        let count = usize::try_from((inside - here) / at.step + 1).unwrap_or(1);
        let (cells, after) = rest.split_at_mut(count.min(rest.len()));
        let mut inner = here;
        for value in cells {
            *value += between(left, right, smooth(inner, cell)) >> weaker;
            inner += at.step;
        }
        u += inner - here;
        rest = after;
    }
}

/// −32768 to 32767.
const fn corner(x: i32, y: i32, seed: u32) -> i32 {
    (hash(x, y, seed) >> 16).cast_signed() - 32768
}

/// 0 to 16384: `3t² − 2t³` of where `at` lies in a cell, to a thousandth of it.
const fn smooth(at: i32, cell: u32) -> i32 {
    let t = if cell > 10 {
        at >> (cell - 10)
    } else {
        at << (10 - cell)
    };
    // Ten bits of t make thirty of this: no product leaves 32 bits.
    (t * t * (3 * 1024 - 2 * t)) >> 16
}

const fn between(a: i32, b: i32, part: i32) -> i32 {
    a + (((b - a) * part) >> 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: RowAt = RowAt {
        u: 1,
        v: 7,
        step: 2,
        len: 500,
    };

    #[test]
    fn a_point_has_one_value_whoever_asks() {
        let fine = fractal(ROW, 9, 8, 5);
        let coarse = fractal(
            RowAt {
                step: 4,
                len: 250,
                ..ROW
            },
            9,
            8,
            5,
        );
        let every_second: Vec<i32> = fine.iter().copied().step_by(2).collect();
        assert_eq!(coarse, every_second);
        let later = fractal(
            RowAt {
                len: 100,
                ..ROW.moved(200, 0)
            },
            9,
            8,
            5,
        );
        assert_eq!(later, fine[100..200]);
    }

    #[test]
    fn the_same_numbers_forever() {
        assert_eq!(hash(3, -4, 5), 1_628_225_489);
        assert_eq!(fractal(ROW, 9, 8, 5)[..4], [-34367, -34494, -34574, -34612]);
    }

    #[test]
    fn neighbours_are_near_and_the_whole_is_centred() {
        let row = fractal(ROW, 6, 3, 5);
        assert!(row.windows(2).all(|w| (w[0] - w[1]).abs() < 12_000));
        let (least, most) = (row.iter().min().unwrap(), row.iter().max().unwrap());
        assert!(*least < -8000 && *most > 8000, "{least} {most}");
    }
}
