//! Numbers of a few bits each, one after another.

use super::reader::Reader;

/// Reads numbers that were stuffed into bits, `out.len()` of them: a byte with the bits of each (0 to 31), whether they
/// are places in a table, and how many bytes tell their count; then these.
pub(super) fn read(reader: &mut Reader<'_>, out: &mut [u32]) -> Option<()> {
    let head = reader.u8()?;
    let count = match head >> 6 {
        0 => usize::try_from(reader.u32()?).ok()?,
        1 => reader.u16()?.into(),
        2 => reader.u8()?.into(),
        _ => return None,
    };
    let width = usize::from(head & 31);
    if count != out.len() {
        return None;
    }
    if head & IN_TABLE == 0 {
        return unstuff(reader, width, out);
    }
    // The first entry of the table is 0 and is not written.
    let entries = usize::from(reader.u8()?.checked_sub(1)?);
    let mut table = [0; 256];
    if width == 0 || entries == 0 {
        return None;
    }
    unstuff(reader, width, table.get_mut(1..=entries)?)?;
    let places = usize::try_from(usize::BITS - entries.leading_zeros()).ok()?;
    unstuff(reader, places, out)?;
    for number in out {
        let place = usize::try_from(*number).ok().filter(|n| *n <= entries)?;
        *number = *table.get(place)?;
    }
    Some(())
}

/// Fills `out` with numbers of `width` bits, the lowest of a byte first.
#[inline]
fn unstuff(reader: &mut Reader<'_>, width: usize, out: &mut [u32]) -> Option<()> {
    let source = reader.rest();
    reader.skip((out.len() * width).div_ceil(8))?;
    EACH.get(width)?(source, out);
    Some(())
}

/// Numbers of `N` bits: eight of them take `N` bytes, so each of eight is always at the same place.
fn eights<const N: usize>(mut source: &[u8], out: &mut [u32]) {
    let (eights, rest) = out.as_chunks_mut::<8>();
    for to in eights {
        *to = eight::<N>(source);
        source = source.get(N..).unwrap_or_default();
    }
    if !rest.is_empty() {
        for (to, from) in rest.iter_mut().zip(eight::<N>(source)) {
            *to = from;
        }
    }
}

#[inline]
fn eight<const N: usize>(source: &[u8]) -> [u32; 8] {
    if let Some(near) = source.first_chunk() {
        return spread::<N>(near);
    }
    let mut near = [0; REACH];
    for (to, from) in near.iter_mut().zip(source) {
        *to = *from;
    }
    spread::<N>(&near)
}

#[inline]
fn spread<const N: usize>(source: &[u8; REACH]) -> [u32; 8] {
    let one = |i: usize| {
        let (byte, bit) = (i * N / 8, i * N % 8);
        let word = source.get(byte..).and_then(|rest| rest.first_chunk());
        let word = u64::from_le_bytes(*word.unwrap_or(&[0; 8]));
        #[expect(clippy::cast_possible_truncation, reason = "31 bits at most are kept")]
        let number = (word >> bit & ((1 << N) - 1)) as u32;
        number
    };
    [
        one(0),
        one(1),
        one(2),
        one(3),
        one(4),
        one(5),
        one(6),
        one(7),
    ]
}

macro_rules! each {
    ($($n:literal)*) => { [$(eights::<$n>),*] };
}

type Unstuff = fn(&[u8], &mut [u32]);

const EACH: [Unstuff; 32] =
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
/// Where a word of eight bytes ends that holds the last of eight numbers of 31 bits.
const REACH: usize = 7 * 31 / 8 + 8;
const IN_TABLE: u8 = 1 << 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width() {
        for width in 1..32_usize {
            for count in [1, 7, 8, 9, 63, 64, 100] {
                let numbers: Vec<u32> = (0..count)
                    .map(|i: u32| i.wrapping_mul(0x9E37_79B9) >> (32 - width))
                    .collect();
                let mut bytes = vec![0u8; (numbers.len() * width).div_ceil(8)];
                for (i, number) in numbers.iter().enumerate() {
                    for bit in 0..width {
                        let at = i * width + bit;
                        bytes[at / 8] |= u8::from(number >> bit & 1 == 1) << (at % 8);
                    }
                }
                let mut out = vec![0; numbers.len()];
                let mut reader = Reader::new(&bytes);
                unstuff(&mut reader, width, &mut out).unwrap();
                assert!(reader.rest().is_empty());
                assert_eq!(out, numbers, "{width} bits");
                assert!(unstuff(&mut Reader::new(&bytes[1..]), width, &mut out).is_none());
            }
        }
    }
}
