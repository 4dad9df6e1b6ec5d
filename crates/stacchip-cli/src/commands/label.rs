//! `stacchip label`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use stacchip::{
    LabelLayer, Progress,
    index::schema::{BBOX, COLUMNS},
};

use super::query::not_its_own;
use crate::{
    CommandResult, Status,
    args::LabelArgs,
    failure::{Failure, chain},
    labels::read,
    output::Output,
    progress::Bar,
    rewriting::{Rewriting, place},
    tables::{is_table, open_tables},
    target::Target,
    wiring::{Found, NewColumn, StagedTable, Table, World, read_places, write_rows},
};

/// Says what a layer has where chips are.
pub fn run(args: &LabelArgs, world: &World, output: Output) -> CommandResult {
    let (layer, figures) = read(&args.layer, &args.of, world)?;
    if let Some(field) = &args.attribute
        && !layer
            .iter()
            .any(|attributes| attributes.contains_key(field))
    {
        let names = layer
            .first()
            .map(|a| a.keys().cloned().collect::<Vec<_>>().join(", "));
        return Err(Failure::usage(format!(
            "{}: no feature has an attribute `{field}`; the first has: {}",
            args.layer.display(),
            names.unwrap_or_default()
        )));
    }
    if !(0.0..=1.0).contains(&args.least) {
        return Err(Failure::usage(format!(
            "--least {}: give a fraction, 0 to 1",
            args.least
        )));
    }
    let names = Names::of(args)?;
    let rewriting = args.output.is_none().then(|| Rewriting::of(&args.dataset));
    let _rewriting = rewriting.transpose()?;
    let opened = open_tables(&args.dataset, world)?;
    let there = |t: &&Table| names.all().any(|name| t.schema_has(name));
    if let Some(table) = opened.iter().find(there)
        && !args.overwrite
    {
        return Err(Failure::failed(format!(
            "{} has columns called after `{}` already: say --overwrite to replace them, or --name for another name",
            table.path().display(),
            args.name
        )));
    }
    let bar = Bar::new(output, "row groups looked at");
    let found = look(&opened, &figures, &bar)?;
    drop(bar);
    let mut touched = 0u64;
    let mut chips = 0u64;
    for table in &found {
        chips += table.len() as u64;
        touched += table.iter().filter(|chip| chip.count > 0).count() as u64;
    }
    let mut document = json!({
        "dataset": args.dataset,
        "layer": args.layer,
        "features": layer.len(),
        "chips": chips,
        "touched": touched,
        "columns": names.all().collect::<Vec<_>>(),
    });
    let kept = if let Some(to) = &args.output {
        let target = target_of(args, to, world)?;
        let kept = table_of(args, &opened, &found, &layer, &names, &target)?;
        target.store()?;
        kept
    } else {
        place(stage(args, &opened, &found, &layer, &names)?, world)?;
        chips
    };
    if let Some(field) = &args.attribute {
        document["classes"] = json!(classes(&layer, field));
    }
    document["rows"] = json!(kept);
    document["output"] = json!(args.output.as_deref().unwrap_or(&args.dataset));
    output.document(&document)?;
    output.done(format!(
        "{touched} of {chips} chips are touched by {} features → {} ({kept} rows)",
        layer.len(),
        args.output.as_deref().unwrap_or(&args.dataset)
    ))?;
    Ok(Status::Done)
}

/// Texts of an attribute with the numbers that `chip --labels` burns for them.
fn classes(layer: &[Map<String, Value>], field: &str) -> BTreeMap<String, u32> {
    let texts = layer.iter().filter_map(|a| a.get(field)?.as_str());
    let texts: BTreeSet<&str> = texts.collect();
    texts.into_iter().map(str::to_owned).zip(1..).collect()
}

/// Names of the columns.
struct Names {
    count: String,
    fraction: String,
    attribute: Option<String>,
}

