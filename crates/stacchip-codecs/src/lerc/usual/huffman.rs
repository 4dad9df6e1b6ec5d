//! Bytes without loss, in codes of their own.

use super::{Header, Number, bits, reader::Reader};

/// Fills `pixels`, which are bytes: as they are, pixel by pixel, or (`differences`) value by value as what is to be
/// added to the pixel before, of the first column to the one above.
pub(super) fn fill<T: Number>(
    reader: &mut Reader<'_>,
    header: &Header,
    differences: bool,
    pixels: &mut [T],
) -> Option<()> {
    let pixels: &mut [u8] = bytemuck::try_cast_slice_mut(pixels).ok()?;
    // Signed bytes are counted from the least of them.
    let zero = if T::KIND.code() == 0 { 128 } else { 0 };
    let codes = Codes::read(reader, zero)?;
    let mut source = Source::new(reader.rest());
    let row = header.width * header.depth;
    if differences {
        for value in 0..header.depth {
            let mut before = 0_u8;
            for row in pixels.chunks_exact_mut(row) {
                let row = row.get_mut(value..)?;
                for four in row.chunks_mut(4 * header.depth) {
                    source.refill()?;
                    for to in four.iter_mut().step_by(header.depth) {
                        before = before.wrapping_add(source.next(&codes)?);
                        *to = before;
                    }
                }
                before = *row.first()?;
            }
        }
    } else {
        for four in pixels.chunks_mut(4) {
            source.refill()?;
            for to in four {
                *to = source.next(&codes)?;
            }
        }
    }
    source.is_within().then_some(())
}

/// Which bits stand for which byte.
struct Codes {
    /// By the next [`SHORT`] bits: the byte and, above it, the bits of its code; nothing where it is a longer one.
    short: Box<[u16; 1 << SHORT]>,
    long: Vec<Long>,
}

#[derive(Debug, Clone, Copy)]
struct Long {
    /// At the upper end of the word.
    code: u32,
    length: u32,
    byte: u8,
}

impl Codes {
    /// The codes that a blob tells, where each bit pattern stands for one byte at most.
    fn read(reader: &mut Reader<'_>, zero: u8) -> Option<Self> {
        let version = reader.i32()?;
        let mut place = || usize::try_from(reader.i32()?).ok();
        let (size, first, end) = (place()?, place()?, place()?);
        let count = end.checked_sub(first)?;
        if version < 2 || size > 256 || count == 0 || count > size || end > 2 * size {
            return None;
        }
        let mut lengths = [0; 256];
        let lengths = lengths.get_mut(..count)?;
        bits::read(reader, lengths)?;
        let mut words = Words::new(*reader);
        let mut codes = Self {
            short: Box::new([0; 1 << SHORT]),
            long: Vec::new(),
        };
        for (place, &length) in (first..).zip(&*lengths) {
            if length == 0 {
                continue;
            }
            // Bytes that are not used are left out where most lie together, so the rest may go round.
            let byte = if place < size { place } else { place - size };
            let byte = u8::try_from(byte).ok()?.wrapping_sub(zero);
            let code = words.take(length)?;
            codes.add(code, length, byte)?;
        }
        *reader = words.reader;
        codes.long.sort_unstable_by_key(|long| long.code);
        let apart = codes.long.windows(2).all(|pair| {
            let [a, b] = pair else { return true };
            (a.code ^ b.code).leading_zeros() < a.length.min(b.length)
        });
        let free = codes.long.iter().all(|long| codes.short(long.code) == 0);
        (apart && free).then_some(codes)
    }

    /// Adds a code of `length` bits, which stand at the upper end.
    fn add(&mut self, code: u32, length: u32, byte: u8) -> Option<()> {
        if length > SHORT {
            self.long.push(Long { code, length, byte });
            return Some(());
        }
        let start = usize::try_from(code >> (32 - SHORT)).ok()?;
        let entry = u16::try_from(length << 8).ok()? | u16::from(byte);
        for place in self.short.get_mut(start..start + (1 << (SHORT - length)))? {
            if *place != 0 {
                return None;
            }
            *place = entry;
        }
        Some(())
    }

