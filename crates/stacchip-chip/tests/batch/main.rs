//! Lists of chips, against chips read one by one.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod odd;
mod peculiar;
mod scene;

use std::sync::Arc;

use futures::{StreamExt, executor::block_on};
use proptest::prelude::*;
use stacchip_chip::{
    AssetRequest, ChipReader, ChipRequest, Edge, RasterCache,
    batch::{BatchCounts, BatchOptions, BatchReader, Order, Shuffle, WantedChip},
    testing::MemoryOpener,
};
use stacchip_cog::{Codecs, Limits};
use stacchip_model::Window;

use crate::scene::{SIDE, Scene, file, grid, like, options, pixels};

fn orders() -> impl Strategy<Value = Order> {
    let shuffled = (
        prop::sample::select(vec![Shuffle::Global, Shuffle::Block, Shuffle::Tile]),
        any::<u64>(),
    );
    prop_oneof![
        Just(Order::Ready),
        Just(Order::Asked),
        shuffled.prop_map(|(shuffle, seed)| Order::Shuffled { shuffle, seed }),
    ]
}

fn windows(reach: i64) -> impl Strategy<Value = Vec<Window>> {
    let window = (-reach..230 + reach, -reach..230 + reach, 1u32..27, 1u32..27);
    prop::collection::vec(
        window.prop_map(|(col, row, width, height)| Window::new(col, row, width, height)),
        0..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// Whatever the list, the order, the memory, the threads and the look-ahead: the same chips.
    #[test]
    fn chips_are_those_read_one_by_one(
        windows in windows(40),
        order in orders(),
        memory in prop::sample::select(vec![0u64, 2000, 20_000, 1 << 30]),
        threads in 1usize..4,
        ahead in prop::option::of(1usize..20),
        refuse in any::<bool>(),
        odd in any::<bool>(),
    ) {
        let scene = if odd { Scene::odd() } else { Scene::new() };
        let scene = scene.edge(if refuse { Edge::Refuse } else { Edge::Masked });
        let mut options = BatchOptions::default().order(order).memory(memory).threads(threads);
        options.look_ahead = ahead;
        options.cell = 64;
        let wanted = scene.one_by_one(&windows);
        let read = scene.read(&windows, &options);
        prop_assert_eq!(&read.chips, &wanted);
        let failed = wanted.iter().filter(|chip| chip.is_none()).count();
        prop_assert_eq!(read.errors.len(), failed);
        prop_assert_eq!(read.order.len(), windows.len());
        if order == Order::Asked {
            prop_assert!(read.order.is_sorted());
        }
        prop_assert_eq!(read.counts.chips, windows.len() as u64);
        prop_assert_eq!(read.counts.failed, failed as u64);
        prop_assert!(read.counts.blocks - read.counts.again <= 16 + 4 + 3 * 16 + 2 * 4);
        // What is decided depends on nothing but the list and the options.
        for threads in [1, 3] {
            let again = scene.read(&windows, &options.clone().threads(threads));
            prop_assert_eq!(&again, &read);
        }
        // Fetched ahead it is the same.
        let batch = BatchReader::new(&scene.reader(), options);
        let mut stream = batch.stream(scene.list(&windows));
        let mut order = Vec::new();
        while let Some(chip) = block_on(stream.next()) {
            match chip {
                Ok(chip) => {
                    let number = usize::try_from(chip.number()).unwrap();
                    order.push(number);
                    prop_assert_eq!(chip.into_chip().ok(), wanted[number].clone());
                }
                Err(failed) => order.push(usize::try_from(failed.number).unwrap()),
            }
        }
        prop_assert_eq!(order, read.order);
        prop_assert_eq!(stream.counts(), read.counts);
    }

    /// Pieces held never exceed what is given, but for the chip whose turn it is.
    #[test]
    fn memory_is_kept(windows in windows(0), memory in 0u64..60_000, order in orders()) {
        let scene = Scene::new();
        let options = BatchOptions::default().order(order).memory(memory).threads(1);
        let read = scene.read(&windows, &options);
        // Of each pixel no more than 2 bytes of 1 + 1 + 2 + 2 bands, and a border for rounding.
        let largest = 28 * 28 * 2 * 6;
        prop_assert!(
            read.counts.peak_held <= memory + largest,
            "{} of {}", read.counts.peak_held, memory
        );
    }
}

#[test]
fn each_tile_is_read_and_decoded_once() {
    let scene = Scene::new();
    for order in [
        Order::Ready,
        Order::Asked,
        Order::Shuffled {
            shuffle: Shuffle::Global,
            seed: 3,
        },
    ] {
        scene.files.iter().for_each(|(_, file)| file.reset());
        let read = scene.read(&grid(), &BatchOptions::default().order(order));
        // 4 x 4 tiles, 2 x 2 tiles, 4 x 4 of two of three bands, 2 x 2.
        let tiles = [16, 4, 32, 4];
        assert_eq!(read.counts.blocks, tiles.iter().sum::<u64>());
        assert_eq!((read.counts.again, read.counts.failed), (0, 0));
        assert_eq!(read.counts.ranges, read.counts.blocks);
        for ((name, file), tiles) in scene.files.iter().zip(tiles) {
            assert_eq!(file.requests(), 1 + tiles, "{name}: the header, each tile");
        }
    }
}

#[test]
fn what_does_not_fit_is_decoded_again_and_counted() {
    let scene = Scene::of(vec![("fine", file(&pixels(1, SIDE), None, &options()))]);
    // Two chips a row, eight rows, four times over: four chips on each tile, and four more of it after
    // twelve others.
    let windows: Vec<_> = (0..64)
        .map(|i| Window::new(i % 2 * 32, i / 2 % 8 * 32, 32, 32))
        .collect();
    let asked = |memory| {
        let options = BatchOptions::default().order(Order::Asked).threads(1);
        scene.read(&windows, &options.memory(memory)).counts
    };
    let (much, little) = (asked(1 << 20), asked(0));
    assert_eq!((much.blocks, much.again), (4, 0));
    assert_eq!((little.blocks, little.again), (64, 60));
    // Three quarters of it are for pieces: of ten chips, 2 KiB each.
    let some = asked(10 * 2048 * 4 / 3 + 8);
    assert!(some.again > 0 && some.again < 12, "{some:?}");
    // Sorted by place nothing needs to be kept for long.
    let sorted = BatchOptions::default()
        .threads(1)
        .memory(16 * 2048 * 4 / 3 + 8);
    assert_eq!(scene.read(&windows, &sorted).counts.again, 0);
}

#[test]
fn what_cannot_be_read_fails_the_chips_it_is_of() {
    let whole = file(&pixels(1, SIDE), None, &options());
    let cut = whole.get(..whole.len() - 100).unwrap().to_vec();
    let scene = Scene::of(vec![("good", whole), ("short", cut)]);
    for threads in [1, 2] {
        let read = scene.read(&grid(), &BatchOptions::default().threads(threads));
        let mut failed: Vec<_> = read.errors.iter().map(|(number, _)| *number).collect();
        failed.sort_unstable();
        assert_eq!(failed, [54, 55, 62, 63], "the chips on the last tile");
        for (_, error) in &read.errors {
            assert!(error.starts_with("asset short at short: "), "{error}");
            assert!(error.contains("cut short"), "{error}");
        }
        assert_eq!(read.counts.failed, 4);
        assert_eq!(read.chips.iter().flatten().count(), 60);
    }
    let mut gone = Scene::new();
    let like = Arc::get_mut(&mut gone.like).unwrap();
    like.assets.push(AssetRequest::new("red", "mem://gone"));
    let read = gone.read(&grid(), &BatchOptions::default());
    assert_eq!(read.errors.len(), 64);
    assert!(read.errors[0].1.contains("asset red at mem://gone"));
}

#[test]
fn the_memory_of_a_list_does_not_grow_with_it() {
    let scene = Scene::of(vec![("fine", file(&pixels(1, SIDE), None, &options()))]);
    let windows = |n: i64| (0..n).map(|i| Window::new(i * 37 % 240, i * 61 % 240, 16, 16));
    let peak = |n| {
        let options = BatchOptions::default().order(Order::Asked).memory(64 << 10);
        let windows: Vec<_> = windows(n).collect();
        let batch = BatchReader::new(&scene.reader(), options);
        let mut chips = batch.chips(scene.list(&windows));
        assert_eq!(i64::try_from(chips.by_ref().flatten().count()), Ok(n));
        chips.counts()
    };
    let (short, long) = (peak(500), peak(5000));
    assert!(long.peak_held <= 64 << 10);
    let each = |counts: BatchCounts| counts.blocks as f64 / counts.chips as f64;
    assert!(
        each(long) < 1.1 * each(short),
        "{} and {} blocks a chip",
        each(long),
        each(short)
    );
}

#[test]
fn batches_are_stacked_in_the_order_of_their_numbers() {
    let scene = Scene::new();
    let wanted = scene.one_by_one(&grid());
    let reader = || {
        let options = BatchOptions::default().order(Order::Asked);
        BatchReader::new(&scene.reader(), options).chips(scene.list(&grid()))
    };
    let mut seen = 0;
    for batch in reader().batches(10) {
        assert!(batch.failed.is_empty());
        let count = batch.numbers.len();
        assert_eq!(count, 10.min(64 - seen));
        for (index, stacked) in batch.arrays.iter().enumerate() {
            let bytes = stacked.pixels.as_bytes();
            for (place, number) in (seen..seen + count).enumerate() {
                assert_eq!(batch.numbers[place], number as u64);
                let array = &wanted[number].as_ref().unwrap().arrays[index];
                let [bands, height, width] = array.pixels.shape();
                assert_eq!(stacked.shape, [count, bands, height, width]);
                let one = array.pixels.as_bytes();
                assert!(bytes[place * one.len()..(place + 1) * one.len()] == *one);
            }
        }
        seen += count;
    }
    assert_eq!(seen, 64);
    // The same, into arrays that are there.
    let bands = [1, 1, 3, 2];
    let mut arrays: Vec<Vec<u8>> = bands
        .iter()
        .map(|bands| vec![0; 64 * bands * 32 * 32 * 2])
        .collect();
    let mut slices: Vec<&mut [u8]> = arrays.iter_mut().map(Vec::as_mut_slice).collect();
    let (numbers, failed) = reader().fill(64, &mut slices, &mut []);
    assert_eq!((numbers.len(), failed.len()), (64, 0));
    let last = wanted[63].as_ref().unwrap();
    for (array, filled) in last.arrays.iter().zip(&arrays) {
        let one = array.pixels.as_bytes();
        assert!(filled[63 * one.len()..] == *one);
    }
    // An array that is too short takes nothing.
    arrays[0].pop();
    let mut slices: Vec<&mut [u8]> = arrays.iter_mut().map(Vec::as_mut_slice).collect();
    let (numbers, failed) = reader().fill(64, &mut slices, &mut []);
    assert_eq!((numbers.len(), failed.len()), (0, 64));
}

#[test]
fn whoever_stops_early_waits_for_nothing() {
    let scene = Scene::new();
    let options = BatchOptions::default().threads(3);
    let batch = BatchReader::new(&scene.reader(), options);
    for taken in [0, 1, 5] {
        let chips = batch.chips(scene.list(&grid()));
        assert_eq!(chips.take(taken).flatten().count(), taken);
        let stream = batch.stream(scene.list(&grid()));
        let some: Vec<_> = block_on(stream.take(taken).collect());
        assert_eq!(some.len(), taken);
    }
}

#[test]
fn masks_are_filled_or_missed() {
    let scene = Scene::new().edge(Edge::Masked);
    let wanted = scene.one_by_one(&grid());
    let reader = || {
        let options = BatchOptions::default().order(Order::Asked);
        BatchReader::new(&scene.reader(), options).chips(scene.list(&grid()))
    };
    let bands = [1, 1, 3, 2];
    let mut arrays = bands.map(|bands| vec![0; 64 * bands * 32 * 32 * 2]);
    let mut slices = arrays.each_mut().map(Vec::as_mut_slice);
    let (numbers, failed) = reader().fill(64, &mut slices, &mut []);
    assert_eq!((numbers.len(), failed.len()), (0, 64));
    assert!(failed[0].to_string().contains("no place"), "{}", failed[0]);
    assert!(arrays.iter().flatten().all(|&byte| byte == 0));

    let mut masks = [(); 2].map(|()| vec![1; 64 * 32 * 32]);
    let [fine, masked] = &mut masks;
    let mut places = [
        Some(fine.as_mut_slice()),
        None,
        None,
        Some(masked.as_mut_slice()),
    ];
    let mut slices = arrays.each_mut().map(Vec::as_mut_slice);
    let (numbers, failed) = reader().fill(64, &mut slices, &mut places);
    assert_eq!((numbers.len(), failed.len()), (64, 0));
    assert!(
        masks[0].iter().all(|&byte| byte == 255),
        "of no mask: valid"
    );
    for (place, chip) in masks[1].chunks(32 * 32).zip(&wanted) {
        let mask = chip.as_ref().unwrap().arrays[3].mask.as_deref();
        assert_eq!(Some(place), mask);
    }
}

#[test]
fn the_blocks_of_a_window_are_bounded_together() {
    let scene = Scene::of(vec![("fine", file(&pixels(1, SIDE), None, &options()))]);
    let opener = MemoryOpener::default().with("fine", Arc::clone(&scene.files[0].1) as Arc<_>);
    let limits = Limits {
        // Two tiles of 64 by 64 times two bytes.
        window_stored_bytes: 2 * 8192,
        ..Limits::default()
    };
    let rasters = Arc::new(RasterCache::new(4, limits));
    let reader = ChipReader::new(Arc::new(opener), Arc::new(Codecs::new()), rasters);
    let windows = [Window::new(32, 0, 64, 64), Window::new(32, 32, 64, 64)];
    let chips = BatchReader::new(&reader, BatchOptions::default()).chips(scene.list(&windows));
    let read: Vec<_> = chips.map(|chip| chip.map(|c| c.number())).collect();
    // The rows wanted of four tiles are no more than those of two; of whole tiles they would be.
    let alone = windows.map(|window| {
        let request = ChipRequest {
            window,
            ..ChipRequest::clone(&scene.like)
        };
        block_on(reader.read_chip(&request)).is_ok()
    });
    let whole: Vec<_> = read.iter().map(Result::is_ok).collect();
    assert_eq!(whole, alone);
    let windows = [Window::new(0, 0, 200, 200)];
    let mut chips = BatchReader::new(&reader, BatchOptions::default()).chips(scene.list(&windows));
    let error = chips.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("window_stored_bytes"), "{error}");
}

