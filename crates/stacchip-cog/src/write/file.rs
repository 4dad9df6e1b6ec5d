//! The finished file: header, ghost area, directories, blocks.

use std::io::Write;

use stacchip_model::Affine;

use super::{
    BigTiff, Blocks, FileLayout, GeoCrs, Interleave, Nodata, Photometric, Place, Spool, WriteError,
    WriteOptions,
    block::{BlockPlan, bits, format},
    directory::{Directory, Flavour, Value, put_directories, put_header},
    gdal_metadata::{gdal_metadata, number},
    level::Level,
    writer::{Areas, LEADER_BYTES, Raster, TRAILER_BYTES},
};
use crate::{Compression, SampleFormat, TileEncoder};

pub(super) fn put_file(
    raster: &Raster,
    options: &WriteOptions,
    plan: &BlockPlan<'_>,
    levels: &[Level],
    spool: &mut (dyn Spool + '_),
    out: &mut dyn Write,
) -> Result<u64, WriteError> {
    let areas = Areas::new(options, levels);
    let mut flavour = Flavour {
        big_endian: options.big_endian,
        big_tiff: options.big_tiff == BigTiff::Always,
    };
    let (head, end) = loop {
        let (head, end) = head(raster, options, plan, levels, areas, flavour);
        if flavour.big_tiff || u32::try_from(end).is_ok() {
            break (head, end);
        }
        flavour.big_tiff = true;
    };
    out.write_all(&head)?;
    for (index, level) in levels.iter().enumerate().rev() {
        for plane in 0..level.planes.len() {
            spool.replay(areas.plane(index, plane), out)?;
        }
        if options.mask && !areas.interleaved {
            spool.replay(areas.mask(index), out)?;
        }
    }
    out.flush()?;
    Ok(end)
}

/// All bytes before the first block, and the length of the file.
fn head(
    raster: &Raster,
    options: &WriteOptions,
    plan: &BlockPlan<'_>,
    levels: &[Level],
    areas: Areas,
    flavour: Flavour,
) -> (Vec<u8>, u64) {
    let ghost = match options.layout {
        FileLayout::Cog => ghost_area(areas.interleaved),
        FileLayout::Plain => String::new(),
    };
    let start = (flavour.header_bytes() + ghost.len() as u64).next_multiple_of(flavour.alignment());
    let mut bytes = put_header(flavour, start);
    bytes.extend(ghost.as_bytes());
    bytes.resize(usize::try_from(start).unwrap_or(usize::MAX), 0);

    let mut directories = Directories {
        raster,
        options,
        plan,
    }
    .all(levels);
    let deferred = match options.blocks {
        Blocks::Tiles { .. } => [TILE_OFFSETS, TILE_BYTE_COUNTS],
        Blocks::Strips { .. } => [STRIP_OFFSETS, STRIP_BYTE_COUNTS],
    };
    // The bytes have the same length whatever the offsets are: once to measure, once for good.
    let places = Places::new(levels, areas, options, 0);
    places.set(&mut directories, deferred[0], options.mask, levels.len());
    let first_block = start + put_directories(&directories, flavour, start, &deferred).len() as u64;
    let places = Places::new(levels, areas, options, first_block);
    places.set(&mut directories, deferred[0], options.mask, levels.len());
    bytes.extend(put_directories(&directories, flavour, start, &deferred));
    (bytes, places.end)
}

/// What GDAL's COG driver says of the layout, between header and first directory, so that readers
/// may fetch a block and its length at once. The blank after `NO` leaves room for `YES`, which
/// GDAL writes when it changes the file.
fn ghost_area(interleaved_mask: bool) -> String {
    let mut text = String::from(
        "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n\
         BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ",
    );
    if interleaved_mask {
        text.push_str("MASK_INTERLEAVED_WITH_IMAGERY=YES\n");
    }
    format!(
        "GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{text}",
        text.len()
    )
}

/// Offsets of all blocks.
struct Places {
    /// By level: all planes, one after the other.
    pixels: Vec<Vec<u64>>,
    masks: Vec<Vec<u64>>,
    end: u64,
}

impl Places {
    fn new(levels: &[Level], areas: Areas, options: &WriteOptions, first: u64) -> Self {
        let (leader, trailer) = match options.layout {
            FileLayout::Cog => (LEADER_BYTES, TRAILER_BYTES),
            FileLayout::Plain => (0, 0),
        };
        let mut at = first;
        // A block left out has offset 0 and length 0.
        let mut place = |len: u32| {
            if len == 0 {
                return 0;
            }
            let offset = at + leader;
            at = offset + u64::from(len) + trailer;
            offset
        };
        let mut pixels = vec![Vec::new(); levels.len()];
        let mut masks = vec![Vec::new(); levels.len()];
        for (index, level) in levels.iter().enumerate().rev() {
            for plane in &level.planes {
                for (i, &len) in plane.iter().enumerate() {
                    pixels[index].push(place(len));
                    if let Some(&len) = level.mask_blocks.get(i).filter(|_| areas.interleaved) {
                        masks[index].push(place(len));
                    }
                }
            }
            if !areas.interleaved {
                masks[index].extend(level.mask_blocks.iter().map(|&len| place(len)));
            }
        }
        Self {
            pixels,
            masks,
            end: at,
        }
    }

    fn set(&self, directories: &mut [Directory], tag: u16, mask: bool, levels: usize) {
        for level in 0..levels {
            let (own, of_mask) = order(level, levels, mask);
            directories[own].set(tag, Value::Offsets(self.pixels[level].clone()));
            if mask {
                directories[of_mask].set(tag, Value::Offsets(self.masks[level].clone()));
            }
        }
    }
}

/// Where the directories of a level and of its mask stand: full resolution, its mask, all
/// overviews, all masks of overviews.
const fn order(level: usize, levels: usize, mask: bool) -> (usize, usize) {
    match (level, mask) {
        (0, _) => (0, 1),
        (_, false) => (level, level),
        (_, true) => (level + 1, level + levels),
    }
}

struct Directories<'a> {
    raster: &'a Raster,
    options: &'a WriteOptions,
    plan: &'a BlockPlan<'a>,
}

