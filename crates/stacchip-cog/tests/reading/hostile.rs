//! Broken files: an error or pixels, never a fall, never more memory than the limits say.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use stacchip_cog::{Bands, HeaderError, Limits, Part, PlanError};
use stacchip_model::Window;

use crate::files::{files, header, read};

fn tight() -> Limits {
    Limits {
        header_bytes: 1 << 20,
        tag_bytes: 1 << 18,
        block_bytes: 1 << 24,
        stored_block_bytes: 1 << 22,
        window_bytes: 1 << 24,
        window_blocks: 1 << 12,
        ..Limits::default()
    }
}

/// Everything that can be done with a file.
fn exercise(bytes: &Bytes) {
    let Ok(cog) = header(bytes, u64::MAX, tight()) else {
        return;
    };
    for image in cog.images.iter().take(3) {
        for (level, found) in image.levels.iter().enumerate().take(4) {
            let size = found.size;
            let corner = Window::new(0, 0, size.width.min(40), size.height.min(40));
            let far = Window::new(
                (size.width - corner.width).into(),
                (size.height - corner.height).into(),
                corner.width,
                corner.height,
            );
            for window in [corner, far] {
                // An error is as good as pixels here; a panic fails the test.
                let _ = read(bytes, image, level, window, Bands::These(&[0]));
            }
        }
    }
}

/// A generator of numbers with a fixed start.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

fn mutated(bytes: &Bytes, dice: &mut Dice) -> Bytes {
    let mut broken = bytes.to_vec();
    // The beginning and the end are where directories are.
    for _ in 0..=dice.roll(8) {
        let span = match dice.roll(3) {
            0 => broken.len().min(64),
            1 => broken.len().min(1024),
            _ => broken.len(),
        };
        let at = dice.roll(span);
        let Some(byte) = broken.get_mut(at) else {
            continue;
        };
        *byte = match dice.roll(4) {
            0 => 0xff,
            1 => 0,
            2 => *byte ^ (1 << dice.roll(8)),
            _ => u8::try_from(dice.roll(256)).unwrap(),
        };
    }
    if dice.roll(4) == 0 {
        broken.truncate(dice.roll(broken.len()));
    }
    broken.into()
}

#[test]
fn broken_files_of_our_own() {
    let mut runner = TestRunner::deterministic();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..150 {
        let file = files().new_tree(&mut runner).unwrap().current();
        for _ in 0..60 {
            exercise(&mutated(&file.bytes, &mut dice));
        }
    }
}

#[test]
fn broken_files_of_the_corpus() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut found = Vec::new();
    collect(&corpus.join("files"), &mut found);
    found.sort();
    assert!(found.len() > 100, "{} files", found.len());
    for path in found {
        let bytes = Bytes::from(fs::read(path).unwrap());
        exercise(&bytes);
        for _ in 0..12 {
            exercise(&mutated(&bytes, &mut dice));
        }
    }
}

#[test]
fn what_a_header_claims_is_bounded() {
    // A directory that points to itself.
    let mut looped = b"II*\0\x08\0\0\0".to_vec();
    looped.extend(directory(
        &[
            (256, 3, 1, 4),
            (257, 3, 1, 4),
            (273, 4, 1, 8),
            (258, 3, 1, 8),
        ],
        8,
    ));
    let cog = header(&looped.into(), u64::MAX, Limits::default()).unwrap();
    assert_eq!(cog.images.len(), 1);
    assert!(cog.warnings.iter().any(|w| w.message.contains("loops")));

    // A table of four thousand million offsets in a file of a hundred bytes.
    let mut absurd = b"II*\0\x08\0\0\0".to_vec();
    let entries = [
        (256, 4, 1, 0x7fff_ffff),
        (257, 4, 1, 0x7fff_ffff),
        (258, 3, 1, 8),
        (273, 4, 0x3fff_ffff, 8),
        (278, 4, 1, 1),
        (279, 4, 0x3fff_ffff, 8),
    ];
    absurd.extend(directory(&entries, 0));
    let absurd = Bytes::from(absurd);
    let cog = header(&absurd, u64::MAX, Limits::default()).unwrap();
    let window = Window::new(0, 0x3000_0000, 5, 5);
    assert!(read(&absurd, &cog.images[0], 0, window, Bands::All).is_err());

    // More entries than a directory may have.
    let mut many = b"II*\0\x08\0\0\0\xff\xff".to_vec();
    many.resize(70_000 * 12, 1);
    assert!(matches!(
        header(&many.into(), u64::MAX, Limits::default()),
        Err(HeaderError::Limit {
            name: "entries",
            ..
        })
    ));

    for short in [&b""[..], b"II", b"II*\0", b"MM\0*\0\0\0\x08", b"<html>"] {
        let bytes = Bytes::copy_from_slice(short);
        assert!(header(&bytes, u64::MAX, Limits::default()).is_err());
    }
}

