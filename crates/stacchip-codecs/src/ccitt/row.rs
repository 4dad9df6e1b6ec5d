//! A row of runs, and the row above it.

use super::{
    bits::Bits,
    codes::{Colour, Mode, Run, mode, run},
};

/// Why no more rows can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The data end.
    End,
    /// The code that ends a block came.
    Ended,
    /// A code that is none.
    NoCode,
    /// Runs of no pixels that do not end.
    Endless,
    /// Pixels that are not told by runs.
    Uncompressed,
}

/// The row that was read last, as runs of white and black by turns.
///
/// Rows that are too short or too long are made to fit as libtiff does, so that what is broken looks
/// as it does everywhere.
pub(super) struct Row {
    width: i32,
    runs: Vec<i32>,
    above: Vec<i32>,
    /// Pixels that are behind.
    at: i32,
    /// Pixels of the run that is being told.
    part: i32,
}

impl Row {
    /// A row of `width` pixels below a white one.
    pub(super) fn new(width: u32) -> Self {
        let width = i32::try_from(width).unwrap_or(i32::MAX);
        Self {
            width,
            runs: vec![width, 0],
            above: Vec::new(),
            at: 0,
            part: 0,
        }
    }

    /// Reads a row of runs. It is done where it is full or a code that ends lines comes.
    pub(super) fn one_dimensional(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        self.next();
        let done = self.horizontal_to_end(bits);
        self.fit();
        done
    }

    fn horizontal_to_end(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        loop {
            for colour in [Colour::White, Colour::Black] {
                if !self.tell(bits, colour)? || self.at >= self.width {
                    return Ok(());
                }
            }
            // Two runs of no pixels are as good as none.
            if let [.., 0, 0] = self.runs[..] {
                self.runs.truncate(self.runs.len().saturating_sub(2));
                if bits.ended() {
                    return Err(Halt::End);
                }
            }
        }
    }

    /// Reads a row told by how it differs from the one above. It may be the last: what is had of it
    /// then is there as well.
    pub(super) fn two_dimensional(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        self.next();
        let done = self.vertical_to_end(bits);
        self.fit();
        done
    }

    fn vertical_to_end(&mut self, bits: &mut Bits<'_>) -> Result<(), Halt> {
        let mut above = Above {
            runs: std::mem::take(&mut self.above),
            index: 0,
            at: 0,
        };
        above.step();
        let done = self.vertical_below(bits, &mut above);
        self.above = above.runs;
        done
    }

    fn vertical_below(&mut self, bits: &mut Bits<'_>, above: &mut Above) -> Result<(), Halt> {
        while self.at < self.width {
            if bits.ended() {
                return Err(Halt::End);
            }
            match mode(bits) {
                Mode::Pass => {
                    above.pass(self);
                    above.step();
                    self.part = self.part.saturating_add(above.at.saturating_sub(self.at));
                    self.at = above.at;
                    above.step();
                }
                Mode::Horizontal => {
                    let white = self.runs.len().is_multiple_of(2);
                    let colour = if white { Colour::White } else { Colour::Black };
                    if !self.tell(bits, colour)? || !self.tell(bits, colour.other())? {
                        return Err(halt(bits));
                    }
                    above.pass(self);
                }
                Mode::Vertical(by) => {
                    above.pass(self);
                    let to = above.at.saturating_add(by.into());
                    if by < 0 && to < self.at {
                        return Err(halt(bits));
                    }
                    self.set(to.saturating_sub(self.at))?;
                    if by < 0 {
                        above.back();
                    } else {
                        above.step();
                    }
                }
                Mode::Extension => return Err(Halt::Uncompressed),
                Mode::End => {
                    self.set(self.width.saturating_sub(self.at))?;
                    return Err(Halt::Ended);
                }
                Mode::None => return Err(halt(bits)),
            }
        }
        if self.part > 0 {
            // A pass that was not followed by what ends it.
            if self.part.saturating_add(self.at) < self.width && !bits.take_flag() {
                return Err(halt(bits));
            }
            self.set(0)?;
        }
        Ok(())
    }

