//! Where an index goes: one file, or a folder with one file an item.

use std::{
    collections::HashSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use stacchip::{
    SceneHeaders, SceneIndex,
    model::{Platform, Projector},
};

use crate::{
    failure::{Failure, chain},
    folder_lock::FolderLock,
    wiring::{
        IndexFile, ItemDocument, ItemLine, Table, headers_address, item_table_address,
        items_address,
    },
};

/// An index that is being written.
#[derive(Debug)]
pub struct IndexFiles {
    target: Target,
    /// Ids of the items in it: ids of chips are made of them.
    items: HashSet<String>,
    /// Whether headers of assets are kept beside it.
    headers: bool,
    /// Says that its folder is written to.
    _lock: Option<FolderLock>,
}

#[derive(Debug)]
enum Target {
    /// One table for all items.
    One(Box<IndexFile>),
    /// A folder, one table an item.
    Folder {
        /// The folder.
        path: PathBuf,
        layout: Layout,
        /// Whether tables that stand there may be replaced.
        overwrite: bool,
    },
}

/// How a folder of tables is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `{item}.parquet`, with `items/` and `headers/`.
    Dataset,
    /// `index/{platform}/{item}/index_{item}.parquet`, as upstream has it.
    Upstream,
}

/// What there is for an item.
#[derive(Debug)]
pub enum Place {
    /// Room: in a table of its own, or in that of all.
    Free(Option<ItemTable>),
    /// Its table, made with the same settings from the same item.
    Done,
}

/// A table of one item that is to be written.
#[derive(Debug)]
pub struct ItemTable {
    path: PathBuf,
    /// Nothing stands beside upstream's.
    beside: Option<Beside>,
    headers: bool,
    overwrite: bool,
}

/// How many rows an item gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCounts {
    /// Chips in the index.
    pub kept: u64,
    /// Chips with too little data.
    pub dropped: u64,
    /// Chips off the globe.
    pub nowhere: u64,
}

impl IndexFiles {
    /// An index at `output`: a file if it ends in `.parquet`, else a folder; with the headers of
    /// assets beside it where `headers` says so.
    ///
    /// # Errors
    /// A failure where it cannot be written there, or stands already and may not be replaced.
    pub fn at(
        output: &str,
        layout: Layout,
        overwrite: bool,
        headers: bool,
    ) -> Result<Self, Failure> {
        if output.contains("://") {
            return Err(Failure::failed(format!(
                "{output}: indexes are written to local folders only, so far; write it here and copy it"
            )));
        }
        let path = Path::new(output);
        if is_table(path) {
            if layout == Layout::Upstream {
                return Err(Failure::usage(format!(
                    "{output}: the layout of upstream is a folder, and this names a table"
                )));
            }
            let beside = Beside {
                items: items_address(output).into(),
                headers: headers_address(output).into(),
            };
            let lock = FolderLock::beside(path);
            let file = create(path, &beside, overwrite, headers).map_err(Failure::failed)?;
            return Ok(Self::of(Target::One(Box::new(file)), headers, lock));
        }
        let ending = path.extension().and_then(|e| e.to_str());
        if ending.is_some_and(|e| OTHER_FILES.iter().any(|f| e.eq_ignore_ascii_case(f))) {
            return Err(Failure::usage(format!(
                "{output}: an index is a file ending in .parquet, or a folder"
            )));
        }
        if path.exists() && !path.is_dir() {
            return Err(Failure::failed(format!(
                "{output} stands there and is no folder"
            )));
        }
        let lock = FolderLock::take(path)?;
        let target = Target::Folder {
            path: path.to_owned(),
            layout,
            overwrite,
        };
        Ok(Self::of(target, headers, Some(lock)))
    }

    fn of(target: Target, headers: bool, lock: Option<FolderLock>) -> Self {
        Self {
            target,
            items: HashSet::new(),
            headers,
            _lock: lock,
        }
    }

    /// Whether each item has a table of its own.
    pub fn is_folder(&self) -> bool {
        matches!(self.target, Target::Folder { .. })
    }

    /// Whether an item of this id is in it, or on its way.
    pub fn holds(&self, id: &str) -> bool {
        self.items.contains(id)
    }

