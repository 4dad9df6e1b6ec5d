//! The writer over a matrix of layouts, types and tags.
//!
//! With `STACCHIP_WRITE_MATRIX=FOLDER` every file is also kept there, beside a manifest of what a
//! reader should find; `scripts/golden/check_writer.py` asks GDAL and rio-cogeo about them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a test; the numbers are small"
)]

use std::{fmt::Write as _, fs, path::PathBuf};

mod round_trip;

use round_trip::read_back;
use stacchip_codecs::{Deflate, Lzw, PackBits};
use stacchip_cog::{
    TileEncoder, WriteOptions,
    write::{
        BandLabel, BigTiff, ExtraSample, FileLayout, GeoCrs, GeoKeys, Interleave, Overviews,
        Photometric, Predictor, Resampling, write_raster,
    },
};
use stacchip_model::{Affine, Pixels, SampleType};

const DEFLATE: Deflate = Deflate::new().level(1);

/// The schemes that files of `layout` are written with: all of them where it costs least.
fn schemes(layout: FileLayout) -> Vec<(&'static str, Option<&'static dyn TileEncoder>)> {
    let mut all: Vec<(&str, Option<&dyn TileEncoder>)> = vec![("deflate", Some(&DEFLATE))];
    if layout == FileLayout::Cog {
        all.extend([
            ("none", None),
            ("lzw", Some(&Lzw as &dyn TileEncoder)),
            ("packbits", Some(&PackBits)),
        ]);
        #[cfg(feature = "libzstd")]
        all.push(("zstd", Some(&ZSTD)));
    }
    all
}

#[cfg(feature = "libzstd")]
const ZSTD: stacchip_codecs::Zstd = stacchip_codecs::Zstd::new().level(1);

/// One file to be written, and what it holds.
struct Case {
    name: String,
    pixels: Pixels,
    mask: Option<Vec<u8>>,
    options: WriteOptions,
    encoder: Option<&'static dyn TileEncoder>,
    /// EPSG code that a reader should find.
    epsg: Option<u16>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Case {
    fn new(name: impl Into<String>, pixels: Pixels, options: WriteOptions) -> Self {
        Self {
            name: name.into(),
            pixels,
            mask: None,
            options,
            encoder: Some(&DEFLATE),
            epsg: None,
        }
    }

    fn file(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let len = write_raster(
            &self.pixels,
            self.mask.as_deref(),
            &self.options,
            self.encoder,
            &mut out,
        )
        .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        assert_eq!(len, out.len() as u64, "{}", self.name);
        out
    }

    /// A line of JSON for the script.
    fn describe(&self) -> String {
        let [bands, height, width] = self.pixels.shape();
        let mut line = format!(
            "{{\"name\":\"{}\",\"dtype\":\"{}\",\"shape\":[{bands},{height},{width}],\"cog\":{},\
             \"mask\":{},\"epsg\":{}",
            self.name,
            self.pixels.sample(),
            self.options.layout == FileLayout::Cog,
            self.mask.is_some(),
            self.epsg.map_or("null".into(), |e| e.to_string()),
        );
        if let Some(place) = &self.options.georeference {
            let _ = write!(line, ",\"transform\":{:?}", place.transform.coefficients());
        }
        if let Some(nodata) = self.options.nodata {
            let text = match nodata {
                stacchip_cog::write::Nodata::Float(v) => v.to_string(),
                stacchip_cog::write::Nodata::Integer(v) => v.to_string(),
            };
            let _ = write!(line, ",\"nodata\":\"{text}\"");
        }
        line.push('}');
        line
    }
}

/// Pixels with runs, noise, edges of the type, and for floats numbers that are none.
fn pixels(sample: SampleType, shape: [usize; 3], seed: u64) -> Pixels {
    let mut p = Pixels::zeros(sample, shape).unwrap();
    let [_, _, width] = shape;
    let component = sample.component_bytes();
    let mut state = seed | 1;
    let per_row = width * sample.bytes() / component;
    for (i, number) in p.as_bytes_mut().chunks_exact_mut(component).enumerate() {
        let (row, col) = (i / per_row, i % per_row);
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let noise = state >> 40;
        let value = (row as u64 / 3) * 7 + (col as u64 / 5) * 3 + (noise & 3);
        let wild = noise.is_multiple_of(97);
        match (component, sample.is_integer()) {
            (1, _) => number[0] = value.to_le_bytes()[0],
            (2, true) => {
                let v = if wild { noise } else { value };
                number.copy_from_slice(&v.to_le_bytes()[..2]);
            }
            (2, false) => {
                number.copy_from_slice(&(0x3c00u16 + (value as u16 & 0x3ff)).to_ne_bytes());
            }
            (4, true) => number.copy_from_slice(&((value as u32) << (noise % 20)).to_ne_bytes()),
            (4, false) => {
                let v = if wild {
                    f32::NAN
                } else {
                    value as f32 * 0.37 - 11.0
                };
                number.copy_from_slice(&v.to_ne_bytes());
            }
            (8, true) => number.copy_from_slice(&(value << (noise % 50)).to_ne_bytes()),
            _ => {
                let v = if wild {
                    f64::INFINITY
                } else {
                    value as f64 * 0.37 - 11.0
                };
                number.copy_from_slice(&v.to_ne_bytes());
            }
        }
    }
    p
}

fn predictors(sample: SampleType) -> Vec<Predictor> {
    let mut all = vec![Predictor::None];
    if !sample.is_complex() {
        all.push(Predictor::Horizontal);
    }
    if sample.is_float() {
        all.push(Predictor::FloatingPoint);
    }
    all
}

const UTM: Affine = Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0);