    /// Reads the codes of a run; not, where the code that ends a line comes.
    fn tell(&mut self, bits: &mut Bits<'_>, colour: Colour) -> Result<bool, Halt> {
        loop {
            if bits.ended() {
                return Err(Halt::End);
            }
            match run(bits, colour) {
                Some(Run::Last(pixels)) => {
                    self.set(pixels.into())?;
                    return Ok(true);
                }
                Some(Run::More(pixels)) => {
                    self.at = self.at.saturating_add(pixels.into());
                    self.part = self.part.saturating_add(pixels.into());
                }
                None if bits.take_end_of_line() => return Ok(false),
                None => return Err(halt(bits)),
            }
        }
    }

    /// Ends the run that is being told, `pixels` further on.
    fn set(&mut self, pixels: i32) -> Result<(), Halt> {
        // No row needs more; runs of no pixels could be told without end.
        if self.runs.len() as u64 > 2 * u64::from(self.width.unsigned_abs()) + 64 {
            return Err(Halt::Endless);
        }
        self.runs.push(self.part.saturating_add(pixels));
        self.at = self.at.saturating_add(pixels);
        self.part = 0;
        Ok(())
    }

    /// What was read last goes above.
    fn next(&mut self) {
        std::mem::swap(&mut self.runs, &mut self.above);
        self.runs.clear();
        (self.at, self.part) = (0, 0);
    }

    /// Makes the runs as long as the row.
    fn fit(&mut self) {
        if self.part > 0 {
            self.runs.push(self.part);
            self.part = 0;
        }
        if self.at == self.width {
            return;
        }
        while self.at > self.width
            && let Some(run) = self.runs.pop()
        {
            self.at = self.at.saturating_sub(run);
        }
        if self.at < self.width {
            self.at = self.at.max(0);
            if !self.runs.len().is_multiple_of(2) {
                self.runs.push(0);
            }
            self.runs.push(self.width.saturating_sub(self.at));
        } else if self.at > self.width {
            self.runs.extend([self.width, 0]);
        }
        self.at = self.width;
    }

    /// Writes the row as bits, black ones.
    pub(super) fn paint(&self, out: &mut [u8]) {
        out.fill(0);
        let mut from = 0;
        for (index, &run) in self.runs.iter().enumerate() {
            let run = run.clamp(0, self.width.saturating_sub(from));
            let to = from.saturating_add(run);
            if index % 2 == 1 && run > 0 {
                black(out, from.unsigned_abs(), to.unsigned_abs());
            }
            from = to;
        }
    }
}

/// What the lack of a code means: where the longest would not fit, it is the end.
fn halt(bits: &Bits<'_>) -> Halt {
    if bits.left() < 16 {
        Halt::End
    } else {
        Halt::NoCode
    }
}

/// Sets the bits `from..to`, which are some.
fn black(out: &mut [u8], from: u32, to: u32) {
    let (first, last) = (from as usize / 8, (to as usize - 1) / 8);
    let head = 0xFF_u8 >> (from % 8);
    let tail = 0xFF_u8 << (7 - (to - 1) % 8);
    for (byte, out) in out.iter_mut().enumerate().take(last + 1).skip(first) {
        let head = if byte == first { head } else { 0xFF };
        let tail = if byte == last { tail } else { 0xFF };
        *out |= head & tail;
    }
}

/// The row above, and how far along it one is.
struct Above {
    runs: Vec<i32>,
    index: usize,
    /// Where the colour changes next: `b1`.
    at: i32,
}

impl Above {
    /// Goes to the next change.
    fn step(&mut self) {
        let run = self.runs.get(self.index).copied().unwrap_or(0);
        self.at = self.at.saturating_add(run);
        self.index = self.index.saturating_add(1);
    }

    /// Goes back to the one before.
    fn back(&mut self) {
        self.index = self.index.saturating_sub(1);
        let run = self.runs.get(self.index).copied().unwrap_or(0);
        self.at = self.at.saturating_sub(run);
    }

    /// Goes on by pairs, until the change is right of where `row` is.
    fn pass(&mut self, row: &Row) {
        if row.runs.is_empty() {
            return;
        }
        while self.at <= row.at && self.at < row.width && self.index < self.runs.len() {
            self.step();
            self.step();
        }
    }
}
