//! `stacchip preview`.

use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use stacchip::{
    ObjectSink, Progress, Shaping,
    chip::{
        Chip, ChipArray, ChipRequest, Edge, NamedPixels,
        display::{Picture, PictureOptions, Stretch, contact_sheet},
    },
    model::{Pixels, SampleType, Size, Window},
};

use super::chip::{Cutting, scene_chips, tell_headers};
use crate::{
    CommandResult, Status,
    args::{AddressArgs, AssetArgs, PreviewArgs},
    failure::{Failure, chain},
    index_rows::{RowChoice, ScenesOfRows, row_count},
    output::Output,
    progress::Bar,
    source::Source,
    wiring::{World, encoder_for},
};

/// Draws a contact sheet.
pub fn run(args: &PreviewArgs, world: &World, output: Output) -> CommandResult {
    if !Path::new(&args.output)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("png"))
    {
        return Err(Failure::usage(format!(
            "{}: contact sheets are written as .png, so far",
            args.output
        )));
    }
    world.block_on(async {
        let Source::Index(index) = Source::of(&args.source, world).await? else {
            return Err(Failure::usage(format!(
                "{} is no index: contact sheets are made of indexes, so far",
                args.source
            )));
        };
        let rows = row_count(&index, world).await?;
        let choice = RowChoice::Numbers(spread(rows, u64::from(args.count)));
        let mut scenes = ScenesOfRows::open(&index, choice, world)?;
        let bar = Bar::new(output, "cutting chips");
        let mut chips = Vec::new();
        let mut cloud = 0.0;
        while let Some(next) = scenes.next(world).await? {
            let scene = scenes.scene_of(&next, world).await;
            let scene = scene.map_err(Failure::failed)?;
            let rows = next.rows;
            let found = scene_chips(&cutting(args), &scene, world, output).await?;
            bar.expect(rows.len() as u64);
            cloud += rows.iter().map(|r| r.quality.cloud.get()).sum::<f64>();
            let requests = rows.iter().map(|row| {
                let size = row.scene.chip_size;
                let window = Window::new(row.window.col, row.window.row, size, size);
                found.request(
                    window,
                    Shaping {
                        output: Some(Size::new(args.tile, args.tile)),
                        edge: Edge::Masked,
                        ..Shaping::default()
                    },
                )
            });
            chips.extend(read(requests.collect(), args, world, &bar).await?);
        }
        drop(bar);
        tell_headers(world, output);
        if chips.is_empty() {
            return Err(Failure::failed(format!("{} has no rows", args.source)));
        }
        let count = chips.len();
        let sheet = sheet(&chips, cloud / count as f64)?;
        write(args, &sheet, world).await?;
        output.document(&json!({
            "out": args.output,
            "chips": count,
            "width": sheet.width(),
            "height": sheet.height(),
        }))?;
        output.done(format!("{count} chips → {}", args.output))?;
        Ok(Status::Done)
    })
}

