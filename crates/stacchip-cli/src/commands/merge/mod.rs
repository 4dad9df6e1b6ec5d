//! `stacchip merge`.

mod items;
mod place;
mod upstream;

pub use place::resolved;

use std::{collections::HashSet, num::NonZero, path::Path};

use rayon::prelude::*;
use serde_json::json;

use self::{
    items::{ItemsFile, merge_items},
    place::{NewBeside, Place, make_parent, not_own},
    upstream::write_tree,
};
use crate::{
    CommandResult, Status,
    afar::is_afar,
    args::{ItemsArg, LayoutArg, MergeArgs, Shared},
    beside::beside_of,
    failure::{Failure, chain},
    output::Output,
    progress::Bar,
    tables::{open_all, tables},
    wiring::{MergeOptions, MergePieces, StagedTable, Table, World, merge_headers, stage_tables},
};

/// Merges indexes into one.
pub fn run(args: &MergeArgs, shared: &Shared, world: &World, output: Output) -> CommandResult {
    let from = inputs(&args.indexes, world)?;
    let opened = open_all(&from, world)?;
    if args.layout == LayoutArg::Upstream {
        return upstream(args, &from, &opened, world, output);
    }
    let mut place = Place::of(&args.output, &from, args.overwrite, world)?;
    if args.items == ItemsArg::Geoparquet {
        place.keep_item_table();
    }
    let threads = shared.threads.map(usize::from);
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(NonZero::get));
    let options = MergeOptions {
        memory: shared.memory,
        threads: threads
            .and_then(NonZero::new)
            .unwrap_or(NonZero::<usize>::MIN),
        spill: args
            .temp
            .clone()
            .unwrap_or_else(|| place.folder().to_owned()),
        part_rows: args.part_rows,
        overwrite: args.overwrite,
        period: args.period,
        pieces: MergePieces::default(),
    };
    // All is written beside what stands there, and only then takes its place.
    let found = beside_of(&args.indexes, &from, world)?;
    let (kept, items) = merge_items(&files(&found.items, world)?, place.items_here())?;
    let headers = headers(&files(&found.headers, world)?, &place)?;
    let bar = Bar::new(output, "rows read and written");
    let staged = stage_tables(&opened, &place.here, place.parts, &options, &bar);
    let staged = staged.map_err(|e| Failure::failed(chain(&e)))?;
    let merged = place.settle(NewBeside { items, headers }, staged)?;
    drop(bar);
    output.document(&json!({
        "dataset": args.output,
        "tables": opened.len(),
        "rows": merged.rows,
        "duplicates": merged.duplicates,
        "row_groups": merged.row_groups,
        "period": merged.period.map(|p| p.to_string()),
        "files": merged.files.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>(),
        "items": kept,
        "spilled_runs": merged.runs,
    }))?;
    output.done(format!(
        "{} chips of {} table(s) → {} ({} chips were there twice)",
        merged.rows,
        opened.len(),
        args.output,
        merged.duplicates
    ))?;
    Ok(Status::Done)
}

/// Writes a table an item, as upstream has them.
fn upstream(
    args: &MergeArgs,
    from: &[String],
    opened: &[Table],
    world: &World,
    output: Output,
) -> CommandResult {
    not_own(from, &args.output)?;
    let tree = write_tree(opened, &args.output, args.overwrite, world, output)?;
    output.document(&json!({
        "dataset": args.output,
        "tables": opened.len(),
        "rows": tree.rows,
        "duplicates": tree.duplicates,
        "files": tree.files,
        "items": tree.files.len(),
    }))?;
    output.done(format!(
        "{} chips of {} table(s) → {} tables in {} ({} chips were there twice)",
        tree.rows,
        opened.len(),
        tree.files.len(),
        args.output,
        tree.duplicates
    ))?;
    Ok(Status::Done)
}

/// The files at `addresses`: what is not of this machine is copied here.
fn files(addresses: &[String], world: &World) -> Result<Vec<ItemsFile>, Failure> {
    let file = |address: &String| -> Result<ItemsFile, Failure> {
        let (path, copy) = if is_afar(address) {
            let copy = world.afar()?.copy(address)?;
            (copy.to_path_buf(), Some(copy))
        } else {
            (address.into(), None)
        };
        Ok(ItemsFile {
            name: address.clone(),
            path,
            _copy: copy,
        })
    };
    addresses.par_iter().map(file).collect()
}

/// The headers of all files in one, where there are any.
fn headers(from: &[ItemsFile], place: &Place<'_>) -> Result<Option<StagedTable>, Failure> {
    if from.is_empty() {
        return Ok(None);
    }
    make_parent(place.headers_here())?;
    let left_out = |path: &Path| {
        let name = from.iter().find(|file| file.path == path);
        Output::warn(format!(
            "{}: these headers are of another version and are left out: they are read from the assets",
            name.map_or_else(|| path.display().to_string(), |file| file.name.clone())
        ));
    };
    let paths: Vec<&Path> = from.iter().map(|file| file.path.as_path()).collect();
    let merged = merge_headers(&paths, place.headers_here(), left_out);
    Ok(Some(merged.map_err(|e| Failure::failed(chain(&e)))?))
}

/// The tables that are named: files, folders, patterns.
fn inputs(given: &[String], world: &World) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in given {
        if !is_afar(name) && !Path::new(name).exists() && name.contains(['*', '?', '[']) {
            let paths = glob::glob(name)
                .map_err(|e| Failure::usage(format!("the pattern {name} is wrong: {e}")))?;
            for path in paths {
                let path = path.map_err(|e| Failure::of(name, &e))?;
                found.extend(tables(&path.to_string_lossy(), world)?);
            }
        } else {
            found.extend(tables(name, world)?);
        }
    }
    let mut seen = HashSet::new();
    // However they are named.
    found.retain(|path| {
        seen.insert(if is_afar(path) {
            path.into()
        } else {
            resolved(Path::new(path))
        })
    });
    if found.is_empty() {
        return Err(Failure::failed("there is no table to merge"));
    }
    Ok(found)
}
