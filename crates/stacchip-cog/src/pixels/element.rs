//! What a row of a block is made of.

use stacchip_model::SampleType;

use super::{float, horizontal, split, unpack};
use crate::{
    BlockContext, BlockError, DecodedOrder, Level, Planar, Predictor, SampleFormat, render::Groups,
};

/// How the decompressed bytes of a block become numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Bytes of a row as decompressed.
    pub(crate) row_bytes: usize,
    /// Samples side by side.
    pub(crate) samples: usize,
    /// What a number of a line is.
    pub(crate) element: Element,
    width: usize,
    predictor: Predictor,
    /// Whether the bytes of a number are turned round as against this machine's.
    swap: bool,
    /// Bits to unpack of packed samples; 0 where samples are whole bytes.
    packed: u32,
    /// How lumas and colour differences lie, where they do not lie side by side.
    pub(crate) groups: Option<Groups>,
}

/// A number as it stands in a line: native byte order, or three bytes least significant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// As wanted in memory; this many bytes.
    Plain(usize),
    /// One bit: 0 or 1 in a byte, wanted as 0 or 255.
    Flag,
    /// 24-bit float.
    Float24,
    /// 24-bit whole number.
    Int24,
    /// Two `i16`.
    ComplexI16,
    /// Two `i32`.
    ComplexI32,
    /// Two `f32`.
    ComplexF32,
    /// Two binary16.
    ComplexF16,
}

impl Element {
    /// Bytes of one in a line.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Plain(n) => n,
            Self::Flag => 1,
            Self::Float24 | Self::Int24 => 3,
            Self::ComplexI16 | Self::ComplexF16 => 4,
            Self::ComplexI32 | Self::ComplexF32 => 8,
        }
    }
}

impl Layout {
    /// The layout of the blocks of `level`, as `block` says and decompressed to `order`.
    pub(crate) fn new(
        level: &Level,
        block: &BlockContext<'_>,
        order: DecodedOrder,
    ) -> Result<Self, BlockError> {
        let unsupported = |what: String| BlockError::Unsupported { what };
        let too_wide = || unsupported("a row that cannot be counted in bytes".into());
        let samples = usize::from(block.samples);
        let width = block.width as usize;
        let bits = block.bits;
        let wanted = level.sample.bytes();
        if order == DecodedOrder::Pixels {
            let stored = block.pixel_sample_bytes();
            let element = match (level.promote, level.sample) {
                (true, _) => Element::Flag,
                _ if stored == wanted => Element::Plain(wanted),
                (_, SampleType::C64) if stored == 4 => complex(block.format),
                _ => {
                    return Err(unsupported(format!(
                        "{bits}-bit {:?} samples in {}",
                        block.format, block.compression
                    )));
                }
            };
            return Ok(Self {
                row_bytes: width
                    .checked_mul(samples)
                    .and_then(|n| n.checked_mul(stored))
                    .ok_or_else(too_wide)?,
                samples,
                element,
                width,
                predictor: Predictor::None,
                swap: false,
                packed: 0,
                groups: None,
            });
        }
        let predictor = level.encoding.predictor;
        let chunky = level.encoding.planar == Planar::Chunky;
        // Such samples come in groups of several lumas to one pair of chromas.
        let groups = match &level.encoding.rendering {
            Some(rendering) => rendering.groups(width, block.height as usize),
            None if block.photometric == YCBCR
                && (bits <= 8 || chunky && block.subsampling != (1, 1)) =>
            {
                let (h, v) = block.subsampling;
                return Err(unsupported(format!(
                    "YCbCr of {bits} bits, {} samples in a block and chroma sampled {h} x {v} in {}",
                    block.samples, block.compression
                )));
            }
            None => None,
        };
        let element = element(level, block);
        let whole = matches!(bits, 8 | 16 | 24 | 32 | 64 | 128);
        match predictor {
            Predictor::None => {}
            Predictor::Horizontal if matches!(bits, 8 | 16 | 32 | 64) => {}
            Predictor::Float
                if block.format == SampleFormat::Float && matches!(bits, 16 | 24 | 32 | 64) => {}
            other => {
                return Err(unsupported(format!(
                    "predictor {other:?} of {bits}-bit {:?} samples",
                    block.format
                )));
            }
        }
        Ok(Self {
            row_bytes: block.stored_row_bytes().ok_or_else(too_wide)?,
            samples,
            element,
            width,
            predictor,
            // GDAL takes 24-bit whole numbers the wrong way round, whichever way that is.
            swap: if element == Element::Int24 {
                !block.big_endian
            } else if element == Element::Float24 {
                block.big_endian
            } else {
                block.big_endian != cfg!(target_endian = "big")
            },
            packed: if whole { 0 } else { u32::from(bits) },
            groups,
        })
    }

