//! Statistics of cubes.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use rayon::prelude::*;
use serde_json::json;
use stacchip::{
    Progress,
    cubes::{CubeDecoder, DecodeCubeError},
    stats::bands::{BandTally, Numbers},
};

use super::{
    chosen,
    cube_file::CubeFile,
    cubes_of::Cubes,
    known::Known,
    report::{Report, summaries},
};
use crate::{
    CommandResult,
    args::StatsArgs,
    failure::{Failure, chain},
    inputs::absolute,
    output::Output,
    progress::Bar,
    wiring::{CubeMemory, World, cube_decoder},
};

/// The cubes at an address; nothing where it is an index.
pub async fn found(source: &str, world: &World) -> Result<Option<Vec<String>>, Failure> {
    let is_cube = |name: &str| {
        ending(name).is_some_and(|e| cube_decoder(e, 0, &CubeMemory::default()).is_some())
    };
    let path = Path::new(source);
    if is_cube(source) && !source.contains(['*', '?', '[']) {
        return Ok(Some(vec![source.to_owned()]));
    }
    let remote = source.contains("://") && !source.starts_with("file:");
    if path.is_dir() || (remote && ending(source) != Some("parquet")) {
        let listed = world.list(&absolute(source)?).await?;
        let tables = listed.iter().any(|name| ending(name) == Some("parquet"));
        let cubes: Vec<String> = listed.into_iter().filter(|name| is_cube(name)).collect();
        if cubes.is_empty() && tables {
            return Ok(None);
        }
        if cubes.is_empty() {
            return Err(Failure::failed(format!(
                "{source} holds neither cubes (.npz, .tar) nor an index (.parquet)"
            )));
        }
        return Ok(Some(cubes));
    }
    if source.contains(['*', '?', '[']) && !path.exists() {
        let found = glob::glob(source)
            .map_err(|e| Failure::usage(format!("the pattern {source} is wrong: {e}")))?;
        let mut cubes = Vec::new();
        for path in found {
            let path = path.map_err(|e| Failure::of(source, &e))?;
            let name = path.to_string_lossy().into_owned();
            if is_cube(&name) {
                cubes.push(name);
            }
        }
        if cubes.is_empty() {
            return Err(Failure::failed(format!(
                "{source} names no cube (.npz, .tar)"
            )));
        }
        return Ok(Some(cubes));
    }
    Ok(None)
}

fn ending(name: &str) -> Option<&str> {
    Path::new(name).extension().and_then(|e| e.to_str())
}

/// Counts the numbers of `cubes`.
pub async fn run(
    args: &StatsArgs,
    cubes: Vec<String>,
    world: &World,
    output: Output,
    memory: u64,
) -> CommandResult {
    let chips = &args.chips;
    if args.harmonize {
        return Err(Failure::usage(
            "--harmonize asks the items, and cubes do not hold them: give the index",
        ));
    }
    let about_indexes = [
        ("--assets", !chips.assets.wanted.is_empty()),
        ("--exclude", !chips.assets.exclude.is_empty()),
        ("--max-nodata", chips.max_nodata.is_some()),
        ("--max-cloud", chips.max_cloud.is_some()),
        ("--mount", chips.addresses.mount.is_some()),
        ("--alternate", chips.addresses.alternate.is_some()),
        ("--item-root", chips.addresses.item_root.is_some()),
    ];
    if let Some((option, _)) = about_indexes.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(format!(
            "{} is of cubes, and {option} is about indexes: leave it out, or give the index",
            args.source
        )));
    }
    let cubes = Cubes::of(&args.source, cubes, world, output).await?;
    let known = Known::of(args, &cubes)?;
    let (all, left_out) = (cubes.files.len(), cubes.left_out);
    let cubes = sampled(cubes.files, args)?;
    let bar = Bar::new(output, "reading cubes");
    bar.expect(cubes.len() as u64);
    let mut total: Vec<BandTally> = Vec::new();
    let mut failed = Vec::new();
    let at_once = rayon::current_num_threads().max(1);
    let counting = Counting {
        known: &known,
        whole: memory / at_once as u64,
        memory: CubeMemory::default(),
        spare: Mutex::default(),
    };
    // Those from elsewhere are held until they are counted.
    let here = !cubes.iter().any(|cube| cube.contains("://"));
    for group in cubes.chunks(if here { 8 * at_once } else { at_once }) {
        let mut files = Vec::new();
        for cube in group {
            let most = counting.whole / 2;
            files.push((cube, CubeFile::of(cube, most, world).await));
        }
        // Each is counted by itself, and they are put together in their order: however many threads.
        let tallies: Vec<_> = files
            .into_par_iter()
            .map(|(cube, file)| {
                let counted = file.and_then(|file| counting.count(cube, &file));
                bar.advance(1);
                (cube, counted)
            })
            .collect();
        for (cube, counted) in tallies {
            match counted.and_then(|counted| add(&mut total, counted, cube)) {
                Ok(counted) => counting.give_back(counted),
                Err(failure) => {
                    Output::error(&failure);
                    failed.push(json!({ "cube": cube, "error": failure.to_string() }));
                }
            }
        }
    }
    drop(bar);
    let names = (0..total.len()).map(|band| known.band(band)).collect();
    let report = Report {
        names,
        summaries: summaries(&total, args),
        nodata: (0..total.len()).map(|band| known.nodata(band)).collect(),
        nodata_from: known.nodata_from,
        platform: known.platform.clone(),
        about: json!({ "cubes": cubes.len(), "of": all, "left_out": left_out }),
        failed,
        harmonize: None,
    };
    report.tell(args, output)
}

