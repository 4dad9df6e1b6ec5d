use std::io::Write as _;

use lerc::{
    Image, Precision, SampleData, bitmask::BitMask, encode, encode_slice, encode_slice_masked,
};
use stacchip_codecs::Lerc;
use stacchip_cog::{BlockContext, Compression, SampleFormat};

use crate::contract::{block, decode, keeps_promises, scene};

fn floats(width: usize, height: usize) -> Vec<f32> {
    scene(width, height, 1, 2)
        .chunks(2)
        .map(|b| f32::from(u16::from_le_bytes([b[0], b[1]])) * 0.37 + 1.5)
        .collect()
}

fn float_block(size: (u32, u32), samples: u16) -> BlockContext<'static> {
    BlockContext {
        format: SampleFormat::Float,
        ..block(Compression::LERC, size, samples, 32)
    }
}

#[test]
fn promises() {
    let values = floats(64, 48);
    let blob = encode_slice(64, 48, &values, Precision::Lossless).unwrap();
    let plain: &[u8] = bytemuck::cast_slice(&values);
    keeps_promises(&Lerc, &blob, &float_block((64, 48), 1), plain);

    let bytes = scene(64, 48, 1, 1);
    let blob = encode_slice(64, 48, &bytes, Precision::Lossless).unwrap();
    keeps_promises(
        &Lerc,
        &blob,
        &block(Compression::LERC, (64, 48), 1, 8),
        &bytes,
    );
}

#[test]
fn wrapped_blobs() {
    let values = floats(64, 48);
    let blob = encode_slice(64, 48, &values, Precision::Lossless).unwrap();
    let plain: &[u8] = bytemuck::cast_slice(&values);

    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    deflate.write_all(&blob).unwrap();
    let wrapped = [
        (1, deflate.finish().unwrap()),
        (2, ::zstd::bulk::compress(&blob, 9).unwrap()),
    ];
    for (added, source) in wrapped {
        let block = BlockContext {
            lerc_parameters: Some([4, added]),
            ..float_block((64, 48), 1)
        };
        keeps_promises(&Lerc, &source, &block, plain);
    }
    let unknown = BlockContext {
        lerc_parameters: Some([4, 3]),
        ..float_block((64, 48), 1)
    };
    assert!(decode(&Lerc, &blob, &unknown, plain.len()).is_err());
}

#[test]
fn what_is_masked_is_nan_or_zero() {
    let values = floats(40, 30);
    let mut mask = BitMask::all_valid(1200);
    let mut all = BitMask::new(1200);
    for at in 0..1200 {
        if at % 7 != 0 {
            all.set_valid(at);
        }
    }
    std::mem::swap(&mut mask, &mut all);
    let blob = encode_slice_masked(40, 30, &values, &mask, Precision::Lossless).unwrap();
    let out = decode(&Lerc, &blob, &float_block((40, 30), 1), 4800).unwrap();
    for (at, (out, value)) in out.chunks(4).zip(&values).enumerate() {
        let out = f32::from_ne_bytes(out.try_into().unwrap());
        if at % 7 == 0 {
            assert_eq!(out.to_bits(), 0x7FC0_0000, "the quiet NaN");
        } else {
            assert_eq!(out, *value);
        }
    }

    let bytes = scene(40, 30, 1, 1);
    let blob = encode_slice_masked(40, 30, &bytes, &mask, Precision::Lossless).unwrap();
    let grey = block(Compression::LERC, (40, 30), 1, 8);
    let out = decode(&Lerc, &blob, &grey, 1200).unwrap();
    for (at, (out, value)) in out.iter().zip(&bytes).enumerate() {
        assert_eq!(*out, if at % 7 == 0 { 0 } else { *value });
    }

    // The mask as alpha.
    let alpha = BlockContext {
        alpha: Some(1),
        ..block(Compression::LERC, (40, 30), 2, 8)
    };
    let out = decode(&Lerc, &blob, &alpha, 2400).unwrap();
    for (at, pixel) in out.chunks(2).enumerate() {
        let masked = at % 7 == 0;
        assert_eq!(pixel[1], if masked { 0 } else { 255 });
        assert!(masked || pixel[0] == bytes[at]);
    }
}

#[test]
fn bands_are_interleaved() {
    let values: Vec<u16> = (0..3 * 20 * 10).map(|v| v * 13).collect();
    let image = Image {
        width: 20,
        height: 10,
        bands: 3,
        data_type: lerc::DataType::UShort,
        valid_masks: vec![BitMask::all_valid(200); 3],
        data: SampleData::U16(values.clone()),
        ..Image::default()
    };
    let blob = encode(&image, Precision::Lossless).unwrap();
    let block = block(Compression::LERC, (20, 10), 3, 16);
    let out = decode(&Lerc, &blob, &block, 1200).unwrap();
    for (at, pixel) in out.chunks(6).enumerate() {
        for band in 0..3 {
            let value = u16::from_ne_bytes([pixel[2 * band], pixel[2 * band + 1]]);
            assert_eq!(value, values[band * 200 + at]);
        }
    }
}

/// A buffer that does not begin where its samples would: nothing says that it must.
#[test]
fn any_place_in_memory_will_do() {
    use stacchip_cog::TileDecoder as _;

    let values = floats(64, 48);
    let blob = encode_slice(64, 48, &values, Precision::Lossless).unwrap();
    let block = float_block((64, 48), 1);
    let mut room = vec![0; 64 * 48 * 4 + 4];
    for start in 0..4 {
        let out = &mut room[start..start + 64 * 48 * 4];
        Lerc.decode(&blob, &block, out).unwrap();
        assert_eq!(out, bytemuck::cast_slice::<_, u8>(&values));
    }
}

#[test]
fn big_endian_files_hold_turned_samples() {
    let values: Vec<u16> = (0..200).map(|v| v * 321).collect();
    let turned: Vec<u16> = values.iter().map(|v| v.swap_bytes()).collect();
    let blob = encode_slice(20, 10, &turned, Precision::Lossless).unwrap();
    let block = BlockContext {
        big_endian: true,
        ..block(Compression::LERC, (20, 10), 1, 16)
    };
    let out = decode(&Lerc, &blob, &block, 400).unwrap();
    assert_eq!(out, bytemuck::cast_slice::<_, u8>(&values));
}

#[test]
fn another_size_or_type_is_refused() {
    let blob = encode_slice(64, 48, &floats(64, 48), Precision::Lossless).unwrap();
    assert!(decode(&Lerc, &blob, &float_block((48, 64), 1), 64 * 48 * 4).is_err());
    assert!(decode(&Lerc, &blob, &float_block((64, 48), 2), 64 * 48 * 8).is_err());
    let whole = block(Compression::LERC, (64, 48), 1, 32);
    assert!(decode(&Lerc, &blob, &whole, 64 * 48 * 4).is_err());
}
