//! Laws of reading.

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;
use stacchip_cog::{
    Bands, BlockBytes, BlockContext, BlockId, Codecs, Compression, Cut, Limits, Part, SampleFormat,
    Scratch, Strides, TileEncoder, open, read_window,
    testing::{MemoryReader, check_range_reader, check_tile_decoder},
};
use stacchip_model::{Pixels, Window};

use crate::files::{Zlib, codecs, files, header, part, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_written_is_read(file in files()) {
        let cog = header(&file.bytes, u64::MAX, Limits::default()).unwrap();
        let image = &cog.images[0];
        let whole = image.size().window();
        let got = read(&file.bytes, image, 0, whole, Bands::All).unwrap();
        prop_assert_eq!(got, file.pixels);
    }

    #[test]
    fn a_window_is_a_crop_of_the_whole(
        file in files(), corner in any::<(u8, u8)>(), extent in any::<(u8, u8)>(), picks in any::<[u8; 3]>(),
    ) {
        let cog = header(&file.bytes, u64::MAX, Limits::default()).unwrap();
        let image = &cog.images[0];
        for level in 0..image.levels.len() {
            let size = image.levels[level].size;
            let whole = read(&file.bytes, image, level, size.window(), Bands::All).unwrap();
            let col = u32::from(corner.0) % size.width;
            let row = u32::from(corner.1) % size.height;
            let window = Window::new(
                col.into(),
                row.into(),
                1 + u32::from(extent.0) % (size.width - col),
                1 + u32::from(extent.1) % (size.height - row),
            );
            let bands: Vec<usize> = picks
                .iter()
                .map(|&p| usize::from(p) % image.bands.len())
                .collect();
            let got = read(&file.bytes, image, level, window, Bands::These(&bands)).unwrap();
            prop_assert_eq!(got, crop(&whole, window, &bands));
        }
    }

    /// What neighbours are summed of once, for all of them, is for each what it is alone.
    #[test]
    fn cuts_of_a_block_are_each_a_crop_of_the_whole(
        file in files(),
        block in any::<u64>(),
        places in prop::collection::vec(any::<[u8; 4]>(), 1..12),
    ) {
        let cog = header(&file.bytes, u64::MAX, Limits::default()).unwrap();
        let image = &cog.images[0];
        let plan = image.plan(0, image.size().window(), Bands::All, Part::Pixels).unwrap();
        for range in plan.table_ranges() {
            plan.supply_table(&range, &part(&file.bytes, range.start, range.end));
        }
        let level = plan.level();
        let id = BlockId(block % level.block_count());
        let of = level.block_window(id).unwrap();
        let bands: Vec<usize> = level.block_bands(id).collect();
        let stored = level.stored(id, of).unwrap().unwrap();
        let bytes = part(&file.bytes, stored.range.start, stored.range.end);
        let windows: Vec<Window> = places
            .iter()
            .map(|place| {
                let [col, row, width, height] = place.map(u32::from);
                let (col, row) = (col % of.width, row % of.height);
                Window::new(
                    of.col + i64::from(col),
                    of.row + i64::from(row),
                    1 + width % (of.width - col),
                    1 + height % (of.height - row),
                )
            })
            .collect();
        let wanted: Vec<Pixels> = windows.iter().map(|&w| crop(&file.pixels, w, &bands)).collect();
        let mut got: Vec<Pixels> = wanted
            .iter()
            .map(|pixels| Pixels::zeros(pixels.sample(), pixels.shape()).unwrap())
            .collect();
        let mut cuts: Vec<Cut<'_>> = got
            .iter_mut()
            .zip(&windows)
            .map(|(pixels, &window)| {
                let [_, height, width] = pixels.shape();
                let row = width * pixels.sample().bytes();
                let strides = Strides { row, band: row * height };
                Cut { window, bands: &bands, out: pixels.as_bytes_mut(), strides }
            })
            .collect();
        let stored = BlockBytes { bytes: &bytes, first_row: stored.first_row };
        let mut scratch = Scratch::default();
        level.decode_block(id, Some(stored), &mut cuts, &codecs(), &mut scratch).unwrap();
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn the_pieces_of_a_header_make_no_difference(file in files(), piece in 1u64..4000, page in 0u32..12, first in 1u64..5000) {
        let limits = Limits { page_bytes: 1 << page, first_read_bytes: first, ..Limits::default() };
        let whole = header(&file.bytes, u64::MAX, limits.clone()).unwrap();
        let split = header(&file.bytes, piece, limits).unwrap();
        let (a, b) = (&whole.images[0], &split.images[0]);
        prop_assert_eq!(&a.bands, &b.bands);
        prop_assert_eq!(&a.georeference, &b.georeference);
        prop_assert_eq!(a.levels.len(), b.levels.len());
        prop_assert_eq!(&whole.warnings, &split.warnings);
        for (level, (x, y)) in a.levels.iter().zip(&b.levels).enumerate() {
            prop_assert_eq!(&x.encoding, &y.encoding);
            let window = x.size.window();
            // What of the tables is at hand is the same, too.
            let plan = |image: &stacchip_cog::Image| {
                image.plan(level, window, Bands::All, Part::Pixels).unwrap().table_ranges()
            };
            prop_assert_eq!(plan(a), plan(b));
            prop_assert_eq!(
                read(&file.bytes, a, level, window, Bands::All),
                read(&file.bytes, b, level, window, Bands::All)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Blocks tile a level: each pixel of each band is in one of them, the one that is found for it.
    #[test]
    fn blocks_tile_every_level(file in files(), corner in any::<(u8, u8)>(), extent in any::<(u8, u8)>()) {
        let cog = header(&file.bytes, u64::MAX, Limits::default()).unwrap();
        let image = &cog.images[0];
        for (number, level) in image.levels.iter().enumerate() {
            let (size, block) = (level.size, level.block);
            let mut seen = vec![0u32; level.bands() * size.width as usize * size.height as usize];
            for id in (0..level.block_count()).map(BlockId) {
                let window = level.block_window(id).unwrap();
                prop_assert!(size.window().contains(window) && !window.is_empty());
                let (across, down) = (
                    u32::try_from(window.col).unwrap() / block.width,
                    u32::try_from(window.row).unwrap() / block.height,
                );
                for band in level.block_bands(id) {
                    prop_assert_eq!(level.block_at(across, down, band), Some(id));
                    for row in window.row..window.row_end() {
                        for col in window.col..window.col_end() {
                            let (row, col) = (usize::try_from(row).unwrap(), usize::try_from(col).unwrap());
                            seen[(band * size.height as usize + row) * size.width as usize + col] += 1;
                        }
                    }
                }
            }
            prop_assert!(seen.iter().all(|&n| n == 1));
            prop_assert_eq!(level.block_window(BlockId(level.block_count())), None);
            prop_assert_eq!(level.block_at(level.blocks_across(), 0, 0), None);
            prop_assert_eq!(level.block_at(0, level.blocks_down(), 0), None);
            prop_assert_eq!(level.block_at(0, 0, level.bands()), None);

            // A window is planned of the blocks that it meets, and of no other.
            let (col, row) = (u32::from(corner.0) % size.width, u32::from(corner.1) % size.height);
            let window = Window::new(
                col.into(),
                row.into(),
                1 + u32::from(extent.0) % (size.width - col),
                1 + u32::from(extent.1) % (size.height - row),
            );
            let plan = image.plan(number, window, Bands::All, Part::Pixels).unwrap();
            let met: Vec<BlockId> = (0..level.block_count())
                .map(BlockId)
                .filter(|&id| level.block_window(id).unwrap().intersection(window).is_some())
                .collect();
            let mut planned = plan.blocks().to_vec();
            planned.sort_unstable();
            prop_assert_eq!(planned, met);
        }
    }
}

fn crop(whole: &Pixels, window: Window, bands: &[usize]) -> Pixels {
    let shape = [bands.len(), window.height as usize, window.width as usize];
    let mut out = Pixels::zeros(whole.sample(), shape).unwrap();
    let bytes = whole.sample().bytes();
    let (row, col) = (
        usize::try_from(window.row).unwrap(),
        usize::try_from(window.col).unwrap(),
    );
    for (slot, &band) in bands.iter().enumerate() {
        for r in 0..shape[1] {
            let at = ((row + r) * whole.width() + col) * bytes;
            let line = whole.band_bytes(band).unwrap()[at..at + shape[2] * bytes].to_vec();
            let to = r * shape[2] * bytes;
            out.band_bytes_mut(slot).unwrap()[to..to + line.len()].copy_from_slice(&line);
        }
    }
    out
}

#[test]
fn a_well_formed_header_is_one_request_and_a_chip_one_more() {
    let pixels = Pixels::zeros(stacchip_model::SampleType::U16, [1, 600, 700]).unwrap();
    let options = stacchip_cog::WriteOptions::cog().tiles(64);
    let file = stacchip_cog::write_cog(&pixels, &options, Some(&Zlib)).unwrap();
    let reader = MemoryReader::new(file);
    let cog = block_on(open(&reader, &Limits::default())).unwrap();
    assert_eq!((reader.batches(), reader.requests()), (1, 1));
    assert!(cog.ghost.is_some());
    let codecs = Codecs::new().with(Zlib);
    let window = Window::new(100, 100, 128, 128);
    let image = &cog.images[0];
    let got = block_on(read_window(
        &reader,
        image,
        0,
        window,
        Bands::All,
        Part::Pixels,
        &codecs,
    ))
    .unwrap();
    assert_eq!(got.shape(), [1, 128, 128]);
    assert_eq!((reader.batches(), reader.requests()), (2, 1 + 9));
}

#[test]
fn large_tables_are_read_in_pages() {
    // 400 × 400 tiles of 16: two tables of 640 000 bytes.
    let pixels = Pixels::zeros(stacchip_model::SampleType::U8, [1, 6400, 6400]).unwrap();
    let options = stacchip_cog::WriteOptions::geotiff().tiles(16);
    let file = stacchip_cog::write_geotiff(&pixels, &options, Some(&Zlib)).unwrap();
    let reader = MemoryReader::new(file);
    let cog = block_on(open(&reader, &Limits::default())).unwrap();
    let codecs = Codecs::new().with(Zlib);
    let window = Window::new(3000, 3000, 16, 16);
    let read = read_window(
        &reader,
        &cog.images[0],
        0,
        window,
        Bands::All,
        Part::Pixels,
        &codecs,
    );
    assert_eq!(block_on(read).unwrap().shape(), [1, 16, 16]);
    assert!(reader.bytes_read() < 200_000, "{}", reader.bytes_read());
}

#[test]
fn the_decoder_of_these_tests_keeps_the_promises() {
    let block = BlockContext {
        compression: Compression::DEFLATE,
        width: 30,
        height: 20,
        samples: 1,
        bits: 8,
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
    };
    let plain: Vec<u8> = (0..600u32).map(|i| u8::try_from(i % 83).unwrap()).collect();
    let mut stored = Vec::new();
    Zlib.encode(&plain, &block, &mut stored).unwrap();
    assert_eq!(check_tile_decoder(&Zlib, &stored, &block, &plain), Ok(()));
}

#[test]
fn the_reader_in_memory_keeps_the_promises() {
    let bytes: Vec<u8> = (0..5000u32)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect();
    let reader = MemoryReader::new(bytes.clone());
    assert_eq!(block_on(check_range_reader(&reader, &bytes)), Ok(()));
    assert_eq!(part(&Bytes::from(bytes), 4990, 6000).len(), 10);
}
