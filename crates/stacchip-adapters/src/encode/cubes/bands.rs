//! Arrays of chips, band by band.

use std::io::{ErrorKind, Read};

use crc32fast::Hasher;
use stacchip::cubes::{CubeBand, DecodeCubeError};
use stacchip_model::SampleType;

use super::super::NpyHeader;

/// What the header of an array of chips says: `[…, band, row, column]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) sample: SampleType,
    pub(super) chips: u64,
    pub(super) bands: usize,
    /// Bytes of a band of a chip.
    pub(super) bytes: usize,
}

impl Shape {
    /// Of an array of `axes` axes, whose `header` has `before` bytes, in an entry of `size` bytes: it is
    /// all of the entry.
    pub(super) fn of(
        header: &NpyHeader,
        axes: usize,
        before: usize,
        size: u64,
    ) -> Result<Self, DecodeCubeError> {
        let shape = &header.shape;
        let wrong =
            |what: &str| DecodeCubeError::because(format!("an array in it is {shape:?}{what}"));
        if shape.len() != axes || header.fortran_order || !header.native {
            let order = if header.fortran_order {
                " in Fortran order"
            } else {
                ""
            };
            return Err(wrong(&format!(
                "{order}: arrays of {axes} axes in C order and this machine's byte order are read"
            )));
        }
        let [chips @ .., bands, height, width] = shape.as_slice() else {
            return Err(wrong(": it has no bands"));
        };
        if *bands == 0 || *height == 0 || *width == 0 {
            return Err(wrong(": no number is in it"));
        }
        let bytes = width
            .checked_mul(*height)
            .and_then(|n| n.checked_mul(header.sample.bytes()))
            .filter(|n| *n <= MOST_BAND_BYTES)
            .ok_or_else(|| wrong(&format!(": a band has more than {MOST_BAND_BYTES} bytes")))?;
        let chips = chips.iter().map(|n| *n as u64).product();
        let all = u64::checked_mul(chips, *bands as u64)
            .and_then(|n| n.checked_mul(bytes as u64))
            .and_then(|n| n.checked_add(before as u64));
        if all != Some(size) {
            return Err(wrong(&format!(
                " of {}, which is not what its {size} bytes hold",
                header.sample.name()
            )));
        }
        Ok(Self {
            sample: header.sample,
            chips,
            bands: *bands,
            bytes,
        })
    }

    /// Whether `mask` has a byte for each number.
    pub(super) fn is_masked_by(&self, mask: &Self) -> bool {
        let pixels = self.bytes / self.sample.bytes().max(1);
        (mask.sample, mask.chips, mask.bands, mask.bytes)
            == (SampleType::U8, self.chips, self.bands, pixels)
    }
}

/// The bands of the chips of an array, one after the other.
pub(super) trait Bands {
    /// What the array is.
    fn shape(&self) -> Shape;

    /// The bytes of the next band.
    fn next(&mut self) -> Result<&[u8], DecodeCubeError>;

    /// Sees to it that nothing stands behind the last.
    fn end(&mut self) -> Result<(), DecodeCubeError>;
}

/// Hands out each band of each chip of `pixels`, with that of `masks`.
pub(super) fn hand_out(
    pixels: &mut dyn Bands,
    mut masks: Option<&mut dyn Bands>,
    take: &mut dyn FnMut(CubeBand<'_>) -> Result<(), DecodeCubeError>,
) -> Result<(), DecodeCubeError> {
    let shape = pixels.shape();
    if let Some(mask) = masks.as_ref().map(|masks| masks.shape())
        && !shape.is_masked_by(&mask)
    {
        return Err(DecodeCubeError::because(format!(
            "its mask is of {} chips of {} bands of {} bytes of {}: it is not that of its pixels",
            mask.chips,
            mask.bands,
            mask.bytes,
            mask.sample.name()
        )));
    }
    for _ in 0..shape.chips {
        for band in 0..shape.bands {
            let mask = match &mut masks {
                Some(masks) => Some(masks.next()?),
                None => None,
            };
            take(CubeBand {
                band,
                bands: shape.bands,
                sample: shape.sample,
                bytes: pixels.next()?,
                mask,
            })?;
        }
    }
    pixels.end()?;
    masks.map_or(Ok(()), Bands::end)
}

/// An array that is read as it is needed.
pub(super) struct Streamed<R> {
    from: R,
    shape: Shape,
    /// Words, so that numbers lie as numbers must.
    words: Vec<u64>,
}

impl<R: Read> Streamed<R> {
    /// The array of `axes` axes in an entry of `size` bytes.
    pub(super) fn start(mut from: R, axes: usize, size: u64) -> Result<Self, DecodeCubeError> {
        let (header, before) = header(&mut from)?;
        let shape = Shape::of(&header, axes, before, size)?;
        let words = vec![0u64; shape.bytes.div_ceil(8)];
        Ok(Self { from, shape, words })
    }
}

impl<R: Read> Bands for Streamed<R> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self) -> Result<&[u8], DecodeCubeError> {
        let bytes = bytemuck::cast_slice_mut::<u64, u8>(&mut self.words);
        let bytes = bytes.get_mut(..self.shape.bytes).unwrap_or_default();
        self.from.read_exact(bytes).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => DecodeCubeError::because("its pixels end early"),
            _ => DecodeCubeError::because(e),
        })?;
        Ok(bytes)
    }

    fn end(&mut self) -> Result<(), DecodeCubeError> {
        // The end of the stream is where its checksum is looked at.
        match self
            .from
            .read(&mut [0; 1])
            .map_err(DecodeCubeError::because)?
        {
            0 => Ok(()),
            _ => Err(DecodeCubeError::because(
                "there are bytes behind its pixels",
            )),
        }
    }
}

