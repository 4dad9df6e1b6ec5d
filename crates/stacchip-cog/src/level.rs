//! One raster of a file: full resolution, an overview, or a mask.

use std::sync::Arc;

use bytes::Bytes;
use stacchip_model::{SampleType, Size, Window};

use crate::{BlockContext, BlockTable, Compression, Limits, Rendering, SampleFormat};

/// One raster: the full resolution of an image, one of its overviews, or a mask of either.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Level {
    /// Pixels.
    pub size: Size,
    /// Pixels of a block: a tile, or a strip as wide as the raster. It may be larger than the
    /// raster.
    pub block: Size,
    /// Whether blocks are tiles.
    pub tiled: bool,
    /// How pixels are stored.
    pub encoding: Encoding,
    /// Type of the pixels in memory, the same for every band.
    pub sample: SampleType,
    /// What blocks left out of the file are full of: one number of `sample`, native byte order, or one
    /// for each band, one after the other (a `.aux.xml` may give each band its own).
    pub fill: Vec<u8>,
    /// Whether pixels that are not zero are read as 255: masks of one bit, as GDAL reads them.
    pub promote: bool,
    /// The mask of this level: 255 where pixels are valid, 0 where not.
    pub mask: Option<Arc<Level>>,
    /// Which object its bytes are in.
    pub source: Source,
    /// Where its directory is in that object.
    pub directory: u64,
    /// Where the bytes of its blocks are.
    pub table: BlockTable,
    pub(crate) limits: Arc<Limits>,
}

/// Which object the bytes of a level are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Source {
    /// The file itself.
    #[default]
    Main,
    /// The `.ovr` beside it.
    Overviews,
    /// The `.msk` beside it.
    Mask,
}

/// How the pixels of a level are stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Encoding {
    /// Whether numbers are stored most significant byte first.
    pub big_endian: bool,
    /// `Compression` (259).
    pub compression: Compression,
    /// `Predictor` (317).
    pub predictor: Predictor,
    /// `PlanarConfiguration` (284).
    pub planar: Planar,
    /// `SamplesPerPixel` (277): the bands, but where they are [rendered](Self::rendering).
    pub samples: u16,
    /// `BitsPerSample` (258), the same for every sample.
    pub bits: u16,
    /// `SampleFormat` (339).
    pub format: SampleFormat,
    /// `PhotometricInterpretation` (262).
    pub photometric: u16,
    /// Whether bits run from least to most significant in each byte (`FillOrder` 2).
    pub lsb_first: bool,
    /// `YCbCrSubSampling` (530).
    pub subsampling: (u16, u16),
    /// `ExtraSamples` (338).
    pub extra_samples: Vec<u16>,
    /// `JPEGTables` (347).
    pub jpeg_tables: Option<Bytes>,
    /// `LercParameters` (50674): version, added compression.
    pub lerc_parameters: Option<[u32; 2]>,
    /// `T4Options` (292) or `T6Options` (293), whichever the scheme asks for.
    pub fax_options: u32,
    /// How the bands are made of the samples, where they are not the samples: of CMYK, CIELab and
    /// the like, as GDAL does.
    pub rendering: Option<Rendering>,
}

impl Encoding {
    /// Bands that are read.
    pub const fn bands(&self) -> u16 {
        match &self.rendering {
            Some(rendering) => rendering.bands(),
            None => self.samples,
        }
    }
}

/// The value of the tag `Predictor` (317).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Predictor {
    /// 1: numbers as they are.
    #[default]
    None,
    /// 2: differences to the number before, in each row and sample (TIFF 6.0, section 14).
    Horizontal,
    /// 3: bytes of floating point numbers by significance, then differenced (TIFF Technical Note 3).
    Float,
    /// Any other, which nothing undoes.
    Other(u16),
}

/// The value of the tag `PlanarConfiguration` (284).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Planar {
    /// 1: the samples of a pixel side by side.
    #[default]
    Chunky,
    /// 2: blocks of one sample each, all of the first sample before those of the second.
    Separate,
}

/// A block of a level: its place in the tables of offsets and byte counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u64);

impl Level {
    /// Blocks in a row of blocks.
    pub const fn blocks_across(&self) -> u32 {
        self.size.width.div_ceil(self.block.width)
    }

    /// Rows of blocks.
    pub const fn blocks_down(&self) -> u32 {
        self.size.height.div_ceil(self.block.height)
    }

    /// The block in which libtiff and GDAL give the pixels: an image that is one strip is as good
    /// as many of about 8 KiB where it is not compressed, and rows by themselves where it is high.
    pub fn readable_block(&self) -> Size {
        const STRIP_BYTES: usize = 8192;
        const HIGH: u32 = 2000;
        if self.tiled || self.block.height < self.size.height {
            return self.block;
        }
        let plain = self.encoding.compression == Compression::NONE
            && self.encoding.planar == Planar::Chunky;
        let row = self.block_context(BlockId(0)).stored_row_bytes();
        let rows = match row.and_then(|row| STRIP_BYTES.checked_div(row)) {
            Some(rows) if plain => u32::try_from(rows).unwrap_or(u32::MAX).max(1),
            _ if self.size.height > HIGH => 1,
            _ => self.block.height,
        };
        Size::new(self.block.width, rows.min(self.block.height))
    }

