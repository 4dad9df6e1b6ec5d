//! The numbers of chips, counted as they come.

use std::sync::Arc;

use rayon::prelude::*;
use stacchip_chip::Chip;
use stacchip_model::Platform;
use stacchip_stats::bands::{BandTally, Numbers};

use crate::{
    band_names::{arranged, names_of, order_of},
    cubes::nodata_of,
};

/// What was seen of the numbers of chips that have the same bands.
#[derive(Debug)]
pub struct ChipTally {
    /// What the bands are called.
    names: Vec<String>,
    /// Of each array how many bands it has.
    arrays: Vec<usize>,
    /// Of each band, one for every [`LANES`]th chip.
    tallies: Vec<[BandTally; LANES]>,
    /// The value that means no data in each band, as the first chips have it.
    pub nodata: Vec<Option<f64>>,
    /// Where that is from.
    pub nodata_from: &'static str,
}

/// A chip to be counted, with what is added to its arrays.
#[derive(Debug)]
pub struct TalliedChip {
    /// The chip.
    pub chip: Chip,
    /// What is added to the numbers of each array that are data.
    pub shifts: Arc<[i32]>,
    /// The platform, which says what means no data where the raster has neither a value for it nor a mask.
    pub platform: Option<Platform>,
}

impl ChipTally {
    /// None of the numbers yet, of chips like `chip`.
    pub fn of(chip: &Chip) -> Self {
        let names = names_of(chip);
        Self {
            arrays: chip.arrays.iter().map(|a| a.pixels.bands()).collect(),
            tallies: names.iter().map(|_| Default::default()).collect(),
            nodata: vec![None; names.len()],
            nodata_from: "nothing",
            names,
        }
    }

    /// `chip` with its assets in the order of the first.
    ///
    /// # Errors
    /// What differs, where it does not have the same bands.
    pub fn fit(&self, mut chip: TalliedChip) -> Result<TalliedChip, String> {
        let arrays = &chip.chip.arrays;
        if let Some(array) = arrays.iter().find(|a| a.pixels.sample().is_complex()) {
            return Err(format!("{} holds complex numbers", array.name));
        }
        let Some(order) = order_of(&chip.chip, &self.names) else {
            return Err(format!(
                "its bands are {}, those of the first chip {}: name bands that all items have with --assets",
                names_of(&chip.chip).join(", "),
                self.names.join(", ")
            ));
        };
        if !order.is_sorted() {
            let shifts = order.iter().map(|&at| chip.shifts.get(at).copied());
            chip.shifts = shifts.map(Option::unwrap_or_default).collect();
            chip.chip.arrays = arranged(chip.chip.arrays, &order);
        }
        Ok(chip)
    }

    /// Counts `chips`, which [fit](Self::fit); `nodata` is the value that means no data, whatever they say.
    /// Each band and lane on one thread: however many there are, each tally takes the same chips in the
    /// same order.
    pub fn add(&mut self, chips: &[TalliedChip], nodata: Option<f64>) {
        let mut places = Vec::new();
        for (array, bands) in self.arrays.iter().enumerate() {
            places.extend((0..*bands).map(|band| (array, band)));
        }
        let value_of = |chip: &TalliedChip, array: usize| {
            let array = chip.chip.arrays.get(array);
            let of_platform = || chip.platform.and_then(nodata_of);
            let own = nodata.or_else(|| array?.nodata);
            own.or_else(|| of_platform().filter(|_| array.is_some_and(|a| !a.own_mask)))
        };
        if let Some(first) = chips.first() {
            for (known, (array, _)) in self.nodata.iter_mut().zip(&places) {
                *known = known.or(value_of(first, *array));
            }
            let mut arrays = first.chip.arrays.iter();
            let own = arrays.any(|a| a.nodata.is_some() || a.own_mask);
            self.nodata_from = match (own, first.platform) {
                (true, _) => "the rasters",
                (false, Some(_)) => "the platform",
                _ => self.nodata_from,
            };
        }
        let tallies = self.tallies.par_iter_mut().zip(places);
        tallies.for_each(|(lanes, (array, band))| {
            lanes.par_iter_mut().enumerate().for_each(|(lane, tally)| {
                for chip in chips.iter().skip(lane).step_by(LANES) {
                    let Some(found) = chip.chip.arrays.get(array) else {
                        continue;
                    };
                    let numbers = Numbers {
                        nodata: value_of(chip, array),
                        mask: found.mask.as_deref(),
                        shift: chip.shifts.get(array).copied().unwrap_or(0),
                        ..Numbers::new(
                            found.pixels.sample(),
                            found.pixels.band_bytes(band).unwrap_or_default(),
                        )
                    };
                    // Complex numbers were refused before.
                    let _ = tally.add(numbers);
                }
            });
        });
    }