impl Directories<'_> {
    fn all(&self, levels: &[Level]) -> Vec<Directory> {
        let mask = self.options.mask;
        let count = levels.len() * (1 + usize::from(mask));
        let mut all = vec![Directory::default(); count];
        for (index, level) in levels.iter().enumerate() {
            let (own, of_mask) = order(index, levels.len(), mask);
            all[own] = self.pixels(level, index > 0);
            if mask {
                all[of_mask] = self.mask(level, index > 0);
            }
        }
        self.describe(&mut all[0]);
        all
    }

    fn pixels(&self, level: &Level, overview: bool) -> Directory {
        let mut d = Directory::default();
        let bands = self.raster.bands;
        let scheme = self
            .plan
            .encoder
            .map_or(Compression::NONE, TileEncoder::scheme);
        if overview {
            d.set_long(NEW_SUBFILE_TYPE, 1);
        }
        let counts = level.planes.concat();
        self.common(&mut d, level, scheme, counts);
        d.set(
            BITS_PER_SAMPLE,
            Value::Short(vec![bits(self.raster.sample); bands]),
        );
        d.set_short(PHOTOMETRIC, self.options.photometric.tag());
        d.set_short(SAMPLES_PER_PIXEL, u16::try_from(bands).unwrap_or(u16::MAX));
        d.set_short(
            PLANAR_CONFIGURATION,
            match self.options.interleave {
                Interleave::Pixel => 1,
                Interleave::Band => 2,
            },
        );
        if self.plan.predictor.tag() != 1 {
            d.set_short(PREDICTOR, self.plan.predictor.tag());
        }
        if let Photometric::Palette(table) = &self.options.photometric {
            let entries = 1usize << bits(self.raster.sample);
            let column = |k: usize| (0..entries).map(move |i| table.get(i).map_or(0, |c| c[k]));
            d.set(COLOR_MAP, Value::Short((0..3).flat_map(column).collect()));
        }
        let extra = bands - self.options.photometric.bands();
        if extra > 0 {
            let named = self.options.extra_samples.iter().map(|e| e.tag());
            let tags = named.chain(std::iter::repeat(0)).take(extra).collect();
            d.set(EXTRA_SAMPLES, Value::Short(tags));
        }
        let sample_format = match format(self.raster.sample) {
            SampleFormat::Unsigned => 1,
            SampleFormat::Signed => 2,
            SampleFormat::Float => 3,
            SampleFormat::Void => 4,
            SampleFormat::ComplexInt => 5,
            SampleFormat::ComplexFloat => 6,
        };
        d.set(SAMPLE_FORMAT, Value::Short(vec![sample_format; bands]));
        if let Some(nodata) = self.options.nodata {
            let text = match nodata {
                Nodata::Float(value) => number(value),
                Nodata::Integer(value) => value.to_string(),
            };
            d.set(GDAL_NODATA, Value::Ascii(text));
        }
        d
    }

    fn mask(&self, level: &Level, overview: bool) -> Directory {
        let mut d = Directory::default();
        let scheme = self
            .plan
            .mask_encoder()
            .map_or(Compression::NONE, TileEncoder::scheme);
        // Bit 2 a mask, bit 0 of reduced resolution (TIFF 6.0, section 8).
        d.set_long(NEW_SUBFILE_TYPE, if overview { 5 } else { 4 });
        self.common(&mut d, level, scheme, level.mask_blocks.clone());
        d.set_short(BITS_PER_SAMPLE, 1);
        d.set_short(PHOTOMETRIC, 4);
        d.set_short(SAMPLES_PER_PIXEL, 1);
        d.set_short(PLANAR_CONFIGURATION, 1);
        d.set_short(SAMPLE_FORMAT, 1);
        d
    }

    fn common(&self, d: &mut Directory, level: &Level, scheme: Compression, counts: Vec<u32>) {
        d.set_long(IMAGE_WIDTH, level.size.width);
        d.set_long(IMAGE_LENGTH, level.size.height);
        d.set_short(COMPRESSION, scheme.0);
        match self.options.blocks {
            Blocks::Tiles { width, height } => {
                d.set_long(TILE_WIDTH, width);
                d.set_long(TILE_LENGTH, height);
                d.set(TILE_BYTE_COUNTS, Value::Long(counts));
            }
            Blocks::Strips { .. } => {
                d.set_long(ROWS_PER_STRIP, level.block.height);
                d.set(STRIP_BYTE_COUNTS, Value::Long(counts));
            }
        }
    }

    /// What only the full resolution says.
    fn describe(&self, d: &mut Directory) {
        if let Some(text) = gdal_metadata(self.options) {
            d.set(GDAL_METADATA, Value::Ascii(text));
        }
        if let Some(place) = &self.options.georeference {
            set_place(d, place);
        }
    }
}