#[test]
fn files_laid_out_oddly_are_read() {
    let scene = Scene::odd();
    let read = scene.read(&grid(), &BatchOptions::default());
    assert_eq!((read.counts.failed, read.counts.blocks), (0, 1 + 16 + 12));
    let bands = read.chips[9].as_ref().unwrap().arrays.iter();
    let bands: Vec<_> = bands.map(|array| array.pixels.bands()).collect();
    assert_eq!(bands, [1, 4, 3]);
}

/// Which rasters are open must not show: two keys of one block would decode it twice.
#[test]
fn a_raster_opened_anew_is_the_same() {
    let scene = Scene::of(vec![
        ("a", file(&pixels(1, SIDE), None, &options())),
        ("b", file(&pixels(1, SIDE), None, &options())),
    ]);
    let opener = scene
        .files
        .iter()
        .fold(MemoryOpener::default(), |o, (name, file)| {
            o.with(*name, Arc::clone(file) as Arc<_>)
        });
    let rasters = Arc::new(RasterCache::new(1, Limits::default()));
    let reader = ChipReader::new(Arc::new(opener), Arc::new(Codecs::new()), rasters);
    // Every chip is of a scene of its own.
    let list = (0..20).map(|i| WantedChip {
        like: like(if i % 2 == 0 { "a" } else { "b" }),
        window: Window::new(i, i, 16, 16),
    });
    let list: Vec<_> = list.collect();
    let batch = BatchReader::new(&reader, BatchOptions::default());
    // Also inside another executor.
    let counts = block_on(async {
        let mut chips = batch.chips(list.clone());
        assert_eq!(chips.by_ref().flatten().count(), 20);
        chips.counts()
    });
    assert_eq!((counts.blocks, counts.again), (2, 0));
    assert!(
        scene.files[0].1.batches() > 4,
        "it was opened again and again"
    );
}

#[test]
fn plans_of_many_pieces_are_within_the_memory() {
    let scene = Scene::of(vec![("rows", odd::rows())]);
    let windows = vec![Window::new(0, 0, 256, 256); 250];
    let read = scene.read(&windows, &BatchOptions::default().memory(8 << 20));
    assert_eq!((read.counts.failed, read.errors.len()), (0, 0));
    let most = (1 << 20) + 64 * 240 + 1024;
    let planned = read.counts.peak_planned;
    assert!(planned <= most && planned >= 1 << 20, "{planned}");
    let stream = BatchReader::new(&scene.reader(), BatchOptions::default().memory(8 << 20));
    let mut stream = stream.stream(scene.list(&windows));
    assert_eq!(block_on(stream.by_ref().collect::<Vec<_>>()).len(), 250);
    assert_eq!(stream.counts(), read.counts);
}