    /// The layout of pixels that were rendered: bytes, `samples` of them side by side.
    pub(crate) const fn rendered(width: usize, samples: usize) -> Self {
        Self {
            row_bytes: width.saturating_mul(samples),
            samples,
            element: Element::Plain(1),
            width,
            predictor: Predictor::None,
            swap: false,
            packed: 0,
            groups: None,
        }
    }

    /// Bytes of `rows` rows, or of a whole block where its samples lie in groups.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        match self.groups {
            Some(groups) => groups.stored_bytes(),
            None => self.row_bytes.saturating_mul(rows),
        }
    }

    /// Undoes the predictor of a block of groups; such blocks are not read by rows of pixels.
    pub(crate) fn undo_groups(&self, groups: Groups, bytes: &mut [u8]) {
        if self.predictor == Predictor::Horizontal {
            for line in bytes.chunks_mut(groups.line_bytes().max(1)) {
                horizontal::accumulate_bytes(line, self.samples);
            }
        }
    }

    /// Whether a line can be written where it is wanted as it is.
    pub(crate) fn is_direct(&self) -> bool {
        self.samples == 1 && matches!(self.element, Element::Plain(_) | Element::ComplexF32)
    }

    /// Whether rows become what is wanted where they lie: nothing is to be done, or
    /// [`sum`](Self::sum).
    pub(crate) fn is_in_place(&self) -> bool {
        let turned = self.swap && self.element.bytes() > 1;
        self.is_direct()
            && self.packed == 0
            && match self.predictor {
                Predictor::None => !turned,
                Predictor::Horizontal => matches!(self.element, Element::Plain(1 | 2 | 4 | 8)),
                _ => false,
            }
    }

    /// Undoes the predictor of rows that are [made where they lie](Self::is_in_place).
    pub(crate) fn sum(&self, rows: &mut [u8]) {
        if self.is_summed() {
            for row in rows.chunks_exact_mut(self.row_bytes.max(1)) {
                horizontal::undo_in_place(row, self.element.bytes(), self.swap);
            }
        }
    }

    /// The layout of rows that were [summed](Self::sum).
    pub(crate) const fn summed(self) -> Self {
        Self {
            predictor: Predictor::None,
            swap: false,
            ..self
        }
    }

    /// Whether [`band`](Self::band) undoes such rows: whole numbers of bytes, side by side.
    pub(crate) fn is_split(&self) -> bool {
        self.samples > 1
            && self.packed == 0
            && matches!(self.element, Element::Plain(1 | 2 | 4 | 8))
            && matches!(self.predictor, Predictor::None | Predictor::Horizontal)
    }

    /// Whether rows are pixels of three bytes, as pictures are: sorted first, then summed.
    pub(crate) fn is_three_bytes(&self) -> bool {
        self.samples == 3 && self.is_split() && self.element.bytes() == 1
    }

    /// Whether rows are differences of neighbours, which must be summed from the start.
    pub(crate) fn is_summed(&self) -> bool {
        self.predictor == Predictor::Horizontal
    }

    /// Makes bytes of the pixels from `first` on, as many as `out` takes, of one sample of a row of
    /// [three bytes](Self::is_three_bytes) that was sorted from its start.
    pub(crate) fn sorted(&self, plane: &[u8], first: usize, out: &mut [u8]) {
        if self.is_summed() {
            horizontal::undo(plane, first, out, 1, 1, false);
        } else if let Some(part) = plane.get(first..first.saturating_add(out.len())) {
            out.copy_from_slice(part);
        }
    }

    /// Makes numbers of one sample of the pixels of the row `source` from pixel `first` on, as many
    /// as `out` takes.
    pub(crate) fn band(&self, source: &[u8], first: usize, band: usize, out: &mut [u8]) {
        let split = split::Split {
            samples: self.samples,
            band,
            swap: self.swap,
            summed: self.predictor == Predictor::Horizontal,
        };
        match self.element.bytes() {
            1 => split.undo::<u8, 1>(source, first, out),
            2 => split.undo::<u16, 2>(source, first, out),
            4 => split.undo::<u32, 4>(source, first, out),
            8 => split.undo::<u64, 8>(source, first, out),
            _ => {}
        }
    }

    /// Makes numbers of the pixels `first..first + count` of the row `source`: fills `line`, which
    /// is as long as they are. `scratch` is as long as the row where the predictor is of floats.
    pub(crate) fn line(
        &self,
        source: &[u8],
        first: usize,
        count: usize,
        line: &mut [u8],
        scratch: &mut Vec<u8>,
    ) {
        let bytes = self.element.bytes();
        let start = first.saturating_mul(self.samples);
        let numbers = count.saturating_mul(self.samples);
        if self.packed > 0 {
            let pixel = unpack::Bits {
                bits: self.packed,
                bytes,
            };
            pixel.unpack(source, start, line);
            return;
        }
        let from = start.saturating_mul(bytes);
        let to = from.saturating_add(numbers.saturating_mul(bytes));
        match self.predictor {
            Predictor::None | Predictor::Other(_) => {
                let Some(part) = source.get(from..to) else {
                    return;
                };
                if !self.swap || bytes == 1 {
                    line.copy_from_slice(part);
                } else {
                    swapped(part, line, self.swap_unit());
                }
            }
            Predictor::Horizontal => {
                let Some(part) = source.get(..to) else {
                    return;
                };
                horizontal::undo(part, from, line, bytes, self.samples, self.swap);
            }
            Predictor::Float => {
                let row = float::Row {
                    bytes,
                    samples: self.samples,
                    numbers: self.width.saturating_mul(self.samples),
                };
                row.undo(source, start, line, scratch);
            }
        }
    }

    /// Bytes that are turned round together.
    fn swap_unit(&self) -> usize {
        match self.element {
            Element::ComplexI16 | Element::ComplexF16 => 2,
            Element::ComplexI32 | Element::ComplexF32 => 4,
            Element::Plain(16) => 8,
            Element::Plain(n) => n,
            Element::Flag => 1,
            Element::Float24 | Element::Int24 => 3,
        }
    }
}

