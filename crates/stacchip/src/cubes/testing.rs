//! A cube, files of cubes that are nothing but their numbers, and checks of what the ports promise, for the tests of
//! adapters.

use std::{collections::HashSet, io::Read, sync::Arc};

use bytes::Bytes;
use stacchip_chip::{Chip, ChipArray, EncodeChipError, Frame};
use stacchip_index::SceneColumns;
use stacchip_model::{Pixels, Quality, Sample, SampleType, Size, Window};

use super::{
    ChipLabel, Cube, CubeBand, CubeChip, CubeDecoder, CubeEncoder, CubeFile, CubeLayout,
    CubeSource, CubeType, DecodeCubeError,
};

/// A cube of two chips, of 3 × 2 pixels, one band of `a` and two of `b`, in the seats 0 and 3: 0 to 5, with the seat in place of the last,
/// then on to 17; `uint16`, and 0 is no data.
///
/// # Panics
/// Where layouts do not take such chips.
pub fn small_cube(number: u64, kind: CubeType, as_upstream: bool) -> Cube {
    let chips = vec![small_chip(0), small_chip(3)];
    let layout = chips
        .first()
        .map(|first| CubeLayout::of(&first.chip, kind, 4, as_upstream));
    #[expect(
        clippy::panic,
        reason = "it is called from tests, and fails as an assertion does"
    )]
    let Some(Ok(layout)) = layout else {
        panic!("a layout takes two arrays of uint16: {layout:?}");
    };
    Cube {
        number,
        layout: Arc::new(layout),
        chips,
    }
}

/// A chip of [`small_cube`].
///
/// # Panics
/// Where there is no memory for 36 bytes.
pub fn small_chip(seat: u16) -> CubeChip {
    let scene = SceneColumns {
        item_id: "scene.1".to_owned(),
        item_href: None,
        collection: None,
        platform: Some("naip".to_owned()),
        spacecraft: None,
        datetime: jiff::Timestamp::constant(1_710_165_996, 0),
        start_datetime: None,
        end_datetime: None,
        crs: "EPSG:32620".to_owned(),
        chip_size: 2,
        stride: 2,
    };
    let array = |name: &str, values: &[u16]| ChipArray {
        name: name.to_owned(),
        pixels: pixels(values),
        nodata: Some(0.0),
        bands: Vec::new(),
        colours: Vec::new(),
        mask: None,
        own_mask: false,
    };
    let others: Vec<u16> = (6..18).collect();
    CubeChip {
        seat: seat.into(),
        label: ChipLabel {
            row: seat.into(),
            scene: Arc::new(scene),
            x: seat,
            y: 0,
            window: Window::new(0, 0, 3, 2),
            quality: Quality::default(),
            lon: -60.0,
            lat: 45.0,
        },
        chip: Chip {
            arrays: vec![array("a", &[0, 1, 2, 3, 4, seat]), array("b", &others)],
            frame: Frame::of_size(Size::new(3, 2)),
        },
        crs_kind: None,
    }
}

#[expect(
    clippy::panic,
    reason = "it is called from tests, and fails as an assertion does"
)]
fn pixels<T: Sample>(values: &[T]) -> Pixels {
    match Pixels::from_slice([values.len() / 6, 2, 3], values) {
        Ok(pixels) => pixels,
        Err(error) => panic!("a few pixels of 3 x 2: {error}"),
    }
}

/// Checks what every [`CubeEncoder`] promises: a cube has files, of names that are its own and lead nowhere else, equal
/// cubes give equal bytes, and what was encoded before does not matter.
///
/// # Panics
/// Where a promise is broken.
pub fn check_cube_encoder(encoder: &dyn CubeEncoder) {
    assert!(
        !encoder.format().is_empty(),
        "an encoder knows what its format is called"
    );
    for (kind, as_upstream) in [
        (CubeType::Own, false),
        (CubeType::Float32, false),
        (CubeType::Float32, true),
    ] {
        let [one, other] = [5, 12].map(|number| small_cube(number, kind, as_upstream));
        for chip in &one.chips {
            let held = encoder.check(&one.layout, &chip.chip);
            assert_eq!(held, Ok(()), "chips of one kind fit");
        }
        let [first, second, again] = [&one, &other, &one].map(|cube| files(encoder, cube));
        assert!(first == again, "equal cubes give equal bytes");
        assert!(!first.is_empty(), "a cube has files");
        let mut names = HashSet::new();
        for file in first.iter().chain(&second) {
            assert!(names.insert(&file.name), "{} is of two cubes", file.name);
            assert!(!file.bytes.is_empty(), "{} holds something", file.name);
            let bare = |part: &str| {
                !part.is_empty() && part != "." && part != ".." && !part.contains('\\')
            };
            assert!(
                file.name.split('/').all(bare),
                "{} leads out of the folder",
                file.name
            );
        }
    }
}

