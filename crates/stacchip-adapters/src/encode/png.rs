//! PNG, numbers as they are.

use png::{BitDepth, ColorType, Compression, Encoder};
use stacchip_chip::{BandStack, ChipEncoder, EncodeChipError, Georeferenced, NamedPixels};
use stacchip_model::SampleType;

use super::stacked;

/// Writes `.png` of 8 or 16 bit unsigned numbers: one band is grey, two grey and alpha, three RGB,
/// four RGBA. Nothing is stretched. A mask becomes the alpha of one or three bands.
#[derive(Debug, Clone, Copy, Default)]
pub struct PngEncoder;

impl ChipEncoder for PngEncoder {
    fn endings(&self) -> &[&str] {
        &["png"]
    }

    fn encode(
        &self,
        arrays: &[NamedPixels<'_>],
        _place: Georeferenced<'_>,
    ) -> Result<Vec<u8>, EncodeChipError> {
        let stack = stacked("png", arrays)?;
        let [bands, height, width] = stack.shape();
        let refuse = |what: String| EncodeChipError::Unsupported {
            format: "png",
            what,
            instead: A_PICTURE.to_owned(),
        };
        let depth = match stack.sample() {
            SampleType::U8 => BitDepth::Eight,
            SampleType::U16 => BitDepth::Sixteen,
            other => return Err(refuse(format!("numbers of type {other}"))),
        };
        let mask = stack.mask().filter(|_| matches!(bands, 1 | 3));
        let color = match (bands, mask.is_some()) {
            (1, false) => ColorType::Grayscale,
            (1, true) | (2, _) => ColorType::GrayscaleAlpha,
            (3, false) => ColorType::Rgb,
            (3, true) | (4, _) => ColorType::Rgba,
            _ => return Err(refuse(format!("{bands} bands"))),
        };
        let extent = |n: usize| {
            u32::try_from(n)
                .ok()
                .filter(|n| (1..=MAX_EXTENT).contains(n))
                .ok_or_else(|| refuse(format!("{width} x {height} pixels")))
        };
        let failed = |cause: png::EncodingError| EncodeChipError::Failed {
            format: "png",
            cause: cause.into(),
        };
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, extent(width)?, extent(height)?);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.set_compression(Compression::Balanced);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer
            .write_image_data(&interleaved(&stack, mask.as_deref()))
            .map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }
}

/// `[band, row, column]` → `[row, column, band]`, big-endian (PNG, 7.1 and 7.2), `mask` as a last
/// band.
fn interleaved(stack: &BandStack<'_>, mask: Option<&[u8]>) -> Vec<u8> {
    let [bands, height, width] = stack.shape();
    let bytes = stack.sample().bytes();
    let pixel_bytes = (bands + usize::from(mask.is_some())) * bytes;
    let mut out = vec![0; height * width * pixel_bytes];
    for (band, source) in stack.bands().enumerate() {
        let pixels = out.chunks_exact_mut(pixel_bytes);
        for (pixel, number) in pixels.zip(source.chunks_exact(bytes)) {
            if let Some(to) = pixel.get_mut(band * bytes..(band + 1) * bytes) {
                to.copy_from_slice(number);
                if cfg!(target_endian = "little") {
                    to.reverse();
                }
            }
        }
    }
    for (pixel, &valid) in out.chunks_exact_mut(pixel_bytes).zip(mask.unwrap_or(&[])) {
        if let Some(alpha) = pixel.get_mut(bands * bytes..) {
            alpha.fill(valid);
        }
    }
    out
}

const A_PICTURE: &str = "choose up to four bands with --assets or --bands, make a picture of them \
                         with --stretch percentile, or write .tif or .npz";
/// PNG, 11.2.2: extents are below 2³¹.
const MAX_EXTENT: u32 = i32::MAX.cast_unsigned();

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use stacchip_chip::testing::check_chip_encoder;
    use stacchip_model::{Pixels, Sample};

    use super::*;

    fn decoded(file: &[u8]) -> (png::OutputInfo, Vec<u8>) {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
        let mut out = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut out).unwrap();
        (info, out)
    }

    fn encoded<T: Sample>(shape: [usize; 3], numbers: &[T], mask: Option<&[u8]>) -> Vec<u8> {
        let pixels = Pixels::from_slice(shape, numbers).unwrap();
        let array = NamedPixels {
            mask,
            ..NamedPixels::new("a", &pixels)
        };
        PngEncoder
            .encode(&[array], Georeferenced::default())
            .unwrap()
    }

    #[test]
    fn it_keeps_the_promise_of_an_encoder() {
        check_chip_encoder(&PngEncoder);
    }

    #[test]
    fn bands_become_colours_number_by_number() {
        let (info, out) = decoded(&encoded([3, 1, 2], &[1u8, 2, 3, 4, 5, 6], None));
        assert_eq!(
            (info.color_type, info.bit_depth),
            (ColorType::Rgb, BitDepth::Eight)
        );
        assert_eq!(out, [1, 3, 5, 2, 4, 6]);
        let (info, out) = decoded(&encoded([2, 1, 2], &[0x0102u16, 3, 4, 0xfffe], None));
        assert_eq!(info.color_type, ColorType::GrayscaleAlpha);
        assert_eq!(out, [1, 2, 0, 4, 0, 3, 0xff, 0xfe]);
        for (bands, color) in [(1, ColorType::Grayscale), (4, ColorType::Rgba)] {
            let (info, _) = decoded(&encoded([bands, 2, 3], &vec![7u16; bands * 6], None));
            assert_eq!((info.color_type, info.width, info.height), (color, 3, 2));
        }
    }

    #[test]
    fn a_mask_is_alpha() {
        let (info, out) = decoded(&encoded([1, 1, 2], &[7u8, 8], Some(&[255, 0])));
        assert_eq!(info.color_type, ColorType::GrayscaleAlpha);
        assert_eq!(out, [7, 255, 8, 0]);
    }

    #[test]
    fn what_is_no_picture_is_refused_with_a_way_out() {
        let encode = |pixels: &Pixels| {
            PngEncoder
                .encode(&[NamedPixels::new("a", pixels)], Georeferenced::default())
                .unwrap_err()
                .to_string()
        };
        let float = encode(&Pixels::zeros(SampleType::F32, [1, 1, 1]).unwrap());
        assert!(
            float.contains("float32") && float.contains("--stretch"),
            "{float}"
        );
        let many = encode(&Pixels::zeros(SampleType::U8, [5, 1, 1]).unwrap());
        assert!(
            many.contains("5 bands") && many.contains("--assets"),
            "{many}"
        );
        let none = encode(&Pixels::zeros(SampleType::U8, [1, 0, 1]).unwrap());
        assert!(none.contains("1 x 0 pixels"), "{none}");
    }
}
