//! What arrays of cubes are inflated to.

use std::sync::{Arc, Mutex, PoisonError};

/// What arrays were inflated to, kept for those of the next cubes: new memory is cleared first, which takes a tenth of the
/// time that inflating takes. Clones share it, and it holds as much as was in use at one time.
#[derive(Debug, Clone, Default)]
pub struct CubeMemory(Arc<Mutex<Vec<ArrayMemory>>>);

impl CubeMemory {
    /// Words of each array that is kept.
    #[cfg(test)]
    pub(super) fn kept_words(&self) -> Vec<usize> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|one| one.words.len()).collect()
    }

    /// Memory for `stored` bytes and `size` bytes inflated, of `most` bytes at most.
    pub(super) fn take(&self, stored: u64, size: u64, most: u64) -> ArrayMemory {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.pop().unwrap_or_default();
        let source = stored.max(kept.source.capacity() as u64);
        let words = size.max(kept.words.capacity() as u64 * 8);
        if source.saturating_add(words) > most {
            return ArrayMemory::default();
        }
        kept
    }

    pub(super) fn give_back(&self, memory: ArrayMemory) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(memory);
    }
}

/// What one array takes.
#[derive(Debug, Default)]
pub(super) struct ArrayMemory {
    /// As it is stored.
    pub(super) source: Vec<u8>,
    /// Inflated, and as many words as ever were needed; words, so that numbers lie as numbers must.
    pub(super) words: Vec<u64>,
}

impl ArrayMemory {
    /// `size` bytes.
    pub(super) fn bytes(&self, size: usize) -> &[u8] {
        let bytes = bytemuck::cast_slice::<u64, u8>(&self.words);
        bytes.get(..size).unwrap_or_default()
    }
}
