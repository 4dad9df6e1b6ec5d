use std::{io::Write as _, num::NonZeroU64};

use lzma_rust2::{FilterConfig, FilterType, LzmaOptions, XzOptions, XzWriter};
use stacchip_codecs::Lzma;
use stacchip_cog::{Compression, DecodeError};

use crate::contract::{block, decode, keeps_promises, scene};

fn xz(plain: &[u8], preset: u32, delta: Option<u32>) -> Vec<u8> {
    let mut options = XzOptions::with_preset(preset);
    options.lzma_options = LzmaOptions::with_preset(preset);
    options.set_block_size(NonZeroU64::new(1 << 30));
    if let Some(distance) = delta {
        options.filters.push(FilterConfig {
            filter_type: FilterType::Delta,
            property: distance,
        });
    }
    let mut writer = XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

#[test]
fn promises() {
    let plain = scene(120, 90, 1, 2);
    let block = block(Compression::LZMA, (120, 90), 1, 16);
    for delta in [None, Some(2)] {
        for preset in [1, 6] {
            keeps_promises(&Lzma, &xz(&plain, preset, delta), &block, &plain);
        }
    }
}

#[test]
fn a_short_stream_says_how_short() {
    let block = block(Compression::LZMA, (100, 100), 1, 8);
    let short = decode(&Lzma, &xz(&[7; 900], 6, None), &block, 10_000);
    assert!(
        matches!(
            short,
            Err(DecodeError::Truncated {
                wanted: 10_000,
                got: 900,
                ..
            })
        ),
        "{short:?}"
    );
}
