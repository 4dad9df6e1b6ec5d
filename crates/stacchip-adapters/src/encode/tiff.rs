//! GeoTIFF, through the writer of `stacchip-cog`.

use stacchip_chip::{BandStack, ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
use stacchip_codecs::Deflate;
use stacchip_cog::write::{
    BandLabel, CogWriter, ExtraSample, GeoCrs, Interleave, Nodata, Overviews, Photometric, Raster,
    Resampling, WriteError, WriteOptions,
};
use stacchip_model::{SampleType, Size};

use super::{ONE_ARRAY, stacked};

/// Writes `.tif`: a Cloud Optimized GeoTIFF with the bands of every array, their names, nodata
/// value, mask and georeference; deflated, with the predictor that suits the type.
///
/// What is larger than a tile gets overviews (nearest, so that classes stay classes).
#[derive(Debug, Clone, Copy, Default)]
pub struct TiffEncoder;

impl ChipEncoder for TiffEncoder {
    fn endings(&self) -> &[&str] {
        &["tif", "tiff"]
    }

    fn encode(
        &self,
        arrays: &[NamedPixels<'_>],
        place: Georeferenced<'_>,
    ) -> Result<Vec<u8>, EncodeChipError> {
        let stack = stacked(FORMAT, arrays)?;
        let [bands, height, width] = stack.shape();
        let extent = |n: usize| {
            u32::try_from(n).map_err(|_| refuse(format!("{width} x {height} pixels"), SMALLER))
        };
        let raster = Raster {
            size: Size::new(extent(width)?, extent(height)?),
            bands,
            sample: stack.sample(),
        };
        let mask = stack.mask();
        let options = options(&stack, place)?.mask(mask.is_some());
        let encoder = Deflate::default();
        let mut writer = CogWriter::new(raster, &options, Some(&encoder)).map_err(failed)?;
        // The writer takes whole rows of all bands at a time, so a stack of arrays is handed on
        // in bands of rows without ever being copied as a whole.
        let row_bytes = width * stack.sample().bytes();
        let planes: Vec<&[u8]> = stack.bands().collect();
        let mut rows = Vec::new();
        let mut at = 0;
        while at < height {
            let due = ROWS.min(height - at);
            rows.clear();
            for plane in &planes {
                let part = plane.get(at * row_bytes..(at + due) * row_bytes);
                rows.extend_from_slice(part.unwrap_or_default());
            }
            match &mask {
                Some(mask) => {
                    let part = mask.get(at * width..(at + due) * width);
                    writer.push_masked_rows(&rows, part.unwrap_or_default())
                }
                None => writer.push_rows(&rows),
            }
            .map_err(failed)?;
            at += due;
        }
        let mut file = Vec::new();
        writer.finish(&mut file).map_err(failed)?;
        Ok(file)
    }
}

fn options(
    stack: &BandStack<'_>,
    place: Georeferenced<'_>,
) -> Result<WriteOptions, EncodeChipError> {
    let names = stack.band_names();
    let named = |wanted: &[&str]| names.iter().map(String::as_str).eq(wanted.iter().copied());
    let mut options = WriteOptions::cog()
        .tiles(TILE)
        .interleave(Interleave::Band)
        .overviews(Overviews::UntilOneBlock, Resampling::Nearest)
        .predictor_for(stack.sample())
        .bands(names.iter().map(|name| match name.as_str() {
            "" => BandLabel::default(),
            name => BandLabel::described(name),
        }));
    if matches!(stack.sample(), SampleType::U8 | SampleType::U16) {
        if named(&["red", "green", "blue"]) {
            options = options.photometric(Photometric::Rgb);
        } else if named(&["red", "green", "blue", "alpha"]) {
            options = options
                .photometric(Photometric::Rgb)
                .extra_samples([ExtraSample::Alpha]);
        }
    }
    let nodata = stack
        .nodata()
        .map_err(|error| refuse(error.to_string(), ONE_ARRAY))?;
    if let Some(value) = nodata {
        options = options.nodata(exact(value, stack.sample()));
    }
    if let Some(transform) = place.transform {
        let crs = match (place.crs, place.crs_kind) {
            (None, _) => None,
            (Some(crs), Some(kind)) => Some(GeoCrs::new(crs, kind).map_err(|_| {
                refuse(
                    format!("the reference system {crs}, which has no EPSG code"),
                    NO_PLACE,
                )
            })?),
            (Some(crs), None) => {
                return Err(refuse(
                    format!("{crs} without being told whether it is projected or geographic"),
                    NO_PLACE,
                ));
            }
        };
        options = options.place(transform, crs);
    }
    Ok(options)
}

/// Whole numbers are written as such: `0`, not `0.0`.
fn exact(value: f64, sample: SampleType) -> Nodata {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within 2⁶⁴, so that nothing is cut"
    )]
    if sample.is_integer() && value.fract() == 0.0 && value.abs() <= 2f64.powi(64) {
        Nodata::Integer(value as i128)
    } else {
        Nodata::Float(value)
    }
}

fn refuse(what: String, instead: &str) -> EncodeChipError {
    EncodeChipError::Unsupported {
        format: FORMAT,
        what,
        instead: instead.to_owned(),
    }
}

