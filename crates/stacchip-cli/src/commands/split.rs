//! `stacchip split`.

use rayon::prelude::*;
use serde_json::json;
use stacchip::index::{
    LeakCheck, Leaks, Split, SplitBy, SplitCounts, SplitError, SplitOptions, Splitter,
    schema::{BBOX, COLUMNS},
};

use crate::{
    CommandResult, Status,
    args::SplitArgs,
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    rewriting::{Rewriting, place},
    tables::open_tables,
    wiring::{Place, StagedTable, Table, World, read_places},
};
use stacchip::Progress;

/// Writes which split each chip is in, or checks what is written.
pub fn run(args: &SplitArgs, world: &World, output: Output) -> CommandResult {
    if args.check {
        check(args, &open_tables(&args.dataset, world)?, output)
    } else {
        split(args, world, output)
    }
}

fn split(args: &SplitArgs, world: &World, output: Output) -> CommandResult {
    let by: SplitBy = args.by.parse().map_err(Failure::usage)?;
    let options = SplitOptions {
        shares: shares(args),
        by,
        buffer_km: args.buffer,
        seed: args.seed,
    };
    let mut splitter = Splitter::new(options).map_err(Failure::usage)?;
    let sum: f64 = options.shares.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        let [train, val, test] = options.shares;
        return Err(Failure::usage(format!(
            "shares of {train} (train), {val} (val) and {test} (test) come to {sum}: they are of all chips, and come to 1"
        )));
    }
    let mut own = COLUMNS.iter().chain([&BBOX]);
    if own.any(|column| column.name.eq_ignore_ascii_case(&args.column)) {
        return Err(Failure::usage(format!(
            "the column `{}` is one of every index: give --column another name",
            args.column
        )));
    }
    let _rewriting = Rewriting::of(&args.dataset)?;
    let tables = &*open_tables(&args.dataset, world)?;
    if let Some(name) = &args.strata {
        stands(tables, name, &args.dataset)?;
    }
    let has = |t: &&Table| t.schema().column_with_name(&args.column).is_some();
    if let Some(table) = tables.iter().find(has)
        && !args.overwrite
    {
        return Err(Failure::failed(format!(
            "{} has a column `{}` already: say --overwrite to replace it, or --column for another name",
            table.path().display(),
            args.column
        )));
    }
    let bins = args
        .strata
        .as_deref()
        .is_some_and(|name| tables.iter().any(|t| t.has_fractions(name)));
    let bar = Bar::new(output, "reading places");
    let mut lot = Lot::default();
    each_place(tables, args.strata.as_deref(), &bar, |(footprint, text)| {
        let rings = footprint.polygons.iter().flat_map(|p| &p.rings);
        for number in rings.flatten().flatten() {
            lot.add(number.to_bits());
        }
        let text = text.unwrap_or_default();
        let tenth = bins.then(|| text.parse::<f64>().ok()).flatten();
        match tenth {
            // Shares are balanced by tenths: each single one would be a stratum of its own.
            Some(value) => splitter.push(&footprint, &format!("{}", (value * 10.0).floor())),
            None => splitter.push(&footprint, &text),
        }
    })?;
    drop(bar);
    let plan = splitter.finish();
    let counts = plan.counts();
    let names: Vec<Option<&'static str>> = plan.splits().map(|s| s.map(Split::name)).collect();
    for name in &names {
        let first = name.and_then(|n| n.bytes().next());
        lot.add(first.map_or(0, u64::from));
    }
    let said = json!({
        "lot": format!("{:016x}", lot.0),
        "by": by.to_string(),
        "buffer_km": args.buffer,
        "seed": args.seed,
        "shares": options.shares,
        "strata": args.strata,
    });
    let staged = stage(args, tables, &names, &said.to_string(), output)?;
    place(staged, world)?;
    output.document(&json!({
        "dataset": args.dataset,
        "column": args.column,
        "by": by.to_string(),
        "buffer_km": args.buffer,
        "seed": args.seed,
        "train": counts.rows[0],
        "val": counts.rows[1],
        "test": counts.rows[2],
        "left_out": counts.left_out,
        "places": counts.places,
        "groups": counts.groups,
    }))?;
    output.done(told(args, counts))?;
    warn_of(counts, options.shares);
    if counts.groups < 20 {
        Output::warn(format!(
            "{} groups of places only: shares are rough; smaller groups (--by cell:12, block:KM) make them finer",
            counts.groups
        ));
    }
    Ok(Status::Done)
}

