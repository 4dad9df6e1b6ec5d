//! A raster that stays open.

use std::{fs::File, os::unix::fs::FileExt as _, path::Path, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures::executor::block_on;
use stacchip_codecs::built_in;
use stacchip_cog::{
    Bands, Codecs, Level, Limits, Part, Scratch, WindowPlan, open, testing::MemoryReader,
};
use stacchip_model::Window;

use crate::Failure;

/// A file, its first image, and what decoding keeps between windows.
pub(crate) struct Raster {
    file: File,
    image: stacchip_cog::Image,
    pub(crate) codecs: Codecs,
    pub(crate) scratch: Scratch,
    pub(crate) out: Vec<u8>,
    pub(crate) stored: Vec<u8>,
    spare: Vec<BytesMut>,
}

impl Raster {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let bytes = Bytes::from(std::fs::read(path)?);
        let limits = Limits::default();
        let reader = MemoryReader::new(bytes);
        let mut cog = block_on(open(&reader, &limits))?;
        let image = cog.images.swap_remove(0);
        let all = WindowPlan::new(&image.levels[0], image.levels[0].size.window(), Bands::All)?;
        block_on(stacchip_cog::fetch_tables(&reader, &all))?;
        Ok(Self {
            file: File::open(path)?,
            image,
            codecs: built_in(),
            scratch: Scratch::default(),
            out: Vec::new(),
            stored: Vec::new(),
            spare: Vec::new(),
        })
    }

    pub(crate) fn level(&self) -> &Arc<Level> {
        &self.image.levels[0]
    }

    pub(crate) fn plan(&self, window: Window) -> Result<WindowPlan, Failure> {
        Ok(self.image.plan(0, window, Bands::All, Part::Pixels)?)
    }

    /// The bytes of the blocks that `plan` touches.
    pub(crate) fn read(&mut self, plan: &WindowPlan) -> Result<Vec<Bytes>, Failure> {
        plan.ranges()?
            .into_iter()
            .map(|range| {
                let mut bytes = self.spare.pop().unwrap_or_default();
                bytes.resize(usize::try_from(range.end - range.start)?, 0);
                self.file.read_exact_at(&mut bytes, range.start)?;
                Ok(bytes.freeze())
            })
            .collect()
    }

    /// Takes buffers back, for what is read next.
    pub(crate) fn give_back(&mut self, blocks: Vec<Bytes>) {
        self.spare
            .extend(blocks.into_iter().filter_map(|b| b.try_into_mut().ok()));
    }

    /// The file, and room for bytes of it.
    pub(crate) fn reading(&mut self) -> (&File, &mut Vec<u8>, &mut Vec<u8>) {
        (&self.file, &mut self.stored, &mut self.out)
    }
}