/// An array that is at hand.
pub(super) struct AtHand<'a> {
    rest: &'a [u8],
    shape: Shape,
    /// What was handed out, and what the checksum of all is to be.
    checked: Option<(Hasher, u32)>,
}

impl<'a> AtHand<'a> {
    /// The array of `axes` axes that `entry` is.
    pub(super) fn of(entry: &'a [u8], axes: usize) -> Result<Self, DecodeCubeError> {
        let (header, start) = NpyHeader::parse(entry).map_err(DecodeCubeError::because)?;
        Ok(Self {
            shape: Shape::of(&header, axes, start, entry.len() as u64)?,
            rest: entry.get(start..).unwrap_or_default(),
            checked: None,
        })
    }

    /// The same, of an entry whose CRC-32 is to be `checksum`. It is taken of each band before that is handed out, while
    /// it is near: all of an array at once is fetched from memory twice.
    pub(super) fn checked(
        entry: &'a [u8],
        axes: usize,
        checksum: u32,
    ) -> Result<Self, DecodeCubeError> {
        let mut array = Self::of(entry, axes)?;
        let mut seen = Hasher::new();
        let header = entry.len() - array.rest.len();
        seen.update(entry.get(..header).unwrap_or_default());
        array.checked = Some((seen, checksum));
        Ok(array)
    }
}

impl Bands for AtHand<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self) -> Result<&[u8], DecodeCubeError> {
        let next = self.rest.split_at_checked(self.shape.bytes);
        let (next, rest) = next.ok_or_else(|| DecodeCubeError::because("its pixels end early"))?;
        self.rest = rest;
        if let Some((seen, _)) = &mut self.checked {
            seen.update(next);
        }
        Ok(next)
    }

    fn end(&mut self) -> Result<(), DecodeCubeError> {
        // All of the entry was handed out: its shape says so.
        let checked = self.checked.take();
        if checked.is_some_and(|(seen, wanted)| seen.finalize() != wanted) {
            return Err(DecodeCubeError::because(
                "the checksum of its pixels is wrong",
            ));
        }
        Ok(())
    }
}

/// The header of a `.npy` array, no byte more, and its length.
pub(super) fn header(from: &mut impl Read) -> Result<(NpyHeader, usize), DecodeCubeError> {
    let mut bytes = vec![0; 12];
    from.read_exact(&mut bytes)
        .map_err(DecodeCubeError::because)?;
    // NEP 1: two bytes of length from version 1 on, four from version 2 on.
    let wide = bytes.get(6).is_some_and(|version| *version >= 2);
    let length = match (wide, bytes.get(8..12)) {
        (true, Some(&[a, b, c, d])) => u64::from(u32::from_le_bytes([a, b, c, d])) + 12,
        (false, Some(&[a, b, ..])) => u64::from(u16::from_le_bytes([a, b])) + 10,
        _ => 0,
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if (bytes.len()..=MOST_HEADER_BYTES).contains(&length) {
        let from_here = bytes.len();
        bytes.resize(length, 0);
        let rest = bytes.get_mut(from_here..).unwrap_or_default();
        from.read_exact(rest).map_err(DecodeCubeError::because)?;
    }
    NpyHeader::parse(&bytes).map_err(DecodeCubeError::because)
}

/// A band of a chip of 16384² floats.
pub(super) const MOST_BAND_BYTES: usize = 1 << 30;
/// numpy writes some hundred.
const MOST_HEADER_BYTES: usize = 1 << 16;
