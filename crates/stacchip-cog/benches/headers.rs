//! What it costs to know a file: its header decoded from bytes that are at hand, and a window planned.

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use stacchip_cog::{
    Bands, Cog, HeaderDecoder, Limits, Part, Step, WriteOptions,
    write::{Overviews, Resampling},
    write_cog,
};
use stacchip_model::{Pixels, SampleType, Window};

fn decoded(file: &Bytes) -> Cog {
    let mut decoder = HeaderDecoder::new(Limits::default());
    decoder.ends_at(file.len() as u64);
    decoder.supply(0, file.clone());
    match decoder.step() {
        Ok(Step::Done(cog)) => *cog,
        _ => unreachable!("all bytes are there"),
    }
}

fn headers(c: &mut Criterion) {
    let mut group = c.benchmark_group("headers");
    for (tiles, edge) in [(64, 512), (4096, 64)] {
        let pixels = Pixels::zeros(SampleType::U8, [1, 4096, 4096]).unwrap();
        let options = WriteOptions::cog()
            .tiles(edge)
            .overviews(Overviews::Count(3), Resampling::Nearest);
        let file = Bytes::from(write_cog(&pixels, &options, None).unwrap());
        group.bench_function(format!("{tiles} tiles and three overviews"), |b| {
            b.iter(|| decoded(black_box(&file)));
        });
        let cog = decoded(&file);
        let window = Window::new(1000, 1000, 256, 256);
        group.bench_function(format!("a window planned of {tiles} tiles"), |b| {
            b.iter(|| {
                let plan = cog.images[0].plan(0, black_box(window), Bands::All, Part::Pixels);
                plan.unwrap().ranges().unwrap()
            });
        });
    }
}

criterion_group!(benches, headers);
criterion_main!(benches);
