//! One block: from rows to compressed bytes.

use stacchip_model::{SampleType, Size};

use super::{
    Predictor, WriteError, level::Level, number::Number, predict::predict, writer::Raster,
};
use crate::{BlockContext, Compression, DecodedOrder, SampleFormat, TileEncoder};

/// What all blocks of a file share.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockPlan<'a> {
    pub(super) raster: Raster,
    pub(super) encoder: Option<&'a dyn TileEncoder>,
    pub(super) predictor: Predictor,
    pub(super) photometric: u16,
    pub(super) alpha: Option<u16>,
    pub(super) big_endian: bool,
    /// Whether the bands lie in one block.
    pub(super) chunky: bool,
    /// Blocks of nothing but this are left out.
    pub(super) empty: Option<EmptyPixel>,
}

/// The bytes of a pixel that holds nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmptyPixel {
    bytes: [u8; 16],
    len: usize,
}

impl EmptyPixel {
    /// The nodata value, or zero where there is none or `sample` cannot hold it.
    pub(super) fn new(sample: SampleType, nodata: Option<super::Nodata>) -> Self {
        let mut bytes = [0; 16];
        let len = sample.bytes();
        macro_rules! put {
            ($($name:ident => $rust:ty),*) => {
                match sample {
                    $(SampleType::$name => {
                        if let Some(value) = nodata.and_then(<$rust>::of_nodata) {
                            bytes[..len].copy_from_slice(bytemuck::bytes_of(&value));
                        }
                    })*
                    _ => {
                        if let Some(value) = nodata.and_then(f32::of_nodata) {
                            let half = super::number::single_to_half(value);
                            bytes[..2].copy_from_slice(&half.to_ne_bytes());
                        }
                    }
                }
            };
        }
        put!(U8 => u8, I8 => i8, U16 => u16, I16 => i16, U32 => u32, I32 => i32, U64 => u64,
             I64 => i64, F32 => f32, F64 => f64, C64 => [f32; 2], C128 => [f64; 2]);
        Self { bytes, len }
    }

    fn is_all_of(&self, block: &[u8]) -> bool {
        let pixel = &self.bytes[..self.len];
        block.chunks_exact(self.len).all(|p| p == pixel)
    }
}

impl BlockPlan<'_> {
    /// The compressed bytes of block `index` of the rows held by `level`, of plane `plane`; empty
    /// where the block is left out.
    pub(super) fn encode(
        &self,
        level: &Level,
        rows: usize,
        plane: usize,
        index: usize,
    ) -> Result<Vec<u8>, WriteError> {
        let samples = if self.chunky { self.raster.bands } else { 1 };
        let width = level.block.width as usize;
        let mut bytes = gather(level, rows, plane, samples, index);
        if self.empty.is_some_and(|e| e.is_all_of(&bytes)) {
            return Ok(Vec::new());
        }
        let sample = self.raster.sample;
        let context = BlockContext {
            compression: self.encoder.map_or(Compression::NONE, TileEncoder::scheme),
            width: level.block.width,
            height: u32::try_from(rows).unwrap_or(u32::MAX),
            samples: u16::try_from(samples).unwrap_or(u16::MAX),
            bits: bits(sample),
            format: format(sample),
            photometric: self.photometric,
            subsampling: (1, 1),
            big_endian: self.big_endian,
            lsb_first: false,
            jpeg_tables: None,
            lerc_parameters: None,
            fax_options: 0,
            alpha: self.alpha.filter(|_| self.chunky),
            row_by_row: false,
        };
        let stored = self
            .encoder
            .is_none_or(|e| e.order(&context) == DecodedOrder::Stored);
        if stored {
            let row_bytes = width * samples * sample.bytes();
            predict(
                &mut bytes,
                sample,
                samples,
                row_bytes,
                self.predictor,
                self.big_endian,
            );
        }
        compress(self.encoder, bytes, &context)
    }

    /// The compressed bytes of block `index` of the mask rows held by `level`: a bit a pixel, the
    /// first the most significant, one is valid.
    pub(super) fn encode_mask(
        &self,
        level: &Level,
        rows: usize,
        index: usize,
    ) -> Result<Vec<u8>, WriteError> {
        let (width, level_width) = (level.block.width as usize, level.size.width as usize);
        let row_bytes = width.div_ceil(8);
        let mut bytes = vec![0; row_bytes * rows];
        let first = index * width;
        let count = width.min(level_width - first);
        for (row, target) in bytes
            .chunks_exact_mut(row_bytes)
            .enumerate()
            .take(level.held)
        {
            let at = row * level_width + first;
            let source = level.mask.get(at..at + count).unwrap_or_default();
            for (byte, pixels) in target.iter_mut().zip(source.chunks(8)) {
                for (bit, &pixel) in pixels.iter().enumerate() {
                    *byte |= u8::from(pixel != 0) << (7 - bit);
                }
            }
        }
        if self.empty.is_some() && bytes.iter().all(|&b| b == 0) {
            return Ok(Vec::new());
        }
        let encoder = self.mask_encoder();
        let context = BlockContext {
            compression: encoder.map_or(Compression::NONE, TileEncoder::scheme),
            ..self.mask_context(level.block, rows)
        };
        compress(encoder, bytes, &context)
    }

    /// What compresses masks: the encoder of the pixels, unless it knows pixels and not bits.
    pub(super) fn mask_encoder(&self) -> Option<&dyn TileEncoder> {
        let context = self.mask_context(Size::new(16, 16), 16);
        self.encoder
            .filter(|e| e.order(&context) == DecodedOrder::Stored)
    }

    fn mask_context(&self, block: Size, rows: usize) -> BlockContext<'static> {
        BlockContext {
            compression: self.encoder.map_or(Compression::NONE, TileEncoder::scheme),
            width: block.width,
            height: u32::try_from(rows).unwrap_or(u32::MAX),
            samples: 1,
            bits: 1,
            format: SampleFormat::Unsigned,
            photometric: 4,
            subsampling: (1, 1),
            big_endian: self.big_endian,
            lsb_first: false,
            jpeg_tables: None,
            lerc_parameters: None,
            fax_options: 0,
            alpha: None,
            row_by_row: false,
        }
    }
}

