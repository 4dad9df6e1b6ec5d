//! Codes out of bytes, in either order of bits.

/// A source of codes, 9 to 12 bits each.
pub(super) trait Bits {
    /// How many codes before a width is full the writer goes over to the next: 1 in the streams of
    /// the specification ("early change"), 0 in the older ones.
    const EARLY: usize;

    /// Reads on until 56 bits or more are held, or all that are left; says how many.
    fn fill(&mut self) -> u32;

    /// The next `width` bits, which must be held.
    fn peek(&self, width: u32) -> usize;

    /// Goes past `width` bits, which must be held.
    fn skip(&mut self, width: u32);

    /// The next `width` bits; nothing where fewer are left.
    #[inline]
    fn take(&mut self, width: u32) -> Option<usize> {
        (self.fill() >= width).then(|| {
            let code = self.peek(width);
            self.skip(width);
            code
        })
    }
}

/// Bytes on their way: as many whole ones as fit are read at once, and the bits of the one that does
/// not fit are set already; they will be set to the same again.
#[derive(Default)]
struct Held<'a> {
    source: &'a [u8],
    bits: u64,
    /// Those beyond are either zero or what `source` begins with.
    count: u32,
}

impl<'a> Held<'a> {
    const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            bits: 0,
            count: 0,
        }
    }

    /// `join` puts a word, whose bytes are as they stand in the source, behind the bits held.
    #[inline]
    fn fill(&mut self, join: impl Fn(u64, [u8; 8], u32) -> u64) -> u32 {
        if let Some(&word) = self.source.first_chunk() {
            self.bits = join(self.bits, word, self.count);
            let bytes = (63 - self.count) >> 3;
            self.source = self.source.get(bytes as usize..).unwrap_or_default();
            self.count += bytes * 8;
        } else {
            self.fill_last(join);
        }
        self.count
    }

    #[cold]
    fn fill_last(&mut self, join: impl Fn(u64, [u8; 8], u32) -> u64) {
        while let (Some((&byte, rest)), true) = (self.source.split_first(), self.count < 56) {
            self.bits = join(self.bits, [byte, 0, 0, 0, 0, 0, 0, 0], self.count);
            self.count += 8;
            self.source = rest;
        }
    }
}

/// Most significant bit first.
pub(super) struct Msb<'a>(Held<'a>);

impl<'a> Msb<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self(Held::new(source))
    }
}

impl Bits for Msb<'_> {
    const EARLY: usize = 1;

    #[inline]
    fn fill(&mut self) -> u32 {
        self.0
            .fill(|bits, word, held| bits | u64::from_be_bytes(word) >> held)
    }

    #[inline]
    fn peek(&self, width: u32) -> usize {
        low(self.0.bits >> (64 - width))
    }

    #[inline]
    fn skip(&mut self, width: u32) {
        self.0.bits <<= width;
        self.0.count -= width;
    }
}

/// Least significant bit first: files older than TIFF 5.0.
pub(super) struct Lsb<'a>(Held<'a>);

impl<'a> Lsb<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self(Held::new(source))
    }
}

impl Bits for Lsb<'_> {
    const EARLY: usize = 0;

    #[inline]
    fn fill(&mut self) -> u32 {
        self.0
            .fill(|bits, word, held| bits | u64::from_le_bytes(word) << held)
    }

    #[inline]
    fn peek(&self, width: u32) -> usize {
        low(self.0.bits & ((1 << width) - 1))
    }

    #[inline]
    fn skip(&mut self, width: u32) {
        self.0.bits >>= width;
        self.0.count -= width;
    }
}

/// A code, which has 12 bits at most.
#[inline]
fn low(bits: u64) -> usize {
    usize::try_from(bits).unwrap_or_default()
}
