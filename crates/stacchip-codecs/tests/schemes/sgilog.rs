use stacchip_codecs::SgiLog;
use stacchip_cog::{BlockContext, Compression, SampleFormat};

use crate::contract::{block, decode, survives_mutation};

fn of(
    compression: Compression,
    samples: u16,
    bits: u16,
    format: SampleFormat,
) -> BlockContext<'static> {
    BlockContext {
        format,
        photometric: if samples == 1 { 32844 } else { 32845 },
        ..block(compression, (4, 1), samples, bits)
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let chunks = bytes.as_chunks::<4>().0;
    chunks.iter().map(|c| f32::from_ne_bytes(*c)).collect()
}

#[test]
fn luminances() {
    // High bytes: a run of four; low bytes: as they are.
    let source = [0x82, 0x40, 4, 0, 1, 0, 0];
    let codes = of(Compression::SGI_LOG, 1, 16, SampleFormat::Signed);
    let out = decode(&SgiLog, &source, &codes, 8).unwrap();
    let want: Vec<u8> = [0x4000u16, 0x4001, 0x4000, 0x4000]
        .iter()
        .flat_map(|v| v.to_ne_bytes())
        .collect();
    assert_eq!(out, want);
    // 2^14 of 256 steps an octave, 64 octaves down: one, and half a step.
    let light = of(Compression::SGI_LOG, 1, 32, SampleFormat::Float);
    let out = floats(&decode(&SgiLog, &source, &light, 16).unwrap());
    let step = 2f32.powf(1.0 / 512.0);
    assert!((out[0] - step).abs() < 1e-6 && out[1] > out[0], "{out:?}");
    let grey = of(Compression::SGI_LOG, 1, 8, SampleFormat::Unsigned);
    assert_eq!(decode(&SgiLog, &source, &grey, 4).unwrap(), [255; 4]);
    assert!(decode(&SgiLog, &source[..6], &codes, 8).is_err());
    survives_mutation(&SgiLog, &source, &codes, 200);
}

#[test]
fn colours() {
    // Equal energy: u' = 4/19, v' = 9/19, in steps of 1/410.
    let source = [0x82, 0x40, 0x82, 0, 0x82, 86, 0x82, 194];
    let xyz = of(Compression::SGI_LOG, 3, 32, SampleFormat::Float);
    let out = floats(&decode(&SgiLog, &source, &xyz, 48).unwrap());
    assert!(out.iter().all(|v| (v - 1.0).abs() < 0.02), "{out:?}");
    let luv = of(Compression::SGI_LOG, 3, 16, SampleFormat::Signed);
    let out = decode(&SgiLog, &source, &luv, 24).unwrap();
    assert_eq!(out[..2], 0x4000u16.to_ne_bytes());
    // The same of 24 bits: a logarithm of 64 steps an octave, 12 octaves down; no such colour.
    let short = [12 << 4, 0x3F, 0xFF].repeat(4);
    let xyz = of(Compression::SGI_LOG_24, 3, 32, SampleFormat::Float);
    let out = floats(&decode(&SgiLog, &short, &xyz, 48).unwrap());
    assert!(out.iter().all(|v| (v - 1.0).abs() < 0.02), "{out:?}");
    let other = of(Compression::SGI_LOG, 2, 16, SampleFormat::Signed);
    assert!(decode(&SgiLog, &source, &other, 16).is_err());
}
