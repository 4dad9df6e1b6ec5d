//! Bits, most significant first, followed by zeros without end.

/// A place in a stream of bits.
pub(super) struct Bits<'a> {
    source: &'a [u8],
    /// Bits before the place.
    at: usize,
    /// Whether the zeros of a code that ends a line were taken, and its one was not.
    in_end: bool,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            in_end: false,
        }
    }

    /// Whether all bits are behind.
    pub(super) const fn ended(&self) -> bool {
        self.at >= self.source.len().saturating_mul(8)
    }

    /// Bits ahead, zeros without end not counted.
    pub(super) const fn left(&self) -> usize {
        self.source.len().saturating_mul(8).saturating_sub(self.at)
    }

    /// The next 16 bits.
    pub(super) fn peek(&self) -> u32 {
        let byte = self.at / 8;
        let held = match self.source.get(byte..).and_then(<[u8]>::first_chunk::<4>) {
            Some(word) => u32::from_be_bytes(*word),
            None => (0..4).fold(0, |word, i| {
                word << 8 | u32::from(self.source.get(byte + i).copied().unwrap_or(0))
            }),
        };
        held << (self.at % 8) >> 16
    }

    pub(super) const fn skip(&mut self, bits: usize) {
        self.at = self.at.saturating_add(bits);
    }

    /// Goes to the next multiple of `bits`.
    pub(super) const fn align(&mut self, bits: usize) {
        self.at = self.at.next_multiple_of(bits);
    }

    /// The next bit.
    pub(super) fn take_flag(&mut self) -> bool {
        let flag = self.peek() >> 15 == 1;
        self.skip(1);
        flag
    }

    /// Takes eleven zeros, which the code that ends a line begins with; whether they were there.
    pub(super) fn take_end_of_line(&mut self) -> bool {
        let zeros = self.peek() >> 5 == 0 && self.left() >= 11;
        if zeros {
            self.skip(11);
            self.in_end = true;
        }
        zeros
    }

    /// Whether there is a code that ends a line anywhere ahead.
    pub(super) fn has_end_of_line(&self) -> bool {
        Self {
            source: self.source,
            at: self.at,
            in_end: false,
        }
        .skip_end_of_line()
    }

    /// Goes behind the next code that ends a line (eleven zeros or more, then a one); stays where
    /// there is none.
    pub(super) fn skip_end_of_line(&mut self) -> bool {
        let start = self.at;
        let mut zeros = if self.in_end { 11 } else { 0 };
        self.in_end = false;
        while !self.ended() {
            // Bytes of zeros go at once: fill may be long.
            if self.at.is_multiple_of(8) && self.source.get(self.at / 8) == Some(&0) {
                zeros += 8;
                self.at += 8;
                continue;
            }
            let one = self.take_flag();
            if one && zeros >= 11 {
                return true;
            }
            zeros = if one { 0 } else { zeros + 1 };
        }
        self.at = start;
        false
    }
}