    #[inline]
    fn short(&self, next: u32) -> u16 {
        let place = (next >> (32 - SHORT)) as usize;
        self.short.get(place).copied().unwrap_or(0)
    }
}

/// The codes themselves: bits of little-endian words, the uppermost first.
struct Words<'a> {
    reader: Reader<'a>,
    held: u64,
    bits: u32,
}

impl<'a> Words<'a> {
    const fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            held: 0,
            bits: 0,
        }
    }

    /// The next `length` bits, at the upper end.
    fn take(&mut self, length: u32) -> Option<u32> {
        if length > 32 {
            return None;
        }
        if self.bits < length {
            self.held |= u64::from(self.reader.u32()?) << (32 - self.bits);
            self.bits += 32;
        }
        let code = u32::try_from(self.held >> 32).ok()? & u32::MAX << (32 - length);
        self.held <<= length;
        self.bits -= length;
        Some(code)
    }
}

/// The bits of the numbers, in the order of their use: of little-endian words, the uppermost first.
struct Source<'a> {
    words: &'a [[u8; 4]],
    /// What is left of a last word, the missing bytes zero.
    last: [u8; 4],
    /// Bits of all words, the last among them.
    bits: usize,
    /// Bits used of all words.
    used: usize,
    /// The next bits, at the upper end.
    held: u64,
}

impl<'a> Source<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        Self {
            words,
            last,
            bits: 32 * bytes.len().div_ceil(4),
            used: 0,
            held: 0,
        }
    }

    /// Holds the next 64 bits, zeros after the last word: five short codes.
    #[inline]
    fn refill(&mut self) -> Option<()> {
        let (word, bit) = (self.used / 32, self.used % 32);
        let three = self.words.get(word..).and_then(|words| words.first_chunk());
        let [a, b, c] = match three {
            Some(three) => *three,
            None => self.at_the_end(word)?,
        };
        let [a, b, c] = [a, b, c].map(|word| u64::from(u32::from_le_bytes(word)));
        self.held = (a << 32 | b) << bit | c << bit >> 32;
        Some(())
    }

    /// Three words, of which there are fewer; nothing where none of them is there.
    #[cold]
    fn at_the_end(&self, at: usize) -> Option<[[u8; 4]; 3]> {
        let word = |i: usize| match self.words.get(i) {
            Some(word) => *word,
            None if i == self.words.len() => self.last,
            None => [0; 4],
        };
        (at <= self.words.len()).then(|| [word(at), word(at + 1), word(at + 2)])
    }

    /// The byte that the next code stands for; [`refill`](Self::refill) is called before every fourth one.
    #[inline]
    fn next(&mut self, codes: &Codes) -> Option<u8> {
        let entry = codes.short((self.held >> 32) as u32);
        let [byte, length] = entry.to_le_bytes();
        if entry == 0 {
            return self.next_long(codes);
        }
        self.drop(length.into());
        Some(byte)
    }

    /// The codes are in order and none begins another, so only the last one that is not above may be it.
    #[cold]
    fn next_long(&mut self, codes: &Codes) -> Option<u8> {
        self.refill()?;
        let next = (self.held >> 32) as u32;
        let not_above = codes.long.partition_point(|long| long.code <= next);
        let long = codes.long.get(not_above.checked_sub(1)?)?;
        if (long.code ^ next) >> (32 - long.length) != 0 {
            return None;
        }
        self.drop(long.length);
        self.refill()?;
        Some(long.byte)
    }

    #[inline]
    fn drop(&mut self, length: u32) {
        self.held <<= length;
        self.used += length as usize;
    }

    /// Whether no bit was used that is not there.
    fn is_within(&self) -> bool {
        self.used <= self.bits
    }
}

/// Bits of the codes that are looked up in one step.
const SHORT: u32 = 12;
