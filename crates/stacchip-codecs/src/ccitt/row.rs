//! A row of runs, and the row above it.

use super::{
    bits::Bits,
    codes::{Colour, Mode, mode, run},
};

/// Why a row could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    End,
    NoCode,
    Uncompressed,
}

/// Where the colour changes, in the row that was read last.
///
/// A place with an even index changes from white to black, with an odd one back: `[0, 5]` are five
/// black pixels. Places do not decrease, and none is past the width.
pub(super) struct Row {
    width: u32,
    changes: Vec<u32>,
    above: Vec<u32>,
}

impl Row {
    /// An empty row of `width` pixels: white.
    pub(super) const fn new(width: u32) -> Self {
        Self {
            width,
            changes: Vec::new(),
            above: Vec::new(),
        }
    }

    /// Reads a row of runs. It is done where it is full or a code that ends lines comes.
    pub(super) fn one_dimensional(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        self.next();
        let (mut at, mut colour) = (0_u32, Colour::White);
        while at < self.width {
            if bits.ended() {
                return Err(Halt::End);
            }
            if bits.at_end_of_line() {
                // Within a row it makes the row short; before, no row is left.
                if at == 0 && self.changes.is_empty() {
                    return Err(Halt::End);
                }
                break;
            }
            let run = run(bits, colour).ok_or_else(|| halt(bits))?;
            at = at.saturating_add(run).min(self.width);
            self.change(at)?;
            colour = colour.other();
        }
        Ok(())
    }

    /// Reads a row told by how it differs from the one above.
    pub(super) fn two_dimensional(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        self.next();
        // Nothing at the start: then a change above the first pixel counts as well.
        let mut a0: Option<u32> = None;
        let mut colour = Colour::White;
        let mut index = 0;
        while a0.is_none_or(|a0| a0 < self.width) {
            if bits.ended() {
                return Err(Halt::End);
            }
            let mode = mode(bits).ok_or_else(|| halt(bits))?;
            if mode == Mode::Horizontal {
                let mut at = a0.unwrap_or(0);
                for colour in [colour, colour.other()] {
                    let run = run(bits, colour).ok_or_else(|| halt(bits))?;
                    at = at.saturating_add(run).min(self.width);
                    self.change(at)?;
                }
                a0 = Some(at);
                continue;
            }
            // b1: the first change above that is right of a0 and to the other colour.
            index = self.first_above(index, a0, colour);
            let b1 = self.place_above(index);
            match mode {
                Mode::Pass => a0 = Some(self.place_above(index + 1)),
                Mode::Vertical(by) => {
                    let a1 = b1
                        .checked_add_signed(by.into())
                        .filter(|&a1| a0.is_none_or(|a0| a1 >= a0))
                        .ok_or(Halt::NoCode)?
                        .min(self.width);
                    self.change(a1)?;
                    colour = colour.other();
                    a0 = Some(a1);
                }
                Mode::Extension => return Err(Halt::Uncompressed),
                Mode::Horizontal => {}
            }
        }
        Ok(())
    }

    /// Writes the row as bits, black ones.
    pub(super) fn paint(&self, out: &mut [u8]) {
        out.fill(0);
        for black in self.changes.chunks(2) {
            let &[from, ref to @ ..] = black else {
                continue;
            };
            let to = to.first().copied().unwrap_or(self.width);
            if from >= to {
                continue;
            }
            let (first, last) = (from as usize / 8, (to as usize - 1) / 8);
            let head = 0xFF_u8 >> (from % 8);
            let tail = 0xFF_u8 << (7 - (to - 1) % 8);
            for (byte, out) in out.iter_mut().enumerate().take(last + 1).skip(first) {
                let head = if byte == first { head } else { 0xFF };
                let tail = if byte == last { tail } else { 0xFF };
                *out |= head & tail;
            }
        }
    }

    /// What was read last goes above.
    fn next(&mut self) {
        std::mem::swap(&mut self.changes, &mut self.above);
        self.changes.clear();
    }

    fn change(&mut self, at: u32) -> Result<(), Halt> {
        // Runs of no pixels could be told without end; no row needs more than these.
        if self.changes.len() as u64 > 2 * u64::from(self.width) + 2 {
            return Err(Halt::NoCode);
        }
        self.changes.push(at);
        Ok(())
    }

    /// The index above of the first place right of `a0` that changes away from `colour`, looked for
    /// from about `near`.
    fn first_above(&self, near: usize, a0: Option<u32>, colour: Colour) -> usize {
        let right = |index: usize| a0.is_none_or(|a0| self.place_above(index) > a0);
        let mut index = near.min(self.above.len());
        while index > 0 && right(index - 1) {
            index -= 1;
        }
        while index < self.above.len() && !right(index) {
            index += 1;
        }
        index + usize::from(index.is_multiple_of(2) != (colour == Colour::White))
    }

    fn place_above(&self, index: usize) -> u32 {
        self.above.get(index).copied().unwrap_or(self.width)
    }
}

/// What the lack of a code means.
fn halt(bits: &Bits<'_>) -> Halt {
    // Zeros to the end, or the code that ends a block.
    if bits.ended() || bits.at_end_of_line() {
        Halt::End
    } else {
        Halt::NoCode
    }
}
