//! Files laid out as few are, and what reads them.

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

/// Where the pixels of the files here start.
const DATA: u32 = 512;
/// Columns and rows of the files here.
const SIDE: u32 = 64;

/// A scheme that compresses nothing, under the number of LZW.
#[derive(Debug)]
pub struct Plain;

impl TileDecoder for Plain {
    fn schemes(&self) -> &[Compression] {
        &[Compression::LZW]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        let held = source.get(..out.len()).ok_or(DecodeError::Corrupt {
            scheme: Compression::LZW,
            detail: "it ends early".to_owned(),
        })?;
        out.copy_from_slice(held);
        Ok(())
    }
}

/// One strip without a byte count: it goes on to the end of the file, as far as anybody knows.
pub fn guessed() -> Vec<u8> {
    let entries = [
        (256, 4, 1, SIDE),
        (257, 4, 1, SIDE),
        (258, 3, 1, 8),
        (259, 3, 1, 5),
        (262, 3, 1, 1),
        (273, 4, 1, DATA),
        (277, 3, 1, 1),
        (278, 4, 1, SIDE),
    ];
    tiff(&entries, 1)
}

/// A file of these entries, and `planes` planes of bytes, no two of them alike.
fn tiff(entries: &[(u16, u16, u32, u32)], planes: u32) -> Vec<u8> {
    let mut file = b"II\x2a\0\x08\0\0\0".to_vec();
    file.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.resize(DATA as usize, 0);
    let byte = |i: u32| i.wrapping_mul(2_654_435_761).to_le_bytes()[3];
    file.extend((0..planes * SIDE * SIDE).map(byte));
    file
}