/// What is asked for; what is not given, where something is, is nothing.
fn shares(args: &SplitArgs) -> [f64; 3] {
    let given = [args.train, args.val, args.test];
    if given.iter().all(Option::is_none) {
        return SplitOptions::default().shares;
    }
    given.map(|share| share.unwrap_or(0.0))
}

/// Refuses a column that no table has.
fn stands(tables: &[Table], name: &str, dataset: &str) -> Result<(), Failure> {
    if tables.iter().any(|t| t.schema_has(name)) {
        return Ok(());
    }
    let fields = tables.first().map(|t| t.schema().fields());
    let names = fields.into_iter().flatten().map(|f| f.name().as_str());
    Err(Failure::usage(format!(
        "there is no column `{name}` in {dataset}; there are: {}",
        names.collect::<Vec<_>>().join(", ")
    )))
}

/// Tells where the splits are not what was asked for.
fn warn_of(counts: SplitCounts, shares: [f64; 3]) {
    let all = (counts.rows.iter().sum::<u64>() + counts.left_out).max(1);
    let share = |rows: u64| rows as f64 / all as f64;
    if share(counts.left_out) > FAR {
        Output::warn(format!(
            "{} of {all} chips are in no split, too near to another's: larger groups (--by cell:8, block:KM) or a smaller --buffer leave fewer out",
            counts.left_out
        ));
    }
    for (split, (rows, asked)) in Split::ALL
        .into_iter()
        .zip(counts.rows.into_iter().zip(shares))
    {
        if (share(rows) - asked).abs() > FAR {
            Output::warn(format!(
                "{} has {:.3} of the chips, asked for was {asked}",
                split.name(),
                share(rows)
            ));
        }
    }
}

fn told(args: &SplitArgs, counts: SplitCounts) -> String {
    let [train, val, test] = counts.rows;
    let all = train + val + test + counts.left_out;
    let share = |rows: u64| 100.0 * rows as f64 / all.max(1) as f64;
    format!(
        "{}: train {train} ({:.1} %), val {val} ({:.1} %), test {test} ({:.1} %), in none {} ({:.1} %: too near to another split); {} places in {} groups",
        args.dataset,
        share(train),
        share(val),
        share(test),
        counts.left_out,
        share(counts.left_out),
        counts.places,
        counts.groups
    )
}

