use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use stacchip_codecs::Jpeg;
use stacchip_cog::{BlockContext, Compression, DecodeError};

use crate::contract::{block, decode, scene, survives_mutation};

fn smooth(width: usize, height: usize, samples: usize) -> Vec<u8> {
    (0..width * height * samples)
        .map(|i| {
            let (sample, x, y) = (i % samples, i / samples % width, i / samples / width);
            u8::try_from((x * 2 + y + sample * 60) % 256)
                .unwrap()
                .min(250)
        })
        .collect()
}

fn jpeg(pixels: &[u8], size: (u16, u16), colour: ColorType, sampling: SamplingFactor) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(sampling);
    encoder.encode(pixels, size.0, size.1, colour).unwrap();
    out
}

fn of(size: (u32, u32), samples: u16, photometric: u16) -> BlockContext<'static> {
    BlockContext {
        photometric,
        ..block(Compression::JPEG, size, samples, 8)
    }
}

fn near(out: &[u8], plain: &[u8], most: u8) {
    assert_eq!(out.len(), plain.len());
    let worst = out.iter().zip(plain).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(most), "off by {worst:?}");
}

/// The tables of a stream apart from the rest, as TIFF keeps them.
fn split(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut tables, mut rest) = (vec![0xFF, 0xD8], vec![0xFF, 0xD8]);
    let mut at = 2;
    while stream[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        let segment = &stream[at..at + length];
        match segment[1] {
            0xDB | 0xC4 => tables.extend_from_slice(segment),
            _ => rest.extend_from_slice(segment),
        }
        at += length;
    }
    tables.extend_from_slice(&[0xFF, 0xD9]);
    rest.extend_from_slice(&stream[at..]);
    (tables, rest)
}

#[test]
fn grey_with_and_without_shared_tables() {
    let plain = smooth(64, 48, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Luma, SamplingFactor::F_1_1);
    let block = of((64, 48), 1, 1);
    let out = decode(&Jpeg, &stream, &block, plain.len()).unwrap();
    near(&out, &plain, 8);

    let (tables, rest) = split(&stream);
    assert!(decode(&Jpeg, &rest, &block, plain.len()).is_err());
    let with_tables = BlockContext {
        jpeg_tables: Some(&tables),
        ..block
    };
    assert_eq!(
        decode(&Jpeg, &rest, &with_tables, plain.len()).unwrap(),
        out
    );
    survives_mutation(&Jpeg, &rest, &with_tables, 500);
    for cut in 0..tables.len() {
        let cut = BlockContext {
            jpeg_tables: Some(&tables[..cut]),
            ..block
        };
        let _ = decode(&Jpeg, &rest, &cut, plain.len());
    }
}

#[test]
fn ycbcr_becomes_rgb_at_every_subsampling() {
    let plain = smooth(96, 64, 3);
    for sampling in [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
    ] {
        let stream = jpeg(&plain, (96, 64), ColorType::Rgb, sampling);
        let block = of((96, 64), 3, 6);
        let out = decode(&Jpeg, &stream, &block, plain.len()).unwrap();
        let mean = out
            .iter()
            .zip(&plain)
            .map(|(a, b)| f64::from(a.abs_diff(*b)))
            .sum::<f64>()
            / out.len() as f64;
        assert!(mean < 12.0, "{sampling:?}: {mean}");
        survives_mutation(&Jpeg, &stream, &block, 100);
    }
}

/// Only photometric 6 is converted: what a stream's own markers say of colour is not asked.
#[test]
fn other_samples_come_as_they_are() {
    let plain = smooth(64, 48, 3);
    let stream = jpeg(&plain, (64, 48), ColorType::Ycbcr, SamplingFactor::F_1_1);
    let out = decode(&Jpeg, &stream, &of((64, 48), 3, 2), plain.len()).unwrap();
    near(&out, &plain, 8);
    let converted = decode(&Jpeg, &stream, &of((64, 48), 3, 6), plain.len()).unwrap();
    assert_ne!(out, converted);

    let plain = smooth(64, 48, 4);
    let stream = jpeg(&plain, (64, 48), ColorType::Ycck, SamplingFactor::F_1_1);
    let out = decode(&Jpeg, &stream, &of((64, 48), 4, 5), plain.len()).unwrap();
    near(&out, &plain, 8);
    survives_mutation(&Jpeg, &stream, &of((64, 48), 4, 5), 200);
}

#[test]
fn frames_that_do_not_fit() {
    let plain = smooth(64, 48, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Luma, SamplingFactor::F_1_1);
    let whole = decode(&Jpeg, &stream, &of((64, 48), 1, 1), plain.len()).unwrap();

    // A last strip that was filled up.
    let out = decode(&Jpeg, &stream, &of((64, 40), 1, 1), 64 * 40).unwrap();
    assert_eq!(out, whole[..64 * 40]);

    // A frame smaller than its tile.
    let out = decode(&Jpeg, &stream, &of((80, 50), 1, 1), 80 * 50).unwrap();
    for (y, row) in out.chunks(80).enumerate() {
        let (held, zeros) = row.split_at(64);
        if y < 48 {
            assert_eq!(held, &whole[y * 64..(y + 1) * 64]);
        } else {
            assert!(held.iter().all(|&b| b == 0));
        }
        assert!(zeros.iter().all(|&b| b == 0));
    }

    let wide = decode(&Jpeg, &stream, &of((63, 48), 1, 1), 63 * 48);
    assert!(matches!(wide, Err(DecodeError::Corrupt { .. })), "{wide:?}");
    let large = decode(&Jpeg, &stream, &of((32, 24), 1, 1), 32 * 24);
    assert!(
        matches!(large, Err(DecodeError::Corrupt { .. })),
        "{large:?}"
    );
    let samples = decode(&Jpeg, &stream, &of((64, 48), 3, 2), 64 * 48 * 3);
    assert!(
        matches!(samples, Err(DecodeError::Corrupt { .. })),
        "{samples:?}"
    );
}

/// A header that claims 65535 rows is refused before anything is allocated for them.
#[test]
fn claims_are_not_believed() {
    let plain = smooth(2048, 16, 1);
    let mut stream = jpeg(&plain, (2048, 16), ColorType::Luma, SamplingFactor::F_1_1);
    let sof = stream.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    stream[sof + 5..sof + 7].copy_from_slice(&[0xFF, 0xFF]);
    let refused = decode(&Jpeg, &stream, &of((2048, 16), 1, 1), 2048 * 16);
    assert!(
        matches!(refused, Err(DecodeError::Corrupt { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_stream_cut_short_is_an_error() {
    let plain = scene(64, 48, 3, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Rgb, SamplingFactor::F_2_2);
    for cut in 0..stream.len() {
        assert!(
            decode(&Jpeg, &stream[..cut], &of((64, 48), 3, 6), plain.len()).is_err(),
            "cut to {cut} of {}",
            stream.len()
        );
    }
}
