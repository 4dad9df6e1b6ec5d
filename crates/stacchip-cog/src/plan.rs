//! From a window to the blocks and bytes it takes.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use stacchip_model::{SampleType, Window};

use crate::{
    BlockError, BlockId, BlockPlace, Codecs, Compression, Cut, Image, Level, PlanError, Planar,
    Scratch, Source, StoredBlock,
    header::merged_ranges,
    touched::{check, touched},
};

/// Which bands of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bands<'a> {
    /// All, in the file's order.
    All,
    /// These, counted from 0, in this order; one may come twice.
    These(&'a [usize]),
}

/// Pixels, or the mask that says which of them are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The pixels.
    Pixels,
    /// The level's mask, 255 where valid, as `[band, row, column]` of `uint8`: one band, or one
    /// for each band.
    Mask,
}

/// What a window of a level takes: which blocks, which bytes, and how to make pixels of them.
#[derive(Debug, Clone)]
pub struct WindowPlan {
    level: Arc<Level>,
    window: Window,
    bands: Vec<usize>,
    blocks: Vec<BlockId>,
}

/// Where rows and bands start in a buffer, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strides {
    /// From a row to the next.
    pub row: usize,
    /// From a band to the next.
    pub band: usize,
}

impl Image {
    /// Plans to read `window` of level `level` (0 is full resolution), in pixels of that level.
    ///
    /// # Errors
    /// [`PlanError`], where the level, a band, the mask or a pixel of the window is not there, or
    /// the window is over the limits.
    pub fn plan(
        &self,
        level: usize,
        window: Window,
        bands: Bands<'_>,
        part: Part,
    ) -> Result<WindowPlan, PlanError> {
        let found = self.levels.get(level).ok_or(PlanError::NoLevel {
            level,
            count: self.levels.len(),
        })?;
        match part {
            Part::Pixels => WindowPlan::new(found, window, bands),
            Part::Mask => WindowPlan::new(
                found.mask.as_ref().ok_or(PlanError::NoMask { level })?,
                window,
                bands,
            ),
        }
    }
}

impl Level {
    /// Where the bytes of block `id` are that `window` takes: all of the block, or of an
    /// uncompressed one the rows of the window. Nothing for a block that the file leaves out.
    ///
    /// # Errors
    /// [`PlanError::TableMissing`], [`PlanError::TableTruncated`], [`PlanError::Limit`].
    pub fn stored(&self, id: BlockId, window: Window) -> Result<Option<StoredBlock>, PlanError> {
        let range = match self.table.place(id) {
            BlockPlace::At(range) => range,
            BlockPlace::Sparse => return Ok(None),
            BlockPlace::Unknown(ranges) => {
                return Err(PlanError::TableMissing {
                    range: ranges.into_iter().next().unwrap_or(0..0),
                });
            }
            BlockPlace::Lost => {
                return Err(PlanError::TableTruncated {
                    block: id.0,
                    directory: self.directory,
                });
            }
        };
        let (range, first_row) = self.part(id, range, window);
        check(
            "bytes for one block as stored",
            "stored_block_bytes",
            range.end.saturating_sub(range.start),
            self.limits.stored_block_bytes,
        )?;
        Ok(Some(StoredBlock {
            id,
            range,
            first_row,
            guessed: self.table.is_guessed(),
        }))
    }

    /// The part of the bytes `range` of block `id` that `window` takes, and the row at which it
    /// starts.
    fn part(&self, id: BlockId, range: Range<u64>, window: Window) -> (Range<u64>, u32) {
        let context = self.block_context(id);
        let row_bytes = context.stored_row_bytes().map_or(u64::MAX, |n| n as u64);
        let whole = row_bytes.saturating_mul(u64::from(context.height));
        if self.encoding.compression != Compression::NONE {
            // libtiff reads no more of a block than could sensibly be in it.
            let most = whole.saturating_mul(10).saturating_add(4096);
            let len = (range.end - range.start).min(most.max(1 << 20));
            return (range.start..range.start.saturating_add(len), 0);
        }
        let block = self.block_window(id);
        if self.encoding.rendering.is_some() && !self.is_rendered_apart() {
            return (range, 0);
        }
        let Some((block, inside)) = block.and_then(|b| Some((b, b.intersection(window)?))) else {
            return (range, 0);
        };
        let rows = inside.relative_to(block.col, block.row);
        let first = u64::try_from(rows.row).unwrap_or(0);
        // Of uncompressed blocks libtiff heeds no byte count: their rows are as long as they are.
        let start = range.start.saturating_add(first.saturating_mul(row_bytes));
        let end = start.saturating_add(row_bytes.saturating_mul(u64::from(rows.height)));
        (start..end, u32::try_from(first).unwrap_or(0))
    }
}

