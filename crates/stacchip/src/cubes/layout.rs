//! What all chips of all cubes have in common.

use stacchip_chip::Chip;
use stacchip_model::{Pixels, SampleType};
use thiserror::Error;

/// The type of the numbers in cubes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CubeType {
    /// `float32`, as upstream.
    #[default]
    Float32,
    /// That of the assets, which must be one.
    Own,
}

/// What all chips of all cubes have in common: that of the first.
#[derive(Debug, Clone, PartialEq)]
pub struct CubeLayout {
    /// The type of the numbers as they are written.
    pub sample: SampleType,
    /// `[band, row, column]` of a chip.
    pub shape: [usize; 3],
    /// The names of the bands: that of an asset with one band; else, behind a colon, the band's own or
    /// its number.
    pub bands: Vec<String>,
    /// The value that means no data in each band.
    pub nodata: Vec<Option<f64>>,
    /// Bytes of a chip as it is held: in the types of its assets.
    pub held: usize,
    /// Seats of a cube.
    pub seats: usize,
    /// Whether columns hold what upstream's do: noon for any hour, and longitude and latitude under each
    /// other's name.
    pub as_upstream: bool,
}

/// Why a chip is not of the kind that the cubes hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// There is no array.
    #[error("the chip has no array: choose assets with --assets")]
    Empty,
    /// Complex numbers are not written.
    #[error("{name} holds {sample}, and cubes hold real numbers")]
    Complex {
        /// The asset.
        name: String,
        /// Its type.
        sample: SampleType,
    },
    /// Arrays of several types do not go into one.
    #[error(
        "{first} is {first_type}, {second} {second_type}, and a cube has one type: choose assets that agree \
         with --assets, or --dtype float32"
    )]
    Types {
        /// An asset.
        first: String,
        /// Its type.
        first_type: SampleType,
        /// Another.
        second: String,
        /// Its type.
        second_type: SampleType,
    },
    /// Another type than the cubes'.
    #[error("{name} is {sample}, and the cubes hold {wanted}")]
    Type {
        /// The asset.
        name: String,
        /// Its type.
        sample: SampleType,
        /// That of the cubes.
        wanted: SampleType,
    },
    /// Another number of bands, or another size.
    #[error("it is {shape:?} (bands, rows, columns), and the cubes hold {wanted:?}")]
    Shape {
        /// Its shape.
        shape: [usize; 3],
        /// That of the cubes.
        wanted: [usize; 3],
    },
}

impl CubeLayout {
    /// What cubes of `seats` chips have in common, the first of which is `chip`.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn of(
        chip: &Chip,
        kind: CubeType,
        seats: usize,
        as_upstream: bool,
    ) -> Result<Self, LayoutError> {
        let first = chip.arrays.first().ok_or(LayoutError::Empty)?;
        if let Some(other) = (kind == CubeType::Own)
            .then(|| {
                chip.arrays
                    .iter()
                    .find(|a| a.pixels.sample() != first.pixels.sample())
            })
            .flatten()
        {
            return Err(LayoutError::Types {
                first: first.name.clone(),
                first_type: first.pixels.sample(),
                second: other.name.clone(),
                second_type: other.pixels.sample(),
            });
        }
        let (mut bands, mut nodata) = (Vec::new(), Vec::new());
        for array in &chip.arrays {
            let several = array.pixels.bands() > 1;
            for band in 0..array.pixels.bands() {
                let own = array.bands.get(band).map_or("", String::as_str);
                bands.push(match (several, own) {
                    (false, _) => array.name.clone(),
                    (true, "") => format!("{}:{}", array.name, band + 1),
                    (true, own) => format!("{}:{own}", array.name),
                });
                nodata.push(array.nodata);
            }
        }
        let layout = Self {
            sample: match kind {
                CubeType::Float32 => SampleType::F32,
                CubeType::Own => first.pixels.sample(),
            },
            shape: [bands.len(), first.pixels.height(), first.pixels.width()],
            held: chip.arrays.iter().map(|a| a.pixels.as_bytes().len()).sum(),
            bands,
            nodata,
            seats,
            as_upstream,
        };
        layout.check(chip).map(|()| layout)
    }

    /// Whether `chip` can go into these cubes.
    ///
    /// # Errors
    /// [`LayoutError`] where it cannot.
    pub fn check(&self, chip: &Chip) -> Result<(), LayoutError> {
        let [_, height, width] = self.shape;
        let mut bands = 0;
        for array in &chip.arrays {
            let sample = array.pixels.sample();
            if sample.is_complex() {
                return Err(LayoutError::Complex {
                    name: array.name.clone(),
                    sample,
                });
            }
            if self.sample != SampleType::F32 && sample != self.sample {
                return Err(LayoutError::Type {
                    name: array.name.clone(),
                    sample,
                    wanted: self.sample,
                });
            }
            bands += array.pixels.bands();
            if (array.pixels.height(), array.pixels.width()) != (height, width) {
                return Err(LayoutError::Shape {
                    shape: array.pixels.shape(),
                    wanted: self.shape,
                });
            }
        }
        if bands != self.shape[0] {
            return Err(LayoutError::Shape {
                shape: [bands, height, width],
                wanted: self.shape,
            });
        }
        Ok(())
    }

    /// Bytes of a chip as it is written.
    pub fn chip_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.sample.bytes()
    }

    /// Gives the bytes of each band of `chip` to `take`, in order, as numbers of the cubes' type; native
    /// byte order.
    ///
    /// # Errors
    /// What `take` fails with.
    pub fn each_band<E>(
        &self,
        chip: &Chip,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut floats = Vec::new();
        for array in &chip.arrays {
            for band in 0..array.pixels.bands() {
                if array.pixels.sample() == self.sample {
                    take(array.pixels.band_bytes(band).unwrap_or_default())?;
                } else {
                    floats.clear();
                    as_floats(&array.pixels, band, &mut floats);
                    take(&floats)?;
                }
            }
        }
        Ok(())
    }
}