/// Checks what every [`CubeDecoder`] promises of the files of `encoder`: numbers come in order, again and
/// again, what `take` fails with ends it, and what is cut off or no cube is refused.
///
/// # Panics
/// Where a promise is broken.
pub fn check_cube_decoder(decoder: &dyn CubeDecoder, encoder: &dyn CubeEncoder) {
    for kind in [CubeType::Own, CubeType::Float32] {
        let cube = small_cube(5, kind, false);
        let wanted: Vec<_> = cube
            .chips
            .iter()
            .flat_map(|chip| bands_of(&cube, chip))
            .collect();
        let files = files(encoder, &cube);
        let [file] = files.as_slice() else {
            assert!(files.len() == 1, "decoders are for files of whole cubes");
            continue;
        };
        for _ in 0..2 {
            let mut seen = Vec::new();
            let read = decoder.bands(&&file.bytes[..], &mut |band| {
                assert_eq!((band.bands, band.sample), (3, cube.layout.sample));
                assert!(band.mask.is_none(), "where all is data there is no mask");
                seen.push((band.band, band.bytes.to_vec()));
                Ok(())
            });
            assert!(read.is_ok(), "its own file: {read:?}");
            assert!(
                seen == wanted,
                "numbers come back in order: {seen:?} for {wanted:?}"
            );
        }
        let mut taken = 0;
        let stopped = decoder.bands(&&file.bytes[..], &mut |_| {
            taken += 1;
            Err(DecodeCubeError::because("it is enough"))
        });
        let said = stopped.map_err(|error| error.to_string());
        assert!(
            said.as_ref().is_err_and(|e| e.contains("it is enough")) && taken == 1,
            "what `take` fails with ends it: {said:?} after {taken}"
        );
        let half = file.bytes.get(..file.bytes.len() / 2).unwrap_or_default();
        for broken in [&b""[..], b"no cube", half] {
            let read = decoder.bands(&broken, &mut |_| Ok(()));
            assert!(read.is_err(), "{} bytes of it are no cube", broken.len());
        }
    }
}

#[expect(
    clippy::panic,
    reason = "it is called from tests, and fails as an assertion does"
)]
fn files(encoder: &dyn CubeEncoder, cube: &Cube) -> Vec<CubeFile> {
    match encoder.encode(cube) {
        Ok(files) => files,
        Err(error) => panic!("a cube of two small chips: {error}"),
    }
}

/// The bands of a chip as its cube holds them.
fn bands_of(cube: &Cube, chip: &CubeChip) -> Vec<(usize, Vec<u8>)> {
    let mut bands = Vec::new();
    let Ok(()) = cube.layout.each_band(&chip.chip, |bytes| {
        bands.push((bands.len(), bytes.to_vec()));
        Ok::<(), std::convert::Infallible>(())
    });
    bands
}

/// Cubes as nothing but their numbers, behind a line that says how many and of what: the twin of both ports.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainCubes;

impl CubeEncoder for PlainCubes {
    fn format(&self) -> &'static str {
        "plain"
    }

    fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError> {
        let layout = &cube.layout;
        let [bands, height, width] = layout.shape;
        let mut bytes = format!(
            "{} {} {bands} {}\n",
            layout.sample.name(),
            cube.chips.len(),
            height * width * layout.sample.bytes()
        )
        .into_bytes();
        for chip in &cube.chips {
            for (_, band) in bands_of(cube, chip) {
                bytes.extend_from_slice(&band);
            }
        }
        Ok(vec![CubeFile {
            name: format!("cube_{}.plain", cube.number),
            bytes: Bytes::from(bytes),
        }])
    }
}

impl CubeDecoder for PlainCubes {
    fn bands(
        &self,
        file: &dyn CubeSource,
        take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
    ) -> Result<(), DecodeCubeError> {
        let mut all = Vec::new();
        let mut from = file.open().map_err(DecodeCubeError::because)?;
        from.read_to_end(&mut all)
            .map_err(DecodeCubeError::because)?;
        let wrong = || DecodeCubeError::because("its first line is none of plain cubes");
        let end = all.iter().position(|b| *b == b'\n').ok_or_else(wrong)?;
        let (line, numbers) = all.split_at(end);
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(' ');
        let sample = words.next().and_then(|name| {
            let all = [SampleType::U16, SampleType::F32];
            all.into_iter().find(|sample| sample.name() == name)
        });
        let sample = sample.ok_or_else(wrong)?;
        let mut number = || {
            let word = words.next().and_then(|word| word.parse::<usize>().ok());
            word.filter(|n| *n > 0).ok_or_else(wrong)
        };
        let (chips, bands, bytes) = (number()?, number()?, number()?);
        let numbers = numbers.get(1..).unwrap_or_default();
        if chips.checked_mul(bands).and_then(|n| n.checked_mul(bytes)) != Some(numbers.len()) {
            return Err(DecodeCubeError::because("it was cut off"));
        }
        for (at, bytes) in numbers.chunks_exact(bytes).enumerate() {
            take(CubeBand {
                band: at % bands,
                bands,
                sample,
                bytes,
                mask: None,
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twin_keeps_the_promises() {
        check_cube_encoder(&PlainCubes);
        check_cube_decoder(&PlainCubes, &PlainCubes);
    }

    /// Cubes whose files are called alike.
    #[derive(Debug)]
    struct OneName;

    impl CubeEncoder for OneName {
        fn format(&self) -> &'static str {
            "one name"
        }

        fn encode(&self, cube: &Cube) -> Result<Vec<CubeFile>, EncodeChipError> {
            let mut files = PlainCubes.encode(cube)?;
            for file in &mut files {
                file.name = "cube".into();
            }
            Ok(files)
        }
    }

    #[test]
    #[should_panic(expected = "is of two cubes")]
    fn who_calls_all_cubes_alike_is_found() {
        check_cube_encoder(&OneName);
    }
}
