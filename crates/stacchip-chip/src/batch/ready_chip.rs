//! A chip whose pieces are all there.

use std::sync::Arc;

use stacchip_cog::WindowPlan;
use stacchip_model::{Pixels, SampleType, Window};
use thiserror::Error;

use super::planned::Planned;
use crate::{Chip, ChipArray, ChipError, ChipRequest, PlannedArray, chip_reader::chip_array};

/// A chip of a list, all of it decoded: to be [made into arrays](Self::into_chip), or written into
/// arrays that are there already. That is done where it is called, on any thread.
#[derive(Debug)]
pub struct ReadyChip {
    number: u64,
    chip: Arc<Planned>,
    pieces: Vec<Pixels>,
}

/// One array of a chip: the pixels of one asset.
#[derive(Debug, Clone, Copy)]
pub struct ReadyArray<'a> {
    ready: &'a ReadyChip,
    array: usize,
    name: &'a str,
    address: &'a str,
    planned: Option<&'a PlannedArray>,
}

/// A chip of a list that could not be had.
#[derive(Debug, Error)]
#[error("chip {number} of the list: {cause}")]
pub struct FailedChip {
    /// Its number in the list, from 0.
    pub number: u64,
    /// Why.
    #[source]
    pub cause: ChipError,
}

impl ReadyChip {
    pub(super) fn new(number: u64, chip: Arc<Planned>, pieces: Vec<Pixels>) -> Self {
        Self {
            number,
            chip,
            pieces,
        }
    }

    /// Its number in the list, from 0.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its pixels in the frame.
    pub fn window(&self) -> Window {
        self.chip.wanted.window
    }

    /// What was asked, apart from the window.
    pub fn like(&self) -> &Arc<ChipRequest> {
        &self.chip.wanted.like
    }

    /// How many arrays it has: one for each asset, in the order asked for.
    pub fn len(&self) -> usize {
        self.chip.arrays.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of its arrays; an empty one where there are not as many.
    pub fn array(&self, array: usize) -> ReadyArray<'_> {
        let asset = self.chip.wanted.like.assets.get(array);
        ReadyArray {
            ready: self,
            array,
            name: asset.map_or("", |asset| &asset.key),
            address: asset.map_or("", |asset| &asset.address),
            planned: self.chip.arrays.get(array),
        }
    }

