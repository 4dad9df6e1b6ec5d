//! `stacchip prechip`.

mod made;
mod share;

use std::{collections::HashMap, ops::Range, path::Path, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use stacchip::{
    ObjectSink, Progress, WriteError, WriteErrorKind,
    address::{Address, for_people},
    chip::{
        ChipRequest, Edge,
        batch::{BatchCounts, BatchOptions, BatchReader, Order},
    },
    cubes::{
        CubeEncoder, CubeLayout, CubePlan, CubeType, CubeWork, Draw, Seat, Share, WriteCubes,
        write_cubes,
    },
};

use self::{
    made::Made,
    share::{manifest_name, share},
};
use super::chip::tell_headers;
use crate::{
    CommandResult, Status,
    args::{CubeFormat, CubeTypeArg, PrechipArgs, Shared},
    chip_list::{ChipList, OpenScenes},
    failure::{Failure, chain},
    folder_lock::FolderLock,
    item_names::file_name,
    output::Output,
    progress::Bar,
    source::Source,
    standing_cubes::{Standing, StandingCubes},
    wiring::{World, cube_encoder},
};

/// Writes cubes.
pub fn run(args: &PrechipArgs, world: &World, output: Output, shared: &Shared) -> CommandResult {
    let share = share(args)?;
    let draw = draw(args)?;
    let encoder = encoder(args)?;
    world.block_on(async {
        let Source::Index(index) = Source::of(&args.source, world).await? else {
            return Err(Failure::usage(format!(
                "{} is no index: cubes are made of the chips of an index",
                args.source
            )));
        };
        let max_nodata = match (args.parity, args.chips.max_nodata) {
            (true, None) => Some(UPSTREAM_MAX_NODATA),
            // Upstream takes 0 for no limit.
            (true, Some(0.0)) => None,
            (_, given) => given,
        };
        let list = ChipList::read(&index, &args.chips, max_nodata, args.parity, world).await?;
        let places = draw.places(list.count()?);
        let size = args.cube_size as usize;
        let cubes = if args.parity {
            places.len() / size
        } else {
            places.len().div_ceil(size)
        } as u64;
        if list.left_out > 0 {
            output.note(format!("{} chips left out", list.left_out));
        }
        if cubes == 0 {
            return Err(Failure::failed(format!(
                "{}: no cube to make of {} chips",
                args.source,
                places.len()
            )));
        }
        // Upstream asks no mask.
        let edge = if args.parity {
            Edge::Refuse
        } else {
            Edge::Masked
        };
        let mut scenes = OpenScenes::new(&args.chips, args.parity, edge, world, output);
        let layout = layout(args, &list, &mut scenes, world).await?;
        let plan = CubePlan {
            format: encoder.format().to_owned(),
            platform: list.platform().to_owned(),
            draw,
            parity: args.parity,
            chips: places.len() as u64,
            cubes,
            list: CubePlan::digest(list.labels()),
            settings: settings(args),
            layout,
        };
        let (folder, is_local) = match Address::parse(&args.output) {
            Ok(Address::Local(path)) => (path, true),
            _ => (args.output.clone(), false),
        };
        let mine = share.map_or(0..cubes, |share| share.of(cubes));
        let run = Run {
            args,
            world,
            output,
            list,
            places,
            plan_id: plan.id(),
            plan,
            encoder: Arc::from(encoder),
            folder: folder.trim_end_matches('/').to_owned(),
            is_local,
            share,
        };
        run.all(mine, scenes, shared).await
    })
}

fn draw(args: &PrechipArgs) -> Result<Draw, Failure> {
    match (args.parity, args.seed) {
        (true, seed) => {
            let seed = seed.unwrap_or(UPSTREAM_SEED);
            u32::try_from(seed).map(Draw::WithReplacement).map_err(|_| {
                Failure::usage(format!("--seed {seed}: numpy's seeds are below 4294967296"))
            })
        }
        (false, Some(seed)) => Ok(Draw::Shuffled(seed)),
        (false, None) => Ok(Draw::InOrder),
    }
}

/// What else than the list of chips decides what the cubes hold: how hard they are deflated, and where what is
/// in them is looked for.
fn settings(args: &PrechipArgs) -> Value {
    let chips = &args.chips;
    json!({
        "level": args.level,
        "assets": chips.assets.wanted,
        "exclude": chips.assets.exclude,
        "mount": chips.addresses.mount.as_ref().map(|folder| folder.to_string_lossy()),
        "alternate": chips.addresses.alternate,
        // It stands in what is handed on: no password, no signature.
        "item_root": chips.addresses.item_root.as_deref().map(for_people),
    })
}

fn encoder(args: &PrechipArgs) -> Result<Box<dyn CubeEncoder>, Failure> {
    let name = match args.format {
        CubeFormat::Npz => "npz",
        CubeFormat::Webdataset => "webdataset",
        CubeFormat::Geotiff => "geotiff",
        CubeFormat::Zarr => "zarr",
    };
    cube_encoder(name, args.level).ok_or_else(|| {
        Failure::usage(format!(
            "--format {name} is not written: the crate that could brings forty others along \
             (docs/decisions/0025-formats-of-cubes.md); the formats are npz, webdataset and geotiff"
        ))
    })
}

/// What the chips have in common: that of the first that can be read, in the order of the index, which
/// is the same for every job.
async fn layout(
    args: &PrechipArgs,
    list: &ChipList,
    scenes: &mut OpenScenes<'_>,
    world: &World,
) -> Result<CubeLayout, Failure> {
    let kind = match (args.dtype, args.format) {
        (Some(CubeTypeArg::Float32), _) | (None, CubeFormat::Npz) => CubeType::Float32,
        (Some(CubeTypeArg::Own) | None, _) => CubeType::Own,
    };
    let reader = world.chip_reader();
    let mut why = None;
    let mut last_item = None;
    for (place, label) in (0u32..).zip(list.labels()) {
        // One chip an item, of a few items.
        if last_item.as_ref() == Some(&label.scene.item_id) {
            continue;
        }
        last_item = Some(label.scene.item_id.clone());
        let opened = scenes.of(list, place).await;
        let wanted = opened.and_then(|scene| scene.wanted(label));
        let chip = match wanted {
            Ok(wanted) => {
                let request = ChipRequest {
                    window: wanted.window,
                    ..(*wanted.like).clone()
                };
                let chip = reader.read_chip(&request).await;
                chip.map_err(|e| format!("{}: {}", label.chipid(), chain(&e)))
            }
            Err(error) => Err(error.as_ref().to_owned()),
        };
        match chip {
            Ok(chip) => {
                return CubeLayout::of(&chip, kind, args.cube_size as usize, args.parity)
                    .map_err(|e| Failure::failed(format!("{}: {e}", label.chipid())));
            }
            Err(error) => {
                Output::warn(&error);
                why = why.or(Some(error));
            }
        }
        if place as usize >= LOOKED_AT {
            break;
        }
    }
    Err(Failure::failed(format!(
        "what cubes hold is told by the first chip, and none could be read: {}",
        why.unwrap_or_default()
    )))
}

/// One run over the cubes of a job.
struct Run<'a> {
    args: &'a PrechipArgs,
    world: &'a World,
    output: Output,
    list: ChipList,
    places: Vec<u32>,
    plan: CubePlan,
    plan_id: String,
    encoder: Arc<dyn CubeEncoder>,
    /// An address, or a path.
    folder: String,
    is_local: bool,
    share: Option<Share>,
}

