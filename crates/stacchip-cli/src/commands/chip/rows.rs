//! Chips that are rows of an index.

use std::{collections::HashMap, sync::Arc};

use stacchip::{
    SceneChips, Shaping,
    chip::{ChipRequest, Edge, batch::WantedChip},
    index::ChipRow,
    model::Window,
};

use super::{
    account::finish,
    item::only_of_rasters,
    scene::{Cutting, Names, scene_chips},
    tell_classes,
};
use crate::{
    CommandResult,
    args::{ChipArgs, OnError},
    chip_files::ChipFiles,
    cutting::{Asked, Run},
    failure::Failure,
    index_rows::{SceneOf, ScenesOfRows},
    output::Output,
    wiring::World,
};

/// Chips of an index that are cut together, about: enough that what lies on one tile is.
const CHIPS_TOGETHER: usize = 4096;

/// Scenes whose chips are cut together, at most: the grid of each is found before.
const SCENES_TOGETHER: usize = 64;

/// Cuts what the arguments ask for.
pub async fn cut(
    args: &ChipArgs,
    scenes: &mut ScenesOfRows,
    shaping: Shaping,
    world: &World,
    output: Output,
) -> CommandResult {
    only_of_rasters(args)?;
    let files = ChipFiles::new(args, scenes.may_be_several(), world)?;
    tell_classes(&files, output);
    let mut run = Run::new(args, files, world, output);
    let went = cut_rows(args, scenes, shaping, &mut run, (world, output)).await;
    finish(run, went, args, world, output)
}

/// Cuts the rows of an index, those of some scenes together.
async fn cut_rows(
    args: &ChipArgs,
    scenes: &mut ScenesOfRows,
    shaping: Shaping,
    run: &mut Run<'_>,
    (world, output): (&World, Output),
) -> Result<(), Failure> {
    let mut found_any = false;
    let mut together = Together::default();
    loop {
        let rows = match scenes.next(world).await {
            Ok(Some(rows)) => rows,
            Ok(None) => break,
            // What was found before it is cut all the same.
            Err(failure) => {
                run.cut(together.asked).await?;
                return Err(failure);
            }
        };
        found_any = true;
        let of = if let Some(of) = together.scenes.get(&rows.of) {
            of
        } else {
            let of = match scenes.scene_of(&rows, world).await {
                Ok(scene) => {
                    let chips = scene_chips(&Cutting::of(args), &scene, world, output).await;
                    chips.map_err(|failure| failure.to_string())
                }
                Err(message) => Err(message),
            };
            let of = of.map(|chips| OfScene::new(chips, shaping));
            together.scenes.entry(rows.of.clone()).or_insert(of)
        };
        let requests = of
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|of| of.requests(&rows.rows));
        let failed = requests.is_err();
        match requests {
            Ok(requests) => {
                let requests = requests.into_iter();
                together
                    .asked
                    .extend(requests.map(|(n, chip)| (n, Ok(chip))));
            }
            Err(error) => {
                let failed = rows.rows.iter();
                let failed = failed.map(|row| (Names::of_row(row), Err(error.clone())));
                together.asked.extend(failed);
            }
        }
        // The first failure ends the run, unless failures may be skipped.
        if together.is_full() || (failed && args.on_error == OnError::Fail) {
            run.cut(std::mem::take(&mut together).asked).await?;
        }
    }
    run.cut(together.asked).await?;
    if !found_any {
        return Err(Failure::failed(format!("{} has no rows", args.source)));
    }
    Ok(())
}

/// Chips of an index that are cut together. In a merged index rows of one scene stand among those of
/// others, so scenes are kept as long.
#[derive(Default)]
struct Together {
    asked: Vec<Asked>,
    /// The scenes they are of, or why there are none.
    scenes: HashMap<SceneOf, Result<OfScene, String>>,
}

impl Together {
    fn is_full(&self) -> bool {
        self.asked.len() >= CHIPS_TOGETHER || self.scenes.len() >= SCENES_TOGETHER
    }
}

/// Where chips of a scene are, and what all of them share.
pub struct OfScene {
    chips: SceneChips,
    shaping: Shaping,
    like: Arc<ChipRequest>,
}

impl OfScene {
    /// The chips of a scene, shaped so.
    pub fn new(chips: SceneChips, shaping: Shaping) -> Self {
        // Each chip has a window of its own.
        let like = Arc::new(chips.request(Window::new(0, 0, 1, 1), shaping));
        Self {
            chips,
            shaping,
            like,
        }
    }

    /// The chips of rows of the scene; why not, where they are not of the item that was found.
    pub fn requests(&self, rows: &[ChipRow]) -> Result<Vec<(Names, WantedChip)>, String> {
        // The rows say where their pixels lie; the item found must mean the same place.
        let crs = self.chips.chips.grid().crs.to_string();
        if let Some(row) = rows.iter().find(|row| row.scene.crs != crs) {
            return Err(format!(
                "item {} is in {crs}, its rows in the index are in {}: they are not of this item",
                row.scene.item_id, row.scene.crs
            ));
        }
        let wanted = rows.iter().map(|row| {
            let window = if self.shaping.edge == Edge::Refuse {
                row.window
            } else {
                let size = row.scene.chip_size;
                Window::new(row.window.col, row.window.row, size, size)
            };
            let like = Arc::clone(&self.like);
            (Names::of_row(row), WantedChip { like, window })
        });
        Ok(wanted.collect())
    }
}