    /// Its arrays, in the order asked for.
    pub fn arrays(&self) -> impl Iterator<Item = ReadyArray<'_>> {
        (0..self.len()).map(|array| self.array(array))
    }

    /// The chip, as a reader of single chips makes it.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub fn into_chip(mut self) -> Result<Chip, ChipError> {
        let chip = Arc::clone(&self.chip);
        let like = &chip.wanted.like;
        let arrays = like.assets.iter().zip(&chip.arrays).enumerate();
        let arrays = arrays.map(|(index, (asset, array))| -> Result<ChipArray, ChipError> {
            let sources = self.sources(index, array);
            let made = sources.and_then(|sources| array.plan.assemble(sources));
            made.and_then(|made| chip_array(asset, array, made))
                .map_err(|error| error.of_asset(&asset.key, &asset.address))
        });
        let window = chip.wanted.window;
        let output = like.output.unwrap_or(window.size());
        Ok(Chip {
            arrays: arrays.collect::<Result<_, _>>()?,
            frame: like.frame.of_window(window, output),
        })
    }

    /// The pixels of each plan of an array; its pieces are gone then.
    fn sources(&mut self, index: usize, array: &PlannedArray) -> Result<Vec<Pixels>, ChipError> {
        let plans = array.plan.plans().enumerate();
        let sources = plans.map(|(part, plan)| {
            let pieces = self.chip.pieces_of(index, part);
            match self.pieces.get_mut(pieces.clone()) {
                Some([whole]) if whole.shape() == plan.shape() => {
                    let nothing = Pixels::zeros(SampleType::U8, [0, 0, 0])?;
                    Ok(std::mem::replace(whole, nothing))
                }
                _ => self.joined(index, part, plan),
            }
        });
        sources.collect()
    }

    /// The pixels of a plan, of several pieces.
    fn joined(&self, array: usize, part: usize, plan: &WindowPlan) -> Result<Pixels, ChipError> {
        let Some(planes) = self.chip.planes_of(array, part) else {
            return self.stitched(array, part, plan);
        };
        let samples = self.stitched(array, part, planes)?;
        let mut rendered = Pixels::zeros(plan.sample(), plan.shape())?;
        plan.render_planes(samples.as_bytes(), rendered.as_bytes_mut(), plan.strides())?;
        Ok(rendered)
    }

    /// The pieces of a plan in their places.
    fn stitched(&self, array: usize, part: usize, plan: &WindowPlan) -> Result<Pixels, ChipError> {
        let mut joined = Pixels::zeros(plan.sample(), plan.shape())?;
        let [_, _, width] = joined.shape();
        let bytes = plan.sample().bytes();
        let range = self.chip.pieces_of(array, part);
        let places = self.chip.pieces.get(range.clone()).unwrap_or_default();
        let pieces = self.pieces.get(range).unwrap_or_default();
        for (place, pixels) in places.iter().zip(pieces) {
            let inside = place
                .window
                .relative_to(plan.window().col, plan.window().row);
            let index = |at: i64| usize::try_from(at).unwrap_or(0);
            let (top, left) = (index(inside.row), index(inside.col));
            let held = place.bands(plan);
            for (slot, band) in plan.bands().iter().enumerate() {
                // Either all bands in the order asked for, or one that may be asked for twice.
                let from = match held {
                    [only] if only == band => 0,
                    _ if held.len() == plan.bands().len() => slot,
                    _ => continue,
                };
                let lines = pixels.band_bytes(from).unwrap_or_default();
                let to = joined.band_bytes_mut(slot).unwrap_or_default();
                let lines = lines.chunks_exact((pixels.width() * bytes).max(1));
                for (row, line) in (top..).zip(lines) {
                    let start = (row * width + left) * bytes;
                    if let Some(to) = to.get_mut(start..start + line.len()) {
                        to.copy_from_slice(line);
                    }
                }
            }
        }
        Ok(joined)
    }
}

impl<'a> ReadyArray<'a> {
    /// The asset's key.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The asset's address.
    pub const fn address(&self) -> &'a str {
        self.address
    }

    /// `[band, row, column]`.
    pub fn shape(&self) -> [usize; 3] {
        self.planned.map_or([0; 3], |planned| planned.plan.shape())
    }

    /// Type of the pixels.
    pub fn sample(&self) -> SampleType {
        self.planned
            .map_or(SampleType::U8, |planned| planned.plan.sample())
    }

    /// Bytes of its pixels.
    pub fn byte_len(&self) -> usize {
        self.shape().iter().product::<usize>() * self.sample().bytes()
    }

    /// Whether it has a mask.
    pub fn has_mask(&self) -> bool {
        self.planned.is_some_and(|planned| planned.plan.has_mask())
    }

    /// The value that means no data.
    pub fn nodata(&self) -> Option<f64> {
        let nodata = self.planned.and_then(|planned| planned.plan.nodata());
        nodata.map(stacchip_cog::NodataValue::as_f64)
    }

    /// Writes its pixels into `pixels`: `[band, row, column]`, native byte order, all of it; and its
    /// mask, where it has one and that is wanted, into `mask`, one byte a pixel, 255 where valid.
    ///
    /// # Errors
    /// [`ChipError::Pixels`] where a length is not right; nothing is written then.
    pub fn write(&self, pixels: &mut [u8], mask: Option<&mut [u8]>) -> Result<(), ChipError> {
        let Some(planned) = self.planned else {
            return Ok(());
        };
        let ready = self.ready;
        let mut joined = Vec::new();
        let mut whole = Vec::new();
        for (part, plan) in planned.plan.plans().enumerate() {
            let pieces = ready.chip.pieces_of(self.array, part);
            match ready.pieces.get(pieces) {
                Some([one]) if one.shape() == plan.shape() => whole.push(Some(one)),
                _ => {
                    joined.push(ready.joined(self.array, part, plan)?);
                    whole.push(None);
                }
            }
        }
        let mut joined = joined.iter();
        let sources: Vec<&Pixels> = whole
            .into_iter()
            .filter_map(|whole| whole.or_else(|| joined.next()))
            .collect();
        planned.plan.assemble_into(&sources, pixels, mask)?;
        Ok(())
    }
}
