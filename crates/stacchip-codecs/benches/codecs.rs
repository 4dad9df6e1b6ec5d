//! Blocks of scenes made up, through the codecs here and through the libraries they stand beside.
//!
//! Ratios within one run are what counts. `cargo bench -p stacchip-codecs --features
//! libdeflate,libzstd`; the groups need both.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::{hint::black_box, time::Duration};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use stacchip_codecs::{Deflate, Lerc, Lzw, Zstd};
use stacchip_cog::{BlockContext, Compression, SampleFormat, TileDecoder, TileEncoder};

const SIDE: u32 = 512;

/// Reflectance in 16 bits with the differences of predictor 2, the same without, and classes.
fn blocks() -> [(&'static str, u16, Vec<u8>); 3] {
    let side = SIDE as usize;
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 40
    };
    let mut height = 0_u64;
    let values: Vec<u16> = (0..side * side)
        .map(|i| {
            let (x, y) = (i % side, i / side);
            height = (height * 15 + noise() % 1024) / 16;
            u16::try_from(900 + (x / 3 + y / 2) as u64 + height + noise() % 24).unwrap()
        })
        .collect();
    let differences: Vec<u8> = values
        .chunks(side)
        .flat_map(|row| {
            let mut before = 0_u16;
            row.iter().flat_map(move |&v| {
                let difference = v.wrapping_sub(before);
                before = v;
                difference.to_le_bytes()
            })
        })
        .collect();
    let plain = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let classes = (0..side * side)
        .map(|i| [0, 4, 5, 8, 9][((i % side) / 37 + (i / side) / 23) % 5])
        .collect();
    [
        ("u16 differences", 16, differences),
        ("u16", 16, plain),
        ("u8 classes", 8, classes),
    ]
}

fn context(compression: Compression, bits: u16) -> BlockContext<'static> {
    BlockContext {
        compression,
        width: SIDE,
        height: SIDE,
        samples: 1,
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

fn group<'a>(c: &'a mut Criterion, name: &str, bytes: usize) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group
        .throughput(Throughput::Bytes(bytes as u64))
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200));
    group
}

fn ours(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    codec: &dyn TileDecoder,
    source: &[u8],
    block: &BlockContext<'_>,
    out: &mut [u8],
) {
    group.bench_function(name, |b| {
        b.iter(|| codec.decode(black_box(source), block, out).unwrap());
    });
}

fn deflate(c: &mut Criterion) {
    for (name, bits, plain) in blocks() {
        let block = context(Compression::DEFLATE, bits);
        let mut source = Vec::new();
        Deflate::new().encode(&plain, &block, &mut source).unwrap();
        let mut out = vec![0; plain.len()];
        let mut group = group(c, &format!("deflate {name}"), plain.len());
        ours(
            &mut group,
            "whole",
            &Deflate::new(),
            &source,
            &block,
            &mut out,
        );
        group.bench_function("flate2 read_exact", |b| {
            b.iter(|| {
                use std::io::Read as _;
                flate2::read::ZlibDecoder::new(black_box(source.as_slice()))
                    .read_exact(&mut out)
                    .unwrap();
            });
        });
        for share in [25, 50, 75, 90, 97] {
            let length = plain.len() * share / 100;
            ours(
                &mut group,
                &format!("first {share} %"),
                &Deflate::new(),
                &source,
                &block,
                &mut out[..length],
            );
        }
        let mut packed = Vec::new();
        group.bench_function("encode", |b| {
            b.iter(|| {
                packed.clear();
                Deflate::new()
                    .encode(black_box(&plain), &block, &mut packed)
                    .unwrap();
            });
        });
    }
}

fn lzw(c: &mut Criterion) {
    use weezl::{BitOrder, decode::Decoder, encode::Encoder};

    for (name, bits, plain) in blocks() {
        let block = context(Compression::LZW, bits);
        let mut source = Vec::new();
        Lzw.encode(&plain, &block, &mut source).unwrap();
        let mut out = vec![0; plain.len()];
        let mut group = group(c, &format!("LZW {name}"), plain.len());
        ours(&mut group, "whole", &Lzw, &source, &block, &mut out);
        ours(
            &mut group,
            "first 50 %",
            &Lzw,
            &source,
            &block,
            &mut out[..plain.len() / 2],
        );
        let mut decoder = Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
        group.bench_function("weezl", |b| {
            b.iter(|| {
                decoder.reset();
                decoder
                    .decode_bytes(black_box(&source), &mut out)
                    .status
                    .unwrap()
            });
        });
        let mut packed = Vec::new();
        group.bench_function("encode", |b| {
            b.iter(|| {
                packed.clear();
                Lzw.encode(black_box(&plain), &block, &mut packed).unwrap();
            });
        });
        group.bench_function("weezl encode", |b| {
            b.iter(|| {
                Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
                    .encode(black_box(&plain))
                    .unwrap()
            });
        });
    }
}

fn zstd(c: &mut Criterion) {
    for (name, bits, plain) in blocks() {
        let block = context(Compression::ZSTD, bits);
        let source = ::zstd::bulk::compress(&plain, 9).unwrap();
        let mut out = vec![0; plain.len()];
        let mut group = group(c, &format!("Zstandard {name}"), plain.len());
        ours(&mut group, "whole", &Zstd::new(), &source, &block, &mut out);
        for share in [25, 50, 90] {
            let length = plain.len() * share / 100;
            ours(
                &mut group,
                &format!("first {share} %"),
                &Zstd::new(),
                &source,
                &block,
                &mut out[..length],
            );
        }
        let mut decoder = ::zstd::bulk::Decompressor::new().unwrap();
        group.bench_function("zstd bulk", |b| {
            b.iter(|| {
                decoder
                    .decompress_to_buffer(black_box(&source), &mut out)
                    .unwrap()
            });
        });
    }
}

fn lerc(c: &mut Criterion) {
    use ::lerc::{Precision, decode_into, encode_slice};

    let (_, _, plain) = blocks().into_iter().next_back().unwrap();
    let (_, _, numbers) = blocks().into_iter().nth(1).unwrap();
    let heights: Vec<f32> = numbers
        .as_chunks()
        .0
        .iter()
        .map(|pair| f32::from(u16::from_le_bytes(*pair)) * 0.1)
        .collect();
    let bytes = encode_slice(SIDE, SIDE, &plain, Precision::Lossless).unwrap();
    let floats = encode_slice(SIDE, SIDE, &heights, Precision::Tolerance(0.01)).unwrap();
    for (name, bits, source) in [("u8 classes", 8, bytes), ("f32", 32, floats)] {
        let block = BlockContext {
            format: if bits == 32 {
                SampleFormat::Float
            } else {
                SampleFormat::Unsigned
            },
            ..context(Compression::LERC, bits)
        };
        let mut out = vec![0.0f32; plain.len() * usize::from(bits) / 32];
        let length = out.len() * 4;
        let mut group = group(c, &format!("LERC {name}"), length);
        let room = bytemuck::cast_slice_mut(&mut out);
        ours(&mut group, "whole", &Lerc, &source, &block, room);
        let mut theirs = vec![0u8; plain.len()];
        group.bench_function("lerc-rs", |b| {
            b.iter(|| {
                let source = black_box(source.as_slice());
                if bits == 32 {
                    decode_into(source, &mut out).unwrap();
                } else {
                    decode_into(source, &mut theirs).unwrap();
                }
            });
        });
    }
}

criterion_group!(benches, deflate, lzw, zstd, lerc);
criterion_main!(benches);
