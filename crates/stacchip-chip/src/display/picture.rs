//! A picture of a chip.

use stacchip_cog::Colour;
use stacchip_model::{Pixels, PixelsError, SampleType};
use thiserror::Error;

use super::{
    numbers,
    stretch::{Stretch, step},
};
use crate::{Chip, ChipArray};

/// How a picture is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PictureOptions {
    /// How numbers become steps of a screen.
    pub stretch: Stretch,
    /// The numbers that become 0 and 255, for each band shown, or one pair for all; goes before
    /// the stretch.
    pub rescale: Vec<(f64, f64)>,
}

/// A picture: bytes `[band, row, column]`, of one (grey), two (grey, alpha), three (red, green,
/// blue) or four bands (and alpha). It has an alpha where a pixel has no data.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The bytes.
    pub pixels: Pixels,
    /// The bands shown: the array's name, and the band from 0.
    pub shown: Vec<(String, usize)>,
}

impl Picture {
    /// The picture of `arrays`: red, green and blue where three bands are those, from three arrays
    /// of one band each or else from one array; the first band in grey otherwise. Pixels that
    /// no band shown has data for are transparent.
    ///
    /// # Errors
    /// [`DisplayError::Nothing`], [`DisplayError::Shapes`], [`DisplayError::Rescale`],
    /// [`DisplayError::Pixels`].
    pub fn of(arrays: &[ChipArray], options: &PictureOptions) -> Result<Self, DisplayError> {
        let shown = colours(arrays)
            .or_else(|| Some(vec![(arrays.first().filter(|a| a.pixels.bands() > 0)?, 0)]))
            .ok_or(DisplayError::Nothing)?;
        let [_, height, width] = shown.first().map_or([0; 3], |(a, _)| a.pixels.shape());
        for (array, _) in &shown {
            if (array.pixels.height(), array.pixels.width()) != (height, width) {
                return Err(DisplayError::Shapes {
                    name: array.name.clone(),
                });
            }
        }
        if !options.rescale.is_empty() && ![1, shown.len()].contains(&options.rescale.len()) {
            return Err(DisplayError::Rescale {
                given: options.rescale.len(),
                shown: shown.len(),
            });
        }
        let stretch = match options.stretch {
            Stretch::Auto if are_colours(&shown) => Stretch::None,
            other => other,
        };
        let mut bands = Vec::with_capacity(shown.len() + 1);
        let mut alpha = vec![0u8; height * width];
        for (i, (array, band)) in shown.iter().enumerate() {
            let range = options.rescale.get(i).or(options.rescale.first()).copied();
            bands.push(drawn(array, *band, range, stretch, &mut alpha));
        }
        for mask in shown.iter().filter_map(|(array, _)| array.mask.as_ref()) {
            alpha.iter_mut().zip(mask).for_each(|(a, &m)| *a &= m);
        }
        if alpha.contains(&0) {
            bands.push(alpha);
        }
        let pixels = Pixels::from_slice([bands.len(), height, width], &bands.concat())?;
        Ok(Self {
            pixels,
            shown: shown
                .into_iter()
                .map(|(array, band)| (array.name.clone(), band))
                .collect(),
        })
    }
}

impl Chip {
    /// The chip as formats that are only looked at hold it: as it is where it is one array of bytes
    /// that is grey or colours already, else one array `picture`, as [`Picture::of`] makes it.
    ///
    /// # Errors
    /// As [`Picture::of`].
    pub fn displayed(self, options: &PictureOptions) -> Result<Self, DisplayError> {
        if *options == PictureOptions::default() && is_picture(&self.arrays) {
            return Ok(self);
        }
        let pixels = Picture::of(&self.arrays, options)?.pixels;
        let names: &[(&str, Colour)] = match pixels.bands() {
            1 => &[("gray", Colour::Gray)],
            2 => &[("gray", Colour::Gray), ("alpha", Colour::Alpha)],
            _ => &[
                ("red", Colour::Red),
                ("green", Colour::Green),
                ("blue", Colour::Blue),
                ("alpha", Colour::Alpha),
            ],
        };
        let bands = pixels.bands();
        Ok(Self {
            arrays: vec![ChipArray {
                name: "picture".to_owned(),
                bands: names
                    .iter()
                    .take(bands)
                    .map(|(n, _)| (*n).to_owned())
                    .collect(),
                colours: names.iter().take(bands).map(|(_, c)| c.clone()).collect(),
                pixels,
                nodata: None,
                mask: None,
                own_mask: false,
            }],
            frame: self.frame,
        })
    }
}

/// Whether it is one array of bytes that a screen can show as it is.
fn is_picture(arrays: &[ChipArray]) -> bool {
    let [array] = arrays else {
        return false;
    };
    let bands = array.pixels.bands();
    array.pixels.sample() == SampleType::U8
        && match bands {
            1 | 3 => true,
            2 | 4 => array.colours.get(bands - 1) == Some(&Colour::Alpha),
            _ => false,
        }
}

