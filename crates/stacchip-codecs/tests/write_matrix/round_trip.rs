//! What the reader finds in what the writer wrote.

use futures::executor::block_on;
use proptest::prelude::*;
use stacchip_codecs::built_in;
use stacchip_cog::{
    Bands, Cog, Limits, NodataValue, Part, open, read_window,
    testing::MemoryReader,
    write::{BigTiff, Blocks, FileLayout, Interleave, Nodata, Overviews, Resampling},
};
use stacchip_model::{AuthorityCode, Pixels, SampleType};

use super::{Case, DEFLATE, disc, pixels, predictors};

fn read_level(reader: &MemoryReader, cog: &Cog, level: usize, part: Part) -> Pixels {
    let image = &cog.images[0];
    let window = image.levels[level].size.window();
    block_on(read_window(
        reader,
        image,
        level,
        window,
        Bands::All,
        part,
        &built_in(),
    ))
    .unwrap()
}

/// Reads the file of `case` and compares everything that was put into it.
pub(super) fn read_back(case: &Case, file: &[u8]) {
    let name = &case.name;
    let reader = MemoryReader::new(file.to_vec());
    let cog = block_on(open(&reader, &Limits::default())).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(cog.big_endian, case.options.big_endian, "{name}");
    assert_eq!(
        cog.big_tiff,
        case.options.big_tiff == BigTiff::Always,
        "{name}"
    );
    assert_eq!(
        cog.ghost.is_some(),
        case.options.layout == FileLayout::Cog,
        "{name}"
    );
    assert!(cog.warnings.is_empty(), "{name}: {:?}", cog.warnings);
    assert_eq!(cog.images.len(), 1, "{name}");

    let image = &cog.images[0];
    let got = read_level(&reader, &cog, 0, Part::Pixels);
    assert!(got == case.pixels, "{name}: pixels differ");
    assert_eq!(image.has_mask(), case.mask.is_some(), "{name}");
    if let Some(mask) = &case.mask {
        let got = read_level(&reader, &cog, 0, Part::Mask);
        assert!(got.as_bytes() == mask, "{name}: mask differs");
    }
    match (image.nodata.as_ref().map(|n| n.value), case.options.nodata) {
        (None, None) => {}
        (Some(NodataValue::Float(got)), Some(Nodata::Float(put))) => {
            assert!(got == put || (got.is_nan() && put.is_nan()), "{name}");
        }
        (Some(NodataValue::Signed(got)), Some(Nodata::Integer(put))) => {
            assert_eq!(i128::from(got), put, "{name}");
        }
        (Some(NodataValue::Unsigned(got)), Some(Nodata::Integer(put))) => {
            assert_eq!(i128::from(got), put, "{name}");
        }
        (got, put) => panic!("{name}: nodata {got:?}, was {put:?}"),
    }
    if let Some(place) = &case.options.georeference {
        let transform = image.georeference.transform.unwrap();
        for (got, put) in transform
            .coefficients()
            .iter()
            .zip(place.transform.coefficients())
        {
            assert!(
                (got - put).abs() <= 1e-9 * put.abs(),
                "{name}: {transform:?}"
            );
        }
        assert_eq!(
            image.georeference.pixel_is_point, place.pixel_is_point,
            "{name}"
        );
        let code = image.georeference.crs.as_ref().and_then(|c| c.code());
        let epsg = case.epsg.map(|e| AuthorityCode::new("EPSG", e.to_string()));
        assert_eq!(code, epsg.as_ref(), "{name}");
        assert_eq!(
            image.georeference.crs.is_some(),
            place.crs.is_some(),
            "{name}"
        );
    }
    for (band, label) in image.bands.iter().zip(&case.options.bands) {
        assert_eq!(band.description, label.description, "{name}");
        assert_eq!(band.scale, label.scale.unwrap_or(1.0), "{name}");
        assert_eq!(band.offset, label.offset.unwrap_or(0.0), "{name}");
        assert_eq!(band.unit, label.unit, "{name}");
        assert_eq!(band.metadata, label.metadata, "{name}");
    }
    // Levels shrink by half, rounded up; the nearest of them are the pixels themselves.
    for (index, pair) in image.levels.windows(2).enumerate() {
        let [large, small] = pair else { continue };
        assert_eq!(small.size.width, large.size.width.div_ceil(2), "{name}");
        assert_eq!(small.size.height, large.size.height.div_ceil(2), "{name}");
        if case.options.resampling == Resampling::Nearest {
            let large = read_level(&reader, &cog, index, Part::Pixels);
            let small = read_level(&reader, &cog, index + 1, Part::Pixels);
            assert_eq!(
                small.as_bytes(),
                every_second(&large),
                "{name}: level {index}"
            );
        }
    }
}

fn every_second(pixels: &Pixels) -> Vec<u8> {
    let bytes = pixels.sample().bytes();
    let [_, height, width] = pixels.shape();
    let rows = pixels.as_bytes().chunks_exact(width * bytes).enumerate();
    rows.filter(|(row, _)| (row % height).is_multiple_of(2))
        .flat_map(|(_, row)| row.chunks_exact(bytes).step_by(2).flatten().copied())
        .collect()
}

fn cases() -> impl Strategy<Value = Case> {
    let sample = prop::sample::select(SampleType::ALL.to_vec());
    let shape = (1usize..5, 1usize..150, 1usize..150);
    let blocks = prop_oneof![
        (1u32..6, 1u32..6).prop_map(|(w, h)| Blocks::Tiles {
            width: w * 16,
            height: h * 16
        }),
        (1u32..200).prop_map(|rows| Blocks::Strips { rows }),
    ];
    let resampling = prop::sample::select(vec![
        Resampling::Nearest,
        Resampling::Average,
        Resampling::Mode,
        Resampling::Bilinear,
    ]);
    let flags = (
        any::<[bool; 6]>(),
        any::<u64>(),
        any::<prop::sample::Index>(),
        0u8..5,
    );
    (sample, shape, blocks, resampling, flags).prop_map(
        |(sample, (bands, height, width), blocks, resampling, (flags, seed, predictor, levels))| {
            let [planar, big, big_endian, mask, sparse, cog] = flags;
            let shape = [bands, height, width];
            let mut options = stacchip_cog::WriteOptions::geotiff()
                .overviews(Overviews::Count(levels), resampling)
                .predictor(*predictor.get(&predictors(sample)))
                .big_endian(big_endian)
                .mask(mask)
                .sparse(sparse)
                .nodata(3.0);
            options.blocks = blocks;
            if planar {
                options.interleave = Interleave::Band;
            }
            if big {
                options.big_tiff = BigTiff::Always;
            }
            if cog && matches!(blocks, Blocks::Tiles { .. }) {
                options.layout = FileLayout::Cog;
            }
            // GDAL's 64-bit integers have whole nodata values.
            if matches!(sample, SampleType::U64) {
                options = options.nodata(3u64);
            }
            if matches!(sample, SampleType::I64) {
                options = options.nodata(-3i64);
            }
            let mut case = Case::new(
                format!("{sample} {shape:?} {options:?}"),
                pixels(sample, shape, seed),
                options,
            );
            case.encoder = Some(&DEFLATE);
            case.mask = mask.then(|| disc(shape));
            case
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(case in cases()) {
        read_back(&case, &case.file());
    }
}
