//! Chips of an item.

use std::sync::Arc;

use stacchip::{
    SceneChips, Shaping,
    chip::{Frame, batch::WantedChip},
    model::{Scene, Window},
};

use super::{
    account::finish,
    scene::{Cutting, Names, scene_chips},
    sizes::Chosen,
    tell_classes,
};
use crate::{
    CommandResult,
    args::ChipArgs,
    chip_files::ChipFiles,
    cutting::Run,
    failure::{Failure, chain},
    output::Output,
    wiring::World,
};

/// Cuts what the arguments ask for.
pub async fn cut(
    args: &ChipArgs,
    scene: &Scene,
    shaping: Shaping,
    world: &World,
    output: Output,
) -> CommandResult {
    let selection = &args.selection;
    not_by_row(args)?;
    only_of_rasters(args)?;
    let chips = scene_chips(&Cutting::of(args), scene, world, output).await?;
    let wanted = requests_of_item(args, scene, &chips, shaping, world)?;
    let files = ChipFiles::new(args, selection.all, world)?;
    tell_classes(&files, output);
    let mut run = Run::new(args, files, world, output);
    let wanted = wanted.into_iter().map(|(names, chip)| (names, Ok(chip)));
    let went = run.cut(wanted.collect()).await;
    finish(run, went, args, world, output)
}

/// Rows are of an index.
pub fn not_by_row(args: &ChipArgs) -> Result<(), Failure> {
    let selection = &args.selection;
    let by_row = !selection.row.is_empty() || !selection.id.is_empty();
    if by_row || selection.condition.is_some() {
        return Err(Failure::usage(format!(
            "{} is an item: choose a chip of it with --x and --y, --window or --bbox; rows are of an index",
            args.source
        )));
    }
    Ok(())
}

/// The chips of an item that the arguments ask for.
pub fn requests_of_item(
    args: &ChipArgs,
    scene: &Scene,
    chips: &SceneChips,
    shaping: Shaping,
    world: &World,
) -> Result<Vec<(Names, WantedChip)>, Failure> {
    let selection = &args.selection;
    let mut wanted = Vec::new();
    if let (Some(x), Some(y)) = (selection.x, selection.y) {
        let window = chips
            .window(x, y, shaping.edge)
            .map_err(|e| Failure::failed(format!("item {}: {}", scene.id, chain(&e))))?;
        wanted.push((Names::of_chip(&scene.id, x, y), window));
    } else if let Some((col, row, width, height)) = selection.window {
        let window = Window::new(col, row, width, height);
        let name = format!("{}-{col}-{row}-{width}-{height}", scene.id);
        wanted.push((Names::of(&name), window));
    } else if let Some(bbox) = selection.bbox {
        let frame = Frame::from(chips.chips.grid());
        let window = stacchip::window_of_bbox(&frame, bbox, world.projector())
            .map_err(|e| Failure::failed(format!("item {}: {}", scene.id, chain(&e))))?;
        wanted.push((Names::of(&scene.id), window));
    } else if selection.all {
        for cell in chips.chips.cells() {
            let (x, y) = (u32::from(cell.x), u32::from(cell.y));
            let window = chips
                .window(x, y, shaping.edge)
                .map_err(|e| Failure::failed(chain(&e)))?;
            wanted.push((Names::of_chip(&scene.id, x, y), window));
        }
    } else {
        return Err(Failure::usage(format!(
            "{} is an item: which chip of it? give --x and --y, --window, --bbox, or --all",
            args.source
        )));
    }
    let first = wanted.first();
    let assets = first.map_or(0, |(_, window)| {
        chips.request(*window, shaping).assets.len()
    });
    for (_, window) in &wanted {
        Chosen {
            what: &args.source,
            window: *window,
            of: chips.chips.grid().size,
            // How wide its pixels are is not known before an asset is opened.
            pixel: assets as u64,
        }
        .check(shaping, world.batch_options().memory)?;
    }
    Ok(alike(wanted, chips, shaping))
}

/// Chips of one scene, which share what is asked of it.
fn alike(
    wanted: Vec<(Names, Window)>,
    chips: &SceneChips,
    shaping: Shaping,
) -> Vec<(Names, WantedChip)> {
    let Some(&(_, first)) = wanted.first() else {
        return Vec::new();
    };
    let like = Arc::new(chips.request(first, shaping));
    let wanted = wanted.into_iter().map(|(names, window)| {
        let like = Arc::clone(&like);
        (names, WantedChip { like, window })
    });
    wanted.collect()
}

/// Options that only rasters have are not passed over in silence.
pub fn only_of_rasters(args: &ChipArgs) -> Result<(), Failure> {
    let selection = &args.selection;
    if selection.level != 0 || selection.image != 0 || !selection.bands.is_empty() {
        return Err(Failure::usage(format!(
            "{} is no raster: --level, --image and --bands are about rasters",
            args.source
        )));
    }
    Ok(())
}
