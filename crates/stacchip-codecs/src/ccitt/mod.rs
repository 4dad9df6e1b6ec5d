//! Facsimile: CCITT modified Huffman, T.4 and T.6 (TIFF 6.0, sections 10 and 11).

mod bits;
mod codes;
mod row;

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

use self::{
    bits::Bits,
    row::{Halt, Row},
};
use crate::refusal::{corrupt, truncated};

/// Decoder of compressions 2, 3, 4 and 32771.
///
/// Runs called white are bits 0 and runs called black bits 1, whatever the file's photometric
/// interpretation: as libtiff stores them. A row whose runs are too short or too long is made to
/// fit, as libtiff does; a code that is none, or data that end before the block does, are errors,
/// where libtiff goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ccitt;

impl TileDecoder for Ccitt {
    fn schemes(&self) -> &[Compression] {
        &[
            Compression::CCITT_RLE,
            Compression::CCITT_FAX3,
            Compression::CCITT_FAX4,
            Compression::CCITT_RLE_WORD,
        ]
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
        if block.bits != 1 || block.samples != 1 {
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
        let mut bits = Bits::new(source);
        let mut row = Row::new(block.width);
        // Some writers of T.4 leave out the codes that end lines.
        let mut ends = scheme == Compression::CCITT_FAX3 && bits.has_end_of_line();
        for (at, out) in out.chunks_mut(row_bytes).enumerate() {
            let done = match scheme {
                Compression::CCITT_FAX4 => row.two_dimensional(&mut bits),
                Compression::CCITT_FAX3 => {
                    let two_dimensional = block.fax_options & TWO_DIMENSIONAL != 0;
                    if ends && !bits.skip_end_of_line() {
                        // The last lines may do without.
                        ends = false;
                    }
                    if two_dimensional && !bits.take_flag() {
                        row.two_dimensional(&mut bits)
                    } else {
                        row.one_dimensional(&mut bits)
                    }
                }
                Compression::CCITT_RLE_WORD => {
                    let done = row.one_dimensional(&mut bits);
                    bits.align(16);
                    done
                }
                _ => {
                    let done = row.one_dimensional(&mut bits);
                    bits.align(8);
                    done
                }
            };
            done.map_err(|halt| match halt {
                Halt::End => truncated(scheme, wanted, at.saturating_mul(row_bytes)),
                Halt::NoCode => corrupt(scheme, format_args!("a code that is none in row {at}")),
                Halt::Uncompressed => DecodeError::Unsupported {
                    scheme,
                    what: "uncompressed mode".into(),
                },
            })?;
            row.paint(out);
        }
        Ok(())
    }
}

/// Bit 0 of `T4Options` (292).
const TWO_DIMENSIONAL: u32 = 1;