fn failed(cause: WriteError) -> EncodeChipError {
    EncodeChipError::Failed {
        format: FORMAT,
        cause: cause.into(),
    }
}

const FORMAT: &str = "tif";
/// Rows handed to the writer at a time: one row of tiles.
const ROWS: usize = TILE as usize;
/// A chip of the usual 256 pixels is one tile, one of 512 four.
const TILE: u32 = 256;
const SMALLER: &str = "ask for a smaller window";
const NO_PLACE: &str = "write .npz or .npy, which carry no georeference";

#[cfg(test)]
mod tests {
    use stacchip_chip::testing::check_chip_encoder;
    use stacchip_cog::{Bands, Limits, Part, open, read_window, testing::MemoryReader};
    use stacchip_model::{Affine, Crs, CrsKind, Pixels};

    use super::*;

    const PLACE: Affine = Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0);

    #[test]
    fn it_keeps_the_promise_of_an_encoder() {
        check_chip_encoder(&TiffEncoder);
    }

    #[test]
    fn pixels_place_nodata_names_and_mask_come_back() {
        let mut blue = Pixels::zeros(SampleType::I16, [1, 300, 600]).unwrap();
        for (i, v) in (0i16..).zip(blue.as_slice_mut::<i16>().unwrap().iter_mut().step_by(7)) {
            *v = i.wrapping_mul(31);
        }
        let red = Pixels::from_slice([1, 300, 600], &vec![-9999i16; 180_000]).unwrap();
        let mut mask = vec![255u8; 180_000];
        mask[..600].fill(0);
        let arrays = [
            NamedPixels {
                nodata: Some(-9999.0),
                mask: Some(&mask),
                ..NamedPixels::new("blue", &blue)
            },
            NamedPixels {
                nodata: Some(-9999.0),
                ..NamedPixels::new("red", &red)
            },
        ];
        let crs = Crs::epsg(32620);
        let place = Georeferenced {
            crs: Some(&crs),
            crs_kind: Some(CrsKind::Projected),
            transform: Some(PLACE),
        };
        let file = TiffEncoder.encode(&arrays, place).unwrap();
        let reader = MemoryReader::new(file);
        let codecs = stacchip_codecs::built_in();
        futures::executor::block_on(async {
            let cog = open(&reader, &Limits::default()).await.unwrap();
            let image = &cog.images[0];
            assert_eq!(image.georeference.transform, Some(PLACE));
            let found = image.georeference.crs.as_ref().unwrap();
            assert_eq!(found.matches(&crs), Some(true));
            assert_eq!(image.nodata.as_ref().unwrap().text, "-9999");
            let names: Vec<_> = image.bands.iter().map(|b| b.description.clone()).collect();
            assert_eq!(names, ["blue", "red"].map(|n| Some(n.to_owned())));
            assert_eq!(image.levels.len(), 3);
            let all = image.size().window();
            let read = |part| read_window(&reader, image, 0, all, Bands::All, part, &codecs);
            let pixels = read(Part::Pixels).await.unwrap();
            assert_eq!(pixels.band_bytes(0), Some(blue.as_bytes()));
            assert_eq!(pixels.band_bytes(1), Some(red.as_bytes()));
            assert_eq!(read(Part::Mask).await.unwrap().as_bytes(), mask);
        });
    }

    #[test]
    fn what_one_file_cannot_hold_is_refused_with_a_way_out() {
        let a = Pixels::zeros(SampleType::U16, [1, 2, 2]).unwrap();
        let b = Pixels::zeros(SampleType::U8, [1, 2, 2]).unwrap();
        let encode = |arrays: &[NamedPixels<'_>], place| {
            let error = TiffEncoder.encode(arrays, place).unwrap_err();
            error.to_string()
        };
        let nowhere = Georeferenced::default();
        let types = encode(
            &[NamedPixels::new("blue", &a), NamedPixels::new("scl", &b)],
            nowhere,
        );
        assert!(
            types.contains("scl uint8") && types.contains("--assets"),
            "{types}"
        );
        let with = |nodata| NamedPixels {
            nodata,
            ..NamedPixels::new("x", &a)
        };
        let nodata = encode(&[with(Some(0.0)), with(Some(1.0))], nowhere);
        assert!(
            nodata.contains("nodata") && nodata.contains(".npz"),
            "{nodata}"
        );
        let crs = Crs::wkt("LOCAL_CS[\"here\"]");
        let place = Georeferenced {
            crs: Some(&crs),
            crs_kind: Some(CrsKind::Other),
            transform: Some(PLACE),
        };
        let lost = encode(&[with(None)], place);
        assert!(
            lost.contains("no EPSG code") && lost.contains(".npz"),
            "{lost}"
        );
    }

    #[test]
    fn whole_numbers_are_written_whole() {
        assert_eq!(exact(0.0, SampleType::U16), Nodata::Integer(0));
        assert_eq!(exact(0.5, SampleType::U16), Nodata::Float(0.5));
        assert_eq!(exact(-9999.0, SampleType::F32), Nodata::Float(-9999.0));
        assert!(matches!(exact(f64::NAN, SampleType::U8), Nodata::Float(_)));
    }
}
