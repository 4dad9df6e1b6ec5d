//! Chips cut from COGs in memory, against arithmetic done the slow way.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;
use stacchip_chip::{
    Alignment, AssetOpener, AssetRequest, Chip, ChipArray, ChipError, ChipReader, ChipRequest,
    Edge, Frame, Raster, RasterCache, RasterRequest, Resampling, Sidecars, read_raster_window,
    testing::MemoryOpener,
};
use stacchip_cog::{
    Codecs, Limits, RangeReader, ReadError, ReadErrorKind, Version, WriteOptions,
    testing::MemoryReader,
    write::{GeoCrs, Interleave, Overviews, write_raster},
};
use stacchip_model::{Affine, Crs, Pixels, Sample, Size, Window};

const X: f64 = 499_980.0;
const Y: f64 = 4_800_000.0;

fn frame(size: Size, pixel: (f64, f64)) -> Frame {
    Frame {
        size,
        crs: Some(Crs::epsg(32620)),
        transform: Some(Affine::new(pixel.0, 0.0, X, 0.0, -pixel.1, Y)),
    }
}

/// A value for each pixel that tells where it is.
fn value(band: u32, row: i64, col: i64) -> u16 {
    u16::try_from((i64::from(band) * 20_011 + row * 257 + col * 3) % 65_521).unwrap()
}

fn pixels(bands: u32, size: Size) -> Pixels {
    let numbers: Vec<u16> = (0..bands)
        .flat_map(|b| {
            (0..size.height)
                .flat_map(move |r| (0..size.width).map(move |c| value(b, r.into(), c.into())))
        })
        .collect();
    let shape = [bands, size.height, size.width].map(|n| n as usize);
    Pixels::from_slice(shape, &numbers).unwrap()
}

fn options(frame: &Frame) -> WriteOptions {
    let options = WriteOptions::cog()
        .tiles(64)
        .overviews(Overviews::None, stacchip_cog::write::Resampling::Nearest);
    match frame.transform {
        Some(transform) => options.place(transform, Some(GeoCrs::Projected(32620))),
        None => options,
    }
}

fn file(pixels: &Pixels, mask: Option<&[u8]>, options: &WriteOptions) -> Arc<MemoryReader> {
    let mut bytes = Vec::new();
    let options = options.clone().mask(mask.is_some());
    write_raster(pixels, mask, &options, None, &mut bytes).unwrap();
    Arc::new(MemoryReader::new(bytes))
}

fn reader(files: &[(&str, &Arc<MemoryReader>)]) -> ChipReader {
    let opener = files
        .iter()
        .fold(MemoryOpener::default(), |opener, (name, file)| {
            opener.with(*name, Arc::clone(file) as Arc<_>)
        });
    ChipReader::new(
        Arc::new(opener),
        Arc::new(Codecs::new()),
        Arc::new(RasterCache::default()),
    )
}

fn one(request: &ChipRequest, file: &Arc<MemoryReader>) -> Result<ChipArray, ChipError> {
    let mut chip = block_on(reader(&[("a", file)]).read_chip(request))?;
    Ok(chip.arrays.remove(0))
}

