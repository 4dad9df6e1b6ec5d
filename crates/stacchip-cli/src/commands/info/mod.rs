//! `stacchip info`.

mod index;
mod index_check;
mod item;
mod raster;

use serde_json::Value;
use stacchip::cog::{Cog, Conformance, Level};

use crate::{
    CommandResult, Status,
    args::InfoArgs,
    failure::{Failure, chain},
    output::Output,
    source::Source,
    wiring::{World, registered},
};

/// Says what an address leads to.
pub fn run(args: &InfoArgs, world: &World, output: Output) -> CommandResult {
    let (document, text) = world.block_on(async {
        match Source::of(&args.address, world).await? {
            Source::Raster(address) => of_raster(args, &address, world).await,
            Source::Item(address, text) => item::describe(&text, &address),
            Source::Index(path) => index::describe(&path, args.rows, world).await,
        }
    })?;
    output.document(&document)?;
    output.say(text)?;
    Ok(Status::Done)
}

async fn of_raster(
    args: &InfoArgs,
    address: &str,
    world: &World,
) -> Result<(Value, String), Failure> {
    let failed = |e: &dyn std::error::Error| Failure::failed(format!("{address}: {}", chain(e)));
    let raster = world
        .chip_reader()
        .raster(address)
        .await
        .map_err(|e| failed(&e))?;
    let image = raster.image(args.image).map_err(|e| failed(&e))?;
    let conformance = conformance(world, address, raster.cog()).await?;
    let place = &image.georeference;
    // A system that nobody knows is given as it stands.
    let crs = place
        .crs_in_gdal()
        .map(|crs| registered(&crs, place.vertical.as_ref()).unwrap_or(crs));
    let document = raster::document(address, raster.cog(), image, crs.as_ref(), &conformance);
    let text = raster::text(&document);
    Ok((document, text))
}

/// Whether the file is laid out as a COG; tables of blocks are read as far as it takes to tell.
async fn conformance(world: &World, address: &str, cog: &Cog) -> Result<Conformance, Failure> {
    let failed = |e: &dyn std::error::Error| Failure::failed(chain(e));
    for _ in 0..TABLE_READS {
        let missing = match cog.conformance() {
            Ok(conformance) => return Ok(conformance),
            Err(missing) => missing,
        };
        let reader = world.opener().open(address).await.map_err(|e| failed(&e))?;
        let ranges: Vec<_> = missing.iter().map(|(_, range)| range.clone()).collect();
        let answers = reader.read(&ranges).await.map_err(|e| failed(&e))?;
        let levels = cog.images.first().map(|i| i.levels.as_slice());
        for ((level, range), bytes) in missing.iter().zip(answers) {
            if let Some(level) = levels.and_then(|l| l.get(*level)) {
                let level: &Level = level;
                level
                    .table
                    .supply(range.start, range.end - range.start, &bytes);
            }
        }
    }
    Ok(Conformance {
        errors: vec!["its tables of blocks cannot be followed".to_owned()],
        warnings: Vec::new(),
    })
}

/// Rounds of reading tables before they are given up.
const TABLE_READS: usize = 64;
