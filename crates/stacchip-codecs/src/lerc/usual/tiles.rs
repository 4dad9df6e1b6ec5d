//! Numbers in small tiles, each as steps above the least of it.

use super::{Header, Number, bits, number, reader::Reader};

/// Pixels along a side of the largest tile that is read here; encoders use 8 and 16.
pub(super) const SIDE: usize = 32;

/// Fills `pixels` tile after tile; `most` is the largest number of each value of a pixel.
pub(super) fn fill<T: Number>(
    reader: &mut Reader<'_>,
    header: &Header,
    most: &[f64],
    pixels: &mut [T],
) -> Option<()> {
    let mut numbers = [0; SIDE * SIDE];
    for top in (0..header.height).step_by(header.side) {
        let height = header.side.min(header.height - top);
        for left in (0..header.width).step_by(header.side) {
            let width = header.side.min(header.width - left);
            let numbers = numbers.get_mut(..width * height)?;
            for (value, &most) in most.iter().enumerate() {
                let tile = Tile {
                    first: (top * header.width + left) * header.depth,
                    width,
                    row: header.width * header.depth,
                    depth: header.depth,
                    value,
                };
                tile.fill(reader, header, left, most, numbers, pixels)?;
            }
        }
    }
    Some(())
}

/// Where the numbers of a tile go.
#[derive(Debug, Clone, Copy)]
struct Tile {
    /// The place of its first pixel.
    first: usize,
    /// Pixels in a row of it.
    width: usize,
    /// From row to row.
    row: usize,
    /// From pixel to pixel.
    depth: usize,
    /// Which of a pixel's values.
    value: usize,
}

impl Tile {
    fn fill<T: Number>(
        self,
        reader: &mut Reader<'_>,
        header: &Header,
        left: usize,
        most: f64,
        numbers: &mut [u32],
        pixels: &mut [T],
    ) -> Option<()> {
        let flag = reader.u8()?;
        // Some bits of the column, so that a reader that has lost its way knows.
        let places = if header.version >= 5 { 14 } else { 15 };
        if usize::from(flag >> 2) & places != left >> 3 & places {
            return None;
        }
        // Differences from the value before.
        if header.version >= 5 && flag & 4 != 0 {
            return None;
        }
        let kind = flag & 3;
        match kind {
            RAW => {
                for row in 0..numbers.len() / self.width {
                    for to in self.row(row, pixels)?.step_by(self.depth) {
                        *to = T::read(reader)?;
                    }
                }
                return Some(());
            }
            ZERO => return self.put(numbers, pixels, |_| T::zeroed()),
            _ => {}
        }
        let offset = number::offset(reader, T::KIND, flag >> 6)?;
        if !offset.is_finite() {
            return None;
        }
        if kind == FLAT {
            let number = T::of(offset);
            return self.put(numbers, pixels, |_| number);
        }
        bits::read(reader, numbers)?;
        let step = 2.0 * header.error;
        if step == 1.0
            && let Some(counted) = T::counted(offset, most)
        {
            return self.put(numbers, pixels, counted);
        }
        self.put(numbers, pixels, |number| {
            let number = offset + f64::from(number) * step;
            T::of(if most < number { most } else { number })
        })
    }

    /// The numbers of a row of the tile, and of the other values of its pixels, from the first one.
    fn row<T>(self, row: usize, pixels: &mut [T]) -> Option<std::slice::IterMut<'_, T>> {
        let start = self.first + row * self.row + self.value;
        let end = start + (self.width - 1) * self.depth;
        pixels.get_mut(start..=end).map(<[T]>::iter_mut)
    }

    fn put<T: Copy>(
        self,
        numbers: &[u32],
        pixels: &mut [T],
        make: impl Fn(u32) -> T,
    ) -> Option<()> {
        for (row, numbers) in numbers.chunks_exact(self.width).enumerate() {
            let to = self.row(row, pixels)?;
            if self.depth > 1 {
                for (to, number) in to.step_by(self.depth).zip(numbers) {
                    *to = make(*number);
                }
                continue;
            }
            // Eight at a time, in a loop of known length.
            let (eights, rest) = to.into_slice().as_chunks_mut::<8>();
            let (from, from_rest) = numbers.as_chunks::<8>();
            for (to, numbers) in eights.iter_mut().zip(from) {
                *to = numbers.map(&make);
            }
            for (to, number) in rest.iter_mut().zip(from_rest) {
                *to = make(*number);
            }
        }
        Some(())
    }
}

// How a tile is kept; what is none of these is steps.
const RAW: u8 = 0;
const ZERO: u8 = 2;
const FLAT: u8 = 3;
