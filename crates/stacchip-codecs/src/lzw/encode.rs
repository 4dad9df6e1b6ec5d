//! Bytes → codes.

use super::{CLEAR, END, FIRST, WIDTH_MAX, WIDTH_MIN};

/// Appends `source` to `out` as a stream of the specification.
pub(super) fn encode(source: &[u8], out: &mut Vec<u8>) {
    let mut codes = Codes::new(out);
    codes.put(CLEAR);
    let mut strings = Strings::new();
    let mut bytes = source.iter().copied();
    let Some(first) = bytes.next() else {
        codes.put(END);
        return codes.finish();
    };
    let mut prefix = usize::from(first);
    let mut next = FIRST;
    for byte in bytes {
        if let Some(code) = strings.find_or_add(prefix, byte, next) {
            prefix = code;
            continue;
        }
        codes.put(prefix);
        codes.width_for(next);
        prefix = usize::from(byte);
        next += 1;
        if next == FULL {
            codes.put(CLEAR);
            codes.width = WIDTH_MIN;
            strings.clear();
            next = FIRST;
        }
    }
    codes.put(prefix);
    codes.width_for(next);
    codes.put(END);
    codes.finish();
}

/// The strings that have a code, by the code of all but their last byte, and that byte.
struct Strings {
    /// `prefix << 20 | byte << 12 | code`, open addressing; zero is free, as no code is zero.
    slots: Vec<u32>,
}

impl Strings {
    fn new() -> Self {
        Self {
            slots: vec![0; SLOTS],
        }
    }

    fn clear(&mut self) {
        self.slots.fill(0);
    }

    /// The code of `prefix` then `byte`; where there is none, it becomes `next`.
    #[inline]
    fn find_or_add(&mut self, prefix: usize, byte: u8, next: usize) -> Option<usize> {
        let key = (u32::try_from(prefix).unwrap_or_default() << 8) | u32::from(byte);
        let mut slot = (key.wrapping_mul(0x9E37_79B1) >> (32 - SLOTS.ilog2())) as usize;
        loop {
            let held = self.slots.get_mut(slot % SLOTS)?;
            if *held == 0 {
                *held = key << 12 | u32::try_from(next).unwrap_or_default();
                return None;
            }
            if *held >> 12 == key {
                return Some((*held & 0xFFF) as usize);
            }
            slot += 1;
        }
    }
}

/// Codes into bytes, most significant bit first.
struct Codes<'a> {
    out: &'a mut Vec<u8>,
    bits: u64,
    held: u32,
    width: u32,
}

impl<'a> Codes<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            bits: 0,
            held: 0,
            width: WIDTH_MIN,
        }
    }

    #[inline]
    fn put(&mut self, code: usize) {
        self.bits = self.bits << self.width | code as u64;
        self.held += self.width;
        if self.held >= 32 {
            self.held -= 32;
            let word = (self.bits >> self.held) & u64::from(u32::MAX);
            self.out
                .extend_from_slice(&u32::try_from(word).unwrap_or_default().to_be_bytes());
        }
    }

    /// The width of the code after the one that gave entry `newest` to the writer: the reader is an
    /// entry behind, and goes over one code early.
    #[inline]
    fn width_for(&mut self, newest: usize) {
        if newest >= (1 << self.width) - 1 && self.width < WIDTH_MAX {
            self.width += 1;
        }
    }

    fn finish(mut self) {
        while self.held > 0 {
            let byte = if self.held >= 8 {
                self.bits >> (self.held - 8)
            } else {
                self.bits << (8 - self.held)
            };
            self.out.push(byte.to_le_bytes()[0]);
            self.held = self.held.saturating_sub(8);
        }
    }
}

/// Entries at which the table is cleared: where libtiff does, so that every reader keeps pace.
const FULL: usize = 4094;
const SLOTS: usize = 1 << 14;