/// Red, green and blue among the bands of `arrays`.
fn colours(arrays: &[ChipArray]) -> Option<Vec<(&ChipArray, usize)>> {
    let wanted = [
        (Colour::Red, "red"),
        (Colour::Green, "green"),
        (Colour::Blue, "blue"),
    ];
    let is = |array: &ChipArray, band: usize, (colour, name): &(Colour, &str)| {
        let named = array.bands.get(band);
        array.colours.get(band) == Some(colour)
            || named.is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    let alone: Option<Vec<_>> = wanted
        .iter()
        .map(|wanted| {
            let mut single = arrays.iter().filter(|a| a.pixels.bands() == 1);
            let by_name = single
                .clone()
                .find(|a| a.name.eq_ignore_ascii_case(wanted.1));
            let found = by_name.or_else(|| single.find(|a| is(a, 0, wanted)));
            found.map(|array| (array, 0))
        })
        .collect();
    alone.or_else(|| {
        arrays.iter().find_map(|array| {
            wanted
                .iter()
                .map(|wanted| {
                    let band = (0..array.pixels.bands()).find(|&band| is(array, band, wanted));
                    band.map(|band| (array, band))
                })
                .collect()
        })
    })
}

/// Whether the bands are bytes that are meant to be looked at.
fn are_colours(shown: &[(&ChipArray, usize)]) -> bool {
    shown.iter().all(|(array, band)| {
        let colour = array.colours.get(*band);
        array.pixels.sample() == SampleType::U8
            && matches!(
                colour,
                Some(Colour::Red | Colour::Green | Colour::Blue | Colour::Gray)
            )
    })
}

/// The steps of a band; pixels that have data become opaque in `alpha`.
fn drawn(
    array: &ChipArray,
    band: usize,
    range: Option<(f64, f64)>,
    stretch: Stretch,
    alpha: &mut [u8],
) -> Vec<u8> {
    let has_data = |value: f64| !value.is_nan() && array.nodata != Some(value);
    let masked = |at: usize| array.mask.as_ref().is_some_and(|m| m.get(at) == Some(&0));
    let range = range.or_else(|| {
        // A sample of a million tells percentiles as well as all.
        let every = (alpha.len() / SAMPLE).max(1);
        let mut sample = Vec::with_capacity(alpha.len() / every + 1);
        let mut at = 0usize;
        numbers::each(&array.pixels, band, |value| {
            if at.is_multiple_of(every) && has_data(value) && !masked(at) {
                sample.push(value);
            }
            at += 1;
        });
        stretch.range(&mut sample)
    });
    let mut steps = Vec::with_capacity(alpha.len());
    let mut opaque = alpha.iter_mut();
    numbers::each(&array.pixels, band, |value| {
        let valid = has_data(value);
        steps.push(match range {
            Some(range) if valid => step(value, range),
            _ => 0,
        });
        if let Some(alpha) = opaque.next()
            && valid
        {
            *alpha = 255;
        }
    });
    steps
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DisplayError {
    /// There is no band to show.
    #[error("there is no band to make a picture of")]
    Nothing,
    /// The bands to show are of different sizes.
    #[error("{name} is of another size than the bands it is to be shown with")]
    Shapes {
        /// The array.
        name: String,
    },
    /// As many ranges were given as fit nothing.
    #[error("{given} ranges were given for {shown} bands: give one for all, or one a band")]
    Rescale {
        /// Ranges given.
        given: usize,
        /// Bands shown.
        shown: usize,
    },
    /// It does not fit into memory.
    #[error(transparent)]
    Pixels(#[from] PixelsError),
}

const SAMPLE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use stacchip_model::Sample;

    use super::*;

    fn array<T: Sample>(name: &str, bands: usize, numbers: &[T]) -> ChipArray {
        let shape = [bands, 1, numbers.len() / bands];
        ChipArray {
            name: name.to_owned(),
            pixels: Pixels::from_slice(shape, numbers).unwrap(),
            nodata: None,
            bands: vec![String::new(); bands],
            colours: vec![Colour::Undefined; bands],
            mask: None,
            own_mask: false,
        }
    }

    fn shown(arrays: &[ChipArray]) -> Vec<(String, usize)> {
        Picture::of(arrays, &PictureOptions::default())
            .unwrap()
            .shown
    }

    fn of(bands: &[(&str, usize)]) -> Vec<(String, usize)> {
        bands.iter().map(|&(n, b)| (n.to_owned(), b)).collect()
    }

    #[test]
    fn three_bands_of_their_own_go_before_a_picture() {
        let mut visual = array("visual", 3, &[1u8, 2, 3]);
        visual.colours = vec![Colour::Red, Colour::Green, Colour::Blue];
        let mut b03 = array("B03", 1, &[7u16]);
        b03.colours = vec![Colour::Green];
        let all = [
            array("blue", 1, &[5u16]),
            visual,
            array("RED", 1, &[6u16]),
            b03,
        ];
        assert_eq!(shown(&all), of(&[("RED", 0), ("B03", 0), ("blue", 0)]));
        assert_eq!(
            shown(&all[..3]),
            of(&[("visual", 0), ("visual", 1), ("visual", 2)])
        );
        assert_eq!(shown(&all[3..]), of(&[("B03", 0)]));
        assert_eq!(
            Picture::of(&[], &PictureOptions::default()),
            Err(DisplayError::Nothing)
        );
    }

    #[test]
    fn numbers_are_stretched_and_colours_are_not() {
        let picture = |array: &ChipArray, options: &PictureOptions| {
            let picture = Picture::of(std::slice::from_ref(array), options).unwrap();
            picture.pixels.as_bytes().to_vec()
        };
        let options = |stretch| PictureOptions {
            stretch,
            rescale: Vec::new(),
        };
        let mut bytes = array("a", 1, &[10u8, 20, 40]);
        assert_eq!(picture(&bytes, &options(Stretch::MinMax)), [0, 85, 255]);
        assert_eq!(picture(&bytes, &options(Stretch::None)), [10, 20, 40]);
        assert_eq!(picture(&bytes, &options(Stretch::Auto)), [0, 85, 255]);
        bytes.colours = vec![Colour::Gray];
        assert_eq!(picture(&bytes, &options(Stretch::Auto)), [10, 20, 40]);
        let wide = PictureOptions {
            rescale: vec![(0.0, 50.0)],
            ..PictureOptions::default()
        };
        assert_eq!(picture(&bytes, &wide), [51, 102, 204]);
        let twice = PictureOptions {
            rescale: vec![(0.0, 1.0); 2],
            ..wide
        };
        assert!(Picture::of(&[bytes], &twice).is_err());
    }

    #[test]
    fn a_chip_is_shown_as_it_is_where_it_is_a_picture() {
        let chip = |array: ChipArray| Chip {
            frame: crate::Frame::of_size(stacchip_model::Size::new(1, 1)),
            arrays: vec![array],
        };
        let displayed = |array: &ChipArray| {
            let chip = chip(array.clone()).displayed(&PictureOptions::default());
            chip.unwrap().arrays.remove(0)
        };
        let rgb = array("visual", 3, &[1u8, 2, 3]);
        assert_eq!(displayed(&rgb), rgb);
        // The fourth band of an aerial picture is near infrared, no alpha.
        let mut rgbn = array("image", 4, &[1u8, 2, 3, 4]);
        rgbn.colours = vec![Colour::Red, Colour::Green, Colour::Blue, Colour::Undefined];
        let shown = displayed(&rgbn);
        assert_eq!(
            (shown.name.as_str(), shown.pixels.as_bytes()),
            ("picture", &[1u8, 2, 3][..])
        );
        assert_eq!(shown.bands, ["red", "green", "blue"].map(str::to_owned));
        rgbn.colours[3] = Colour::Alpha;
        assert_eq!(displayed(&rgbn), rgbn);
        let number = array("b", 1, &[7u16]);
        assert_eq!(displayed(&number).pixels.as_bytes(), [128]);
    }

    #[test]
    fn what_has_no_data_is_transparent_and_not_counted() {
        let mut red = array("red", 1, &[f32::NAN, -9999.0, 1.0, 2.0, 3.0]);
        red.nodata = Some(-9999.0);
        let options = PictureOptions {
            stretch: Stretch::MinMax,
            rescale: Vec::new(),
        };
        let picture = Picture::of(&[red.clone()], &options).unwrap().pixels;
        assert_eq!(picture.band_bytes(0).unwrap(), [0, 0, 0, 128, 255]);
        assert_eq!(picture.band_bytes(1).unwrap(), [0, 0, 255, 255, 255]);
        red.mask = Some(vec![255, 255, 0, 255, 255]);
        let green = array("green", 1, &[0f32, 1.0, 2.0, 3.0, 4.0]);
        let blue = array("blue", 1, &[0u8; 5]);
        let picture = Picture::of(&[red, green, blue], &options).unwrap().pixels;
        assert_eq!(picture.bands(), 4);
        assert_eq!(picture.band_bytes(3).unwrap(), [255, 255, 0, 255, 255]);
        let empty = Picture::of(&[array("x", 1, &[f64::NAN; 3])], &options).unwrap();
        assert_eq!(empty.pixels.as_bytes(), [0; 6]);
    }
}
