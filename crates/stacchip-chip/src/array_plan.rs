//! How one array of a chip is made of one image.

use std::ops::Range;

use bytes::Bytes;
use stacchip_cog::{Bands, Codecs, Image, NodataValue, Part, Scratch, WindowPlan};
use stacchip_model::{AxisMap, Pixels, PixelsError, SampleType, Size, Window};

use crate::{ChipError, PixelMap, Resampling, number};

/// What becomes of pixels that lie outside the raster.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Edge {
    /// Nothing: a window that leaves the raster is an error.
    #[default]
    Refuse,
    /// They are this value.
    Fill(f64),
    /// They are the nodata value; where there is none they are 0 and a mask says so. Where the
    /// raster has a mask of its own it is read as well.
    Masked,
}

/// What is wanted of an image.
#[derive(Debug, Clone, Copy)]
pub struct ArrayRequest<'a> {
    /// Level: 0 is full resolution.
    pub level: usize,
    /// Bands, from 0, in the order wanted; all where nothing is said.
    pub bands: Option<&'a [usize]>,
    /// Where each pixel comes from.
    pub map: PixelMap,
    /// Pixels wanted.
    pub output: Size,
    /// What becomes of pixels outside.
    pub edge: Edge,
    /// How pixels are made of pixels.
    pub resampling: Resampling,
    /// The nodata value that the item gives; the file's own goes before it.
    pub nodata: Option<f64>,
}

/// How one array of a chip is made of one image: what to fetch, and what to do with it. It does no
/// I/O; whoever holds it fetches [`WindowPlan::ranges`] of its [plans](Self::plans).
#[derive(Debug, Clone)]
pub struct ArrayPlan {
    pixels: Option<WindowPlan>,
    mask: Option<WindowPlan>,
    cols: Axis,
    rows: Axis,
    shape: [usize; 3],
    sample: SampleType,
    fill: Vec<u8>,
    masked_outside: bool,
    nodata: Option<NodataValue>,
}

/// Pixels of a chip, and which of them are valid.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedPixels {
    /// The pixels.
    pub pixels: Pixels,
    /// 255 where a pixel is valid, 0 where not, `[row, column]`; nothing where values alone tell.
    pub mask: Option<Vec<u8>>,
}

impl ArrayPlan {
    /// The plan that serves `request` from `image`.
    ///
    /// # Errors
    /// [`ChipError::Outside`], [`ChipError::Fill`], [`ChipError::Resampling`],
    /// [`ChipError::Plan`].
    pub fn new(image: &Image, request: &ArrayRequest<'_>) -> Result<Self, ChipError> {
        if request.resampling != Resampling::Nearest {
            return Err(ChipError::Resampling {
                resampling: request.resampling,
            });
        }
        let Size { width, height } = request.output;
        if width.max(height) > MAX_EXTENT {
            return Err(ChipError::Pixels(PixelsError::TooLarge {
                sample: image.bands.first().map_or(SampleType::U8, |b| b.sample),
                shape: [image.bands.len(), height as usize, width as usize],
            }));
        }
        let size = image
            .levels
            .get(request.level)
            .map_or(image.size(), |l| l.size);
        let cols = Axis::new(&request.map.cols, request.output.width, size.width);
        let rows = Axis::new(&request.map.rows, request.output.height, size.height);
        let whole = cols.is_whole() && rows.is_whole();
        if !whole && request.edge == Edge::Refuse {
            return Err(ChipError::Outside {
                window: request.map.sources(request.output),
                size,
            });
        }
        let bands = request.bands.map_or(Bands::All, Bands::These);
        let plan = |window, part, bands| image.plan(request.level, window, bands, part);
        let source = cols.window(&rows);
        // Even where no pixel is inside, the level and the bands must be there.
        let window = source.unwrap_or(Window::new(0, 0, 1, 1));
        let pixels = plan(window, Part::Pixels, bands)?;
        let sample = pixels.sample();
        let level = pixels.level();
        let nodata = image.nodata.as_ref().map(|n| n.value);
        let nodata = nodata.or(request.nodata.map(NodataValue::Float));
        let nodata_bytes = nodata.and_then(|value| number::bytes_of_nodata(value, sample));
        let (fill, masked_outside) = match (request.edge, nodata_bytes) {
            (Edge::Refuse, _) => (vec![0; sample.bytes()], false),
            (Edge::Fill(value), _) => {
                let fill = number::bytes_of(value, sample);
                (fill.ok_or(ChipError::Fill { value, sample })?, false)
            }
            (Edge::Masked, Some(bytes)) => (bytes, false),
            (Edge::Masked, None) => (vec![0; sample.bytes()], !whole),
        };
        let reads_mask = request.edge == Edge::Masked && level.mask.is_some();
        Ok(Self {
            shape: [pixels.bands().len(), rows.len(), cols.len()],
            pixels: source.is_some().then_some(pixels),
            mask: match source.filter(|_| reads_mask) {
                Some(window) => Some(plan(window, Part::Mask, Bands::These(&[0]))?),
                None => None,
            },
            cols,
            rows,
            sample,
            fill,
            masked_outside: masked_outside || reads_mask,
            nodata,
        })
    }

