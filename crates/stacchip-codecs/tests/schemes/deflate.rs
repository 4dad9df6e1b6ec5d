use std::io::Write as _;

use flate2::{Compression as Level, write::ZlibEncoder};
use proptest::prelude::*;
use stacchip_codecs::Deflate;
use stacchip_cog::{Compression, DecodeError, TileDecoder as _};

use crate::contract::{block, decode, encode, keeps_promises, scene};

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Level::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn promises() {
    let plain = scene(256, 256, 1, 2);
    for compression in [Compression::DEFLATE, Compression::OLD_DEFLATE] {
        let block = block(compression, (256, 256), 1, 16);
        keeps_promises(&Deflate::new(), &zlib(&plain), &block, &plain);
    }
}

#[test]
fn every_level_comes_back() {
    let plain = scene(64, 64, 3, 1);
    let block = block(Compression::DEFLATE, (64, 64), 3, 8);
    for level in 0..=13 {
        let deflate = Deflate::new().level(level);
        let source = encode(&deflate, &plain, &block);
        assert!(source.len() < plain.len());
        assert_eq!(
            decode(&deflate, &source, &block, plain.len()).unwrap(),
            plain
        );
    }
}

#[test]
fn bytes_after_the_stream_are_passed_over() {
    let plain = scene(64, 64, 1, 1);
    let block = block(Compression::DEFLATE, (64, 64), 1, 8);
    let mut source = zlib(&plain);
    source.extend_from_slice(&[0, 1, 2, 3, 0xFF]);
    assert_eq!(
        decode(&Deflate::new(), &source, &block, plain.len()).unwrap(),
        plain
    );
}

#[test]
fn a_missing_checksum_is_let_pass_and_a_wrong_one_is_not() {
    let plain = scene(64, 64, 1, 1);
    let block = block(Compression::DEFLATE, (64, 64), 1, 8);
    let mut source = zlib(&plain);
    for missing in 1..=4 {
        let cut = &source[..source.len() - missing];
        assert_eq!(
            decode(&Deflate::new(), cut, &block, plain.len()).unwrap(),
            plain
        );
    }
    *source.last_mut().unwrap() ^= 1;
    let wrong = decode(&Deflate::new(), &source, &block, plain.len());
    assert!(
        matches!(wrong, Err(DecodeError::Corrupt { .. })),
        "{:?}",
        wrong.is_ok()
    );
    // The first rows never see it.
    assert_eq!(
        decode(&Deflate::new(), &source, &block, 640).unwrap(),
        plain[..640]
    );
}

#[test]
fn a_stream_that_goes_on_fills_the_block() {
    let plain = scene(64, 64, 1, 1);
    let source = zlib(&plain);
    let block = block(Compression::DEFLATE, (64, 40), 1, 8);
    assert_eq!(
        decode(&Deflate::new(), &source, &block, 2560).unwrap(),
        plain[..2560]
    );
}

#[test]
fn a_stream_that_is_too_short_says_how_short() {
    let source = zlib(&[1; 100]);
    let block = block(Compression::DEFLATE, (64, 64), 1, 8);
    let short = decode(&Deflate::new(), &source, &block, 4096);
    assert!(
        matches!(
            short,
            Err(DecodeError::Truncated {
                wanted: 4096,
                got: 100,
                ..
            })
        ),
        "{short:?}"
    );
}

/// A stream of parts, each as it compresses at a level: 0 leaves it as it is.
fn in_parts(parts: &[(usize, u32)]) -> (Vec<u8>, Vec<u8>) {
    let mut plain = Vec::new();
    let mut packed = Vec::new();
    let mut deflate = flate2::Compress::new(Level::new(6), true);
    let mut word = 1_u32;
    for &(length, level) in parts {
        let part: Vec<u8> = (0..length)
            .map(|i| {
                word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [.., noise] = word.to_be_bytes();
                // What finds no strings is stored; what repeats is not.
                if level == 0 {
                    noise
                } else {
                    u8::try_from(i / 7 % 19).unwrap() ^ noise >> 6
                }
            })
            .collect();
        let start = packed.len();
        packed.resize(start + 2 * length + 1024, 0);
        let before = deflate.total_out();
        deflate
            .compress(&part, &mut packed[start..], flate2::FlushCompress::Full)
            .unwrap();
        packed.truncate(start + usize::try_from(deflate.total_out() - before).unwrap());
        plain.extend(part);
    }
    let start = packed.len();
    packed.resize(start + 64, 0);
    deflate
        .compress(&[], &mut packed[start..], flate2::FlushCompress::Finish)
        .unwrap();
    (plain, packed)
}

proptest! {
    /// However little room there is to spare, and whatever the stream is made of.
    #[test]
    fn the_first_bytes_are_the_first_of_all(
        parts in prop::collection::vec((1_usize..40_000, 0_u32..2), 1..5),
        at in 0.0..1.0_f64, near in 0_usize..600, spare in 0_usize..700,
    ) {
        let (plain, packed) = in_parts(&parts);
        let length = u32::try_from(plain.len()).unwrap();
        let block = block(Compression::DEFLATE, (length, 1), 1, 8);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the length")]
        let anywhere = (plain.len() as f64 * at) as usize;
        // Also where one part ends and the next begins.
        for wanted in [anywhere, parts[0].0.saturating_sub(near), parts[0].0 + near] {
            let wanted = wanted.min(plain.len() - 1);
            let mut out = vec![0xAA; wanted + spare];
            Deflate::new().decode_first(&packed, &block, wanted, &mut out).unwrap();
            prop_assert!(out[..wanted] == plain[..wanted]);
        }
    }

    /// Garbage has the same verdict as from flate2, and the same bytes.
    #[test]
    fn garbage(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1_u32..400) {
        let mut source = vec![0x78, 0x9C];
        source.extend(bytes);
        let block = block(Compression::DEFLATE, (size, 1), 1, 8);
        let ours = decode(&Deflate::new(), &source, &block, size as usize);
        let mut theirs = vec![0; size as usize];
        let mut inflate = flate2::Decompress::new(true);
        let fine = inflate.decompress(&source, &mut theirs, flate2::FlushDecompress::None).is_ok()
            && inflate.total_out() == u64::from(size);
        if let Ok(ours) = ours {
            prop_assert!(fine);
            prop_assert_eq!(ours, theirs);
        }
    }
}
