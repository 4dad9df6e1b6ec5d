//! `PackBits`: runs of bytes (TIFF 6.0, section 9).

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

use crate::refusal::truncated;

/// Decoder and encoder of compression 32773.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackBits;

impl TileDecoder for PackBits {
    fn schemes(&self) -> &[Compression] {
        &[Compression::PACKBITS]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let row = block.stored_row_bytes().filter(|_| block.row_by_row);
        let wanted = out.len();
        let mut source = source;
        let mut rest = out;
        while !rest.is_empty() {
            let early = truncated(block.compression, wanted, wanted - rest.len());
            let Some((&head, after)) = source.split_first() else {
                return Err(early);
            };
            source = after;
            // A run ends with its row, or with the block.
            let room = match row {
                Some(row) if row > 0 => row - (wanted - rest.len()) % row,
                _ => rest.len(),
            }
            .min(rest.len());
            // 128 does nothing; above it a byte is repeated, below it bytes follow as they are. A
            // run that reaches further is cut short, as libtiff does.
            let taken = match usize::from(head) {
                128 => continue,
                head @ 129.. => {
                    let length = (257 - head).min(room);
                    let Some((&value, after)) = source.split_first() else {
                        return Err(early);
                    };
                    source = after;
                    rest.iter_mut().take(length).for_each(|b| *b = value);
                    length
                }
                head => {
                    let length = (head + 1).min(room);
                    let Some((bytes, after)) = source.split_at_checked(length) else {
                        return Err(early);
                    };
                    source = after;
                    rest.iter_mut().zip(bytes).for_each(|(b, &v)| *b = v);
                    length
                }
            };
            rest = rest.get_mut(taken..).unwrap_or_default();
        }
        Ok(())
    }
}

impl TileEncoder for PackBits {
    fn scheme(&self) -> Compression {
        Compression::PACKBITS
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        block: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        // The specification keeps runs within rows.
        let row = block
            .stored_row_bytes()
            .filter(|&n| n > 0)
            .unwrap_or(source.len());
        for row in source.chunks(row.max(1)) {
            encode_row(row, out);
        }
        Ok(())
    }
}

fn encode_row(mut row: &[u8], out: &mut Vec<u8>) {
    let run = |bytes: &[u8]| {
        let first = bytes.first();
        bytes
            .iter()
            .take(LONGEST)
            .take_while(|&b| Some(b) == first)
            .count()
    };
    while !row.is_empty() {
        let length = run(row);
        if length >= 2 {
            // 257 - length, for a length of 2 to 128.
            out.push(u8::try_from(257 - length).unwrap_or(128));
            out.extend(row.first());
            row = row.get(length..).unwrap_or_default();
            continue;
        }
        // Bytes as they are, up to where a run of three begins: a run of two saves nothing.
        let mut length = 1;
        while length < LONGEST.min(row.len()) && row.get(length..).is_some_and(|rest| run(rest) < 3)
        {
            length += 1;
        }
        let (bytes, rest) = row.split_at(length);
        out.push(u8::try_from(length - 1).unwrap_or(127));
        out.extend_from_slice(bytes);
        row = rest;
    }
}

const LONGEST: usize = 128;
