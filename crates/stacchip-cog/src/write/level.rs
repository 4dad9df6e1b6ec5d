//! Rows of one level on their way to blocks.

use stacchip_model::{Pixels, Size};

use super::{
    Blocks, Interleave, WriteError, WriteOptions,
    reduce::{Reducer, Row},
    writer::Raster,
};

/// One level: the rows not yet in blocks, and the lengths of the blocks there are.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) size: Size,
    pub(super) block: Size,
    /// `[band, row of a block, column]`.
    pub(super) rows: Pixels,
    /// `[row of a block, column]`; empty without a mask.
    pub(super) mask: Vec<u8>,
    /// Rows held.
    pub(super) held: usize,
    /// Rows already in blocks.
    pub(super) done: usize,
    /// Stored bytes of each block, by plane; 0 is a block left out.
    pub(super) planes: Vec<Vec<u32>>,
    /// The same of the mask.
    pub(super) mask_blocks: Vec<u32>,
    /// Makes the next level.
    pub(super) reducer: Option<Reducer>,
}

impl Level {
    pub(super) fn new(
        raster: &Raster,
        size: Size,
        options: &WriteOptions,
        last: bool,
    ) -> Result<Self, WriteError> {
        let block = block_size(options.blocks, size);
        let shape = [
            raster.bands,
            block.height.min(size.height) as usize,
            size.width as usize,
        ];
        let planes = match options.interleave {
            Interleave::Pixel => 1,
            Interleave::Band => raster.bands,
        };
        Ok(Self {
            size,
            block,
            rows: Pixels::zeros(raster.sample, shape)
                .map_err(|e| WriteError::too_large(e.to_string()))?,
            mask: if options.mask {
                vec![0; shape[1] * shape[2]]
            } else {
                Vec::new()
            },
            held: 0,
            done: 0,
            planes: vec![Vec::new(); planes],
            mask_blocks: Vec::new(),
            reducer: (!last)
                .then(|| Reducer::new(options.resampling, options.nodata, size.height as usize)),
        })
    }

    /// Takes one row.
    pub(super) fn hold(&mut self, row: &Row) {
        let [bands, capacity, width] = self.rows.shape();
        let row_bytes = width * self.rows.sample().bytes();
        for band in 0..bands {
            let at = (band * capacity + self.held) * row_bytes;
            let source = row.pixels.band_bytes(band).unwrap_or_default();
            if let Some(target) = self.rows.as_bytes_mut().get_mut(at..at + row_bytes) {
                target.copy_from_slice(source);
            }
        }
        if let (Some(source), Some(target)) = (
            &row.mask,
            self.mask
                .get_mut(self.held * width..(self.held + 1) * width),
        ) {
            target.copy_from_slice(source);
        }
        self.held += 1;
    }

    /// Whether a row of blocks is complete.
    pub(super) fn is_full(&self) -> bool {
        self.held > 0
            && (self.held == self.rows.height()
                || self.done + self.held == self.size.height as usize)
    }

    /// Blocks in a row.
    pub(super) const fn across(&self) -> usize {
        self.size.width.div_ceil(self.block.width) as usize
    }

    /// Rows of the blocks now held: tiles are always whole, a last strip is not.
    pub(super) fn block_rows(&self, blocks: Blocks) -> usize {
        match blocks {
            Blocks::Tiles { .. } => self.block.height as usize,
            Blocks::Strips { .. } => self.held,
        }
    }
}

fn block_size(blocks: Blocks, size: Size) -> Size {
    match blocks {
        Blocks::Tiles { width, height } => Size::new(width, height),
        Blocks::Strips { rows } => Size::new(size.width, rows.min(size.height)),
    }
}
