//! Headers: the answer does not depend on how the bytes arrive.

use bytes::Bytes;
use stacchip_cog::{
    BlockId, BlockPlace, BlockTable, Cog, HeaderDecoder, HeaderError, Level, Limits, Step,
};

use crate::{Choices, memory};

/// Reads a header at once and in pieces, and compares.
pub fn header(input: &[u8]) {
    let (data, mut choices) = Choices::split(input);
    let file = Bytes::copy_from_slice(data);
    let limits = Limits {
        directories: 16,
        entries: 256,
        bands: 256,
        tag_bytes: 64 << 10,
        // Of what is asked for. Where all bytes are there nothing is, so it must not be what
        // decides: inputs are smaller.
        header_bytes: 64 << 20,
        first_read_bytes: 1 + u64::from(choices.below(4096)),
        page_bytes: 1 << (choices.byte() % 13),
        ..Limits::default()
    };
    memory::within("reading a header", MEMORY + 64 * file.len(), || {
        let whole = at_once(&file, &limits);
        let split = in_pieces(&file, &limits, &mut choices);
        match (whole, split) {
            (Ok(whole), Ok(split)) => {
                assert_eq!(summary(&whole, &file), summary(&split, &file));
            }
            (Err(whole), Err(split)) => assert_eq!(whole.to_string(), split.to_string()),
            (whole, split) => panic!(
                "at once: {:?}, in pieces: {:?}",
                whole.map(|c| summary(&c, &file)),
                split.map(|c| summary(&c, &file))
            ),
        }
    });
}

fn at_once(file: &Bytes, limits: &Limits) -> Result<Box<Cog>, HeaderError> {
    let mut decoder = HeaderDecoder::new(limits.clone());
    decoder.ends_at(file.len() as u64);
    decoder.supply(0, file.clone());
    match decoder.step()? {
        Step::Done(cog) => Ok(cog),
        Step::Need(ranges) => panic!("all bytes are there, but {ranges:?} are wanted"),
    }
}

fn in_pieces(
    file: &Bytes,
    limits: &Limits,
    choices: &mut Choices,
) -> Result<Box<Cog>, HeaderError> {
    let mut decoder = HeaderDecoder::new(limits.clone());
    if choices.byte() & 1 == 1 {
        decoder.ends_at(file.len() as u64);
    }
    for _ in 0..STEPS {
        let mut wanted = match decoder.step()? {
            Step::Done(cog) => return Ok(cog),
            Step::Need(ranges) => ranges,
        };
        assert!(!wanted.is_empty(), "nothing is wanted, yet it is not done");
        assert!(
            wanted.iter().all(|r| r.start < r.end)
                && wanted.windows(2).all(|w| w[0].end < w[1].start),
            "ranges not sorted or not apart: {wanted:?}"
        );
        if choices.byte() & 1 == 1 {
            wanted.reverse();
        }
        for range in wanted {
            let len = file.len() as u64;
            // What lies beyond the end is answered short, which tells where the end is.
            if range.end > len {
                decoder.ends_at(len);
            }
            let before = u64::from(choices.below(40)).min(range.start);
            let mut at = (range.start - before).min(len);
            let end = range.end.saturating_add(choices.below(40).into()).min(len);
            let piece = match choices.byte() {
                0 => u64::MAX,
                byte => u64::from(byte) * u64::from(byte),
            };
            let mut pieces = Vec::new();
            while at < end {
                let to = at.saturating_add(piece).min(end);
                pieces.push(at..to);
                at = to;
            }
            if choices.byte() & 1 == 1 {
                pieces.reverse();
            }
            // Some of it may be left out: it will be asked for again.
            let keep = if choices.byte() > 200 {
                1
            } else {
                pieces.len()
            };
            for piece in pieces.into_iter().take(keep) {
                decoder.supply(piece.start, slice(file, piece.start, piece.end));
            }
        }
    }
    panic!("not done after {STEPS} steps")
}

fn slice(file: &Bytes, start: u64, end: u64) -> Bytes {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(file.len());
    file.slice(at(start)..at(end))
}

/// What a header says, apart from which pages of it are at hand.
fn summary(cog: &Cog, file: &Bytes) -> String {
    let mut text = format!(
        "{} {} {:?} {:?}",
        cog.big_endian, cog.big_tiff, cog.ghost, cog.warnings
    );
    for image in &cog.images {
        let levels: Vec<_> = image.levels.iter().map(|l| level(l, file)).collect();
        text += &format!(
            "\n{levels:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            image.bands,
            image.nodata,
            image.georeference,
            image.colour_table,
            image.metadata,
            image.domains
        );
    }
    text
}

fn level(level: &Level, file: &Bytes) -> String {
    format!(
        "{:?} {:?} {} {:?} {:?} {:?} {} {:?} {} {:?} {:?}",
        level.size,
        level.block,
        level.tiled,
        level.encoding,
        level.sample,
        level.fill,
        level.promote,
        level.source,
        level.directory,
        places(&level.table, level.block_count(), file),
        level.mask.as_ref().map(|mask| self::level(mask, file)),
    )
}

/// Where the first and the last blocks are, with the tables read as far as that takes.
fn places(table: &BlockTable, blocks: u64, file: &Bytes) -> Vec<BlockPlace> {
    let ids = (0..blocks.min(LOOKED_AT)).chain(blocks.checked_sub(1));
    ids.map(|id| {
        for _ in 0..STEPS {
            match table.place(BlockId(id)) {
                BlockPlace::Unknown(ranges) => {
                    for range in ranges {
                        let bytes = slice(file, range.start, range.end);
                        table.supply(range.start, range.end - range.start, &bytes);
                    }
                }
                place => return place,
            }
        }
        panic!("the place of block {id} is not known after {STEPS} rounds")
    })
    .collect()
}

const STEPS: usize = 20_000;
const LOOKED_AT: u64 = 64;
/// Two headers and what is said of them, `bands` of each of the directories.
const MEMORY: usize = 8 << 20;