fn at<T: Sample>(array: &ChipArray, band: usize, row: usize, col: usize) -> T {
    let [_, height, width] = array.pixels.shape();
    array.pixels.as_slice::<T>().unwrap()[(band * height + row) * width + col]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Any chip is a crop of the whole scene, each asset upsampled to it by pixel centre.
    #[test]
    fn a_chip_is_a_crop_of_the_whole_scene(
        whole in (60u32..400, 60u32..400),
        part in (0.05f64..2.5, 0.05f64..2.5),
        window in (0.0f64..1.0, 0.0f64..1.0, 1u32..130, 1u32..130),
        bands in 1u32..4,
        apart in any::<bool>(),
        placed in any::<bool>(),
    ) {
        let scene = Size::new(whole.0, whole.1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
        let scaled = |n: u32, by: f64| ((f64::from(n) * by) as u32).max(1);
        let raster = Size::new(scaled(whole.0, part.0), scaled(whole.1, part.1));
        let ratio = |a: u32, b: u32| 10.0 * f64::from(a) / f64::from(b);
        let mut under = frame(raster, (ratio(scene.width, raster.width), ratio(scene.height, raster.height)));
        if !placed {
            under.transform = None;
        }
        let interleave = if apart { Interleave::Band } else { Interleave::Pixel };
        let file = file(&pixels(bands, raster), None, &options(&under).interleave(interleave));
        let (w, h) = (window.2.min(scene.width), window.3.min(scene.height));
        let (col, row) = (scaled(scene.width - w, window.0) - 1, scaled(scene.height - h, window.1) - 1);
        let (col, row) = (col.min(scene.width - w), row.min(scene.height - h));
        let window = Window::new(col.into(), row.into(), w, h);
        let request = ChipRequest::new(frame(scene, (10.0, 10.0)), window, vec![AssetRequest::new("a", "a")]);
        let got = one(&request, &file).unwrap();
        prop_assert_eq!(got.pixels.shape(), [bands as usize, h as usize, w as usize]);
        let exact = |t: u32, from: u32, to: u32| i64::from((2 * t + 1) * from / (2 * to));
        for b in 0..bands {
            for r in 0..h {
                for c in 0..w {
                    let wanted = value(
                        b,
                        exact(row + r, raster.height, scene.height),
                        exact(col + c, raster.width, scene.width),
                    );
                    let found: u16 = at(&got, b as usize, r as usize, c as usize);
                    prop_assert_eq!(found, wanted, "band {} row {} column {}", b, r, c);
                }
            }
        }
        prop_assert!(got.mask.is_none());
    }

    /// Outside is filled, inside is untouched, whichever side the window leaves.
    #[test]
    fn a_window_that_leaves_is_filled(
        col in -150i64..150, row in -150i64..150, w in 1u32..200, h in 1u32..200,
        factor in prop::sample::select(vec![1u32, 2, 3]),
    ) {
        let scene = Size::new(96, 120);
        let raster = Size::new(96 / factor, 120 / factor);
        let under = frame(raster, (10.0 * f64::from(factor), 10.0 * f64::from(factor)));
        let file = file(&pixels(2, raster), None, &options(&under));
        let window = Window::new(col, row, w, h);
        let mut request = ChipRequest::new(frame(scene, (10.0, 10.0)), window, vec![AssetRequest::new("a", "a")]);
        let refused = one(&request, &file);
        prop_assert_eq!(refused.is_ok(), window.fits(scene));
        if let Err(error) = refused {
            let text = error.to_string();
            prop_assert!(text.contains("leaves the raster") && text.contains("asset a at a"), "{}", text);
        }
        request.edge = Edge::Fill(65_535.0);
        let filled = one(&request, &file).unwrap();
        prop_assert!(filled.mask.is_none());
        request.edge = Edge::Masked;
        let masked = one(&request, &file).unwrap();
        prop_assert_eq!(masked.mask.is_some(), !window.fits(scene));
        for r in 0..h as usize {
            for c in 0..w as usize {
                let (y, x) = (row + i64::try_from(r).unwrap(), col + i64::try_from(c).unwrap());
                let inside = (0..120).contains(&y) && (0..96).contains(&x);
                let factor = i64::from(factor);
                let wanted = if inside { value(1, y / factor, x / factor) } else { 65_535 };
                prop_assert_eq!(at::<u16>(&filled, 1, r, c), wanted);
                let wanted = if inside { wanted } else { 0 };
                prop_assert_eq!(at::<u16>(&masked, 1, r, c), wanted);
                if let Some(mask) = &masked.mask {
                    prop_assert_eq!(mask[r * w as usize + c], if inside { 255 } else { 0 });
                }
            }
        }
    }
}

#[test]
fn many_chips_read_each_header_once_and_each_chip_in_one_round_trip() {
    let (ten, twenty) = (Size::new(512, 512), Size::new(256, 256));
    let fine = file(&pixels(1, ten), None, &options(&frame(ten, (10.0, 10.0))));
    let coarse = file(
        &pixels(1, twenty),
        None,
        &options(&frame(twenty, (20.0, 20.0))),
    );
    let reader = reader(&[("blue", &fine), ("scl", &coarse)]);
    let assets = || ["scl", "blue"].map(|k| AssetRequest::new(k, k)).to_vec();
    for x in 0..4 {
        let window = Window::new(x * 128, 0, 128, 128);
        let request = ChipRequest::new(frame(ten, (10.0, 10.0)), window, assets());
        let chip = block_on(reader.read_chip(&request)).unwrap();
        let names: Vec<_> = chip.arrays.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["scl", "blue"]);
        let place = chip.frame.transform.unwrap();
        assert_eq!((place.c, place.f), (X + 1280.0 * x as f64, Y));
    }
    for file in [&fine, &coarse] {
        assert_eq!(file.batches(), 1 + 4, "one read of the header, one a chip");
    }
}

#[test]
fn an_asset_that_cannot_be_read_fails_the_chip_by_name() {
    let size = Size::new(128, 128);
    let under = frame(size, (10.0, 10.0));
    let good = file(&pixels(1, size), None, &options(&under));
    let reader = reader(&[("mem://good", &good)]);
    let assets = vec![
        AssetRequest::new("blue", "mem://good"),
        AssetRequest::new("red", "mem://gone"),
    ];
    let request = ChipRequest::new(under, Window::new(0, 0, 64, 64), assets);
    let error = block_on(reader.read_chip(&request))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("asset red at mem://gone") && error.contains("not found"),
        "{error}"
    );
}

