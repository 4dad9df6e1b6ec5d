//! Headers taken apart and put together again.

use futures::executor::block_on;
use proptest::prelude::*;
use stacchip_cog::{
    Bands, Limits, StoredHeader, StoredHeaderError, StoredRaster, WriteOptions,
    testing::{MemoryHeaders, MemoryReader, check_header_store, check_stored_header},
    write_cog,
};
use stacchip_model::{Pixels, SampleType};

use crate::files::{Zlib, files, header, read};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_put_together_again_is_the_same_and_reads_the_same(file in files()) {
        let reader = MemoryReader::new(file.bytes.clone()).with_etag("\"1\"");
        let stored = block_on(check_stored_header(&reader, &Limits::default())).unwrap().unwrap();
        reader.reset();
        let again = stored.rebuild(&Limits::default()).unwrap();
        let cog = header(&file.bytes, u64::MAX, Limits::default()).unwrap();
        for (level, (a, b)) in cog.images[0].levels.iter().zip(&again.images[0].levels).enumerate() {
            prop_assert_eq!(a.size, b.size);
            let window = a.size.window();
            prop_assert_eq!(
                read(&file.bytes, &cog.images[0], level, window, Bands::All),
                read(&file.bytes, &again.images[0], level, window, Bands::All)
            );
            let plan = again.images[0].plan(level, window, Bands::All, stacchip_cog::Part::Pixels);
            prop_assert!(plan.unwrap().table_ranges().is_empty());
        }
        prop_assert_eq!(reader.requests(), 0);
    }

    #[test]
    fn hostile_ones_are_refused_or_read_within_limits(file in files(), changes in prop::collection::vec(any::<(u8, u8, i64)>(), 1..4)) {
        let reader = MemoryReader::new(file.bytes.clone()).with_etag("\"1\"");
        let mut stored = block_on(check_stored_header(&reader, &Limits::default())).unwrap().unwrap();
        for (at, field, value) in changes {
            let at = usize::from(at) % stored.rasters.len();
            spoil(&mut stored.rasters[at], field, value);
        }
        let limits = Limits { window_bytes: 1 << 24, block_bytes: 1 << 22, stored_block_bytes: 1 << 22, ..Limits::default() };
        let Ok(cog) = stored.rebuild(&limits) else { return Ok(()) };
        for image in &cog.images {
            for (level, found) in image.levels.iter().enumerate() {
                let window = found.size.window().clip(stacchip_model::Size::new(64, 64)).unwrap();
                // An error is as good as pixels here; a panic fails the test.
                let _ = read(&file.bytes, image, level, window, Bands::All);
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "any number will do"
)]
fn spoil(raster: &mut StoredRaster, field: u8, value: i64) {
    let small = (value & 3) as u16;
    match field % 24 {
        0 => raster.image = u32::from(small),
        1 => raster.level = u32::from(small),
        2 => raster.mask = !raster.mask,
        3 => raster.width = value as u32,
        4 => raster.height = value as u32,
        5 => raster.block_width = value as u32,
        6 => raster.block_height = value as u32,
        7 => raster.tiled = !raster.tiled,
        8 => raster.big_endian = !raster.big_endian,
        9 => raster.compression = [1, 8, 7, 5][usize::from(small)],
        10 => raster.predictor = small,
        11 => raster.planar = small,
        12 => raster.samples = value as u16,
        13 => raster.bits = value as u16 % 130,
        14 => raster.format = value as u16 % 8,
        15 => raster.lsb_first = !raster.lsb_first,
        16 => raster.extra_samples = vec![small; usize::from(small)],
        17 => raster.fill = vec![1; 1 << small],
        18 => raster.promote = !raster.promote,
        19 => raster.gaps = raster.gaps.iter().map(|_| value).collect(),
        20 => raster.lengths = raster.lengths.iter().map(|_| value as u64).collect(),
        21 => raster.gaps.push(value),
        22 => raster.properties.push((
            ["transform", "band.7.scale", "ghost.0", "domain.0.name"][usize::from(small)].into(),
            value.to_string(),
        )),
        _ => raster.samples = small,
    }
}

#[test]
fn the_store_in_memory_keeps_the_promises() {
    assert_eq!(
        block_on(check_header_store(&MemoryHeaders::default())),
        Ok(())
    );
}

fn stored() -> StoredHeader {
    let pixels = Pixels::zeros(SampleType::U16, [2, 600, 700]).unwrap();
    let file = write_cog(&pixels, &WriteOptions::cog().tiles(64), Some(&Zlib)).unwrap();
    let reader = MemoryReader::new(file).with_etag("\"1\"");
    block_on(check_stored_header(&reader, &Limits::default()))
        .unwrap()
        .unwrap()
}

#[test]
fn tables_of_blocks_in_their_order_have_small_gaps() {
    let stored = stored();
    let base = &stored.rasters[0];
    assert_eq!(base.lengths.len(), 110);
    assert!(
        base.gaps[1..].iter().all(|gap| (0..=16).contains(gap)),
        "{:?}",
        base.gaps
    );
}

#[test]
fn what_is_no_header_is_named() {
    type Spoil = fn(&mut StoredHeader);
    let cases: [(&str, Spoil); 10] = [
        ("no raster", |s| s.rasters.clear()),
        ("image 0, level 7: not in order", |s| s.rasters[1].level = 7),
        ("image 3, level 1: not in order", |s| s.rasters[1].image = 3),
        ("width is 0", |s| s.rasters[0].width = 0),
        ("bits is 200", |s| s.rasters[0].bits = 200),
        ("planar is 9", |s| s.rasters[0].planar = 9),
        ("gaps lead out of the object", |s| {
            s.rasters[0].gaps[3] = -1 << 40;
        }),
        ("have 110 and 111 values", |s| s.rasters[0].lengths.push(1)),
        ("samples is not that of level 0", |s| {
            s.rasters[1].samples = 3;
        }),
        ("property `transform` is not six numbers", |s| {
            s.rasters[0]
                .properties
                .push(("transform".into(), "1 2 3".into()));
        }),
    ];
    for (wanted, spoil) in cases {
        let mut stored = stored();
        spoil(&mut stored);
        let error = stored.rebuild(&Limits::default()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}: want {wanted}");
    }
    let tight = Limits {
        directories: 2,
        ..Limits::default()
    };
    assert!(matches!(
        stored().rebuild(&tight),
        Err(StoredHeaderError::Limit { .. })
    ));
    let few = |s: &mut StoredHeader| {
        s.rasters[0].gaps.truncate(3);
        s.rasters[0].lengths.truncate(3);
    };
    let mut short = stored();
    few(&mut short);
    assert!(
        short.rebuild(&Limits::default()).is_ok(),
        "what is not listed is left out"
    );
}

#[test]
fn what_no_store_vouches_for_is_not_kept() {
    let pixels = Pixels::zeros(SampleType::U8, [1, 60, 70]).unwrap();
    let file = write_cog(&pixels, &WriteOptions::cog(), None).unwrap();
    let reader = MemoryReader::new(file);
    let cog = block_on(stacchip_cog::open(&reader, &Limits::default())).unwrap();
    assert_eq!(
        StoredHeader::of("memory", &reader, &cog),
        Err(stacchip_cog::NotStorable::Unversioned)
    );
}
