use stacchip_codecs::Zstd;
use stacchip_cog::{Compression, DecodeError};

use crate::contract::{block, decode, keeps_promises, scene};

/// Frames as writers make them: of known and unknown length, with and without a checksum.
fn frames(plain: &[u8]) -> Vec<Vec<u8>> {
    use std::io::Write as _;

    let mut frames = vec![::zstd::bulk::compress(plain, 3).unwrap()];
    for (level, checksum) in [(1, false), (9, true), (22, false)] {
        let mut encoder = ::zstd::stream::Encoder::new(Vec::new(), level).unwrap();
        encoder.include_checksum(checksum).unwrap();
        encoder.write_all(plain).unwrap();
        frames.push(encoder.finish().unwrap());
    }
    frames
}

#[test]
fn promises() {
    // More than one block of 128 KiB.
    let plain = scene(512, 300, 1, 2);
    let block = block(Compression::ZSTD, (512, 300), 1, 16);
    for source in frames(&plain) {
        keeps_promises(&Zstd::new(), &source, &block, &plain);
    }
}

#[test]
fn a_frame_that_goes_on_fills_the_block() {
    let plain = scene(512, 300, 1, 2);
    let block = block(Compression::ZSTD, (512, 200), 1, 16);
    let wanted = 512 * 200 * 2;
    for mut source in frames(&plain) {
        source.extend_from_slice(b"after");
        assert!(decode(&Zstd::new(), &source, &block, wanted).unwrap() == plain[..wanted]);
    }
}

#[test]
fn bytes_after_the_frame_are_passed_over() {
    let plain = scene(100, 100, 1, 1);
    let block = block(Compression::ZSTD, (100, 100), 1, 8);
    for mut source in frames(&plain) {
        source.extend_from_slice(b"after");
        assert!(decode(&Zstd::new(), &source, &block, plain.len()).unwrap() == plain);
    }
}

#[test]
fn a_wrong_checksum_is_seen() {
    let plain = scene(100, 100, 1, 1);
    let block = block(Compression::ZSTD, (100, 100), 1, 8);
    let mut source = frames(&plain).swap_remove(2);
    *source.last_mut().unwrap() ^= 1;
    let wrong = decode(&Zstd::new(), &source, &block, plain.len());
    assert!(
        matches!(wrong, Err(DecodeError::Corrupt { .. })),
        "{:?}",
        wrong.is_ok()
    );
}

#[test]
fn a_short_frame_says_how_short() {
    let block = block(Compression::ZSTD, (100, 100), 1, 8);
    for source in frames(&[3; 500]) {
        let short = decode(&Zstd::new(), &source, &block, 10_000);
        assert!(
            matches!(
                short,
                Err(DecodeError::Truncated {
                    wanted: 10_000,
                    got: 500,
                    ..
                })
            ),
            "{short:?}"
        );
    }
}

/// Frames that claim terabytes, in both forms of header, are answered from what they hold.
#[test]
fn claims_are_not_believed() {
    let block = block(Compression::ZSTD, (100, 100), 1, 8);
    let claims: [&[u8]; 3] = [
        // Single segment of 2^40 bytes, one block of a byte repeated 5 times.
        &[
            0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 1, 0, 0, 0x2B, 0, 0, 9,
        ],
        // A window of 2^41 bytes.
        &[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xF8, 0x2B, 0, 0, 9],
        // A window of 128 MiB, the most that libzstd allows.
        &[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x88, 0x2B, 0, 0, 9],
    ];
    for claim in claims {
        assert!(decode(&Zstd::new(), claim, &block, 10_000).is_err());
    }
}

#[cfg(feature = "libzstd")]
#[test]
fn every_level_comes_back() {
    use crate::contract::encode;

    let plain = scene(64, 64, 3, 1);
    let block = block(Compression::ZSTD, (64, 64), 3, 8);
    for level in 0..=23 {
        let zstd = Zstd::new().level(level);
        let source = encode(&zstd, &plain, &block);
        assert!(source.len() < plain.len());
        assert!(decode(&zstd, &source, &block, plain.len()).unwrap() == plain);
    }
}

#[test]
fn a_few_rows_of_a_huge_strip() {
    // A strip that would take 256 GiB, of which there are 1200 rows.
    let plain = scene(512, 1200, 1, 2);
    let block = block(Compression::ZSTD, (512, 1 << 28), 1, 16);
    for source in frames(&plain) {
        for rows in [1, 700, 1200] {
            let wanted = 512 * rows * 2;
            let got = decode(&Zstd::new(), &source, &block, wanted).unwrap();
            assert!(got == plain[..wanted], "{rows} rows");
        }
        let missing = decode(&Zstd::new(), &source, &block, plain.len() + 1024);
        assert!(
            matches!(missing, Err(DecodeError::Truncated { got, .. }) if got == plain.len()),
            "{missing:?}"
        );
    }
}
