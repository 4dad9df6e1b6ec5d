//! Synthetic scenes: for trying things out, and for tests.
//!
//! A scene is made from its platform, size and seed alone, with whole numbers, so that it is the
//! same on every machine: land with water, fields, forest and towns, clouds with their shadows,
//! the edge of a swath, and a quality band that tells the truth about all of it.

mod item;
mod land;
mod masks;
mod noise;
mod platform;
mod product;
mod render;
mod spectra;
mod thumbnail;

use std::{fmt, io};

use serde_json::json;
use stacchip_cog::{
    TileEncoder, WriteError,
    write::{MemorySpool, Spool},
};
use stacchip_model::{ProjectError, Projector};
use thiserror::Error;

pub use platform::{SamplePlatform, UnknownPlatform};

use crate::Progress;
use item::{ItemParts, outline};
use land::Land;
use render::{Counts, Render, render};

/// Which scene is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SampleScene {
    /// The platform.
    pub platform: SamplePlatform,
    /// Columns and rows of its finest band.
    pub size: u32,
    /// Another seed is another scene, on another day.
    pub seed: u64,
}

impl SampleScene {
    /// A scene of the platform's default size and seed 1.
    pub const fn new(platform: SamplePlatform) -> Self {
        Self {
            platform,
            size: platform.default_size(),
            seed: 1,
        }
    }

    /// The same with another size.
    pub const fn size(self, size: u32) -> Self {
        Self { size, ..self }
    }

    /// The same with another seed.
    pub const fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Makes the scene: all rasters, a thumbnail, `metadata.json`, and `item.json` last.
    ///
    /// `encoder` compresses the rasters; `progress` is told of each file.
    ///
    /// # Errors
    /// [`SampleError`]; `item.json` is not written then.
    pub fn write(
        self,
        projector: &dyn Projector,
        encoder: &dyn TileEncoder,
        folder: &dyn SampleFolder,
        progress: &dyn Progress,
    ) -> Result<SampleReport, SampleError> {
        self.check()?;
        let (outline, bbox) = outline(self, projector)?;
        let land = Land {
            seed: fold(self.seed),
            extent: i32::try_from(2 * self.size).unwrap_or(i32::MAX),
            clouds: self.platform.has_clouds(),
            edge: self.platform.edge(),
        };
        let products = self.platform.products();
        progress.expect(products.len() as u64 + 3);
        let mut counts = None;
        let mut files = Vec::new();
        for product in &products {
            let name = format!("{}.tif", product.key);
            let mut of_this = Counts::default();
            folder.put(&name, &mut |out| {
                let spool = folder.spool()?;
                let raster = Render {
                    platform: self.platform,
                    land: &land,
                    size: self.size,
                    product,
                    encoder,
                    counted: counts.is_none(),
                };
                of_this = render(raster, spool, out)?;
                Ok(())
            })?;
            // The band that tells quality comes first.
            counts.get_or_insert(of_this);
            files.push(name);
            progress.advance(1);
        }
        let counts = counts.unwrap_or_default();
        let item = ItemParts {
            scene: self,
            counts,
            products: &products,
            outline,
            bbox,
        }
        .item();
        let metadata = json!({
            "made": "a synthetic scene: nothing in it is real",
            "platform": self.platform.name(),
            "size": self.size,
            "seed": self.seed,
        });
        let picture = thumbnail::thumbnail(&land, self.platform == SamplePlatform::Sentinel1);
        let pretty = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
        for (name, bytes) in [
            ("thumbnail.png", picture),
            ("metadata.json", pretty(&metadata)),
            ("item.json", pretty(&item)),
        ] {
            folder.put(name, &mut |out| Ok(out.write_all(&bytes)?))?;
            files.push(name.into());
            progress.advance(1);
        }
        Ok(SampleReport {
            id: self.id(),
            files,
        })
    }

    fn check(self) -> Result<(), SampleError> {
        let refuse = |what: String| Err(SampleError::Size { what });
        if self.size < LEAST_SIZE || self.size > GREATEST_SIZE {
            return refuse(format!(
                "{} pixels: choose from {LEAST_SIZE} to {GREATEST_SIZE}",
                self.size
            ));
        }
        if self.platform == SamplePlatform::Sentinel2 && !self.size.is_multiple_of(2) {
            return refuse(format!(
                "{} pixels: sentinel-2 needs an even number, its 20 m bands have half as many",
                self.size
            ));
        }
        if self.platform == SamplePlatform::Modis && self.size > MODIS_TILE {
            return refuse(format!(
                "{} pixels: a tile of modis has {MODIS_TILE} at most",
                self.size
            ));
        }
        Ok(())
    }
}

/// Where the files of a scene go.
pub trait SampleFolder: fmt::Debug {
    /// Makes the file `name` of what `write` writes.
    ///
    /// Promise: calls `write` once; where it fails, nothing half-written stands under `name`.
    ///
    /// # Errors
    /// What `write` says; [`SampleError::Folder`] where the file cannot be made.
    fn put(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), SampleError>,
    ) -> Result<(), SampleError>;

    /// Where compressed blocks wait until their file is complete: in memory, unless the folder
    /// knows better. A raster of a full-size scene takes up to 200 MB.
    ///
    /// # Errors
    /// Where there is no such place.
    fn spool(&self) -> Result<Box<dyn Spool + '_>, SampleError> {
        Ok(Box::new(MemorySpool::new()))
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleReport {
    /// The item's id.
    pub id: String,
    /// The files, in the order they were made; `item.json` is the last.
    pub files: Vec<String>,
}

/// Why a scene could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// No scene has such a size.
    #[error("cannot make a scene of {what}")]
    Size {
        /// The size, and which there are.
        what: String,
    },
    /// A raster could not be written.
    #[error(transparent)]
    Raster(#[from] WriteError),
    /// The place of the scene could not be found.
    #[error(transparent)]
    Place(#[from] ProjectError),
    /// The files could not be put where they belong.
    #[error("cannot write the scene: {0}")]
    Folder(#[from] io::Error),
}

/// All 64 bits of a seed have a say.
fn fold(seed: u64) -> u32 {
    let [a, b, c, d, e, f, g, h] = seed.to_le_bytes();
    let low = u32::from_le_bytes([a, b, c, d]);
    let high = u32::from_le_bytes([e, f, g, h]);
    noise::hash(low.cast_signed(), high.cast_signed(), 0x5EED)
}

const LEAST_SIZE: u32 = 64;
/// Half pixels times the slopes of fields still fit into 32 bits.
const GREATEST_SIZE: u32 = 65_536;
const MODIS_TILE: u32 = 2400;

#[cfg(test)]
mod tests;