impl WindowPlan {
    /// Plans to read `window` of `level`.
    ///
    /// # Errors
    /// As [`Image::plan`].
    pub fn new(level: &Arc<Level>, window: Window, bands: Bands<'_>) -> Result<Self, PlanError> {
        if window.is_empty() || !window.fits(level.size) {
            return Err(PlanError::Outside {
                window,
                width: level.size.width,
                height: level.size.height,
            });
        }
        let count = level.bands();
        let bands: Vec<usize> = match bands {
            Bands::All => (0..count).collect(),
            Bands::These(list) => list.to_vec(),
        };
        if let Some(&band) = bands.iter().find(|&&b| b >= count) {
            return Err(PlanError::NoBand { band, count });
        }
        let limits = &level.limits;
        let bytes = window
            .size()
            .area()
            .saturating_mul(bands.len() as u64)
            .saturating_mul(level.sample.bytes() as u64);
        check("bytes", "window_bytes", bytes, limits.window_bytes)?;
        let blocks = touched(level, window, &bands, limits)?;
        Ok(Self {
            level: Arc::clone(level),
            window,
            bands,
            blocks,
        })
    }

    /// The level, or the mask of it.
    pub fn level(&self) -> &Arc<Level> {
        &self.level
    }

    /// Which object the ranges are of.
    pub fn source(&self) -> Source {
        self.level.source
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The bands, in the order in which they are written.
    pub fn bands(&self) -> &[usize] {
        &self.bands
    }

    /// Type of the pixels.
    pub fn sample(&self) -> SampleType {
        self.level.sample
    }

    /// `[band, row, column]` of what [`decode`](Self::decode) writes.
    pub fn shape(&self) -> [usize; 3] {
        [
            self.bands.len(),
            self.window.height as usize,
            self.window.width as usize,
        ]
    }

    /// The blocks that the window touches, each once, in the order of their numbers; sparse ones
    /// included.
    pub fn blocks(&self) -> &[BlockId] {
        &self.blocks
    }

    /// Bytes of the tables of blocks that must be [supplied](Self::supply_table) before
    /// [`stored`](Self::stored) can answer; sorted, apart. None where all is at hand.
    pub fn table_ranges(&self) -> Vec<Range<u64>> {
        let mut wanted = Vec::new();
        for &id in &self.blocks {
            if let BlockPlace::Unknown(ranges) = self.level.table.place(id) {
                for range in ranges {
                    // Of offsets and byte counts in turn: the last of either is one of the last two.
                    if !wanted.iter().rev().take(2).any(|known| *known == range) {
                        wanted.push(range);
                    }
                }
            }
        }
        merged_ranges(wanted)
    }

    /// Takes the `bytes` of one of [`table_ranges`](Self::table_ranges): all of them, or as many
    /// as the object has. They are kept for later plans on the level.
    pub fn supply_table(&self, range: &Range<u64>, bytes: &Bytes) {
        self.level
            .table
            .supply(range.start, range.end.saturating_sub(range.start), bytes);
    }

    /// The blocks that are in the file, in the order of [`blocks`](Self::blocks).
    ///
    /// # Errors
    /// [`PlanError::TableMissing`], [`PlanError::TableTruncated`], [`PlanError::Limit`].
    pub fn stored(&self) -> Result<Vec<StoredBlock>, PlanError> {
        let mut stored = Vec::with_capacity(self.blocks.len());
        let mut bytes = 0u64;
        for &id in &self.blocks {
            let Some(block) = self.level.stored(id, self.window)? else {
                continue;
            };
            bytes = bytes.saturating_add(block.byte_len());
            check(
                "bytes of blocks as stored",
                "window_stored_bytes",
                bytes,
                self.level.limits.window_stored_bytes,
            )?;
            stored.push(block);
        }
        Ok(stored)
    }

    /// The bytes to fetch, one range for each block that is in the file, in the order of
    /// [`stored`](Self::stored). Ranges of different blocks may overlap.
    ///
    /// # Errors
    /// As [`stored`](Self::stored).
    pub fn ranges(&self) -> Result<Vec<Range<u64>>, PlanError> {
        Ok(self
            .stored()?
            .into_iter()
            .map(|block| block.range)
            .collect())
    }

    /// Makes pixels of the bytes of [`ranges`](Self::ranges): fills `out`, which is
    /// `[band, row, column]`, native byte order, exactly as long as [`shape`](Self::shape) says.
    ///
    /// # Errors
    /// [`BlockError`]; what `out` holds then is not promised.
    pub fn decode(
        &self,
        blocks: &[Bytes],
        codecs: &Codecs,
        out: &mut [u8],
    ) -> Result<(), BlockError> {
        let strides = self.strides();
        self.decode_into(blocks, codecs, &mut Scratch::default(), out, strides)
    }

    /// The plan of the samples, where the bands are [rendered](crate::Encoding::rendering) of samples
    /// that lie in planes apart, so that no block by itself has a pixel; it takes the same blocks.
    /// Nothing for any other plan.
    pub fn planes(&self) -> Option<Self> {
        self.level.is_rendered_apart().then(|| self.as_stored())
    }

    /// The plan of the samples that the bands are rendered of; it takes the same blocks.
    pub(crate) fn as_stored(&self) -> Self {
        Self {
            level: Arc::new(self.level.as_stored()),
            window: self.window,
            bands: (0..usize::from(self.level.encoding.samples)).collect(),
            blocks: self.blocks.clone(),
        }
    }

    /// The strides of a buffer that holds the window and nothing else.
    pub fn strides(&self) -> Strides {
        let [_, rows, cols] = self.shape();
        let row = cols.saturating_mul(self.sample().bytes());
        Strides {
            row,
            band: row.saturating_mul(rows),
        }
    }

    /// As [`decode`](Self::decode), into a part of a larger buffer: `out` starts at the first
    /// pixel of the first band, and `strides` says where the others are. Bytes between rows stay
    /// as they are. `scratch` is used for what lies between, and may be used again.
    ///
    /// # Errors
    /// [`BlockError`]; what the window in `out` holds then is not promised.
    pub fn decode_into(
        &self,
        blocks: &[Bytes],
        codecs: &Codecs,
        scratch: &mut Scratch,
        out: &mut [u8],
        strides: Strides,
    ) -> Result<(), BlockError> {
        if self.level.is_rendered_apart() {
            return self.decode_apart(blocks, codecs, scratch, out, strides);
        }
        let mut given = blocks.iter();
        let slots = Slots::new(&self.bands, self.level.encoding.planar);
        for &id in &self.blocks {
            let stored = self
                .level
                .stored(id, self.window)
                .map_err(|_| BlockError::NotGiven { block: id.0 })?;
            let stored = match &stored {
                Some(stored) => {
                    let bytes = given.next().ok_or(BlockError::NotGiven { block: id.0 })?;
                    Some(stored.with(bytes)?)
                }
                None => None,
            };
            let Some(window) = self
                .level
                .block_window(id)
                .and_then(|w| w.intersection(self.window))
            else {
                continue;
            };
            let held = self.level.block_bands(id);
            for (slot, chosen) in slots.of(&held) {
                let offset = offset(self.window, window, slot, strides, self.sample())
                    .ok_or(BlockError::Buffer { bytes: out.len() })?;
                let len = out.len();
                let target = out
                    .get_mut(offset..)
                    .ok_or(BlockError::Buffer { bytes: len })?;
                let mut cuts = [Cut {
                    window,
                    bands: chosen,
                    out: target,
                    strides,
                }];
                self.level
                    .decode_block(id, stored, &mut cuts, codecs, scratch)?;
            }
        }
        Ok(())
    }
}

/// The bands of a window by number: the blocks of a separate plane find theirs without a look at the
/// others, of which there may be thousands.
struct Slots<'a> {
    bands: &'a [usize],
    /// Band, then its place in `bands`; sorted.
    sorted: Vec<(usize, usize)>,
}

