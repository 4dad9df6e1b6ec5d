use stacchip_codecs::ThunderScan;
use stacchip_cog::{Compression, DecodeError};

use crate::contract::{block, decode, survives_mutation};

#[test]
fn codes_of_each_kind() {
    // 5 as it is; three more of it; up 1, skip, down 1; up 3, down 4 (mod 16).
    let source = [0xC5, 0x03, 0b0101_1011, 0b1001_1101];
    let block = block(Compression::THUNDERSCAN, (8, 1), 1, 4);
    let out = decode(&ThunderScan, &source, &block, 4).unwrap();
    assert_eq!(out, [0x55, 0x55, 0x65, 0x85]);
    let short = decode(&ThunderScan, &source[..3], &block, 4);
    assert!(
        matches!(
            short,
            Err(DecodeError::Truncated {
                wanted: 4,
                got: 0,
                ..
            })
        ),
        "{short:?}"
    );
    survives_mutation(&ThunderScan, &source, &block, 2000);
}

#[test]
fn a_run_past_its_row_is_refused() {
    let block = block(Compression::THUNDERSCAN, (8, 1), 1, 4);
    let long = decode(&ThunderScan, &[0xC5, 0x08], &block, 4);
    assert!(matches!(long, Err(DecodeError::Corrupt { .. })), "{long:?}");
}
