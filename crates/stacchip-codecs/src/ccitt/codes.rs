//! Codes of runs and of modes (ITU-T T.4, tables 2 to 4).

use std::sync::LazyLock;

use fax::maps::{black, white};

use super::bits::Bits;

/// A colour of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    White,
    Black,
}

impl Colour {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::White => Self::Black,
            Self::Black => Self::White,
        }
    }
}

/// A mode of two-dimensional coding (T.4, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Pass,
    Horizontal,
    Vertical(i8),
    Extension,
}

/// Takes the code of a mode; nothing where there is none, as at the end.
pub(super) fn mode(bits: &mut Bits<'_>) -> Option<Mode> {
    let (mode, length) = match bits.peek() >> 9 {
        0b100_0000.. => (Mode::Vertical(0), 1),
        0b011_0000.. => (Mode::Vertical(1), 3),
        0b010_0000.. => (Mode::Vertical(-1), 3),
        0b001_0000.. => (Mode::Horizontal, 3),
        0b000_1000.. => (Mode::Pass, 4),
        0b000_0110.. => (Mode::Vertical(2), 6),
        0b000_0100.. => (Mode::Vertical(-2), 6),
        0b000_0011 => (Mode::Vertical(3), 7),
        0b000_0010 => (Mode::Vertical(-3), 7),
        0b000_0001 => (Mode::Extension, 7),
        _ => return None,
    };
    bits.skip(length);
    (!bits.overrun()).then_some(mode)
}

/// Takes the codes of a run: as many of 64 and more as there are, then one below. Nothing where a
/// code is none.
pub(super) fn run(bits: &mut Bits<'_>, colour: Colour) -> Option<u32> {
    let table = match colour {
        Colour::White => &*WHITE,
        Colour::Black => &*BLACK,
    };
    let mut run = 0_u32;
    loop {
        let place = bits.peek() >> (16 - LONGEST);
        let (length, pixels) = table.get(place as usize).copied().unwrap_or((0, 0));
        bits.skip(length.into());
        if length == 0 || bits.overrun() {
            return None;
        }
        run = run.saturating_add(pixels.into());
        if pixels < 64 {
            return Some(run);
        }
    }
}

/// Length and pixels of the code that each possible next bits begin with; length 0 is no code.
type Table = Vec<(u8, u16)>;

static WHITE: LazyLock<Table> =
    LazyLock::new(|| table(white::ENTRIES.iter().map(|&(run, code)| (run, code))));
static BLACK: LazyLock<Table> =
    LazyLock::new(|| table(black::ENTRIES.iter().map(|&(run, code)| (run, code))));

fn table(codes: impl Iterator<Item = (u16, fax::Bits)>) -> Table {
    let mut table = vec![(0, 0); 1 << LONGEST];
    for (pixels, code) in codes {
        let Some(open) = LONGEST.checked_sub(code.len.into()) else {
            continue;
        };
        let first = usize::from(code.data) << open;
        for entry in table.iter_mut().skip(first).take(1 << open) {
            *entry = (code.len, pixels);
        }
    }
    table
}

/// Bits of the longest code.
const LONGEST: u32 = 13;
