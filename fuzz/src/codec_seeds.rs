//! Sound blocks of every scheme, with the choices that fit them.

use std::io::Write as _;

use stacchip_codecs::{Deflate, Jpeg, Lzw, PackBits, Webp};
use stacchip_cog::{BlockContext, SampleFormat, TileEncoder};
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
use zune_jpegxl::JxlSimpleEncoder;

use crate::{Choices, codec::Block, seeds::plain};

const WIDTH: u8 = 32;
const HEIGHT: u8 = 24;

/// zlib streams.
pub fn deflate() -> Vec<Vec<u8>> {
    encoded(&Deflate::new(), &[(1, 8), (3, 16)])
}

/// LZW.
pub fn lzw() -> Vec<Vec<u8>> {
    encoded(&Lzw, &[(1, 8), (3, 16), (1, 64)])
}

/// Runs.
pub fn packbits() -> Vec<Vec<u8>> {
    encoded(&PackBits, &[(1, 8), (3, 16)])
}

/// JPEG, grey and in colour.
pub fn jpeg() -> Vec<Vec<u8>> {
    encoded(&Jpeg::new(), &[(1, 8), (3, 8)])
}

/// WebP, with and without alpha.
pub fn webp() -> Vec<Vec<u8>> {
    encoded(&Webp, &[(3, 8), (4, 8)])
}

/// Zstandard.
pub fn zstd() -> Vec<Vec<u8>> {
    [(1, 8), (3, 16)]
        .map(|(samples, bits)| {
            use ruzstd::encoding::{CompressionLevel, compress_to_vec};
            let data = plain(block_bytes(samples, bits));
            let source = compress_to_vec(&data[..], CompressionLevel::Fastest);
            chosen(source, samples, bits, 0)
        })
        .into()
}

/// LZMA2 in xz.
pub fn lzma() -> Vec<Vec<u8>> {
    [(1, 8), (3, 16)]
        .map(|(samples, bits)| {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("a preset");
            let wrote = writer.write_all(&plain(block_bytes(samples, bits)));
            wrote.expect("memory takes bytes");
            chosen(
                writer.finish().expect("memory takes bytes"),
                samples,
                bits,
                0,
            )
        })
        .into()
}

/// LERC of bytes and of floats.
pub fn lerc() -> Vec<Vec<u8>> {
    use lerc::{Precision, encode_slice};
    let (width, height) = (WIDTH.into(), HEIGHT.into());
    let bytes = plain(block_bytes(1, 8));
    let floats: Vec<f32> = bytes.iter().map(|&b| f32::from(b) * 0.37).collect();
    let exact = encode_slice(width, height, &bytes, Precision::Lossless).expect("sound pixels");
    let float = encode_slice(width, height, &floats, Precision::Lossless).expect("sound pixels");
    let lossy = encode_slice(width, height, &floats, Precision::Tolerance(0.5));
    vec![
        chosen(exact, 1, 8, 0),
        chosen(float, 1, 32, 2),
        chosen(lossy.expect("sound pixels"), 1, 32, 2),
    ]
}

/// LERC blobs of all types, with what they are taken for behind them.
pub fn lerc_diff() -> Vec<Vec<u8>> {
    use lerc::{Precision, Sample, bitmask::BitMask, encode_borrowed};

    fn blobs<T: Sample>(kind: u8, make: impl Fn(u8, usize) -> T, seeds: &mut Vec<Vec<u8>>) {
        for (depth, step) in [(1, 1), (1, 29), (3, 7)] {
            let count = 24 * 20 * depth as usize;
            let numbers: Vec<T> = (0..count)
                .map(|i| {
                    make(
                        u8::try_from(i * step / 11 % 200).expect("below 200"),
                        i * step % 13,
                    )
                })
                .collect();
            let mut precisions = vec![Precision::Lossless, Precision::Tolerance(T::from_f64(2.0))];
            if depth > 1 {
                precisions.pop();
            }
            for precision in precisions {
                let blob = encode_borrowed(
                    24,
                    20,
                    depth,
                    1,
                    &numbers,
                    &[BitMask::all_valid(480)],
                    None,
                    precision,
                );
                let mut seed = blob.expect("sound pixels");
                seed.extend([kind; Choices::BYTES]);
                seeds.push(seed);
            }
        }
    }

    let mut seeds = Vec::new();
    blobs(
        0,
        |v, _| i8::try_from(v / 2).expect("small") - 50,
        &mut seeds,
    );
    blobs(1, |v, _| v, &mut seeds);
    blobs(
        2,
        |v, i| i16::from(v) * 9 - 700 + i16::try_from(i).expect("small"),
        &mut seeds,
    );
    blobs(
        3,
        |v, i| u16::from(v) * 90 + u16::try_from(i).expect("small"),
        &mut seeds,
    );
    blobs(
        4,
        |v, i| i32::from(v) * 9000 - 70_000 + i32::try_from(i).expect("small"),
        &mut seeds,
    );
    blobs(
        5,
        |v, i| u32::from(v) * 90_000 + u32::try_from(i).expect("small"),
        &mut seeds,
    );
    blobs(6, |v, i| f32::from(v) * 0.37 + i as f32 * 0.01, &mut seeds);
    blobs(7, |v, i| f64::from(v) * 0.37 + i as f64 * 0.01, &mut seeds);
    seeds
}

