//! Opening the rasters of a scene.

use std::sync::Arc;

use stacchip_chip::{ChipError, Raster};
use stacchip_cog::Image;
use stacchip_index::RasterHeader;
use stacchip_model::{Asset, Scene};

use crate::index_scene::{IndexSceneError, IndexWorld};

/// An asset's raster, its header read.
#[derive(Debug, Clone)]
pub(crate) struct SceneRaster {
    pub(crate) asset: String,
    pub(crate) raster: Arc<Raster>,
}

impl SceneRaster {
    /// Reads the header of `asset`.
    pub(crate) async fn open(
        scene: &Scene,
        asset: &Asset,
        world: &IndexWorld,
    ) -> Result<Self, IndexSceneError> {
        let address = world
            .addressing
            .address(scene.href.as_deref(), asset)
            .map_err(|cause| IndexSceneError::Address {
                item: scene.id.clone(),
                cause,
            })?;
        let raster = world.rasters.raster(&world.opener, &address).await;
        let found = Self {
            asset: asset.key.clone(),
            raster: raster.map_err(|cause| IndexSceneError::asset(scene, &asset.key, cause))?,
        };
        // A file without a single raster is told here, once.
        found
            .image()
            .map_err(|cause| IndexSceneError::asset(scene, &asset.key, cause))?;
        Ok(found)
    }

    /// The image that counts: the first.
    pub(crate) fn image(&self) -> Result<&Image, ChipError> {
        self.raster.image(0)
    }

    /// What its header says of its place.
    pub(crate) fn header(&self) -> Option<RasterHeader> {
        let image = self.image().ok()?;
        Some(RasterHeader {
            asset: self.asset.clone(),
            crs: image.georeference.crs.clone(),
            size: image.size(),
            transform: image.georeference.transform,
        })
    }
}
