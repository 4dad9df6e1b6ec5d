//! Blocks that are in the file.

use std::ops::Range;

use crate::{BlockBytes, BlockError, BlockId};

/// A block that is in the file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlock {
    /// The block.
    pub id: BlockId,
    /// Its bytes, or those of the rows wanted.
    pub range: Range<u64>,
    /// The row of the block at which the bytes start: 0, except of uncompressed blocks of which
    /// only some rows are wanted.
    pub first_row: u32,
    /// Whether the block may end before its range: of files without byte counts that is a guess.
    pub(crate) guessed: bool,
}

impl StoredBlock {
    /// Bytes in its range.
    pub const fn byte_len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// `bytes` as bytes of this block: all of its range, or, where the file gives no byte counts and
    /// its end is a guess, what there is of them.
    ///
    /// # Errors
    /// [`BlockError::Truncated`] where they are fewer than the tables promise.
    pub const fn with<'a>(&self, bytes: &'a [u8]) -> Result<BlockBytes<'a>, BlockError> {
        let (wanted, got) = (self.byte_len(), bytes.len() as u64);
        if got < wanted && !self.guessed {
            return Err(BlockError::Truncated {
                block: self.id.0,
                wanted,
                got,
            });
        }
        Ok(BlockBytes {
            bytes,
            first_row: self.first_row,
        })
    }
}