    /// The windows to fetch: of the pixels, and of the mask; neither where all lies outside.
    pub fn plans(&self) -> impl Iterator<Item = &WindowPlan> {
        self.pixels.iter().chain(&self.mask)
    }

    /// `[band, row, column]` of the answer.
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Type of the pixels.
    pub const fn sample(&self) -> SampleType {
        self.sample
    }

    /// The value that means no data.
    pub const fn nodata(&self) -> Option<NodataValue> {
        self.nodata
    }

    /// Whether a mask is part of the answer.
    pub const fn has_mask(&self) -> bool {
        self.masked_outside
    }

    /// Whether the mask of the answer is made of one that the raster has.
    pub const fn reads_mask(&self) -> bool {
        self.mask.is_some()
    }

    /// Makes the array of the bytes of the ranges of each of [`plans`](Self::plans), in that order.
    ///
    /// # Errors
    /// [`ChipError::Block`], [`ChipError::Pixels`].
    pub fn decode(
        &self,
        fetched: &[Vec<Bytes>],
        codecs: &Codecs,
        scratch: &mut Scratch,
    ) -> Result<MaskedPixels, ChipError> {
        let mut sources = Vec::with_capacity(2);
        for (plan, blocks) in self.plans().zip(fetched) {
            let mut source = Pixels::zeros(plan.sample(), plan.shape())?;
            let strides = plan.strides();
            plan.decode_into(blocks, codecs, scratch, source.as_bytes_mut(), strides)?;
            sources.push(source);
        }
        self.assemble(sources)
    }

    /// Makes the array of the pixels of each of [`plans`](Self::plans), in that order.
    ///
    /// # Errors
    /// [`ChipError::Pixels`].
    pub fn assemble(&self, sources: Vec<Pixels>) -> Result<MaskedPixels, ChipError> {
        let mut sources = sources.into_iter();
        let picking = Picking::new(&self.cols, &self.rows);
        let make = |source: Option<Pixels>, fill: &[u8], sample, shape| match source {
            // One to one and nothing around it: it is the answer.
            Some(source) if picking.is_all && source.shape() == shape => Ok(source),
            source => {
                let mut out = Pixels::zeros(sample, shape)?;
                picking.fill(source.as_ref(), fill, out.as_bytes_mut(), true);
                Ok::<_, PixelsError>(out)
            }
        };
        let source = self.pixels.as_ref().and_then(|_| sources.next());
        let pixels = make(source, &self.fill, self.sample, self.shape)?;
        let mask = if self.masked_outside {
            let [_, height, width] = self.shape;
            let source = self.mask.as_ref().and_then(|_| sources.next());
            let inside = source.is_none() && self.mask.is_none();
            let mut mask = make(source, &[0], SampleType::U8, [1, height, width])?;
            if inside {
                picking.mark_inside(mask.as_bytes_mut());
            }
            Some(mask.as_bytes().to_vec())
        } else {
            None
        };
        Ok(MaskedPixels { pixels, mask })
    }

