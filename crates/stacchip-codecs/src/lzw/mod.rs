//! LZW: strings by number (TIFF 6.0, section 13).

mod bits;
mod decode;
mod encode;

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, EncodeError, TileDecoder, TileEncoder,
};

use self::{
    bits::{Lsb, Msb},
    decode::{Stop, expand},
};
use crate::refusal::{corrupt, truncated};

/// Decoder and encoder of compression 5.
///
/// Undoes both the streams of the specification and the older ones, least significant bit first,
/// that libtiff knows by their first two bytes. A block is done when it is full: many writers leave
/// out the code that ends it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lzw;

impl TileDecoder for Lzw {
    fn schemes(&self) -> &[Compression] {
        &[Compression::LZW]
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
        let done = match *source {
            // A stream must begin with the code "clear", 256 in nine bits: `80 0x` in the order of
            // the specification, `00 01` (and the low bit of the next code above) in the older.
            [0, second, ..] if second & 1 == 1 => expand::<Lsb<'_>>(Lsb::new(source), out),
            _ => expand::<Msb<'_>>(Msb::new(source), out),
        };
        done.map_err(|stop| match stop {
            Stop::Early { got } => truncated(block.compression, out.len(), got),
            Stop::Unknown { code, got } => corrupt(
                block.compression,
                format_args!("code {code} is not in the table after {got} bytes"),
            ),
        })
    }
}

impl TileEncoder for Lzw {
    fn scheme(&self) -> Compression {
        Compression::LZW
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        encode::encode(source, out);
        Ok(())
    }
}

const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
const WIDTH_MIN: u32 = 9;
const WIDTH_MAX: u32 = 12;