#[test]
fn upstreams_alignment_stretches() {
    let (scene, raster) = (Size::new(10_980 / 6, 10_980 / 6), Size::new(305, 305));
    let file = file(&pixels(1, raster), None, &options(&Frame::of_size(raster)));
    let mut request = ChipRequest::new(
        Frame::of_size(scene),
        Window::new(256, 512, 256, 256),
        vec![AssetRequest::new("a", "a")],
    );
    request.alignment = Alignment::Upstream;
    let got = one(&request, &file).unwrap();
    for i in 0..256usize {
        // 43 pixels from ⌊256/6⌋ and ⌊512/6⌋, stretched to 256.
        let source = |start: i64| start + i64::try_from((2 * i + 1) * 43 / 512).unwrap();
        assert_eq!(at::<u16>(&got, 0, i, i), value(0, source(85), source(42)));
    }
}

#[test]
fn the_rasters_own_mask_and_nodata_are_told() {
    let size = Size::new(100, 90);
    let under = frame(size, (10.0, 10.0));
    let mask: Vec<u8> = (0..9000u32)
        .map(|i| if i % 7 == 0 { 0 } else { 255 })
        .collect();
    let masked = file(&pixels(1, size), Some(&mask), &options(&under));
    let mut request = ChipRequest::new(
        under.clone(),
        Window::new(-10, 0, 50, 40),
        vec![AssetRequest::new("a", "a")],
    );
    request.edge = Edge::Masked;
    let got = one(&request, &masked).unwrap();
    let told = got.mask.unwrap();
    for r in 0..40 {
        for c in 0..50 {
            let wanted = if c < 10 { 0 } else { mask[r * 100 + c - 10] };
            assert_eq!(told[r * 50 + c], wanted, "row {r} column {c}");
        }
    }
    let marked = file(&pixels(1, size), None, &options(&under).nodata(9.0));
    let got = one(&request, &marked).unwrap();
    assert_eq!((got.nodata, got.mask.is_none()), (Some(9.0), true));
    assert_eq!(at::<u16>(&got, 0, 0, 0), 9);
    // What the item says counts where the file says nothing.
    request.assets[0].described = vec![stacchip_model::Band {
        nodata: Some(7.0),
        name: Some("B02".to_owned()),
        ..stacchip_model::Band::default()
    }];
    let silent = file(&pixels(1, size), None, &options(&under));
    let got = one(&request, &silent).unwrap();
    assert_eq!((got.nodata, got.bands), (Some(7.0), vec!["B02".to_owned()]));
    assert_eq!(got.pixels.as_slice::<u16>().unwrap()[0], 7);
    request.edge = Edge::Fill(-1.0);
    let error = one(&request, &silent).unwrap_err().to_string();
    assert!(error.contains("uint16 cannot hold -1"), "{error}");
}

#[test]
fn files_beside_a_raster_are_taken_where_it_has_none() {
    let (size, half) = (Size::new(100, 80), Size::new(50, 40));
    let under = frame(size, (10.0, 10.0));
    let main = file(&pixels(1, size), None, &options(&under));
    let overview = file(&pixels(1, half), None, &options(&Frame::of_size(half)));
    let valid = Pixels::from_slice([1, 80, 100], &[255u8; 8000]).unwrap();
    let mask = file(&valid, None, &options(&Frame::of_size(size)));
    let opener = [("a", &main), ("a.ovr", &overview), ("a.msk", &mask)]
        .iter()
        .fold(MemoryOpener::default(), |opener, (name, file)| {
            opener.with(*name, Arc::clone(file) as Arc<_>)
        });
    let opener: Arc<dyn AssetOpener> = Arc::new(opener);
    let cache = RasterCache::default().with_sidecars(Sidecars::Everywhere);
    let codecs = Arc::new(Codecs::new());
    let request = RasterRequest {
        level: 1,
        window: Some(Window::new(3, 4, 20, 10)),
        ..RasterRequest::default()
    };
    let chip = block_on(async {
        let raster = cache.raster(&opener, "a").await.unwrap();
        assert!(raster.image(0).unwrap().has_mask());
        read_raster_window(&raster, "a", &request, &codecs).await
    });
    assert_eq!(at::<u16>(&chip.unwrap().arrays[0], 0, 2, 1), value(0, 6, 4));
}

/// Says that nobody may read it: as a store does that shows nobody what is there, or not.
#[derive(Debug)]
struct Denied {
    may_be_missing: bool,
}

