//! Files against the crate `tiff`.

use std::{io::Cursor, panic, sync::Arc};

use bytes::Bytes;
use futures::executor::block_on;
use stacchip_cog::{
    Bands, BlockId, BlockPlace, Cog, Compression, DecodedOrder, Level, Limits, Planar,
    RangeReader as _, SampleFormat, WindowPlan, fetch_tables, open, testing::MemoryReader,
};
use stacchip_model::Pixels;
use tiff::decoder::{Decoder, DecodingResult, Limits as TheirLimits};

use crate::Choices;

/// Where both read a directory of a file, they read the same pixels.
pub fn tiff_diff(input: &[u8]) {
    compared(input);
}

/// How many directories both read.
fn compared(input: &[u8]) -> usize {
    let (data, _) = Choices::split(input);
    let reader = MemoryReader::new(Bytes::copy_from_slice(data));
    let Ok(cog) = block_on(open(&reader, &limits())) else {
        return 0;
    };
    let levels: Vec<_> = levels(&cog).filter(|level| comparable(level)).collect();
    if levels.is_empty() {
        return 0;
    }
    // What the peer does with hostile bytes is not judged here.
    let theirs = panic::catch_unwind(|| peer(data, levels.len())).unwrap_or_default();
    let mut both = 0;
    for level in levels {
        let same = |t: &&Theirs| {
            t.directory == level.directory && t.size == (level.size.width, level.size.height)
        };
        let Some(theirs) = theirs.iter().find(same) else {
            continue;
        };
        let Some(pixels) = ours(&reader, level).filter(|_| all_there(level)) else {
            continue;
        };
        let mine = match level.encoding.planar {
            Planar::Chunky => chunky(&pixels),
            Planar::Separate => pixels.as_bytes().to_vec(),
        };
        if mine.len() == theirs.bytes.len() {
            let at = mine.iter().zip(&theirs.bytes).position(|(a, b)| a != b);
            assert!(
                at.is_none(),
                "byte {at:?} of the pixels differs: {:?} of {:?}, {:?}",
                level.size,
                level.block,
                level.encoding
            );
            both += 1;
        }
    }
    both
}

fn limits() -> Limits {
    Limits {
        directories: 8,
        block_bytes: 256 << 10,
        stored_block_bytes: 256 << 10,
        window_bytes: 256 << 10,
        window_blocks: BLOCKS,
        window_decoded_bytes: 4 << 20,
        ..Limits::default()
    }
}

/// All rasters of a file.
fn levels(cog: &Cog) -> impl Iterator<Item = &Arc<Level>> {
    let levels = cog.images.iter().flat_map(|image| &image.levels);
    levels.flat_map(|level| [Some(level), level.mask.as_ref()].into_iter().flatten())
}

fn ours(reader: &MemoryReader, level: &Arc<Level>) -> Option<Pixels> {
    let plan = WindowPlan::new(level, level.size.window(), Bands::All).ok()?;
    block_on(fetch_tables(reader, &plan)).ok()?;
    let blocks = block_on(reader.read(&plan.ranges().ok()?)).ok()?;
    let mut pixels = Pixels::zeros(plan.sample(), plan.shape()).ok()?;
    let codecs = stacchip_codecs::built_in();
    plan.decode(&blocks, &codecs, pixels.as_bytes_mut()).ok()?;
    Some(pixels)
}

/// Whether both mean the same by "the pixels": numbers as they are stored.
fn comparable(level: &Level) -> bool {
    let e = &level.encoding;
    let plain = [
        Compression::NONE,
        Compression::LZW,
        Compression::DEFLATE,
        Compression::OLD_DEFLATE,
        Compression::PACKBITS,
    ];
    plain.contains(&e.compression)
        && matches!((e.photometric, e.samples), (1, _) | (2, 3..) | (5, 4))
        && matches!(e.bits, 8 | 16 | 32 | 64)
        && !e.lsb_first
        && matches!(
            e.format,
            SampleFormat::Unsigned | SampleFormat::Signed | SampleFormat::Float
        )
        && !level.promote
}

/// Whether every block is in the file and, where it is not compressed, as long as it must be: the peer
/// does not go by the byte counts of such blocks, GDAL and we do.
fn all_there(base: &Level) -> bool {
    (0..base.block_count().min(BLOCKS)).all(|id| match base.table.place(BlockId(id)) {
        BlockPlace::At(range) => {
            let context = base.block_context(BlockId(id));
            let bytes = context.block_bytes(DecodedOrder::Stored);
            base.encoding.compression != Compression::NONE
                || bytes.is_some_and(|bytes| bytes as u64 == range.end - range.start)
        }
        _ => false,
    })
}

struct Theirs {
    directory: u64,
    size: (u32, u32),
    bytes: Vec<u8>,
}

/// The first few directories of the chain, as far as the peer reads them.
fn peer(data: &[u8], most: usize) -> Vec<Theirs> {
    let mut limits = TheirLimits::default();
    limits.decoding_buffer_size = 1 << 20;
    limits.intermediate_buffer_size = 1 << 20;
    limits.ifd_value_size = 1 << 20;
    let mut found = Vec::new();
    let Ok(decoder) = Decoder::new(Cursor::new(data)) else {
        return found;
    };
    let mut decoder = decoder.with_limits(limits);
    loop {
        let size = decoder.dimensions();
        let directory = decoder.ifd_pointer().map(|pointer| pointer.0);
        let mut pixels = DecodingResult::U8(Vec::new());
        if let (Ok(size), Some(directory)) = (size, directory)
            && decoder.read_image_to_buffer(&mut pixels).is_ok()
        {
            found.push(Theirs {
                directory,
                size,
                bytes: bytes(pixels),
            });
        }
        if found.len() >= most || !decoder.more_images() || decoder.next_image().is_err() {
            return found;
        }
    }
}

fn bytes(pixels: DecodingResult) -> Vec<u8> {
    match pixels {
        DecodingResult::U8(v) => v,
        DecodingResult::U16(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::U32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::U64(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::F16(v) => v.iter().flat_map(|v| v.to_bits().to_ne_bytes()).collect(),
        DecodingResult::F32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::F64(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I8(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I16(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I64(v) => bytemuck::cast_slice(&v).to_vec(),
    }
}

/// `[band, row, column]` → `[row, column, band]`.
fn chunky(pixels: &Pixels) -> Vec<u8> {
    let bytes = pixels.sample().bytes();
    let area = pixels.width() * pixels.height();
    let mut out = Vec::with_capacity(pixels.as_bytes().len());
    for at in 0..area {
        for band in 0..pixels.bands() {
            let from = (band * area + at) * bytes;
            out.extend_from_slice(&pixels.as_bytes()[from..from + bytes]);
        }
    }
    out
}

const BLOCKS: u64 = 64;

#[cfg(test)]
mod tests {
    #[test]
    fn most_seeds_are_read_by_both() {
        let both = crate::seeds("tiff_diff")
            .iter()
            .filter(|seed| super::compared(seed) > 0)
            .count();
        assert!(both >= 6, "{both}");
    }
}