/// `PhotometricInterpretation` (262): TIFF 6.0, section 21.
const YCBCR: u16 = 6;

fn complex(format: SampleFormat) -> Element {
    if format == SampleFormat::ComplexInt {
        Element::ComplexI16
    } else {
        Element::ComplexF16
    }
}

fn element(level: &Level, block: &BlockContext<'_>) -> Element {
    match (block.bits, block.format) {
        (1, _) if level.promote => Element::Flag,
        (24, SampleFormat::Float) => Element::Float24,
        (24, _) => Element::Int24,
        (32, SampleFormat::ComplexInt | SampleFormat::ComplexFloat) => complex(block.format),
        (64, SampleFormat::ComplexInt) => Element::ComplexI32,
        (64, SampleFormat::ComplexFloat) => Element::ComplexF32,
        _ => Element::Plain(level.sample.bytes()),
    }
}

/// Copies `source` to `out`, each `unit` bytes turned round.
fn swapped(source: &[u8], out: &mut [u8], unit: usize) {
    match unit {
        2 => turn::<2>(source, out),
        3 => turn::<3>(source, out),
        4 => turn::<4>(source, out),
        8 => turn::<8>(source, out),
        _ => out.copy_from_slice(source),
    }
}

fn turn<const N: usize>(source: &[u8], out: &mut [u8]) {
    for (o, s) in out
        .as_chunks_mut::<N>()
        .0
        .iter_mut()
        .zip(source.as_chunks::<N>().0)
    {
        *o = *s;
        o.reverse();
    }
}
