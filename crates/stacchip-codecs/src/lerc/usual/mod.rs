//! Blobs as they are usually written, fast: LERC2 of the versions 3 to 6, one band, every pixel valid.
//!
//! Whatever else there is (masks, several bands, lossless floats of version 6, differences between the values of
//! a pixel), and whatever is broken, is left to the crate `lerc-rs`: here the answer is then "not by me", and what the
//! pixels hold is not promised. Layout: "LERC Blob Layout", github.com/Esri/lerc.

mod bits;
mod checksum;
mod huffman;
mod number;
mod reader;
mod tiles;

pub(super) use self::number::Number;
use self::{checksum::fletcher, reader::Reader};

/// What pixels are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Values a pixel, side by side.
    pub(super) depth: u16,
}

/// What the header of a blob says and the rest needs.
#[derive(Debug, Clone, Copy)]
struct Header {
    version: i32,
    width: usize,
    height: usize,
    depth: usize,
    /// Pixels along a side of a tile.
    side: usize,
    /// The most that a number may be off.
    error: f64,
    least: f64,
    most: f64,
}

/// Fills `pixels`, `[row, column, value]`, where `blob` is one of the usual ones of this shape and type.
pub(super) fn fill<T: Number>(blob: &[u8], shape: Shape, pixels: &mut [T]) -> Option<()> {
    let mut reader = Reader::new(blob);
    let header = header::<T>(&mut reader, blob, shape)?;
    if pixels.len() != header.width * header.height * header.depth {
        return None;
    }
    // The bytes of the mask, of which there are none.
    if reader.i32()? != 0 {
        return None;
    }
    if header.least == header.most {
        pixels.fill(T::of(header.least));
        return Some(());
    }
    let mut most = vec![header.most; header.depth];
    if header.version >= 4 {
        let mut ends = || -> Option<Vec<f64>> {
            (0..header.depth)
                .map(|_| T::read(&mut reader).map(T::wide))
                .collect()
        };
        let (lower, upper) = (ends()?, ends()?);
        if lower == upper {
            return None;
        }
        if header.depth > 1 {
            most = upper;
        }
    }
    if reader.u8()? != 0 {
        for pixel in pixels {
            *pixel = T::read(&mut reader)?;
        }
        return Some(());
    }
    // Bytes without loss, and floats without loss of version 6, say here how they are kept.
    let mode = match (T::KIND.is_byte(), T::KIND.is_float()) {
        (true, _) if header.error == 0.5 => reader.u8()?,
        (_, true) if header.version >= 6 && header.error == 0.0 => return None,
        _ => TILES,
    };
    match mode {
        TILES => tiles::fill(&mut reader, &header, &most, pixels),
        DIFFERENCES => huffman::fill(&mut reader, &header, true, pixels),
        CODES if header.version >= 4 => huffman::fill(&mut reader, &header, false, pixels),
        _ => None,
    }
}

/// The header of a blob that is one of the usual ones; the reader is then cut to the blob and stands after it.
fn header<T: Number>(reader: &mut Reader<'_>, blob: &[u8], shape: Shape) -> Option<Header> {
    if reader.take()? != MAGIC {
        return None;
    }
    let version = reader.i32()?;
    if !(3..=6).contains(&version) {
        return None;
    }
    let checksum = reader.u32()?;
    let height = reader.u32()?;
    let width = reader.u32()?;
    let depth = if version >= 4 { reader.u32()? } else { 1 };
    let valid = reader.u32()?;
    let side = usize::try_from(reader.i32()?).ok()?;
    let length = usize::try_from(reader.i32()?).ok()?;
    let kind = reader.i32()?;
    if version >= 6 {
        let further_bands = reader.i32()?;
        let [has_nodata, _, _, _] = reader.take()?;
        if further_bands != 0 || has_nodata != 0 {
            return None;
        }
    }
    let (error, least, most) = (reader.f64()?, reader.f64()?, reader.f64()?);
    if version >= 6 {
        // Two values of nodata, which there is none of.
        let _: [u8; 16] = reader.take()?;
    }
    let alike = (width, height, depth) == (shape.width, shape.height, shape.depth.into())
        && kind == T::KIND.code()
        && Some(valid) == width.checked_mul(height)
        && valid > 0
        && depth > 0
        && (1..=tiles::SIDE).contains(&side)
        && error >= 0.0
        && (2.0 * error).is_finite()
        && !least.is_nan()
        && !most.is_nan();
    // Another band may follow.
    let after = blob.get(length..)?;
    if !alike || after.starts_with(&MAGIC) {
        return None;
    }
    if fletcher(blob.get(SUMMED_FROM..length)?) != checksum {
        return None;
    }
    reader.cut(after.len())?;
    Some(Header {
        version,
        width: usize::try_from(width).ok()?,
        height: usize::try_from(height).ok()?,
        depth: usize::try_from(depth).ok()?,
        side,
        error,
        least,
        most,
    })
}

const MAGIC: [u8; 6] = *b"Lerc2 ";
/// What comes before is not in the checksum: magic, version, the checksum itself.
const SUMMED_FROM: usize = 14;

// How the numbers of a blob are kept.
const TILES: u8 = 0;
const DIFFERENCES: u8 = 1;
const CODES: u8 = 2;

#[cfg(test)]
mod tests {
    use lerc::{Precision, Sample, bitmask::BitMask, decode_into, encode_borrowed};
    use proptest::prelude::*;

    use super::*;

