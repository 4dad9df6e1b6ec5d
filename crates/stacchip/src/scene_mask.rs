//! The mask of a scene: opened, laid over the scene's grid, counted.

use std::sync::Arc;

use stacchip_index::ChipGrid;
use stacchip_model::{Affine, AxisMap, Grid, Quality, Scene, Window};
use stacchip_stats::{ChipStats, Counts, MaskSource};

use crate::{
    Progress,
    census::{self, Mask},
    index_scene::{IndexSceneError, IndexWorld},
    scene_raster::SceneRaster,
    tally::{Sums, Tally},
    validity::Reading,
};

/// The raster that a rule reads, and how.
#[derive(Debug, Clone)]
pub(crate) struct SceneMask {
    pub(crate) raster: SceneRaster,
    reading: Reading,
    rule: Arc<dyn ChipStats>,
}

/// The qualities of chips, once counted.
#[derive(Debug)]
pub(crate) enum Qualities {
    /// Nothing was counted: every chip is clear and full.
    Perfect,
    /// Counted.
    Counted(Sums),
}

impl SceneMask {
    /// Opens what `rule` reads of `scene`; nothing where it reads nothing, or nothing of it can be
    /// invalid.
    pub(crate) async fn open(
        scene: &Scene,
        rule: &Arc<dyn ChipStats>,
        world: &IndexWorld,
    ) -> Result<Option<Self>, IndexSceneError> {
        let (MaskSource::Band { asset: key, .. } | MaskSource::Validity { asset: key, .. }) =
            rule.source()
        else {
            return Ok(None);
        };
        let asset = scene.asset(&key).ok_or_else(|| IndexSceneError::NoAsset {
            item: scene.id.clone(),
            asset: key.clone(),
            rule: rule.name().to_owned(),
        })?;
        let raster = SceneRaster::open(scene, asset, world).await?;
        let reading = match rule.source() {
            MaskSource::Band { band, .. } => Reading::Band(band),
            MaskSource::Validity { validity, .. } => Reading::of(&raster.image, validity),
            _ => return Ok(None),
        };
        let count = raster.image.bands.len();
        let lacking = match &reading {
            Reading::Band(band) => Some(*band).filter(|&b| b >= count),
            Reading::Nodata { bands, .. } => bands.iter().copied().find(|&b| b >= count),
            _ => None,
        };
        if let Some(band) = lacking {
            return Err(IndexSceneError::NoBand {
                item: scene.id.clone(),
                asset: key,
                band: band + 1,
                count,
            });
        }
        Ok(Some(Self {
            raster,
            reading,
            rule: Arc::clone(rule),
        }))
    }

    /// Whether nothing in the raster tells valid pixels from others.
    pub(crate) fn is_undeclared(&self) -> bool {
        self.reading == Reading::AllValid
    }

    /// Counts the mask for all of `chips`.
    pub(crate) async fn count(
        self,
        scene: &Scene,
        chips: &ChipGrid,
        world: &IndexWorld,
        progress: &dyn Progress,
    ) -> Result<Qualities, IndexSceneError> {
        if self.is_undeclared() {
            return Ok(Qualities::Perfect);
        }
        let (cols, rows) =
            axes(chips.grid(), &self.raster).map_err(|reason| IndexSceneError::Misaligned {
                item: scene.id.clone(),
                asset: self.raster.asset.clone(),
                reason,
            })?;
        let windows: Vec<Window> = chips.cells().map(|cell| chips.window(cell)).collect();
        let mask = Mask {
            reader: self.raster.reader,
            image: self.raster.image,
            reading: self.reading,
            rule: self.rule,
        };
        let tally = Tally::new(&windows, cols, rows);
        let tally = census::count(mask, tally, Arc::clone(&world.codecs), progress)
            .await
            .map_err(|cause| IndexSceneError::Census {
                item: scene.id.clone(),
                asset: self.raster.asset,
                cause: Box::new(cause),
            })?;
        Ok(Qualities::Counted(tally.finish()))
    }
}

impl Qualities {
    /// The quality of the chip with `window`. Pixels that the mask does not reach have no data.
    pub(crate) fn of(&self, window: Window) -> Quality {
        match self {
            Self::Perfect => Quality::default(),
            Self::Counted(sums) => {
                let pixels = window.size().area();
                let counts = sums.chip(window).unwrap_or_default();
                Counts {
                    nodata: counts.nodata + pixels.saturating_sub(counts.all),
                    ..counts
                }
                .quality(pixels)
            }
        }
    }
}

/// How columns and rows of the scene's grid lead to those of the mask.
fn axes(grid: &Grid, raster: &SceneRaster) -> Result<(AxisMap, AxisMap), String> {
    let size = raster.image.size();
    let place = &raster.image.georeference;
    if let (Some(crs), Some(transform)) = (&place.crs, place.transform)
        && crs.matches(&grid.crs) != Some(false)
    {
        return between(&grid.transform, &transform).ok_or_else(|| {
            "its pixels are rotated against the scene's grid: warp it first, or choose another rule"
                .to_owned()
        });
    }
    if let Some(crs) = &place.crs
        && crs.matches(&grid.crs) == Some(false)
    {
        return Err(format!(
            "it is in {crs}, the scene in {}: warp it first, or choose another rule",
            grid.crs
        ));
    }
    // A raster that does not say where it lies is taken to cover the scene.
    AxisMap::between(grid.size.width, size.width)
        .zip(AxisMap::between(grid.size.height, size.height))
        .ok_or_else(|| "it has no pixels".to_owned())
}

/// The maps from pixels of `target` to pixels of `source`; nothing where their axes differ.
fn between(target: &Affine, source: &Affine) -> Option<(AxisMap, AxisMap)> {
    let back = source.inverse()?;
    let (c0, r0) = back.apply(target.c, target.f);
    let scale = |x: f64, y: f64| (back.a * x + back.b * y, back.d * x + back.e * y);
    let (col_scale, skew_row) = scale(target.a, target.d);
    let (skew_col, row_scale) = scale(target.b, target.e);
    let straight = |skew: f64, scale: f64| skew.abs() <= scale.abs() * 1e-9;
    if !straight(skew_row, col_scale) || !straight(skew_col, row_scale) {
        return None;
    }
    Some((AxisMap::new(col_scale, c0)?, AxisMap::new(row_scale, r0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rasters_of_the_same_place_are_exact_multiples() {
        let fine = Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0);
        let coarse = Affine::new(20.0, 0.0, 499_980.0, 0.0, -20.0, 4_800_000.0);
        let (cols, rows) = between(&fine, &coarse).unwrap();
        assert_eq!((cols.scale(), cols.origin()), (0.5, 0.0));
        assert_eq!((rows.scale(), rows.origin()), (0.5, 0.0));
    }

    #[test]
    fn rotated_rasters_have_no_axes_in_common() {
        let straight = Affine::new(10.0, 0.0, 0.0, 0.0, -10.0, 0.0);
        let rotated = Affine::new(9.0, 1.0, 0.0, 1.0, -9.0, 0.0);
        assert_eq!(between(&straight, &rotated), None);
        let same = between(&rotated, &rotated).unwrap();
        assert!((same.0.scale() - 1.0).abs() < 1e-12);
    }
}
