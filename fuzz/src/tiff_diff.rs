//! Files against the crate `tiff`.

use std::{io::Cursor, panic};

use bytes::Bytes;
use futures::executor::block_on;
use stacchip_cog::{
    Bands, BlockId, BlockPlace, Compression, DecodedOrder, Image, Level, Limits, Part, Planar,
    SampleFormat, open, read_window, testing::MemoryReader,
};
use stacchip_model::Pixels;
use tiff::decoder::{Decoder, DecodingResult, Limits as TheirLimits};

use crate::Choices;

/// Where both read the first directory of a file, they read the same pixels.
pub fn tiff_diff(input: &[u8]) {
    let (data, _) = Choices::split(input);
    let Some((image, reader)) = ours(data) else {
        return;
    };
    let Some(base) = image.base().filter(|base| comparable(base, data)) else {
        return;
    };
    // What the peer does with hostile bytes is not judged here.
    let Ok(Some(theirs)) = panic::catch_unwind(|| peer(data)) else {
        return;
    };
    if (base.size.width, base.size.height) != theirs.size {
        return;
    }
    let codecs = stacchip_codecs::built_in();
    let read = read_window(
        &reader,
        &image,
        0,
        base.size.window(),
        Bands::All,
        Part::Pixels,
        &codecs,
    );
    let Ok(pixels) = block_on(read) else { return };
    if !all_there(base) {
        return;
    }
    let mine = chunky(&pixels);
    if mine.len() == theirs.bytes.len() {
        let at = mine.iter().zip(&theirs.bytes).position(|(a, b)| a != b);
        assert!(
            at.is_none(),
            "byte {at:?} of the pixels differs: {:?} of {:?}, {:?}",
            base.size,
            base.block,
            base.encoding
        );
    }
}

fn ours(data: &[u8]) -> Option<(Image, MemoryReader)> {
    let limits = Limits {
        directories: 4,
        block_bytes: 256 << 10,
        stored_block_bytes: 256 << 10,
        window_bytes: 256 << 10,
        window_blocks: BLOCKS,
        ..Limits::default()
    };
    let reader = MemoryReader::new(Bytes::copy_from_slice(data));
    let cog = block_on(open(&reader, &limits)).ok()?;
    Some((cog.images.into_iter().next()?, reader))
}

/// Whether both mean the same by "the pixels": numbers as they are stored, of the first directory,
/// of which no block is left out.
fn comparable(base: &Level, data: &[u8]) -> bool {
    let e = &base.encoding;
    let plain = [
        Compression::NONE,
        Compression::LZW,
        Compression::DEFLATE,
        Compression::OLD_DEFLATE,
        Compression::PACKBITS,
    ];
    plain.contains(&e.compression)
        && e.planar == Planar::Chunky
        && matches!((e.photometric, e.samples), (1, 1) | (2, 3))
        && matches!(e.bits, 8 | 16 | 32 | 64)
        && !e.lsb_first
        && matches!(
            e.format,
            SampleFormat::Unsigned | SampleFormat::Signed | SampleFormat::Float
        )
        && !base.promote
        && first_directory(data) == Some(base.directory)
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

fn first_directory(data: &[u8]) -> Option<u64> {
    let four: [u8; 4] = data.get(4..8)?.try_into().ok()?;
    match data.get(..4)? {
        b"II*\0" => Some(u32::from_le_bytes(four).into()),
        b"MM\0*" => Some(u32::from_be_bytes(four).into()),
        b"II+\0" => Some(u64::from_le_bytes(data.get(8..16)?.try_into().ok()?)),
        b"MM\0+" => Some(u64::from_be_bytes(data.get(8..16)?.try_into().ok()?)),
        _ => None,
    }
}

struct Theirs {
    size: (u32, u32),
    bytes: Vec<u8>,
}

fn peer(data: &[u8]) -> Option<Theirs> {
    let mut limits = TheirLimits::default();
    limits.decoding_buffer_size = 1 << 20;
    limits.intermediate_buffer_size = 1 << 20;
    limits.ifd_value_size = 1 << 20;
    let mut decoder = Decoder::new(Cursor::new(data)).ok()?.with_limits(limits);
    let size = decoder.dimensions().ok()?;
    let bytes = match decoder.read_image().ok()? {
        DecodingResult::U8(v) => v,
        DecodingResult::U16(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::U32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::U64(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::F32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::F64(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I8(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I16(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I32(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::I64(v) => bytemuck::cast_slice(&v).to_vec(),
        DecodingResult::F16(_) => return None,
    };
    Some(Theirs { size, bytes })
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
