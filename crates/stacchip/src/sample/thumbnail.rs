//! A small picture of a scene.

use super::{land::Land, noise::RowAt, spectra::Colour};

/// A PNG of `EDGE` × `EDGE` pixels in natural colours (in grey tones of backscatter for radar).
pub(super) fn thumbnail(land: &Land, radar: bool) -> Vec<u8> {
    let step = (land.extent / EDGE).max(1);
    let mut rows = Vec::new();
    for row in 0..EDGE {
        let ground = land.row(RowAt {
            u: step / 2,
            v: step / 2 + step * row,
            step,
            len: usize::try_from(EDGE).unwrap_or(0),
        });
        // Each row begins with its filter: none.
        rows.push(0);
        for g in ground {
            let tone = |value: u32| u8::try_from((value * 13).isqrt().min(255)).unwrap_or(255);
            rows.extend(match (g.unseen, radar) {
                (true, _) => [0; 3],
                (_, true) => [tone(g.backscatter(false) / 4); 3],
                _ => [Colour::Red, Colour::Green, Colour::Blue]
                    .map(|c| tone(g.reflectance(c).cast_unsigned())),
            });
        }
    }
    let edge = EDGE.to_be_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    // 8 bits, RGB, deflate, adaptive filters, not interlaced (PNG 1.2, 4.1.1).
    chunk(
        &mut png,
        *b"IHDR",
        &[&edge[..], &edge, &[8, 2, 0, 0, 0]].concat(),
    );
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = png.len();
    png.extend(kind);
    png.extend(data);
    let crc = crc32(&png[start..]);
    png.extend(crc.to_be_bytes());
}

/// A zlib stream that holds `data` as it is (RFC 1950, RFC 1951 3.2.4): a picture this small is
/// not worth a compressor in this room.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let len = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

const EDGE: i32 = 320;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_specifications() {
        // The check value of CRC-32, and RFC 1950's Adler-32 of a known word.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert!(stored(b"Wikipedia").ends_with(&0x11E6_0398u32.to_be_bytes()));
    }
}