    /// Where the item of `document` goes, whose table would be `made` so; from now on it is taken.
    ///
    /// # Errors
    /// Why it cannot be added.
    pub fn check(&mut self, document: &ItemDocument, made: &str) -> Result<Place, String> {
        let id = &document.scene.id;
        if self.items.contains(id) {
            return Err(format!(
                "item {id} is given twice: the ids of its chips would be the same"
            ));
        }
        let place = match &self.target {
            Target::One(_) => Place::Free(None),
            Target::Folder {
                path,
                layout,
                overwrite,
                ..
            } => {
                let table = ItemTable::of(document, path, *layout, *overwrite, self.headers);
                match standing(&table.path) {
                    Standing::Table(_) if *overwrite => Place::Free(Some(table)),
                    Standing::Table(other) if other.as_deref() == Some(made) => Place::Done,
                    Standing::Table(_) => {
                        return Err(format!(
                            "{} exists already, made with other settings or from another version of the item: say --overwrite to replace it",
                            table.path.display()
                        ));
                    }
                    Standing::Nothing => Place::Free(Some(table)),
                }
            }
        };
        self.items.insert(id.clone());
        Ok(place)
    }

    /// The item `id` could not be added: another of that id may be.
    pub fn forget(&mut self, id: &str) {
        self.items.remove(id);
    }

    /// Adds an item, the headers of its assets, and its rows to the table of all. The inner error is about the item, the outer about the index.
    ///
    /// # Errors
    /// A failure where the index cannot be written.
    pub fn add(
        &mut self,
        document: &ItemDocument,
        headers: &SceneHeaders,
        found: &SceneIndex,
        projector: &dyn Projector,
    ) -> Result<Result<RowCounts, String>, Failure> {
        let item = Item::of(document, headers, found, projector);
        match &mut self.target {
            Target::One(file) => item.append(file),
            Target::Folder { .. } => Ok(Err("it has a table of its own".to_owned())),
        }
    }

    /// Gives the index its final name.
    ///
    /// # Errors
    /// A failure where it cannot be written.
    pub fn finish(self) -> Result<(), Failure> {
        match self.target {
            Target::One(file) => file.close().map_err(|e| Failure::failed(chain(&e))),
            Target::Folder { .. } => Ok(()),
        }
    }
}

/// Whether `path` names a table rather than a folder of them.
pub fn is_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

/// Where the item of the index at `index` is kept: the file of items beside it, that of this one item,
/// or that of all in its folder.
pub fn items_of(index: &Path, item: &str) -> PathBuf {
    let beside = PathBuf::from(items_address(&index.to_string_lossy()));
    let folder = folder_of(index);
    let table = PathBuf::from(item_table_address(&index.to_string_lossy()));
    let own = || {
        [
            table,
            Beside::of_item(folder, item).items,
            folder.join(ALL_ITEMS),
            folder.join(ALL_ITEM_TABLE),
        ]
    };
    first_file(beside, own)
}

/// Where the headers of the assets of the item of the index at `index` are kept, where they are.
pub fn headers_of(index: &Path, item: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(headers_address(&index.to_string_lossy()));
    let folder = folder_of(index);
    let own = || {
        [
            Beside::of_item(folder, item).headers,
            folder.join(ALL_HEADERS),
        ]
    };
    Some(first_file(beside, own)).filter(|path| path.is_file())
}

/// Files of items and of headers that stand beside tables.
#[derive(Debug, Default)]
pub struct BesideAll {
    /// Those of items.
    pub items: Vec<PathBuf>,
    /// Those of headers.
    pub headers: Vec<PathBuf>,
}

