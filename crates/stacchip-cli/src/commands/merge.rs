//! `stacchip merge`.

use std::{
    collections::{HashMap, HashSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, BufReader, BufWriter, Write},
    num::NonZero,
    path::{Path, PathBuf},
};

use rayon::prelude::*;
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempPath};

use crate::{
    CommandResult, Status,
    args::{ItemsArg, MergeArgs, Shared},
    failure::{Failure, chain},
    folder_lock::FolderLock,
    index_files::{ALL_HEADERS, ALL_ITEM_TABLE, ALL_ITEMS, beside_of, is_table},
    index_rows::{tables, tables_in},
    item_files::is_item_table,
    output::Output,
    progress::Bar,
    wiring::{
        ItemLine, KeptItemTable, MergeOptions, MergePieces, Table, headers_address,
        item_table_address, items_address, merge_headers, stage_tables, write_item_table,
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
    let place = resolved(to);
    if let Some(own) = from.iter().find(|p| resolved(p).starts_with(&place)) {
        return Err(Failure::usage(format!(
            "{} is merged and written at once: give the result another place",
            own.display()
        )));
    }
    let old = replaced(to, parts, args.overwrite)?;
    let opened: Vec<Table> = from
        .par_iter()
        .map(|path| Table::open(path).map_err(|e| Failure::failed(chain(&e))))
        .collect::<Result<_, _>>()?;
    let _lock = if parts {
        Some(FolderLock::take(to)?)
    } else {
        FolderLock::beside(to)
    };
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
        period: args.period,
        pieces: MergePieces::default(),
    };
    let (items, headers) = if parts {
        (
            [to.join(ALL_ITEMS), to.join(ALL_ITEM_TABLE)],
            to.join(ALL_HEADERS),
        )
    } else {
        let lines: PathBuf = items_address(&args.output).into();
        (
            [lines, item_table_address(&args.output).into()],
            headers_address(&args.output).into(),
        )
    };
    let [lines, table] = &items;
    let (items, no_items) = match args.items {
        ItemsArg::Lines => (lines, table),
        ItemsArg::Geoparquet => (table, lines),
    };
    // All is written beside what stands there, and only then takes its place.
    let found = beside_of(&args.indexes, &from)?;
    let (kept, new_items) = merge_items(&found.items, items)?;
    let new_headers = if found.headers.is_empty() {
        None
    } else {
        make_parent(&headers)?;
        let left_out = |path: &Path| {
            Output::warn(format!(
                "{}: these headers are of another version and are left out: they are read from the assets",
                path.display()
            ));
        };
        let merged = merge_headers(&found.headers, &headers, left_out);
        Some(merged.map_err(|e| Failure::failed(chain(&e)))?)
    };
    let bar = Bar::new(output, "rows read and written");
    let staged =
        stage_tables(&opened, to, parts, &options, &bar).map_err(|e| Failure::failed(chain(&e)))?;
    // What was read is not needed any more; what came to stand there meanwhile is not touched.
    if replaced(to, parts, args.overwrite)? != old {
        return Err(Failure::failed(format!(
            "{}: other tables came to stand there while these were merged: merge them again",
            to.display()
        )));
    }
    // A table never stands beside another's items.
    for path in &old {
        gone(path)?;
    }
    match new_headers {
        Some(new) => new.place().map_err(|e| Failure::failed(chain(&e)))?,
        None => gone(&headers)?,
    }
    match new_items {
        Some(new) => new
            .persist(items)
            .map_err(|e| Failure::of(items.display(), &e.error))?,
        None => gone(items)?,
    }
    gone(no_items)?;
    let merged = staged.place().map_err(|e| Failure::failed(chain(&e)))?;
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
    // However they are named.
    found.retain(|path| seen.insert(resolved(path)));
    if found.is_empty() {
        return Err(Failure::failed("there is no table to merge"));
    }
    Ok(found)
}

/// The tables at `to` that the result takes the place of: those that a merge wrote, where that is asked for.
fn replaced(to: &Path, parts: bool, overwrite: bool) -> Result<Vec<PathBuf>, Failure> {
    let old = match (parts, to.is_dir()) {
        (true, true) => tables_in(to)?,
        (false, _) if to.symlink_metadata().is_ok() => vec![to.to_owned()],
        (true, false) | (false, _) => Vec::new(),
    };
    if old.is_empty() {
        return Ok(old);
    }
    if !overwrite {
        return Err(Failure::failed(if parts {
            format!(
                "{} holds an index already: say --overwrite to replace it, or give the result another place",
                to.display()
            )
        } else {
            format!(
                "{} exists already: say --overwrite to replace it",
                to.display()
            )
        }));
    }
    // A folder may hold tables of items, which nothing else has: they are not thrown away.
    if let Some(other) = old.iter().find(|path| parts && !is_part(path, to)) {
        return Err(Failure::failed(format!(
            "{} holds tables that no merge wrote, as {}: give the result another place",
            to.display(),
            other.display()
        )));
    }
    Ok(old)
}

/// Whether the table at `path` is a part that a merge into the folder `to` wrote.
fn is_part(path: &Path, to: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str());
    let digits = name.and_then(|n| n.strip_prefix("part-")?.strip_suffix(".parquet"));
    let named = digits.is_some_and(|d| d.len() >= 5 && d.bytes().all(|b| b.is_ascii_digit()));
    named && path.parent() == Some(to) && Table::open(path).is_ok_and(|t| t.is_merged())
}

