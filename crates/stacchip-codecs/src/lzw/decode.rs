//! Codes → bytes.
//!
//! Each string of the table is a string that was written plus the byte that followed it, so it
//! stands in the output already: the table holds places, and no string is ever built.

use std::cell::RefCell;

use super::{CLEAR, END, FIRST, WIDTH_MAX, WIDTH_MIN, bits::Bits};

/// Why a stream stopped before the output was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The codes end, or the code that ends them came.
    Early { got: usize },
    /// A code that is not in the table.
    Unknown { code: usize, got: usize },
}

/// Fills `out` with the strings that `bits` names.
///
/// What is accepted is what libtiff accepts: the first code clears the table (or ends the stream);
/// a table that is full stays as it is, and up to 1024 more codes may come before it is cleared.
pub(super) fn expand<B: Bits>(bits: B, out: &mut [u8]) -> Result<(), Stop> {
    // What an earlier block left in the table is never looked at: codes are checked against `next`.
    TABLE.with_borrow_mut(|table| expand_with(table, bits, out))
}

fn expand_with<B: Bits>(table: &mut Table, mut bits: B, out: &mut [u8]) -> Result<(), Stop> {
    let mut at = 0;
    if out.is_empty() {
        return Ok(());
    }
    let mut code = bits.take(WIDTH_MIN).ok_or(Stop::Early { got: at })?;
    loop {
        // At a code that must clear the table.
        match code {
            CLEAR => {}
            END => return Err(Stop::Early { got: at }),
            _ => return Err(Stop::Unknown { code, got: at }),
        }
        while code == CLEAR {
            code = bits.take(WIDTH_MIN).ok_or(Stop::Early { got: at })?;
        }
        let (Ok(byte), Some(place)) = (u8::try_from(code), out.get_mut(at)) else {
            return Err(if code == END {
                Stop::Early { got: at }
            } else {
                Stop::Unknown { code, got: at }
            });
        };
        *place = byte;
        let mut string = String { at, length: 1 };
        at += 1;
        let mut next = FIRST;
        let mut width = WIDTH_MIN;
        // Up to the next such code.
        loop {
            if at >= out.len() {
                return Ok(());
            }
            code = bits.take(width).ok_or(Stop::Early { got: at })?;
            if code == CLEAR {
                break;
            }
            if code == END {
                return Err(Stop::Early { got: at });
            }
            if next >= ENTRIES {
                return Err(Stop::Unknown { code, got: at });
            }
            if let Some(entry) = table.get_mut(next) {
                *entry = string.then_one().pack();
            }
            next += 1;
            if next + B::EARLY >= 1 << width && width < WIDTH_MAX {
                width += 1;
            }
            if let Ok(byte) = u8::try_from(code) {
                if let Some(place) = out.get_mut(at) {
                    *place = byte;
                }
                string = String { at, length: 1 };
                at += 1;
                continue;
            }
            if code >= next {
                return Err(Stop::Unknown { code, got: at });
            }
            let entry = String::unpack(table.get(code).copied().unwrap_or_default());
            string = String {
                at,
                length: repeat(entry, at, out),
            };
            at += string.length;
        }
    }
}

/// Copies `string`, which begins before `at`, to `at`, as far as there is room; says how far.
#[inline]
fn repeat(string: String, at: usize, out: &mut [u8]) -> usize {
    let room = out.len() - at;
    if string.length <= WORD && room >= WORD && string.at + WORD <= at {
        // Most strings are short. A copy of known length is one instruction each way; what it
        // writes too much is written over by the next string.
        out.copy_within(string.at..string.at + WORD, at);
        return string.length;
    }
    let length = string.length.min(room);
    // The newest string ends with the byte that this very copy begins with.
    let before = length.min(at - string.at);
    out.copy_within(string.at..string.at + before, at);
    if before < length {
        let first = out.get(at).copied().unwrap_or_default();
        if let Some(last) = out.get_mut(at + before) {
            *last = first;
        }
    }
    length
}

/// A string that stands in the output.
#[derive(Debug, Clone, Copy)]
struct String {
    at: usize,
    length: usize,
}

impl String {
    const fn then_one(self) -> Self {
        Self {
            at: self.at,
            length: self.length + 1,
        }
    }

    /// A string is at most as long as the table is deep, so its length fits 16 bits.
    const fn pack(self) -> u64 {
        (self.at as u64) << 16 | (self.length as u64 & 0xFFFF)
    }

    fn unpack(packed: u64) -> Self {
        Self {
            at: usize::try_from(packed >> 16).unwrap_or_default(),
            length: usize::try_from(packed & 0xFFFF).unwrap_or_default(),
        }
    }
}

type Table = [u64; 1 << WIDTH_MAX];

thread_local! {
    static TABLE: RefCell<Box<Table>> = RefCell::new(Box::new([0; 1 << WIDTH_MAX]));
}

/// Entries before a stream must clear the table: libtiff's 4095 and 1024 to spare.
const ENTRIES: usize = 4095 + 1024;
const WORD: usize = 16;