/// What stands beside the `tables` of the indexes that were `given`.
///
/// # Errors
/// A failure where a folder cannot be read.
pub fn beside_of(given: &[String], tables: &[PathBuf]) -> Result<BesideAll, Failure> {
    let mut found = BesideAll::default();
    let mut folders: Vec<PathBuf> = Vec::new();
    for table in tables {
        let name = table.to_string_lossy();
        let lines = PathBuf::from(items_address(&name));
        let items = first_file(lines, || [PathBuf::from(item_table_address(&name))]);
        let headers = PathBuf::from(headers_address(&name));
        let (has_items, has_headers) = (items.is_file(), headers.is_file());
        found.items.extend(has_items.then_some(items));
        found.headers.extend(has_headers.then_some(headers));
        let folder = folder_of(table).to_owned();
        let complete = has_items && has_headers;
        if !complete && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.extend(given.iter().map(PathBuf::from).filter(|p| p.is_dir()));
    folders.sort();
    folders.dedup();
    for folder in folders {
        for (name, into) in [(ITEMS, &mut found.items), (HEADERS, &mut found.headers)] {
            let folder = folder.join(name);
            if !folder.is_dir() {
                continue;
            }
            let failed = |e: &std::io::Error| Failure::of(folder.display(), e);
            let mut here = Vec::new();
            for entry in fs::read_dir(&folder).map_err(|e| failed(&e))? {
                let path = entry.map_err(|e| failed(&e))?.path();
                let name = path
                    .file_name()
                    .and_then(|n| n.to_str())
                    .unwrap_or_default();
                // What is being written starts with a dot.
                if name.starts_with('_') {
                    here.push(path);
                }
            }
            here.sort();
            into.extend(here);
        }
    }
    Ok(found)
}

fn folder_of(index: &Path) -> &Path {
    if index.is_dir() {
        index
    } else {
        index.parent().unwrap_or(Path::new(""))
    }
}

/// The first that is there, else the very first.
fn first_file<const N: usize>(beside: PathBuf, others: impl FnOnce() -> [PathBuf; N]) -> PathBuf {
    if beside.is_file() {
        return beside;
    }
    others().into_iter().find(|p| p.is_file()).unwrap_or(beside)
}

/// What stands beside a table of chips.
#[derive(Debug)]
struct Beside {
    items: PathBuf,
    headers: PathBuf,
}

impl Beside {
    /// Of the table of one item in the dataset at `folder`.
    fn of_item(folder: &Path, item: &str) -> Self {
        let name = file_name(item);
        Self {
            items: folder.join(ITEMS).join(format!("_{name}.ndjson")),
            headers: folder.join(HEADERS).join(format!("_{name}.pq")),
        }
    }
}

fn create(
    path: &Path,
    beside: &Beside,
    overwrite: bool,
    headers: bool,
) -> Result<IndexFile, String> {
    for folder in [path, &beside.items].iter().filter_map(|p| p.parent()) {
        if folder != Path::new("") && !folder.is_dir() {
            return Err(format!(
                "cannot write {}: there is no folder {}",
                path.display(),
                folder.display()
            ));
        }
    }
    let file = IndexFile::create(path, Some(&beside.items), overwrite).map_err(|e| chain(&e))?;
    if headers {
        file.with_headers(&beside.headers).map_err(|e| chain(&e))
    } else {
        Ok(file.without_headers(&beside.headers))
    }
}

/// An item to be added.
struct Item<'a> {
    id: &'a str,
    line: ItemLine,
    headers: &'a SceneHeaders,
    found: &'a SceneIndex,
    projector: &'a dyn Projector,
}

impl ItemTable {
    fn of(
        document: &ItemDocument,
        folder: &Path,
        layout: Layout,
        overwrite: bool,
        headers: bool,
    ) -> Self {
        let id = &document.scene.id;
        let name = seen_name(id);
        let (path, beside) = match layout {
            Layout::Dataset => (
                folder.join(format!("{name}.parquet")),
                Some(Beside::of_item(folder, id)),
            ),
            Layout::Upstream => {
                let scene = &document.scene;
                let platform = Platform::of(scene).map(Platform::name);
                let platform = platform
                    .or(scene.collection.as_deref())
                    .unwrap_or("unknown");
                let folder = folder.join("index").join(seen_name(platform)).join(&name);
                (folder.join(format!("index_{name}.parquet")), None)
            }
        };
        Self {
            path,
            beside,
            headers,
            overwrite,
        }
    }