impl Run<'_> {
    async fn all(
        &self,
        mine: Range<u64>,
        mut scenes: OpenScenes<'_>,
        shared: &Shared,
    ) -> CommandResult {
        // Who is alone removes what a run that was killed has left half-written.
        let local = self.is_local.then(|| Path::new(&self.folder));
        let _lock = local.map(FolderLock::take).transpose()?;
        let goes_on = self.agree().await?;
        let sink = Folders(self.world);
        let below = format!("{UPSTREAM_VERSION}/{}", file_name(&self.plan.platform));
        let bar = Bar::new(self.output, "cutting chips");
        let layout = Arc::new(self.plan.layout.clone());
        let mut how = WriteCubes {
            at_once: cubes_at_once(&self.plan.layout, shared),
            layout,
            encoder: Arc::clone(&self.encoder),
            sink: &sink,
            plan: &self.plan_id,
            folder: &self.folder,
            below: &below,
            overwrite: goes_on || self.args.overwrite,
            whole_only: self.args.parity,
            standing: HashMap::new(),
            fetch_ahead: false,
            progress: &bar,
        };
        self.shared_files(&how).await?;
        let reader = BatchReader::new(&self.world.chip_reader(), batch_options(shared));
        let (mut made, mut counts) = (Made::new(self.output.is_json()), BatchCounts::default());
        let mut from = mine.start;
        bar.expect(self.chips_of(mine.clone()));
        while from < mine.end {
            let upto = mine.end.min(from + self.cubes_a_part());
            let (mut work, mut records, mut before) = (Vec::new(), Vec::new(), Vec::new());
            for (cube, standing) in self.standing(from..upto, &how).await? {
                match standing {
                    Standing::Whole(record) if !self.args.overwrite => {
                        bar.advance(record.rows.len() as u64);
                        records.push(record);
                        made.kept += 1;
                        continue;
                    }
                    Standing::Whole(record) | Standing::Lacking(record) => {
                        how.standing.insert(cube, record.clone());
                        before.push(record);
                    }
                    Standing::Part(record) => before.push(record),
                    Standing::Other(record) if how.overwrite => {
                        self.there().remove(&record, &[]).await?;
                    }
                    Standing::Other(_) => return Err(of_another(&how.record_address(cube))),
                    Standing::Nothing => {}
                }
                work.push(self.work(cube, &mut scenes, &mut how.fetch_ahead).await);
            }
            let report = write_cubes(work, &reader, &how).await;
            let report = report.map_err(|e| Failure::failed(chain(&e)))?;
            for failed in report.records.iter().flat_map(|r| &r.failed) {
                Output::error(format!("{}: {}", failed.chipid, failed.error));
            }
            for missed in &report.missed {
                Output::error(format!(
                    "{}: {}; the cube that stands has this chip, and is kept",
                    missed.chipid, missed.error
                ));
            }
            made.missed += report.missed.len() as u64;
            // Files of a chip that was there before, and failed now.
            for before in before {
                let now = &report.records;
                if let Ok(now) = now.binary_search_by_key(&before.cube, |now| now.cube)
                    && let Some(now) = report.records.get(now)
                {
                    self.there().remove(&before, &now.files).await?;
                }
            }
            how.standing.clear();
            records.extend(report.records);
            made.add(records);
            counts.blocks += report.counts.blocks;
            counts.again += report.counts.again;
            from = upto;
        }
        let text = std::mem::take(&mut made.manifest);
        let manifest = self.manifest(text.into(), &sink).await?;
        drop(bar);
        tell_headers(self.world, self.output);
        self.tell(&made, counts, &manifest)
    }

    /// Chips of cubes.
    fn chips_of(&self, cubes: Range<u64>) -> u64 {
        let size = u64::from(self.args.cube_size);
        let all = self.places.len() as u64;
        all.min(cubes.end * size) - all.min(cubes.start * size)
    }

    /// Cubes whose chips are read as one list.
    fn cubes_a_part(&self) -> u64 {
        (CHIPS_A_PART / u64::from(self.args.cube_size)).max(1)
    }

    /// Sees to it that the plan stands beside the cubes; whether it did before, so that what stands there
    /// is of it.
    async fn agree(&self) -> Result<bool, Failure> {
        let address = format!("{}/prechip.json", self.folder);
        let same = |stored: &[u8]| {
            let checked = self.plan.check(&address, stored);
            checked.map_err(|e| Failure::failed(chain(&e)))
        };
        let stored = self.world.read_if_there(&address).await?;
        if let Some(stored) = &stored {
            let same = same(stored);
            if same.is_ok() || !self.args.overwrite {
                return same.map(|()| true);
            }
        }
        if self.args.overwrite {
            self.there().make_room(self.plan.cubes).await?;
        } else if let Some(record) = self.there().of_another().await? {
            return Err(of_another(&record));
        }
        let put = Folders(self.world)
            .put(&address, self.plan.to_text().into(), self.args.overwrite)
            .await;
        match put {
            Ok(()) => Ok(false),
            // Another job of the array was faster.
            Err(error) if error.kind == WriteErrorKind::Exists => {
                let stored = self.world.read_all(&address).await?;
                same(&stored).map(|()| true)
            }
            Err(error) => Err(Failure::failed(chain(&error))),
        }
    }

    /// Stores the files that all cubes share.
    async fn shared_files(&self, how: &WriteCubes<'_>) -> Result<(), Failure> {
        let files = self.encoder.shared(&self.plan.layout, self.plan.cubes);
        for file in files.map_err(|e| Failure::failed(chain(&e)))? {
            let address = format!("{}/{}/{}", how.folder, how.below, file.name);
            let put = how.sink.put(&address, file.bytes, true).await;
            put.map_err(|e| Failure::failed(chain(&e)))?;
        }
        Ok(())
    }

    fn there(&self) -> StandingCubes<'_> {
        StandingCubes::new(self.world, &self.folder, self.is_local, &self.plan_id)
    }

    /// Cubes with what stands of them.
    async fn standing(
        &self,
        cubes: Range<u64>,
        how: &WriteCubes<'_>,
    ) -> Result<Vec<(u64, Standing)>, Failure> {
        let there = self.there();
        let looked = stream::iter(cubes).map(|cube| async move {
            let standing = there.of(&how.record_address(cube)).await?;
            Ok((cube, standing))
        });
        looked.buffered(LOOKS_AT_ONCE).try_collect().await
    }

    /// The seats of a cube, their items opened.
    async fn work(&self, cube: u64, scenes: &mut OpenScenes<'_>, ahead: &mut bool) -> CubeWork {
        let size = u64::from(self.args.cube_size);
        let at = |chip: u64| usize::try_from(chip).unwrap_or(usize::MAX);
        let all = self.places.len();
        let range = at(cube * size).min(all)..at((cube + 1) * size).min(all);
        let mut seats = Vec::new();
        for &place in self.places.get(range).unwrap_or_default() {
            let Some(label) = self.list.label(place) else {
                continue;
            };
            let opened = scenes.of(&self.list, place).await;
            if let Ok(scene) = &opened {
                *ahead |= scene.remote;
            }
            seats.push(Seat {
                label: label.clone(),
                crs_kind: opened.as_ref().ok().and_then(|scene| scene.crs_kind),
                wanted: opened.and_then(|scene| scene.wanted(label)),
            });
        }
        CubeWork {
            number: cube,
            seats,
        }
    }

    /// Stores the manifest of this run, or this job; says where.
    async fn manifest(&self, text: Bytes, sink: &dyn ObjectSink) -> Result<String, Failure> {
        let address = format!("{}/{}", self.folder, manifest_name(self.share));
        let put = sink.put(&address, text, true).await;
        put.map_err(|e| Failure::failed(chain(&e)))?;
        Ok(address)
    }

    fn tell(&self, made: &Made, counts: BatchCounts, manifest: &str) -> CommandResult {
        self.output.document(&made.document(json!({
            "out": self.folder,
            "manifest": manifest,
            "plan": self.plan.to_json(),
            "blocks": { "decoded": counts.blocks, "again": counts.again },
        })))?;
        self.output.detail(format!(
            "{} tiles decoded, {} of them again",
            counts.blocks, counts.again
        ));
        if made.left_out > 0 {
            self.output.note(format!(
                "{} chips left out, because another of their cube failed",
                made.left_out
            ));
        }
        let before = if made.kept > 0 {
            format!(" ({} cubes stood there before)", made.kept)
        } else {
            String::new()
        };
        self.output.done(format!(
            "{} chips in {} cubes → {}{before}",
            made.chips, made.cubes, self.folder
        ))?;
        match (made.chips, made.failed + made.missed) {
            (_, 0) => Ok(Status::Done),
            (0, _) => Err(Failure::Told),
            _ => Ok(Status::Partly),
        }
    }
}