    /// Bands.
    pub const fn bands(&self) -> usize {
        self.encoding.bands() as usize
    }

    /// How many planes of blocks there are: one for each band where they are separate.
    pub const fn planes(&self) -> u16 {
        match self.encoding.planar {
            Planar::Chunky => 1,
            Planar::Separate => self.encoding.samples,
        }
    }

    /// Blocks in all.
    pub const fn block_count(&self) -> u64 {
        (self.blocks_across() as u64 * self.blocks_down() as u64)
            .saturating_mul(self.planes() as u64)
    }

    /// The block at (`across`, `down`) that holds `band`; nothing where there is none.
    pub fn block_at(&self, across: u32, down: u32, band: usize) -> Option<BlockId> {
        if across >= self.blocks_across() || down >= self.blocks_down() || band >= self.bands() {
            return None;
        }
        let in_plane = u64::from(down)
            .checked_mul(u64::from(self.blocks_across()))?
            .checked_add(u64::from(across))?;
        match self.encoding.planar {
            Planar::Chunky => Some(BlockId(in_plane)),
            Planar::Separate => {
                let plane =
                    u64::from(self.blocks_across()).checked_mul(u64::from(self.blocks_down()))?;
                Some(BlockId(
                    plane.checked_mul(band as u64)?.checked_add(in_plane)?,
                ))
            }
        }
    }

    /// The pixels of the block, cut at the edge of the raster; nothing where there is no such
    /// block.
    pub fn block_window(&self, id: BlockId) -> Option<Window> {
        let across = u64::from(self.blocks_across());
        let plane = across.checked_mul(u64::from(self.blocks_down()))?;
        if id.0 >= self.block_count() {
            return None;
        }
        let in_plane = id.0.checked_rem(plane)?;
        let col = in_plane
            .checked_rem(across)?
            .checked_mul(u64::from(self.block.width))?;
        let row = in_plane
            .checked_div(across)?
            .checked_mul(u64::from(self.block.height))?;
        let window = Window::new(
            i64::try_from(col).ok()?,
            i64::try_from(row).ok()?,
            self.block.width,
            self.block.height,
        );
        window.clip(self.size)
    }

    /// The bands that the block holds: all of them, or one where the planes are separate.
    pub fn block_bands(&self, id: BlockId) -> std::ops::Range<usize> {
        let plane = u64::from(self.blocks_across()) * u64::from(self.blocks_down());
        match self.encoding.planar {
            Planar::Chunky => 0..self.bands(),
            Planar::Separate => {
                let band = id.0.checked_div(plane).unwrap_or(0);
                let band = usize::try_from(band)
                    .unwrap_or(usize::MAX)
                    .min(self.bands());
                band..band.saturating_add(1).min(self.bands())
            }
        }
    }

    /// The number that `band` is full of where a block is left out.
    pub(crate) fn fill_of(&self, band: usize) -> &[u8] {
        let bytes = self.sample.bytes();
        band.checked_mul(bytes)
            .and_then(|at| self.fill.get(at..at.checked_add(bytes)?))
            .or_else(|| self.fill.get(..bytes))
            .unwrap_or_default()
    }

    /// Whether the bands are rendered of samples that lie in planes apart.
    pub(crate) fn is_rendered_apart(&self) -> bool {
        self.encoding.rendering.is_some() && self.encoding.planar == Planar::Separate
    }

    /// The level with its samples for bands.
    pub(crate) fn as_stored(&self) -> Self {
        let mut level = self.clone();
        level.encoding.rendering = None;
        // Numbers, and nothing else.
        level.encoding.photometric = 1;
        level
    }

    /// Whether GDAL reads the rows of the one strip one by one, to save memory.
    fn is_split(&self) -> bool {
        let e = &self.encoding;
        let bits = e.bits == 8 || (e.bits == 1 && e.samples == 1);
        !self.tiled
            && bits
            && e.rendering.is_none()
            && self.block.height == self.size.height
            && self.size.height > 2000
    }

    /// What a codec is told of the block `id`.
    pub fn block_context(&self, id: BlockId) -> BlockContext<'_> {
        let e = &self.encoding;
        let rows = if self.tiled {
            self.block.height
        } else {
            self.block_window(id).map_or(0, |w| w.height)
        };
        let samples = match e.planar {
            Planar::Chunky => e.samples,
            Planar::Separate => 1,
        };
        let colours = e
            .samples
            .saturating_sub(u16::try_from(e.extra_samples.len()).unwrap_or(u16::MAX));
        let alpha = e
            .extra_samples
            .iter()
            .position(|&s| s == 1 || s == 2)
            .and_then(|i| colours.checked_add(u16::try_from(i).ok()?))
            .filter(|&a| a < samples);
        BlockContext {
            compression: e.compression,
            width: self.block.width,
            height: rows,
            samples,
            bits: e.bits,
            format: e.format,
            photometric: e.photometric,
            subsampling: e.subsampling,
            big_endian: e.big_endian,
            lsb_first: e.lsb_first,
            jpeg_tables: e.jpeg_tables.as_deref(),
            lerc_parameters: e.lerc_parameters,
            fax_options: e.fax_options,
            alpha,
            row_by_row: self.is_split(),
        }
    }
}
