use stacchip_codecs::Jxl;
use stacchip_cog::{BlockContext, Compression};
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
use zune_jpegxl::JxlSimpleEncoder;

use crate::contract::{block, decode, keeps_promises, scene};

fn lossless(plain: &[u8], size: (usize, usize), samples: u16, bits: u16) -> Vec<u8> {
    let colour = match samples {
        1 => ColorSpace::Luma,
        2 => ColorSpace::LumaA,
        3 => ColorSpace::RGB,
        _ => ColorSpace::RGBA,
    };
    let depth = if bits == 8 {
        BitDepth::Eight
    } else {
        BitDepth::Sixteen
    };
    let options = EncoderOptions::new(size.0, size.1, colour, depth);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(plain, options)
        .encode(&mut out)
        .unwrap();
    out
}

#[test]
fn promises() {
    for (samples, bits) in [(1, 8), (3, 8), (4, 8), (1, 16), (3, 16)] {
        let plain = scene(64, 48, samples.into(), usize::from(bits) / 8);
        for compression in [Compression::JXL, Compression::JXL_DNG] {
            let block = block(compression, (64, 48), samples, bits);
            keeps_promises(
                &Jxl,
                &lossless(&plain, (64, 48), samples, bits),
                &block,
                &plain,
            );
        }
    }
}

#[test]
fn big_endian_files_hold_turned_samples() {
    let plain = scene(64, 48, 1, 2);
    let source = lossless(&plain, (64, 48), 1, 16);
    let block = BlockContext {
        big_endian: true,
        ..block(Compression::JXL, (64, 48), 1, 16)
    };
    let out = decode(&Jxl, &source, &block, plain.len()).unwrap();
    for (out, plain) in out.chunks(2).zip(plain.chunks(2)) {
        assert_eq!([out[1], out[0]], plain);
    }
}

#[test]
fn another_size_or_depth_is_refused() {
    let source = lossless(&scene(64, 48, 3, 1), (64, 48), 3, 8);
    for (size, samples, bits) in [((48, 64), 3, 8), ((64, 48), 4, 8), ((64, 48), 3, 16)] {
        let block = block(Compression::JXL, size, samples, bits);
        let length = 64 * 48 * usize::from(samples * bits / 8);
        assert!(decode(&Jxl, &source, &block, length).is_err());
    }
}
