//! Chips of a scene: which pixels, of which assets, from which addresses.

use stacchip_chip::{
    Alignment, AssetChoice, AssetRequest, ChipRequest, ChoiceError, Edge, Frame, Reason, Resampling,
};
use stacchip_index::{ChipGrid, ChipOptions, Contradiction, GridError};
use stacchip_model::{Scene, Size, Window};
use thiserror::Error;

use crate::{AddressingError, IndexSceneError, IndexWorld, find_grid::find_grid};

/// How chips are shaped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shaping {
    /// Pixels a chip is to have; as many as its window where nothing is said.
    pub output: Option<Size>,
    /// How pixels are made of pixels.
    pub resampling: Resampling,
    /// How rasters lie against the scene's grid.
    pub alignment: Alignment,
    /// What becomes of pixels outside a raster.
    pub edge: Edge,
}

/// A scene that chips are cut from.
#[derive(Debug, Clone)]
pub struct SceneChips {
    /// The grid of chips.
    pub chips: ChipGrid,
    /// What the item and its rasters contradict each other in.
    pub contradictions: Vec<Contradiction>,
    /// Keys of assets that were left out without being named, and why.
    pub left_out: Vec<(String, Reason)>,
    frame: Frame,
    assets: Vec<AssetRequest>,
}

impl SceneChips {
    /// The chips of `scene`, of the assets of `choice`, on the grid that indexing it would choose
    /// with the same `options` and `shape`.
    ///
    /// # Errors
    /// [`SceneChipsError`].
    pub async fn of(
        scene: &Scene,
        choice: &AssetChoice,
        options: ChipOptions,
        shape: Option<Size>,
        world: &IndexWorld,
    ) -> Result<Self, SceneChipsError> {
        let chosen = choice.of(scene).map_err(|cause| SceneChipsError::Choice {
            item: scene.id.clone(),
            cause,
        })?;
        let assets = chosen
            .assets
            .iter()
            .map(|chosen| {
                Ok(AssetRequest {
                    address: world
                        .addressing
                        .address(scene.href.as_deref(), chosen.asset)?,
                    key: chosen.asset.key.clone(),
                    bands: chosen.bands.clone(),
                    described: chosen.asset.bands.clone(),
                })
            })
            .collect::<Result<_, AddressingError>>()
            .map_err(|cause| IndexSceneError::Address {
                item: scene.id.clone(),
                cause,
            })?;
        let found = find_grid(scene, shape, Vec::new(), true, world).await?;
        let chips = ChipGrid::new(found.grid, options).map_err(IndexSceneError::from)?;
        Ok(Self {
            frame: Frame::from(chips.grid()),
            chips,
            contradictions: found.contradictions,
            left_out: chosen
                .left_out
                .iter()
                .map(|l| (l.key.to_owned(), l.reason))
                .collect(),
            assets,
        })
    }

    /// The pixels of chip (`x`, `y`): of one that reaches over the edge the part that is there, or
    /// all of it where what lies outside is filled.
    ///
    /// # Errors
    /// [`GridError::NoSuchChip`].
    pub fn window(&self, x: u32, y: u32, edge: Edge) -> Result<Window, GridError> {
        let cell = self.chips.cell(x, y)?;
        Ok(match edge {
            Edge::Refuse => self.chips.window(cell),
            _ => self.chips.full_window(cell),
        })
    }

    /// What to ask a reader of chips for.
    pub fn request(&self, window: Window, shaping: Shaping) -> ChipRequest {
        ChipRequest {
            frame: self.frame.clone(),
            window,
            output: shaping.output,
            resampling: shaping.resampling,
            alignment: shaping.alignment,
            edge: shaping.edge,
            assets: self.assets.clone(),
        }
    }
}

/// Why chips of a scene cannot be asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SceneChipsError {
    /// The assets asked for are not to be had.
    #[error("item {item}: {cause}")]
    Choice {
        /// The item.
        item: String,
        /// Why.
        cause: ChoiceError,
    },
    /// The scene has no grid of chips, or an asset no address.
    #[error(transparent)]
    Scene(#[from] IndexSceneError),
}
