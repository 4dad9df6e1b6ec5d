//! The headers of a picture, looked at before anything is allocated (RFC 9649, section 2).

use stacchip_cog::{Compression, DecodeError};

use crate::refusal::corrupt;

/// What a file says of its one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alpha: bool,
}

impl Picture {
    /// Reads the headers of `source`. All headers must tell the same size.
    pub(super) fn read(source: &[u8], scheme: Compression) -> Result<Self, DecodeError> {
        let broken = |what: &str| corrupt(scheme, what);
        let [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            chunks @ ..,
        ] = source
        else {
            return Err(broken("no RIFF header"));
        };
        let mut chunks = chunks;
        let mut canvas: Option<Self> = None;
        while let Some((code, body, rest)) = chunk(chunks) {
            let picture = match code {
                b"VP8 " => lossy(body).ok_or_else(|| broken("no VP8 frame header"))?,
                b"VP8L" => lossless(body).ok_or_else(|| broken("no VP8L header"))?,
                b"VP8X" if canvas.is_none() => {
                    let header = extended(body).ok_or_else(|| broken("no VP8X header"))?;
                    if body.first().is_some_and(|flags| flags & ANIMATION != 0) {
                        return Err(DecodeError::Unsupported {
                            scheme,
                            what: "an animation".into(),
                        });
                    }
                    canvas = Some(header);
                    chunks = rest;
                    continue;
                }
                b"ANIM" | b"ANMF" => return Err(broken("an animation without saying so")),
                _ => {
                    chunks = rest;
                    continue;
                }
            };
            return match canvas {
                None => Ok(picture),
                Some(canvas)
                    if (canvas.width, canvas.height) == (picture.width, picture.height) =>
                {
                    Ok(canvas)
                }
                Some(_) => Err(broken("a picture of another size than its canvas")),
            };
        }
        Err(broken("no picture"))
    }
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8], &'a [u8]);

fn chunk(bytes: &[u8]) -> Option<Chunk<'_>> {
    let (code, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length).unwrap_or(rest);
    let rest = length
        .checked_add(length & 1)
        .and_then(|padded| rest.get(padded..))
        .unwrap_or_default();
    Some((code, body, rest))
}

/// RFC 6386, section 9.1.
fn lossy(body: &[u8]) -> Option<Picture> {
    let &[_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = body else {
        return None;
    };
    Some(Picture {
        width: u32::from(u16::from_le_bytes([w0, w1]) & 0x3FFF),
        height: u32::from(u16::from_le_bytes([h0, h1]) & 0x3FFF),
        alpha: false,
    })
}

/// RFC 9649, section 3.4.
fn lossless(body: &[u8]) -> Option<Picture> {
    let &[0x2F, a, b, c, d, ..] = body else {
        return None;
    };
    let header = u32::from_le_bytes([a, b, c, d]);
    Some(Picture {
        width: (header & 0x3FFF) + 1,
        height: (header >> 14 & 0x3FFF) + 1,
        alpha: header >> 28 & 1 != 0,
    })
}

/// RFC 9649, section 2.7.
fn extended(body: &[u8]) -> Option<Picture> {
    let &[flags, _, _, _, w0, w1, w2, h0, h1, h2, ..] = body else {
        return None;
    };
    Some(Picture {
        width: u32::from_le_bytes([w0, w1, w2, 0]) + 1,
        height: u32::from_le_bytes([h0, h1, h2, 0]) + 1,
        alpha: flags & ALPHA != 0,
    })
}

const ANIMATION: u8 = 0x02;
const ALPHA: u8 = 0x10;
