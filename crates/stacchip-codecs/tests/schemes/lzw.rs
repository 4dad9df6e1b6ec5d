use proptest::prelude::*;
use stacchip_codecs::Lzw;
use stacchip_cog::{Compression, DecodeError, TileDecoder as _};
use weezl::{BitOrder, LzwStatus};

use crate::contract::{Random, block, decode, encode, keeps_promises, scene};

fn weezl_encode(plain: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
        .encode(plain)
        .unwrap()
}

fn noise(length: usize, symbols: usize) -> Vec<u8> {
    let mut random = Random(length as u64 + 1);
    (0..length)
        .map(|_| u8::try_from(random.below(symbols)).unwrap())
        .collect()
}

#[test]
fn promises() {
    for plain in [
        scene(200, 150, 1, 2),
        noise(60_000, 256),
        noise(60_000, 3),
        vec![9; 60_000],
    ] {
        let block = block(Compression::LZW, (200, 150), 1, 16);
        keeps_promises(&Lzw, &weezl_encode(&plain), &block, &plain);
        keeps_promises(&Lzw, &encode(&Lzw, &plain, &block), &block, &plain);
    }
}

/// Our streams are read by another's decoder too.
#[test]
fn weezl_reads_what_is_written() {
    for length in [0, 1, 2, 3, 257, 3837, 3838, 3839, 3840, 50_000] {
        for symbols in [1, 2, 256] {
            let plain = noise(length, symbols);
            let source = encode(&Lzw, &plain, &block(Compression::LZW, (1, 1), 1, 8));
            let theirs = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
                .decode(&source)
                .unwrap();
            assert!(theirs == plain, "{length} of {symbols}");
        }
    }
}

/// Codes as bits, most significant first, at the widths that a reader would be at.
fn stream(codes: &[usize], lsb: bool) -> Vec<u8> {
    let (mut out, mut width, mut next) = (Vec::<bool>::new(), 9, None);
    for &code in codes {
        for bit in 0..width {
            let bit = if lsb { bit } else { width - 1 - bit };
            out.push(code >> bit & 1 == 1);
        }
        next = match (code, next) {
            (256, _) => {
                width = 9;
                None
            }
            (_, None) => Some(258),
            (_, Some(next)) => Some(next + 1),
        };
        let early = usize::from(!lsb);
        if next.is_some_and(|next| next + early >= 1 << width) && width < 12 {
            width += 1;
        }
    }
    out.chunks(8)
        .map(|bits| {
            bits.iter().enumerate().fold(0, |byte, (i, &bit)| {
                byte | u8::from(bit) << if lsb { i } else { 7 - i }
            })
        })
        .collect()
}

fn of(length: usize) -> stacchip_cog::BlockContext<'static> {
    block(Compression::LZW, (u32::try_from(length).unwrap(), 1), 1, 8)
}

#[test]
fn a_string_may_name_itself() {
    for lsb in [false, true] {
        let source = stream(&[256, 65, 258, 259, 66, 260, 257], lsb);
        assert_eq!(decode(&Lzw, &source, &of(10), 10).unwrap(), b"AAAAAABAAA");
    }
}

