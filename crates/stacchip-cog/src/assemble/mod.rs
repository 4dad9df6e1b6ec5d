//! From directories to images, as GDAL sees them.

mod bands;
mod encoding;
mod level;
mod metadata;
mod rendering;

pub(crate) use encoding::{has_predictor, sample_type};

use std::sync::Arc;

use stacchip_model::SampleType;

use crate::{
    Band, Cog, GhostArea, HeaderError, Image, Level, Limits, Nodata, Warning,
    geo::georeference,
    header::{ByteOrder, Directory, Pages, Place, Preamble, Tag},
    nodata,
};

/// `NewSubfileType` (254), bit 0: a version of another image at lower resolution.
const REDUCED: u64 = 1;
/// `NewSubfileType` (254), bit 1: a page of several.
const PAGE: u64 = 2;
/// `NewSubfileType` (254), bit 2: a mask of another image.
const MASK: u64 = 4;
/// GDAL takes no more overviews than that.
pub(crate) const MAX_OVERVIEWS: usize = 30;

/// Puts the directories `found` together. The first is the main image; which of the others are its
/// overviews and masks, and which images of their own, is decided as GDAL decides it.
pub(crate) fn assemble(
    preamble: Preamble,
    found: &[(Arc<Directory>, Place)],
    pages: &Pages,
    mut warnings: Vec<Warning>,
    limits: &Limits,
) -> Result<Cog, HeaderError> {
    let limits = Arc::new(limits.clone());
    let Some(((first, _), rest)) = found.split_first() else {
        return Err(HeaderError::NoDirectory { offset: 0 });
    };
    let mut spent = 0;
    let (mut main, base) = image(first, pages, &limits, &mut spent)?;
    let mut pyramid = Pyramid::default();
    let mut others = Vec::new();
    for (directory, place) in rest {
        let kind = directory.unsigned(Tag::NEW_SUBFILE_TYPE).unwrap_or(0);
        let belongs = match place {
            Place::Sub => true,
            Place::Chain => directory.entry(Tag::SUB_IFDS).is_none(),
        };
        if kind & (REDUCED | MASK) != 0 {
            if belongs {
                match level::level(directory, pages, &limits) {
                    Ok(mut level) => {
                        let nodata = nodata_of(directory, level.sample);
                        level.fill = fill(nodata.as_ref(), level.sample);
                        pyramid.add(kind, level, &base);
                    }
                    Err(error) => {
                        warnings.push(Warning::new(directory.offset, error.to_string()));
                    }
                }
            }
        } else if *place == Place::Chain && (kind == 0 || kind == PAGE) {
            match image(directory, pages, &limits, &mut spent) {
                Ok((mut image, level)) => {
                    image.levels = vec![Arc::new(level)];
                    others.push(image);
                }
                Err(error) => warnings.push(Warning::new(directory.offset, error.to_string())),
            }
        }
    }
    main.levels = pyramid.levels(base);
    let mut images = vec![main];
    images.append(&mut others);
    Ok(Cog {
        images,
        big_endian: preamble.order == ByteOrder::Big,
        big_tiff: preamble.big,
        ghost: ghost(preamble, pages),
        warnings,
    })
}

/// The image of one directory, and its full resolution.
fn image(
    directory: &Directory,
    pages: &Pages,
    limits: &Arc<Limits>,
    spent: &mut u64,
) -> Result<(Image, Level), HeaderError> {
    let mut level = level::level(directory, pages, limits)?;
    let metadata = metadata::of(directory);
    let nodata = nodata_of(directory, level.sample);
    level.fill = fill(nodata.as_ref(), level.sample);
    let colour_table = bands::colour_table(directory, &level.encoding, nodata.as_ref());
    let colours = colour_table.as_ref().map_or(0, Vec::len);
    spend(directory, level.bands(), colours, limits, spent)?;
    let bands = bands::bands(directory, &level, colour_table.is_some(), &metadata);
    let image = Image {
        bands,
        nodata,
        georeference: georeference(directory),
        colour_table,
        metadata: metadata.image,
        domains: metadata.domains,
        levels: Vec::new(),
    };
    Ok((image, level))
}

