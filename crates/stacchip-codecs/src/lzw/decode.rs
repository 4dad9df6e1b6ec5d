//! Codes → bytes.
//!
//! Each string of the table is a string that was written plus the byte that followed it, so it
//! stands in the output already: the table holds short strings themselves, and the places of longer
//! ones; none is ever built.

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
    for (entry, byte) in table.iter_mut().zip(0..=u8::MAX) {
        *entry = Entry::of(byte);
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
        // The string before, where it stands, and the byte it begins with.
        let mut before = (Entry::of(byte), at, byte);
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
            if next >= ENTRIES || code > next {
                return Err(Stop::Unknown { code, got: at });
            }
            let (string, place, first) = before;
            // The string that is only now being made: it begins as the one before.
            if code == next {
                put(table, next, string.then(first, place));
            }
            let entry = table.get(code).copied().unwrap_or_default();
            let (length, first) = match (entry.short(), out.get_mut(at..at + WORD)) {
                (Some(length), Some(room)) => {
                    // What is too much is written over by the next string.
                    room.copy_from_slice(&entry.0.to_le_bytes());
                    (length, entry.first())
                }
                (Some(length), None) => {
                    let rest = out.get_mut(at..).unwrap_or_default();
                    let length = length.min(rest.len());
                    for (to, from) in rest.iter_mut().zip(entry.0.to_le_bytes()).take(length) {
                        *to = from;
                    }
                    (length, entry.first())
                }
                (None, _) => {
                    let length = repeat(entry.long(), at, out);
                    (length, out.get(at).copied().unwrap_or_default())
                }
            };
            put(table, next, string.then(first, place));
            next += 1;
            if next + B::EARLY >= 1 << width && width < WIDTH_MAX {
                width += 1;
            }
            before = (entry, at, first);
            at += length;
        }
    }
}

/// Sets an entry; those of a table that is full, which no code names, are dropped.
#[inline]
fn put(table: &mut Table, index: usize, entry: Entry) {
    if let Some(place) = table.get_mut(index) {
        *place = entry;
    }
}

/// Copies `string`, which begins before `at`, to `at`, as far as there is room; says how far.
#[inline]
fn repeat(string: String, at: usize, out: &mut [u8]) -> usize {
    let room = out.len() - at;
    if string.length <= STEP && room >= STEP && string.at + STEP <= at {
        // A copy of known length is one instruction each way.
        out.copy_within(string.at..string.at + STEP, at);
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

/// A string of the table. One of up to seven bytes is held itself, first byte lowest, with its
/// length above: it costs one load and one store, and no step asks what it is. Of a longer one it
/// is held where it stands in the output: above, that it is such a one, then 20 bits of length (at
/// most what the table is deep) and 36 of place (no block takes 64 GiB).
#[derive(Debug, Clone, Copy, Default)]
struct Entry(u64);

impl Entry {
    const fn of(byte: u8) -> Self {
        Self(1 << 56 | byte as u64)
    }

    /// The string and one byte more; it stands at `place`, and the byte after it.
    #[inline]
    fn then(self, byte: u8, place: usize) -> Self {
        match self.short() {
            Some(length) if length < 7 => {
                Self((self.0 + (1 << 56)) | u64::from(byte) << (8 * length))
            }
            Some(_) => Self::far(8, place),
            None => Self::far((self.0 >> 36 & LENGTH) + 1, place),
        }
    }

    const fn far(length: u64, place: usize) -> Self {
        Self(LONG | length << 36 | (place as u64 & PLACE))
    }

    /// Its length, where it is held itself.
    #[inline]
    fn short(self) -> Option<usize> {
        let [.., length] = self.0.to_le_bytes();
        (self.0 & LONG == 0).then_some(usize::from(length))
    }

    /// Where it stands.
    fn long(self) -> String {
        String {
            at: usize::try_from(self.0 & PLACE).unwrap_or_default(),
            length: usize::try_from(self.0 >> 36 & LENGTH).unwrap_or_default(),
        }
    }

    #[inline]
    const fn first(self) -> u8 {
        self.0.to_le_bytes()[0]
    }
}

type Table = [Entry; 1 << WIDTH_MAX];

thread_local! {
    static TABLE: RefCell<Box<Table>> = RefCell::new(Box::new([Entry(0); 1 << WIDTH_MAX]));
}

/// Entries before a stream must clear the table: libtiff's 4095 and 1024 to spare.
const ENTRIES: usize = 4095 + 1024;
/// Bytes of an entry.
const WORD: usize = 8;
/// Bytes that are copied at once.
const STEP: usize = 16;
const LONG: u64 = 1 << 63;
const LENGTH: u64 = (1 << 20) - 1;
const PLACE: u64 = (1 << 36) - 1;
