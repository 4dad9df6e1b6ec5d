//! Opening the rasters of a scene.

use std::sync::Arc;

use stacchip_cog::{Image, RangeReader, open};
use stacchip_index::RasterHeader;
use stacchip_model::{Asset, Scene};

use crate::index_scene::{IndexSceneError, IndexWorld};

/// An asset's raster, its header read.
#[derive(Debug, Clone)]
pub(crate) struct SceneRaster {
    pub(crate) asset: String,
    pub(crate) reader: Arc<dyn RangeReader>,
    pub(crate) image: Arc<Image>,
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
        let reader = world
            .opener
            .open(&address)
            .await
            .map_err(|cause| IndexSceneError::Read {
                item: scene.id.clone(),
                asset: asset.key.clone(),
                cause: Box::new(cause),
            })?;
        let failed = |cause| IndexSceneError::Open {
            item: scene.id.clone(),
            asset: asset.key.clone(),
            cause: Box::new(cause),
        };
        let cog = open(reader.as_ref(), &world.limits).await.map_err(failed)?;
        let image = cog
            .images
            .into_iter()
            .next()
            .ok_or_else(|| IndexSceneError::NoImage {
                item: scene.id.clone(),
                asset: asset.key.clone(),
                address,
            })?;
        Ok(Self {
            asset: asset.key.clone(),
            reader,
            image: Arc::new(image),
        })
    }

    /// What its header says of its place.
    pub(crate) fn header(&self) -> RasterHeader {
        RasterHeader {
            asset: self.asset.clone(),
            crs: self.image.georeference.crs.clone(),
            size: self.image.size(),
            transform: self.image.georeference.transform,
        }
    }
}