pub(super) fn bits(sample: SampleType) -> u16 {
    u16::try_from(sample.bytes() * 8).unwrap_or(u16::MAX)
}

pub(super) fn format(sample: SampleType) -> SampleFormat {
    match sample {
        SampleType::U8 | SampleType::U16 | SampleType::U32 | SampleType::U64 => {
            SampleFormat::Unsigned
        }
        SampleType::I8 | SampleType::I16 | SampleType::I32 | SampleType::I64 => {
            SampleFormat::Signed
        }
        SampleType::C64 | SampleType::C128 => SampleFormat::ComplexFloat,
        _ => SampleFormat::Float,
    }
}

/// The pixels of a block, `[row, column, sample]`. Past the edges of the raster the last pixel is
/// repeated: that compresses to next to nothing.
fn gather(level: &Level, rows: usize, plane: usize, samples: usize, index: usize) -> Vec<u8> {
    match level.rows.sample().bytes() {
        1 => gather_of::<1>(level, rows, plane, samples, index),
        2 => gather_of::<2>(level, rows, plane, samples, index),
        4 => gather_of::<4>(level, rows, plane, samples, index),
        8 => gather_of::<8>(level, rows, plane, samples, index),
        _ => gather_of::<16>(level, rows, plane, samples, index),
    }
}

fn gather_of<const N: usize>(
    level: &Level,
    rows: usize,
    plane: usize,
    samples: usize,
    index: usize,
) -> Vec<u8> {
    let [_, capacity, level_width] = level.rows.shape();
    let width = level.block.width as usize;
    let first = index * width;
    let count = width.min(level_width - first);
    let mut out = vec![[0u8; N]; width * rows * samples];
    let (pixels, _) = level.rows.as_bytes().as_chunks::<N>();
    let held = level.held.min(rows);
    for (row, target) in out.chunks_exact_mut(width * samples).enumerate().take(held) {
        for s in 0..samples {
            let at = ((plane + s) * capacity + row) * level_width + first;
            let source = pixels.get(at..at + count).unwrap_or_default();
            if samples == 1 {
                target[..count].copy_from_slice(source);
            } else {
                for (target, pixel) in target.iter_mut().skip(s).step_by(samples).zip(source) {
                    *target = *pixel;
                }
            }
        }
        let (inside, beyond) = target.split_at_mut(count * samples);
        let last = &inside[(count - 1) * samples..];
        for pixel in beyond.chunks_exact_mut(samples) {
            pixel.copy_from_slice(last);
        }
    }
    if held < rows {
        let row = width * samples;
        for at in held..rows {
            out.copy_within((held - 1) * row..held * row, at * row);
        }
    }
    out.into_flattened()
}

fn compress(
    encoder: Option<&dyn TileEncoder>,
    bytes: Vec<u8>,
    context: &BlockContext<'_>,
) -> Result<Vec<u8>, WriteError> {
    let Some(encoder) = encoder else {
        return Ok(bytes);
    };
    let mut out = Vec::new();
    encoder.encode(&bytes, context, &mut out)?;
    Ok(out)
}
