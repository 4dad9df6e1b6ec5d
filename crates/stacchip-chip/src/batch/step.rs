//! One block, and all that is cut from it.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use stacchip_cog::{
    BlockId, Codecs, Cut, Level, RangeReader, ReadError, ReadErrorKind, Scratch, StoredBlock,
    Strides,
};
use stacchip_model::{Pixels, Window};

use super::planned::{BlockKey, Planned};
use crate::{ChipError, Raster};

/// A block to decode, and the pieces to cut from it.
#[derive(Debug)]
pub(super) struct Step {
    raster: Arc<Raster>,
    level: Arc<Level>,
    block: BlockId,
    /// Where its bytes are; nothing where the file leaves it out.
    stored: Option<StoredBlock>,
    pub(super) cuts: Vec<StepCut>,
}

/// A piece that a step cuts.
#[derive(Debug, Clone)]
pub(super) struct StepCut {
    pub(super) turn: u64,
    pub(super) chip: Arc<Planned>,
    /// Which of the chip's pieces.
    pub(super) piece: usize,
}

/// Pieces of a block that is nobody knows where, and why.
pub(super) type Unplaced = (Vec<StepCut>, ChipError);

impl Step {
    /// The step that makes `cuts`, all of one block; of none there is no step.
    ///
    /// # Errors
    /// [`ChipError::Plan`] where the tables do not say where the block is, and the cuts again.
    pub(super) fn new(cuts: Vec<StepCut>) -> Result<Option<Self>, Box<Unplaced>> {
        let Some((array, plan, piece)) = cuts.first().and_then(|cut| {
            let piece = cut.chip.pieces.get(cut.piece)?;
            let (array, plan) = cut.chip.of(piece)?;
            Some((array, plan, piece))
        }) else {
            return Ok(None);
        };
        let windows = cuts.iter().filter_map(|cut| {
            let piece = cut.chip.pieces.get(cut.piece)?;
            Some(piece.window)
        });
        let window = windows.fold(piece.window, around);
        let stored = plan.level().stored(piece.block, window);
        let (raster, level) = (Arc::clone(&array.raster), Arc::clone(plan.level()));
        let block = piece.block;
        match stored {
            Ok(stored) => Ok(Some(Self {
                raster,
                level,
                block,
                stored,
                cuts,
            })),
            Err(error) => Err(Box::new((cuts, error.into()))),
        }
    }

    /// The bytes to fetch; nothing where there are none.
    pub(super) fn stored(&self) -> Option<&StoredBlock> {
        self.stored.as_ref()
    }

    /// How many they are.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.stored.as_ref().map_or(0, StoredBlock::byte_len)
    }

    /// What reads them.
    ///
    /// # Errors
    /// [`ChipError::NoSidecar`].
    pub(super) fn reader(&self) -> Result<&Arc<dyn RangeReader>, ChipError> {
        self.raster.reader_of(self.level.source)
    }

    /// What tells the block from every other, whether or not its raster was opened anew between.
    pub(super) fn identity(&self) -> BlockKey {
        BlockKey::new(&self.raster, &self.level, self.block)
    }

    /// Cuts the pieces from the bytes of the block, in the order of `cuts`.
    ///
    /// # Errors
    /// [`ChipError::Block`], [`ChipError::Pixels`].
    pub(super) fn decode(
        &self,
        bytes: &[u8],
        codecs: &Codecs,
        scratch: &mut Scratch,
    ) -> Result<Vec<Pixels>, ChipError> {
        let stored = self.stored.as_ref().map(|stored| stored.with(bytes));
        let stored = stored.transpose()?;
        let found = || {
            self.cuts.iter().filter_map(|cut| {
                let piece = cut.chip.pieces.get(cut.piece)?;
                let (_, plan) = cut.chip.of(piece)?;
                Some((piece, plan))
            })
        };
        let mut pieces = found()
            .map(|(piece, plan)| Pixels::zeros(plan.sample(), piece.shape(plan)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut cuts: Vec<_> = found()
            .zip(&mut pieces)
            .map(|((piece, plan), pixels)| {
                let [_, height, width] = pixels.shape();
                let row = width * pixels.sample().bytes();
                Cut {
                    window: piece.window,
                    bands: piece.bands(plan),
                    out: pixels.as_bytes_mut(),
                    strides: Strides {
                        row,
                        band: row * height,
                    },
                }
            })
            .collect();
        self.level
            .decode_block(self.block, stored, &mut cuts, codecs, scratch)?;
        Ok(pieces)
    }
}

/// The answers to all of `ranges`.
///
/// # Errors
/// [`ReadError`], also where the reader breaks its promise and answers to more or fewer.
pub(super) async fn all_answers(
    reader: &dyn RangeReader,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>, ReadError> {
    let answers = reader.read(ranges).await?;
    let (got, asked) = (answers.len(), ranges.len());
    if got == asked {
        return Ok(answers);
    }
    let error = ReadError::new(ReadErrorKind::Other, reader.address());
    Err(error.because(format!("{got} answers to {asked} ranges")))
}

/// The smallest window around both.
fn around(a: Window, b: Window) -> Window {
    let (col, row) = (a.col.min(b.col), a.row.min(b.row));
    let extent =
        |start: i64, end: i64| u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
    Window::new(
        col,
        row,
        extent(col, a.col_end().max(b.col_end())),
        extent(row, a.row_end().max(b.row_end())),
    )
}
