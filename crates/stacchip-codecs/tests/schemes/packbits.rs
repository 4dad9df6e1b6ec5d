use proptest::prelude::*;
use stacchip_codecs::PackBits;
use stacchip_cog::{BlockContext, Compression, DecodeError};

use crate::contract::{block, decode, encode, keeps_promises, scene};

#[test]
fn promises() {
    for plain in [
        scene(100, 60, 1, 1),
        vec![7; 6000],
        (0..=250).cycle().take(6000).collect(),
    ] {
        let block = block(Compression::PACKBITS, (100, 60), 1, 8);
        let source = encode(&PackBits, &plain, &block);
        keeps_promises(&PackBits, &source, &block, &plain);
    }
}

/// The example of TIFF 6.0, section 9.
#[test]
fn the_example_of_the_specification() {
    let packed = [
        0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA,
    ];
    let plain = [
        0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22, 0xAA,
        0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
    ];
    let block = block(Compression::PACKBITS, (24, 1), 1, 8);
    assert_eq!(decode(&PackBits, &packed, &block, 24).unwrap(), plain);
    assert_eq!(encode(&PackBits, &plain, &block), packed);
    let short = decode(&PackBits, &packed[..4], &block, 24);
    assert!(matches!(
        short,
        Err(DecodeError::Truncated {
            wanted: 24,
            got: 3,
            ..
        })
    ));
}

proptest! {
    #[test]
    fn round_trip(rows in prop::collection::vec(prop::collection::vec(0_u8..4, 37), 1..9)) {
        let plain = rows.concat();
        let block = block(Compression::PACKBITS, (37, u32::try_from(rows.len()).unwrap()), 1, 8);
        let source = encode(&PackBits, &plain, &block);
        prop_assert_eq!(decode(&PackBits, &source, &block, plain.len()).unwrap(), plain);
    }
}

#[test]
fn runs_end_with_rows_where_libtiff_reads_row_by_row() {
    // Six sevens in rows of four; then two more bytes.
    let packed = [0xFB, 7, 0x01, 1, 2];
    let whole = block(Compression::PACKBITS, (4, 2), 1, 8);
    assert_eq!(
        decode(&PackBits, &packed, &whole, 8).unwrap(),
        [7, 7, 7, 7, 7, 7, 1, 2]
    );
    let rows = BlockContext {
        row_by_row: true,
        ..whole
    };
    assert_eq!(
        decode(&PackBits, &packed, &rows, 6).unwrap(),
        [7, 7, 7, 7, 1, 2]
    );
    assert!(decode(&PackBits, &packed, &rows, 8).is_err());
}
