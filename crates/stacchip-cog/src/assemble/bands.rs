//! The bands of an image, apart from their pixels.

use super::metadata::Metadata;
use crate::{
    Band, Colour, Compression, Encoding, Level, Nodata,
    geo::height_unit,
    header::{Directory, Tag},
};

/// The bands of the image of `directory`.
pub(super) fn bands(
    directory: &Directory,
    level: &Level,
    palette: bool,
    metadata: &Metadata,
) -> Vec<Band> {
    // What GDAL shows of an image of one bit is always a palette.
    let bitmap = level.encoding.bits == 1 && level.encoding.samples == 1;
    let heights = height_unit(directory);
    (0..level.bands())
        .map(|i| {
            let said = metadata.bands.get(&i);
            Band {
                sample: level.sample,
                description: said.and_then(|b| b.description.clone()),
                scale: said.and_then(|b| b.scale).unwrap_or(1.0),
                offset: said.and_then(|b| b.offset).unwrap_or(0.0),
                unit: said
                    .and_then(|b| b.unit.clone())
                    .or_else(|| heights.map(str::to_owned)),
                colour: said
                    .and_then(|b| b.colour.clone())
                    .filter(|_| !bitmap && level.encoding.rendering.is_none())
                    .unwrap_or_else(|| colour(directory, &level.encoding, i, palette)),
                metadata: said.map(|b| b.items.clone()).unwrap_or_default(),
                domains: said.map(|b| b.domains.clone()).unwrap_or_default(),
            }
        })
        .collect()
}

/// The colour table that GDAL shows: the file's, or one made up for images of one bit and for
/// those whose zero is white.
pub(super) fn colour_table(
    directory: &Directory,
    encoding: &Encoding,
    nodata: Option<&Nodata>,
) -> Option<Vec<[u8; 4]>> {
    if encoding.bits > 16 || encoding.rendering.is_some() {
        return None;
    }
    let count = 1usize.checked_shl(u32::from(encoding.bits))?;
    if let Some(table) = stored_colours(directory, count, nodata) {
        return Some(table);
    }
    let white_first = encoding.photometric == MIN_IS_WHITE;
    let bitmap = encoding.bits == 1 && encoding.samples == 1;
    if !white_first && !bitmap {
        return None;
    }
    let last = count.checked_sub(1)?;
    Some(
        (0..count)
            .map(|i| {
                let step = if white_first {
                    last.saturating_sub(i)
                } else {
                    i
                };
                let grey = step.saturating_mul(255).checked_div(last).unwrap_or(0);
                let grey = u8::try_from(grey).unwrap_or(u8::MAX);
                [grey, grey, grey, u8::MAX]
            })
            .collect(),
    )
}

/// The colour table in the file, 16 bits a colour made 8 as GDAL does; what is nodata is
/// transparent.
fn stored_colours(
    directory: &Directory,
    count: usize,
    nodata: Option<&Nodata>,
) -> Option<Vec<[u8; 4]>> {
    let values = directory.all_unsigned(Tag::COLOR_MAP)?;
    let (red, rest) = values.split_at_checked(count)?;
    let (green, rest) = rest.split_at_checked(count)?;
    let blue = rest.get(..count)?;
    let all = || red.iter().chain(green).chain(blue);
    // Writers disagree on how 255 becomes 16 bits; what they wrote gives them away.
    let scale = if all().all(|&v| v < 256) {
        1
    } else if !all().all(|v| v % 257 == 0) && all().all(|v| v % 256 == 0) {
        256
    } else {
        257
    };
    let byte = |v: u64| u8::try_from(v / scale).unwrap_or(u8::MAX);
    let clear = nodata.map(|n| n.value.as_f64());
    Some(
        red.iter()
            .zip(green)
            .zip(blue)
            .enumerate()
            .map(|(i, ((&r, &g), &b))| {
                let alpha = if clear == Some(i as f64) { 0 } else { u8::MAX };
                [byte(r), byte(g), byte(b), alpha]
            })
            .collect(),
    )
}

/// What band `i` is to the eye, from the tags.
fn colour(directory: &Directory, encoding: &Encoding, i: usize, palette: bool) -> Colour {
    let known: &[Colour] = match encoding.photometric {
        _ if encoding.rendering.is_some() => {
            &[Colour::Red, Colour::Green, Colour::Blue, Colour::Alpha]
        }
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
const MIN_IS_WHITE: u16 = 0;
const MIN_IS_BLACK: u16 = 1;
const RGB: u16 = 2;
const SEPARATED: u16 = 5;
const YCBCR: u16 = 6;
