//! Headers that were kept: taken apart, spoiled, put together again, read with.

use bytes::Bytes;
use futures::executor::block_on;
use stacchip_cog::{
    Bands, Cog, Image, Limits, Part, StoredRaster, read_window,
    testing::{MemoryReader, check_stored_header},
};

use crate::{Choices, memory};

/// Takes the header of a file apart and puts it together again, as it is and spoiled, and reads a
/// window of each level with what comes of it.
pub fn header_table(input: &[u8]) {
    let (data, mut choices) = Choices::split(input);
    let file = Bytes::copy_from_slice(data);
    let limits = Limits {
        directories: 16,
        entries: 256,
        tag_bytes: 32 << 10,
        header_bytes: 256 << 10,
        block_bytes: 256 << 10,
        stored_block_bytes: 256 << 10,
        window_bytes: 256 << 10,
        window_blocks: 64,
        ..Limits::default()
    };
    let reader = MemoryReader::new(file.clone()).with_etag("\"1\"");
    let mut stored = match block_on(check_stored_header(&reader, &limits)) {
        Ok(Some(stored)) => stored,
        Ok(None) => return,
        // What is put together again differs, unless it could not be read in the first place.
        Err(error) => {
            let opened = block_on(stacchip_cog::open(&reader, &limits)).is_ok();
            assert!(!opened || over_the_limits(&error), "{error}");
            return;
        }
    };
    for _ in 0..choices.below(4) {
        let at = choices.below(u32::try_from(stored.rasters.len()).unwrap_or(1));
        if let Some(raster) = stored.rasters.get_mut(at as usize) {
            spoil(raster, &mut choices);
        }
    }
    if choices.byte() > 250 {
        stored.rasters.reverse();
    }
    let rebuilt = memory::within("putting together", REBUILDING + 64 * file.len(), || {
        stored.rebuild(&limits)
    });
    match rebuilt {
        Ok(cog) => read(&reader, &cog),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Bands and properties may be more than are kept under limits as tight as these.
fn over_the_limits(error: &str) -> bool {
    error.contains("over the limit") && !error.contains(" became ")
}

fn read(reader: &MemoryReader, cog: &Cog) {
    let codecs = stacchip_codecs::built_in();
    for image in cog.images.iter().take(3) {
        for level in 0..image.levels.len().min(3) {
            for part in [Part::Pixels, Part::Mask] {
                let window = window(image, level);
                let work = || {
                    let read = read_window(reader, image, level, window, Bands::All, part, &codecs);
                    block_on(read)
                };
                if let Err(error) = memory::within("reading a window", WINDOW, work) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}

fn window(image: &Image, level: usize) -> stacchip_model::Window {
    let size = image.levels.get(level).map_or(image.size(), |l| l.size);
    let corner = stacchip_model::Size::new(size.width.min(40), size.height.min(40));
    corner.window()
}

/// Changes one field.
fn spoil(raster: &mut StoredRaster, choices: &mut Choices) {
    let field = choices.byte() % 26;
    let small = u16::from(choices.byte() % 4);
    let short = u16::from_le_bytes([choices.byte(), choices.byte()]);
    let long = i64::from(choices.below(1 << 16)) << choices.below(48);
    let long = if choices.byte() & 1 == 1 { -long } else { long };
    let wide = u32::try_from(long.unsigned_abs() & 0xffff_ffff).unwrap_or(0);
    match field {
        0 => raster.image = u32::from(small),
        1 => raster.level = u32::from(small),
        2 => raster.mask = !raster.mask,
        3 => raster.width = wide,
        4 => raster.height = wide,
        5 => raster.block_width = wide,
        6 => raster.block_height = wide,
        7 => raster.tiled = !raster.tiled,
        8 => raster.big_endian = !raster.big_endian,
        9 => raster.compression = choices.of(&[1, 2, 5, 7, 8, 34887, 34925, 50000, 50001, 50002]),
        10 => raster.predictor = small,
        11 => raster.planar = small,
        12 => raster.samples = short,
        13 => raster.bits = short % 130,
        14 => raster.format = short % 8,
        15 => raster.photometric = short % 40,
        16 => raster.lsb_first = !raster.lsb_first,
        17 => raster.subsampling = [small, short],
        18 => raster.extra_samples = vec![small; usize::from(short % 600)],
        19 => raster.jpeg_tables = Some(vec![0xff; usize::from(short)].into()),
        20 => raster.fill = vec![1; 1 << small],
        21 => raster.promote = !raster.promote,
        22 => raster.gaps.iter_mut().for_each(|gap| *gap = long),
        23 => raster
            .lengths
            .iter_mut()
            .for_each(|length| *length = long.unsigned_abs()),
        24 => raster.gaps.push(long),
        _ => raster.properties.push((
            choices
                .of(&[
                    "transform",
                    "band.0.scale",
                    "band.70000.unit",
                    "ghost.0",
                    "domain.0.name",
                    "colour_table",
                    "rpc",
                    "control_points",
                    "geokey.0",
                    "warning.0",
                ])
                .to_owned(),
            format!("{long} {short}"),
        )),
    }
}

/// Bytes that putting together may take: a raster may say 65 535 bands in two bytes.
const REBUILDING: usize = 64 << 20;
/// As of `file`.
const WINDOW: usize = 128 << 20;
