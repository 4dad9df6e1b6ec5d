//! The headers of an xz stream and its first block (The .xz File Format, sections 2.1.1 and 3.1).

use stacchip_cog::{Compression, DecodeError};

use crate::refusal::corrupt;

/// The first block of a stream.
pub(super) struct Block<'a> {
    /// Distance of the delta filter, if it is used: 1 to 256.
    pub(super) delta: Option<usize>,
    /// Bytes of the dictionary.
    pub(super) dictionary: u32,
    /// The LZMA2 data, and what follows it.
    pub(super) data: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads the headers at the start of `source`.
    pub(super) fn read(source: &'a [u8], scheme: Compression) -> Result<Self, DecodeError> {
        let broken = |what: &str| corrupt(scheme, what);
        let stream = source
            .strip_prefix(&MAGIC)
            .and_then(|rest| rest.get(STREAM_HEADER - MAGIC.len()..))
            .ok_or_else(|| broken("no stream header"))?;
        let (&size, _) = stream
            .split_first()
            .ok_or_else(|| broken("no block header"))?;
        let length = (usize::from(size) + 1) * 4;
        // Size zero is the index: a stream without blocks.
        let (header, data) = stream
            .split_at_checked(length)
            .filter(|_| size != 0)
            .ok_or_else(|| broken("no block header"))?;
        let mut fields = header.get(1..length - 4).unwrap_or_default();
        let flags = byte(&mut fields).ok_or_else(|| broken("no block flags"))?;
        for held in [0x40, 0x80] {
            if flags & held != 0 {
                number(&mut fields).ok_or_else(|| broken("no block size"))?;
            }
        }
        let (mut delta, mut dictionary) = (None, None);
        for _ in 0..=flags & 3 {
            let (id, length) = number(&mut fields)
                .zip(number(&mut fields))
                .ok_or_else(|| broken("no filter"))?;
            let properties = usize::try_from(length)
                .ok()
                .and_then(|length| fields.split_at_checked(length))
                .ok_or_else(|| broken("no filter properties"))?;
            fields = properties.1;
            match (id, properties.0) {
                (DELTA, &[distance]) if delta.is_none() && dictionary.is_none() => {
                    delta = Some(usize::from(distance) + 1);
                }
                (LZMA2, &[bits @ 0..=40]) if dictionary.is_none() => {
                    dictionary = Some(dictionary_bytes(bits));
                }
                _ => {
                    return Err(DecodeError::Unsupported {
                        scheme,
                        what: format!("filter {id:#x}"),
                    });
                }
            }
        }
        Ok(Self {
            delta,
            dictionary: dictionary.ok_or_else(|| broken("no LZMA2 filter"))?,
            data,
        })
    }
}

/// Section 5.3.1: 2 or 3 times a power of two, and one less than all for 40.
const fn dictionary_bytes(bits: u8) -> u32 {
    if bits >= 40 {
        u32::MAX
    } else {
        (2 | (bits as u32 & 1)) << (bits / 2 + 11)
    }
}

fn byte(fields: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = fields.split_first()?;
    *fields = rest;
    Some(byte)
}

/// Section 1.2: seven bits a byte, the lowest first, up to nine bytes.
fn number(fields: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..9 {
        let byte = byte(fields)?;
        number |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

const MAGIC: [u8; 6] = [0xFD, b'7', b'z', b'X', b'Z', 0];
/// Magic, two bytes of flags, four of checksum.
const STREAM_HEADER: usize = 12;
const DELTA: u64 = 0x03;
const LZMA2: u64 = 0x21;