/// The entries of a smallest image, 4 × 4 bytes at byte 8.
const SMALL: [(u16, u16, u32, u32); 4] = [
    (256, 3, 1, 4),
    (257, 3, 1, 4),
    (258, 3, 1, 8),
    (273, 4, 1, 8),
];

/// A file of `count` directories with the same entries, then `rest`.
fn chained(count: usize, entries: &[(u16, u16, u32, u32)], rest: &[u8]) -> Bytes {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    let len = 6 + 12 * entries.len();
    for number in 1..=count {
        let next = if number < count { 8 + number * len } else { 0 };
        file.extend(directory(entries, u32::try_from(next).unwrap()));
    }
    file.extend_from_slice(rest);
    file.into()
}

#[test]
fn values_that_overlap_are_counted_each() {
    let limits = || Limits {
        header_bytes: 1 << 16,
        ..Limits::default()
    };
    // The text of every directory is the same 10 000 bytes.
    let at = 8 + 6 * (6 + 12 * 5);
    let text = (270, 2, 10_000, u32::try_from(at).unwrap());
    let entries = [SMALL[0], SMALL[1], SMALL[2], text, SMALL[3]];
    let six = chained(6, &entries, &[b'x'; 10_000]);
    assert_eq!(header(&six, 700, limits()).unwrap().images.len(), 6);
    let seven = chained(7, &entries, &[b'x'; 10_000]);
    for piece in [700, u64::MAX] {
        let refused = header(&seven, piece, limits()).unwrap_err();
        let HeaderError::Limit {
            name,
            offset,
            value,
            ..
        } = refused
        else {
            panic!("{refused}");
        };
        assert_eq!((name, offset, value), ("header_bytes", 404, 70_042));
    }
}

#[test]
fn bands_and_colours_cost_what_they_take() {
    let bands = |count| {
        let samples = (277, 3, 1, count);
        let entries = [SMALL[0], SMALL[1], SMALL[2], SMALL[3], samples];
        chained(1, &entries, &[])
    };
    let fewer = Limits {
        bands: 16_384,
        ..Limits::default()
    };
    let refused = header(&bands(65_535), u64::MAX, fewer).unwrap_err();
    assert!(
        matches!(
            refused,
            HeaderError::Limit {
                name: "bands",
                offset: 66,
                value: 65_535,
                limit: 16_384,
                ..
            }
        ),
        "{refused}"
    );
    let cog = header(&bands(65_535), u64::MAX, Limits::default()).unwrap();
    assert_eq!(cog.images[0].bands.len(), 65_535);
    // They are counted among the bytes of the header.
    let little = Limits {
        header_bytes: 4 << 20,
        ..Limits::default()
    };
    let refused = header(&bands(65_535), u64::MAX, little).unwrap_err();
    assert!(
        matches!(
            refused,
            HeaderError::Limit {
                name: "header_bytes",
                ..
            }
        ),
        "{refused}"
    );

    // Each of 300 images claims a table of 65 536 colours in two bytes.
    let white = [
        SMALL[0],
        SMALL[1],
        (258, 3, 1, 16),
        (262, 3, 1, 0),
        SMALL[3],
    ];
    let cog = header(
        &chained(300, &white, &[]),
        u64::MAX,
        Limits {
            header_bytes: 4 << 20,
            ..Limits::default()
        },
    )
    .unwrap();
    assert_eq!(cog.images.len(), 15);
    assert!(
        cog.warnings
            .iter()
            .all(|w| w.message.contains("`header_bytes`"))
    );
}