    /// What was seen of each band.
    pub fn total(&self) -> Vec<BandTally> {
        let bands = self.tallies.iter();
        bands
            .map(|lanes| {
                lanes.iter().fold(BandTally::default(), |mut all, lane| {
                    all.merge(lane);
                    all
                })
            })
            .collect()
    }

    /// What the bands are called: as their assets; where one has several, with their own name or number
    /// behind a colon.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Tallies of a band: threads that one band can keep busy.
const LANES: usize = 4;

#[cfg(test)]
mod tests {
    use stacchip_chip::{ChipArray, Frame};
    use stacchip_model::{Pixels, Size};
    use stacchip_stats::bands::SummaryOptions;

    use super::*;

    fn array(name: &str, numbers: [u16; 2]) -> ChipArray {
        ChipArray {
            name: name.to_owned(),
            pixels: Pixels::from_slice([1, 1, 2], &numbers).unwrap(),
            nodata: None,
            bands: Vec::new(),
            colours: Vec::new(),
            mask: None,
            own_mask: false,
        }
    }

    fn chip(arrays: Vec<ChipArray>, shifts: &[i32]) -> TalliedChip {
        TalliedChip {
            chip: Chip {
                arrays,
                frame: Frame::of_size(Size::new(2, 1)),
            },
            shifts: shifts.into(),
            platform: Some(Platform::Naip),
        }
    }

    fn counted(chips: Vec<TalliedChip>) -> Vec<(u64, u64, Option<f64>)> {
        let mut tally = ChipTally::of(&chips[0].chip);
        let chips = chips.into_iter().map(|chip| tally.fit(chip).unwrap());
        let chips: Vec<_> = chips.collect();
        tally.add(&chips, None);
        let bands = tally.total();
        let bands = bands
            .iter()
            .map(|band| band.summary(&SummaryOptions::default()));
        bands.map(|s| (s.count, s.nodata, s.mean)).collect()
    }

    #[test]
    fn assets_in_another_order_are_counted_under_their_names() {
        let chips = vec![
            chip(vec![array("red", [1, 1]), array("nir", [5, 5])], &[0, 100]),
            chip(vec![array("nir", [7, 7]), array("red", [3, 3])], &[200, 0]),
        ];
        assert_eq!(counted(chips), [(4, 0, Some(2.0)), (4, 0, Some(156.0))]);
        let tally = ChipTally::of(&chip(vec![array("red", [1, 1])], &[]).chip);
        let error = tally
            .fit(chip(vec![array("nir", [1, 1])], &[]))
            .unwrap_err();
        assert!(
            error.contains("bands are nir") && error.contains("chip red"),
            "{error}"
        );
    }

    #[test]
    fn the_platform_is_asked_where_the_raster_says_nothing() {
        let mut masked = array("a", [0, 5]);
        (masked.mask, masked.own_mask) = (Some(vec![255, 255]), true);
        let mut at_the_edge = array("b", [0, 5]);
        at_the_edge.mask = Some(vec![255, 0]);
        let mut valued = array("c", [0, 5]);
        valued.nodata = Some(5.0);
        let arrays = vec![masked, at_the_edge, valued, array("d", [0, 5])];
        let wanted = [
            (2, 0, Some(2.5)),
            (0, 2, None),
            (1, 1, Some(0.0)),
            (1, 1, Some(5.0)),
        ];
        assert_eq!(counted(vec![chip(arrays, &[])]), wanted);
    }
}
