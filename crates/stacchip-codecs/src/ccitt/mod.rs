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
/// interpretation: as libtiff stores them. A row whose runs are too short or too long is made to fit,
/// as libtiff does; so is a row of T.4 with a code that is none, where reading goes on with the next
/// line. Elsewhere such a code is an error, and so are data that end before the block does, where
/// libtiff goes on; but a block of T.6 that says where it ends is white from there.
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
        let mut ended = false;
        for (at, out) in out.chunks_mut(row_bytes).enumerate() {
            if ended {
                out.fill(0);
                continue;
            }
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
            let corrupt = |what: &str| Err(corrupt(scheme, format_args!("{what} in row {at}")));
            match done {
                Ok(()) => {}
                // The next line begins where the next code says so.
                Err(Halt::NoCode) if ends => {}
                Err(Halt::Ended) if scheme == Compression::CCITT_FAX4 && at > 0 => ended = true,
                Err(Halt::End | Halt::Ended) => {
                    return Err(truncated(scheme, wanted, at.saturating_mul(row_bytes)));
                }
                Err(Halt::NoCode) => return corrupt("a code that is none"),
                Err(Halt::Endless) => return corrupt("runs without end"),
                Err(Halt::Uncompressed) => {
                    return Err(DecodeError::Unsupported {
                        scheme,
                        what: "uncompressed mode".into(),
                    });
                }
            }
            row.paint(out);
        }
        Ok(())
    }
}

/// Bit 0 of `T4Options` (292).
const TWO_DIMENSIONAL: u32 = 1;
