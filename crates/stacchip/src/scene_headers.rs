//! The headers of a scene's assets, to be kept beside its chips.

use futures::future::join_all;
use stacchip_chip::{AssetChoice, ChipError, ChoiceError};
use stacchip_cog::{OpenError, StoredHeader};
use stacchip_model::Scene;

use crate::{
    index_scene::{IndexSceneError, IndexWorld},
    scene_raster::SceneRaster,
};

/// The headers of a scene's assets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SceneHeaders {
    /// Keys of assets and their headers, in the item's order.
    pub headers: Vec<(String, StoredHeader)>,
    /// Keys of assets whose header is not kept, and why: they are no TIFF after all, or nothing
    /// would tell when they change. They are read as if there were no headers kept.
    pub left_out: Vec<(String, String)>,
}

/// The headers of all assets of `scene` that chips are made of where nobody says which, with all
/// their tables of blocks; read at once, as far as `world` does not hold them already.
///
/// # Errors
/// [`IndexSceneError::Asset`] where one of them cannot be reached, [`IndexSceneError::Address`]
/// where one has no address.
pub async fn scene_headers(
    scene: &Scene,
    world: &IndexWorld,
) -> Result<SceneHeaders, IndexSceneError> {
    let chosen = match AssetChoice::default().of(scene) {
        Ok(chosen) => chosen.assets,
        // An item without rasters has nothing to keep.
        Err(ChoiceError::Nothing { .. }) => Vec::new(),
        Err(cause) => {
            let left_out = vec![(String::new(), cause.to_string())];
            return Ok(SceneHeaders {
                left_out,
                ..SceneHeaders::default()
            });
        }
    };
    let read = chosen.iter().map(|chosen| async move {
        let asset = chosen.asset;
        let raster = SceneRaster::open(scene, asset, world).await?;
        let header = raster.raster.stored_header().await;
        header.map_err(|cause| IndexSceneError::asset(scene, &asset.key, cause))
    });
    let mut found = SceneHeaders::default();
    for (chosen, header) in chosen.iter().zip(join_all(read).await) {
        let key = chosen.asset.key.clone();
        match header {
            Ok(header) => found.headers.push((key, header)),
            Err(IndexSceneError::Asset { cause, .. }) if !is_out_of_reach(&cause) => {
                found.left_out.push((key, cause.to_string()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether it is the object that could not be had, and not its header that could not be understood.
fn is_out_of_reach(error: &ChipError) -> bool {
    matches!(
        error,
        ChipError::Read(_) | ChipError::Open(OpenError::Read(_))
    )
}
