use stacchip_codecs::Next;
use stacchip_cog::{Compression, DecodeError};

use crate::contract::{block, decode, survives_mutation};

#[test]
fn rows_of_each_kind() {
    // Whole, a span in white, and runs: one of three black, then five of grey 1.
    let source = [0x00, 0x12, 0x34, 0x40, 0, 1, 0, 1, 0x56, 0x03, 0x45];
    let block = block(Compression::NEXT, (8, 3), 1, 2);
    let out = decode(&Next, &source, &block, 6).unwrap();
    assert_eq!(out, [0x12, 0x34, 0xFF, 0x56, 0b0000_0001, 0b0101_0101]);
    assert_eq!(decode(&Next, &source, &block, 2).unwrap(), [0x12, 0x34]);
    let short = decode(&Next, &source[..10], &block, 6);
    assert!(
        matches!(
            short,
            Err(DecodeError::Truncated {
                wanted: 6,
                got: 4,
                ..
            })
        ),
        "{short:?}"
    );
    survives_mutation(&Next, &source, &block, 2000);
}

#[test]
fn a_span_outside_its_row_is_refused() {
    let block = block(Compression::NEXT, (8, 1), 1, 2);
    assert!(decode(&Next, &[0x40, 0, 2, 0, 1, 9], &block, 2).is_err());
    assert!(decode(&Next, &[0x40, 0xFF, 0xFF, 0, 1, 9], &block, 2).is_err());
}