    /// Writes the table, and what stands beside it.
    ///
    /// # Errors
    /// Why it cannot be written; then nothing of it stands.
    pub fn write(
        self,
        document: &ItemDocument,
        headers: &SceneHeaders,
        found: &SceneIndex,
        projector: &dyn Projector,
        made: String,
    ) -> Result<RowCounts, String> {
        let items = self.beside.as_ref().map(|b| b.items.as_path());
        let kept = self
            .beside
            .as_ref()
            .filter(|_| self.headers)
            .map(|b| b.headers.as_path());
        let folders = [Some(self.path.as_path()), items, kept];
        for folder in folders.into_iter().flatten().filter_map(Path::parent) {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let file = IndexFile::create_item(&self.path, items, self.overwrite, made);
        let mut file = file.map_err(|e| chain(&e))?;
        file = match (kept, &self.beside) {
            (Some(kept), _) => file.with_headers(kept).map_err(|e| chain(&e))?,
            (None, Some(beside)) => file.without_headers(&beside.headers),
            (None, None) => file,
        };
        let item = Item::of(document, headers, found, projector);
        let counts = item.append(&mut file).map_err(|f| f.to_string())??;
        file.close().map_err(|e| chain(&e))?;
        Ok(counts)
    }
}

/// What stands where a table is to be written.
enum Standing {
    Nothing,
    /// A table, or something else, and what it says it was made with.
    Table(Option<String>),
}

fn standing(path: &Path) -> Standing {
    if path.symlink_metadata().is_err() {
        return Standing::Nothing;
    }
    Standing::Table(Table::open(path).ok().and_then(|table| table.made_with()))
}

impl<'a> Item<'a> {
    fn of(
        document: &'a ItemDocument,
        headers: &'a SceneHeaders,
        found: &'a SceneIndex,
        projector: &'a dyn Projector,
    ) -> Self {
        Self {
            id: &document.scene.id,
            line: ItemLine {
                href: document.scene.href.clone(),
                item: document.json.clone(),
            },
            headers,
            found,
            projector,
        }
    }

    /// Writes rows until one of the scene's cannot be made: then nothing of it may stay.
    fn append(&self, file: &mut IndexFile) -> Result<Result<RowCounts, String>, Failure> {
        let failed = |e| Failure::failed(chain(&e));
        let mut rows = match self.found.rows(self.projector) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(chain(&error))),
        };
        file.write_item(&self.line).map_err(failed)?;
        file.write_headers(self.id, &self.headers.headers)
            .map_err(failed)?;
        loop {
            match self.found.next_rows(&mut rows) {
                Ok(Some(batch)) => file.write_rows(&batch).map_err(failed)?,
                Ok(None) => break,
                // The reference system was understood above, so this is no fault of the item alone.
                Err(error) => return Err(Failure::failed(chain(&error))),
            }
        }
        Ok(Ok(RowCounts {
            kept: rows.kept(),
            dropped: rows.dropped(),
            nowhere: rows.nowhere(),
        }))
    }
}

/// The same for what tables are looked for in: those whose names start with a dot or an underscore are passed
/// over by readers of folders.
fn seen_name(id: &str) -> String {
    let name = file_name(id);
    if let Some(rest) = name.strip_prefix('.') {
        return format!("%2E{rest}");
    }
    match name.strip_prefix('_') {
        Some(rest) => format!("%5F{rest}"),
        None => name,
    }
}

/// A file name that holds an id, whatever characters are in it: another id, another name, and never
/// a way out of the folder.
pub fn file_name(id: &str) -> String {
    if id.chars().all(|c| c == '.') {
        return id.replace('.', "%2E");
    }
    let mut name = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            other => {
                // Writing to a string does not fail.
                let _ = write!(name, "%{other:02X}");
            }
        }
    }
    name
}

/// The folder of items in a dataset. The files in it start with an underscore, which readers of
/// tables pass over.
const ITEMS: &str = "items";
/// The folder of headers in a dataset; named as the items are.
const HEADERS: &str = "headers";
/// The items of all tables of a merged dataset. No item's own file has this name: in names of
/// ids there is no plus sign.
pub const ALL_ITEMS: &str = "items/_+all.ndjson";
/// The same as stac-geoparquet.
pub const ALL_ITEM_TABLE: &str = "items/_+all.geoparquet";
/// The headers of all tables of a merged dataset.
pub const ALL_HEADERS: &str = "headers/_+all.pq";
/// Endings of files that are no folders.
const OTHER_FILES: [&str; 14] = [
    "tif",
    "tiff",
    "json",
    "geojson",
    "ndjson",
    "jsonl",
    "geoparquet",
    "pq",
    "npz",
    "npy",
    "png",
    "csv",
    "gpkg",
    "fgb",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_file_names() {
        assert_eq!(file_name("S2A_T20HNJ-1.x"), "S2A_T20HNJ-1.x");
        assert_eq!(file_name("a/b é"), "a%2Fb%20%C3%A9");
        assert_eq!(file_name(".."), "%2E%2E");
        assert_eq!(seen_name("_a_.b"), "%5Fa_.b");
        assert_eq!(seen_name(".a"), "%2Ea");
        assert_eq!(seen_name("a._"), "a._");
    }
}
