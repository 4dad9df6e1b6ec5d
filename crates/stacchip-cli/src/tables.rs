//! The tables of an index, wherever it lies.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use stacchip::address::Address;

use crate::{
    afar::{is_afar, is_http, is_in_bucket, without_query},
    failure::{Failure, chain},
    wiring::{Table, World},
};

/// Whether `address` names a table rather than a folder of them.
pub fn is_table(address: &str) -> bool {
    Path::new(without_query(address).0)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

/// The tables of the index at `index`: itself, or those in the folder and the folders in it (upstream has one
/// for each item), by name. What starts with a dot or an underscore is passed over, and the items and
/// headers beside the tables.
///
/// # Errors
/// A failure where there is none.
pub fn tables(index: &str, world: &World) -> Result<Vec<String>, Failure> {
    let (index, is_folder) = if is_afar(index) {
        (spelt(index), is_folder_afar(index, world)?)
    } else {
        let path = local(index);
        let is_folder = Path::new(&path).is_dir();
        (path, is_folder)
    };
    if !is_folder {
        return Ok(vec![index]);
    }
    let found = tables_in(&index, world)?;
    if found.is_empty() {
        let nothing = is_in_bucket(&index) && world.afar()?.list(&index)?.is_empty();
        return Err(Failure::failed(if nothing {
            format!("{index}: not found")
        } else {
            format!("{index} holds no .parquet file")
        }));
    }
    Ok(found)
}

/// The address as stores spell it; of a local one its path.
pub fn spelt(address: &str) -> String {
    Address::parse(address).map_or_else(|_| address.to_owned(), |a| a.to_string())
}

/// The path of an address of this machine.
pub fn local(address: &str) -> String {
    match Address::parse(address) {
        Ok(Address::Local(path)) => path,
        _ => address.to_owned(),
    }
}

/// Whether what is behind an address is to be listed, and no table itself.
fn is_folder_afar(address: &str, world: &World) -> Result<bool, Failure> {
    if is_table(address) {
        return Ok(false);
    }
    if is_http(address) || address.ends_with('/') {
        // A table over HTTP may be called anything.
        return Ok(address.ends_with('/'));
    }
    let afar = world.afar()?;
    let is_bucket = spelt(address).ends_with('/');
    Ok(is_bucket || afar.standing(&spelt(address))?.is_none())
}

/// The same tables of the folder at `index`, where there may be none.
///
/// # Errors
/// A failure where it cannot be listed.
pub fn tables_in(index: &str, world: &World) -> Result<Vec<String>, Failure> {
    if is_afar(index) {
        let folder = format!("{}/", spelt(index).trim_end_matches('/'));
        let listed = world.afar()?.list(index)?;
        let names = listed.keys();
        return Ok(names
            .filter(|address| {
                let below = address.strip_prefix(&folder);
                below.is_some_and(|below| is_table(below) && is_seen(below))
            })
            .cloned()
            .collect());
    }
    let root = Path::new(index);
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |e: &std::io::Error| Failure::of(folder.display(), e);
        for entry in std::fs::read_dir(&folder).map_err(|e| failed(&e))? {
            let entry = entry.map_err(|e| failed(&e))?;
            let path = entry.path();
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            if !is_seen(&below) {
                continue;
            }
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                if !BESIDE.contains(&below.as_ref()) {
                    folders.push(path);
                }
            } else if is_table(&below) && path.is_file() {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file, or a folder, of a dataset may be a table, or hold some: by its path below the dataset.
fn is_seen(below: &str) -> bool {
    // Deeper down it is a platform or an item that is called so.
    let beside = below.split_once('/').map(|(first, _)| first);
    let hidden = below.split('/').any(|name| name.starts_with(['.', '_']));
    !hidden && beside.is_none_or(|first| !BESIDE.contains(&first))
}

/// The tables of the index at `index`, opened.
///
/// # Errors
/// A failure where there is none, or one cannot be read.
pub fn open_tables(index: &str, world: &World) -> Result<Vec<Table>, Failure> {
    open_all(&tables(index, world)?, world)
}

/// The tables at `addresses`, opened.
///
/// # Errors
/// A failure where one cannot be read.
pub fn open_all(addresses: &[String], world: &World) -> Result<Vec<Table>, Failure> {
    if addresses.iter().any(|address| is_afar(address)) {
        if !addresses.iter().all(|address| is_afar(address)) {
            // Those of several indexes: one after the other keeps their order.
            let opened = addresses
                .chunk_by(|a, b| is_afar(a) == is_afar(b))
                .map(|same| open_all(same, world));
            return Ok(opened
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect());
        }
        return world.afar()?.tables(addresses);
    }
    addresses
        .par_iter()
        .map(|path| Table::open(Path::new(path)).map_err(|e| Failure::failed(chain(&e))))
        .collect()
}

/// Folders of a dataset that hold no chips.
const BESIDE: [&str; 2] = ["items", "headers"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_of_a_dataset() {
        for seen in [
            "a.parquet",
            "index/p/i/index_i.parquet",
            "x/items/a.parquet",
        ] {
            assert!(is_seen(seen), "{seen}");
        }
        for hidden in [
            "items/a.parquet",
            "headers/_a.pq",
            "_a.parquet",
            "x/.b/c.parquet",
        ] {
            assert!(!is_seen(hidden), "{hidden}");
        }
        assert!(is_table("https://h/x.parquet?sig=a.b"));
        assert!(is_table("s3://b/x.PARQUET"));
        assert!(!is_table("s3://b/x.parquet?y"), "a key may hold any sign");
    }
}
