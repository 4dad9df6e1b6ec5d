//! `stacchip explain`.

use serde_json::{Value, json};
use stacchip::{
    Shaping,
    chip::{
        ChipError, ChipReader, ChipRequest, DistinctTiles, PlannedArray, ReadCost,
        batch::WantedChip, fetch_tables,
    },
};

use super::chip::{
    Cutting, Names, OfScene, not_by_row, only_of_items, only_of_rasters, raster_request,
    requests_of_item, scene_chips, shaping,
};
use crate::{
    CommandResult, Status,
    args::{ChipArgs, ExplainArgs},
    failure::{Failure, chain},
    index_rows::{RowChoice, ScenesOfRows},
    output::{Output, bytes_for_people},
    source::{Source, only_item},
    wiring::World,
};

/// Says what a read would cost.
pub fn run(args: &ExplainArgs, world: &World, output: Output) -> CommandResult {
    let args = args.as_chip_args();
    let shaping = shaping(&args)?;
    world.block_on(async {
        let mut costs = Costs::default();
        match Source::of(&args.source, world).await? {
            Source::Raster(address) => {
                only_of_items(&args, &address)?;
                let failed = |e: ChipError| Failure::failed(format!("{address}: {}", chain(&e)));
                let raster = world.chip_reader().raster(&address).await.map_err(failed)?;
                let request = raster_request(&args, &raster, shaping, world)?;
                let plan = request.plan(&raster).map_err(failed)?;
                let array = PlannedArray { raster, plan };
                fetch_tables(&array).await.map_err(failed)?;
                costs.add(&[("", &array)]).map_err(failed)?;
            }
            Source::Item(address, text) => {
                let scene = only_item(&text, Some(&address))?;
                not_by_row(&args)?;
                only_of_rasters(&args)?;
                let chips = scene_chips(&Cutting::of(&args), &scene, world, output).await?;
                let wanted = requests_of_item(&args, &scene, &chips, shaping, world)?;
                costs.plan(&world.chip_reader(), wanted).await;
            }
            Source::Index(path) => {
                only_of_rasters(&args)?;
                let mut scenes = ScenesOfRows::open(&path, RowChoice::of(&args.selection)?, world)?;
                costs
                    .index(&args, &mut scenes, shaping, world, output)
                    .await?;
            }
        }
        costs.tell(world, output)
    })
}

/// What has been counted.
#[derive(Default)]
struct Costs {
    chips: u64,
    /// By asset, in the order in which they came.
    assets: Vec<(String, ReadCost, DistinctTiles)>,
    /// Of all assets, of chips read one by one; its memory is that of the largest chip.
    total: ReadCost,
    distinct: DistinctTiles,
    failed: Vec<Value>,
}

impl Costs {
    async fn index(
        &mut self,
        args: &ChipArgs,
        scenes: &mut ScenesOfRows,
        shaping: Shaping,
        world: &World,
        output: Output,
    ) -> Result<(), Failure> {
        let reader = world.chip_reader();
        while let Some(rows) = scenes.next(world).await? {
            let chips = match scenes.scene_of(&rows, world).await {
                Ok(scene) => scene_chips(&Cutting::of(args), &scene, world, output).await,
                Err(message) => Err(Failure::failed(message)),
            };
            let wanted = chips
                .map_err(|failure| failure.to_string())
                .and_then(|chips| OfScene::new(chips, shaping).requests(&rows.rows));
            match wanted {
                Ok(wanted) => self.plan(&reader, wanted).await,
                Err(error) => {
                    for row in &rows.rows {
                        self.fail(&row.chipid, &error);
                    }
                }
            }
        }
        Ok(())
    }

    async fn plan(&mut self, reader: &ChipReader, wanted: Vec<(Names, WantedChip)>) {
        for (names, chip) in wanted {
            if let Err(error) = self.plan_one(reader, &chip.request()).await {
                let error = format!("{}: {}", names.chipid, chain(&error));
                self.fail(&names.chipid, &error);
            }
        }
    }

    async fn plan_one(
        &mut self,
        reader: &ChipReader,
        request: &ChipRequest,
    ) -> Result<(), ChipError> {
        let planned = reader.plan(request).await?;
        for array in planned.arrays() {
            fetch_tables(array).await?;
        }
        let keys = request.assets.iter().map(|asset| asset.key.as_str());
        let arrays: Vec<_> = keys.zip(planned.arrays()).collect();
        self.add(&arrays)
    }

