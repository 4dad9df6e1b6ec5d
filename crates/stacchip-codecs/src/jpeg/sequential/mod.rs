//! Sequential streams that the libraries at hand do not undo: of 12 bits, and of 8 bits where they
//! stumble over what is harmless. And whether the data of a stream are whole.
//!
//! Step by step what libjpeg does with its slow-but-accurate integer transform and its smooth
//! upsampling, so that samples are the same.

mod coefficients;
mod colour;
mod huffman;
mod planes;
mod transform;

use stacchip_cog::{Compression, DecodeError};

use self::colour::interleave;
pub(super) use self::planes::Planes;
use super::{
    frame::Frame,
    stream::{Colour, SOI, SOS, Segment, segments_from},
};
use crate::refusal::{corrupt, truncated};

/// Fills `out`, which is as large as the frame, with samples of 8 bits, or of 16 in native order.
pub(super) fn fill(
    stream: &[u8],
    frame: &Frame,
    colour: Colour,
    scheme: Compression,
    out: &mut [u8],
) -> Result<(), DecodeError> {
    if !frame.sequential {
        return Err(DecodeError::Unsupported {
            scheme,
            what: format!("a progressive frame of {} bits", frame.precision),
        });
    }
    let planes = planes(stream, frame, scheme, out.len(), true)?;
    let full: Vec<_> = (0..frame.components)
        .map(|component| planes.full(component))
        .collect();
    interleave(&full, frame.precision, colour, out);
    Ok(())
}

/// The samples of each component of a sequential frame, whose pixels take `wanted` bytes; where they
/// are not `held`, the codes are only looked at.
pub(super) fn planes(
    stream: &[u8],
    frame: &Frame,
    scheme: Compression,
    wanted: usize,
    held: bool,
) -> Result<Planes, DecodeError> {
    let broken = |what: &str| corrupt(scheme, what);
    let mut tables = Tables::default();
    let mut planes =
        Planes::of(frame, held).ok_or_else(|| broken("components that cannot be counted"))?;
    let mut rest = stream;
    // Each scan may be followed by tables and another scan.
    let mut seen = 0;
    while seen < frame.components {
        let scan = tables
            .read_to_scan(rest)
            .ok_or_else(|| broken("tables or scan header"))?;
        let (components, data) = planes
            .scan(&scan)
            .ok_or_else(|| broken("a scan of components that the frame has not"))?;
        seen += components.len();
        rest = planes
            .undo(&components, &tables, data)
            .map_err(|stop| match stop {
                Stop::End => truncated(scheme, wanted, 0),
                Stop::NoCode => broken("a code that is none"),
                Stop::NoTable => broken("a table that was not given"),
            })?;
    }
    Ok(planes)
}

/// Why a scan could not be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    NoCode,
    NoTable,
}

/// What segments before a scan set.
#[derive(Debug, Default)]
struct Tables {
    /// Quantization (T.81, B.2.4.1), in the order of zigzag.
    quantization: [Option<[i64; 64]>; 4],
    /// Huffman codes of the first coefficient and of the others (B.2.4.2).
    dc: [Option<huffman::Table>; 4],
    ac: [Option<huffman::Table>; 4],
    /// Units between restart markers (B.2.4.4); 0 is never.
    restart: usize,
}

impl Tables {
    /// Reads the segments at the start of `stream`, which may begin with a start marker or in the
    /// midst, up to its scan header.
    fn read_to_scan<'a>(&mut self, stream: &'a [u8]) -> Option<Segment<'a>> {
        let at = stream.strip_prefix(&[0xFF, SOI]).unwrap_or(stream);
        for segment in segments_from(at) {
            let segment = segment?;
            match segment.code {
                0xDB => self.quantization(segment.body)?,
                0xC4 => self.codes(segment.body)?,
                0xDD => {
                    let (units, _) = segment.body.split_first_chunk::<2>()?;
                    self.restart = u16::from_be_bytes(*units).into();
                }
                SOS => return Some(segment),
                _ => {}
            }
        }
        None
    }

    fn quantization(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let wide = head >> 4 != 0;
            let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
            let mut table = [0; 64];
            for (place, value) in table.iter_mut().enumerate() {
                *value = if wide {
                    let &[high, low] = values.get(2 * place..2 * place + 2)? else {
                        return None;
                    };
                    u16::from_be_bytes([high, low]).into()
                } else {
                    i64::from(*values.get(place)?)
                };
            }
            *self.quantization.get_mut(usize::from(head & 0xF))? = Some(table);
            body = rest;
        }
        Some(())
    }

    fn codes(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&n| usize::from(n)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let table = huffman::Table::new(counts, symbols);
            let of = if head >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            *of.get_mut(usize::from(head & 0xF))? = Some(table);
            body = rest;
        }
        Some(())
    }
}
