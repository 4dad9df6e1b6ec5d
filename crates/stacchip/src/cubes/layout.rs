//! What all chips of all cubes have in common.

use stacchip_chip::{Chip, ChipArray};
use stacchip_model::{Pixels, SampleType};

use super::LayoutError;
use crate::band_names::{arranged, names_of, order_of};

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
    /// Of each band whether its raster says in a mask of its own what is data.
    pub masked: Vec<bool>,
    /// Bytes of a chip as it is held: in the types of its assets, with masks.
    pub held: usize,
    /// Seats of a cube.
    pub seats: usize,
    /// Whether columns hold what upstream's do: noon for any hour, and longitude and latitude under each
    /// other's name.
    pub as_upstream: bool,
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
        let bands = names_of(chip);
        let each = |of: &dyn Fn(&ChipArray) -> usize| chip.arrays.iter().map(of).sum();
        let pixels: usize = each(&|a| a.pixels.as_bytes().len());
        let masks: usize = each(&|a| a.mask.as_ref().map_or(0, Vec::len));
        let layout = Self {
            sample: match kind {
                CubeType::Float32 => SampleType::F32,
                CubeType::Own => first.pixels.sample(),
            },
            shape: [bands.len(), first.pixels.height(), first.pixels.width()],
            held: pixels + masks,
            bands,
            nodata: of_bands(chip, |array| array.nodata).collect(),
            masked: of_bands(chip, |array| array.own_mask).collect(),
            seats,
            as_upstream,
        };
        layout.check(chip).map(|()| layout)
    }

    /// Whether `chip` is of the kind that these cubes hold, its assets in any order.
    ///
    /// # Errors
    /// [`LayoutError`] where it is not.
    pub fn check(&self, chip: &Chip) -> Result<(), LayoutError> {
        self.order(chip).map(drop)
    }

    /// `chip` with its assets in the order of these cubes.
    ///
    /// # Errors
    /// [`LayoutError`] where it is not of their kind.
    pub fn fit(&self, mut chip: Chip) -> Result<Chip, LayoutError> {
        let order = self.order(&chip)?;
        chip.arrays = arranged(chip.arrays, &order);
        Ok(chip)
    }

    /// Whether the values that mean no data in `chip`, which [fits](Self::fit), are those of these cubes.
    ///
    /// # Errors
    /// [`LayoutError::Nodata`] where one is not.
    pub fn check_nodata(&self, chip: &Chip) -> Result<(), LayoutError> {
        // Upstream asks nobody.
        if self.as_upstream {
            return Ok(());
        }
        let bands = self.bands.iter().zip(&self.nodata);
        for ((band, &wanted), nodata) in bands.zip(of_bands(chip, |array| array.nodata)) {
            if !is_same(nodata, wanted) {
                return Err(LayoutError::Nodata {
                    band: band.clone(),
                    nodata,
                    wanted,
                });
            }
        }
        Ok(())
    }

    /// The one value that means no data in all bands of `chip`, which [fits](Self::fit).
    ///
    /// # Errors
    /// [`LayoutError::SeveralNodata`] where they are several.
    pub fn one_nodata(&self, chip: &Chip) -> Result<Option<f64>, LayoutError> {
        self.one_of(of_bands(chip, |array| array.nodata))
    }

    /// The one value that means no data in all bands of these cubes.
    ///
    /// # Errors
    /// [`LayoutError::SeveralNodata`] where they are several.
    pub fn own_nodata(&self) -> Result<Option<f64>, LayoutError> {
        self.one_of(self.nodata.iter().copied())
    }

    fn one_of(
        &self,
        nodata: impl Iterator<Item = Option<f64>>,
    ) -> Result<Option<f64>, LayoutError> {
        let mut bands = self.bands.iter().zip(nodata);
        let Some((first, first_nodata)) = bands.next() else {
            return Ok(None);
        };
        match bands.find(|(_, other)| !is_same(first_nodata, *other)) {
            None => Ok(first_nodata),
            Some((second, second_nodata)) => Err(LayoutError::SeveralNodata {
                first: first.clone(),
                first_nodata,
                second: second.clone(),
                second_nodata,
            }),
        }
    }

    /// The places of the arrays of `chip` in the order of these cubes.
    fn order(&self, chip: &Chip) -> Result<Vec<usize>, LayoutError> {
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
        order_of(chip, &self.bands).ok_or_else(|| LayoutError::Bands {
            bands: names_of(chip),
            wanted: self.bands.clone(),
        })
    }

    /// Bytes of a chip as it is written.
    pub fn chip_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.sample.bytes()
    }

    /// Gives of each band of `chip` the bytes to `take`, in order, that say which of its pixels are data:
    /// 255 where one is, 0 where not.
    ///
    /// # Errors
    /// What `take` fails with.
    pub fn each_mask<E>(
        &self,
        chip: &Chip,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let [_, height, width] = self.shape;
        let all = vec![255; height * width];
        for array in &chip.arrays {
            let mask = array.mask.as_deref().unwrap_or(&all);
            (0..array.pixels.bands()).try_for_each(|_| take(mask))?;
        }
        Ok(())
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

/// What `of` says of the array of each band of `chip`.
fn of_bands<T: Copy>(chip: &Chip, of: impl Fn(&ChipArray) -> T) -> impl Iterator<Item = T> {
    let arrays = chip.arrays.iter();
    arrays.flat_map(move |array| std::iter::repeat_n(of(array), array.pixels.bands()))
}

/// Whether two values mean the same no data.
fn is_same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || (one.is_nan() && other.is_nan()),
        (one, other) => one.is_none() && other.is_none(),
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
    use stacchip_chip::Frame;
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
            own_mask: false,
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

    #[test]
    fn assets_in_another_order_are_arranged_and_others_refused() {
        let rgb = |names: [&str; 3]| {
            chip(
                names
                    .map(|name| array(name, &[name.as_bytes()[0]; 4]))
                    .to_vec(),
            )
        };
        let first = rgb(["red", "green", "blue"]);
        let layout = CubeLayout::of(&first, CubeType::Own, 8, false).unwrap();
        let turned = layout.fit(rgb(["blue", "green", "red"])).unwrap();
        assert_eq!(turned, first);
        let error = layout.fit(rgb(["red", "green", "nir"])).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("red, green, nir") && said.contains("red, green, blue"),
            "{said}"
        );
    }

    #[test]
    fn a_chip_with_another_nodata_value_is_refused_by_name() {
        let of = |a, b| {
            let (mut red, mut nir) = (array("red", &[1u8; 4]), array("nir", &[1u8; 4]));
            (red.nodata, nir.nodata) = (a, b);
            chip(vec![red, nir])
        };
        let nan = Some(f64::NAN);
        let layout = |as_upstream| {
            CubeLayout::of(&of(Some(0.0), nan), CubeType::Own, 8, as_upstream).unwrap()
        };
        let ours = layout(false);
        assert_eq!(ours.check_nodata(&of(Some(0.0), nan)), Ok(()));
        for (red, nir, words) in [
            (
                Some(7.0),
                nan,
                "red has the nodata value 7, and the cubes hold the nodata value 0",
            ),
            (None, nan, "red has no nodata value"),
            (
                Some(0.0),
                Some(0.0),
                "nir has the nodata value 0, and the cubes hold the nodata value NaN",
            ),
        ] {
            let chip = of(red, nir);
            let error = ours.check_nodata(&chip).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert_eq!(layout(true).check_nodata(&chip), Ok(()));
        }
        assert_eq!(ours.one_nodata(&of(Some(7.0), Some(7.0))), Ok(Some(7.0)));
        let error = ours.own_nodata().unwrap_err().to_string();
        assert!(
            error.contains("red has the nodata value 0, nir the nodata value NaN"),
            "{error}"
        );
    }

    #[test]
    fn every_band_has_the_mask_of_its_asset() {
        let mut masked = array("rgb", &[1u8; 8]);
        (masked.mask, masked.own_mask) = (Some(vec![255, 0, 0, 255]), true);
        let one = chip(vec![array("a", &[1u8; 4]), masked]);
        let layout = CubeLayout::of(&one, CubeType::Own, 8, false).unwrap();
        assert_eq!(layout.masked, [false, true, true]);
        assert_eq!(layout.held, 4 + 8 + 4);
        let mut masks = Vec::new();
        let took: Result<(), ()> = layout.each_mask(&one, |mask| {
            masks.push(mask.to_vec());
            Ok(())
        });
        took.unwrap();
        assert_eq!(masks, [[255; 4], [255, 0, 0, 255], [255, 0, 0, 255]]);
    }
}