/// Writes all tables with the column; none has its name yet.
fn stage(
    args: &SplitArgs,
    tables: &[Table],
    names: &[Option<&'static str>],
    said: &str,
    output: Output,
) -> Result<Vec<StagedTable>, Failure> {
    let key = lot_key(&args.column);
    let bar = Bar::new(output, "writing");
    bar.expect(tables.len() as u64);
    let mut start = 0usize;
    let ranges = tables.iter().map(|table| {
        let rows = usize::try_from(table.rows()).unwrap_or(usize::MAX);
        let end = start.saturating_add(rows).min(names.len());
        let range = start..end;
        start = end;
        (table, range)
    });
    let ranges: Vec<_> = ranges.collect();
    ranges
        .into_par_iter()
        .map(|(table, range)| {
            let values = names.get(range).unwrap_or_default().iter().copied();
            let said = Some((key.as_str(), said));
            let staged = StagedTable::with_texts(table, &args.column, values, said);
            bar.advance(1);
            staged.map_err(|e| Failure::failed(chain(&e)))
        })
        .collect()
}

fn check(args: &SplitArgs, tables: &[Table], output: Output) -> CommandResult {
    if let Err(Failure::Usage(why)) = stands(tables, &args.column, &args.dataset) {
        return Err(Failure::usage(format!(
            "{why}: split it first, or name the column that says it with --column"
        )));
    }
    let mut check = LeakCheck::default();
    let bar = Bar::new(output, "reading places");
    each_place(tables, Some(&args.column), &bar, |(footprint, split)| {
        check.push(&footprint, split.as_deref())
    })?;
    drop(bar);
    let leaks = check.finish(args.buffer).map_err(Failure::usage)?;
    let place = |row: u64| {
        let mut row = row;
        for table in tables {
            if row < table.rows() {
                return (table.path().display().to_string(), row);
            }
            row -= table.rows();
        }
        (args.dataset.clone(), row)
    };
    let lots = lots(tables, &args.column);
    let examples: Vec<_> = leaks
        .examples
        .iter()
        .map(|(a, b)| [place(*a), place(*b)])
        .collect();
    output.document(&json!({
        "dataset": args.dataset,
        "column": args.column,
        "buffer_km": args.buffer,
        "checked": leaks.checked,
        "in_none": leaks.in_none,
        "unplaced": leaks.unplaced,
        "leaks": leaks.rows,
        "lots": lots.len(),
        "examples": examples.iter().map(|pair| {
            let one = |(table, row): &(String, u64)| json!({ "table": table, "row": row });
            json!([one(&pair[0]), one(&pair[1])])
        }).collect::<Vec<_>>(),
    }))?;
    if leaks.rows == 0 && leaks.unplaced == 0 && lots.len() < 2 {
        output.done(format!(
            "{}: {} rows checked, no place is in two splits; {} rows are in none",
            args.dataset, leaks.checked, leaks.in_none
        ))?;
        return Ok(Status::Done);
    }
    tell_others(args, &leaks, &lots);
    for [(table_a, a), (table_b, b)] in &examples {
        Output::error(format!(
            "row {a} of {table_a} and row {b} of {table_b} share ground and are in different splits"
        ));
    }
    if leaks.rows > 0 {
        Output::error(format!(
            "{}: {} of {} rows share ground with another split's",
            args.dataset, leaks.rows, leaks.checked
        ));
    }
    Err(Failure::Told)
}

/// Tells what is wrong but for leaks.
fn tell_others(args: &SplitArgs, leaks: &Leaks, lots: &[(Option<String>, &Table)]) {
    if leaks.unplaced > 0 {
        Output::error(format!(
            "{}: {} rows are in a split and have no outline in longitude and latitude: whether they leak is not known",
            args.dataset, leaks.unplaced
        ));
    }
    if let [(_, first), (_, second), ..] = lots {
        Output::error(format!(
            "{}: its tables were not split together, as {} and {}: a run was broken off, or tables came from elsewhere; split it anew with --overwrite",
            args.dataset,
            first.path().display(),
            second.path().display()
        ));
    }
}

/// The runs that split the tables, as the tables say, each with its first table.
fn lots<'a>(tables: &'a [Table], column: &str) -> Vec<(Option<String>, &'a Table)> {
    let key = lot_key(column);
    let mut lots: Vec<(Option<String>, &Table)> = Vec::new();
    for table in tables {
        let lot = table.says(&key);
        if lots.iter().all(|(known, _)| *known != lot) {
            lots.push((lot, table));
        }
    }
    lots
}

/// The key, in the metadata of a table, of the run that wrote the column.
fn lot_key(column: &str) -> String {
    format!("stacchip:split:{column}")
}

/// A number for the places of a run and what became of each: FNV-1a, a word at a time. The same run
/// again says the same.
struct Lot(u64);

impl Default for Lot {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Lot {
    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x100_0000_01b3);
    }
}

/// Hands over the places of all rows, in their order.
fn each_place(
    tables: &[Table],
    beside: Option<&str>,
    bar: &Bar,
    mut take: impl FnMut(Place) -> Result<(), SplitError>,
) -> Result<(), Failure> {
    let units: Vec<(&Table, usize)> = tables
        .iter()
        .flat_map(|table| (0..table.groups()).map(move |group| (table, group)))
        .collect();
    bar.expect(units.len() as u64);
    for units in units.chunks(UNITS) {
        let read: Vec<Result<Vec<Place>, Failure>> = units
            .par_iter()
            .map(|(table, group)| {
                let places = read_places(
                    table,
                    Some(*group),
                    beside.filter(|name| table.schema_has(name)),
                );
                bar.advance(1);
                places.map_err(|e| Failure::failed(chain(&e)))
            })
            .collect();
        for places in read {
            for place in places? {
                take(place).map_err(Failure::failed)?;
            }
        }
    }
    Ok(())
}

/// A share of the chips that is told of, where it is missing.
const FAR: f64 = 0.1;

/// Row groups that are read at once.
const UNITS: usize = 16;
