//! LERC against `lerc-rs`, which does what our own decoder leaves to it.

use bytemuck::{Pod, Zeroable};
use lerc::Sample;
use stacchip_codecs::Lerc;
use stacchip_cog::{BlockContext, Compression, SampleFormat, TileDecoder};

use crate::Choices;

/// What the peer makes of a blob of one band without a mask, we make of it, too.
///
/// A blob carries its length and a checksum, which are put right: few inputs would get any further.
pub fn lerc_diff(input: &[u8]) {
    let (source, choices) = Choices::split(input);
    let blob = put_right(source);
    let Ok(info) = lerc::decode_info(&blob) else {
        return;
    };
    let samples = u64::from(info.width) * u64::from(info.height) * u64::from(info.depth);
    if info.bands != 1
        || samples > LARGEST
        || u64::from(info.valid_pixels) * u64::from(info.depth) != samples
    {
        return;
    }
    match choices.clone().byte() % 8 {
        0 => compare::<i8>(&blob, &info, SampleFormat::Signed),
        1 => compare::<u8>(&blob, &info, SampleFormat::Unsigned),
        2 => compare::<i16>(&blob, &info, SampleFormat::Signed),
        3 => compare::<u16>(&blob, &info, SampleFormat::Unsigned),
        4 => compare::<i32>(&blob, &info, SampleFormat::Signed),
        5 => compare::<u32>(&blob, &info, SampleFormat::Unsigned),
        6 => compare::<f32>(&blob, &info, SampleFormat::Float),
        _ => compare::<f64>(&blob, &info, SampleFormat::Float),
    }
}

fn compare<T: Sample + Pod>(blob: &[u8], info: &lerc::LercInfo, format: SampleFormat) {
    let Ok(depth) = u16::try_from(info.depth) else {
        return;
    };
    let count = info.width as usize * info.height as usize * usize::from(depth);
    let mut theirs = vec![T::zeroed(); count];
    let verdict = lerc::decode_into(blob, &mut theirs);
    let block = BlockContext {
        compression: Compression::LERC,
        width: info.width,
        height: info.height,
        samples: depth,
        bits: u16::try_from(8 * size_of::<T>()).expect("64 at most"),
        format,
        photometric: 1,
        subsampling: (1, 1),
        big_endian: false,
        lsb_first: false,
        jpeg_tables: None,
        lerc_parameters: None,
        fax_options: 0,
        alpha: None,
        row_by_row: false,
    };
    // As large, and aligned as numbers are.
    let mut ours = vec![<T as Zeroable>::zeroed(); count];
    let done = Lerc.decode(blob, &block, bytemuck::cast_slice_mut(&mut ours));
    if verdict.is_ok() {
        assert!(done.is_ok(), "the peer fills the block, we say {done:?}");
        let same = ours.iter().zip(&theirs).all(|(a, b)| {
            let (a, b) = (a.to_f64(), b.to_f64());
            a == b || a.is_nan() && b.is_nan()
        });
        assert!(same, "other numbers: {:?}", info);
    }
}

/// A blob with its magic, its length and its checksum as they must be.
fn put_right(source: &[u8]) -> Vec<u8> {
    let mut blob = source.to_vec();
    if blob.len() < 62 {
        return blob;
    }
    blob[..6].copy_from_slice(b"Lerc2 ");
    let length = if blob[6] >= 4 { 34 } else { 30 };
    let all = u32::try_from(blob.len()).expect("inputs are small");
    blob[length..length + 4].copy_from_slice(&all.to_le_bytes());
    let (mut first, mut second) = (0xffff_u32, 0xffff_u32);
    for word in blob[14..].chunks(2) {
        let low = word.get(1).copied().unwrap_or(0);
        first += u32::from(u16::from_be_bytes([word[0], low]));
        first = (first & 0xffff) + (first >> 16);
        second += first;
        second = (second & 0xffff) + (second >> 16);
    }
    blob[10..14].copy_from_slice(&(second << 16 | first).to_le_bytes());
    blob
}

const LARGEST: u64 = 64 << 10;