#[test]
fn warnings_and_keys_are_bounded() {
    let mut entries = SMALL.to_vec();
    entries.resize(3004, (306, 99, 1, 0));
    let cog = header(&chained(1, &entries, &[]), u64::MAX, Limits::default()).unwrap();
    assert_eq!(cog.warnings.len(), 65);

    // 200 keys, each with all of a text of 3000 bytes.
    let keys = u32::try_from(8 + 6 + 12 * 6).unwrap();
    let mut rest: Vec<u8> = [1u16, 1, 0, 200]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    for key in 0..200u16 {
        rest.extend(
            [5000 + key, 34737, 3000, 0]
                .iter()
                .flat_map(|n| n.to_le_bytes()),
        );
    }
    let text = keys + u32::try_from(rest.len()).unwrap();
    rest.extend([b'k'; 3000]);
    let entries = [
        SMALL[0],
        SMALL[1],
        SMALL[2],
        SMALL[3],
        (34735, 3, 804, keys),
        (34737, 2, 3000, text),
    ];
    let cog = header(&chained(1, &entries, &rest), u64::MAX, Limits::default()).unwrap();
    assert_eq!(cog.images[0].georeference.keys.len(), 2);
}

#[test]
fn a_window_costs_no_more_than_the_limits() {
    // A million strips of a row of 2 GiB, all of them the same 100 bytes.
    let wide = |compression, counts| {
        let entries = [
            (256, 4, 1, 0x7fff_ffff),
            (257, 4, 1, 1000),
            (258, 3, 1, 8),
            (259, 3, 1, compression),
            (273, 4, 1000, 200),
            (278, 4, 1, 1),
            (279, 4, 1000, counts),
        ];
        let mut file = chained(1, &entries, &[]).to_vec();
        file.resize(200, 0);
        file.extend([8u32; 1000].iter().flat_map(|n| n.to_le_bytes()));
        file.extend([0x7fff_ffffu32; 1000].iter().flat_map(|n| n.to_le_bytes()));
        Bytes::from(file)
    };
    let column = Window::new(5, 0, 1, 1000);
    let plan = |file: &Bytes| {
        let cog = header(file, u64::MAX, Limits::default()).unwrap();
        let plan = cog.images[0].plan(0, column, Bands::All, Part::Pixels)?;
        plan.ranges()
    };
    for compression in [5, 8] {
        let refused = plan(&wide(compression, 200)).unwrap_err();
        assert!(
            matches!(
                refused,
                PlanError::Limit {
                    name: "window_decoded_bytes",
                    value: 2_147_483_647_000,
                    ..
                }
            ),
            "{refused}"
        );
    }
    let refused = plan(&wide(1, 4200)).unwrap_err();
    assert!(
        matches!(
            refused,
            PlanError::Limit {
                name: "stored_block_bytes",
                ..
            }
        ),
        "{refused}"
    );
    let limits = Limits {
        stored_block_bytes: u64::MAX,
        ..Limits::default()
    };
    let cog = header(&wide(1, 4200), u64::MAX, limits).unwrap();
    let plan = cog.images[0].plan(0, column, Bands::All, Part::Pixels);
    let refused = plan.unwrap().ranges().unwrap_err();
    assert!(
        matches!(
            refused,
            PlanError::Limit {
                name: "window_stored_bytes",
                ..
            }
        ),
        "{refused}"
    );
}

pub fn directory(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
    let mut out = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend(next.to_le_bytes());
    out
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let small = entry.metadata().unwrap().len() < 300_000;
        if path.is_dir() {
            collect(&path, found);
        } else if small
            && path.extension().is_some_and(|e| {
                e.to_ascii_lowercase()
                    .to_str()
                    .is_some_and(|e| e.starts_with("tif"))
            })
        {
            found.push(path);
        }
    }
}

fn corpus() -> Option<PathBuf> {
    let place = env::var_os("STACCHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if place.join("truth.json").exists() {
        return Some(place);
    }
    let required = ["CI", "STACCHIP_REQUIRE_CORPUS"]
        .iter()
        .any(|v| env::var_os(v).is_some());
    assert!(!required, "no corpus at {}", place.display());
    eprintln!("SKIPPED: no corpus at {}", place.display());
    None
}
