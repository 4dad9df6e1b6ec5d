//! What stands beside tables: items, and headers of their assets.

use std::path::Path;

use crate::{
    afar::{is_afar, is_in_bucket, without_query},
    failure::Failure,
    item_names::file_name,
    wiring::{World, headers_address, item_table_address, items_address},
};

/// What stands beside a table of chips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its items, as lines.
    pub items: String,
    /// The same as stac-geoparquet, where there may be such; else nothing.
    pub item_table: Option<String>,
    /// The headers of their assets.
    pub headers: String,
}

impl Beside {
    /// Of the table at `table`.
    pub fn of_table(table: &str) -> Self {
        let (table, query) = without_query(table);
        Self {
            items: items_address(table) + query,
            item_table: Some(item_table_address(table) + query),
            headers: headers_address(table) + query,
        }
    }

    /// Of the table of one item in the dataset at `folder`.
    pub fn of_item(folder: &str, item: &str) -> Self {
        let name = file_name(item);
        Self {
            items: joined(folder, &format!("{ITEMS}/_{name}.ndjson")),
            item_table: None,
            headers: joined(folder, &format!("{HEADERS}/_{name}.pq")),
        }
    }

    /// Of all tables of the merged dataset at `folder`.
    pub fn of_all(folder: &str) -> Self {
        Self {
            items: joined(folder, ALL_ITEMS),
            item_table: Some(joined(folder, ALL_ITEM_TABLE)),
            headers: joined(folder, ALL_HEADERS),
        }
    }

    /// The three that may belong to the row of `item` in the table at `table`, the nearest first.
    fn near(table: &str, item: &str) -> [Self; 3] {
        let folder = folder_of(table);
        [
            Self::of_table(table),
            Self::of_item(&folder, item),
            Self::of_all(&folder),
        ]
    }
}

/// A file beside a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is, or would be.
    pub address: String,
    /// Whether it is there.
    pub is_there: bool,
}

/// Where the item of the index at `table` is kept: the file of items beside it, that of this one item,
/// or that of all in its folder.
///
/// # Errors
/// A failure where nobody says what is there.
pub fn items_of(table: &str, item: &str, world: &World) -> Result<Kept, Failure> {
    let [own, of_item, all] = Beside::near(table, item);
    let near = [
        Some(own.items),
        own.item_table,
        Some(of_item.items),
        Some(all.items),
        all.item_table,
    ];
    first_file(near.into_iter().flatten(), world)
}

/// Where the headers of the assets of the item of the index at `table` are kept, where they are.
///
/// # Errors
/// A failure where nobody says what is there.
pub fn headers_of(table: &str, item: &str, world: &World) -> Result<Option<String>, Failure> {
    let near = Beside::near(table, item).map(|beside| beside.headers);
    let kept = first_file(near.into_iter(), world)?;
    Ok(kept.is_there.then_some(kept.address))
}

/// Files of items and of headers that stand beside tables.
#[derive(Debug, Default)]
pub struct BesideAll {
    /// Those of items.
    pub items: Vec<String>,
    /// Those of headers.
    pub headers: Vec<String>,
}

