//! The items that a call names.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    vec,
};

use crate::{
    failure::{Failure, chain},
    wiring::{ItemDocument, ItemTable, ItemTableError, StacError, World, item_of_many, items},
};

/// The places that items are read from, in the order given.
#[derive(Debug)]
pub struct Inputs(Vec<Input>);

/// One place that holds items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Standard,
    /// An address.
    Address(String),
    /// A file of a folder: it may be something else.
    InFolder(String),
}

impl Inputs {
    /// What `given` names: `-`, addresses, folders (every `.json`, `.geojson`, `.ndjson` and
    /// `.parquet` in them, sorted by name), and patterns.
    ///
    /// # Errors
    /// A failure where a pattern is wrong, or one of them names nothing.
    pub fn find(given: &[String]) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for name in given {
            let before = found.len();
            if name == "-" {
                found.push(Input::Standard);
            } else if name.contains("://") || Path::new(name).is_file() {
                found.push(Input::Address(name.clone()));
            } else if Path::new(name).is_dir() {
                let files = folder(Path::new(name))?;
                found.extend(
                    files
                        .iter()
                        .map(|f| Input::InFolder(f.to_string_lossy().into())),
                );
            } else if name.contains(['*', '?', '[']) {
                let paths = glob::glob(name)
                    .map_err(|e| Failure::usage(format!("the pattern {name} is wrong: {e}")))?;
                for path in paths {
                    found.push(address(&path.map_err(|e| Failure::of(name, &e))?));
                }
            } else {
                // It is not there: whoever reads it says so, with the address.
                found.push(Input::Address(name.clone()));
            }
            if found.len() == before {
                return Err(Failure::failed(format!("{name} names no item")));
            }
        }
        Ok(Self(found))
    }
}

impl IntoIterator for Inputs {
    type Item = Input;
    type IntoIter = std::vec::IntoIter<Input>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Input {
    /// How people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Standard => "standard input",
            Self::Address(address) | Self::InFolder(address) => address,
        }
    }

    /// The items in it.
    ///
    /// # Errors
    /// A failure where it cannot be read or holds no item at all.
    pub async fn read(&self, world: &World) -> Result<Documents, Failure> {
        let (address, maybe) = match self {
            Self::Standard => {
                let mut text = Vec::new();
                io::stdin()
                    .lock()
                    .read_to_end(&mut text)
                    .map_err(|e| Failure::of("standard input", &e))?;
                if is_parquet(&text) {
                    return Err(Failure::failed(
                        "standard input is Parquet, which is read from its end: give the path of the file",
                    ));
                }
                let items = items(&text, None).map_err(Failure::failed)?;
                return Ok(Documents::Text(items.into_iter()));
            }
            Self::Address(address) => (absolute(address)?, false),
            Self::InFolder(address) => (absolute(address)?, true),
        };
        if !names_table(&address) {
            let text = world.read_all(&address).await?;
            if !is_parquet(&text) {
                return match items(&text, Some(&address)) {
                    Err(StacError::NotItems { .. }) if maybe => Ok(Documents::none()),
                    Err(other) => Err(Failure::failed(other)),
                    Ok(items) => Ok(Documents::Text(items.into_iter())),
                };
            }
        }
        match world.item_table(&address).await? {
            Err(ItemTableError::NotItems { .. }) if maybe => Ok(Documents::none()),
            Err(other) => Err(Failure::failed(chain(&other))),
            Ok(table) => Ok(Documents::Table(Box::new(table), address)),
        }
    }
}

/// The items of one place, one after the other.
#[derive(Debug)]
pub enum Documents {
    /// Of a text, which is read as a whole.
    Text(vec::IntoIter<Result<ItemDocument, StacError>>),
    /// Of a stac-geoparquet at an address.
    Table(Box<ItemTable>, String),
}

impl Documents {
    fn none() -> Self {
        Self::Text(Vec::new().into_iter())
    }

    /// The next item, or why it is none; nothing after the last.
    pub async fn next(&mut self) -> Option<Result<ItemDocument, String>> {
        match self {
            Self::Text(items) => Some(items.next()?.map_err(|e| chain(&e))),
            Self::Table(table, address) => Some(match table.next().await? {
                Ok(json) => item_of_many(&json, address).map_err(|e| chain(&e)),
                Err(error) => Err(chain(&error)),
            }),
        }
    }
}

/// Whether the ending of an address says that it is Parquet: of others the first bytes tell.
fn names_table(address: &str) -> bool {
    let end = address.find(['?', '#']).filter(|_| address.contains("://"));
    let path = address
        .get(..end.unwrap_or(address.len()))
        .unwrap_or(address);
    let ending = Path::new(path).extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| TABLES.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn is_parquet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PAR1")
}

/// A local path from the root on, so that a row leads to its item wherever the index lies; any
/// other address as it is.
///
/// # Errors
/// A failure where the working folder is gone.
pub fn absolute(address: &str) -> Result<String, Failure> {
    if address.contains("://") {
        return Ok(address.to_owned());
    }
    let path = std::path::absolute(address).map_err(|e| Failure::of(address, &e))?;
    Ok(path.to_string_lossy().into_owned())
}

fn address(path: &Path) -> Input {
    Input::Address(path.to_string_lossy().into_owned())
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: &io::Error| Failure::of(path.display(), e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| failed(&e))? {
        let path = entry.map_err(|e| failed(&e))?.path();
        let known = path
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)));
        if known && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Endings of files that hold items.
const ENDINGS: [&str; 6] = [
    "json",
    "geojson",
    "ndjson",
    "jsonl",
    "parquet",
    "geoparquet",
];
/// Of those, tables.
const TABLES: [&str; 2] = ["parquet", "geoparquet"];