/// A table that is never cleared: libtiff goes on for 1024 entries past the last that has a code.
#[test]
fn a_full_table_is_kept() {
    for lsb in [false, true] {
        let mut codes = vec![256];
        codes.extend((0..=5119 - 258).map(|i| i % 256));
        let plain = codes[1..]
            .iter()
            .map(|&c| u8::try_from(c).unwrap())
            .collect::<Vec<_>>();
        let full = stream(&codes, lsb);
        assert!(decode(&Lzw, &full, &of(plain.len()), plain.len()).unwrap() == plain);
        codes.push(7);
        let over = stream(&codes, lsb);
        let refused = decode(&Lzw, &over, &of(plain.len() + 1), plain.len() + 1);
        assert!(
            matches!(refused, Err(DecodeError::Corrupt { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn streams_begin_clear_and_may_clear_again_and_again() {
    let source = stream(&[256, 256, 256, 1, 2, 256, 256, 3, 257], false);
    assert_eq!(decode(&Lzw, &source, &of(3), 3).unwrap(), [1, 2, 3]);
    let unclear = decode(&Lzw, &stream(&[1, 2, 257], false), &of(2), 2);
    assert!(
        matches!(unclear, Err(DecodeError::Corrupt { .. })),
        "{unclear:?}"
    );
    let ahead = decode(&Lzw, &stream(&[256, 1, 259, 257], false), &of(9), 9);
    assert!(
        matches!(ahead, Err(DecodeError::Corrupt { .. })),
        "{ahead:?}"
    );
    let ended = decode(&Lzw, &stream(&[256, 1, 257], false), &of(9), 9);
    assert!(
        matches!(
            ended,
            Err(DecodeError::Truncated {
                wanted: 9,
                got: 1,
                ..
            })
        ),
        "{ended:?}"
    );
    // Without the code that ends it, and with nothing after the last byte.
    assert_eq!(
        decode(&Lzw, &stream(&[256, 1, 2], false), &of(2), 2).unwrap(),
        [1, 2]
    );
}

#[test]
fn older_streams_are_known_by_their_first_bytes() {
    // A width switch late by one: enough codes to pass 511 and 1023.
    let mut codes = vec![256];
    codes.extend((0..1500).map(|i| (i * 7) % 256));
    codes.push(257);
    let plain = codes[1..1501]
        .iter()
        .map(|&c| u8::try_from(c).unwrap())
        .collect::<Vec<_>>();
    let source = stream(&codes, true);
    assert_eq!(source[..2], [0, 1]);
    assert!(decode(&Lzw, &source, &of(1500), 1500).unwrap() == plain);
}

proptest! {
    #[test]
    fn round_trip(plain in prop::collection::vec(0_u8..5, 1..5000)) {
        let block = of(plain.len());
        let source = encode(&Lzw, &plain, &block);
        prop_assert_eq!(&decode(&Lzw, &source, &block, plain.len()).unwrap(), &plain);
        prop_assert_eq!(decode(&Lzw, &weezl_encode(&plain), &block, plain.len()).unwrap(), plain);
    }

    /// Codes at random, most of them in the table: the same verdict and bytes as weezl's.
    #[test]
    fn garbage(draws in prop::collection::vec((0_usize..10, any::<u16>()), 1..3000), room in 1_usize..20_000) {
        let (mut codes, mut next) = (vec![256], 257);
        for (kind, draw) in draws {
            let draw = usize::from(draw);
            let code = match kind {
                0 if draw % 97 == 0 => 256,
                0 if draw % 89 == 0 => draw % 4096,
                0..5 => draw % 256,
                _ if next > 258 => 258 + draw % (next - 258 + usize::from(draw % 5 == 0)),
                _ => draw % 256,
            };
            // Past a full table the two differ by design: weezl takes no more codes than 4096.
            let code = if next >= 4095 { 256 } else { code };
            next = if code == 256 { 257 } else { next + 1 };
            codes.push(code);
        }
        let source = stream(&codes, false);
        let mut ours = vec![0; room];
        let verdict = Lzw.decode(&source, &of(room), &mut ours);
        let mut theirs = vec![0; room];
        let (mut read, mut wrote) = (0, 0);
        let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
        let fine = loop {
            let step = decoder.decode_bytes(&source[read..], &mut theirs[wrote..]);
            read += step.consumed_in;
            wrote += step.consumed_out;
            match step.status {
                Ok(LzwStatus::Ok) if wrote < room => {}
                Ok(_) => break wrote == room,
                Err(_) => break false,
            }
        };
        match verdict {
            Ok(()) => {
                prop_assert!(fine || wrote == room, "we filled {} and they {}", room, wrote);
                prop_assert!(ours == theirs);
            }
            Err(DecodeError::Truncated { got, .. }) => {
                prop_assert!(!fine);
                prop_assert_eq!(got, wrote);
                prop_assert!(ours[..got] == theirs[..got]);
            }
            Err(_) => prop_assert!(!fine),
        }
    }
}
