use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use stacchip_codecs::{Jpeg, OldJpeg};
use stacchip_cog::{BlockContext, Compression, DecodeError};

use crate::contract::{block, decode, encode, scene, survives_mutation};

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
    let out = decode(&Jpeg::new(), &stream, &block, plain.len()).unwrap();
    near(&out, &plain, 8);

    let (tables, rest) = split(&stream);
    assert!(decode(&Jpeg::new(), &rest, &block, plain.len()).is_err());
    let with_tables = BlockContext {
        jpeg_tables: Some(&tables),
        ..block
    };
    assert_eq!(
        decode(&Jpeg::new(), &rest, &with_tables, plain.len()).unwrap(),
        out
    );
    survives_mutation(&Jpeg::new(), &rest, &with_tables, 500);
    for cut in 0..tables.len() {
        let cut = BlockContext {
            jpeg_tables: Some(&tables[..cut]),
            ..block
        };
        let _ = decode(&Jpeg::new(), &rest, &cut, plain.len());
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
        let out = decode(&Jpeg::new(), &stream, &block, plain.len()).unwrap();
        let mean = out
            .iter()
            .zip(&plain)
            .map(|(a, b)| f64::from(a.abs_diff(*b)))
            .sum::<f64>()
            / out.len() as f64;
        assert!(mean < 12.0, "{sampling:?}: {mean}");
        survives_mutation(&Jpeg::new(), &stream, &block, 100);
    }
}

/// Only photometric 6 is converted: what a stream's own markers say of colour is not asked.
#[test]
fn other_samples_come_as_they_are() {
    let plain = smooth(64, 48, 3);
    let stream = jpeg(&plain, (64, 48), ColorType::Ycbcr, SamplingFactor::F_1_1);
    let out = decode(&Jpeg::new(), &stream, &of((64, 48), 3, 2), plain.len()).unwrap();
    near(&out, &plain, 8);
    let converted = decode(&Jpeg::new(), &stream, &of((64, 48), 3, 6), plain.len()).unwrap();
    assert_ne!(out, converted);

    let plain = smooth(64, 48, 4);
    let stream = jpeg(&plain, (64, 48), ColorType::Ycck, SamplingFactor::F_1_1);
    let out = decode(&Jpeg::new(), &stream, &of((64, 48), 4, 5), plain.len()).unwrap();
    near(&out, &plain, 8);
    survives_mutation(&Jpeg::new(), &stream, &of((64, 48), 4, 5), 200);
}

