//! The rows of many tables as a table an item, as upstream lays them out.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
};

use rayon::prelude::*;
use stacchip::{Progress, index::ChipRow};

use crate::{
    afar::is_afar,
    beside::joined,
    failure::{Failure, chain},
    index_files::upstream_path,
    output::Output,
    progress::Bar,
    tables::{is_table, tables_in},
    target::Target,
    wiring::{Found, Table, World, chip_number, read_chips, write_rows},
};

/// What was written.
#[derive(Debug, Default)]
pub struct Tree {
    /// Its tables.
    pub files: Vec<String>,
    /// Rows of all of them.
    pub rows: u64,
    /// Rows left out because the same chip of the same item is in it already.
    pub duplicates: u64,
}

/// An item: the folder of its platform, and its id.
type Key = (String, String);

/// The rows of an item.
#[derive(Debug, Default)]
struct ItemRows {
    collection: Option<String>,
    rows: Vec<Found>,
    chips: HashSet<u64>,
}

/// Writes `tables` as the tree at `to`: of each item one table, whole or not at all.
///
/// # Errors
/// A failure where a table cannot be read or written, two items would have one table, or something stands there
/// and may not be replaced.
pub fn write_tree(
    tables: &[Table],
    to: &str,
    overwrite: bool,
    world: &World,
    output: Output,
) -> Result<Tree, Failure> {
    if is_table(to) {
        return Err(Failure::usage(format!(
            "{to}: the layout of upstream is a folder, and this names a table"
        )));
    }
    let (items, duplicates) = items(tables, output)?;
    let path = |(platform, item): &Key| joined(to, &upstream_path(platform, item));
    let paths: Vec<(String, &ItemRows)> = items.iter().map(|(key, of)| (path(key), of)).collect();
    may_stand(to, &paths, overwrite, world)?;
    let bar = Bar::new(output, "tables written");
    bar.expect(paths.len() as u64);
    paths.par_iter().try_for_each(|(path, of)| {
        let target = Target::of(path, overwrite, world)?;
        if let Some(folder) = target.path().parent() {
            fs::create_dir_all(folder).map_err(|e| Failure::of(folder.display(), &e))?;
        }
        write_rows(tables, &of.rows, &[], target.path(), target.overwrite())
            .map_err(|e| Failure::failed(chain(&e)))?;
        bar.advance(1);
        target.store()
    })?;
    Ok(Tree {
        rows: paths.iter().map(|(_, of)| of.rows.len() as u64).sum(),
        files: paths.into_iter().map(|(path, _)| path).collect(),
        duplicates,
    })
}

/// The rows of each item, a chip once, and how many were left out.
fn items(tables: &[Table], output: Output) -> Result<(BTreeMap<Key, ItemRows>, u64), Failure> {
    let bar = Bar::new(output, "row groups read");
    let mut items: BTreeMap<Key, ItemRows> = BTreeMap::new();
    let mut duplicates = 0u64;
    for (number, table) in tables.iter().enumerate() {
        bar.expect(table.groups() as u64);
        let (mut row, mut wrong) = (0u64, None);
        for group in 0..table.groups() {
            let mut add = |chip: &ChipRow| {
                let scene = &chip.scene;
                let platform = scene.platform.as_deref().or(scene.collection.as_deref());
                let key = (platform.unwrap_or("unknown"), scene.item_id.as_str());
                let of = items
                    .entry((key.0.to_owned(), key.1.to_owned()))
                    .or_default();
                if of.rows.is_empty() {
                    of.collection.clone_from(&scene.collection);
                } else if of.collection != scene.collection && wrong.is_none() {
                    wrong = Some(scene.item_id.clone());
                }
                if of.chips.insert(chip_number(chip)) {
                    of.rows.push(Found { table: number, row });
                } else {
                    duplicates += 1;
                }
                row += 1;
            };
            let read = read_chips(table, group, |rows| rows.iter().for_each(&mut add));
            read.map_err(|e| Failure::failed(chain(&e)))?;
            bar.advance(1);
        }
        if let Some(item) = wrong {
            return Err(Failure::failed(format!(
                "{}: item {item} is of two collections, and the layout of upstream has one table for both: leave one out",
                table.path().display()
            )));
        }
    }
    Ok((items, duplicates))
}

/// That nothing stands at `to` but what is replaced.
fn may_stand(
    to: &str,
    paths: &[(String, &ItemRows)],
    overwrite: bool,
    world: &World,
) -> Result<(), Failure> {
    let there = if is_afar(to) || Path::new(to).is_dir() {
        tables_in(to, world)?
    } else {
        Vec::new()
    };
    if let (Some(_), false) = (there.first(), overwrite) {
        return Err(Failure::failed(format!(
            "{to} holds an index already: say --overwrite to replace it, or give the result another place"
        )));
    }
    let new: HashSet<&Path> = paths.iter().map(|(path, _)| Path::new(path)).collect();
    match there.iter().find(|old| !new.contains(Path::new(old))) {
        Some(other) => Err(Failure::failed(format!(
            "{to} holds tables of other items, as {other}: give the result another place"
        ))),
        None => Ok(()),
    }
}