/// JPEG XL, lossless.
pub fn jxl() -> Vec<Vec<u8>> {
    [(1, 8, ColorSpace::Luma), (3, 16, ColorSpace::RGB)]
        .map(|(samples, bits, colour)| {
            let depth = if bits == 8 {
                BitDepth::Eight
            } else {
                BitDepth::Sixteen
            };
            let data = plain(block_bytes(samples, bits));
            let options = EncoderOptions::new(WIDTH.into(), HEIGHT.into(), colour, depth);
            let mut source = Vec::new();
            JxlSimpleEncoder::new(&data, options)
                .encode(&mut source)
                .expect("sound pixels");
            chosen(source, samples, bits, 0)
        })
        .into()
}

/// T.6: rows like the one above them, and white runs of one-dimensional codes.
pub fn ccitt() -> Vec<Vec<u8>> {
    let same = vec![0xff; 3];
    let runs = [0b1101_1000, 0x36, 0x0d, 0x83, 0x60].repeat(5);
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for scheme in 0..4 {
        for source in [same.clone(), runs.clone()] {
            let mut seed = chosen(source, 1, 1, 0);
            let at = seed.len() - crate::Choices::BYTES;
            seed[at] = scheme;
            seeds.push(seed);
        }
    }
    seeds
}

/// `NeXT`: a row as it is, a span, runs.
pub fn next() -> Vec<Vec<u8>> {
    let whole = [&[0][..], &plain(8)].concat().repeat(22);
    let span = vec![0x40, 0, 1, 0, 2, 0x56, 0x78];
    let run = vec![0x20];
    vec![chosen([whole, span, run].concat(), 1, 2, 0)]
}

/// `ThunderScan`: a pixel as it is, and a run of it.
pub fn thunderscan() -> Vec<Vec<u8>> {
    vec![chosen([0xc5, 0x1f].repeat(24), 1, 4, 0)]
}

fn encoded(encoder: &dyn TileEncoder, kinds: &[(u8, u16)]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for &(samples, bits) in kinds {
        let block = BlockContext {
            compression: encoder.scheme(),
            width: WIDTH.into(),
            height: HEIGHT.into(),
            samples: samples.into(),
            bits,
            format: SampleFormat::Unsigned,
            photometric: if samples < 3 { 1 } else { 2 },
            subsampling: (1, 1),
            big_endian: false,
            lsb_first: false,
            jpeg_tables: None,
            lerc_parameters: None,
            fax_options: 0,
            alpha: (samples == 4).then_some(3),
            row_by_row: false,
        };
        let mut source = Vec::new();
        encoder
            .encode(&plain(block_bytes(samples, bits)), &block, &mut source)
            .expect("the block fits the scheme");
        seeds.push(chosen(source, samples, bits, 0));
    }
    seeds
}

fn block_bytes(samples: u8, bits: u16) -> usize {
    usize::from(WIDTH) * usize::from(HEIGHT) * usize::from(samples) * usize::from(bits) / 8
}

/// `source` with the choices that make a block of it; `format` by its place in the list.
fn chosen(mut source: Vec<u8>, samples: u8, bits: u16, format: u8) -> Vec<u8> {
    let bits = Block::BITS.iter().position(|&b| b == bits);
    let bits = bits.expect("bits that can be chosen").to_le_bytes()[0];
    let photometric = u8::from(samples >= 3);
    let alpha = if samples == 4 { 8 } else { 0 };
    let fields = [
        0,
        WIDTH - 1,
        HEIGHT - 1,
        samples - 1,
        bits,
        format,
        photometric,
        0,
        alpha,
        0,
        0,
        100,
        0,
        0,
        0,
        0,
    ];
    source.extend(fields);
    source
}
