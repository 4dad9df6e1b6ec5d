//! From a scene to the rows of its chips.

use std::sync::Arc;

use stacchip_chip::{AssetOpener, ChipError, RasterCache};
use stacchip_cog::Codecs;
use stacchip_index::{
    Cell, ChipGrid, ChipOptions, ChipRow, Contradiction, Footprints, GridError, MissingGrid,
    RowFold, SceneColumns,
};
use stacchip_model::{Fraction, ProjectError, Projector, Quality, Scene, Size};
use stacchip_stats::ChipStats;
use thiserror::Error;

use crate::{
    Addressing, AddressingError, CensusError, Progress,
    find_grid::find_grid,
    scene_mask::{Qualities, SceneMask},
};

/// What indexing needs of the world.
#[derive(Clone)]
pub struct IndexWorld {
    /// Opens assets.
    pub opener: Arc<dyn AssetOpener>,
    /// Moves footprints to WGS 84.
    pub projector: Arc<dyn Projector>,
    /// Decodes masks.
    pub codecs: Arc<Codecs>,
    /// Which address of an asset is read.
    pub addressing: Addressing,
    /// Rasters whose headers have been read.
    pub rasters: Arc<RasterCache>,
}

/// How a scene is indexed.
#[derive(Debug, Clone)]
pub struct IndexOptions {
    /// How chips lie on the scene.
    pub chips: ChipOptions,
    /// The scene's shape by hand.
    pub shape: Option<Size>,
    /// Greatest share of nodata that a chip may have.
    pub max_nodata: Fraction,
    /// Whether headers of rasters may be read: for what the item lacks, and to compare with it.
    pub headers: bool,
}

/// A scene that has been looked at: where its chips lie and how good they are. Its rows are made
/// from it a batch at a time.
#[derive(Debug)]
pub struct SceneIndex {
    /// The grid of chips.
    pub chips: ChipGrid,
    /// What all chips share.
    pub columns: Arc<SceneColumns>,
    /// What the item and its rasters contradict each other in.
    pub contradictions: Vec<Contradiction>,
    /// Whether the rule looked for invalid pixels in a raster that declares none: no mask, alpha or
    /// nodata. All its pixels count as data then.
    pub undeclared: bool,
    qualities: Qualities,
    max_nodata: Fraction,
}

impl SceneIndex {
    /// The rows of the chips that have data enough, to be drawn with
    /// [`next_rows`](Self::next_rows).
    ///
    /// # Errors
    /// [`IndexSceneError::Project`] where the grid's reference system is not known.
    pub fn rows<'a>(
        &'a self,
        projector: &'a dyn Projector,
    ) -> Result<RowFold<'a>, IndexSceneError> {
        let footprints = Footprints::new(&self.chips, projector).map_err(|c| self.project(c))?;
        Ok(RowFold::new(
            Arc::clone(&self.columns),
            footprints,
            self.max_nodata.get(),
        ))
    }

    /// The next some thousand rows, row-major: y outer, x inner; nothing at the end.
    ///
    /// # Errors
    /// [`IndexSceneError::Project`] where an outline cannot be made.
    pub fn next_rows(
        &self,
        rows: &mut RowFold<'_>,
    ) -> Result<Option<Vec<ChipRow>>, IndexSceneError> {
        rows.next_batch(|cell| self.quality(cell))
            .map_err(|c| self.project(c))
    }

    /// How good a chip is.
    pub fn quality(&self, cell: Cell) -> Quality {
        self.qualities.of(self.chips.window(cell))
    }

    fn project(&self, cause: ProjectError) -> IndexSceneError {
        IndexSceneError::Project {
            item: self.columns.item_id.clone(),
            cause,
        }
    }
}

/// Why a scene could not be indexed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexSceneError {
    /// The item does not say where its pixels lie, and no header could tell.
    #[error(transparent)]
    Missing(#[from] MissingGrid),
    /// The grid of chips cannot be made.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// Outlines of chips cannot be made.
    #[error("item {item}: {cause}")]
    Project {
        /// The item.
        item: String,
        /// Why.
        cause: ProjectError,
    },
    /// An asset has no address that can be read.
    #[error("item {item}: {cause}")]
    Address {
        /// The item.
        item: String,
        /// Why.
        cause: AddressingError,
    },
    /// An asset that must be read is not in the item.
    #[error("item {item} has no asset `{asset}`, which the rule `{rule}` reads")]
    NoAsset {
        /// The item.
        item: String,
        /// The asset.
        asset: String,
        /// The rule.
        rule: String,
    },
    /// An asset cannot be read, or does not lie on the scene's grid.
    #[error("item {item}, asset {asset}: {cause}")]
    Asset {
        /// The item.
        item: String,
        /// The asset.
        asset: String,
        /// Why.
        cause: Box<ChipError>,
    },
    /// The mask cannot be counted.
    #[error("item {item}, asset {asset}: {cause}")]
    Census {
        /// The item.
        item: String,
        /// The asset.
        asset: String,
        /// Why.
        cause: Box<CensusError>,
    },
    /// The rule counts a band that the asset has not.
    #[error("item {item}, asset {asset} has {count} bands: there is no band {band}")]
    NoBand {
        /// The item.
        item: String,
        /// The asset.
        asset: String,
        /// The band, from 1.
        band: usize,
        /// How many there are.
        count: usize,
    },
}

impl IndexSceneError {
    pub(crate) fn asset(scene: &Scene, asset: &str, cause: ChipError) -> Self {
        Self::Asset {
            item: scene.id.clone(),
            asset: asset.to_owned(),
            cause: Box::new(cause),
        }
    }
}

/// Indexes `scene` by `rule`: chooses its grid, counts its mask once, outlines its chips.
///
/// # Errors
/// [`IndexSceneError`]; an asset that cannot be read fails the scene.
pub async fn index_scene(
    scene: &Scene,
    rule: Arc<dyn ChipStats>,
    options: &IndexOptions,
    world: &IndexWorld,
    progress: &dyn Progress,
) -> Result<SceneIndex, IndexSceneError> {
    let mask = SceneMask::open(scene, &rule, world).await?;
    let undeclared = mask.as_ref().is_some_and(SceneMask::is_undeclared);
    let known = match &mask {
        Some(mask) if options.headers => mask.raster.header().into_iter().collect(),
        _ => Vec::new(),
    };
    let mut found = find_grid(scene, options.shape, known, options.headers, world).await?;
    found
        .check_bbox(scene, world.projector.as_ref())
        .map_err(|cause| IndexSceneError::Project {
            item: scene.id.clone(),
            cause,
        })?;
    let chips = ChipGrid::new(found.grid, options.chips)?;
    let columns = Arc::new(SceneColumns::of(scene, &chips)?);
    let qualities = match mask {
        Some(mask) => mask.count(scene, &chips, world, progress).await?,
        None => Qualities::Perfect,
    };
    Ok(SceneIndex {
        chips,
        columns,
        contradictions: found.contradictions,
        undeclared,
        qualities,
        max_nodata: options.max_nodata,
    })
}
