//! `NeXT`: runs of 2-bit grey.

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

use crate::refusal::{corrupt, truncated};

/// Decoder of compression 32766, as libtiff's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Next;

impl TileDecoder for Next {
    fn schemes(&self) -> &[Compression] {
        &[Compression::NEXT]
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
        let scheme = block.compression;
        if block.bits != 2 || block.samples != 1 {
            return Err(DecodeError::Unsupported {
                scheme,
                what: format!("{} samples of {} bits", block.samples, block.bits),
            });
        }
        let row_bytes = block
            .stored_row_bytes()
            .filter(|&n| n > 0)
            .ok_or_else(|| corrupt(scheme, "rows without pixels"))?;
        let wanted = out.len();
        let mut source = source;
        let mut row = Vec::new();
        for (at, out) in out.chunks_mut(row_bytes).enumerate() {
            row.clear();
            row.resize(row_bytes, WHITE);
            fill_row(&mut source, block.width, &mut row)
                .ok_or_else(|| truncated(scheme, wanted, at.saturating_mul(row_bytes)))?;
            out.iter_mut().zip(&row).for_each(|(o, &r)| *o = r);
        }
        Ok(())
    }
}

/// Fills `row`, which is white; nothing where `source` ends or tells more than a row.
fn fill_row(source: &mut &[u8], width: u32, row: &mut [u8]) -> Option<()> {
    match take(source)? {
        LITERAL_ROW => {
            let (bytes, rest) = source.split_at_checked(row.len())?;
            row.copy_from_slice(bytes);
            *source = rest;
        }
        LITERAL_SPAN => {
            let (&[o0, o1, n0, n1], rest) = source.split_first_chunk::<4>()?;
            let start = usize::from(u16::from_be_bytes([o0, o1]));
            let length = usize::from(u16::from_be_bytes([n0, n1]));
            let (bytes, rest) = rest.split_at_checked(length)?;
            row.get_mut(start..start + length)?.copy_from_slice(bytes);
            *source = rest;
        }
        mut code => {
            let mut at = 0;
            loop {
                let grey = code >> 6;
                for _ in 0..code & 0x3F {
                    if at >= width {
                        break;
                    }
                    let shift = 6 - 2 * (at % 4);
                    let byte = row.get_mut(at as usize / 4)?;
                    *byte = *byte & !(0b11 << shift) | grey << shift;
                    at += 1;
                }
                if at >= width {
                    // What is left of the last byte is zero.
                    if let Some(last) = row.last_mut().filter(|_| !at.is_multiple_of(4)) {
                        *last &= 0xFF << (8 - 2 * (at % 4));
                    }
                    break;
                }
                code = take(source)?;
            }
        }
    }
    Some(())
}

fn take(source: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = source.split_first()?;
    *source = rest;
    Some(byte)
}

const WHITE: u8 = 0xFF;
const LITERAL_ROW: u8 = 0x00;
const LITERAL_SPAN: u8 = 0x40;
