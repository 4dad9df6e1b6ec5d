//! What there is to work on.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;
use stacchip::{
    SceneChips,
    chip::AssetChoice,
    index::ChipOptions,
    model::{Scene, Window},
};
use stacchip_adapters::stac::{ItemDocument, read_items};

use crate::Failed;

/// What there is to work on.
#[derive(Debug, Deserialize)]
pub struct Job {
    /// The item.
    pub item: Item,
    /// Several items, of which chip *n* is of the *n*-th, over and over: of the suite `remote`.
    #[serde(default)]
    pub items: Vec<PathBuf>,
    /// Keys of its assets, in order.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Pixels of a chip along each side.
    #[serde(default = "usual_size")]
    pub chip_size: u32,
    /// Chips by column and row of the chip grid.
    #[serde(default)]
    pub xy: Vec<(u32, u32)>,
    /// The rule by which the suite `index` counts.
    #[cfg_attr(not(feature = "index"), expect(dead_code, reason = "of that suite"))]
    pub kind: Option<String>,
    /// Where the suite `index` writes.
    #[cfg_attr(not(feature = "index"), expect(dead_code, reason = "of that suite"))]
    pub out: Option<PathBuf>,
    /// Whether to say how long each chip took.
    #[serde(default)]
    pub latencies: bool,
}

/// An item, or where it is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// A file.
    Path(PathBuf),
    /// The item itself.
    Here(Box<RawValue>),
}

impl Item {
    /// The item, parsed.
    ///
    /// # Errors
    /// Why it is none.
    pub fn document(&self) -> Result<ItemDocument, Failed> {
        let items = match self {
            Self::Path(path) => {
                let text = std::fs::read(path)?;
                read_items(&text, Some(&path.to_string_lossy()))?
            }
            Self::Here(text) => read_items(text.get().as_bytes(), None)?,
        };
        let first = items.into_iter().next().ok_or("no item")?;
        Ok(first?)
    }
}

impl Job {
    /// The options of its chip grid.
    pub fn chip_options(&self) -> ChipOptions {
        ChipOptions {
            chip_size: self.chip_size,
            ..ChipOptions::default()
        }
    }

    /// The chips of `scene`, of the job's assets.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn scene_chips(
        &self,
        scene: &Scene,
        world: &stacchip::IndexWorld,
    ) -> Result<SceneChips, Failed> {
        let choice = AssetChoice {
            only: Some(self.assets.clone()),
            ..AssetChoice::default()
        };
        Ok(SceneChips::of(scene, &choice, self.chip_options(), None, world).await?)
    }

    /// The pixels of the first `count` chips.
    ///
    /// # Errors
    /// Where the grid has no such chip.
    pub fn windows(&self, chips: &SceneChips, count: usize) -> Result<Vec<Window>, Failed> {
        let some = self.xy.iter().take(count);
        let edge = stacchip::chip::Edge::Refuse;
        some.map(|&(x, y)| Ok(chips.window(x, y, edge)?)).collect()
    }

    /// The item's scene.
    ///
    /// # Errors
    /// Why it has none.
    pub fn scene(&self) -> Result<Scene, Failed> {
        Ok(self.item.document()?.scene)
    }
}

const fn usual_size() -> u32 {
    256
}
