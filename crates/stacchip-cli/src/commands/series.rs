//! `stacchip series`.

use rayon::prelude::*;
use serde_json::json;
use stacchip::{
    Progress,
    index::{ChipRow, SeriesMaker, SeriesOptions},
};

use crate::{
    CommandResult, Status,
    args::SeriesArgs,
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    rewriting::{Rewriting, place},
    tables::open_tables,
    wiring::{NewColumn, StagedTable, Table, World, read_chips},
};

/// Says which chips follow each other in time.
pub fn run(args: &SeriesArgs, world: &World, output: Output) -> CommandResult {
    for (name, share) in [
        ("--max-cloud", args.max_cloud),
        ("--max-nodata", args.max_nodata),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return Err(Failure::usage(format!(
                "{name} {share}: give a fraction, 0 to 1"
            )));
        }
    }
    let _rewriting = Rewriting::of(&args.dataset)?;
    let opened = open_tables(&args.dataset, world)?;
    let has = |t: &&Table| t.schema_has(SERIES) || t.schema_has(PERIOD);
    if let Some(table) = opened.iter().find(has)
        && !args.overwrite
    {
        return Err(Failure::failed(format!(
            "{} has a column `{SERIES}` or `{PERIOD}` already: say --overwrite to replace it",
            table.path().display()
        )));
    }
    let mut maker = SeriesMaker::new(SeriesOptions {
        by: args.by,
        period: args.period,
        all: args.all,
        max_cloud: args.max_cloud,
        max_nodata: args.max_nodata,
        least_steps: args.least_steps,
    });
    let bar = Bar::new(output, "row groups read");
    for table in &opened {
        bar.expect(table.groups() as u64);
        for group in 0..table.groups() {
            read_chips(table, group, |rows| {
                for row in rows {
                    maker.push(row, apart(row, args.mixed));
                }
            })
            .map_err(|e| Failure::failed(chain(&e)))?;
            bar.advance(1);
        }
    }
    drop(bar);
    let plan = maker.finish();
    let counts = plan.counts();
    let chips: Vec<Option<(&str, &str)>> = plan.chips().collect();
    let mut first = 0usize;
    let ranges: Vec<_> = opened
        .iter()
        .map(|table| {
            let rows = usize::try_from(table.rows()).unwrap_or(usize::MAX);
            let range = first..first.saturating_add(rows).min(chips.len());
            first = range.end;
            (table, range)
        })
        .collect();
    let staged: Vec<StagedTable> = ranges
        .into_par_iter()
        .map(|(table, range)| {
            let here = chips.get(range).unwrap_or_default();
            let columns = [
                NewColumn::texts(SERIES, here.iter().map(|c| c.map(|(series, _)| series))),
                NewColumn::texts(PERIOD, here.iter().map(|c| c.map(|(_, period)| period))),
            ];
            StagedTable::with_columns(table, &columns, None).map_err(|e| Failure::failed(chain(&e)))
        })
        .collect::<Result<_, _>>()?;
    place(staged, world)?;
    output.document(&json!({
        "dataset": args.dataset,
        "by": args.by.to_string(),
        "chips": chips.len(),
        "in_series": counts.chips,
        "series": counts.series,
        "steps": [counts.steps.0, counts.steps.1],
    }))?;
    output.done(format!(
        "{}: {} of {} chips in {} series of {} to {} steps",
        args.dataset,
        counts.chips,
        chips.len(),
        counts.series,
        counts.steps.0,
        counts.steps.1
    ))?;
    Ok(Status::Done)
}

/// What sets chips apart that are never in one series.
fn apart(row: &ChipRow, mixed: bool) -> &str {
    let scene = &row.scene;
    let of = scene.collection.as_deref().or(scene.platform.as_deref());
    of.filter(|_| !mixed).unwrap_or("")
}

/// Names of the columns.
const SERIES: &str = "series";
const PERIOD: &str = "period";
