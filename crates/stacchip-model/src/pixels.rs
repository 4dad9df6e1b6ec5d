//! Arrays of pixels.

use thiserror::Error;

use crate::{Sample, SampleType};

/// An owned array of pixels, shape `[band, row, column]`, C order, native byte order.
///
/// The bytes are aligned to eight, so that [`Pixels::as_slice`] always works.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    sample: SampleType,
    shape: [usize; 3],
    words: Vec<u64>,
}

impl Pixels {
    /// An array of zeros.
    ///
    /// # Errors
    /// [`PixelsError::TooLarge`] where its bytes cannot be counted or had.
    pub fn zeros(sample: SampleType, shape: [usize; 3]) -> Result<Self, PixelsError> {
        let bytes = byte_len(sample, shape).ok_or(PixelsError::TooLarge { sample, shape })?;
        let count = bytes.div_ceil(8);
        // `vec![0; n]` asks for zeroed pages, which cost nothing until they are touched; the probe
        // before it turns an impossible size into an error in place of an abort.
        let mut probe = Vec::<u64>::new();
        probe
            .try_reserve_exact(count)
            .map_err(|_| PixelsError::TooLarge { sample, shape })?;
        drop(probe);
        Ok(Self {
            sample,
            shape,
            words: vec![0; count],
        })
    }

    /// An array with the numbers of `values` in C order.
    ///
    /// # Errors
    /// [`PixelsError::Length`] where `values` is not as long as `shape` says.
    pub fn from_slice<T: Sample>(shape: [usize; 3], values: &[T]) -> Result<Self, PixelsError> {
        let mut pixels = Self::zeros(T::TYPE, shape)?;
        let bytes = bytemuck::cast_slice::<T, u8>(values);
        if bytes.len() != pixels.as_bytes().len() {
            return Err(PixelsError::Length {
                wanted: pixels.as_bytes().len(),
                got: bytes.len(),
            });
        }
        pixels.as_bytes_mut().copy_from_slice(bytes);
        Ok(pixels)
    }

    /// The bytes, to be written into; native byte order, C order.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        let len = self.byte_len();
        &mut bytemuck::cast_slice_mut::<u64, u8>(&mut self.words)[..len]
    }

    /// The numbers, to be written into; nothing where `T` is not their type.
    pub fn as_slice_mut<T: Sample>(&mut self) -> Option<&mut [T]> {
        (T::TYPE == self.sample)
            .then(|| bytemuck::try_cast_slice_mut(self.as_bytes_mut()).ok())
            .flatten()
    }

    /// The bytes of one band, to be written into.
    pub fn band_bytes_mut(&mut self, band: usize) -> Option<&mut [u8]> {
        let len = self.band_len();
        self.as_bytes_mut()
            .get_mut(band.checked_mul(len)?..)?
            .get_mut(..len)
    }

    /// Keeps the first `bands` bands where there are more. No memory is asked for, nor given back.
    pub fn truncate(&mut self, bands: usize) {
        if bands < self.shape[0] {
            self.shape[0] = bands;
            let len = self.byte_len();
            self.words.truncate(len.div_ceil(8));
            // What follows the last number in its word is zero, as in new pixels: equal pixels are equal words.
            if let (Some(last), kept @ 1..) = (self.words.last_mut(), len % 8) {
                let mut bytes = last.to_ne_bytes();
                for byte in bytes.iter_mut().skip(kept) {
                    *byte = 0;
                }
                *last = u64::from_ne_bytes(bytes);
            }
        }
    }

    /// The type of its numbers.
    pub const fn sample(&self) -> SampleType {
        self.sample
    }

    /// `[band, row, column]`.
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Bands.
    pub const fn bands(&self) -> usize {
        self.shape[0]
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.shape[1]
    }

    /// Columns.
    pub const fn width(&self) -> usize {
        self.shape[2]
    }

    /// The bytes; native byte order, C order.
    pub fn as_bytes(&self) -> &[u8] {
        &bytemuck::cast_slice::<u64, u8>(&self.words)[..self.byte_len()]
    }

    /// The numbers in C order; nothing where `T` is not their type.
    pub fn as_slice<T: Sample>(&self) -> Option<&[T]> {
        (T::TYPE == self.sample)
            .then(|| bytemuck::try_cast_slice(self.as_bytes()).ok())
            .flatten()
    }

    /// The bytes of one band.
    pub fn band_bytes(&self, band: usize) -> Option<&[u8]> {
        let len = self.band_len();
        self.as_bytes().get(band.checked_mul(len)?..)?.get(..len)
    }

    fn byte_len(&self) -> usize {
        self.shape[0] * self.band_len()
    }

    fn band_len(&self) -> usize {
        self.shape[1] * self.shape[2] * self.sample.bytes()
    }
}

/// Why an array could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PixelsError {
    /// Its bytes cannot be counted, or the machine has not as many.
    #[error("an array of {shape:?} {sample} does not fit into memory: ask for a smaller window")]
    TooLarge {
        /// Type of its numbers.
        sample: SampleType,
        /// `[band, row, column]`.
        shape: [usize; 3],
    },
    /// The numbers given are not as many as the shape asks for.
    #[error("the shape asks for {wanted} bytes, {got} were given")]
    Length {
        /// Bytes that the shape asks for.
        wanted: usize,
        /// Bytes given.
        got: usize,
    },
}

fn byte_len(sample: SampleType, shape: [usize; 3]) -> Option<usize> {
    shape
        .iter()
        .try_fold(sample.bytes(), |n, &d| n.checked_mul(d))
        .filter(|&n| isize::try_from(n).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_are_the_same_memory() {
        let mut p = Pixels::from_slice([2, 1, 3], &[1u16, 2, 3, 4, 5, 6]).unwrap();
        p.as_slice_mut::<u16>().unwrap()[5] = 0x0102;
        assert_eq!(p.band_bytes(1).unwrap()[4..], 0x0102u16.to_ne_bytes());
        assert_eq!(p.as_slice::<i16>(), None);
        assert_eq!(p.band_bytes(2), None);
    }

    #[test]
    fn the_first_bands_are_kept() {
        let mut p = Pixels::from_slice([3, 1, 3], &[1u16, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        p.truncate(4);
        assert_eq!(p.bands(), 3);
        p.truncate(2);
        let kept = Pixels::from_slice([2, 1, 3], &[1u16, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(p, kept);
    }

    #[test]
    fn an_impossible_size_is_an_error() {
        assert!(Pixels::zeros(SampleType::F64, [usize::MAX, 2, 2]).is_err());
        assert!(Pixels::zeros(SampleType::U8, [1, 1 << 31, 1 << 31]).is_err());
    }
}
