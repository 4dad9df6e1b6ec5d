use image_webp::{ColorType, WebPEncoder};
use stacchip_codecs::Webp;
use stacchip_cog::Compression;

use crate::contract::{block, decode, encode, keeps_promises, scene};

fn lossless(pixels: &[u8], width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let colour = if alpha {
        ColorType::Rgba8
    } else {
        ColorType::Rgb8
    };
    WebPEncoder::new(&mut out)
        .encode(pixels, width, height, colour)
        .unwrap();
    out
}

#[test]
fn promises() {
    for samples in [3, 4] {
        let plain = scene(64, 48, samples.into(), 1);
        let block = block(Compression::WEBP, (64, 48), samples, 8);
        let source = lossless(&plain, 64, 48, samples == 4);
        keeps_promises(&Webp, &source, &block, &plain);
        keeps_promises(&Webp, &encode(&Webp, &plain, &block), &block, &plain);
    }
}

#[test]
fn a_missing_alpha_is_opaque() {
    let rgb = scene(64, 48, 3, 1);
    let source = lossless(&rgb, 64, 48, false);
    let block = block(Compression::WEBP, (64, 48), 4, 8);
    let out = decode(&Webp, &source, &block, 64 * 48 * 4).unwrap();
    for (rgba, rgb) in out.chunks(4).zip(rgb.chunks(3)) {
        assert_eq!(rgba, [rgb, &[255]].concat());
    }
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let source = lossless(&scene(64, 48, 3, 1), 64, 48, false);
    for size in [(64, 47), (63, 48), (48, 64), (128, 96)] {
        let block = block(Compression::WEBP, size, 3, 8);
        assert!(decode(&Webp, &source, &block, (size.0 * size.1 * 3) as usize).is_err());
    }
}
