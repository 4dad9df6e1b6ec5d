//! The mask of a scene: opened, laid over the scene's grid, counted.

use std::{ops::Range, sync::Arc};

use stacchip_chip::{Alignment, Frame, PixelMap};
use stacchip_index::ChipGrid;
use stacchip_model::{Asset, AxisMap, Fraction, Quality, Scene, Size, Window};
use stacchip_stats::{ChipStats, Counts, MaskSource};

use crate::{
    Progress,
    census::{self, Mask},
    index_scene::{IndexSceneError, IndexWorld},
    scene_raster::SceneRaster,
    tally::{Sums, Tally},
    validity::Reading,
};

/// The nodata value that an item gives all bands of `asset`, where it is one.
fn item_nodata(asset: &Asset) -> Option<f64> {
    let mut values = asset.bands.iter().map(|band| band.nodata);
    let first = values.next()??;
    values
        .all(|value| value.is_some_and(|v| v.total_cmp(&first).is_eq()))
        .then_some(first)
}

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
    /// Nothing in the raster tells: its pixels are data, and beside them there is none.
    Covered {
        /// How the scene's pixels lie on the raster's.
        map: PixelMap,
        /// The raster's pixels.
        size: Size,
    },
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
        let unread = |cause| IndexSceneError::asset(scene, &raster.asset, cause);
        let image = raster.image().map_err(unread)?;
        let reading = match rule.source() {
            MaskSource::Band { band, .. } => Reading::Band(band),
            MaskSource::Validity { validity, .. } => {
                Reading::of(image, validity, item_nodata(asset))
            }
            _ => return Ok(None),
        };
        let count = image.bands.len();
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
        let unread = |cause| IndexSceneError::asset(scene, &self.raster.asset, cause);
        let frame = Frame::from(chips.grid());
        let map = PixelMap::new(
            &frame,
            frame.size.window(),
            frame.size,
            &self.raster.raster.frame(0).map_err(unread)?,
            Alignment::PixelCentres,
        )
        .map_err(unread)?;
        if self.is_undeclared() {
            let size = self.raster.image().map_err(unread)?.size();
            return Ok(Qualities::Covered { map, size });
        }
        let windows: Vec<Window> = chips.cells().map(|cell| chips.window(cell)).collect();
        let mask = Mask {
            raster: self.raster.raster,
            reading: self.reading,
            rule: self.rule,
        };
        let tally = Tally::new(&windows, map.cols, map.rows);
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
            Self::Covered { map, size } => {
                let along = |axis: &AxisMap, pixels: u32, targets: Range<i64>| {
                    let inside = axis.targets(0..i64::from(pixels), targets);
                    u64::try_from(inside.end - inside.start).unwrap_or(0)
                };
                let cols = along(&map.cols, size.width, window.col..window.col_end());
                let rows = along(&map.rows, size.height, window.row..window.row_end());
                let pixels = window.size().area();
                Quality {
                    cloud: Fraction::ZERO,
                    nodata: Fraction::of(pixels.saturating_sub(cols * rows), pixels),
                }
            }
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
