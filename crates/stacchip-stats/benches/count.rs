//! How fast masks of whole scenes are counted, chip by chip.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stacchip_model::{Pixels, Sample, Window};
use stacchip_stats::{ChipStats, Counts, MaskBlock, MaskRule};

/// A mask of `size`² pixels with stretches of `values`, as clouds have.
#[expect(
    clippy::panic,
    reason = "a benchmark without its pixels has nothing to say"
)]
fn mask<T: Sample>(size: usize, values: &[T]) -> Pixels {
    let pixel = |i: usize| {
        let (row, col) = (i / size, i % size);
        values[(row / 37 * 7 + col / 53 * 3 + (row * col) % 2) % values.len()]
    };
    let all: Vec<T> = (0..size * size).map(pixel).collect();
    Pixels::from_slice([1, size, size], &all).unwrap_or_else(|e| panic!("{e}"))
}

/// Counts chips of `chip` mask pixels, each standing for as many as `weights` say.
fn all_chips(rule: &MaskRule, pixels: &Pixels, chip: u32, weights: &[u32]) -> Counts {
    let mut sum = Counts::default();
    for y in 0..i64::try_from(pixels.height()).unwrap_or(0) / i64::from(chip) {
        sum += one_row(rule, pixels, y * i64::from(chip), chip, weights);
    }
    sum
}

/// Counts the chips whose first row is `row`.
fn one_row(rule: &MaskRule, pixels: &Pixels, row: i64, chip: u32, weights: &[u32]) -> Counts {
    let mut sum = Counts::default();
    for x in 0..i64::try_from(pixels.width()).unwrap_or(0) / i64::from(chip) {
        let block = MaskBlock {
            pixels,
            window: Window::new(x * i64::from(chip), row, chip, chip),
            col_weights: weights,
            row_weights: weights,
        };
        if let Ok(counts) = rule.count(block) {
            sum += counts;
        }
    }
    sum
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("count");
    group.sample_size(20);

    let scl = mask::<u8>(5490, &[4, 5, 5, 5, 9, 8, 3, 10, 0, 6]);
    let rule = MaskRule::sentinel_2_scl("scl");
    group.throughput(Throughput::Elements(5490 * 5490));
    group.bench_function("scl 5490² u8", |b| {
        b.iter(|| all_chips(&rule, &scl, 128, &[2; 128]));
    });
    // As masks are counted when they have just been decoded: a band of them is in the cache.
    let values = scl.as_slice::<u8>().and_then(|v| v.get(..128 * 5490));
    let band = values.and_then(|v| Pixels::from_slice([1, 128, 5490], v).ok());
    if let Some(band) = band {
        group.bench_function("scl 5490² u8, in bands", |b| {
            b.iter(|| {
                for _ in 0..42 {
                    black_box(one_row(&rule, &band, 0, 128, &[2; 128]));
                }
            });
        });
    }
    let uneven: Vec<u32> = (0..128).map(|i| 2 + i % 2).collect();
    group.bench_function("scl 5490² u8, uneven weights", |b| {
        b.iter(|| all_chips(&rule, &scl, 128, &uneven));
    });

    let qa = mask::<u16>(7600, &[21_824, 21_824, 22_280, 1, 23_888, 54_596]);
    let rule = MaskRule::landsat_qa("qa_pixel");
    group.throughput(Throughput::Elements(7600 * 7600));
    group.bench_function("qa 7600² u16", |b| {
        b.iter(|| all_chips(&rule, &qa, 256, &[1; 256]));
    });

    let qc = mask::<u32>(2400, &[0, 1_073_741_824, 2, 3]);
    let rule = MaskRule::modis_qc("sur_refl_qc_500m");
    group.throughput(Throughput::Elements(2400 * 2400));
    group.bench_function("qc 2400² u32", |b| {
        b.iter(|| all_chips(&rule, &qc, 256, &[1; 256]));
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
