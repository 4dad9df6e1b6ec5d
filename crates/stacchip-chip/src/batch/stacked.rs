//! Chips of a list in one array an asset, as training takes them.

use stacchip_model::{Pixels, PixelsError, SampleType};

use super::{BatchCounts, Chips, FailedChip, ReadyChip};
use crate::ChipError;

/// Chips of a list, some at a time, in one array an asset.
#[derive(Debug)]
pub struct ChipBatches {
    chips: Chips,
    size: usize,
}

/// Some chips, in one array an asset.
#[derive(Debug)]
pub struct ChipBatch {
    /// The chips' numbers in the list, in the order in which they lie in the arrays.
    pub numbers: Vec<u64>,
    /// The arrays, in the order of the assets.
    pub arrays: Vec<StackedArray>,
    /// Chips of the list that failed before these were together.
    pub failed: Vec<FailedChip>,
}

/// The pixels of one asset in several chips.
#[derive(Debug)]
pub struct StackedArray {
    /// The asset's key.
    pub name: String,
    /// The pixels: the bands of the first chip, then those of the second, and so on.
    pub pixels: Pixels,
    /// `[chip, band, row, column]`.
    pub shape: [usize; 4],
    /// 255 where a pixel is valid, 0 where not, `[chip, row, column]`; nothing where no chip has a
    /// mask.
    pub mask: Option<Vec<u8>>,
    /// The value that means no data in the first chip.
    pub nodata: Option<f64>,
}

impl Chips {
    /// Writes the next chips into `arrays`: one for each asset, `[chip, band, row, column]`, as long
    /// as `count` chips take. Answers the chips' numbers, fewer than `count` at the end, and those
    /// that failed on the way; those take no place.
    ///
    /// The masks go into `masks`, 255 where a pixel is valid and 0 where not, `[chip, row, column]`:
    /// one for each asset, nothing for one of which none is expected; none at all is as many
    /// nothings. Of an array without a mask all pixels are valid.
    ///
    /// A chip that does not fit, because it has another shape, other assets, or a mask for which there
    /// is no place, is one that failed.
    pub fn fill(
        &mut self,
        count: usize,
        arrays: &mut [&mut [u8]],
        masks: &mut [Option<&mut [u8]>],
    ) -> (Vec<u64>, Vec<FailedChip>) {
        let (mut numbers, mut failed) = (Vec::new(), Vec::new());
        while numbers.len() < count
            && let Some(chip) = self.next()
        {
            let written = chip.and_then(|chip| {
                let written = write(&chip, numbers.len(), count, arrays, masks);
                let number = chip.number();
                written
                    .map(|()| number)
                    .map_err(|cause| FailedChip { number, cause })
            });
            match written {
                Ok(number) => numbers.push(number),
                Err(chip) => failed.push(chip),
            }
        }
        (numbers, failed)
    }
}

/// Writes `chip` into place `at` of `count`.
fn write(
    chip: &ReadyChip,
    at: usize,
    count: usize,
    arrays: &mut [&mut [u8]],
    masks: &mut [Option<&mut [u8]>],
) -> Result<(), ChipError> {
    for got in [arrays.len(), masks.len()] {
        let none = got == 0 && !arrays.is_empty();
        if chip.len() != got && !none {
            let wanted = chip.len();
            return Err(ChipError::Pixels(PixelsError::Length { wanted, got }));
        }
    }
    // Nothing is written before all of it is known to fit.
    let mut places = Vec::with_capacity(arrays.len());
    let mut masks = masks.iter_mut();
    for (array, out) in chip.arrays().zip(arrays) {
        let pixels = place(out, at, count, array.byte_len())?;
        let [_, height, width] = array.shape();
        let mask = match masks.next() {
            Some(Some(mask)) => Some(place(mask, at, count, height * width)?),
            _ if array.has_mask() => {
                return Err(ChipError::NoPlaceForMask.of_asset(array.name(), array.address()));
            }
            _ => None,
        };
        places.push((pixels, mask));
    }
    for (array, (pixels, mut mask)) in chip.arrays().zip(places) {
        if let Some(mask) = mask.as_mut().filter(|_| !array.has_mask()) {
            mask.fill(255);
        }
        array.write(pixels, mask)?;
    }
    Ok(())
}

