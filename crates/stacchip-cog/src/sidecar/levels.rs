//! Overviews and masks beside a file.

use std::sync::Arc;

use crate::{Cog, Image, Level, Source};

impl Image {
    /// Takes the overviews that `overviews` holds: the `.ovr` beside the file, which is a TIFF of
    /// its own. As in GDAL they count only where the file itself has none, and where they have as
    /// many bands. Says how many levels were taken.
    pub fn attach_overviews(&mut self, overviews: &Cog) -> usize {
        let Some(image) = overviews.images.first() else {
            return 0;
        };
        if self.levels.len() != 1 || image.bands.len() != self.bands.len() {
            return 0;
        }
        let levels = image
            .levels
            .iter()
            .map(|level| Arc::new(level.from(Source::Overviews)));
        self.levels.extend(levels);
        self.levels.len().saturating_sub(1)
    }

    /// Takes the masks that `mask` holds: the `.msk` beside the file, which is a TIFF of its own.
    /// As in GDAL they count only for levels of their size that have none. Says how many levels
    /// got one.
    pub fn attach_mask(&mut self, mask: &Cog) -> usize {
        let Some(masks) = mask.images.first() else {
            return 0;
        };
        let mut taken = 0usize;
        for level in &mut self.levels {
            let found = masks.levels.iter().find(|m| {
                m.size == level.size && (m.bands() == 1 || m.bands() == self.bands.len())
            });
            if let (None, Some(found)) = (&level.mask, found) {
                let mut with = (**level).clone();
                with.mask = Some(Arc::new(found.from(Source::Mask)));
                *level = Arc::new(with);
                taken = taken.saturating_add(1);
            }
        }
        taken
    }
}

impl Level {
    fn from(&self, source: Source) -> Self {
        let mask = self.mask.as_ref().map(|mask| Arc::new(mask.from(source)));
        Self {
            mask,
            source,
            ..self.clone()
        }
    }
}
