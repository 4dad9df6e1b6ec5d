//! Several arrays as the bands of one.

use std::fmt;

use stacchip_model::{Pixels, SampleType};
use thiserror::Error;

/// Pixels with a name: of an asset, or of a whole chip.
#[derive(Debug, Clone, Copy)]
pub struct NamedPixels<'a> {
    /// The name, such as the asset's key.
    pub name: &'a str,
    /// The pixels.
    pub pixels: &'a Pixels,
    /// The names of the bands, as many as there are or none; an empty one is no name.
    pub bands: &'a [String],
    /// The value that means no data, where one does.
    pub nodata: Option<f64>,
    /// Which pixels are valid (255) and which are not (0), `[row, column]`, where values alone
    /// cannot say so.
    pub mask: Option<&'a [u8]>,
}

impl<'a> NamedPixels<'a> {
    /// `pixels` under `name`, every one of them valid.
    pub const fn new(name: &'a str, pixels: &'a Pixels) -> Self {
        Self {
            name,
            pixels,
            bands: &[],
            nodata: None,
            mask: None,
        }
    }
}

/// Arrays of one type and one height and width, seen as one array: the bands of the first, then
/// those of the second, and so on. Nothing is copied.
#[derive(Debug, Clone, Copy)]
pub struct BandStack<'a> {
    arrays: &'a [NamedPixels<'a>],
    sample: SampleType,
    shape: [usize; 3],
}

impl<'a> BandStack<'a> {
    /// The stack of `arrays`.
    ///
    /// # Errors
    /// [`StackError::Empty`] without arrays; [`StackError::Types`] or [`StackError::Shapes`] where
    /// they do not agree.
    pub fn new(arrays: &'a [NamedPixels<'a>]) -> Result<Self, StackError> {
        let first = arrays.first().ok_or(StackError::Empty)?;
        let (sample, [mut bands, height, width]) = (first.pixels.sample(), first.pixels.shape());
        for other in arrays.iter().skip(1) {
            let pixels = other.pixels;
            if pixels.sample() != sample {
                return Err(StackError::Types {
                    first: first.name.to_owned(),
                    first_type: sample,
                    second: other.name.to_owned(),
                    second_type: pixels.sample(),
                });
            }
            if (pixels.height(), pixels.width()) != (height, width) {
                return Err(StackError::Shapes {
                    first: first.name.to_owned(),
                    first_shape: first.pixels.shape(),
                    second: other.name.to_owned(),
                    second_shape: pixels.shape(),
                });
            }
            bands = bands.saturating_add(pixels.bands());
        }
        Ok(Self {
            arrays,
            sample,
            shape: [bands, height, width],
        })
    }

    /// The arrays.
    pub const fn arrays(&self) -> &'a [NamedPixels<'a>] {
        self.arrays
    }

    /// The type of the numbers.
    pub const fn sample(&self) -> SampleType {
        self.sample
    }

    /// `[band, row, column]` of the whole.
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The bytes of each band; native byte order.
    pub fn bands(&self) -> impl Iterator<Item = &'a [u8]> {
        self.arrays.iter().flat_map(|array| {
            (0..array.pixels.bands()).filter_map(|band| array.pixels.band_bytes(band))
        })
    }

    /// The name of each band: its own where there is one array; else the name of its array, with
    /// the band's name or number behind a colon where that array has several. Empty for no name.
    pub fn band_names(&self) -> Vec<String> {
        let alone = self.arrays.len() == 1;
        let name = |array: &NamedPixels<'_>, band: usize| {
            let own = array.bands.get(band).map_or("", String::as_str);
            match (alone, array.pixels.bands()) {
                (true, _) => own.to_owned(),
                (false, 1) => array.name.to_owned(),
                (false, _) if own.is_empty() => format!("{}:{}", array.name, band + 1),
                (false, _) => format!("{}:{own}", array.name),
            }
        };
        self.arrays
            .iter()
            .flat_map(|array| (0..array.pixels.bands()).map(move |band| name(array, band)))
            .collect()
    }

    /// The value that means no data in every band; nothing where none does in any.
    ///
    /// # Errors
    /// [`StackError::Nodata`] where the arrays differ in it.
    pub fn nodata(&self) -> Result<Option<f64>, StackError> {
        let Some((first, rest)) = self.arrays.split_first() else {
            return Ok(None);
        };
        let same = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()),
            (a, b) => a.is_none() && b.is_none(),
        };
        match rest.iter().find(|other| !same(first.nodata, other.nodata)) {
            None => Ok(first.nodata),
            Some(other) => Err(StackError::Nodata {
                first: first.name.to_owned(),
                first_nodata: first.nodata,
                second: other.name.to_owned(),
                second_nodata: other.nodata,
            }),
        }
    }

    /// The pixels that are valid (255) in every array, `[row, column]`; nothing where no array has
    /// a mask.
    pub fn mask(&self) -> Option<Vec<u8>> {
        self.arrays.iter().filter_map(|array| array.mask).fold(
            None,
            |all: Option<Vec<u8>>, mask| match all {
                None => Some(mask.to_vec()),
                Some(mut all) => {
                    all.iter_mut().zip(mask).for_each(|(a, &m)| *a &= m);
                    Some(all)
                }
            },
        )
    }
}