    /// As [`assemble`](Self::assemble), into arrays that are there already: `pixels` as long as
    /// [`shape`](Self::shape) and [`sample`](Self::sample) say, `mask` one byte a pixel where
    /// there [is one](Self::has_mask) and it is wanted.
    ///
    /// # Errors
    /// [`PixelsError::Length`] where one of them has another length; nothing is written then.
    pub fn assemble_into(
        &self,
        sources: &[&Pixels],
        pixels: &mut [u8],
        mask: Option<&mut [u8]>,
    ) -> Result<(), PixelsError> {
        let [bands, height, width] = self.shape;
        let check = |got: usize, wanted: usize| {
            (got == wanted)
                .then_some(())
                .ok_or(PixelsError::Length { wanted, got })
        };
        check(pixels.len(), bands * height * width * self.sample.bytes())?;
        let mask = mask.filter(|_| self.masked_outside);
        check(
            mask.as_ref().map_or(height * width, |m| m.len()),
            height * width,
        )?;
        let picking = Picking::new(&self.cols, &self.rows);
        let mut sources = sources.iter().copied();
        let source = self.pixels.as_ref().and_then(|_| sources.next());
        picking.fill(source, &self.fill, pixels, false);
        if let Some(mask) = mask {
            let source = self.mask.as_ref().and_then(|_| sources.next());
            picking.fill(source, &[0], mask, false);
            if self.mask.is_none() {
                picking.mark_inside(mask);
            }
        }
        Ok(())
    }
}

/// Which pixel of the source each pixel of the answer is.
struct Picking<'a> {
    cols: &'a Axis,
    rows: &'a Axis,
    /// For each column of the answer inside the raster its source, from the first wanted.
    col_index: Vec<u32>,
    row_index: Vec<u32>,
    /// The first source, where each column's is picked twice: bands of half the resolution.
    doubled: Option<u32>,
    /// Whether the pixels inside are the raster's own, one to one.
    is_plain: bool,
    /// Whether all of them are.
    is_all: bool,
}

impl<'a> Picking<'a> {
    fn new(cols: &'a Axis, rows: &'a Axis) -> Self {
        let (col_index, row_index) = (cols.index(), rows.index());
        let plain = |index: &[u32]| index.iter().zip(0u32..).all(|(&source, i)| source == i);
        let is_plain = plain(&col_index) && plain(&row_index);
        Self {
            is_all: is_plain && cols.is_whole() && rows.is_whole(),
            doubled: doubled(&col_index),
            cols,
            rows,
            col_index,
            row_index,
            is_plain,
        }
    }

    /// Fills `out`, `[band, row, column]`, from `source`, and everything outside with `fill`;
    /// `zeroed` where `out` holds nothing but zeros.
    fn fill(&self, source: Option<&Pixels>, fill: &[u8], out: &mut [u8], zeroed: bool) {
        let whole = self.cols.is_whole() && self.rows.is_whole();
        if !whole || source.is_none() {
            if fill.iter().any(|&b| b != 0) {
                for number in out.chunks_exact_mut(fill.len()) {
                    number.copy_from_slice(fill);
                }
            } else if !zeroed {
                out.fill(0);
            }
        }
        let Some(source) = source else {
            return;
        };
        let bytes = source.sample().bytes();
        let band_bytes = self.rows.len() * self.cols.len() * bytes;
        for (band, to) in out.chunks_exact_mut(band_bytes.max(1)).enumerate() {
            let from = source.band_bytes(band).unwrap_or_default();
            match bytes {
                _ if self.is_plain => self.copy(from, to, bytes),
                1 => self.gather::<1>(from, to),
                2 => self.gather::<2>(from, to),
                4 => self.gather::<4>(from, to),
                8 => self.gather::<8>(from, to),
                _ => self.gather::<16>(from, to),
            }
        }
    }

    /// Copies rows of pixels of `bytes` bytes to their place.
    fn copy(&self, from: &[u8], to: &mut [u8], bytes: usize) {
        if self.is_all && from.len() == to.len() {
            to.copy_from_slice(from);
            return;
        }
        let (inside, width) = (&self.cols.inside, self.cols.len());
        let lines = from.chunks_exact((inside.len() * bytes).max(1));
        for (row, line) in self.rows.inside.clone().zip(lines) {
            let start = (row * width + inside.start) * bytes;
            if let Some(place) = to.get_mut(start..start + line.len()) {
                place.copy_from_slice(line);
            }
        }
    }