impl Names {
    fn of(args: &LabelArgs) -> Result<Self, Failure> {
        let names = Self {
            count: format!("{}_count", args.name),
            fraction: format!("{}_fraction", args.name),
            attribute: args.attribute.as_ref().map(|_| args.name.clone()),
        };
        let own = |name: &str| {
            COLUMNS
                .iter()
                .chain([&BBOX])
                .any(|c| c.name.eq_ignore_ascii_case(name))
        };
        let taken = names.all().find(|name| own(name)).map(str::to_owned);
        match taken {
            Some(name) => Err(Failure::usage(format!(
                "the column `{name}` is one of every index: give --name another"
            ))),
            None => Ok(names),
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let always = [self.count.as_str(), self.fraction.as_str()];
        always.into_iter().chain(self.attribute.as_deref())
    }
}

/// What a chip shares with the layer.
#[derive(Debug, Clone, Copy, Default)]
struct Shared {
    count: u32,
    fraction: f32,
    /// The feature that covers most of it; of several, and of those that cover nothing, the first.
    first: Option<usize>,
}

/// What the chips of each table share with the layer.
fn look(tables: &[Table], figures: &LabelLayer, bar: &Bar) -> Result<Vec<Vec<Shared>>, Failure> {
    let of_table = |table: &Table| {
        bar.expect(table.groups() as u64);
        let groups = (0..table.groups()).into_par_iter().map(|group| {
            let places = read_places(table, Some(group), None);
            let places = places.map_err(|e| Failure::failed(chain(&e)))?;
            let shared = places.into_par_iter().map(|(outline, _)| {
                let touching = figures.touching(&outline);
                let mut best: Option<(f64, usize)> = None;
                for &number in &touching {
                    let covered = if touching.len() == 1 {
                        0.0
                    } else {
                        figures.coverage(&outline, &[number])
                    };
                    if best.is_none_or(|(most, _)| covered > most) {
                        best = Some((covered, number));
                    }
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a share in single precision"
                )]
                let fraction = figures.coverage(&outline, &touching) as f32;
                Shared {
                    count: u32::try_from(touching.len()).unwrap_or(u32::MAX),
                    fraction,
                    first: best.map(|(_, number)| number),
                }
            });
            let shared: Vec<Shared> = shared.collect();
            bar.advance(1);
            Ok(shared)
        });
        let groups: Vec<Vec<Shared>> = groups.collect::<Result<_, Failure>>()?;
        Ok(groups.concat())
    };
    tables.par_iter().map(of_table).collect()
}

fn columns(
    shared: &[Shared],
    layer: &[Map<String, Value>],
    args: &LabelArgs,
    names: &Names,
) -> Vec<NewColumn> {
    let mut columns = vec![
        NewColumn::counts(&names.count, shared.iter().map(|s| s.count)),
        NewColumn::shares(&names.fraction, shared.iter().map(|s| s.fraction)),
    ];
    if let (Some(name), Some(field)) = (&names.attribute, &args.attribute) {
        let value = |s: &Shared| layer.get(s.first?)?.get(field).filter(|v| !v.is_null());
        // One type for all tables: numbers where all features have numbers.
        let numeric = layer
            .iter()
            .filter_map(|a| a.get(field))
            .all(|v| v.is_number() || v.is_null());
        columns.push(if numeric {
            NewColumn::numbers(
                name,
                shared.iter().map(|s| value(s).and_then(Value::as_f64)),
            )
        } else {
            let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let texts: Vec<Option<String>> = shared.iter().map(|s| value(s).map(text)).collect();
            NewColumn::texts(name, texts.iter().map(Option::as_deref))
        });
    }
    columns
}

/// Writes all tables with the columns; none has its name yet.
fn stage(
    args: &LabelArgs,
    tables: &[Table],
    found: &[Vec<Shared>],
    layer: &[Map<String, Value>],
    names: &Names,
) -> Result<Vec<StagedTable>, Failure> {
    let pairs: Vec<_> = tables.iter().zip(found).collect();
    pairs
        .into_par_iter()
        .map(|(table, shared)| {
            let columns = columns(shared, layer, args, names);
            StagedTable::with_columns(table, &columns, None).map_err(|e| Failure::failed(chain(&e)))
        })
        .collect()
}

/// Where the chips that are touched go.
fn target_of<'a>(args: &LabelArgs, to: &str, world: &'a World) -> Result<Target<'a>, Failure> {
    if !is_table(to) {
        return Err(Failure::usage(format!(
            "{to}: a result is a file ending in .parquet"
        )));
    }
    Target::of(to, args.overwrite, world)
}

/// Writes the chips that are touched, with the columns, as one table.
fn table_of(
    args: &LabelArgs,
    tables: &[Table],
    found: &[Vec<Shared>],
    layer: &[Map<String, Value>],
    names: &Names,
    target: &Target<'_>,
) -> Result<u64, Failure> {
    not_its_own(target.place(), tables.iter().map(Table::path))?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "shares are stored in single precision, and 0.3 is meant as 0.3 is stored"
    )]
    let least = args.least as f32;
    let (mut rows, mut shared) = (Vec::new(), Vec::new());
    for (table, chips) in found.iter().enumerate() {
        for (row, chip) in (0u64..).zip(chips) {
            let enough = chip.fraction >= least && chip.count > 0;
            if enough || args.all {
                rows.push(Found { table, row });
                shared.push(*chip);
            }
        }
    }
    let columns = columns(&shared, layer, args, names);
    write_rows(tables, &rows, &columns, target.path(), target.overwrite())
        .map_err(|e| Failure::failed(chain(&e)))?;
    Ok(rows.len() as u64)
}