impl<'a> Slots<'a> {
    fn new(bands: &'a [usize], planar: Planar) -> Self {
        let mut sorted: Vec<(usize, usize)> = match planar {
            Planar::Chunky => Vec::new(),
            Planar::Separate => bands.iter().copied().zip(0..).collect(),
        };
        sorted.sort_unstable();
        Self { bands, sorted }
    }

    /// The parts of the bands that lie in a block holding the bands `held`: where in the output each
    /// starts, and which bands it is.
    fn of(&self, held: &Range<usize>) -> Vec<(usize, &'a [usize])> {
        if self.sorted.is_empty() {
            return vec![(0, self.bands)];
        }
        let from = self.sorted.partition_point(|(band, _)| *band < held.start);
        self.sorted
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|(band, _)| *band < held.end)
            .filter_map(|&(_, slot)| Some((slot, self.bands.get(slot..=slot)?)))
            .collect()
    }
}

/// Where in a buffer of `outer` the pixels of `inner` start, in bytes.
fn offset(
    outer: Window,
    inner: Window,
    slot: usize,
    strides: Strides,
    sample: SampleType,
) -> Option<usize> {
    let at = inner.relative_to(outer.col, outer.row);
    let row = usize::try_from(at.row).ok()?.checked_mul(strides.row)?;
    let col = usize::try_from(at.col).ok()?.checked_mul(sample.bytes())?;
    slot.checked_mul(strides.band)?
        .checked_add(row)?
        .checked_add(col)
}
