//! Codes out of entropy-coded data (T.81, F.2.2).

use super::Stop;

/// The codes of one table, by length.
#[derive(Debug)]
pub(super) struct Table {
    /// For each length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, usize); 16],
    symbols: Vec<u8>,
    /// Length and symbol of the code that each possible next bits begin with; length 0 where it is
    /// longer than they are, or none.
    short: Vec<(u8, u8)>,
}

impl Table {
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Self {
        let mut lengths = [(0, 0, 0); 16];
        let (mut code, mut at) = (0, 0);
        for (entry, &count) in lengths.iter_mut().zip(counts) {
            *entry = (code, count.into(), at);
            code = (code + u32::from(count)) << 1;
            at += usize::from(count);
        }
        let mut short = vec![(0, 0); 1 << SHORT];
        for (length, &(first, count, at)) in (1u8..).zip(&lengths).take(SHORT as usize) {
            let open = SHORT - u32::from(length);
            for (code, &symbol) in (first..first + count).zip(symbols.get(at..).unwrap_or_default())
            {
                let from = (code << open) as usize;
                for entry in short.iter_mut().skip(from).take(1 << open) {
                    *entry = (length, symbol);
                }
            }
        }
        Self {
            lengths,
            symbols: symbols.to_vec(),
            short,
        }
    }

    /// The symbol of the next code.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Stop> {
        if let Some(next) = bits.peek(SHORT)
            && let Some(&(length, symbol)) = self.short.get(next as usize)
            && length > 0
        {
            bits.held -= u32::from(length);
            return Ok(symbol);
        }
        let mut code = 0;
        for &(first, count, at) in &self.lengths {
            code = code << 1 | bits.take(1)?;
            if let Some(place) = code.checked_sub(first).filter(|&place| place < count) {
                return self
                    .symbols
                    .get(at + place as usize)
                    .copied()
                    .ok_or(Stop::NoCode);
            }
        }
        Err(Stop::NoCode)
    }
}

/// Bits of the codes that are looked up at once.
const SHORT: u32 = 9;

/// Bits between markers, most significant first; a zero after each 0xFF is left out.
pub(super) struct Bits<'a> {
    source: &'a [u8],
    word: u32,
    held: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            word: 0,
            held: 0,
        }
    }

    /// The next `count` bits, 0 to 16.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Stop> {
        let bits = self.peek(count).ok_or(Stop::End)?;
        self.held -= count;
        Ok(bits)
    }

    /// The same, but they stay.
    fn peek(&mut self, count: u32) -> Option<u32> {
        while self.held < count {
            let (byte, rest) = match self.source {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                // A marker, or the end.
                [0xFF, ..] | [] => return None,
                &[byte, ref rest @ ..] => (byte, rest),
            };
            self.word = self.word << 8 | u32::from(byte);
            self.held += 8;
            self.source = rest;
        }
        Some(self.word >> (self.held - count) & ((1 << count) - 1))
    }

    /// A value of `size` bits with its sign (T.81, F.2.2.1).
    pub(super) fn value(&mut self, size: u32) -> Result<i64, Stop> {
        if size == 0 {
            return Ok(0);
        }
        let value = i64::from(self.take(size)?);
        Ok(if value < 1 << (size - 1) {
            value - (1 << size) + 1
        } else {
            value
        })
    }

    /// Goes behind the next restart marker.
    pub(super) fn restart(&mut self) -> Result<(), Stop> {
        self.held = 0;
        loop {
            match self.source {
                [0xFF, 0xD0..=0xD7, rest @ ..] => {
                    self.source = rest;
                    return Ok(());
                }
                [0xFF, code, ..] if !matches!(code, 0 | 0xFF) => return Err(Stop::End),
                // Bytes too many before the marker.
                [_, rest @ ..] => self.source = rest,
                [] => return Err(Stop::End),
            }
        }
    }

    /// What follows the data: the next marker.
    pub(super) fn rest(self) -> &'a [u8] {
        let mut rest = self.source;
        while let Some(after) = rest.get(1..) {
            if matches!(rest, [0xFF, code, ..] if !matches!(code, 0 | 0xFF)) {
                break;
            }
            rest = after;
        }
        rest
    }
}