/// Why arrays are not the bands of one.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StackError {
    /// There is none.
    #[error("there is no array")]
    Empty,
    /// They are of different types.
    #[error("arrays of different types in one: {first} is {first_type}, {second} {second_type}")]
    Types {
        /// Name of the first.
        first: String,
        /// Its type.
        first_type: SampleType,
        /// Name of the first that differs.
        second: String,
        /// Its type.
        second_type: SampleType,
    },
    /// They are of different heights or widths.
    #[error(
        "arrays of different sizes in one: {first} is {first_shape:?}, {second} {second_shape:?} \
         (bands, rows, columns)"
    )]
    Shapes {
        /// Name of the first.
        first: String,
        /// Its `[band, row, column]`.
        first_shape: [usize; 3],
        /// Name of the first that differs.
        second: String,
        /// Its `[band, row, column]`.
        second_shape: [usize; 3],
    },
    /// They mark no data with different values.
    #[error(
        "two nodata values in one: {first} has {}, {second} {}",
        ValueOrNone(*first_nodata), ValueOrNone(*second_nodata)
    )]
    Nodata {
        /// Name of the first.
        first: String,
        /// Its value.
        first_nodata: Option<f64>,
        /// Name of the first that differs.
        second: String,
        /// Its value.
        second_nodata: Option<f64>,
    },
}

struct ValueOrNone(Option<f64>);

impl fmt::Display for ValueOrNone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value}"),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(bands: usize) -> Pixels {
        Pixels::zeros(SampleType::U16, [bands, 2, 3]).unwrap()
    }

    #[test]
    fn bands_follow_each_other_under_their_names() {
        let (one, two) = (array(1), array(2));
        let names = ["", "red edge"].map(str::to_owned);
        let arrays = [
            NamedPixels::new("blue", &one),
            NamedPixels {
                bands: &names,
                ..NamedPixels::new("image", &two)
            },
        ];
        let stack = BandStack::new(&arrays).unwrap();
        assert_eq!(stack.shape(), [3, 2, 3]);
        assert_eq!(stack.bands().map(<[u8]>::len).collect::<Vec<_>>(), [12; 3]);
        assert_eq!(
            stack.band_names(),
            ["blue", "image:1", "image:red edge"].map(str::to_owned)
        );
        assert_eq!(
            BandStack::new(&arrays[1..]).unwrap().band_names(),
            ["", "red edge"].map(str::to_owned)
        );
    }

    #[test]
    fn what_differs_is_named() {
        let (a, b) = (array(1), Pixels::zeros(SampleType::U8, [1, 2, 3]).unwrap());
        let arrays = [NamedPixels::new("blue", &a), NamedPixels::new("scl", &b)];
        assert_eq!(
            BandStack::new(&arrays).unwrap_err().to_string(),
            "arrays of different types in one: blue is uint16, scl uint8"
        );
        assert_eq!(BandStack::new(&[]).unwrap_err(), StackError::Empty);
        let c = Pixels::zeros(SampleType::U16, [1, 2, 4]).unwrap();
        let arrays = [NamedPixels::new("blue", &a), NamedPixels::new("wide", &c)];
        assert!(matches!(
            BandStack::new(&arrays),
            Err(StackError::Shapes { .. })
        ));
    }

    #[test]
    fn nodata_is_one_value_or_an_error() {
        let a = array(1);
        let with = |nodata| NamedPixels {
            nodata,
            ..NamedPixels::new("x", &a)
        };
        let of = |arrays: &[NamedPixels<'_>]| BandStack::new(arrays).unwrap().nodata();
        assert_eq!(of(&[with(Some(0.0)), with(Some(0.0))]), Ok(Some(0.0)));
        assert!(of(&[with(Some(f64::NAN)), with(Some(f64::NAN))]).is_ok());
        assert_eq!(
            of(&[with(Some(0.0)), with(None)]).unwrap_err().to_string(),
            "two nodata values in one: x has 0, x none"
        );
    }

    #[test]
    fn a_pixel_is_valid_where_every_mask_says_so() {
        let a = array(1);
        let (m, n) = ([255, 255, 0, 0, 255, 255], [255, 0, 255, 0, 255, 255]);
        let with = |mask| NamedPixels {
            mask,
            ..NamedPixels::new("x", &a)
        };
        let arrays = [with(None), with(Some(&m[..])), with(Some(&n[..]))];
        let mask = BandStack::new(&arrays).unwrap().mask();
        assert_eq!(mask, Some(vec![255, 0, 0, 0, 255, 255]));
    }
}