    /// Whether it is done here; where it is, as the crate does it.
    fn same<T: Number + Sample>(
        size: (u32, u32, u16),
        values: &[u32],
        tolerance: Option<f64>,
        make: impl Fn(u32) -> T,
    ) -> bool {
        let (width, height, depth) = size;
        let count = width as usize * height as usize * usize::from(depth);
        let pixels: Vec<T> = values
            .iter()
            .cycle()
            .take(count)
            .map(|&v| make(v))
            .collect();
        let mask = [BitMask::all_valid(width as usize * height as usize)];
        let precision = tolerance.map_or(Precision::Lossless, |most| {
            Precision::Tolerance(T::from_f64(most))
        });
        let blob = encode_borrowed(
            width,
            height,
            depth.into(),
            1,
            &pixels,
            &mask,
            None,
            precision,
        );
        let blob = blob.unwrap();
        let mut theirs = vec![T::zeroed(); count];
        decode_into(&blob, &mut theirs).unwrap();
        let mut ours = theirs.clone();
        ours.fill(make(7));
        let shape = Shape {
            width,
            height,
            depth,
        };
        let done = fill(&blob, shape, &mut ours).is_some();
        assert!(
            !done || bytemuck::cast_slice::<_, u8>(&ours) == bytemuck::cast_slice::<_, u8>(&theirs)
        );
        // Cut short, or with a bit changed, it is refused.
        for length in [blob.len() - 1, blob.len() / 2, 20] {
            assert!(fill(&blob[..length], shape, &mut ours).is_none());
        }
        let mut changed = blob.clone();
        changed[blob.len() / 2] ^= 16;
        assert!(fill(&changed, shape, &mut ours).is_none());
        done
    }

    const WIDTH: u32 = 37;
    const HEIGHT: u32 = 18;

    /// A blob of version 4, the one that GDAL writes: made by libLerc of numbers that can be made again.
    fn version_4<T: Number>(name: &str, depth: u16) -> Option<Vec<T>> {
        let line = include_str!("version_4.txt")
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap();
        let digits = line.as_bytes().as_chunks::<2>().0;
        let byte = |two: &[u8; 2]| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap();
        let blob: Vec<u8> = digits.iter().map(byte).collect();
        let mut pixels = vec![T::zeroed(); (WIDTH * HEIGHT) as usize * usize::from(depth)];
        let shape = Shape {
            width: WIDTH,
            height: HEIGHT,
            depth,
        };
        fill(&blob, shape, &mut pixels)?;
        Some(pixels)
    }

    fn made<T>(value: impl Fn(i32, i32, &dyn Fn(i32) -> i32) -> T) -> Vec<T> {
        let (width, height) = (37, 18);
        let each = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        each.map(|(x, y)| value(x, y, &|k| (x * x * 31 + y * y * 17 + x * y * 7) / 3 % k))
            .collect()
    }

    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "they are bytes"
    )]
    fn what_gdal_writes_is_done_here() {
        let slope = made(|x, y, noise| (x * 3 + y * 5 + noise(3)) as u8);
        assert_eq!(version_4("differences", 1), Some(slope.clone()));
        let specks = made(|_, _, noise| if noise(10) < 9 { 7 } else { noise(251) as u8 });
        assert_eq!(version_4("codes", 1), Some(specks));
        let rgb = slope.iter().flat_map(|&a| [a, a / 2 + 9, 255 - a]);
        assert_eq!(version_4("rgb", 3), Some(rgb.collect()));
        let heights = made(|x, y, noise| (1000 + x * 9 - y * 40 + noise(17)) as i16);
        assert_eq!(version_4("i16", 1), Some(heights));
        let floats = made(|x, y, noise| {
            f64::from(x) * 0.25 - f64::from(y) * 1.5 + f64::from(noise(50)) * 0.01
        });
        let read: Vec<f32> = version_4("f32", 1).unwrap();
        assert_eq!(read.len(), floats.len());
        // What was asked for, and numbers up to 25 rounded to `f32` before and after.
        let off = 0.01 + 25.0 * f64::from(f32::EPSILON);
        assert!(
            read.iter()
                .zip(floats)
                .all(|(a, b)| (f64::from(*a) - b).abs() <= off)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn numbers_are_those_of_the_crate(
            width in 1u32..70, height in 1u32..40, wide in any::<bool>(), rough in 0u32..20,
            seed in proptest::collection::vec(any::<u32>(), 1..3000),
        ) {
            let depth = if wide { 3 } else { 1 };
            let size = (width, height, depth);
            let numbers: Vec<u32> = seed.iter().enumerate().map(|(i, v)| (v >> (32 - rough.max(1))) + u32::try_from(i).unwrap() / 20).collect();
            let varied = numbers.iter().any(|v| v & 0xff != numbers[0] & 0xff) && width * height > 300 && numbers.len() > 300;
            #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any number will do")]
            for tolerance in [None, Some(3.0)] {
                let done = [
                    same(size, &numbers, tolerance, |v| v as u8),
                    same(size, &numbers, tolerance, |v| v as i8),
                    same(size, &numbers, tolerance, |v| v as u16),
                    same(size, &numbers, tolerance, |v| v as i16),
                    same(size, &numbers, tolerance, |v| v.wrapping_mul(2039)),
                    same(size, &numbers, tolerance, |v| v.wrapping_mul(2039) as i32),
                    same(size, &numbers, tolerance.or(Some(0.01)), |v| v as f32 * 0.37),
                    same(size, &numbers, tolerance.or(Some(0.01)), |v| f64::from(v) * 0.37),
                ];
                prop_assert!(!varied || wide || done == [true; 8], "{:?}", done);
            }
        }
    }
}