/// What stands beside the `tables` of the indexes that were `given`.
///
/// # Errors
/// A failure where a folder cannot be read.
pub fn beside_of(given: &[String], tables: &[String], world: &World) -> Result<BesideAll, Failure> {
    let mut found = BesideAll::default();
    let mut folders: Vec<String> = Vec::new();
    for table in tables {
        let Beside {
            items,
            item_table,
            headers,
        } = Beside::of_table(table);
        let items = first_file([Some(items), item_table].into_iter().flatten(), world)?;
        let (has_items, has_headers) = (items.is_there, is_file(&headers, world)?);
        found.items.extend(has_items.then_some(items.address));
        found.headers.extend(has_headers.then_some(headers));
        let folder = folder_of(table);
        let complete = has_items && has_headers;
        if !complete && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let given = given.iter().filter(|address| {
        is_in_bucket(address) && !tables.contains(address) || Path::new(address).is_dir()
    });
    folders.extend(given.map(|address| address.trim_end_matches('/').to_owned()));
    folders.sort();
    folders.dedup();
    for folder in folders {
        for (name, into) in [(ITEMS, &mut found.items), (HEADERS, &mut found.headers)] {
            let mut here = files_in(&joined(&folder, name), world)?;
            // What is being written starts with a dot.
            here.retain(|path| name_of(path).starts_with('_'));
            here.sort();
            into.extend(here);
        }
    }
    Ok(found)
}

/// The files right in `folder`, as far as it can be listed.
fn files_in(folder: &str, world: &World) -> Result<Vec<String>, Failure> {
    if is_in_bucket(folder) {
        let listed = world.afar()?.list(folder)?;
        let below = format!("{folder}/");
        let right_in = |a: &&String| a.strip_prefix(&below).is_some_and(|n| !n.contains('/'));
        return Ok(listed.keys().filter(right_in).cloned().collect());
    }
    if is_afar(folder) || !Path::new(folder).is_dir() {
        return Ok(Vec::new());
    }
    let failed = |e: &std::io::Error| Failure::of(folder, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| failed(&e))? {
        let path = entry.map_err(|e| failed(&e))?.path();
        found.push(path.to_string_lossy().into_owned());
    }
    Ok(found)
}

/// The folder that the table at `table` stands in, without a slash at its end.
fn folder_of(table: &str) -> String {
    if is_afar(table) {
        let (path, query) = without_query(table);
        let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
        return format!("{folder}{query}");
    }
    if Path::new(table).is_dir() {
        return table.to_owned();
    }
    let folder = Path::new(table).parent().unwrap_or(Path::new(""));
    folder.to_string_lossy().into_owned()
}

/// What is called `name` below `folder`.
pub fn joined(folder: &str, name: &str) -> String {
    if is_afar(folder) {
        let (path, query) = without_query(folder);
        return format!("{}/{name}{query}", path.trim_end_matches('/'));
    }
    Path::new(folder).join(name).to_string_lossy().into_owned()
}

fn name_of(address: &str) -> &str {
    address
        .rsplit(['/', std::path::MAIN_SEPARATOR])
        .next()
        .unwrap_or(address)
}

fn is_file(address: &str, world: &World) -> Result<bool, Failure> {
    if is_afar(address) {
        Ok(world.afar()?.standing(address)?.is_some())
    } else {
        Ok(Path::new(address).is_file())
    }
}

/// The first that is there, else the very first.
fn first_file(near: impl Iterator<Item = String>, world: &World) -> Result<Kept, Failure> {
    let mut first = None;
    for address in near {
        if is_file(&address, world)? {
            return Ok(Kept {
                address,
                is_there: true,
            });
        }
        first.get_or_insert(address);
    }
    Ok(Kept {
        address: first.unwrap_or_default(),
        is_there: false,
    })
}

/// The folder of items in a dataset. The files in it start with an underscore, which readers of
/// tables pass over.
const ITEMS: &str = "items";
/// The folder of headers in a dataset; named as the items are.
const HEADERS: &str = "headers";
/// The items of all tables of a merged dataset. No item's own file has this name: in names of
/// ids there is no plus sign.
const ALL_ITEMS: &str = "items/_+all.ndjson";
/// The same as stac-geoparquet.
const ALL_ITEM_TABLE: &str = "items/_+all.geoparquet";
/// The headers of all tables of a merged dataset.
const ALL_HEADERS: &str = "headers/_+all.pq";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_lies_where_the_table_does() {
        let beside = Beside::of_table("https://h/d/x.parquet?sig=a/b");
        assert!(
            beside.headers.ends_with("/d/x.headers.pq?sig=a/b"),
            "{beside:?}"
        );
        assert_eq!(
            folder_of("https://h/d/x.parquet?sig=a/b"),
            "https://h/d?sig=a/b"
        );
        assert_eq!(folder_of("s3://b/x.parquet"), "s3://b");
        let all = Beside::of_all("az://c/d/");
        assert_eq!(all.items, "az://c/d/items/_+all.ndjson");
        assert_eq!(Beside::of_all("").items, "items/_+all.ndjson");
    }
}
