//! `stacchip chip`.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};
use stacchip::{
    SceneChips, Shaping,
    chip::{
        Alignment, AssetChoice, Chip, ChipError, ChipRequest, Edge, Frame, Raster, RasterRequest,
        Resampling, batch::WantedChip, read_raster_window,
    },
    index::{ChipOptions, ChipRow},
    model::{Scene, Size, Window},
};

use super::index::chip_options;
use crate::{
    CommandResult, Status,
    args::{ChipArgs, OnError},
    chip_files::ChipFiles,
    cutting::{Asked, Run},
    failure::{Failure, chain},
    index_rows::{RowChoice, SceneOf, ScenesOfRows},
    inputs::absolute,
    output::{Output, bytes_for_people},
    source::{Source, only_item},
    told::Told,
    wiring::{World, addressing},
};

/// Cuts chips.
pub fn run(args: &ChipArgs, world: &World, output: Output) -> CommandResult {
    let shaping = shaping(args)?;
    world.block_on(async {
        match Source::of(&args.source, world).await? {
            Source::Raster(address) => raster(args, &address, shaping, world, output).await,
            Source::Item(address, text) => {
                let scene = only_item(&text, Some(&address))?;
                item(args, &scene, shaping, world, output).await
            }
            Source::Index(path) => {
                let rows = RowChoice::of(&args.selection)?;
                let mut scenes = ScenesOfRows::open(&path, rows)?;
                index(args, &mut scenes, shaping, world, output).await
            }
        }
    })
}

