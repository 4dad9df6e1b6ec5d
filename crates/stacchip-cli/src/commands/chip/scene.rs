//! Chips of a scene, and what they are called.

use stacchip::{
    SceneChips,
    chip::AssetChoice,
    index::{ChipOptions, ChipRow},
    model::{Scene, Size},
};

use crate::{
    args::{AddressArgs, AssetArgs, ChipArgs},
    commands::index::chip_options,
    failure::{Failure, chain},
    output::Output,
    wiring::{World, addressing},
};

/// What chips of a scene are made of, and on which grid.
#[derive(Debug, Clone, Default)]
pub struct Cutting {
    /// Assets wanted, the default ones where none is named; and those to leave out.
    pub assets: AssetArgs,
    /// How chips lie.
    pub chips: ChipOptions,
    /// The scene's shape by hand.
    pub shape: Option<Size>,
    /// Where they lie.
    pub addresses: AddressArgs,
}

impl Cutting {
    /// As the arguments say.
    pub fn of(args: &ChipArgs) -> Self {
        Self {
            assets: args.assets.clone(),
            chips: chip_options(&args.grid),
            shape: args.grid.shape.map(|(h, w)| Size::new(w, h)),
            addresses: args.addresses.clone(),
        }
    }
}

/// The chips of a scene; what a person should know of it is told.
pub async fn scene_chips(
    cutting: &Cutting,
    scene: &Scene,
    world: &World,
    output: Output,
) -> Result<SceneChips, Failure> {
    let addressing = addressing(&cutting.addresses);
    let choice = AssetChoice {
        only: Some(cutting.assets.wanted.clone()).filter(|a| !a.is_empty()),
        except: cutting.assets.exclude.clone(),
    };
    let indexing = world.index_world(addressing);
    let chips = SceneChips::of(scene, &choice, cutting.chips, cutting.shape, &indexing)
        .await
        .map_err(|e| Failure::failed(chain(&e)))?;
    for contradiction in &chips.contradictions {
        Output::warn(contradiction);
    }
    for (key, reason) in &chips.left_out {
        output.detail(format!("item {}: left out {key}: {reason}", scene.id));
    }
    Ok(chips)
}

/// Names that an output template may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `{chipid}`.
    pub chipid: String,
    /// `{item}`.
    pub item: String,
    /// `{x}`.
    pub x: String,
    /// `{y}`.
    pub y: String,
}

impl Names {
    /// Of no chip: a name alone.
    pub fn of(name: &str) -> Self {
        Self {
            chipid: name.to_owned(),
            item: name.to_owned(),
            x: String::new(),
            y: String::new(),
        }
    }

    /// Of the chip in column `x` and row `y`.
    pub fn of_chip(item: &str, x: u32, y: u32) -> Self {
        Self {
            chipid: format!("{item}-{x}-{y}"),
            item: item.to_owned(),
            x: x.to_string(),
            y: y.to_string(),
        }
    }

    /// Of a row of an index.
    pub fn of_row(row: &ChipRow) -> Self {
        Self {
            chipid: row.chipid.clone(),
            ..Self::of_chip(&row.scene.item_id, u32::from(row.x), u32::from(row.y))
        }
    }
}
