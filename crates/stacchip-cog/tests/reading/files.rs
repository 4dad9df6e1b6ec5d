//! Files to read, and what it takes to read them.

use std::{
    fmt,
    io::{Read, Write},
};

use bytes::Bytes;
use flate2::{Compression as Level, read::ZlibDecoder, write::ZlibEncoder};
use proptest::prelude::*;
use stacchip_cog::{
    Bands, BlockContext, BlockError, Codecs, Cog, Compression, DecodeError, DecodedOrder,
    EncodeError, HeaderDecoder, HeaderError, Image, Limits, Part, Step, Strides, TileDecoder,
    TileEncoder, WriteOptions,
    write::{BigTiff, Interleave, Overviews, Predictor, Resampling},
    write_cog, write_geotiff,
};
use stacchip_model::{Pixels, SampleType, Window};

/// zlib streams, by a library.
#[derive(Debug)]
pub struct Zlib;

impl TileDecoder for Zlib {
    fn schemes(&self) -> &[Compression] {
        &[Compression::DEFLATE]
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn decode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut [u8],
    ) -> Result<(), DecodeError> {
        ZlibDecoder::new(source)
            .read_exact(out)
            .map_err(|e| DecodeError::Corrupt {
                scheme: Compression::DEFLATE,
                detail: e.to_string(),
            })
    }
}

impl TileEncoder for Zlib {
    fn scheme(&self) -> Compression {
        Compression::DEFLATE
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let mut encoder = ZlibEncoder::new(out, Level::fast());
        encoder.write_all(source).unwrap();
        encoder.finish().unwrap();
        Ok(())
    }
}

/// A file, and the pixels that were put into it.
#[derive(Clone)]
pub struct File {
    pub bytes: Bytes,
    pub pixels: Pixels,
    made: String,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.made)
    }
}

/// Files of every layout that the writer has.
pub fn files() -> impl Strategy<Value = File> {
    let shape = (1usize..5, 1usize..70, 1usize..70);
    let layout = (
        prop_oneof![Just(None), (1u32..80).prop_map(Some)],
        any::<[bool; 6]>(),
        0usize..SampleType::ALL.len(),
        any::<u64>(),
    );
    (shape, layout).prop_map(|(shape, layout)| file(shape, layout))
}

type Shape = (usize, usize, usize);
type Layout = (Option<u32>, [bool; 6], usize, u64);

fn file((bands, rows, cols): Shape, (strips, flags, sample, seed): Layout) -> File {
    let [planar, predict, big_endian, big_tiff, cog, compress] = flags;
    let sample = SampleType::ALL[sample];
    let mut pixels = Pixels::zeros(sample, [bands, rows, cols]).unwrap();
    let mut state = seed | 1;
    for byte in pixels.as_bytes_mut() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *byte = u8::try_from(state >> 60).unwrap();
    }
    let mut options = WriteOptions::geotiff()
        .interleave(if planar {
            Interleave::Band
        } else {
            Interleave::Pixel
        })
        .overviews(Overviews::Count(u8::from(cog)), Resampling::Nearest)
        .big_tiff(if big_tiff {
            BigTiff::Always
        } else {
            BigTiff::IfNeeded
        })
        .big_endian(big_endian);
    options = match strips {
        Some(rows) if !cog => options.strips(rows),
        _ => options.tiles(16),
    };
    if predict && compress {
        options = options.predictor(Predictor::suiting(sample));
    }
    let zlib = Zlib;
    let encoder = compress.then_some(&zlib as &dyn TileEncoder);
    let written = if cog {
        write_cog(&pixels, &options, encoder)
    } else {
        write_geotiff(&pixels, &options, encoder)
    };
    File {
        bytes: written.unwrap().into(),
        made: format!("{bands} × {rows} × {cols} {sample}, {options:?}, compressed: {compress}"),
        pixels,
    }
}

/// The header of `bytes`, supplied in pieces of at most `piece` bytes.
pub fn header(bytes: &Bytes, piece: u64, limits: Limits) -> Result<Cog, HeaderError> {
    let mut decoder = HeaderDecoder::new(limits);
    for _ in 0..100_000 {
        match decoder.step()? {
            Step::Done(cog) => return Ok(*cog),
            Step::Need(ranges) => {
                assert!(!ranges.is_empty(), "needs nothing, and is not done");
                for range in ranges {
                    // Only the beginning of each: the rest must be asked for again.
                    let end = range.end.min(range.start.saturating_add(piece));
                    let held = bytes.len() as u64;
                    if range.end > held {
                        decoder.ends_at(held);
                    }
                    decoder.supply(range.start, part(bytes, range.start, end));
                }
            }
        }
    }
    panic!("no end of needs");
}

/// The codecs of these tests.
pub fn codecs() -> Codecs {
    Codecs::new().with(Zlib)
}

/// A window of `image`, or why there is none.
pub fn read(
    bytes: &Bytes,
    image: &Image,
    level: usize,
    window: Window,
    bands: Bands<'_>,
) -> Result<Pixels, String> {
    let plan = image
        .plan(level, window, bands, Part::Pixels)
        .map_err(|e| e.to_string())?;
    for range in plan.table_ranges() {
        plan.supply_table(&range, &part(bytes, range.start, range.end));
    }
    let ranges = plan.ranges().map_err(|e| e.to_string())?;
    let blocks: Vec<Bytes> = ranges.iter().map(|r| part(bytes, r.start, r.end)).collect();
    let mut pixels = Pixels::zeros(plan.sample(), plan.shape()).map_err(|e| e.to_string())?;
    plan.decode(&blocks, &codecs(), pixels.as_bytes_mut())
        .map_err(|e: BlockError| e.to_string())?;
    // The same again into a larger buffer gives the same, and touches nothing between.
    let tight = plan.strides();
    let loose = Strides {
        row: tight.row + 3,
        band: (tight.row + 3) * plan.shape()[1] + 5,
    };
    let mut wide = vec![0xa5; loose.band * plan.shape()[0]];
    plan.decode_into(
        &blocks,
        &codecs(),
        &mut stacchip_cog::Scratch::default(),
        &mut wide,
        loose,
    )
    .unwrap();
    for band in 0..plan.shape()[0] {
        for row in 0..plan.shape()[1] {
            let at = band * loose.band + row * loose.row;
            let want = band * tight.band + row * tight.row;
            assert_eq!(
                wide[at..at + tight.row],
                pixels.as_bytes()[want..want + tight.row]
            );
            assert_eq!(wide[at + tight.row..at + loose.row], [0xa5; 3]);
        }
    }
    Ok(pixels)
}

/// What `bytes` has of `start..end`.
pub fn part(bytes: &Bytes, start: u64, end: u64) -> Bytes {
    let len = bytes.len();
    let end = usize::try_from(end).unwrap_or(len).min(len);
    let start = usize::try_from(start).unwrap_or(len).min(end);
    bytes.slice(start..end)
}
