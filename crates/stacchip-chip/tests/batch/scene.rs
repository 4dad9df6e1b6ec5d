//! Scenes in memory, and their chips read as a list and one by one.

use std::sync::Arc;

use futures::executor::block_on;
use stacchip_chip::{
    AssetRequest, Chip, ChipReader, ChipRequest, Edge, Frame, RasterCache,
    batch::{BatchCounts, BatchOptions, BatchReader, WantedChip},
    testing::MemoryOpener,
};
use stacchip_cog::{
    Codecs, Compression, WriteOptions,
    testing::{MemoryReader, Plain},
    write::{Interleave, Overviews, Resampling, write_raster},
};
use stacchip_model::{Pixels, Size, Window};

use crate::odd;

/// The frame of every scene here: four by four tiles of 64 pixels.
pub const SIDE: u32 = 256;

pub fn pixels(bands: u32, size: u32) -> Pixels {
    let numbers: Vec<u16> = (0..bands * size * size)
        .map(|i| u16::try_from(i.wrapping_mul(2_654_435_761) >> 16).unwrap())
        .collect();
    Pixels::from_slice([bands, size, size].map(|n| n as usize), &numbers).unwrap()
}

pub fn options() -> WriteOptions {
    WriteOptions::cog()
        .tiles(64)
        .overviews(Overviews::None, Resampling::Nearest)
}

pub fn file(pixels: &Pixels, mask: Option<&[u8]>, options: &WriteOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = options.clone().mask(mask.is_some());
    write_raster(pixels, mask, &options, None, &mut bytes).unwrap();
    bytes
}

/// A scene of a fine band, a coarse one, three bands apart and two bands side by side with a mask.
pub struct Scene {
    pub files: Vec<(&'static str, Arc<MemoryReader>)>,
    pub like: Arc<ChipRequest>,
}

impl Scene {
    pub fn new() -> Self {
        let mask: Vec<u8> = (0..128 * 128)
            .map(|i| if i % 5 == 0 { 0 } else { 255 })
            .collect();
        let apart = options().interleave(Interleave::Band);
        Self::of(vec![
            ("fine", file(&pixels(1, SIDE), None, &options())),
            ("coarse", file(&pixels(1, 85), None, &options())),
            ("apart", file(&pixels(3, SIDE), None, &apart)),
            ("masked", file(&pixels(2, 128), Some(&mask), &options())),
        ])
    }

    /// What is laid out as few files are.
    pub fn odd() -> Self {
        Self::of(vec![
            ("guessed", odd::guessed()),
            ("inks", odd::inks()),
            ("luma", odd::luma()),
        ])
    }

    pub fn of(files: Vec<(&'static str, Vec<u8>)>) -> Self {
        let mut assets: Vec<_> = files
            .iter()
            .map(|(name, _)| AssetRequest::new(*name, *name))
            .collect();
        if let Some(apart) = assets.iter_mut().find(|a| a.key == "apart") {
            apart.bands = Some(vec![2, 0, 2]);
        }
        let frame = Frame::of_size(Size::new(SIDE, SIDE));
        let like = ChipRequest::new(frame, Window::new(0, 0, 1, 1), assets);
        Self {
            files: files
                .into_iter()
                .map(|(name, bytes)| (name, Arc::new(MemoryReader::new(bytes))))
                .collect(),
            like: Arc::new(like),
        }
    }

    pub fn edge(mut self, edge: Edge) -> Self {
        Arc::get_mut(&mut self.like).unwrap().edge = edge;
        self
    }

    pub fn reader(&self) -> ChipReader {
        let opener = self
            .files
            .iter()
            .fold(MemoryOpener::default(), |opener, (name, file)| {
                opener.with(*name, Arc::clone(file) as Arc<_>)
            });
        ChipReader::new(
            Arc::new(opener),
            Arc::new(Codecs::new().with(Plain::new(Compression::LZW))),
            Arc::new(RasterCache::default()),
        )
    }

    pub fn list(&self, windows: &[Window]) -> Vec<WantedChip> {
        let like = &self.like;
        let chip = |&window: &Window| WantedChip {
            like: Arc::clone(like),
            window,
        };
        windows.iter().map(chip).collect()
    }

    pub fn one_by_one(&self, windows: &[Window]) -> Vec<Option<Chip>> {
        let reader = self.reader();
        let read = |&window: &Window| {
            let request = ChipRequest {
                window,
                ..ChipRequest::clone(&self.like)
            };
            block_on(reader.read_chip(&request)).ok()
        };
        windows.iter().map(read).collect()
    }

    pub fn read(&self, windows: &[Window], options: &BatchOptions) -> Read {
        let batch = BatchReader::new(&self.reader(), options.clone());
        let mut chips = batch.chips(self.list(windows));
        let mut read = Read::new(windows.len());
        for chip in &mut chips {
            match chip {
                Ok(chip) => {
                    let number = usize::try_from(chip.number()).unwrap();
                    let written: Vec<_> = chip
                        .arrays()
                        .map(|array| {
                            let mut pixels = vec![1; array.byte_len()];
                            let [_, height, width] = array.shape();
                            let mut mask = array.has_mask().then(|| vec![1; height * width]);
                            array.write(&mut pixels, mask.as_deref_mut()).unwrap();
                            (pixels, mask)
                        })
                        .collect();
                    let chip = chip.into_chip().unwrap();
                    for (array, (pixels, mask)) in chip.arrays.iter().zip(written) {
                        assert!(array.pixels.as_bytes() == pixels, "both ways to the pixels");
                        assert_eq!(array.mask, mask, "both ways to the mask");
                    }
                    read.order.push(number);
                    read.chips[number] = Some(chip);
                }
                Err(failed) => {
                    let number = usize::try_from(failed.number).unwrap();
                    read.order.push(number);
                    read.errors.push((number, failed.cause.to_string()));
                }
            }
        }
        read.counts = chips.counts();
        read
    }
}

#[derive(Debug, PartialEq)]
pub struct Read {
    pub chips: Vec<Option<Chip>>,
    pub errors: Vec<(usize, String)>,
    pub order: Vec<usize>,
    pub counts: BatchCounts,
}

impl Read {
    pub fn new(count: usize) -> Self {
        Self {
            chips: (0..count).map(|_| None).collect(),
            errors: Vec::new(),
            order: Vec::new(),
            counts: BatchCounts::default(),
        }
    }
}

/// The grid of chips of 32 pixels.
pub fn grid() -> Vec<Window> {
    (0..64)
        .map(|i| Window::new(i % 8 * 32, i / 8 * 32, 32, 32))
        .collect()
}

/// What chips of the raster `name` alone have in common.
pub fn like(name: &str) -> Arc<ChipRequest> {
    let frame = Frame::of_size(Size::new(SIDE, SIDE));
    let assets = vec![AssetRequest::new(name, name)];
    Arc::new(ChipRequest::new(frame, Window::new(0, 0, 32, 32), assets))
}
