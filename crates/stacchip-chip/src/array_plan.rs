//! How one array of a chip is made of one image.

use std::ops::Range;

use bytes::Bytes;
use stacchip_cog::{Bands, Codecs, Image, NodataValue, Part, Scratch, Strides, WindowPlan};
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
        // Even where no pixel is inside, the level and the bands must be there.
        let probe = image.plan(request.level, Window::new(0, 0, 1, 1), bands, Part::Pixels)?;
        let source = cols.window(&rows);
        let plan = |part, bands| {
            source
                .map(|window| image.plan(request.level, window, bands, part))
                .transpose()
        };
        let sample = probe.sample();
        let level = probe.level();
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
            pixels: plan(Part::Pixels, bands)?,
            mask: if reads_mask {
                plan(Part::Mask, Bands::These(&[0]))?
            } else {
                None
            },
            shape: [probe.bands().len(), rows.len(), cols.len()],
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
        let mut fetched = fetched.iter();
        let mut pixels = Pixels::zeros(self.sample, self.shape)?;
        let blocks = self.pixels.as_ref().and(fetched.next());
        self.part(
            self.pixels.as_ref().zip(blocks),
            &self.fill,
            &mut pixels,
            codecs,
            scratch,
        )?;
        let mask = if self.masked_outside {
            let [_, height, width] = self.shape;
            let mut mask = Pixels::zeros(SampleType::U8, [1, height, width])?;
            match &self.mask {
                Some(plan) => {
                    let blocks = fetched.next().map(|blocks| (plan, blocks));
                    self.part(blocks, &[0], &mut mask, codecs, scratch)?;
                }
                None => self.mark_inside(&mut mask),
            }
            Some(mask.as_bytes().to_vec())
        } else {
            None
        };
        Ok(MaskedPixels { pixels, mask })
    }

    /// Fills `out`, everything outside with `fill`.
    fn part(
        &self,
        source: Option<(&WindowPlan, &Vec<Bytes>)>,
        fill: &[u8],
        out: &mut Pixels,
        codecs: &Codecs,
        scratch: &mut Scratch,
    ) -> Result<(), ChipError> {
        let whole = self.cols.is_whole() && self.rows.is_whole();
        if (!whole || source.is_none()) && fill.iter().any(|&b| b != 0) {
            for number in out.as_bytes_mut().chunks_exact_mut(fill.len()) {
                number.copy_from_slice(fill);
            }
        }
        let Some((plan, blocks)) = source else {
            return Ok(());
        };
        let bytes = plan.sample().bytes();
        let [_, height, width] = out.shape();
        if self.cols.is_plain() && self.rows.is_plain() {
            // One to one: pixels go straight to their place.
            let strides = Strides {
                row: width * bytes,
                band: width * height * bytes,
            };
            let start = self.rows.inside.start * strides.row + self.cols.inside.start * bytes;
            let out = out.as_bytes_mut().get_mut(start..).unwrap_or_default();
            plan.decode_into(blocks, codecs, scratch, out, strides)?;
            return Ok(());
        }
        let mut source = Pixels::zeros(plan.sample(), plan.shape())?;
        let strides = plan.strides();
        plan.decode_into(blocks, codecs, scratch, source.as_bytes_mut(), strides)?;
        for band in 0..plan.bands().len() {
            let from = source.band_bytes(band).unwrap_or_default();
            let to = out.band_bytes_mut(band).unwrap_or_default();
            match bytes {
                1 => self.gather::<1>(from, to),
                2 => self.gather::<2>(from, to),
                4 => self.gather::<4>(from, to),
                8 => self.gather::<8>(from, to),
                _ => self.gather::<16>(from, to),
            }
        }
        Ok(())
    }

    /// Picks pixels of `N` bytes by the maps of both axes.
    fn gather<const N: usize>(&self, from: &[u8], to: &mut [u8]) {
        let (from, _) = from.as_chunks::<N>();
        let (to, _) = to.as_chunks_mut::<N>();
        let (from_width, to_width) = (self.cols.sources, self.cols.len());
        let inside = self.cols.inside.clone();
        let mut last: Option<(usize, Range<usize>)> = None;
        for row in self.rows.inside.clone() {
            let start = row * to_width;
            let place = start + inside.start..start + inside.end;
            let source = self.rows.index.get(row).map_or(0, |&r| r as usize);
            match &last {
                // The same row again: what was picked once is copied.
                Some((same, done)) if *same == source => to.copy_within(done.clone(), place.start),
                _ => {
                    let line = from.get(source * from_width..(source + 1) * from_width);
                    let line = line.unwrap_or_default();
                    let columns = self.cols.index.get(inside.clone()).unwrap_or_default();
                    let pixels = to.get_mut(place.clone()).unwrap_or_default();
                    for (pixel, &col) in pixels.iter_mut().zip(columns) {
                        if let Some(source) = line.get(col as usize) {
                            *pixel = *source;
                        }
                    }
                }
            }
            last = Some((source, place));
        }
    }

    fn mark_inside(&self, mask: &mut Pixels) {
        let width = self.cols.len();
        let bytes = mask.as_bytes_mut();
        for row in self.rows.inside.clone() {
            let line = row * width + self.cols.inside.start..row * width + self.cols.inside.end;
            bytes.get_mut(line).unwrap_or_default().fill(255);
        }
    }
}

/// Along one axis: which pixels of the answer lie inside the raster, and where each comes from.
#[derive(Debug, Clone)]
struct Axis {
    /// The first pixel of the raster that is wanted.
    first: i64,
    /// Pixels of the raster from the first to the last that is wanted.
    sources: usize,
    /// The pixels of the answer that lie inside; one run, because the map never turns back.
    inside: Range<usize>,
    /// For each pixel of the answer its source, from `first`; of those inside only.
    index: Vec<u32>,
}

impl Axis {
    fn new(map: &AxisMap, output: u32, size: u32) -> Self {
        let sources: Vec<i64> = (0..i64::from(output)).map(|t| map.source(t)).collect();
        let end = i64::from(size);
        let start = sources.partition_point(|&s| s < 0);
        let stop = sources.partition_point(|&s| s < end).max(start);
        let inside = sources.get(start..stop).unwrap_or_default();
        let first = inside.first().copied().unwrap_or(0);
        let last = inside.last().copied().unwrap_or(first - 1);
        Self {
            first,
            sources: usize::try_from(last - first + 1).unwrap_or(0),
            inside: start..stop,
            index: sources
                .iter()
                .map(|s| u32::try_from(s.saturating_sub(first)).unwrap_or(0))
                .collect(),
        }
    }

    fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether every pixel lies inside.
    fn is_whole(&self) -> bool {
        self.inside == (0..self.len())
    }

    /// Whether the pixels inside are the raster's own, one to one.
    fn is_plain(&self) -> bool {
        let inside = self.index.get(self.inside.clone()).unwrap_or_default();
        inside.iter().zip(0u32..).all(|(&source, i)| source == i)
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
/// (twelve bytes) stays small.
const MAX_EXTENT: u32 = 1 << 24;
