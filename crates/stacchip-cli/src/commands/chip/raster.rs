//! Pixels of a raster that is in no item.

use stacchip::{
    Shaping,
    chip::{ChipError, Frame, Raster, RasterRequest, read_raster_window},
    model::Window,
};

use super::{
    account::{record, tell},
    scene::Names,
    sizes::Chosen,
};
use crate::{
    CommandResult,
    args::ChipArgs,
    chip_files::ChipFiles,
    failure::{Failure, chain},
    inputs::absolute,
    output::Output,
    told::Told,
    wiring::World,
};

/// Cuts what the arguments ask for.
pub async fn cut(
    args: &ChipArgs,
    address: &str,
    shaping: Shaping,
    world: &World,
    output: Output,
) -> CommandResult {
    only_of_items(args, address)?;
    let reader = world.chip_reader();
    let failed = |e: ChipError| Failure::failed(format!("{}: {}", args.source, chain(&e)));
    let raster = reader.raster(address).await.map_err(failed)?;
    let request = raster_request(args, &raster, shaping, world)?;
    let files = ChipFiles::new(args, false, world)?;
    let name = stem(address);
    let chip = read_raster_window(&raster, &name, &request, reader.codecs())
        .await
        .map_err(failed)?;
    let out = files.write(&chip, &Names::of(&name), world).await?;
    let (mut done, failed) = (Told::new(output.is_json()), Told::new(output.is_json()));
    done.push(0, record(&name, &out, &chip));
    tell(&done, &failed, Ok(()), args, world, output)
}

/// Options that only items and indexes have are not passed over in silence.
pub fn only_of_items(args: &ChipArgs, address: &str) -> Result<(), Failure> {
    let selection = &args.selection;
    if !args.assets.wanted.is_empty() || !args.assets.exclude.is_empty() || args.parity {
        return Err(Failure::usage(format!(
            "{address} is a raster: --assets, --exclude and --parity are about items"
        )));
    }
    if !selection.row.is_empty()
        || !selection.id.is_empty()
        || selection.all
        || selection.condition.is_some()
        || selection.x.is_some()
    {
        return Err(Failure::usage(format!(
            "{address} is a raster: choose pixels of it with --window or --bbox"
        )));
    }
    Ok(())
}

/// What the arguments ask of a raster.
pub fn raster_request(
    args: &ChipArgs,
    raster: &Raster,
    shaping: Shaping,
    world: &World,
) -> Result<RasterRequest, Failure> {
    let selection = &args.selection;
    let failed = |e: ChipError| Failure::failed(format!("{}: {}", args.source, chain(&e)));
    let window = match (selection.window, selection.bbox) {
        (Some((col, row, width, height)), _) => Some(Window::new(col, row, width, height)),
        (None, Some(bbox)) => {
            let frame = level_frame(raster, selection.image, selection.level).map_err(failed)?;
            Some(
                stacchip::window_of_bbox(&frame, bbox, world.projector())
                    .map_err(|e| Failure::failed(format!("{}: {}", args.source, chain(&e))))?,
            )
        }
        (None, None) => None,
    };
    let bands = selection
        .bands
        .iter()
        .map(|&band| {
            band.checked_sub(1)
                .ok_or_else(|| Failure::usage("--bands counts from 1"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let image = raster.image(selection.image).map_err(failed)?;
    // A level that is not there is told by whoever reads it.
    if let Some(level) = image.levels.get(selection.level) {
        let of_all = level.bands();
        let bands = if bands.is_empty() {
            of_all
        } else {
            bands.len()
        };
        Chosen {
            what: &args.source,
            window: window.unwrap_or(level.size.window()),
            of: level.size,
            pixel: (bands * level.sample.bytes()) as u64,
        }
        .check(shaping, world.batch_options().memory)?;
    }
    Ok(RasterRequest {
        image: selection.image,
        level: selection.level,
        window,
        bands: Some(bands).filter(|b| !b.is_empty()),
        output: shaping.output,
        resampling: shaping.resampling,
        edge: shaping.edge,
    })
}

/// The pixel grid of a level: that of the image, in larger pixels.
fn level_frame(raster: &Raster, image: usize, level: usize) -> Result<Frame, ChipError> {
    let frame = raster.frame(image)?;
    let levels = &raster.image(image)?.levels;
    // A level that is not there is told by whoever reads it.
    let size = levels.get(level).map_or(frame.size, |level| level.size);
    Ok(frame.of_window(frame.size.window(), size))
}

/// The last part of an address without its ending.
fn stem(address: &str) -> String {
    let address = absolute(address).unwrap_or_else(|_| address.to_owned());
    let name = address.split(['?', '#']).next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| stem)
        .to_owned()
}
