//! `stacchip chip`.

mod account;
mod item;
mod raster;
mod rows;
mod scene;
mod sizes;

use stacchip::{
    Shaping,
    chip::{Alignment, Edge, Resampling},
    model::Size,
};

pub use self::{
    account::{record, tell_headers},
    item::{not_by_row, only_of_rasters, requests_of_item},
    raster::{only_of_items, raster_request},
    rows::OfScene,
    scene::{Cutting, Names, scene_chips},
};
use crate::{
    CommandResult,
    args::ChipArgs,
    chip_files::ChipFiles,
    failure::Failure,
    index_rows::{RowChoice, ScenesOfRows},
    output::Output,
    source::{Source, only_item},
    wiring::World,
};

/// Cuts chips.
pub fn run(args: &ChipArgs, world: &World, output: Output) -> CommandResult {
    let shaping = shaping(args)?;
    world.block_on(async {
        match Source::of(&args.source, world).await? {
            Source::Raster(address) => raster::cut(args, &address, shaping, world, output).await,
            Source::Item(address, text) => {
                let scene = only_item(&text, Some(&address))?;
                item::cut(args, &scene, shaping, world, output).await
            }
            Source::Index(path) => {
                let rows = RowChoice::of(&args.selection)?;
                let mut scenes = ScenesOfRows::open(&path, rows, world)?;
                rows::cut(args, &mut scenes, shaping, world, output).await
            }
        }
    })
}

/// How the arguments shape chips.
pub fn shaping(args: &ChipArgs) -> Result<Shaping, Failure> {
    let resampling: Resampling = args.shaping.resampling.parse().map_err(Failure::usage)?;
    Ok(Shaping {
        output: args.shaping.output_size.map(|(w, h)| Size::new(w, h)),
        resampling,
        alignment: if args.parity {
            Alignment::Upstream
        } else {
            Alignment::PixelCentres
        },
        edge: match (args.shaping.fill, args.shaping.masked) {
            (Some(value), _) => Edge::Fill(value),
            (None, true) => Edge::Masked,
            (None, false) => Edge::Refuse,
        },
    })
}

/// Says which numbers stand for the texts of a layer.
fn tell_classes(files: &ChipFiles, output: Output) {
    for (text, number) in files.classes().into_iter().flatten() {
        output.note(format!("label {number} is {text}"));
    }
}
