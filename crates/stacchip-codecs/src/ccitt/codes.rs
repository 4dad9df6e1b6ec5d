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
    /// The code that ends a block.
    End,
    None,
}

/// What the code of a run tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Pixels of a run, which is then told.
    Last(u16),
    /// Pixels of a run that goes on: a multiple of 64.
    More(u16),
}

/// Takes the code of a mode.
pub(super) fn mode(bits: &mut Bits<'_>) -> Mode {
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
        _ if bits.peek() >> 4 == 1 => (Mode::End, 12),
        _ => (Mode::None, 0),
    };
    bits.skip(length);
    mode
}

/// Takes a code of a run; nothing where there is none.
pub(super) fn run(bits: &mut Bits<'_>, colour: Colour) -> Option<Run> {
    let table = match colour {
        Colour::White => &*WHITE,
        Colour::Black => &*BLACK,
    };
    let place = bits.peek() >> (16 - LONGEST);
    let (length, pixels) = table.get(place as usize).copied().unwrap_or((0, 0));
    if length == 0 {
        return None;
    }
    bits.skip(length.into());
    Some(if pixels < 64 {
        Run::Last(pixels)
    } else {
        Run::More(pixels)
    })
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