/// Adds to `spent` what an image takes beyond the bytes of its directory: bands and colours are made up
/// from a few of them.
fn spend(
    directory: &Directory,
    bands: usize,
    colours: usize,
    limits: &Limits,
    spent: &mut u64,
) -> Result<(), HeaderError> {
    let bands = bands.saturating_mul(size_of::<Band>());
    let bytes = bands.saturating_add(colours.saturating_mul(size_of::<[u8; 4]>()));
    *spent = spent.saturating_add(bytes as u64);
    if *spent > limits.header_bytes {
        return Err(HeaderError::Limit {
            what: "bytes for the bands and colours of the images up to the one",
            name: "header_bytes",
            offset: directory.offset,
            value: *spent,
            limit: limits.header_bytes,
        });
    }
    Ok(())
}

fn nodata_of(directory: &Directory, sample: SampleType) -> Option<Nodata> {
    nodata::parse(&directory.text(Tag::GDAL_NODATA)?, sample)
}

fn fill(nodata: Option<&Nodata>, sample: SampleType) -> Vec<u8> {
    nodata.map_or_else(
        || vec![0; sample.bytes()],
        |nodata| nodata::bytes(nodata.value, sample),
    )
}

/// What belongs to the main image, as it is found.
#[derive(Default)]
struct Pyramid {
    base_mask: Option<Level>,
    overviews: Vec<(Level, Option<Level>)>,
}

impl Pyramid {
    fn add(&mut self, kind: u64, level: Level, base: &Level) {
        let bands = base.bands();
        let fits_mask = |mask: &Level, of: &Level| {
            mask.size == of.size
                && (mask.bands() == 1 || mask.bands() == bands)
                && mask.sample == SampleType::U8
        };
        match (kind & REDUCED != 0, kind & MASK != 0) {
            (true, false) => {
                if self.overviews.len() < MAX_OVERVIEWS && level.bands() == bands {
                    self.overviews.push((level, None));
                }
            }
            (false, true) => {
                if self.base_mask.is_none() && fits_mask(&level, base) {
                    self.base_mask = Some(level.as_mask());
                }
            }
            (true, true) => {
                let place = self
                    .overviews
                    .iter_mut()
                    .find(|(of, mask)| mask.is_none() && fits_mask(&level, of));
                if let Some((_, mask)) = place {
                    *mask = Some(level.as_mask());
                }
            }
            (false, false) => {}
        }
    }

    fn levels(self, base: Level) -> Vec<Arc<Level>> {
        std::iter::once((base, self.base_mask))
            .chain(self.overviews)
            .map(|(mut level, mask)| {
                level.mask = mask.map(Arc::new);
                Arc::new(level)
            })
            .collect()
    }
}

/// The ghost area, if there is one: 43 bytes that say how long the rest is, then the rest.
fn ghost(preamble: Preamble, pages: &Pages) -> Option<GhostArea> {
    const KEY: &str = "GDAL_STRUCTURAL_METADATA_SIZE=";
    const HEAD: u64 = 43;
    let start = preamble.len();
    let head_end = start.checked_add(HEAD)?;
    let head = pages.bytes(&(start..head_end))?;
    let head = std::str::from_utf8(&head).ok()?;
    let len: u64 = head.strip_prefix(KEY)?.get(..6)?.parse().ok()?;
    let body = pages.bytes(&(head_end..head_end.checked_add(len)?))?;
    let lines = String::from_utf8_lossy(&body)
        .lines()
        .filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            Some((key.to_owned(), value.trim_end_matches('\0').to_owned()))
        })
        .collect();
    Some(GhostArea { lines })
}