/// The record at `address` is not of the plan, and nothing is to be replaced.
fn of_another(address: &str) -> Failure {
    Failure::failed(format!(
        "{address} is of a cube of another plan, which is not there any more: choose another folder, or say \
         --overwrite to replace such cubes"
    ))
}

/// Reads in the order of the cubes, with a part of the memory.
fn batch_options(shared: &Shared) -> BatchOptions {
    let options = BatchOptions::default()
        .order(Order::Asked)
        .memory(shared.memory / READING);
    match shared.threads {
        Some(threads) => options.threads(threads.into()),
        None => options,
    }
}

/// Cubes that are encoded at once: one for each thread, as far as memory goes. A cube takes its pixels as
/// they are held, and about half as much again for what they are encoded to; one more is being filled.
fn cubes_at_once(layout: &CubeLayout, shared: &Shared) -> usize {
    let filled = (layout.held * layout.seats) as u64;
    let rest = (shared.memory - shared.memory / READING).saturating_sub(filled);
    let fit = rest / (filled + filled / 2).max(1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = shared.threads.map_or(threads, usize::from);
    usize::try_from(fit).unwrap_or(usize::MAX).clamp(1, threads)
}

/// A sink that makes the folders that local addresses need.
struct Folders<'a>(&'a World);

impl std::fmt::Debug for Folders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Folders")
    }
}

#[async_trait::async_trait]
impl ObjectSink for Folders<'_> {
    async fn put(&self, address: &str, bytes: Bytes, overwrite: bool) -> Result<(), WriteError> {
        if let Ok(Address::Local(path)) = Address::parse(address)
            && let Some(folder) = Path::new(&path).parent()
        {
            std::fs::create_dir_all(folder).map_err(|e| {
                WriteError::new(WriteErrorKind::NotFound, folder.to_string_lossy()).because(e)
            })?;
        }
        self.0.sink().put(address, bytes, overwrite).await
    }
}

/// The folder of upstream's cubes.
const UPSTREAM_VERSION: &str = "mode_v1_chipper_v2";
/// Upstream's seed.
const UPSTREAM_SEED: u64 = 42;
/// Upstream's greatest share of nodata.
const UPSTREAM_MAX_NODATA: f64 = 0.05;
/// Chips that are read as one list: items are opened for as many ahead.
const CHIPS_A_PART: u64 = 16_384;
/// Part of the memory that reading takes: a quarter.
const READING: u64 = 4;
/// Records looked for at once.
const LOOKS_AT_ONCE: usize = 32;
/// Rows among which one is looked for that tells what cubes hold.
const LOOKED_AT: usize = 100_000;
