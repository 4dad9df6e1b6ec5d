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
    if out.is_empty() {
        return Ok(());
    }
    for (entry, byte) in table.iter_mut().zip(0..=u8::MAX) {
        *entry = Entry::of(byte);
    }
    put(table, CLEAR, Entry::COMMAND);
    put(table, END, Entry::COMMAND);
    let mut state = State::default();
    let mut code = bits.take(WIDTH_MIN).ok_or(Stop::Early { got: state.at })?;
    loop {
        // At a code that must clear the table.
        let got = state.at;
        match code {
            CLEAR => {}
            END => return Err(Stop::Early { got }),
            _ => return Err(Stop::Unknown { code, got }),
        }
        while code == CLEAR {
            code = bits.take(WIDTH_MIN).ok_or(Stop::Early { got })?;
        }
        let (Ok(byte), Some(place)) = (u8::try_from(code), out.get_mut(got)) else {
            return Err(if code == END {
                Stop::Early { got }
            } else {
                Stop::Unknown { code, got }
            });
        };
        *place = byte;
        state = State {
            before: Entry::of(byte),
            place: got,
            at: got + 1,
            next: FIRST,
            width: WIDTH_MIN,
        };
        // Up to the next such code.
        loop {
            state.run(table, &mut bits, out);
            if state.widen::<B>() {
                continue;
            }
            let got = state.at;
            if got >= out.len() {
                return Ok(());
            }
            code = bits.take(state.width).ok_or(Stop::Early { got })?;
            if code == CLEAR {
                break;
            }
            if code == END {
                return Err(Stop::Early { got });
            }
            if state.next >= ENTRIES || code > state.next {
                return Err(Stop::Unknown { code, got });
            }
            state.step(code, table, out);
        }
    }
}

/// Between two codes.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The string before, and where it stands.
    before: Entry,
    place: usize,
    /// Bytes written.
    at: usize,
    /// The entry that the next code makes.
    next: usize,
    /// Bits of the next code.
    width: u32,
}

impl State {
    /// Goes over to longer codes where it is time.
    #[inline]
    fn widen<B: Bits>(&mut self) -> bool {
        let full = self.next + B::EARLY >= 1 << self.width && self.width < WIDTH_MAX;
        self.width += u32::from(full);
        full
    }

    /// What nearly all codes are: a string that is in the table, with room for a whole word behind
    /// the output. Stops before any other code, which [`State::step`] and its caller look at, and
    /// where codes get longer.
    #[inline]
    fn run<B: Bits>(&mut self, table: &mut Table, bits: &mut B, out: &mut [u8]) {
        // Held apart from `self`, in registers.
        let Self {
            mut before,
            mut place,
            mut at,
            mut next,
            width,
        } = *self;
        let bound = if width < WIDTH_MAX {
            (1 << width) - B::EARLY
        } else {
            ENTRIES
        };
        'run: while bits.fill() >= CODES * WIDTH_MAX {
            for _ in 0..CODES {
                let code = bits.peek(width);
                if code >= next || next >= bound {
                    break 'run;
                }
                let entry = get(table, code);
                let length = if let Some(length) = entry.short() {
                    let Some(room) = out.get_mut(at..at + WORD) else {
                        break 'run;
                    };
                    // What is too much is written over by the next string.
                    room.copy_from_slice(&entry.0.to_le_bytes());
                    put(table, next, before.then(entry.first(), place));
                    length
                } else {
                    if entry.is_command() || at >= out.len() {
                        break 'run;
                    }
                    let length = repeat(entry.long(), at, out);
                    put(table, next, before.then(byte(out, at), place));
                    length
                };
                bits.skip(width);
                next += 1;
                (before, place) = (entry, at);
                at += length;
            }
        }
        *self = Self {
            before,
            place,
            at,
            next,
            width,
        };
    }

    /// Any string, of the table or only now being made, as far as there is room for it.
    fn step(&mut self, code: usize, table: &mut Table, out: &mut [u8]) {
        // The one being made begins as the one before.
        if code == self.next {
            let made = self.before.then(byte(out, self.place), self.place);
            put(table, self.next, made);
        }
        let entry = get(table, code);
        let length = if let Some(length) = entry.short() {
            let rest = out.get_mut(self.at..).unwrap_or_default();
            let length = length.min(rest.len());
            for (to, from) in rest.iter_mut().zip(entry.0.to_le_bytes()).take(length) {
                *to = from;
            }
            length
        } else {
            repeat(entry.long(), self.at, out)
        };
        let made = self.before.then(byte(out, self.at), self.place);
        put(table, self.next, made);
        self.next += 1;
        (self.before, self.place) = (entry, self.at);
        self.at += length;
    }
}

/// An entry; the mask says to the compiler what holds anyway.
#[inline]
fn get(table: &Table, index: usize) -> Entry {
    table.get(index & (ROOM - 1)).copied().unwrap_or_default()
}

#[inline]
fn put(table: &mut Table, index: usize, entry: Entry) {
    if let Some(place) = table.get_mut(index & (ROOM - 1)) {
        *place = entry;
    }
}

/// What was written at `at`.
#[inline]
fn byte(out: &[u8], at: usize) -> u8 {
    out.get(at).copied().unwrap_or_default()
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

/// A string of the table. One of up to seven bytes is held itself, first byte lowest, with the bits
/// it takes above: it costs one load and one store, and no step asks what it is. Of a longer one it
/// is held where it stands in the output: above, that it is such a one, then 20 bits of length (at
/// most what the table is deep) and 36 of place (no block takes 64 GiB).
#[derive(Debug, Clone, Copy, Default)]
struct Entry(u64);

impl Entry {
    /// In place of the codes that are no string.
    const COMMAND: Self = Self(u64::MAX);

    const fn of(byte: u8) -> Self {
        Self(ONE | byte as u64)
    }

    /// The string and one byte more; it stands at `place`, and the byte after it.
    #[inline]
    fn then(self, byte: u8, place: usize) -> Self {
        if self.0 < 7 * ONE {
            Self((self.0 + ONE) | u64::from(byte) << (self.0 >> 56))
        } else if self.0 < LONG {
            Self::far(8, place)
        } else {
            Self::far((self.0 >> 36 & LENGTH) + 1, place)
        }
    }

    const fn far(length: u64, place: usize) -> Self {
        Self(LONG | length << 36 | (place as u64 & PLACE))
    }

    /// Its length, where it is held itself.
    #[inline]
    fn short(self) -> Option<usize> {
        let [.., bits] = self.0.to_le_bytes();
        (self.0 < LONG).then_some(usize::from(bits / 8))
    }

    #[inline]
    fn is_command(self) -> bool {
        self.0 == Self::COMMAND.0
    }

    /// Where it stands.
    #[inline]
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

type Table = [Entry; ROOM];

thread_local! {
    static TABLE: RefCell<Box<Table>> = RefCell::new(Box::new([Entry(0); ROOM]));
}

/// Entries before a stream must clear the table: libtiff's 4095 and 1024 to spare.
const ENTRIES: usize = 4095 + 1024;
/// The power of two that holds them. Those above 4095, which no code names, are only written.
const ROOM: usize = 1 << 13;
/// Codes that 56 bits hold however long they are.
const CODES: u32 = 4;
/// Bytes of an entry.
const WORD: usize = 8;
/// Bytes that are copied at once.
const STEP: usize = 16;
/// One byte in the length of a string that is held itself, in bits.
const ONE: u64 = 8 << 56;
const LONG: u64 = 1 << 63;
const LENGTH: u64 = (1 << 20) - 1;
const PLACE: u64 = (1 << 36) - 1;
