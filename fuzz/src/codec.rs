//! Blocks: what each decoder promises, whatever it is given.

use crate::{Choices, memory};
use stacchip_codecs::{
    Ccitt, Deflate, Jpeg, Jxl, Lerc, Lzma, Lzw, Next, PackBits, ThunderScan, Webp, Zstd,
};
use stacchip_cog::{BlockContext, DecodedOrder, SampleFormat, TileDecoder};

macro_rules! codecs {
    ($($name:ident: $decoder:expr;)*) => {
        $(#[doc = concat!("Any bytes as a block of `", stringify!($name), "`.")]
        pub fn $name(input: &[u8]) {
            keeps_promises(&$decoder, input);
        })*
    };
}

codecs! {
    deflate: Deflate::new();
    lzw: Lzw;
    packbits: PackBits;
    zstd: Zstd::new();
    lzma: Lzma;
    jpeg: Jpeg::new();
    webp: Webp;
    lerc: Lerc;
    jxl: Jxl;
    ccitt: Ccitt;
    next: Next;
    thunderscan: ThunderScan;
}

/// A block is filled and always with the same bytes, or refused; its beginning is the beginning of
/// the whole; memory stays bounded.
///
/// Whether the block was filled.
fn keeps_promises(decoder: &dyn TileDecoder, input: &[u8]) -> bool {
    let (data, mut choices) = Choices::split(input);
    let chosen = Block::chosen(&mut choices);
    let (tables, source) = if chosen.tables {
        data.split_at(usize::from(choices.byte()).min(data.len()))
    } else {
        (&data[..0], data)
    };
    let schemes = decoder.schemes();
    let block = BlockContext {
        compression: schemes[chosen.scheme % schemes.len()],
        jpeg_tables: chosen.tables.then_some(tables),
        ..chosen.context
    };
    let order = decoder.order(&block);
    let Some(bytes) = block.block_bytes(order).filter(|&n| n <= LARGEST) else {
        return false;
    };
    let limit = SPARE + SWOLLEN * bytes + 16 * source.len();
    let decode = |len: usize, before: u8| {
        memory::within("decoding a block", limit, || {
            let mut out = vec![before; len];
            decoder
                .decode(source, &block, &mut out)
                .map(|()| out)
                .map_err(|e| e.to_string())
        })
    };
    let whole = decode(bytes, 0x5a);
    if let Err(message) = &whole {
        assert!(!message.is_empty());
    } else {
        assert!(
            whole == decode(bytes, 0xa5),
            "the answer depends on what was in the buffer"
        );
    }
    if order == DecodedOrder::Stored {
        let len = bytes * usize::from(chosen.share) / 256;
        let first = decode(len, 0xa5);
        if let Ok(whole) = &whole {
            match first {
                Ok(first) => assert!(first == whole[..len], "the first {len} bytes differ"),
                Err(e) => panic!("the whole is there, the first {len} bytes are not: {e}"),
            }
        }
    }
    whole.is_ok()
}

/// A block as choices make it: one number a byte, so that a byte changed is a field changed.
#[derive(Debug)]
pub struct Block {
    scheme: usize,
    share: u8,
    tables: bool,
    context: BlockContext<'static>,
}

impl Block {
    /// Bits of samples, in the order of their choice.
    pub const BITS: [u16; 12] = [8, 16, 32, 64, 1, 2, 4, 12, 10, 24, 7, 128];

    fn chosen(choices: &mut Choices) -> Self {
        let scheme = usize::from(choices.byte());
        let width = u32::from(choices.byte()) + 1;
        let height = u32::from(choices.byte()) % 128 + 1;
        let samples = u16::from(choices.byte()) % 6 + 1;
        let bits = choices.of(&Self::BITS);
        let format = choices.of(&[
            SampleFormat::Unsigned,
            SampleFormat::Signed,
            SampleFormat::Float,
            SampleFormat::Void,
            SampleFormat::ComplexInt,
            SampleFormat::ComplexFloat,
        ]);
        let photometric = choices.of(&[1, 2, 6, 0, 3, 5, 8, 4]);
        let subsampling = choices.of(&[(1, 1), (2, 2), (2, 1), (1, 2), (4, 1), (4, 4), (0, 3)]);
        let flags = choices.byte();
        let lerc = choices.byte();
        let fax_options = choices.byte().into();
        let share = choices.byte();
        let context = BlockContext {
            compression: stacchip_cog::Compression::NONE,
            width,
            height,
            samples,
            bits,
            format,
            photometric,
            subsampling,
            big_endian: flags & 1 != 0,
            lsb_first: flags & 2 != 0,
            jpeg_tables: None,
            lerc_parameters: (lerc != 0).then(|| [4, u32::from(lerc) % 4]),
            fax_options,
            alpha: (flags & 8 != 0).then(|| samples - 1),
            row_by_row: flags & 16 != 0,
        };
        Self {
            scheme,
            share,
            tables: flags & 4 != 0,
            context,
        }
    }
}

/// Bytes of the largest block: fuzzing wants many small ones.
const LARGEST: usize = 512 << 10;
/// Bytes that may be allocated for each byte of a block, and beside it: tables, dictionaries, the
/// planes of JPEG XL (64 bytes for each sample, which may be a byte).
const SWOLLEN: usize = 80;
const SPARE: usize = 40 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_of_every_codec_fills_its_block() {
        let codecs: [(&str, &dyn TileDecoder); 12] = [
            ("deflate", &Deflate::new()),
            ("lzw", &Lzw),
            ("packbits", &PackBits),
            ("zstd", &Zstd::new()),
            ("lzma", &Lzma),
            ("jpeg", &Jpeg::new()),
            ("webp", &Webp),
            ("lerc", &Lerc),
            ("jxl", &Jxl),
            ("ccitt", &Ccitt),
            ("next", &Next),
            ("thunderscan", &ThunderScan),
        ];
        let empty: Vec<_> = codecs
            .iter()
            .filter(|(name, codec)| !crate::seeds(name).iter().any(|s| keeps_promises(*codec, s)))
            .map(|(name, _)| name)
            .collect();
        assert!(empty.is_empty(), "{empty:?}");
    }
}
