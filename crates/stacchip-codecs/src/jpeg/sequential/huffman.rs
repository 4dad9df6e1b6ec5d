//! Codes out of entropy-coded data (T.81, F.2.2).

use super::Stop;

/// The codes of one table, by length.
#[derive(Debug)]
pub(super) struct Table {
    /// For each length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, usize); 16],
    symbols: Vec<u8>,
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
        Self {
            lengths,
            symbols: symbols.to_vec(),
        }
    }

    /// The symbol of the next code.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Stop> {
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
        while self.held < count {
            let (byte, rest) = match self.source {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                // A marker, or the end.
                [0xFF, ..] | [] => return Err(Stop::End),
                &[byte, ref rest @ ..] => (byte, rest),
            };
            self.word = self.word << 8 | u32::from(byte);
            self.held += 8;
            self.source = rest;
        }
        self.held -= count;
        Ok(self.word >> self.held & ((1 << count) - 1))
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
                [0xFF, 0xFF, ..] => self.source = self.source.get(1..).unwrap_or_default(),
                _ => return Err(Stop::End),
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
