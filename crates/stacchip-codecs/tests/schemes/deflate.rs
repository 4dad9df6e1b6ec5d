use std::io::Write as _;

use flate2::{Compression as Level, write::ZlibEncoder};
use proptest::prelude::*;
use stacchip_codecs::Deflate;
use stacchip_cog::{Compression, DecodeError};

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

proptest! {
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
