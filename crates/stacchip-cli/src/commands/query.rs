//! `stacchip query`.

use std::{num::NonZero, path::Path};

use serde_json::json;

use super::merge::resolved;
use crate::{
    CommandResult, Status,
    args::{ConditionArgs, QueryArgs, Shared},
    failure::{Failure, chain},
    inputs::absolute,
    output::Output,
    tables::{is_table, open_all, open_tables},
    target::Target,
    wiring::{
        Area, Choice, Condition, Per, QueryError, Table, World, find_rows, read_ids, write_rows,
    },
};

/// Finds rows.
pub fn run(args: &QueryArgs, shared: &Shared, world: &World, output: Output) -> CommandResult {
    let condition = condition(&args.condition, world)?;
    let per = [
        (Per::Item, args.per_item),
        (Per::Month, args.per_month),
        (Per::Cell, args.per_cell),
    ];
    let choice = Choice {
        sample: args.sample,
        seed: args.seed,
        per: per
            .into_iter()
            .filter_map(|(per, most)| Some((per, most?)))
            .collect(),
    };
    let opened = open_tables(&args.dataset, world)?;
    let found = find_rows(&opened, &condition, &choice, threads(shared)).map_err(failure)?;
    let mut document = json!({
        "dataset": args.dataset,
        "rows": found.rows.len(),
        "answering": found.answering,
        "tables": opened.len(),
        "tables_read": found.tables_read,
        "row_groups": found.groups,
        "row_groups_read": found.groups_read,
    });
    output.detail(format!(
        "{} of {} row groups in {} of {} tables were read",
        found.groups_read,
        found.groups,
        found.tables_read,
        opened.len()
    ));
    if let Some(to) = &args.output {
        if !is_table(to) {
            return Err(Failure::usage(format!(
                "{to}: a result is a file ending in .parquet"
            )));
        }
        let target = Target::of(to, args.overwrite, world)?;
        let (path, overwrite) = (target.path(), target.overwrite());
        not_its_own(target.place(), opened.iter().map(Table::path))?;
        write_rows(&opened, &found.rows, &[], path, overwrite)
            .map_err(|e| Failure::failed(chain(&e)))?;
        target.store()?;
        document["output"] = json!(to);
        output.document(&document)?;
        output.done(format!("{} chips → {to}", found.rows.len()))?;
        return Ok(Status::Done);
    }
    let ids = read_ids(&opened, &found.rows).map_err(|e| Failure::failed(chain(&e)))?;
    for id in &ids {
        output.say(id)?;
    }
    document["chips"] = json!(ids);
    output.document(&document)?;
    Ok(Status::Done)
}

/// The numbers of the rows of `tables` that answer to `text`, counted through all of them.
///
/// # Errors
/// A failure where the condition is wrong, or a table cannot be read.
pub fn row_numbers(tables: &[String], text: &str, world: &World) -> Result<Vec<u64>, Failure> {
    let condition = Condition::default().and_where(text).map_err(failure)?;
    let opened = open_all(tables, world)?;
    let threads = NonZero::new(rayon::current_num_threads()).unwrap_or(NonZero::<usize>::MIN);
    let found = find_rows(&opened, &condition, &Choice::default(), threads).map_err(failure)?;
    let mut before = vec![0u64; opened.len()];
    let mut rows = 0u64;
    for (start, table) in before.iter_mut().zip(&opened) {
        *start = rows;
        rows = rows.saturating_add(table.rows());
    }
    let number = |f: &crate::wiring::Found| before.get(f.table).copied().unwrap_or(0) + f.row;
    Ok(found.rows.iter().map(number).collect())
}

fn condition(args: &ConditionArgs, world: &World) -> Result<Condition, Failure> {
    let mut condition = Condition::default();
    for text in &args.conditions {
        condition = condition.and_where(text).map_err(failure)?;
    }
    if let Some(bbox) = args.bbox {
        condition = condition.and_in(Area::of_box(bbox).map_err(failure)?);
    }
    if let Some(given) = &args.intersects {
        let text = if given.trim_start().starts_with('{') {
            given.clone()
        } else {
            let text = world.block_on(world.read_all(&absolute(given)?))?;
            String::from_utf8(text.into()).map_err(|e| Failure::of(given, &e))?
        };
        condition = condition.and_in(Area::of_geojson(&text).map_err(failure)?);
    }
    if let Some(span) = &args.datetime {
        condition = condition.and_datetime(span).map_err(failure)?;
    }
    Ok(condition)
}

/// Refuses to write a result to where one of the tables stands that it is made of.
///
/// # Errors
/// A failure where it would.
pub fn not_its_own<'a>(
    to: &Path,
    mut tables: impl Iterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let place = resolved(to);
    match tables.find(|table| resolved(table) == place) {
        Some(own) => Err(Failure::usage(format!(
            "{} is read and written at once: give the result another place",
            own.display()
        ))),
        None => Ok(()),
    }
}

/// What is wrong with a condition is wrong with the call; what it cannot be answered by is in the tables.
fn failure(error: QueryError) -> Failure {
    match error {
        QueryError::Table(error) => Failure::failed(chain(&error)),
        values @ QueryError::Values { .. } => Failure::failed(values),
        wrong => Failure::usage(wrong),
    }
}

fn threads(shared: &Shared) -> NonZero<usize> {
    let asked = shared.threads.map(usize::from).and_then(NonZero::new);
    let there = || std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    asked.unwrap_or_else(there)
}