fn sampled(cubes: Vec<String>, args: &StatsArgs) -> Result<Vec<String>, Failure> {
    let Some(wanted) = args.sample else {
        return Ok(cubes);
    };
    let count = u32::try_from(cubes.len()).map_err(|e| Failure::of(&args.source, &e))?;
    let chosen = chosen(count, wanted, args.seed);
    let chosen = chosen.into_iter().filter_map(|i| cubes.get(i as usize));
    Ok(chosen.cloned().collect())
}

/// What cubes are counted with.
struct Counting<'a> {
    known: &'a Known,
    /// Bytes of memory for each that is counted.
    whole: u64,
    memory: CubeMemory,
    /// Tallies of cubes before, cleared: new ones would be as large as what is counted.
    spare: Mutex<Vec<Vec<BandTally>>>,
}

impl Counting<'_> {
    fn count(&self, name: &str, file: &CubeFile) -> Result<Vec<BandTally>, Failure> {
        let whole = self.whole.saturating_sub(file.held());
        let decoder = ending(name).and_then(|e| cube_decoder(e, whole, &self.memory));
        let decoder: Box<dyn CubeDecoder> =
            decoder.ok_or_else(|| Failure::failed(format!("{name} is no cube")))?;
        let mut tallies: Vec<BandTally> = Vec::new();
        let counted = decoder.bands(file, &mut |band| {
            if band.bands > MOST_BANDS {
                return Err(DecodeCubeError::because(format!(
                    "it has chips of {} bands, and cubes have at most {MOST_BANDS}",
                    band.bands
                )));
            }
            if tallies.is_empty() {
                tallies = self.take();
                tallies.resize_with(band.bands, BandTally::default);
            }
            let bands = tallies.len();
            let tally = tallies.get_mut(band.band);
            let tally = tally.filter(|_| band.bands == bands).ok_or_else(|| {
                DecodeCubeError::because(format!(
                    "it has chips of {bands} bands, and of {}",
                    band.bands
                ))
            })?;
            let numbers = Numbers {
                nodata: self.known.nodata(band.band),
                mask: band.mask,
                ..Numbers::new(band.sample, band.bytes)
            };
            tally.add(numbers).map_err(DecodeCubeError::because)
        });
        match counted {
            Ok(()) => Ok(tallies),
            Err(error) => Err(Failure::failed(format!("{name}: {}", chain(&error)))),
        }
    }

    fn take(&self) -> Vec<BandTally> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_default()
    }

    fn give_back(&self, mut tallies: Vec<BandTally>) {
        tallies.iter_mut().for_each(BandTally::clear);
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.push(tallies);
    }
}

/// Adds what was counted in the cube `name` to the `total`, and gives it back.
fn add(
    total: &mut Vec<BandTally>,
    counted: Vec<BandTally>,
    name: &str,
) -> Result<Vec<BandTally>, Failure> {
    if total.is_empty() {
        total.resize_with(counted.len(), BandTally::default);
    }
    if counted.len() != total.len() && !counted.is_empty() {
        return Err(Failure::failed(format!(
            "{name} has {} bands, those before have {}",
            counted.len(),
            total.len()
        )));
    }
    for (total, counted) in total.iter_mut().zip(&counted) {
        total.merge(counted);
    }
    Ok(counted)
}

/// Bands of a cube; more is no cube.
const MOST_BANDS: usize = 4096;