/// The bytes of place `at` of `count` in `out`, each of `bytes` bytes.
fn place(out: &mut [u8], at: usize, count: usize, bytes: usize) -> Result<&mut [u8], PixelsError> {
    let (wanted, got) = (bytes.saturating_mul(count), out.len());
    let place = (wanted == got).then(|| out.get_mut(at * bytes..(at + 1) * bytes));
    place.flatten().ok_or(PixelsError::Length { wanted, got })
}

impl ChipBatches {
    pub(super) fn new(chips: Chips, size: usize) -> Self {
        Self {
            chips,
            size: size.max(1),
        }
    }

    /// What they have cost so far.
    pub const fn counts(&self) -> BatchCounts {
        self.chips.counts()
    }
}

impl Iterator for ChipBatches {
    type Item = ChipBatch;

    fn next(&mut self) -> Option<ChipBatch> {
        let mut batch = ChipBatch {
            numbers: Vec::new(),
            arrays: Vec::new(),
            failed: Vec::new(),
        };
        while batch.numbers.len() < self.size
            && let Some(chip) = self.chips.next()
        {
            match chip {
                Err(chip) => batch.failed.push(chip),
                Ok(chip) => match batch.add(&chip, self.size) {
                    Ok(()) => batch.numbers.push(chip.number()),
                    Err(cause) => batch.failed.push(FailedChip {
                        number: chip.number(),
                        cause,
                    }),
                },
            }
        }
        if batch.numbers.is_empty() && batch.failed.is_empty() {
            return None;
        }
        batch.cut_to_length();
        Some(batch)
    }
}

impl ChipBatch {
    fn add(&mut self, chip: &ReadyChip, size: usize) -> Result<(), ChipError> {
        let at = self.numbers.len();
        if at == 0 {
            let arrays = chip.arrays().map(|array| StackedArray::new(array, size));
            self.arrays = arrays.collect::<Result<_, _>>()?;
        }
        let fits = self.arrays.len() == chip.len()
            && self
                .arrays
                .iter()
                .zip(chip.arrays())
                .all(|(stacked, array)| {
                    let [_, shape @ ..] = stacked.shape;
                    shape == array.shape() && stacked.pixels.sample() == array.sample()
                });
        if !fits {
            return Err(ChipError::NotStacked);
        }
        for (stacked, array) in self.arrays.iter_mut().zip(chip.arrays()) {
            stacked.write(at, array)?;
        }
        Ok(())
    }

    /// Takes away the room for chips that did not come.
    fn cut_to_length(&mut self) {
        let count = self.numbers.len();
        for array in &mut self.arrays {
            let [size, bands, height, width] = array.shape;
            if count < size {
                array.pixels.truncate(count * bands);
                array.shape = [count, bands, height, width];
                if let Some(mask) = &mut array.mask {
                    mask.truncate(count * height * width);
                }
            }
        }
    }
}

impl StackedArray {
    /// Room for `size` chips like one that has `array`.
    fn new(array: super::ReadyArray<'_>, size: usize) -> Result<Self, PixelsError> {
        let (sample, [bands, height, width]) = (array.sample(), array.shape());
        let too_large = || PixelsError::TooLarge {
            sample,
            shape: [bands, height, width],
        };
        let all = size.checked_mul(bands).ok_or_else(too_large)?;
        Ok(Self {
            name: array.name().to_owned(),
            pixels: Pixels::zeros(sample, [all, height, width])?,
            shape: [size, bands, height, width],
            mask: None,
            nodata: array.nodata(),
        })
    }

    fn write(&mut self, at: usize, array: super::ReadyArray<'_>) -> Result<(), ChipError> {
        let bytes = array.byte_len();
        let [size, _, height, width] = self.shape;
        let pixels = self.pixels.as_bytes_mut();
        let pixels = pixels.get_mut(at * bytes..(at + 1) * bytes);
        if array.has_mask() && self.mask.is_none() {
            // Those before it, and those after it that have none, are valid everywhere.
            let mut mask = Pixels::zeros(SampleType::U8, [size, height, width])?;
            mask.as_bytes_mut().fill(255);
            self.mask = Some(mask.as_bytes().to_vec());
        }
        let area = height * width;
        let mask = self.mask.as_mut().filter(|_| array.has_mask());
        let mask = mask.and_then(|mask| mask.get_mut(at * area..(at + 1) * area));
        array.write(pixels.unwrap_or_default(), mask)
    }
}
