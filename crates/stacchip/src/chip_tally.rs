//! The numbers of chips, counted as they come.

use std::sync::Arc;

use rayon::prelude::*;
use stacchip_chip::Chip;
use stacchip_model::Platform;
use stacchip_stats::bands::{BandTally, Numbers};

use crate::cubes::nodata_of;

/// What was seen of the numbers of chips that have the same bands.
#[derive(Debug)]
pub struct ChipTally {
    /// Of each array its name and its bands.
    arrays: Vec<(String, usize, Vec<String>)>,
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
    /// The platform, which says what means no data where the raster does not.
    pub platform: Option<Platform>,
}

impl ChipTally {
    /// None of the numbers yet, of chips like `chip`.
    pub fn of(chip: &Chip) -> Self {
        let arrays = chip.arrays.iter();
        let arrays: Vec<_> = arrays
            .map(|a| (a.name.clone(), a.pixels.bands(), a.bands.clone()))
            .collect();
        let bands = arrays.iter().map(|(_, bands, _)| bands).sum();
        Self {
            arrays,
            tallies: (0..bands).map(|_| Default::default()).collect(),
            nodata: vec![None; bands],
            nodata_from: "nothing",
        }
    }

    /// Whether `chip` has the same bands.
    ///
    /// # Errors
    /// What differs.
    pub fn check(&self, chip: &Chip) -> Result<(), String> {
        let bands =
            |chip: &Chip| -> Vec<usize> { chip.arrays.iter().map(|a| a.pixels.bands()).collect() };
        let known: Vec<usize> = self.arrays.iter().map(|(_, bands, _)| *bands).collect();
        if bands(chip) != known {
            return Err(format!(
                "its assets have {:?} bands, those of the first chip {known:?}",
                bands(chip)
            ));
        }
        match chip.arrays.iter().find(|a| a.pixels.sample().is_complex()) {
            Some(array) => Err(format!("{} holds complex numbers", array.name)),
            None => Ok(()),
        }
    }

    /// Counts `chips`; `nodata` is the value that means no data, whatever they say. Each band and lane on one thread: however many there are, each tally takes the same
    /// chips in the same order.
    pub fn add(&mut self, chips: &[TalliedChip], nodata: Option<f64>) {
        let mut places = Vec::new();
        for (array, (_, bands, _)) in self.arrays.iter().enumerate() {
            places.extend((0..*bands).map(|band| (array, band)));
        }
        let value_of = |chip: &TalliedChip, array: usize| {
            let own = chip.chip.arrays.get(array).and_then(|a| a.nodata);
            nodata.or(own).or(chip.platform.and_then(nodata_of))
        };
        if let Some(first) = chips.first() {
            for (known, (array, _)) in self.nodata.iter_mut().zip(&places) {
                *known = known.or(value_of(first, *array));
            }
            let own = first.chip.arrays.iter().any(|a| a.nodata.is_some());
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
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (asset, bands, own) in &self.arrays {
            for band in 0..*bands {
                names.push(match own.get(band).map_or("", String::as_str) {
                    _ if *bands == 1 => asset.clone(),
                    "" => format!("{asset}:{}", band + 1),
                    own => format!("{asset}:{own}"),
                });
            }
        }
        names
    }
}

/// Tallies of a band: threads that one band can keep busy.
const LANES: usize = 4;