async fn read(
    requests: Vec<ChipRequest>,
    args: &PreviewArgs,
    world: &World,
    bar: &Bar,
) -> Result<Vec<Chip>, Failure> {
    let reader = world.chip_reader();
    stream::iter(requests)
        .map(|request| {
            let reader = &reader;
            async move {
                let chip = reader.read_chip(&request).await;
                bar.advance(1);
                chip.map(|chip| named(chip, &args.assets))
                    .map_err(|e| Failure::failed(chain(&e)))
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Three assets that were asked for are red, green and blue, whatever they are called.
fn named(mut chip: Chip, assets: &[String]) -> Chip {
    if assets.len() == COLOURS.len() && chip.arrays.len() == COLOURS.len() {
        for (array, colour) in chip.arrays.iter_mut().zip(COLOURS) {
            colour.clone_into(&mut array.name);
        }
    }
    chip
}

/// One picture of all chips, so that they are stretched alike, cut into chips again. Clouds are the
/// brightest there is: as much of the numbers as they cover is left out of the stretch, or the land
/// between them would be black.
fn sheet(chips: &[Chip], cloud: f64) -> Result<Pixels, Failure> {
    let failed = |e: &dyn std::error::Error| Failure::failed(chain(e));
    let pictures = match stacked(chips).map_err(|e| failed(&e))? {
        Some(column) => {
            let measured = column.iter().any(|a| a.pixels.sample() != SampleType::U8);
            let options = PictureOptions {
                stretch: if measured {
                    Stretch::Percentile(2.0, (98.0 * (1.0 - cloud)).max(50.0))
                } else {
                    Stretch::Auto
                },
                ..PictureOptions::default()
            };
            let picture = Picture::of(&column, &options).map_err(|e| failed(&e))?;
            cut(&picture.pixels, chips.len()).map_err(|e| failed(&e))?
        }
        // Chips of items with other assets or types do not stack: each is a picture of its own.
        None => chips
            .iter()
            .map(|chip| Picture::of(&chip.arrays, &PictureOptions::default()).map(|p| p.pixels))
            .collect::<Result<_, _>>()
            .map_err(|e| failed(&e))?,
    };
    contact_sheet(&pictures, None, GAP).map_err(|e| failed(&e))
}

/// The chips one below the other; nothing where they are not alike.
fn stacked(chips: &[Chip]) -> Result<Option<Vec<ChipArray>>, stacchip::model::PixelsError> {
    let Some(first) = chips.first() else {
        return Ok(None);
    };
    let mut column = Vec::new();
    for (i, like) in first.arrays.iter().enumerate() {
        let [bands, height, width] = like.pixels.shape();
        let mut pixels = Pixels::zeros(like.pixels.sample(), [bands, height * chips.len(), width])?;
        let mut mask: Option<Vec<u8>> = None;
        for (n, chip) in chips.iter().enumerate() {
            let Some(array) = chip.arrays.get(i).filter(|a| {
                a.name == like.name
                    && a.pixels.shape() == like.pixels.shape()
                    && a.pixels.sample() == like.pixels.sample()
            }) else {
                return Ok(None);
            };
            for band in 0..bands {
                let (Some(from), Some(into)) =
                    (array.pixels.band_bytes(band), pixels.band_bytes_mut(band))
                else {
                    return Ok(None);
                };
                let start = n * from.len();
                if let Some(into) = into.get_mut(start..start + from.len()) {
                    into.copy_from_slice(from);
                }
            }
            if let Some(own) = &array.mask {
                let all = mask.get_or_insert_with(|| vec![255; height * width * chips.len()]);
                if let Some(into) = all.get_mut(n * own.len()..(n + 1) * own.len()) {
                    into.copy_from_slice(own);
                }
            }
        }
        column.push(ChipArray {
            pixels,
            mask,
            ..like.clone()
        });
    }
    Ok(Some(column))
}

/// `pixels` in `count` parts of equal height.
fn cut(pixels: &Pixels, count: usize) -> Result<Vec<Pixels>, stacchip::model::PixelsError> {
    let [bands, height, width] = pixels.shape();
    let rows = height / count.max(1);
    (0..count)
        .map(|n| {
            let mut part = Pixels::zeros(pixels.sample(), [bands, rows, width])?;
            for band in 0..bands {
                let from = pixels.band_bytes(band).unwrap_or_default();
                let length = from.len() / count;
                if let (Some(from), Some(into)) = (
                    from.get(n * length..(n + 1) * length),
                    part.band_bytes_mut(band),
                ) {
                    into.copy_from_slice(from);
                }
            }
            Ok(part)
        })
        .collect()
}

async fn write(args: &PreviewArgs, sheet: &Pixels, world: &World) -> Result<(), Failure> {
    let encoder = encoder_for("png").ok_or_else(|| Failure::failed("no way to write .png"))?;
    let bytes = encoder
        .encode(
            &[NamedPixels::new("sheet", sheet)],
            stacchip::chip::Georeferenced::default(),
        )
        .map_err(|e| Failure::failed(chain(&e)))?;
    world
        .sink()
        .put(&args.output, bytes.into(), args.overwrite)
        .await
        .map_err(|e| Failure::failed(chain(&e)))
}

/// `count` of `rows` numbers at most, evenly spread.
fn spread(rows: u64, count: u64) -> Vec<u64> {
    let count = count.min(rows);
    (0..count)
        .map(|i| (2 * i + 1) * rows / (2 * count))
        .collect()
}

fn cutting(args: &PreviewArgs) -> Cutting {
    Cutting {
        assets: AssetArgs {
            wanted: args.assets.clone(),
            ..AssetArgs::default()
        },
        addresses: AddressArgs {
            mount: args.mount.clone(),
            item_root: args.item_root.clone(),
            ..AddressArgs::default()
        },
        ..Cutting::default()
    }
}

/// What three assets are shown as.
const COLOURS: [&str; 3] = ["red", "green", "blue"];
/// Pixels between pictures.
const GAP: usize = 4;
/// Chips under way at once.
const AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spread_over_all() {
        assert_eq!(spread(10, 5), [1, 3, 5, 7, 9]);
        assert_eq!(spread(3, 24), [0, 1, 2]);
        assert!(spread(0, 4).is_empty());
    }
}
