use fax::{Color, VecWriter, encoder::Encoder};
use proptest::prelude::*;
use stacchip_codecs::Ccitt;
use stacchip_cog::{BlockContext, Compression, DecodeError};

use crate::contract::{block, decode, keeps_promises};

fn colour(black: bool) -> Color {
    if black { Color::Black } else { Color::White }
}

fn t6(rows: &[Vec<bool>]) -> Vec<u8> {
    let mut encoder = Encoder::new(VecWriter::new());
    for row in rows {
        let width = u32::try_from(row.len()).unwrap();
        encoder
            .encode_line(row.iter().map(|&b| colour(b)), width)
            .unwrap();
    }
    encoder.finish().unwrap().finish()
}

/// A row of runs, as bits in text.
fn runs(row: &[bool], bits: &mut String) {
    use fax::maps::{black, white};

    let mut code = |table: &[(u16, fax::Bits)], run: u16| {
        let (_, code) = table.iter().find(|(r, _)| *r == run).unwrap();
        for place in (0..code.len).rev() {
            bits.push(if code.data >> place & 1 == 1 {
                '1'
            } else {
                '0'
            });
        }
    };
    let (mut at, mut is_black) = (0, false);
    while at < row.len() {
        let table: &[_] = if is_black {
            &black::ENTRIES
        } else {
            &white::ENTRIES
        };
        let mut run = row[at..].iter().take_while(|&&b| b == is_black).count();
        at += run;
        while run >= 2560 {
            code(table, 2560);
            run -= 2560;
        }
        if run >= 64 {
            code(table, u16::try_from(run / 64 * 64).unwrap());
        }
        code(table, u16::try_from(run % 64).unwrap());
        is_black = !is_black;
    }
}

fn bytes(bits: &str) -> Vec<u8> {
    bits.as_bytes()
        .chunks(8)
        .map(|bits| {
            bits.iter()
                .enumerate()
                .fold(0, |byte, (i, &bit)| byte | (bit - b'0') << (7 - i))
        })
        .collect()
}

fn packed(rows: &[Vec<bool>]) -> Vec<u8> {
    rows.iter()
        .flat_map(|row| {
            bytes(
                &row.iter()
                    .map(|&b| if b { '1' } else { '0' })
                    .collect::<String>(),
            )
        })
        .collect()
}

fn of(compression: Compression, rows: &[Vec<bool>]) -> BlockContext<'static> {
    let size = (rows[0].len(), rows.len());
    block(
        compression,
        (size.0.try_into().unwrap(), size.1.try_into().unwrap()),
        1,
        1,
    )
}

/// All four schemes, and T.4 in its flavours.
fn every_way(rows: &[Vec<bool>]) -> Vec<(BlockContext<'static>, Vec<u8>)> {
    let end = "000000000001";
    let mut ways = vec![(of(Compression::CCITT_FAX4, rows), t6(rows))];
    for (compression, unit) in [
        (Compression::CCITT_RLE, 8),
        (Compression::CCITT_RLE_WORD, 16),
    ] {
        let mut bits = String::new();
        for row in rows {
            runs(row, &mut bits);
            while !bits.len().is_multiple_of(unit) {
                bits.push('0');
            }
        }
        ways.push((of(compression, rows), bytes(&bits)));
    }
    let t4 = |before: &dyn Fn(usize) -> String, after: &str, options| {
        let mut bits = String::new();
        for row in rows {
            bits.push_str(&before(bits.len()));
            runs(row, &mut bits);
        }
        bits.push_str(after);
        let block = BlockContext {
            fax_options: options,
            ..of(Compression::CCITT_FAX3, rows)
        };
        (block, bytes(&bits))
    };
    ways.push(t4(&|_| end.to_owned(), &end.repeat(6), 0));
    ways.push(t4(&|_| end.to_owned(), "", 0));
    ways.push(t4(&|_| String::new(), "", 0));
    // Two-dimensional by its options, each line one-dimensional by its tag.
    ways.push(t4(&|_| format!("{end}1"), "", 1));
    // Ends of lines that end on a byte, after fill.
    ways.push(t4(&|at| "0".repeat((20 - at % 8) % 8) + end, "", 4));
    ways
}

fn picture(width: usize, height: usize) -> Vec<Vec<bool>> {
    (0..height)
        .map(|y| {
            (0..width)
                .map(|x| (x * x / 7 + y * 3) % 29 < 11 || x == y)
                .collect()
        })
        .collect()
}

#[test]
fn promises() {
    for (width, height) in [(97, 60), (64, 64), (300, 40)] {
        let rows = picture(width, height);
        let plain = packed(&rows);
        for (block, source) in every_way(&rows) {
            keeps_promises(&Ccitt, &source, &block, &plain);
        }
    }
}

#[test]
fn two_dimensional_lines_of_t4() {
    // A line of runs, then one told by the difference: vertical 0 four times.
    let first = vec![false, false, true, true, true, false, false, false];
    let mut bits = "0000000000011".to_owned();
    runs(&first, &mut bits);
    bits.push_str("0000000000010");
    bits.push_str("111");
    let rows = vec![first.clone(), first];
    let block = BlockContext {
        fax_options: 1,
        ..of(Compression::CCITT_FAX3, &rows)
    };
    assert_eq!(
        decode(&Ccitt, &bytes(&bits), &block, 2).unwrap(),
        packed(&rows)
    );
}

#[test]
fn early_ends_are_errors() {
    let rows = picture(97, 60);
    let mut half = t6(&rows[..30]);
    let block = of(Compression::CCITT_FAX4, &rows);
    // The writer says that there is no more: then the rest is white.
    let white = vec![vec![false; 97]; 30];
    let blank = [&rows[..30], &white].concat();
    assert_eq!(
        decode(&Ccitt, &half, &block, 60 * 13).unwrap(),
        packed(&blank)
    );
    half.truncate(half.len() - 4);
    let short = decode(&Ccitt, &half, &block, 60 * 13);
    assert!(
        matches!(
            short,
            Err(DecodeError::Truncated {
                wanted: 780,
                got: 377..=390,
                ..
            })
        ),
        "{short:?}"
    );
    let extension = decode(&Ccitt, &[0b0000_0011, 0xFF], &block, 780);
    assert!(
        matches!(extension, Err(DecodeError::Unsupported { .. })),
        "{extension:?}"
    );
}

proptest! {
    #[test]
    fn round_trip(width in 1_usize..200, seeds in prop::collection::vec(any::<u64>(), 1..12)) {
        let rows: Vec<Vec<bool>> = seeds
            .iter()
            .map(|seed| (0..width).map(|x| seed >> (x / 3 % 64) & 1 == 1).collect())
            .collect();
        let plain = packed(&rows);
        for (block, source) in every_way(&rows) {
            let out = decode(&Ccitt, &source, &block, plain.len());
            prop_assert_eq!(out.unwrap(), plain.clone(), "{:?}", block.compression);
        }
    }
}