    /// Adds a chip: its assets and what is planned of each.
    fn add(&mut self, arrays: &[(&str, &PlannedArray)]) -> Result<(), ChipError> {
        let mut chip = ReadCost::default();
        for (key, array) in arrays {
            let cost = ReadCost::of(array)?;
            chip = chip.beside(cost);
            let known = self.assets.iter().position(|(known, ..)| known == key);
            let at = known.unwrap_or(self.assets.len());
            if known.is_none() {
                let none = (ReadCost::default(), DistinctTiles::default());
                self.assets.push(((*key).to_owned(), none.0, none.1));
            }
            if let Some((_, sum, distinct)) = self.assets.get_mut(at) {
                *sum = sum.then(cost);
                distinct.add(array)?;
            }
            self.distinct.add(array)?;
        }
        self.total = self.total.then(chip);
        self.chips += 1;
        Ok(())
    }

    fn fail(&mut self, chipid: &str, error: &str) {
        Output::error(error);
        self.failed
            .push(json!({ "chipid": chipid, "error": error }));
    }

    fn tell(mut self, world: &World, output: Output) -> CommandResult {
        let used = world.rasters().header_use();
        let (tiles, bytes) = self.distinct.count();
        let one_by_one = self.total;
        if self.chips > 1 {
            for (_, cost, distinct) in &mut self.assets {
                *cost = together(*cost, distinct);
            }
            self.total = together(self.total, &self.distinct);
        }
        // All of them together take no more than they may, and one takes what it takes.
        let all = self.total.memory.saturating_mul(self.chips);
        let memory = all.min(world.batch_options().memory).max(self.total.memory);
        let total = ReadCost {
            memory,
            ..self.total
        };
        let assets: Vec<Value> = self
            .assets
            .iter()
            .map(|(asset, cost, _)| record(Some(asset), cost))
            .collect();
        output.document(&json!({
            "chips": self.chips,
            "assets": assets,
            "total": record(None, &total),
            "one_by_one": record(None, &one_by_one),
            "distinct": { "tiles": tiles, "bytes": bytes },
            "headers": { "known": used.known, "read": used.read, "stale": used.stale.len() },
            "failed": self.failed,
        }))?;
        if self.chips == 0 && !self.failed.is_empty() {
            return Err(Failure::Told);
        }
        output.say(HEAD)?;
        for (asset, cost, _) in &self.assets {
            let asset = if asset.is_empty() { "-" } else { asset };
            output.say(line(asset, cost))?;
        }
        output.say(line("total", &total))?;
        output.say(format!(
            "{} chip(s); of {} tiles {tiles} are distinct, {} of {}",
            self.chips,
            one_by_one.tiles,
            bytes_for_people(bytes),
            bytes_for_people(one_by_one.bytes)
        ))?;
        output.say(format!(
            "headers: {} known from the index, {} to be read first, a request or more each",
            used.known, used.read
        ))?;
        for (address, why) in &used.stale {
            output.detail(format!("{address}: {why}"));
        }
        Ok(if self.failed.is_empty() {
            Status::Done
        } else {
            Status::Partly
        })
    }
}

/// What chips cost that are cut together, where one by one they cost `alone`: each tile is read once.
fn together(alone: ReadCost, distinct: &DistinctTiles) -> ReadCost {
    ReadCost {
        wanted_bytes: alone.wanted_bytes,
        memory: alone.memory,
        ..distinct.cost()
    }
}

fn record(asset: Option<&String>, cost: &ReadCost) -> Value {
    let mut record = json!({
        "requests": cost.requests,
        "tiles": cost.tiles,
        "bytes": cost.bytes,
        "wanted_bytes": cost.wanted_bytes,
        "over_read": cost.over_read(),
        "decoded_bytes": cost.decoded_bytes,
        "memory": cost.memory,
    });
    if let Some(asset) = asset {
        record["asset"] = json!(asset);
    }
    record
}

const HEAD: &str =
    "asset              requests    tiles       bytes   over-read   decompressed      memory";

fn line(asset: &str, cost: &ReadCost) -> String {
    let over = match cost.over_read() {
        Some(over) => format!("{over:.1} x"),
        None => "-".to_owned(),
    };
    format!(
        "{asset:<16} {:>10} {:>8} {:>11} {over:>11} {:>14} {:>11}",
        cost.requests,
        cost.tiles,
        bytes_for_people(cost.bytes),
        bytes_for_people(cost.decoded_bytes),
        bytes_for_people(cost.memory)
    )
}
