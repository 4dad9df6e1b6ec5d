//! Files laid out as few are.

/// Where the pixels of the files here start.
const DATA: u32 = 512;
/// Columns and rows of the files here.
const SIDE: u32 = 64;

/// One strip without a byte count: it goes on to the end of the file, as far as anybody knows.
pub fn guessed() -> Vec<u8> {
    let entries = [
        (256, 4, 1, SIDE),
        (257, 4, 1, SIDE),
        (258, 3, 1, 8),
        (259, 3, 1, 5),
        (262, 3, 1, 1),
        (273, 4, 1, DATA),
        (277, 3, 1, 1),
        (278, 4, 1, SIDE),
    ];
    tiff(&entries, 1)
}

/// Four inks in planes of their own, four strips each.
pub fn inks() -> Vec<u8> {
    apart(5, 4)
}

/// Luma and colour differences, as many of each, in planes of their own.
pub fn luma() -> Vec<u8> {
    apart(6, 3)
}

/// A strip a row.
pub fn rows() -> Vec<u8> {
    striped(1, 1, 1)
}

fn apart(photometric: u32, samples: u32) -> Vec<u8> {
    striped(photometric, samples, 16)
}

/// Planes of strips of `rows` rows, uncompressed.
fn striped(photometric: u32, samples: u32, rows: u32) -> Vec<u8> {
    let strips = samples * SIDE / rows;
    let end = DATA + samples * SIDE * SIDE;
    let (offsets, counts) = (end, end + 4 * strips);
    let entries = [
        (256, 4, 1, SIDE),
        (257, 4, 1, SIDE),
        if samples > 1 {
            (258, 3, samples, counts + 4 * strips)
        } else {
            (258, 3, 1, 8)
        },
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, strips, offsets),
        (277, 3, 1, samples),
        (278, 4, 1, rows),
        (279, 4, strips, counts),
        (284, 3, 1, if samples > 1 { 2 } else { 1 }),
        (530, 3, 2, 0x0001_0001),
    ];
    let mut file = tiff(&entries, samples);
    let strip = rows * SIDE;
    file.extend((0..strips).flat_map(|i| (DATA + i * strip).to_le_bytes()));
    file.extend((0..strips).flat_map(|_| strip.to_le_bytes()));
    file.extend((0..samples).flat_map(|_| 8u16.to_le_bytes()));
    file
}

/// A file of these entries, and `planes` planes of bytes, no two of them alike.
fn tiff(entries: &[(u16, u16, u32, u32)], planes: u32) -> Vec<u8> {
    let mut file = b"II\x2a\0\x08\0\0\0".to_vec();
    file.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.resize(DATA as usize, 0);
    let byte = |i: u32| i.wrapping_mul(2_654_435_761).to_le_bytes()[3];
    file.extend((0..planes * SIDE * SIDE).map(byte));
    file
}
