//! Which decoder undoes which scheme.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Compression, TileDecoder};

/// The decoders at hand, by scheme. Uncompressed blocks need none.
#[derive(Debug, Clone, Default)]
pub struct Codecs {
    by_scheme: BTreeMap<Compression, Arc<dyn TileDecoder>>,
}

impl Codecs {
    /// No decoder: uncompressed files only.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with `decoder` for each of its schemes, in place of any before it.
    pub fn with(mut self, decoder: impl TileDecoder + 'static) -> Self {
        let decoder: Arc<dyn TileDecoder> = Arc::new(decoder);
        for &scheme in decoder.schemes() {
            self.by_scheme.insert(scheme, Arc::clone(&decoder));
        }
        self
    }

    /// The decoder of `scheme`.
    pub fn decoder(&self, scheme: Compression) -> Option<&dyn TileDecoder> {
        self.by_scheme.get(&scheme).map(AsRef::as_ref)
    }

    /// The schemes that can be undone, in the order of their numbers.
    pub fn schemes(&self) -> impl Iterator<Item = Compression> + '_ {
        self.by_scheme.keys().copied()
    }
}
