//! `stacchip merge`.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    num::NonZero,
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use serde_json::json;

use crate::{
    CommandResult, Status,
    args::{MergeArgs, Shared},
    failure::{Failure, chain},
    index_files::{ALL_HEADERS, ALL_ITEMS, beside_of, is_table},
    index_rows::tables,
    output::Output,
    progress::Bar,
    wiring::{
        ItemLine, MergeOptions, Table, headers_address, items_address, merge_headers, merge_tables,
    },
};

/// Merges indexes into one.
pub fn run(args: &MergeArgs, shared: &Shared, output: Output) -> CommandResult {
    let to = Path::new(&args.output);
    if args.output.contains("://") {
        return Err(Failure::failed(format!(
            "{}: indexes are written to local folders only, so far; write it here and copy it",
            args.output
        )));
    }
    let parts = !is_table(to);
    let from = inputs(&args.indexes)?;
    if let Some(own) = from.iter().find(|p| p.starts_with(to)) {
        return Err(Failure::usage(format!(
            "{} is merged and written at once: give the result another place",
            own.display()
        )));
    }
    let opened: Vec<Table> = from
        .par_iter()
        .map(|path| Table::open(path).map_err(|e| Failure::failed(chain(&e))))
        .collect::<Result<_, _>>()?;
    if parts {
        folder(to, args.overwrite)?;
    }
    let beside = match to.parent() {
        Some(parent) if !parts && parent != Path::new("") => parent,
        _ if parts => to,
        _ => Path::new("."),
    };
    let threads = shared.threads.map(usize::from);
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(NonZero::get));
    let options = MergeOptions {
        memory: shared.memory,
        threads: threads
            .and_then(NonZero::new)
            .unwrap_or(NonZero::<usize>::MIN),
        spill: args.temp.clone().unwrap_or_else(|| beside.to_owned()),
        part_rows: args.part_rows,
        overwrite: args.overwrite,
    };
    let (items, headers) = if parts {
        (to.join(ALL_ITEMS), to.join(ALL_HEADERS))
    } else {
        (
            items_address(&args.output).into(),
            headers_address(&args.output).into(),
        )
    };
    // What stands beside comes first: a table never stands without its items.
    let found = beside_of(&args.indexes, &from)?;
    let kept = merge_items(&found.items, &items)?;
    if found.headers.is_empty() {
        let _ = fs::remove_file(&headers);
    } else {
        make_parent(&headers)?;
        let left_out = |path: &Path| {
            Output::warn(format!(
                "{}: these headers are of another version and are left out: they are read from the assets",
                path.display()
            ));
        };
        merge_headers(&found.headers, &headers, left_out)
            .map_err(|e| Failure::failed(chain(&e)))?;
    }
    let bar = Bar::new(output, "rows read and written");
    let merged =
        merge_tables(&opened, to, parts, &options, &bar).map_err(|e| Failure::failed(chain(&e)))?;
    drop(bar);
    output.document(&json!({
        "dataset": args.output,
        "tables": opened.len(),
        "rows": merged.rows,
        "duplicates": merged.duplicates,
        "row_groups": merged.row_groups,
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

/// The tables that are named: files, folders, patterns.
fn inputs(given: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for name in given {
        if !Path::new(name).exists() && name.contains(['*', '?', '[']) {
            let paths = glob::glob(name)
                .map_err(|e| Failure::usage(format!("the pattern {name} is wrong: {e}")))?;
            for path in paths {
                found.extend(tables(&path.map_err(|e| Failure::of(name, &e))?)?);
            }
        } else {
            found.extend(tables(Path::new(name))?);
        }
    }
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    if found.is_empty() {
        return Err(Failure::failed("there is no table to merge"));
    }
    Ok(found)
}

/// Makes the folder of the result; what it holds already is replaced only where that is asked for.
fn folder(to: &Path, overwrite: bool) -> Result<(), Failure> {
    let failed = |e: &std::io::Error| Failure::of(to.display(), e);
    fs::create_dir_all(to).map_err(|e| failed(&e))?;
    for entry in fs::read_dir(to).map_err(|e| failed(&e))? {
        let path = entry.map_err(|e| failed(&e))?.path();
        if is_table(&path) {
            if !overwrite {
                return Err(Failure::failed(format!(
                    "{} holds an index already: say --overwrite to replace it",
                    to.display()
                )));
            }
            fs::remove_file(&path).map_err(|e| failed(&e))?;
        }
    }
    Ok(())
}

/// Writes the items of all files into one at `to`, each once: that of the file named first.
fn merge_items(from: &[PathBuf], to: &Path) -> Result<u64, Failure> {
    if from.is_empty() {
        let _ = fs::remove_file(to);
        return Ok(0);
    }
    make_parent(to)?;
    let failed = |e: &std::io::Error| Failure::of(to.display(), e);
    let folder = to
        .parent()
        .filter(|p| *p != Path::new(""))
        .unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".stacchip-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|e| failed(&e))?;
    let mut out = BufWriter::new(file);
    let mut seen = HashSet::new();
    for path in from {
        let lines = fs::File::open(path).map(BufReader::new);
        for line in lines.map_err(|e| Failure::of(path.display(), &e))?.lines() {
            let line = line.map_err(|e| Failure::of(path.display(), &e))?;
            if line.trim().is_empty() {
                continue;
            }
            let id = ItemLine::parse(&line).and_then(|item| item.id());
            if seen.insert(id.map_err(|e| Failure::of(path.display(), &e))?) {
                writeln!(out, "{line}").map_err(|e| failed(&e))?;
            }
        }
    }
    let file = out.into_inner().map_err(|e| failed(e.error()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o644));
    }
    file.persist(to).map_err(|e| failed(&e.error))?;
    Ok(seen.len() as u64)
}

fn make_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => {
            fs::create_dir_all(parent).map_err(|e| Failure::of(parent.display(), &e))
        }
        _ => Ok(()),
    }
}