fn layouts() -> [(&'static str, WriteOptions); 3] {
    [
        ("cog", WriteOptions::cog().tiles(64)),
        ("tiles", WriteOptions::geotiff().tiles(48)),
        ("strips", WriteOptions::geotiff().strips(19)),
    ]
}

/// Every type in every layout.
fn types() -> Vec<Case> {
    let mut all = Vec::new();
    for sample in SampleType::ALL {
        for (layout, base) in layouts() {
            for interleave in [Interleave::Pixel, Interleave::Band] {
                for predictor in predictors(sample) {
                    for big_endian in [false, true] {
                        for bands in [1usize, 3] {
                            let big = if bands == 1 {
                                BigTiff::Always
                            } else {
                                BigTiff::IfNeeded
                            };
                            for (scheme, encoder) in schemes(base.layout) {
                                // libtiff knows predictors as part of three schemes only.
                                if matches!(scheme, "none" | "packbits")
                                    && predictor != Predictor::None
                                {
                                    continue;
                                }
                                let mut case = Case::new(
                                    format!(
                                        "{sample}-{layout}-{interleave:?}-{predictor:?}-{}-{bands}-{scheme}",
                                        if big_endian { "be" } else { "le" },
                                    ),
                                    pixels(sample, [bands, 117, 150], 7 + bands as u64),
                                    base.clone()
                                        .interleave(interleave)
                                        .predictor(predictor)
                                        .big_endian(big_endian)
                                        .big_tiff(big)
                                        .place(UTM, Some(GeoCrs::Projected(32620))),
                                );
                                case.epsg = Some(32620);
                                case.encoder = encoder;
                                all.push(case);
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

fn disc(shape: [usize; 3]) -> Vec<u8> {
    let [_, height, width] = shape;
    (0..height * width)
        .map(|i| {
            let (row, col) = ((i / width) as i64 - 60, (i % width) as i64 - 70);
            u8::from(row * row + col * col < 2500) * 255
        })
        .collect()
}

/// Masks, nodata, overviews and everything that is said about a file.
fn features() -> Vec<Case> {
    let mut all = Vec::new();
    let shape = [3, 117, 150];
    for (layout, base) in layouts() {
        for interleave in [Interleave::Pixel, Interleave::Band] {
            for big_endian in [false, true] {
                for big_tiff in [BigTiff::IfNeeded, BigTiff::Always] {
                    for resampling in [
                        Resampling::Nearest,
                        Resampling::Average,
                        Resampling::Mode,
                        Resampling::Bilinear,
                    ] {
                        for mask in [false, true] {
                            let mut case = Case::new(
                                format!(
                                    "overviews-{layout}-{interleave:?}-{big_endian}-{big_tiff:?}-{resampling:?}-{mask}"
                                ),
                                pixels(SampleType::U16, shape, 3),
                                base.clone()
                                    .interleave(interleave)
                                    .big_endian(big_endian)
                                    .big_tiff(big_tiff)
                                    .overviews(Overviews::Count(3), resampling)
                                    .predictor(Predictor::Horizontal)
                                    .mask(mask)
                                    .place(UTM, Some(GeoCrs::Projected(32620))),
                            );
                            case.epsg = Some(32620);
                            case.mask = mask.then(|| disc(shape));
                            if !mask {
                                case.options = case.options.nodata(0.0);
                            }
                            all.push(case);
                        }
                    }
                }
            }
        }
    }
    for (name, sample, nodata) in [
        ("nan", SampleType::F32, f64::NAN),
        ("inf", SampleType::F64, f64::NEG_INFINITY),
        ("lowest", SampleType::F32, f64::from(f32::MIN)),
        ("tenth", SampleType::F64, 0.1),
        ("minus", SampleType::I16, -28672.0),
    ] {
        all.push(Case::new(
            format!("nodata-{name}"),
            pixels(sample, [1, 100, 90], 5),
            WriteOptions::cog().tiles(32).nodata(nodata),
        ));
    }
    all.push(Case::new(
        "nodata-u64",
        pixels(SampleType::U64, [1, 40, 40], 5),
        WriteOptions::cog().tiles(32).nodata(1u64 << 53),
    ));
    all.push(Case::new(
        "nodata-i64",
        pixels(SampleType::I64, [1, 40, 40], 5),
        WriteOptions::cog().tiles(32).nodata(i64::MIN),
    ));
    for (name, transform, crs, epsg) in [
        (
            "rotated",
            Affine::new(8.0, 2.0, 5e5, 1.5, -9.0, 4e6),
            Some(GeoCrs::Projected(32633)),
            Some(32633),
        ),
        (
            "south-up",
            Affine::new(10.0, 0.0, 5e5, 0.0, 10.0, 4e6),
            Some(GeoCrs::Projected(2193)),
            Some(2193),
        ),
        (
            "geographic",
            Affine::new(0.1, 0.0, -180.0, 0.0, -0.1, 85.0),
            Some(GeoCrs::Geographic(4326)),
            Some(4326),
        ),
        (
            "sinusoidal",
            Affine::new(
                463.312_716_527_916_5,
                0.0,
                -10_007_554.677,
                0.0,
                -463.312_716_527_916_7,
                1_111_950.519_667,
            ),
            Some(GeoCrs::Keys(GeoKeys::sinusoidal(6_371_007.181, 0.0))),
            None,
        ),
        (
            "nowhere",
            Affine::new(1.0, 0.0, 3.0, 0.0, -1.0, 4.0),
            None,
            None,
        ),
    ] {
        for point in [false, true] {
            let mut options = WriteOptions::cog().tiles(32).place(transform, crs.clone());
            if let Some(place) = &mut options.georeference {
                place.pixel_is_point = point;
            }
            let mut case = Case::new(
                format!("place-{name}-{point}"),
                pixels(SampleType::U8, [1, 40, 50], 5),
                options,
            );
            case.epsg = epsg;
            all.push(case);
        }
    }
    let colours = (0..256u16).map(|i| [i * 257, (255 - i) * 257, 257 * 7]);
    all.push(Case::new(
        "palette",
        pixels(SampleType::U8, [1, 100, 100], 2),
        WriteOptions::cog()
            .tiles(64)
            .overviews(Overviews::UntilOneBlock, Resampling::Mode)
            .photometric(Photometric::Palette(colours.collect())),
    ));
    all.push(Case::new(
        "rgba",
        pixels(SampleType::U8, [4, 100, 100], 2),
        WriteOptions::cog()
            .tiles(64)
            .photometric(Photometric::Rgb)
            .extra_samples([ExtraSample::Alpha]),
    ));
    all.push(Case::new(
        "rgbn",
        pixels(SampleType::U8, [4, 100, 100], 2),
        WriteOptions::cog().tiles(64).photometric(Photometric::Rgb),
    ));
    let mut label = BandLabel::described("red & \"<hot>\" äöü");
    label.scale = Some(0.0001);
    label.offset = Some(-0.1);
    label.unit = Some("m".into());
    label.metadata = vec![("WAVELENGTH".into(), "0.66".into())];
    all.push(Case::new(
        "labels",
        pixels(SampleType::U16, [2, 100, 100], 2),
        WriteOptions::cog()
            .tiles(64)
            .bands([label, BandLabel::described("second")])
            .metadata("TITLE", "a <b> & \"c\""),
    ));
    let mut empty = pixels(SampleType::U16, [1, 300, 300], 2);
    for (i, v) in empty.as_slice_mut::<u16>().unwrap().iter_mut().enumerate() {
        if i % 300 > 100 || i / 300 < 70 {
            *v = 9;
        }
    }
    all.push(Case::new(
        "sparse-nodata",
        empty,
        WriteOptions::cog().tiles(32).sparse(true).nodata(9.0),
    ));
    let mut zeros = pixels(SampleType::F32, [2, 300, 300], 2);
    zeros.band_bytes_mut(1).unwrap().fill(0);
    let mut sparse = Case::new(
        "sparse-mask",
        zeros,
        WriteOptions::cog()
            .tiles(32)
            .interleave(Interleave::Band)
            .sparse(true)
            .mask(true),
    );
    sparse.mask = Some(disc([2, 300, 300]));
    all.push(sparse);
    let mut one = Case::new(
        "one-pixel",
        pixels(SampleType::F64, [1, 1, 1], 1),
        WriteOptions::cog().mask(true),
    );
    one.mask = Some(vec![255]);
    all.push(one);
    all.push(Case::new(
        "large",
        pixels(SampleType::U8, [1, 1500, 1100], 2),
        WriteOptions::cog().predictor(Predictor::Horizontal),
    ));
    all
}

#[test]
fn every_case_is_read_as_it_was_written() {
    let folder = std::env::var_os("STACCHIP_WRITE_MATRIX").map(PathBuf::from);
    let mut manifest = String::new();
    let cases: Vec<Case> = types().into_iter().chain(features()).collect();
    for case in &cases {
        let file = case.file();
        read_back(case, &file);
        if let Some(folder) = &folder {
            fs::write(folder.join(format!("{}.tif", case.name)), &file).unwrap();
            fs::write(
                folder.join(format!("{}.bin", case.name)),
                case.pixels.as_bytes(),
            )
            .unwrap();
            if let Some(mask) = &case.mask {
                fs::write(folder.join(format!("{}.mask", case.name)), mask).unwrap();
            }
            manifest.push_str(&case.describe());
            manifest.push('\n');
        }
    }
    if let Some(folder) = &folder {
        fs::write(folder.join("manifest.ndjson"), manifest).unwrap();
    }
    assert!(cases.len() > 600, "{} cases", cases.len());
}
