//! Statistics of the chips of an index.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::StreamExt;
use serde_json::{Value, json};
use stacchip::{
    ChipTally, Harmony, Progress, TalliedChip,
    chip::{
        Chip, Edge,
        batch::{BatchOptions, BatchReader, FailedChip, Order, ReadyChip},
    },
    harmony,
    model::Platform,
};

use super::{
    super::chip::tell_headers,
    chosen,
    report::{Report, summaries},
};
use crate::{
    CommandResult,
    args::{Shared, StatsArgs},
    chip_list::{ChipList, ItemKey, OpenScenes, SceneRequests},
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    source::Source,
    wiring::World,
};

/// Counts the numbers of chips of an index.
pub async fn run(
    args: &StatsArgs,
    world: &World,
    output: Output,
    shared: &Shared,
) -> CommandResult {
    let Source::Index(index) = Source::of(&args.source, world).await? else {
        return Err(Failure::usage(format!(
            "{} is neither cubes nor an index",
            args.source
        )));
    };
    let list = ChipList::read(&index, &args.chips, args.chips.max_nodata, false, world).await?;
    let count = list.count()?;
    let places = match args.sample {
        Some(wanted) => chosen(count, wanted, args.seed),
        None => (0..count).collect(),
    };
    if places.is_empty() {
        return Err(Failure::failed(format!("{} has no such chip", args.source)));
    }
    let bar = Bar::new(output, "cutting chips");
    bar.expect(places.len() as u64);
    let mut scenes = OpenScenes::new(&args.chips, false, Edge::Masked, world, output);
    let mut said = Said::default();
    let mut counting: Option<ChipTally> = None;
    let (mut failed, mut counted) = (Vec::new(), 0u64);
    let options = batch_options(shared);
    for part in places.chunks(CHIPS_A_PART) {
        let (mut wanted, mut about, mut ahead) = (Vec::new(), Vec::new(), false);
        for &place in part {
            let Some(label) = list.label(place) else {
                continue;
            };
            let opened = scenes.of(&list, place).await;
            let asked = opened.and_then(|scene| Ok((scene.wanted(label)?, scene)));
            match asked {
                Ok((chip, scene)) => match said.shifts(&scene, args.harmonize) {
                    Ok(known) => {
                        ahead |= scene.remote;
                        about.push((label.chipid(), known));
                        wanted.push(chip);
                    }
                    Err(error) => failed.push(fail(&label.chipid(), &error)),
                },
                Err(error) => failed.push(fail(&label.chipid(), &error)),
            }
        }
        let reader = BatchReader::new(&world.chip_reader(), options.clone());
        let mut waiting = Vec::new();
        let mut take = |number: u64, chip: Result<Chip, String>| {
            bar.advance(1);
            let Some((chipid, known)) = usize::try_from(number).ok().and_then(|n| about.get(n))
            else {
                return;
            };
            let fits = chip.and_then(|chip| {
                let counting = counting.get_or_insert_with(|| ChipTally::of(&chip));
                counting.fit(TalliedChip {
                    chip,
                    shifts: Arc::clone(&known.0),
                    platform: known.1,
                })
            });
            match fits {
                Ok(chip) => {
                    counted += 1;
                    waiting.push(chip);
                    if waiting.len() >= CHIPS_AT_ONCE {
                        let waiting = std::mem::take(&mut waiting);
                        if let Some(counting) = &mut counting {
                            counting.add(&waiting, args.nodata);
                        }
                    }
                }
                Err(error) => failed.push(fail(chipid, &error)),
            }
        };
        let mut each = |chip: Result<ReadyChip, FailedChip>| match chip {
            Ok(ready) => take(ready.number(), ready.into_chip().map_err(|e| chain(&e))),
            Err(error) => take(error.number, Err(chain(&error.cause))),
        };
        if ahead {
            let mut chips = reader.stream(wanted);
            while let Some(chip) = chips.next().await {
                each(chip);
            }
        } else {
            for chip in reader.chips(wanted) {
                each(chip);
            }
        }
        if let Some(counting) = &mut counting {
            counting.add(&waiting, args.nodata);
        }
    }
    drop(bar);
    tell_headers(world, output);
    // Where no chip could be had there is nothing to say of bands, and the failures are still told.
    let (names, totals, nodata, from) = match counting {
        Some(counting) => (
            counting.names().to_vec(),
            counting.total(),
            counting.nodata.clone(),
            counting.nodata_from,
        ),
        None => (Vec::new(), Vec::new(), Vec::new(), "nothing"),
    };
    let report = Report {
        names,
        summaries: summaries(&totals, args),
        nodata,
        nodata_from: args.nodata.map_or(from, |_| "the call"),
        platform: Some(list.platform().to_owned()),
        about: json!({ "chips": counted, "of": count }),
        failed,
        harmonize: Some(said.to_json(args.harmonize)),
    };
    report.tell(args, output)
}