#[async_trait]
impl RangeReader for Denied {
    async fn read(&self, _: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let denied = ReadError::new(ReadErrorKind::Denied, self.address());
        Err(denied.perhaps_missing(self.may_be_missing))
    }

    fn address(&self) -> &'static str {
        "what is denied"
    }

    fn version(&self) -> Version {
        Version::default()
    }
}

#[test]
fn a_file_beside_a_raster_that_nobody_may_read_is_not_passed_over() {
    let size = Size::new(100, 80);
    let main = file(&pixels(1, size), None, &options(&frame(size, (10.0, 10.0))));
    let opened = |address: &str, beside: &str, may_be_missing| {
        let denied = Arc::new(Denied { may_be_missing });
        let opener = MemoryOpener::default()
            .with(address, Arc::clone(&main) as Arc<_>)
            .with(format!("{address}{beside}"), denied);
        let (limits, which) = (Limits::default(), Sidecars::Everywhere);
        block_on(Raster::open_with_sidecars(&opener, address, &limits, which))
    };
    for (address, beside) in [
        ("s3://b/a.tif", ".ovr"),
        ("s3://b/a.tif", ".msk"),
        ("a.tif", ".msk"),
        ("a.tif", ".aux.xml"),
    ] {
        let error = opened(address, beside, false).unwrap_err().to_string();
        assert!(error.contains("what is denied: access denied"), "{error}");
        let raster = opened(address, beside, true).unwrap();
        assert_eq!(raster.in_doubt(), [format!("{address}{beside}")]);
        assert!(!raster.image(0).unwrap().has_mask());
    }
}

fn window_of(file: &Arc<MemoryReader>, request: &RasterRequest) -> Result<Chip, ChipError> {
    let reader = reader(&[("a", file)]);
    block_on(async {
        let raster = reader.raster("a").await?;
        read_raster_window(&raster, "a", request, reader.codecs()).await
    })
}

#[test]
fn a_raster_by_itself_level_by_level() {
    let size = Size::new(200, 144);
    let under = frame(size, (10.0, 10.0));
    let options = options(&under).overviews(
        Overviews::Count(2),
        stacchip_cog::write::Resampling::Nearest,
    );
    let file = file(&pixels(3, size), None, &options);
    let all = window_of(&file, &RasterRequest::default()).unwrap();
    assert_eq!(all.arrays[0].pixels, pixels(3, size));
    let request = RasterRequest {
        level: 1,
        window: Some(Window::new(10, 20, 30, 40)),
        bands: Some(vec![2, 0]),
        ..RasterRequest::default()
    };
    let part = window_of(&file, &request).unwrap();
    let array = &part.arrays[0];
    assert_eq!(array.pixels.shape(), [2, 40, 30]);
    assert_eq!(at::<u16>(array, 0, 5, 7), value(2, 50, 34));
    assert_eq!(at::<u16>(array, 1, 39, 29), value(0, 118, 78));
    let place = Affine::new(20.0, 0.0, X + 200.0, 0.0, -20.0, Y - 400.0);
    assert_eq!(part.frame.transform, Some(place));
    // Half as many pixels: each is the one under its centre.
    let request = RasterRequest {
        window: Some(Window::new(2, 4, 90, 60)),
        output: Some(Size::new(30, 20)),
        ..RasterRequest::default()
    };
    let part = window_of(&file, &request).unwrap();
    assert_eq!(at::<u16>(&part.arrays[0], 0, 1, 2), value(0, 4 + 4, 2 + 7));

    let wrong = |what: fn(&mut RasterRequest)| {
        let mut request = RasterRequest::default();
        what(&mut request);
        window_of(&file, &request).unwrap_err().to_string()
    };
    for (error, part) in [
        (wrong(|r| r.level = 3), "level 3"),
        (wrong(|r| r.image = 1), "no image 1"),
        (wrong(|r| r.bands = Some(vec![3])), "band"),
        (
            wrong(|r| r.window = Some(Window::new(190, 0, 20, 20))),
            "190,0,20,20 leaves the raster of 200 x 144",
        ),
        (
            wrong(|r| r.window = Some(Window::new(0, 0, 0, 20))),
            "no pixel",
        ),
        (
            wrong(|r| r.window = Some(Window::new(i64::MAX, i64::MIN, 256, 256))),
            "leaves the raster",
        ),
        (
            wrong(|r| {
                r.window = Some(Window::new(0, 0, u32::MAX, 1));
                r.edge = Edge::Masked;
            }),
            "does not fit into memory",
        ),
        (wrong(|r| r.resampling = Resampling::Cubic), "`cubic`"),
    ] {
        assert!(error.contains(part), "{error}");
    }
}