#[test]
fn frames_that_do_not_fit() {
    let plain = smooth(64, 48, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Luma, SamplingFactor::F_1_1);
    let whole = decode(&Jpeg::new(), &stream, &of((64, 48), 1, 1), plain.len()).unwrap();

    // A last strip that was filled up.
    let out = decode(&Jpeg::new(), &stream, &of((64, 40), 1, 1), 64 * 40).unwrap();
    assert_eq!(out, whole[..64 * 40]);

    // A frame smaller than its tile.
    let out = decode(&Jpeg::new(), &stream, &of((80, 50), 1, 1), 80 * 50).unwrap();
    for (y, row) in out.chunks(80).enumerate() {
        let (held, zeros) = row.split_at(64);
        if y < 48 {
            assert_eq!(held, &whole[y * 64..(y + 1) * 64]);
        } else {
            assert!(held.iter().all(|&b| b == 0));
        }
        assert!(zeros.iter().all(|&b| b == 0));
    }

    let wide = decode(&Jpeg::new(), &stream, &of((63, 48), 1, 1), 63 * 48);
    assert!(matches!(wide, Err(DecodeError::Corrupt { .. })), "{wide:?}");
    let large = decode(&Jpeg::new(), &stream, &of((32, 24), 1, 1), 32 * 24);
    assert!(
        matches!(large, Err(DecodeError::Corrupt { .. })),
        "{large:?}"
    );
    let samples = decode(&Jpeg::new(), &stream, &of((64, 48), 3, 2), 64 * 48 * 3);
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
    let refused = decode(&Jpeg::new(), &stream, &of((2048, 16), 1, 1), 2048 * 16);
    assert!(
        matches!(refused, Err(DecodeError::Corrupt { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_stream_cut_short_is_an_error() {
    let plain = scene(64, 48, 3, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Rgb, SamplingFactor::F_2_2);
    let block = of((64, 48), 3, 6);
    let whole = decode(&Jpeg::new(), &stream, &block, plain.len()).unwrap();
    for cut in 0..stream.len() {
        // Without the end marker, and without bits that only fill up a byte, nothing is missing.
        match decode(&Jpeg::new(), &stream[..cut], &block, plain.len()) {
            Ok(pixels) => assert!(pixels == whole && cut + 3 >= stream.len(), "cut to {cut}"),
            Err(_) => assert!(cut + 2 < stream.len(), "cut to {cut} of {}", stream.len()),
        }
    }
}

/// The first passes alone make a picture, but a blurred one.
#[test]
fn a_progressive_stream_cut_short_is_an_error() {
    let plain = scene(64, 48, 3, 1);
    let mut stream = Vec::new();
    let mut encoder = Encoder::new(&mut stream, 95);
    encoder.set_progressive(true);
    encoder.encode(&plain, 64, 48, ColorType::Rgb).unwrap();
    let block = of((64, 48), 3, 6);
    decode(&Jpeg::new(), &stream, &block, plain.len()).unwrap();
    let scans = stream.windows(2).enumerate();
    let scans = scans.filter(|(_, w)| *w == [0xFF, 0xDA]).map(|(at, _)| at);
    let scans: Vec<usize> = scans.collect();
    assert!(scans.len() > 2, "{} passes", scans.len());
    // Where a pass ends, in the midst of one, and just before the end marker.
    let last = stream.len() - 3;
    for cut in scans[1..].iter().flat_map(|&at| [at, last.min(at + 40)]) {
        let early = decode(&Jpeg::new(), &stream[..cut], &block, plain.len());
        assert!(
            matches!(early, Err(DecodeError::Truncated { .. })),
            "cut to {cut}: {early:?}"
        );
    }
    let early = decode(
        &Jpeg::new(),
        &stream[..stream.len() - 2],
        &block,
        plain.len(),
    );
    assert!(
        matches!(early, Err(DecodeError::Truncated { .. })),
        "{early:?}"
    );
}

#[test]
fn what_is_written_is_read() {
    for (samples, photometric, subsampling) in [
        (1, 1, (1, 1)),
        (3, 2, (1, 1)),
        (3, 6, (1, 1)),
        (3, 6, (2, 2)),
        (4, 5, (1, 1)),
    ] {
        let plain = smooth(64, 48, samples.into());
        let block = BlockContext {
            subsampling,
            ..of((64, 48), samples, photometric)
        };
        let coarse = encode(&Jpeg::new().quality(30), &plain, &block);
        let fine = encode(&Jpeg::new().quality(98), &plain, &block);
        assert!(coarse.len() < fine.len());
        let out = decode(&Jpeg::new(), &fine, &block, plain.len()).unwrap();
        if subsampling == (1, 1) {
            near(&out, &plain, 8);
        }
    }
    let wide = of((70_000, 1), 1, 1);
    let refused =
        stacchip_cog::TileEncoder::encode(&Jpeg::new(), &vec![0; 70_000], &wide, &mut Vec::new());
    assert!(refused.is_err());
}

/// A grey stream of 12 bits by hand: one block, its first coefficient only.
#[test]
fn twelve_bits() {
    let mut stream = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    stream.extend([8; 64]);
    stream.extend([0xFF, 0xC1, 0, 11, 12, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // One code of one bit each: nine bits follow for the first coefficient; no others.
    for (class, symbol) in [(0x00, 9), (0x10, 0)] {
        stream.extend([0xFF, 0xC4, 0, 20, class, 1]);
        stream.extend([0; 15]);
        stream.push(symbol);
    }
    stream.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    // 0, then 300 in nine bits, then 0: 300 * 8 / 8 above the middle.
    stream.extend([0b0100_1011, 0b0001_1111, 0xFF, 0xD9]);
    let block = BlockContext {
        bits: 12,
        ..of((8, 8), 1, 1)
    };
    let out = decode(&Jpeg::new(), &stream, &block, 128).unwrap();
    for sample in out.chunks(2) {
        assert_eq!(u16::from_ne_bytes([sample[0], sample[1]]), 2048 + 300);
    }
    survives_mutation(&Jpeg::new(), &stream, &block, 3000);
    let early = [&stream[..stream.len() - 3], &[0xFF, 0xD9]].concat();
    assert!(decode(&Jpeg::new(), &early, &block, 128).is_err());
}

#[test]
fn typical_codes_and_no_end() {
    // The encoder writes the typical codes; without them, and without the end, it is the same picture.
    let plain = smooth(64, 48, 1);
    let stream = jpeg(&plain, (64, 48), ColorType::Luma, SamplingFactor::F_1_1);
    let block = of((64, 48), 1, 1);
    let whole = decode(&Jpeg::new(), &stream, &block, plain.len()).unwrap();
    let mut bare = vec![0xFF, 0xD8];
    let mut at = 2;
    while stream[at + 1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        if stream[at + 1] != 0xC4 {
            bare.extend_from_slice(&stream[at..at + length]);
        }
        at += length;
    }
    bare.extend_from_slice(&stream[at..stream.len() - 2]);
    let out = decode(&Jpeg::new(), &bare, &block, plain.len()).unwrap();
    assert!(out == whole);
    bare.truncate(bare.len() - 20);
    assert!(decode(&Jpeg::new(), &bare, &block, plain.len()).is_err());
}

#[test]
fn old_jpeg_comes_in_groups() {
    let plain = [200, 100, 50].repeat(40 * 24);
    let stream = jpeg(&plain, (40, 24), ColorType::Rgb, SamplingFactor::F_2_2);
    let old = BlockContext {
        photometric: 6,
        subsampling: (2, 2),
        ..block(Compression::OLD_JPEG, (40, 24), 3, 8)
    };
    let groups = 20 * 12;
    let want = [124, 124, 124, 124, 86, 182].repeat(groups);
    let out = decode(&OldJpeg, &stream, &old, want.len()).unwrap();
    near(&out, &want, 2);

    // Headers apart from the data, as the tags of a file point at them.
    let at = stream.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let length = 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
    let (headers, data) = stream.split_at(at + length);
    let apart = BlockContext {
        jpeg_tables: Some(headers),
        ..old
    };
    assert!(decode(&OldJpeg, data, &apart, want.len()).unwrap() == out);
    assert!(decode(&OldJpeg, data, &old, want.len()).is_err());
    assert!(decode(&OldJpeg, &data[..8], &apart, want.len()).is_err());
    survives_mutation(&OldJpeg, &stream, &old, 200);
}