    /// Picks pixels of `N` bytes by the maps of both axes.
    fn gather<const N: usize>(&self, from: &[u8], to: &mut [u8]) {
        let (from, _) = from.as_chunks::<N>();
        let (to, _) = to.as_chunks_mut::<N>();
        let (from_width, to_width) = (self.cols.sources, self.cols.len());
        let inside = &self.cols.inside;
        let mut last: Option<(usize, Range<usize>)> = None;
        for (row, &source) in self.rows.inside.clone().zip(&self.row_index) {
            let start = row * to_width;
            let place = start + inside.start..start + inside.end;
            let source = source as usize;
            match &last {
                // The same row again: what was picked once is copied.
                Some((same, done)) if *same == source => to.copy_within(done.clone(), place.start),
                _ => {
                    let line = from.get(source * from_width..(source + 1) * from_width);
                    let line = line.unwrap_or_default();
                    let pixels = to.get_mut(place.clone()).unwrap_or_default();
                    self.pick(line, pixels);
                }
            }
            last = Some((source, place));
        }
    }

    /// Picks a row of pixels out of `line`.
    fn pick<T: Copy>(&self, line: &[T], pixels: &mut [T]) {
        if let Some(first) = self.doubled {
            let line = line.get(first as usize..).unwrap_or_default();
            let (pairs, _) = pixels.as_chunks_mut::<2>();
            for (pair, source) in pairs.iter_mut().zip(line) {
                *pair = [*source; 2];
            }
            return;
        }
        for (pixel, &col) in pixels.iter_mut().zip(&self.col_index) {
            if let Some(source) = line.get(col as usize) {
                *pixel = *source;
            }
        }
    }

    fn mark_inside(&self, mask: &mut [u8]) {
        let width = self.cols.len();
        for row in self.rows.inside.clone() {
            let line = row * width + self.cols.inside.start..row * width + self.cols.inside.end;
            mask.get_mut(line).unwrap_or_default().fill(255);
        }
    }
}

/// The first of `index`, where each source stands there twice and is followed by the next.
fn doubled(index: &[u32]) -> Option<u32> {
    let first = *index.first()?;
    let (pairs, rest) = index.as_chunks::<2>();
    let each = pairs.iter().zip(first..).all(|(pair, i)| *pair == [i; 2]);
    (rest.is_empty() && each).then_some(first)
}

/// Along one axis: which pixels of the answer lie inside the raster, and where each comes from.
/// Found by halving, so that a plan costs the same for any chip; what each pixel comes from is
/// counted out when it is made.
#[derive(Debug, Clone)]
struct Axis {
    map: AxisMap,
    /// Pixels of the answer.
    output: u32,
    /// The first pixel of the raster that is wanted.
    first: i64,
    /// Pixels of the raster from the first to the last that is wanted.
    sources: usize,
    /// The pixels of the answer that lie inside; one run, because the map never turns back.
    inside: Range<usize>,
}

impl Axis {
    fn new(map: &AxisMap, output: u32, size: u32) -> Self {
        let inside = map.targets(0..i64::from(size), 0..i64::from(output));
        let wanted = map.sources(inside.clone());
        let index = |at: i64| usize::try_from(at).unwrap_or(0);
        Self {
            map: *map,
            output,
            first: wanted.start,
            sources: index(wanted.end.saturating_sub(wanted.start)),
            inside: index(inside.start)..index(inside.end.max(inside.start)),
        }
    }

    fn len(&self) -> usize {
        self.output as usize
    }

    /// Whether every pixel lies inside.
    fn is_whole(&self) -> bool {
        self.inside == (0..self.len())
    }

    /// For each pixel of the answer inside the raster its source, from `first`.
    fn index(&self) -> Vec<u32> {
        // Steps of one pixel, none left out and none twice: counted, not computed.
        if self.map.scale() == 1.0 && self.sources == self.inside.len() {
            return (0u32..).take(self.sources).collect();
        }
        self.inside
            .clone()
            .map(|target| {
                let target = i64::try_from(target).unwrap_or(i64::MAX);
                let source = self.map.source(target).saturating_sub(self.first);
                u32::try_from(source).unwrap_or(0)
            })
            .collect()
    }

    fn window(&self, rows: &Self) -> Option<Window> {
        let extent = |axis: &Self| u32::try_from(axis.sources).ok().filter(|&n| n > 0);
        Some(Window::new(
            self.first,
            rows.first,
            extent(self)?,
            extent(rows)?,
        ))
    }
}

/// Pixels along one axis of an array: no raster is as wide, and what is kept for each of them
/// (four bytes) stays small.
const MAX_EXTENT: u32 = 1 << 24;
