//! The bands of an image, apart from their pixels.

use super::metadata::Metadata;
use crate::{
    Band, Colour, Compression, Encoding, Level,
    header::{Directory, Tag},
};

/// The bands of the image of `directory`.
pub(super) fn bands(
    directory: &Directory,
    level: &Level,
    palette: bool,
    metadata: &Metadata,
) -> Vec<Band> {
    (0..level.bands())
        .map(|i| {
            let said = metadata.bands.iter().find(|b| b.index == i);
            Band {
                sample: level.sample,
                description: said.and_then(|b| b.description.clone()),
                scale: said.and_then(|b| b.scale).unwrap_or(1.0),
                offset: said.and_then(|b| b.offset).unwrap_or(0.0),
                unit: said.and_then(|b| b.unit.clone()),
                colour: said
                    .and_then(|b| b.colour.clone())
                    .unwrap_or_else(|| colour(directory, &level.encoding, i, palette)),
                metadata: said.map(|b| b.items.clone()).unwrap_or_default(),
            }
        })
        .collect()
}

/// The colour table of a palette image, as GDAL reads it.
pub(super) fn colour_table(directory: &Directory, encoding: &Encoding) -> Option<Vec<[u8; 4]>> {
    if encoding.photometric != PALETTE || encoding.bits > 16 {
        return None;
    }
    let values = directory.all_unsigned(Tag::COLOR_MAP)?;
    let count = 1usize.checked_shl(u32::from(encoding.bits))?;
    let (red, rest) = values.split_at_checked(count)?;
    let (green, rest) = rest.split_at_checked(count)?;
    let blue = rest.get(..count)?;
    // Some writers give 0 to 255 in place of 0 to 65535.
    let small = values.iter().all(|&v| v < 256);
    let byte = |v: u64| u8::try_from(if small { v } else { v >> 8 }).unwrap_or(u8::MAX);
    Some(
        red.iter()
            .zip(green)
            .zip(blue)
            .map(|((&r, &g), &b)| [byte(r), byte(g), byte(b), u8::MAX])
            .collect(),
    )
}

/// What band `i` is to the eye, from the tags.
fn colour(directory: &Directory, encoding: &Encoding, i: usize, palette: bool) -> Colour {
    let known: &[Colour] = match encoding.photometric {
        _ if palette && i == 0 => &[Colour::Palette],
        RGB => &[Colour::Red, Colour::Green, Colour::Blue],
        YCBCR if encoding.compression == Compression::JPEG => {
            &[Colour::Red, Colour::Green, Colour::Blue]
        }
        YCBCR => &[Colour::YcbcrY, Colour::YcbcrCb, Colour::YcbcrCr],
        SEPARATED => &[Colour::Cyan, Colour::Magenta, Colour::Yellow, Colour::Black],
        MIN_IS_BLACK => &[Colour::Gray],
        _ => &[],
    };
    if let Some(colour) = known.get(i) {
        return colour.clone();
    }
    let extra = usize::try_from(
        directory
            .entry(Tag::EXTRA_SAMPLES)
            .map_or(0, |entry| entry.count),
    )
    .unwrap_or(usize::MAX);
    let base = usize::from(encoding.samples).saturating_sub(extra);
    let kind = i
        .checked_sub(base)
        .and_then(|e| encoding.extra_samples.get(e));
    match kind {
        Some(1 | 2) => Colour::Alpha,
        _ => Colour::Undefined,
    }
}

// `PhotometricInterpretation` (262): TIFF 6.0, sections 3 to 6, 16 and 21.
const MIN_IS_BLACK: u16 = 1;
const RGB: u16 = 2;
const PALETTE: u16 = 3;
const SEPARATED: u16 = 5;
const YCBCR: u16 = 6;