async fn raster(
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
    if !args.assets.is_empty() || !args.exclude.is_empty() || args.parity {
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

async fn item(
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

async fn index(
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

/// Says which numbers stand for the texts of a layer.
fn tell_classes(files: &ChipFiles, output: Output) {
    for (text, number) in files.classes().into_iter().flatten() {
        output.note(format!("label {number} is {text}"));
    }
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

/// What chips of a scene are made of, and on which grid.
#[derive(Debug, Clone, Default)]
pub struct Cutting {
    /// Assets wanted; the default ones where none is named.
    pub assets: Vec<String>,
    /// Assets to leave out.
    pub exclude: Vec<String>,
    /// How chips lie.
    pub chips: ChipOptions,
    /// The scene's shape by hand.
    pub shape: Option<Size>,
    /// A folder in place of scheme and host.
    pub mount: Option<PathBuf>,
    /// The alternate to prefer.
    pub alternate: Option<String>,
    /// Another base for relative addresses.
    pub item_root: Option<String>,
}

impl Cutting {
    /// As the arguments say.
    pub fn of(args: &ChipArgs) -> Self {
        Self {
            assets: args.assets.clone(),
            exclude: args.exclude.clone(),
            chips: chip_options(&args.grid),
            shape: args.grid.shape.map(|(h, w)| Size::new(w, h)),
            mount: args.mount.clone(),
            alternate: args.alternate.clone(),
            item_root: args.item_root.clone(),
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
    let addressing = addressing(
        cutting.mount.as_deref(),
        cutting.alternate.as_deref(),
        cutting.item_root.as_deref(),
    );
    let choice = AssetChoice {
        only: Some(cutting.assets.clone()).filter(|a| !a.is_empty()),
        except: cutting.exclude.clone(),
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
    fn of(name: &str) -> Self {
        Self {
            chipid: name.to_owned(),
            item: name.to_owned(),
            x: String::new(),
            y: String::new(),
        }
    }

    fn of_chip(item: &str, x: u32, y: u32) -> Self {
        Self {
            chipid: format!("{item}-{x}-{y}"),
            item: item.to_owned(),
            x: x.to_string(),
            y: y.to_string(),
        }
    }

    fn of_row(row: &ChipRow) -> Self {
        Self {
            chipid: row.chipid.clone(),
            ..Self::of_chip(&row.scene.item_id, u32::from(row.x), u32::from(row.y))
        }
    }
}

/// Says how it went, also where it went no further.
fn finish(
    run: Run<'_>,
    went: Result<(), Failure>,
    args: &ChipArgs,
    world: &World,
    output: Output,
) -> CommandResult {
    let (done, failed) = run.end();
    tell(&done, &failed, went, args, world, output)
}

/// How many headers were read, and which of those that were kept were of no use.
pub fn tell_headers(world: &World, output: Output) {
    let used = world.rasters().header_use();
    for (address, why) in &used.stale {
        output.detail(format!("{address}: {why}; its header was read"));
    }
    output.detail(format!(
        "{} headers known from the index, {} read",
        used.known, used.read
    ));
}

/// What was asked of servers and files.
fn tell_traffic(world: &World, output: Output) {
    let (asked, cached) = (world.traffic(), world.cache_use());
    if asked.requests > 0 {
        output.detail(format!(
            "{} requests for {}, {} of them again",
            asked.requests,
            bytes_for_people(asked.bytes),
            asked.retries + asked.hedges
        ));
    }
    if asked.local_reads > 0 {
        output.detail(format!(
            "{} reads of {} from local files",
            asked.local_reads,
            bytes_for_people(asked.local_bytes)
        ));
    }
    if cached.ranges > 0 {
        output.detail(format!(
            "{} ranges of {} were kept from before",
            cached.ranges,
            bytes_for_people(cached.bytes)
        ));
    }
}

fn traffic(world: &World) -> Value {
    let (asked, cached) = (world.traffic(), world.cache_use());
    json!({
        "requests": asked.requests,
        "bytes": asked.bytes,
        "retries": asked.retries,
        "hedges": asked.hedges,
        "local": { "reads": asked.local_reads, "bytes": asked.local_bytes },
        "cached": { "ranges": cached.ranges, "bytes": cached.bytes },
    })
}

/// All that is told of a run.
#[derive(Serialize)]
struct Account<'a> {
    chips: &'a Told,
    failed: &'a Told,
    headers: Value,
    asked: Value,
    /// Why it went no further, where that is of no chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
}

fn tell(
    done: &Told,
    failed: &Told,
    went: Result<(), Failure>,
    args: &ChipArgs,
    world: &World,
    output: Output,
) -> CommandResult {
    tell_headers(world, output);
    tell_traffic(world, output);
    let stopped = went.as_ref().err();
    let why = stopped.filter(|failure| !matches!(failure, Failure::Told));
    // Standard output may hold the chip itself.
    if args.output != "-" {
        let used = world.rasters().header_use();
        output.document(&Account {
            chips: done,
            failed,
            headers: json!({ "known": used.known, "read": used.read, "stale": used.stale.len() }),
            asked: traffic(world),
            error: why.map(ToString::to_string),
            status: why.map(Failure::status),
        })?;
        if let Some(one) = done.only() {
            let arrays = one["arrays"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for array in arrays {
                let shape: Vec<String> = array["shape"]
                    .as_array()
                    .map(|s| s.iter().map(ToString::to_string).collect())
                    .unwrap_or_default();
                output.note(format!(
                    "{} {} [{}]",
                    array["name"].as_str().unwrap_or_default(),
                    array["dtype"].as_str().unwrap_or_default(),
                    shape.join(", ")
                ));
            }
        }
        if stopped.is_none() || done.count() > 0 {
            output.done(format!("{} chip(s) → {}", done.count(), args.output))?;
        }
        if let Some(why) = why {
            Output::error(why);
            return Err(Failure::Told);
        }
    }
    went?;
    if done.count() == 0 && failed.count() > 0 {
        return Err(Failure::Told);
    }
    Ok(if failed.count() == 0 {
        Status::Done
    } else {
        Status::Partly
    })
}

/// What is told of a chip that was cut.
pub fn record(chipid: &str, out: &str, chip: &Chip) -> Value {
    json!({
        "chipid": chipid,
        "out": out,
        "crs": chip.frame.crs.as_ref().map(ToString::to_string),
        "transform": chip.frame.transform.map(|t| t.coefficients()),
        "arrays": chip.arrays.iter().map(|a| json!({
            "name": a.name,
            "dtype": a.pixels.sample().name(),
            "shape": a.pixels.shape(),
            "nodata": a.nodata.filter(|v| v.is_finite()),
        })).collect::<Vec<_>>(),
    })
}

/// How the arguments shape chips.
pub fn shaping(args: &ChipArgs) -> Result<Shaping, Failure> {
    let resampling: Resampling = args.resampling.parse().map_err(Failure::usage)?;
    Ok(Shaping {
        output: args.output_size.map(|(w, h)| Size::new(w, h)),
        resampling,
        alignment: if args.parity {
            Alignment::Upstream
        } else {
            Alignment::PixelCentres
        },
        edge: match (args.fill, args.masked) {
            (Some(value), _) => Edge::Fill(value),
            (None, true) => Edge::Masked,
            (None, false) => Edge::Refuse,
        },
    })
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

/// Chips of an index that are cut together, about: enough that what lies on one tile is.
const CHIPS_TOGETHER: usize = 4096;
/// Scenes whose chips are cut together, at most: the grid of each is found before.
const SCENES_TOGETHER: usize = 64;
