//! Choices that an input makes.

/// Numbers from the end of an input; the same bytes make the same choices.
#[derive(Debug, Clone)]
pub struct Choices {
    bytes: [u8; Self::BYTES],
    next: usize,
}

impl Choices {
    /// Bytes at the end of an input that are choices.
    pub const BYTES: usize = 16;

    /// The data of `input`, and the choices behind them: all zero where it is too short for any.
    pub fn split(input: &[u8]) -> (&[u8], Self) {
        match input.split_last_chunk() {
            Some((data, &bytes)) => (data, Self { bytes, next: 0 }),
            None => (
                input,
                Self {
                    bytes: [0; Self::BYTES],
                    next: 0,
                },
            ),
        }
    }

    /// The next byte. When all are used up they come again, changed.
    pub fn byte(&mut self) -> u8 {
        let at = self.next % Self::BYTES;
        let round = self.next / Self::BYTES;
        self.next += 1;
        let turned = self.bytes[(at + round) % Self::BYTES];
        if round == 0 {
            self.bytes[at]
        } else {
            self.bytes[at]
                ^ turned
                    .wrapping_mul(167)
                    .wrapping_add(round.to_le_bytes()[0])
        }
    }

    /// The next two bytes, as a number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let number = u32::from(self.byte()) << 8 | u32::from(self.byte());
        number % bound.max(1)
    }

    /// One of `list`, which is not empty.
    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::from(self.byte()) % list.len()]
    }
}
