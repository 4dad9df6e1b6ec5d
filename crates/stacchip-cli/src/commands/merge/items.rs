//! Items of many files → one.

use std::{
    collections::HashMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Number, Value};
use tempfile::TempPath;

use super::place::make_parent;
use crate::{
    failure::{Failure, chain},
    item_files::is_item_table,
    wiring::{ItemLine, KeptItemTable, temporary, write_item_table},
};

/// A file of items: where it is, for people, and the file itself, or its copy here.
#[derive(Debug)]
pub struct ItemsFile {
    /// Its address.
    pub name: String,
    /// The file of this machine.
    pub path: PathBuf,
    /// Keeps the copy.
    pub _copy: Option<Arc<TempPath>>,
}

/// Writes the items of all files into one for `to`, each once, and counts them; nothing where there are no files.
/// An item is known by its id and its collection's: two that are not the same are refused, since rows of both
/// would lead to the pixels of one.
pub fn merge_items(from: &[ItemsFile], to: &Path) -> Result<(u64, Option<TempPath>), Failure> {
    if from.is_empty() {
        return Ok((0, None));
    }
    make_parent(to)?;
    let failed = |e: &io::Error| Failure::of(to.display(), e);
    let file = temporary(to).map_err(|e| failed(&e))?;
    let mut out = BufWriter::new(file);
    let mut seen: HashMap<(String, Option<String>), (u64, usize)> = HashMap::new();
    for (number, file) in from.iter().enumerate() {
        let name = &file.name;
        each_item(file, |item| {
            let wrong = |e: &serde_json::Error| Failure::of(name, e);
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
                    let first = from.get(*first).map_or(name, |file| &file.name);
                    Err(Failure::failed(format!(
                        "item {id} of {} in {name} is another than that in {first}: index one of them anew from the other, or leave one out",
                        collection
                            .map_or("no collection".to_owned(), |c| format!("collection {c}")),
                    )))
                }
            }
        })?;
    }
    let mut file = out.into_inner().map_err(|e| failed(e.error()))?;
    if is_item_table(to) {
        let table = temporary(to).map_err(|e| failed(&e))?;
        let written = write_item_table(file.path(), table.as_file());
        written.map_err(|e| Failure::failed(chain(&e)))?;
        file = table;
    }
    Ok((seen.len() as u64, Some(file.into_temp_path())))
}

/// Calls `each` with every item of a file of items.
fn each_item(
    ItemsFile { name, path, .. }: &ItemsFile,
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
    for line in lines.map_err(|e| Failure::of(name, &e))?.lines() {
        let line = line.map_err(|e| Failure::of(name, &e))?;
        if line.trim().is_empty() {
            continue;
        }
        each(ItemLine::parse(&line).map_err(|e| Failure::of(name, &e))?)?;
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
    std::mem::discriminant(value).hash(to);
    match value {
        Value::Null => {}
        Value::Bool(flag) => flag.hash(to),
        Value::Number(number) => match whole(number) {
            Some(whole) => whole.hash(to),
            None => number.as_f64().map(f64::to_bits).hash(to),
        },
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

/// A number without a fraction, exactly, be it written as 1 or as 1.0.
fn whole(number: &Number) -> Option<i128> {
    let as_written = number.as_i64().map(i128::from);
    let as_written = as_written.or_else(|| number.as_u64().map(i128::from));
    as_written.or_else(|| {
        let value = number.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "without a fraction, and far within 128 bits"
        )]
        let whole = value as i128;
        (value.fract() == 0.0 && value.abs() < 1e30).then_some(whole)
    })
}

/// Whether a member says more than that it is not there.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => members.values().any(says),
        _ => true,
    }
}