fn set_place(d: &mut Directory, place: &Place) {
    let Affine {
        a,
        b,
        c,
        d: dy,
        e,
        f,
    } = place.transform;
    // Where pixels are points, the tie point is the centre of the first (GeoTIFF 1.1, 7.2.1).
    let (x, y) = if place.pixel_is_point {
        place.transform.apply(0.5, 0.5)
    } else {
        (c, f)
    };
    if b == 0.0 && dy == 0.0 && a > 0.0 && e < 0.0 {
        d.set(MODEL_PIXEL_SCALE, Value::Double(vec![a, -e, 0.0]));
        d.set(
            MODEL_TIEPOINT,
            Value::Double(vec![0.0, 0.0, 0.0, x, y, 0.0]),
        );
    } else {
        d.set(
            MODEL_TRANSFORMATION,
            Value::Double(vec![
                a, b, 0.0, x, dy, e, 0.0, y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
            ]),
        );
    }
    let keys = GeoCrs::directory(place.crs.as_ref(), place.pixel_is_point);
    d.set(GEO_KEY_DIRECTORY, Value::Short(keys.shorts));
    if !keys.doubles.is_empty() {
        d.set(GEO_DOUBLE_PARAMS, Value::Double(keys.doubles));
    }
    if !keys.text.is_empty() {
        d.set(GEO_ASCII_PARAMS, Value::Ascii(keys.text));
    }
}

const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const PLANAR_CONFIGURATION: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const MODEL_PIXEL_SCALE: u16 = 33550;
const MODEL_TIEPOINT: u16 = 33922;
const MODEL_TRANSFORMATION: u16 = 34264;
const GEO_KEY_DIRECTORY: u16 = 34735;
const GEO_DOUBLE_PARAMS: u16 = 34736;
const GEO_ASCII_PARAMS: u16 = 34737;
const GDAL_METADATA: u16 = 42112;
const GDAL_NODATA: u16 = 42113;
