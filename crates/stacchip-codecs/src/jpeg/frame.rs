//! The header of a frame, looked at before anything is allocated.

use stacchip_cog::{BlockContext, Compression, DecodeError};

use super::{
    YCBCR,
    stream::{EOI, SOS, Segment, segments},
};
use crate::refusal::{corrupt, truncated};

/// What a frame says of itself (T.81, B.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: usize,
    /// Bits of a sample.
    pub(super) precision: u8,
    /// Of each component: name, factors across and down as nibbles, quantization table.
    pub(super) parts: Vec<[u8; 3]>,
    /// Whether each coefficient comes once, and not in the passes of a progressive frame.
    pub(super) sequential: bool,
    /// Whether the stream has its end marker.
    pub(super) ended: bool,
}

impl Frame {
    /// Reads a frame header.
    pub(super) fn of(header: &Segment<'_>) -> Option<Self> {
        let &[
            precision,
            h0,
            h1,
            w0,
            w1,
            components,
            ref of_components @ ..,
        ] = header.body
        else {
            return None;
        };
        let parts: Vec<_> = of_components
            .chunks_exact(3)
            .take(components.into())
            .filter_map(|part| part.first_chunk::<3>().copied())
            .collect();
        (parts.len() == usize::from(components)).then(|| Self {
            width: u16::from_be_bytes([w0, w1]).into(),
            height: u16::from_be_bytes([h0, h1]).into(),
            components: components.into(),
            precision,
            parts,
            sequential: header.code != 0xC2,
            ended: false,
        })
    }

    /// Reads the header of the frame in `source`.
    pub(super) fn read(source: &[u8], scheme: Compression) -> Result<Self, DecodeError> {
        let broken = || corrupt(scheme, "no frame header where one must be");
        let mut frame = None;
        for segment in segments(source).ok_or_else(|| corrupt(scheme, "no start marker"))? {
            let segment = segment.ok_or_else(broken)?;
            match segment.code {
                // Lossy, Huffman coded: baseline, extended and progressive.
                0xC0..=0xC2 => {
                    if frame.is_some() {
                        return Err(broken());
                    }
                    frame = Some(Self::of(&segment).ok_or_else(broken)?);
                }
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(DecodeError::Unsupported {
                        scheme,
                        what: format!("a frame of kind {}", segment.code & 0xF),
                    });
                }
                SOS => {
                    let mut frame = frame.ok_or_else(broken)?;
                    // Each pass of a progressive frame goes over all of the picture and may take a
                    // few bytes; encoders make about ten.
                    let passes = if frame.sequential {
                        0
                    } else {
                        let later = segment.rest.windows(2).filter(|w| *w == [0xFF, SOS]);
                        later.take(PASSES + 1).count()
                    };
                    if passes > PASSES {
                        return Err(corrupt(
                            scheme,
                            format_args!("a progressive frame of more than {PASSES} passes"),
                        ));
                    }
                    frame.ended = segment.rest.windows(2).rev().any(|w| w == [0xFF, EOI]);
                    return Ok(frame);
                }
                _ => {}
            }
        }
        Err(broken())
    }

    /// Checks the frame against its block, whose pixels take `wanted` bytes.
    pub(super) fn check(&self, block: &BlockContext<'_>, wanted: usize) -> Result<(), DecodeError> {
        let scheme = block.compression;
        let unsupported = |what: String| Err(DecodeError::Unsupported { scheme, what });
        // Whatever passes there are make a picture, if a blurred one: only the end marker tells that
        // none is missing. Of a sequential frame the codes are counted.
        if !self.sequential && !self.ended {
            return Err(truncated(scheme, wanted, 0));
        }
        if u16::from(self.precision) != block.bits {
            return Err(corrupt(
                scheme,
                format_args!("{} bits in a file of {}", self.precision, block.bits),
            ));
        }
        if !matches!(self.precision, 8 | 12) {
            return unsupported(format!("a sample of {} bits", self.precision));
        }
        if self.components != usize::from(block.samples) {
            return Err(corrupt(
                scheme,
                format_args!(
                    "{} components for {} samples",
                    self.components, block.samples
                ),
            ));
        }
        if block.photometric == YCBCR && !matches!(self.components, 1 | 3) {
            return unsupported(format!("YCbCr of {} components", self.components));
        }
        // Only YCbCr is sampled at more than one rate, and there only luma at the higher one.
        let first = usize::from(block.photometric == YCBCR && self.components == 3);
        if self.components > 1 && self.parts.iter().skip(first).any(|&[_, s, _]| s != 0x11) {
            return Err(corrupt(
                scheme,
                "the components are sampled at rates that TIFF has not",
            ));
        }
        let (width, height) = (block.width as usize, block.height as usize);
        if self.width == 0 || self.height == 0 {
            return Err(corrupt(scheme, "a frame without pixels"));
        }
        if self.width > width || (self.height > height && self.width != width) {
            return Err(corrupt(
                scheme,
                format_args!(
                    "a frame of {} x {} in a block of {width} x {height}",
                    self.width, self.height
                ),
            ));
        }
        // What is cut away below is decoded first; a last strip may be one row of many.
        if self.bytes() > wanted.saturating_mul(SWOLLEN).saturating_add(SPARE) {
            return Err(corrupt(
                scheme,
                format_args!("a frame of {} rows in a block of {height}", self.height),
            ));
        }
        Ok(())
    }

    /// Bytes of a pixel.
    pub(super) const fn pixel_bytes(&self) -> usize {
        self.components * if self.precision > 8 { 2 } else { 1 }
    }

    /// Bytes of its pixels.
    pub(super) const fn bytes(&self) -> usize {
        // At most 2^16 * 2^16 * 2^8.
        self.width
            .saturating_mul(self.height)
            .saturating_mul(self.pixel_bytes())
    }
}

/// Passes of a progressive frame after the first; the pure decoder takes as many.
const PASSES: usize = 100;
/// How many times larger than its block a frame may be, and how much on top.
const SWOLLEN: usize = 16;
const SPARE: usize = 4 << 20;