/// Where `path` is, whatever links lead there; of what is not there yet, where it will be.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut there = whole.as_path();
    loop {
        if let (Ok(found), Ok(rest)) = (there.canonicalize(), whole.strip_prefix(there)) {
            return if rest == Path::new("") {
                found
            } else {
                found.join(rest)
            };
        }
        match there.parent() {
            Some(parent) => there = parent,
            None => return whole,
        }
    }
}

/// Removes a file, if it is there.
fn gone(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Failure::of(path.display(), &e)),
        _ => Ok(()),
    }
}

/// Writes the items of all files into one for `to`, each once, and counts them; nothing where there are no files.
/// An item is known by its id and its collection's: two that are not the same are refused, since rows of both
/// would lead to the pixels of one.
fn merge_items(from: &[PathBuf], to: &Path) -> Result<(u64, Option<TempPath>), Failure> {
    if from.is_empty() {
        return Ok((0, None));
    }
    make_parent(to)?;
    let failed = |e: &io::Error| Failure::of(to.display(), e);
    let mut out = BufWriter::new(beside(to).map_err(|e| failed(&e))?);
    let mut seen: HashMap<(String, Option<String>), (u64, usize)> = HashMap::new();
    for (number, path) in from.iter().enumerate() {
        each_item(path, |item| {
            let wrong = |e: &serde_json::Error| Failure::of(path.display(), e);
            let key = item.key().map_err(|e| wrong(&e))?;
            let hash = content(&item).map_err(|e| wrong(&e))?;
            match seen.get(&key) {
                None => {
                    writeln!(out, "{item}").map_err(|e| failed(&e))?;
                    seen.insert(key, (hash, number));
                    Ok(())
                }
                Some((same, _)) if *same == hash => Ok(()),
                Some((_, first)) => {
                    let (id, collection) = key;
                    let first = from.get(*first).unwrap_or(path);
                    Err(Failure::failed(format!(
                        "item {id} of {} in {} is another than that in {}: index one of them anew from the other, or leave one out",
                        collection
                            .map_or("no collection".to_owned(), |c| format!("collection {c}")),
                        path.display(),
                        first.display()
                    )))
                }
            }
        })?;
    }
    let mut file = out.into_inner().map_err(|e| failed(e.error()))?;
    if is_item_table(to) {
        let table = beside(to).map_err(|e| failed(&e))?;
        let written = write_item_table(file.path(), table.as_file());
        written.map_err(|e| Failure::failed(chain(&e)))?;
        file = table;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o644));
    }
    Ok((seen.len() as u64, Some(file.into_temp_path())))
}

/// A file that goes when it is dropped, in the folder of `to`.
fn beside(to: &Path) -> io::Result<NamedTempFile> {
    let folder = to
        .parent()
        .filter(|p| *p != Path::new(""))
        .unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".stacchip-")
        .suffix(".part")
        .tempfile_in(folder)
}

/// Calls `each` with every item of a file of items.
fn each_item(
    path: &Path,
    mut each: impl FnMut(ItemLine) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if is_item_table(path) {
        let table = KeptItemTable::open(path).map_err(|e| Failure::failed(chain(&e)))?;
        let mut failure = Ok(());
        let read = table.each(|item| {
            failure = each(ItemLine { href: None, item });
            failure.is_ok()
        });
        read.map_err(|e| Failure::failed(chain(&e)))?;
        return failure;
    }
    let lines = fs::File::open(path).map(BufReader::new);
    for line in lines.map_err(|e| Failure::of(path.display(), &e))?.lines() {
        let line = line.map_err(|e| Failure::of(path.display(), &e))?;
        if line.trim().is_empty() {
            continue;
        }
        each(ItemLine::parse(&line).map_err(|e| Failure::of(path.display(), &e))?)?;
    }
    Ok(())
}

/// A number for what an item says, however it is written: in lines of JSON, or in a table, which has no nulls, one kind of number and
/// one spelling of a moment.
fn content(item: &ItemLine) -> Result<u64, serde_json::Error> {
    let value: Value = serde_json::from_str(&item.item)?;
    let mut hasher = DefaultHasher::new();
    say(&value, &mut hasher);
    Ok(hasher.finish())
}

fn say(value: &Value, to: &mut DefaultHasher) {
    match value {
        Value::Null => 0u8.hash(to),
        Value::Bool(flag) => flag.hash(to),
        Value::Number(number) => number.as_f64().map(f64::to_bits).hash(to),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment.hash(to),
            Err(_) => text.hash(to),
        },
        Value::Array(items) => {
            items.len().hash(to);
            for item in items {
                say(item, to);
            }
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().filter(|(_, v)| says(v)).collect();
            members.sort_by_key(|(name, _)| *name);
            members.len().hash(to);
            for (name, value) in members {
                name.hash(to);
                say(value, to);
            }
        }
    }
}

/// Whether a member says more than that it is not there.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => members.values().any(says),
        _ => true,
    }
}

fn make_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => {
            fs::create_dir_all(parent).map_err(|e| Failure::of(parent.display(), &e))
        }
        _ => Ok(()),
    }
}
