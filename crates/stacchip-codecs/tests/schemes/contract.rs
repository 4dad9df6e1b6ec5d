//! The promises of [`TileDecoder`], kept or not.

use stacchip_cog::{
    BlockContext, Compression, DecodeError, DecodedOrder, SampleFormat, TileDecoder, TileEncoder,
};

/// A block of unsigned samples.
pub fn block(
    compression: Compression,
    (width, height): (u32, u32),
    samples: u16,
    bits: u16,
) -> BlockContext<'static> {
    BlockContext {
        compression,
        width,
        height,
        samples,
        bits,
        format: SampleFormat::Unsigned,
        photometric: 1,
        subsampling: (1, 1),
        big_endian: false,
        lsb_first: false,
        jpeg_tables: None,
        lerc_parameters: None,
        fax_options: 0,
        alpha: None,
        row_by_row: false,
    }
}

/// Decodes the first `length` bytes into a buffer that was not empty before, so that a byte left as
/// it was is seen.
pub fn decode(
    decoder: &dyn TileDecoder,
    source: &[u8],
    block: &BlockContext<'_>,
    length: usize,
) -> Result<Vec<u8>, DecodeError> {
    let mut once = vec![0x5A; length];
    decoder.decode(source, block, &mut once)?;
    let mut twice = vec![0xA5; length];
    decoder.decode(source, block, &mut twice)?;
    assert_eq!(once, twice, "bytes were left as they were");
    Ok(once)
}

/// Encodes `plain` behind what is there already.
pub fn encode(encoder: &dyn TileEncoder, plain: &[u8], block: &BlockContext<'_>) -> Vec<u8> {
    let mut out = b"before".to_vec();
    encoder.encode(plain, block, &mut out).unwrap();
    assert!(out.starts_with(b"before"), "it appends");
    out.split_off(6)
}

/// Checks what a lossless scheme promises about `source`, which holds `plain`.
pub fn keeps_promises(
    decoder: &dyn TileDecoder,
    source: &[u8],
    block: &BlockContext<'_>,
    plain: &[u8],
) {
    let order = decoder.order(block);
    assert_eq!(block.block_bytes(order), Some(plain.len()));
    assert!(decode(decoder, source, block, plain.len()).unwrap() == plain);

    if order == DecodedOrder::Stored {
        for share in [0, 1, 7, 50, 100, 200, 255] {
            let length = plain.len() * share / 256;
            let first = decode(decoder, source, block, length).unwrap();
            assert!(first == plain[..length], "the first {length} bytes");
        }
    }

    // Cut short it fails, or the bytes that are gone were not needed.
    for cut in [
        0,
        1,
        2,
        source.len() / 3,
        source.len() / 2,
        source.len() - 1,
    ] {
        match decode(
            decoder,
            &source[..cut.min(source.len())],
            block,
            plain.len(),
        ) {
            Ok(got) => assert!(got == plain, "cut to {cut} it gave other bytes"),
            Err(e) => assert!(!e.to_string().is_empty()),
        }
    }
    assert!(
        decode(decoder, &source[..source.len() / 4], block, plain.len()).is_err(),
        "three quarters are missing"
    );

    survives_mutation(decoder, source, block, 300);
}

/// Whatever is done to `source`, the decoder ends, and does not panic.
pub fn survives_mutation(
    decoder: &dyn TileDecoder,
    source: &[u8],
    block: &BlockContext<'_>,
    rounds: u64,
) {
    let length = block.block_bytes(decoder.order(block)).unwrap();
    let mut out = vec![0; length];
    let mut random = Random(0x5EED ^ source.len() as u64);
    for _ in 0..rounds {
        let mut bytes = source.to_vec();
        for _ in 0..=random.below(4) {
            if bytes.is_empty() {
                break;
            }
            // Headers are short and matter most.
            let reach = if random.below(2) == 0 {
                bytes.len().min(64)
            } else {
                bytes.len()
            };
            let at = random.below(reach);
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = [0, 0xFF, 0x7F, 0x80][random.below(4)],
                2 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
                3 => bytes.truncate(at),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        let _ = decoder.decode(&bytes, block, &mut out);
    }
}

/// Numbers that only look random (xorshift64*), the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }
}

/// Samples as scenes have them: slopes, some noise, and a corner without data.
pub fn scene(width: usize, height: usize, samples: usize, bytes: usize) -> Vec<u8> {
    let mut random = Random(7);
    let mut out = Vec::with_capacity(width * height * samples * bytes);
    for y in 0..height {
        for x in 0..width {
            for s in 0..samples {
                let value = if x + y < width / 3 {
                    0
                } else {
                    (x * 3 + y * 5 + s * 40) / 4 + random.below(4)
                };
                out.extend_from_slice(&(value as u64).to_le_bytes()[..bytes]);
            }
        }
    }
    out
}