fn fail(chipid: &str, error: &str) -> Value {
    Output::error(format!("{chipid}: {error}"));
    json!({ "chipid": chipid, "error": error })
}

/// As they are ready, with half of the memory: the rest is for chips that are counted.
fn batch_options(shared: &Shared) -> BatchOptions {
    let options = BatchOptions::default()
        .order(Order::Ready)
        .memory(shared.memory / 2);
    match shared.threads {
        Some(threads) => options.threads(threads.into()),
        None => options,
    }
}

/// What items say of the offset, and what was added.
#[derive(Default)]
struct Said {
    items: HashMap<ItemKey, Result<KnownItem, Arc<str>>>,
    /// By reason and what was added: how many items, and which assets.
    reasons: BTreeMap<(String, i32), (u64, Vec<String>)>,
}

/// What is added to each asset of an item, and its platform.
type KnownItem = (Arc<[i32]>, Option<Platform>);

impl Said {
    /// What is added to each asset of `scene`.
    ///
    /// # Errors
    /// Why that is not known, where it is asked for.
    fn shifts(&mut self, scene: &SceneRequests, harmonize: bool) -> Result<KnownItem, Arc<str>> {
        if let Some(known) = self.items.get(&scene.item) {
            return known.clone();
        }
        let mut shifts = Vec::new();
        let mut wrong: Option<Arc<str>> = None;
        let mut by_reason: BTreeMap<(String, i32), Vec<String>> = BTreeMap::new();
        for key in &scene.keys {
            let found = scene.scene.asset(key);
            let harmony = found.map_or(Harmony::NotConcerned, |a| harmony(&scene.scene, a));
            let shift = if harmonize { harmony.shift() } else { 0 };
            shifts.push(shift);
            if harmonize && matches!(harmony, Harmony::Wrong { .. }) {
                let said =
                    format!("{key}: {harmony}: leave {key} out, or count without --harmonize");
                wrong = wrong.or(Some(said.into()));
            }
            if harmony != Harmony::NotConcerned {
                let reason = (harmony.to_string(), shift);
                by_reason.entry(reason).or_default().push(key.clone());
            }
        }
        for (reason, assets) in by_reason {
            let entry = self.reasons.entry(reason).or_insert((0, assets));
            entry.0 += 1;
        }
        let known = match wrong {
            Some(wrong) => Err(wrong),
            None => Ok((Arc::from(shifts), Platform::of(&scene.scene))),
        };
        self.items.insert(scene.item.clone(), known.clone());
        known
    }

    fn to_json(&self, harmonize: bool) -> Value {
        let reasons = self.reasons.iter();
        let reasons = reasons.map(|((reason, added), (items, assets))| {
            json!({ "reason": reason, "added": added, "items": items, "assets": assets })
        });
        json!({ "asked": harmonize, "items": reasons.collect::<Vec<_>>() })
    }
}

/// Chips that are counted together.
const CHIPS_AT_ONCE: usize = 32;
/// Chips that are read as one list: items are opened for as many ahead.
const CHIPS_A_PART: usize = 16_384;
