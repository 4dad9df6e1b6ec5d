//! What it costs to make pixels of bytes that are already decompressed: predictor, byte order,
//! sorting samples into bands. The decoder here only copies, so that nothing else is measured;
//! `copy` is that alone.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stacchip_cog::{
    Bands, Codecs, Compression, HeaderDecoder, Limits, Part, Scratch, Step, WriteOptions,
    testing::Plain,
    write::{Interleave, Predictor},
    write_geotiff,
};
use stacchip_model::{Pixels, SampleType, Window};

const PLAIN: Plain = Plain::new(Compression::ZSTD);

fn blocks(c: &mut Criterion) {
    let mut group = c.benchmark_group("blocks of 512");
    let cases = [
        ("u16", SampleType::U16, 1, Predictor::None, false, false),
        (
            "u16 big-endian",
            SampleType::U16,
            1,
            Predictor::None,
            true,
            false,
        ),
        (
            "u16 predictor 2",
            SampleType::U16,
            1,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "u16 predictor 2 big-endian",
            SampleType::U16,
            1,
            Predictor::Horizontal,
            true,
            false,
        ),
        (
            "u8 predictor 2",
            SampleType::U8,
            1,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "u32 predictor 2",
            SampleType::U32,
            1,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "f32 predictor 3",
            SampleType::F32,
            1,
            Predictor::FloatingPoint,
            false,
            false,
        ),
        (
            "f64 predictor 3",
            SampleType::F64,
            1,
            Predictor::FloatingPoint,
            false,
            false,
        ),
        ("3 × u8", SampleType::U8, 3, Predictor::None, false, false),
        (
            "3 × u8 predictor 2",
            SampleType::U8,
            3,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "4 × u8 predictor 2",
            SampleType::U8,
            4,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "4 × u16 predictor 2",
            SampleType::U16,
            4,
            Predictor::Horizontal,
            false,
            false,
        ),
        (
            "4 × u16 predictor 2, separate",
            SampleType::U16,
            4,
            Predictor::Horizontal,
            false,
            true,
        ),
    ];
    let size = 512u32;
    for (name, sample, bands, predictor, big_endian, separate) in cases {
        let mut pixels = Pixels::zeros(sample, [bands, size as usize, size as usize]).unwrap();
        for (i, byte) in pixels.as_bytes_mut().iter_mut().enumerate() {
            *byte = u8::try_from(i * 7 % 251).unwrap();
        }
        let options = WriteOptions::geotiff()
            .tiles(size)
            .predictor(predictor)
            .big_endian(big_endian)
            .interleave(if separate {
                Interleave::Band
            } else {
                Interleave::Pixel
            });
        let file = Bytes::from(write_geotiff(&pixels, &options, Some(&PLAIN)).unwrap());
        let mut decoder = HeaderDecoder::new(Limits::default());
        decoder.supply(0, file.clone());
        decoder.ends_at(file.len() as u64);
        let Ok(Step::Done(cog)) = decoder.step() else {
            unreachable!("all bytes are there")
        };
        let image = &cog.images[0];
        let codecs = Codecs::new().with(PLAIN);
        for (part, edge) in [("whole", size), ("quarter", size / 2)] {
            let window = Window::new(0, 0, edge, edge);
            let plan = image.plan(0, window, Bands::All, Part::Pixels).unwrap();
            let blocks: Vec<Bytes> = plan
                .ranges()
                .unwrap()
                .iter()
                .map(|r| {
                    file.slice(usize::try_from(r.start).unwrap()..usize::try_from(r.end).unwrap())
                })
                .collect();
            let mut out = Pixels::zeros(plan.sample(), plan.shape()).unwrap();
            let mut scratch = Scratch::default();
            group.throughput(Throughput::Bytes(out.as_bytes().len() as u64));
            group.bench_function(format!("{name}/{part}"), |b| {
                b.iter(|| {
                    let strides = plan.strides();
                    let out = black_box(out.as_bytes_mut());
                    plan.decode_into(&blocks, &codecs, &mut scratch, out, strides)
                        .unwrap();
                });
            });
        }
    }
    let source = vec![1u8; 512 * 512 * 2];
    let mut out = source.clone();
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("copy", |b| {
        b.iter(|| black_box(&mut out).copy_from_slice(black_box(&source)));
    });
    group.finish();
}

criterion_group!(benches, blocks);
criterion_main!(benches);
