//! Where the result of a merge goes, and what it takes the place of.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use stacchip::WriteErrorKind;
use tempfile::{TempDir, TempPath};

use crate::{
    afar::{Afar, is_afar, unwritten},
    beside::{Beside, joined},
    failure::{Failure, chain},
    folder_lock::FolderLock,
    tables::{is_table, local, open_all, spelt, tables_in},
    target::{staging, writable},
    wiring::{Merged, Replaces, StagedMerge, StagedTable, Standing, World},
};

/// Where the result goes.
#[derive(Debug)]
pub struct Place<'a> {
    /// Its address, or path.
    pub address: String,
    /// Whether it is a folder of parts.
    pub parts: bool,
    /// The file or folder of this machine that it is written to.
    pub here: PathBuf,
    /// What stands beside it, and beside that.
    beside: Beside,
    beside_here: Beside,
    overwrite: bool,
    old: Vec<Old>,
    afar: Option<(&'a Afar, TempDir)>,
    world: &'a World,
    _lock: Option<FolderLock>,
}

/// A table that the result takes the place of; behind an address, the version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Old(String, Option<Standing>);

/// What was written beside the result.
#[derive(Debug)]
pub struct NewBeside {
    /// The items, where there are any.
    pub items: Option<TempPath>,
    /// The headers of their assets.
    pub headers: Option<StagedTable>,
}

impl<'a> Place<'a> {
    /// The place at `output`, for what is merged `from` these tables.
    ///
    /// # Errors
    /// A failure where it may not be written there.
    pub fn of(
        output: &str,
        from: &[String],
        overwrite: bool,
        world: &'a World,
    ) -> Result<Self, Failure> {
        let parts = !is_table(output);
        let address = if is_afar(output) {
            writable(output)?;
            spelt(output).trim_end_matches('/').to_owned()
        } else {
            local(output)
        };
        not_own(from, &address)?;
        let old = replaced(&address, parts, overwrite, world)?;
        let beside = if parts {
            Beside::of_all(&address)
        } else {
            Beside::of_table(&address)
        };
        let (here, afar, lock) = if is_afar(&address) {
            let folder = staging(&address)?;
            let name = if parts { "parts" } else { "table.parquet" };
            let here = folder.path().join(name);
            if parts {
                fs::create_dir(&here).map_err(|e| Failure::of(here.display(), &e))?;
            }
            (here, Some((world.afar()?, folder)), None)
        } else {
            let here = PathBuf::from(&address);
            let lock = if parts {
                Some(FolderLock::take(&here)?)
            } else {
                FolderLock::beside(&here)
            };
            (here, None, lock)
        };
        let shown = here.to_string_lossy();
        let beside_here = if parts {
            Beside::of_all(&shown)
        } else {
            Beside::of_table(&shown)
        };
        Ok(Self {
            address,
            parts,
            here,
            beside,
            beside_here,
            overwrite,
            old,
            afar,
            world,
            _lock: lock,
        })
    }

    /// Items are kept as stac-geoparquet, and not as lines.
    pub fn keep_item_table(&mut self) {
        for beside in [&mut self.beside, &mut self.beside_here] {
            if let Some(table) = &mut beside.item_table {
                std::mem::swap(table, &mut beside.items);
            }
        }
    }

    /// The file for the items.
    pub fn items_here(&self) -> &Path {
        Path::new(&self.beside_here.items)
    }

    /// The file for the headers.
    pub fn headers_here(&self) -> &Path {
        Path::new(&self.beside_here.headers)
    }

    /// The folder for what is written meanwhile.
    pub fn folder(&self) -> &Path {
        match self.here.parent() {
            _ if self.parts => &self.here,
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }

    /// Puts all in its place: a table never stands beside another's items.
    ///
    /// # Errors
    /// A failure where something cannot be put there, or other tables came to stand there meanwhile.
    pub fn settle(&self, new: NewBeside, staged: StagedMerge) -> Result<Merged, Failure> {
        // What was read is not needed any more; what came to stand there meanwhile is not touched.
        if let Some((afar, _)) = &self.afar {
            afar.forget();
        }
        if replaced(&self.address, self.parts, self.overwrite, self.world)? != self.old {
            return Err(Failure::failed(format!(
                "{}: other tables came to stand there while these were merged: merge them again",
                self.address
            )));
        }
        for Old(table, _) in &self.old {
            self.gone(table)?;
        }
        match new.headers {
            Some(new) => new.place().map_err(|e| Failure::failed(chain(&e)))?,
            None => self.gone(&self.beside.headers)?,
        }
        match new.items {
            Some(new) => new
                .persist(self.items_here())
                .map_err(|e| Failure::of(self.items_here().display(), &e.error))?,
            None => self.gone(&self.beside.items)?,
        }
        if let Some(other) = &self.beside.item_table {
            self.gone(other)?;
        }
        let merged = staged.place().map_err(|e| Failure::failed(chain(&e)))?;
        match &self.afar {
            Some((afar, _)) => self.store(afar, merged),
            None => Ok(merged),
        }
    }

    /// Stores all that was put into its place here.
    fn store(&self, afar: &Afar, mut merged: Merged) -> Result<Merged, Failure> {
        let beside = [
            (&self.beside.headers, self.headers_here()),
            (&self.beside.items, self.items_here()),
        ];
        for (address, path) in beside.into_iter().filter(|(_, path)| path.is_file()) {
            let stored = afar.put(address, path, Replaces::Anything);
            stored.map_err(|e| unwritten(&e))?;
        }
        for file in &mut merged.files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let address = if self.parts {
                joined(&self.address, &name)
            } else {
                self.address.clone()
            };
            afar.put(&address, file, Replaces::Nothing).map_err(|e| {
                if e.kind == WriteErrorKind::Exists {
                    return Failure::failed(format!(
                        "{address}: another came to stand there while these were merged: merge them again"
                    ));
                }
                unwritten(&e)
            })?;
            *file = address.into();
        }
        Ok(merged)
    }

