//! The grid of a scene, with what its rasters say where the item is silent.

use stacchip_index::{RasterHeader, SceneGrid};
use stacchip_model::{Scene, Size};

use crate::{
    index_scene::{IndexSceneError, IndexWorld},
    scene_raster::SceneRaster,
};

/// Chooses the grid of `scene`, whose `shape` may be given by hand. `known` are headers that have
/// been read already; `ask` says whether those of other assets may be read for what the item lacks.
pub(crate) async fn find_grid(
    scene: &Scene,
    shape: Option<Size>,
    known: Vec<RasterHeader>,
    ask: bool,
    world: &IndexWorld,
) -> Result<SceneGrid, IndexSceneError> {
    let missing = match SceneGrid::of(scene, &known, shape) {
        Ok(found) => return Ok(found),
        Err(missing) if !ask => return Err(missing.into()),
        Err(missing) => missing,
    };
    let mut headers = known;
    for key in &missing.ask {
        if headers.iter().any(|h| h.asset == *key) {
            continue;
        }
        if let Some(asset) = scene.asset(key) {
            headers.extend(SceneRaster::open(scene, asset, world).await?.header());
        }
    }
    Ok(SceneGrid::of(scene, &headers, shape)?)
}
