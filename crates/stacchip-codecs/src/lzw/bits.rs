//! Codes out of bytes, in either order of bits.

/// A source of codes.
pub(super) trait Bits {
    /// How many codes before a width is full the writer goes over to the next: 1 in the streams of
    /// the specification ("early change"), 0 in the older ones.
    const EARLY: usize;

    /// The next `width` bits, 9 to 12; nothing where fewer are left.
    fn take(&mut self, width: u32) -> Option<usize>;
}

/// Most significant bit first.
pub(super) struct Msb<'a> {
    source: &'a [u8],
    /// Bits read, from the top. Those below `held` are either zero or what `source` begins with.
    bits: u64,
    held: u32,
}

impl<'a> Msb<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            bits: 0,
            held: 0,
        }
    }

    #[inline]
    fn refill(&mut self) {
        if let Some(word) = self.source.first_chunk::<8>() {
            // As many whole bytes as fit; the bits of the byte that does not are set already, and
            // will be set to the same again.
            self.bits |= u64::from_be_bytes(*word) >> self.held;
            let bytes = (63 - self.held) >> 3;
            self.source = self.source.get(bytes as usize..).unwrap_or_default();
            self.held += bytes * 8;
        } else {
            while self.held <= 48 {
                let Some((&byte, rest)) = self.source.split_first() else {
                    return;
                };
                self.bits |= u64::from(byte) << (56 - self.held);
                self.held += 8;
                self.source = rest;
            }
        }
    }
}

impl Bits for Msb<'_> {
    const EARLY: usize = 1;

    #[inline]
    fn take(&mut self, width: u32) -> Option<usize> {
        if self.held < width {
            self.refill();
            if self.held < width {
                return None;
            }
        }
        let code = self.bits >> (64 - width);
        self.bits <<= width;
        self.held -= width;
        usize::try_from(code).ok()
    }
}

/// Least significant bit first: files older than TIFF 5.0.
pub(super) struct Lsb<'a> {
    source: &'a [u8],
    bits: u32,
    held: u32,
}

impl<'a> Lsb<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            bits: 0,
            held: 0,
        }
    }
}

impl Bits for Lsb<'_> {
    const EARLY: usize = 0;

    fn take(&mut self, width: u32) -> Option<usize> {
        while self.held < width {
            let (&byte, rest) = self.source.split_first()?;
            self.bits |= u32::from(byte) << self.held;
            self.held += 8;
            self.source = rest;
        }
        let code = self.bits & ((1 << width) - 1);
        self.bits >>= width;
        self.held -= width;
        usize::try_from(code).ok()
    }
}
