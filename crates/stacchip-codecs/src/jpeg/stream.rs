//! Markers, and one stream out of the shared tables and a block's own.

use super::{frame::Frame, standard};

/// What is to be done about colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// Samples as they are in the stream.
    AsStored,
    /// Luma and colour differences are made RGB.
    YcbcrToRgb,
}

/// A marker with its segment: the code, and what follows the length.
pub(super) struct Segment<'a> {
    pub(super) code: u8,
    pub(super) body: &'a [u8],
    /// The bytes with marker and length.
    pub(super) bytes: &'a [u8],
    /// What follows.
    pub(super) rest: &'a [u8],
}

/// The segments of a stream up to where entropy-coded data begins or the stream ends. Nothing where
/// the markers do not follow each other.
pub(super) fn segments(stream: &[u8]) -> Option<impl Iterator<Item = Option<Segment<'_>>>> {
    stream.strip_prefix(&[0xFF, SOI]).map(segments_from)
}

/// The same from the midst of a stream, at a marker.
pub(super) fn segments_from(at: &[u8]) -> impl Iterator<Item = Option<Segment<'_>>> {
    let mut rest = Some(at);
    std::iter::from_fn(move || {
        let at = rest.take()?;
        match segment(at) {
            Some(segment) => {
                if !matches!(segment.code, SOS | EOI) && !segment.rest.is_empty() {
                    rest = Some(segment.rest);
                }
                Some(Some(segment))
            }
            None => Some(None),
        }
    })
}

fn segment(mut at: &[u8]) -> Option<Segment<'_>> {
    // Any number of 0xFF may come before a marker's code (T.81, B.1.1.2).
    while let [0xFF, 0xFF, ..] = at {
        at = at.get(1..)?;
    }
    let [0xFF, code, after @ ..] = at else {
        return None;
    };
    let body = match *code {
        0 | 1 | SOI | 0xD0..=0xD7 => return None,
        EOI => after.get(..0)?,
        _ => {
            let (length, body) = after.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
            body.get(..length)?
        }
    };
    let length = if *code == EOI { 2 } else { 4 + body.len() };
    Some(Segment {
        code: *code,
        body,
        bytes: at.get(..length)?,
        rest: at.get(length..)?,
    })
}

/// Appends the stream that decoders who know nothing of TIFF read: tables and block in one, and one
/// statement of what the colours are, so that none has to guess.
pub(super) fn whole_stream(
    tables: Option<&[u8]>,
    block: &[u8],
    colour: Colour,
    frame: &Frame,
    out: &mut Vec<u8>,
) -> Option<()> {
    out.extend_from_slice(&[0xFF, SOI]);
    // Of the transforms that Adobe's marker tells, 0 is none and 1 is YCbCr.
    let transform = u8::from(colour == Colour::YcbcrToRgb);
    if matches!(frame.components, 3 | 4) {
        out.extend_from_slice(&[0xFF, APP14, 0, 14]);
        out.extend_from_slice(b"Adobe\0\x64\0\0\0\0");
        out.push(transform);
    }
    let tables = tables.filter(|tables| !tables.is_empty());
    let tells_codes = tables
        .into_iter()
        .chain([block])
        .filter_map(segments)
        .flatten()
        .flatten()
        .any(|segment| segment.code == DHT);
    if !tells_codes {
        // Not every decoder knows them; libjpeg does.
        out.extend_from_slice(&standard::CODES);
    }
    for (stream, is_block) in tables
        .map(|t| (t, false))
        .into_iter()
        .chain([(block, true)])
    {
        for segment in segments(stream)? {
            let segment = segment?;
            match segment.code {
                // Said above, or nothing to do with pixels.
                APP0..=APP15 | COM | EOI => {}
                SOS if is_block => {
                    out.extend_from_slice(segment.bytes);
                    out.extend_from_slice(segment.rest);
                    if !frame.ended {
                        out.extend_from_slice(&[0xFF, EOI]);
                    }
                    return Some(());
                }
                DQT | DHT | DRI => out.extend_from_slice(segment.bytes),
                _ if is_block => out.extend_from_slice(segment.bytes),
                _ => return None,
            }
        }
    }
    None
}

pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
const DQT: u8 = 0xDB;
const DHT: u8 = 0xC4;
const DRI: u8 = 0xDD;
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;