/// Appends a band as the bytes of `float32`, each number the nearest there is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the nearest float is meant, as numpy's astype has it"
)]
fn as_floats(pixels: &Pixels, band: usize, out: &mut Vec<u8>) {
    let bytes = pixels.band_bytes(band).unwrap_or_default();
    macro_rules! convert {
        ($t:ty, $f:expr) => {{
            let (numbers, _) = bytes.as_chunks::<{ size_of::<$t>() }>();
            out.reserve(numbers.len() * 4);
            let convert = $f;
            out.extend(numbers.iter().flat_map(|n| {
                let value: f32 = convert(<$t>::from_ne_bytes(*n));
                value.to_ne_bytes()
            }));
        }};
    }
    match pixels.sample() {
        SampleType::U8 => convert!(u8, f32::from),
        SampleType::I8 => convert!(i8, f32::from),
        SampleType::U16 => convert!(u16, f32::from),
        SampleType::I16 => convert!(i16, f32::from),
        SampleType::U32 => convert!(u32, |v| v as f32),
        SampleType::I32 => convert!(i32, |v| v as f32),
        SampleType::U64 => convert!(u64, |v| v as f32),
        SampleType::I64 => convert!(i64, |v| v as f32),
        SampleType::F16 => convert!(u16, |v| half::f16::from_bits(v).to_f32()),
        SampleType::F64 => convert!(f64, |v| v as f32),
        // Complex numbers are refused before.
        _ => convert!(f32, |v| v),
    }
}

#[cfg(test)]
mod tests {
    use stacchip_chip::{ChipArray, Frame};
    use stacchip_model::{Sample, Size};

    use super::*;

    fn array<T: Sample>(name: &str, values: &[T]) -> ChipArray {
        ChipArray {
            name: name.to_owned(),
            pixels: Pixels::from_slice([values.len() / 4, 2, 2], values).unwrap(),
            nodata: None,
            bands: Vec::new(),
            colours: Vec::new(),
            mask: None,
        }
    }

    fn chip(arrays: Vec<ChipArray>) -> Chip {
        Chip {
            arrays,
            frame: Frame::of_size(Size::new(2, 2)),
        }
    }

    fn floats(layout: &CubeLayout, chip: &Chip) -> Vec<f32> {
        let mut all = Vec::new();
        let took: Result<(), ()> = layout.each_band(chip, |bytes| {
            all.extend(bytemuck_floats(bytes));
            Ok(())
        });
        took.unwrap();
        all
    }

    fn bytemuck_floats(bytes: &[u8]) -> Vec<f32> {
        let (numbers, _) = bytes.as_chunks::<4>();
        numbers.iter().map(|n| f32::from_ne_bytes(*n)).collect()
    }

    #[test]
    fn bands_of_all_types_become_floats() {
        let one = chip(vec![
            array("a", &[1u16, 2, 3, 65535]),
            array("b", &[-1i8, 2, 3, 4, 5, 6, 7, 8]),
            array("c", &[0.1f64, 1e300, -2.0, 0.0]),
        ]);
        let layout = CubeLayout::of(&one, CubeType::Float32, 8, false).unwrap();
        assert_eq!(layout.bands, ["a", "b:1", "b:2", "c"]);
        assert_eq!((layout.shape, layout.chip_bytes()), ([4, 2, 2], 64));
        let mut wanted: Vec<f32> = vec![1.0, 2.0, 3.0, 65535.0, -1.0, 2.0, 3.0, 4.0, 5.0];
        wanted.extend([6.0, 7.0, 8.0, 0.1, f32::INFINITY, -2.0, 0.0]);
        assert_eq!(floats(&layout, &one), wanted);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let mixed = chip(vec![array("a", &[1u16; 4]), array("b", &[1u8; 4])]);
        let error = CubeLayout::of(&mixed, CubeType::Own, 8, false).unwrap_err();
        assert!(matches!(error, LayoutError::Types { .. }), "{error}");
        let own = CubeLayout::of(&chip(vec![array("a", &[1u16; 4])]), CubeType::Own, 8, false);
        let own = own.unwrap();
        assert_eq!(own.sample, SampleType::U16);
        for (wrong, words) in [
            (chip(vec![array("a", &[1u8; 4])]), "a is uint8"),
            (chip(vec![array("a", &[1u16; 8])]), "[2, 2, 2]"),
            (chip(vec![array("a", &[[1f32, 0.0]; 4])]), "complex64"),
            (chip(Vec::new()), "[0, 2, 2]"),
        ] {
            let error = own.check(&wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let none = CubeLayout::of(&chip(Vec::new()), CubeType::Own, 8, false);
        assert_eq!(none, Err(LayoutError::Empty));
    }
}
