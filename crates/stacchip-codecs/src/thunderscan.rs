//! `ThunderScan`: 4-bit grey as runs and differences.

use stacchip_cog::{BlockContext, Compression, DecodeError, DecodedOrder, TileDecoder};

use crate::refusal::{corrupt, truncated};

/// Decoder of compression 32809, as libtiff's.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThunderScan;

impl TileDecoder for ThunderScan {
    fn schemes(&self) -> &[Compression] {
        &[Compression::THUNDERSCAN]
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
        if block.bits != 4 || block.samples != 1 {
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
        let mut codes = source.iter().copied();
        for (at, out) in out.chunks_mut(row_bytes).enumerate() {
            out.fill(0);
            let mut row = Row {
                out,
                width: block.width,
                at: 0,
                last: 0,
            };
            while row.at < row.width {
                let code = codes
                    .next()
                    .ok_or_else(|| truncated(scheme, wanted, at.saturating_mul(row_bytes)))?;
                row.add(code)
                    .ok_or_else(|| corrupt(scheme, format_args!("too much in row {at}")))?;
            }
        }
        Ok(())
    }
}

struct Row<'a> {
    out: &'a mut [u8],
    width: u32,
    at: u32,
    last: u8,
}

impl Row<'_> {
    /// Adds the pixels of `code`; nothing where a run reaches past the row.
    fn add(&mut self, code: u8) -> Option<()> {
        match code >> 6 {
            0 => {
                let run = u32::from(code & 0x3F);
                if run > self.width - self.at {
                    return None;
                }
                for _ in 0..run {
                    self.push(self.last);
                }
            }
            1 => {
                for place in [4, 2, 0] {
                    match code >> place & 3 {
                        0 => self.push(self.last),
                        1 => self.push(self.last.wrapping_add(1)),
                        2 => {}
                        _ => self.push(self.last.wrapping_sub(1)),
                    }
                }
            }
            2 => {
                for place in [3, 0] {
                    match code >> place & 7 {
                        4 => {}
                        up @ 0..=3 => self.push(self.last.wrapping_add(up)),
                        down => self.push(self.last.wrapping_sub(8 - down)),
                    }
                }
            }
            _ => self.push(code),
        }
        Some(())
    }

    /// Adds a pixel; past the end of the row it only is the last one seen.
    fn push(&mut self, value: u8) {
        self.last = value & 0xF;
        if self.at >= self.width {
            return;
        }
        if let Some(byte) = self.out.get_mut(self.at as usize / 2) {
            *byte |= if self.at.is_multiple_of(2) {
                self.last << 4
            } else {
                self.last
            };
        }
        self.at += 1;
    }
}
