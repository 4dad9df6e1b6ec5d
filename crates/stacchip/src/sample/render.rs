//! A raster of a scene, row by row into a COG.

use std::io::Write;

use rayon::prelude::*;
use stacchip_cog::{
    CogWriter, TileEncoder, WriteOptions,
    write::{
        BandLabel, GeoCrs, GeoKeys, Overviews, Photometric, Predictor, Raster, Resampling, Spool,
        Workers,
    },
};
use stacchip_model::Size;

use super::{
    SampleError, SamplePlatform,
    item::MODIS_RADIUS,
    land::{Ground, Land},
    noise::RowAt,
    product::{Content, Product},
};

/// Blocks are compressed on all threads at hand.
#[derive(Debug)]
struct AllThreads;

impl Workers for AllThreads {
    fn run(&self, count: usize, job: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().for_each(job);
    }
}

/// How many pixels of a mask are what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) all: u64,
    pub(super) unseen: u64,
    pub(super) cloud: u64,
    pub(super) cirrus: u64,
    pub(super) thick: u64,
    pub(super) shadow: u64,
    pub(super) water: u64,
}

impl Counts {
    fn of(ground: &[Ground]) -> Self {
        let count = |is: fn(&Ground) -> bool| ground.iter().filter(|g| is(g)).count() as u64;
        Self {
            all: ground.len() as u64,
            unseen: count(|g| g.unseen),
            cloud: count(|g| !g.unseen && (g.is_cloud() || g.is_cirrus())),
            cirrus: count(|g| !g.unseen && !g.is_cloud() && g.is_cirrus()),
            thick: count(|g| !g.unseen && g.is_thick_cloud()),
            shadow: count(|g| !g.unseen && g.is_shadow()),
            water: count(|g| g.scene_class() == 6),
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            all: self.all + more.all,
            unseen: self.unseen + more.unseen,
            cloud: self.cloud + more.cloud,
            cirrus: self.cirrus + more.cirrus,
            thick: self.thick + more.thick,
            shadow: self.shadow + more.shadow,
            water: self.water + more.water,
        }
    }
}

/// A raster to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Render<'a> {
    pub(super) platform: SamplePlatform,
    pub(super) land: &'a Land,
    /// Columns and rows of the finest band.
    pub(super) size: u32,
    pub(super) product: &'a Product,
    pub(super) encoder: &'a dyn TileEncoder,
    /// Whether its pixels are to be counted.
    pub(super) counted: bool,
}

/// Writes one raster to `out`; says what its pixels are, where they are counted.
pub(super) fn render(
    Render {
        platform,
        land,
        size,
        product,
        encoder,
        counted,
    }: Render<'_>,
    spool: Box<dyn Spool + '_>,
    out: &mut dyn Write,
) -> Result<Counts, SampleError> {
    let edge = size.div_ceil(product.factor);
    let raster = Raster {
        size: Size::new(edge, edge),
        bands: product.content.bands().len(),
        sample: product.content.sample(),
    };
    let options = options(platform, product, edge);
    let mut writer = CogWriter::new(raster, &options, Some(encoder))?
        .with_workers(&AllThreads)
        .with_spool(spool);
    let step = i32::try_from(2 * product.factor).unwrap_or(2);
    let mut counts = Counts::default();
    let mut first = 0;
    while first < edge {
        // As many rows at a time as keep all threads busy, in memory that does not grow with the
        // height of the scene.
        let rows = ROWS_AT_A_TIME.min(edge - first);
        let made: Vec<(Vec<u8>, Vec<u8>, Counts)> = (first..first + rows)
            .into_par_iter()
            .map(|row| {
                let ground = land.row(RowAt {
                    u: step / 2,
                    v: step / 2 + step * i32::try_from(row).unwrap_or(i32::MAX / 8),
                    step,
                    len: edge as usize,
                });
                let mask = if product.content.has_mask() {
                    ground.iter().map(|g| u8::from(!g.unseen) * 255).collect()
                } else {
                    Vec::new()
                };
                let counts = if counted {
                    Counts::of(&ground)
                } else {
                    Counts::default()
                };
                (product.content.row(&ground), mask, counts)
            })
            .collect();
        for (pixels, mask, more) in made {
            if product.content.has_mask() {
                writer.push_masked_rows(&pixels, &mask)?;
            } else {
                writer.push_rows(&pixels)?;
            }
            counts = counts.plus(more);
        }
        first += rows;
    }
    writer.finish(out)?;
    Ok(counts)
}

fn options(platform: SamplePlatform, product: &Product, edge: u32) -> WriteOptions {
    let content = product.content;
    let crs = match platform.epsg() {
        Some(code) => GeoCrs::Projected(code),
        None => GeoCrs::Keys(GeoKeys::sinusoidal(MODIS_RADIUS, 0.0)),
    };
    let factor = f64::from(product.factor);
    let mut options = WriteOptions::cog()
        // Real 10 m bands have tiles of 1024.
        .tiles(if edge > 8192 { 1024 } else { 512 })
        .place(platform.transform().scaled(factor, factor), Some(crs))
        .mask(content.has_mask())
        .predictor_for(content.sample());
    if content.is_classes() {
        options = options
            .predictor(Predictor::None)
            .overviews(Overviews::UntilOneBlock, Resampling::Nearest);
    }
    if let Some(nodata) = content.nodata() {
        options = options.nodata(nodata);
    }
    match content {
        Content::Naip | Content::Linz => options
            .photometric(Photometric::Rgb)
            .bands(content.bands().iter().copied().map(BandLabel::described)),
        _ => options.bands([BandLabel::described(product.band)]),
    }
}

const ROWS_AT_A_TIME: u32 = 128;
