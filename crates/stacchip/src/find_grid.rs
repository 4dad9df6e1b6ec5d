//! The grid of a scene, with what its rasters say where the item is silent.

use stacchip_index::{RasterHeader, SceneGrid};
use stacchip_model::Scene;

use crate::{
    index_scene::{IndexOptions, IndexSceneError, IndexWorld},
    scene_mask::SceneMask,
    scene_raster::SceneRaster,
};

/// Chooses the grid of `scene`. Where headers may be read, those that can tell what the item lacks
/// are, and so is that of the asset that the grid is taken from, to compare.
pub(crate) async fn find_grid(
    scene: &Scene,
    options: &IndexOptions,
    world: &IndexWorld,
    mask: Option<&SceneMask>,
) -> Result<SceneGrid, IndexSceneError> {
    let mut headers: Vec<RasterHeader> = Vec::new();
    if options.headers {
        headers.extend(mask.map(|m| m.raster.header()));
    }
    match SceneGrid::of(scene, &headers, options.shape) {
        Ok(found) => Ok(found),
        Err(missing) if options.headers => {
            for key in &missing.ask {
                if headers.iter().any(|h| h.asset == *key) {
                    continue;
                }
                if let Some(asset) = scene.asset(key) {
                    headers.push(SceneRaster::open(scene, asset, world).await?.header());
                }
            }
            Ok(SceneGrid::of(scene, &headers, options.shape)?)
        }
        Err(missing) => Err(missing.into()),
    }
}