    /// Removes what stands at an address, if anything does.
    fn gone(&self, address: &str) -> Result<(), Failure> {
        if let Some((afar, _)) = &self.afar {
            return afar.remove(address);
        }
        match fs::remove_file(address) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Failure::of(address, &e)),
            _ => Ok(()),
        }
    }
}

/// That none of the tables that are merged stands at `to`, or below it.
///
/// # Errors
/// A failure where one does.
pub fn not_own(from: &[String], to: &str) -> Result<(), Failure> {
    match from.iter().find(|table| is_within(table, to)) {
        Some(own) => Err(Failure::usage(format!(
            "{own} is merged and written at once: give the result another place"
        ))),
        None => Ok(()),
    }
}

/// The tables at `to` that the result takes the place of: those that a merge wrote, where that is asked for.
fn replaced(to: &str, parts: bool, overwrite: bool, world: &World) -> Result<Vec<Old>, Failure> {
    let version = |address: String| -> Result<Old, Failure> {
        let standing = if is_afar(&address) {
            world.afar()?.standing(&address)?
        } else {
            None
        };
        Ok(Old(address, standing))
    };
    let old = if parts && (is_afar(to) || Path::new(to).is_dir()) {
        tables_in(to, world)?
    } else if !parts && stands(to, world)? {
        vec![to.to_owned()]
    } else {
        Vec::new()
    };
    if !old.is_empty() && !overwrite {
        return Err(Failure::failed(if parts {
            format!(
                "{to} holds an index already: say --overwrite to replace it, or give the result another place"
            )
        } else {
            format!("{to} exists already: say --overwrite to replace it")
        }));
    }
    // A folder may hold tables of items, which nothing else has: they are not thrown away.
    if let Some(other) = old.iter().find(|path| parts && !is_part(path, to, world)) {
        return Err(Failure::failed(format!(
            "{to} holds tables that no merge wrote, as {other}: give the result another place"
        )));
    }
    old.into_iter().map(version).collect()
}

fn stands(address: &str, world: &World) -> Result<bool, Failure> {
    if is_afar(address) {
        return Ok(world.afar()?.standing(address)?.is_some());
    }
    Ok(Path::new(address).symlink_metadata().is_ok())
}

/// Whether the table at `table` is a part that a merge into the folder `to` wrote.
fn is_part(table: &str, to: &str, world: &World) -> bool {
    let name = Path::new(table).file_name().and_then(|n| n.to_str());
    let digits = name.and_then(|n| n.strip_prefix("part-")?.strip_suffix(".parquet"));
    let named = digits.is_some_and(|d| d.len() >= 5 && d.bytes().all(|b| b.is_ascii_digit()));
    let merged = || {
        let opened = open_all(&[table.to_owned()], world);
        opened.is_ok_and(|opened| opened.iter().all(crate::wiring::Table::is_merged))
    };
    named && Path::new(table).parent() == Some(Path::new(to)) && merged()
}

/// Whether the table at `table` is `place`, or below it.
fn is_within(table: &str, place: &str) -> bool {
    match (is_afar(table), is_afar(place)) {
        (false, false) => resolved(Path::new(table)).starts_with(resolved(Path::new(place))),
        (true, true) => Path::new(table).starts_with(place),
        _ => false,
    }
}

/// Where `path` is, whatever links lead there; of what is not there yet, where it will be.
pub fn resolved(path: &Path) -> PathBuf {
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

/// Makes the folder that `path` is in.
///
/// # Errors
/// A failure where it cannot be made.
pub fn make_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => {
            fs::create_dir_all(parent).map_err(|e| Failure::of(parent.display(), &e))
        }
        _ => Ok(()),
    }
}
