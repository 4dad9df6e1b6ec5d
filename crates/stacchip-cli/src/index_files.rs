//! Where an index goes: one file, or a folder with one file an item.

use std::{collections::HashSet, fs, path::Path};

use stacchip::{
    SceneHeaders, SceneIndex, WriteErrorKind,
    model::{Platform, Projector},
};

use crate::{
    afar::{is_afar, unwritten, without_query},
    beside::{Beside, joined},
    failure::{Failure, chain},
    folder_lock::FolderLock,
    item_names::seen_name,
    staged_tables::{Orphans, StagedTables},
    tables::{is_table, local, spelt},
    target::{exists, writable},
    wiring::{IndexFile, ItemDocument, ItemLine, Table, World},
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
    One(Box<IndexFile>, Option<StagedTables>),
    /// A folder, one table an item.
    Folder {
        /// The folder, or its address.
        path: String,
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
    path: String,
    /// Nothing stands beside upstream's.
    beside: Option<Beside>,
    headers: bool,
    overwrite: bool,
    /// Whether a table stands there, which may be it.
    is_there: bool,
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
        world: &World,
    ) -> Result<Self, Failure> {
        if is_table(output) {
            if layout == Layout::Upstream {
                return Err(Failure::usage(format!(
                    "{output}: the layout of upstream is a folder, and this names a table"
                )));
            }
            return Self::one(output, overwrite, headers, world);
        }
        let ending = Path::new(without_query(output).0).extension();
        let ending = ending.and_then(|e| e.to_str());
        if ending.is_some_and(|e| OTHER_FILES.iter().any(|f| e.eq_ignore_ascii_case(f))) {
            return Err(Failure::usage(format!(
                "{output}: an index is a file ending in .parquet, or a folder"
            )));
        }
        let (path, lock) = if is_afar(output) {
            writable(output)?;
            // What stands there is known from now on; what comes there meanwhile is not replaced.
            world.afar()?.list(output)?;
            (spelt(output), None)
        } else {
            let path = local(output);
            if Path::new(&path).exists() && !Path::new(&path).is_dir() {
                return Err(Failure::failed(format!(
                    "{output} stands there and is no folder"
                )));
            }
            let lock = FolderLock::take(Path::new(&path))?;
            (path, Some(lock))
        };
        let target = Target::Folder {
            path,
            layout,
            overwrite,
        };
        Ok(Self::of(target, headers, lock))
    }

    fn one(output: &str, overwrite: bool, headers: bool, world: &World) -> Result<Self, Failure> {
        if is_afar(output) {
            writable(output)?;
            let output = spelt(output);
            if !overwrite && world.afar()?.standing(&output)?.is_some() {
                return Err(exists(&output));
            }
            let beside = Beside::of_table(&output);
            let staged = StagedTables::new(output, Some(beside), overwrite)?;
            let file = staged.create(headers).map_err(Failure::failed)?;
            let target = Target::One(Box::new(file), Some(staged));
            return Ok(Self::of(target, headers, None));
        }
        let path = local(output);
        let beside = Beside::of_table(&path);
        let lock = FolderLock::beside(Path::new(&path));
        let file = create(Path::new(&path), &beside, overwrite, headers);
        let target = Target::One(Box::new(file.map_err(Failure::failed)?), None);
        Ok(Self::of(target, headers, lock))
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
    pub fn check(
        &mut self,
        document: &ItemDocument,
        made: &str,
        world: &World,
    ) -> Result<Place, String> {
        let id = &document.scene.id;
        if self.items.contains(id) {
            return Err(format!(
                "item {id} is given twice: the ids of its chips would be the same"
            ));
        }
        let place = match &self.target {
            Target::One(..) => Place::Free(None),
            Target::Folder {
                path,
                layout,
                overwrite,
            } => {
                let mut table = ItemTable::of(document, path, *layout, *overwrite, self.headers);
                if is_afar(&table.path) {
                    let standing = world.afar().and_then(|afar| afar.standing(&table.path));
                    let standing = standing.map_err(|failure| failure.to_string())?;
                    // What it was made with is asked for with others at once.
                    table.is_there = standing.is_some() && !*overwrite;
                    Place::Free(Some(table))
                } else {
                    match standing(Path::new(&table.path)) {
                        Standing::Table(_) if *overwrite => Place::Free(Some(table)),
                        Standing::Table(other) if other.as_deref() == Some(made) => Place::Done,
                        Standing::Table(_) => return Err(made_otherwise(&table.path)),
                        Standing::Nothing => Place::Free(Some(table)),
                    }
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
            Target::One(file, _) => item.append(file),
            Target::Folder { .. } => Ok(Err("it has a table of its own".to_owned())),
        }
    }

    /// Gives the index its final name.
    ///
    /// # Errors
    /// A failure where it cannot be written.
    pub async fn finish(self, world: &World) -> Result<(), Failure> {
        let Target::One(file, staged) = self.target else {
            return Ok(());
        };
        file.close().map_err(|e| Failure::failed(chain(&e)))?;
        match staged {
            Some(staged) => {
                let stored = staged.store(world.afar()?, Orphans::AreKept).await;
                stored.map_err(|e| unwritten(&e))
            }
            None => Ok(()),
        }
    }
}

/// A local index with what stands beside it.
///
/// # Errors
/// Why it cannot be written.
pub fn create(
    path: &Path,
    beside: &Beside,
    overwrite: bool,
    headers: bool,
) -> Result<IndexFile, String> {
    let (items, kept) = (Path::new(&beside.items), Path::new(&beside.headers));
    for folder in [path, items].iter().filter_map(|p| p.parent()) {
        if folder != Path::new("") && !folder.is_dir() {
            return Err(format!(
                "cannot write {}: there is no folder {}",
                path.display(),
                folder.display()
            ));
        }
    }
    let file = IndexFile::create(path, Some(items), overwrite).map_err(|e| chain(&e))?;
    if headers {
        file.with_headers(kept).map_err(|e| chain(&e))
    } else {
        Ok(file.without_headers(kept))
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
        folder: &str,
        layout: Layout,
        overwrite: bool,
        headers: bool,
    ) -> Self {
        let id = &document.scene.id;
        let name = seen_name(id);
        let (path, beside) = match layout {
            Layout::Dataset => (
                joined(folder, &format!("{name}.parquet")),
                Some(Beside::of_item(folder, id)),
            ),
            Layout::Upstream => {
                let scene = &document.scene;
                let platform = Platform::of(scene).map(Platform::name);
                let platform = platform
                    .or(scene.collection.as_deref())
                    .unwrap_or("unknown");
                (joined(folder, &upstream_path(platform, id)), None)
            }
        };
        Self {
            path,
            beside,
            headers,
            overwrite,
            is_there: false,
        }
    }

    /// Whether it stands behind its address already, `made` so.
    ///
    /// # Errors
    /// Why what stands there is not it, or cannot be read.
    pub async fn is_done(&self, made: &str, world: &World) -> Result<bool, String> {
        if self.is_there {
            self.stands(made, world).await
        } else {
            Ok(false)
        }
    }

    async fn stands(&self, made: &str, world: &World) -> Result<bool, String> {
        let afar = world.afar().map_err(|failure| failure.to_string())?;
        let opened = afar.open_now(&self.path).await;
        let Some((reader, size)) = opened.map_err(|failure| failure.to_string())? else {
            return Ok(false);
        };
        let table = Table::open_afar(reader, size).await;
        if table.is_ok_and(|table| table.made_with().as_deref() == Some(made)) {
            Ok(true)
        } else {
            Err(made_otherwise(&self.path))
        }
    }

    /// The files of this machine that it is written to, and what is to become of them, where it stands elsewhere.
    ///
    /// # Errors
    /// Why there are none.
    pub fn staged(&self) -> Result<Option<StagedTables>, String> {
        if !is_afar(&self.path) {
            return Ok(None);
        }
        let staged = StagedTables::new(self.path.clone(), self.beside.clone(), self.overwrite);
        staged.map(Some).map_err(|failure| failure.to_string())
    }

    /// Stores what was written, `made` so; `false` where another run has just stored the same.
    ///
    /// # Errors
    /// Why it cannot be stored.
    pub async fn store(
        &self,
        staged: StagedTables,
        made: &str,
        world: &World,
    ) -> Result<bool, String> {
        let afar = world.afar().map_err(|failure| failure.to_string())?;
        match staged.store(afar, Orphans::AreReplaced).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == WriteErrorKind::Exists => {
                self.stands(made, world).await.map(|_| false)
            }
            Err(error) => Err(chain(&error)),
        }
    }

    /// Writes the table, and what stands beside it; where it is to stand elsewhere, the files that were `staged`.
    ///
    /// # Errors
    /// Why it cannot be written; then nothing of it stands.
    pub fn write(
        &self,
        staged: Option<&StagedTables>,
        document: &ItemDocument,
        headers: &SceneHeaders,
        found: &SceneIndex,
        projector: &dyn Projector,
        made: String,
    ) -> Result<RowCounts, String> {
        let (path, beside) = match staged {
            Some(staged) => (staged.table(), staged.beside_here()),
            None => (self.path.clone(), self.beside.clone()),
        };
        let path = Path::new(&path);
        let items = beside.as_ref().map(|b| Path::new(&b.items));
        let place = beside.as_ref().map(|b| Path::new(&b.headers));
        let kept = place.filter(|_| self.headers);
        let folders = [Some(path), items, kept];
        for folder in folders.into_iter().flatten().filter_map(Path::parent) {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let file = IndexFile::create_item(path, items, self.overwrite, made);
        let mut file = file.map_err(|e| chain(&e))?;
        file = match (kept, place) {
            (Some(kept), _) => file.with_headers(kept).map_err(|e| chain(&e))?,
            (None, Some(place)) => file.without_headers(place),
            (None, None) => file,
        };
        let item = Item::of(document, headers, found, projector);
        let counts = item.append(&mut file).map_err(|f| f.to_string())??;
        file.close().map_err(|e| chain(&e))?;
        Ok(counts)
    }
}

/// Where upstream has the table of an item in a dataset.
pub fn upstream_path(platform: &str, item: &str) -> String {
    let (platform, item) = (seen_name(platform), seen_name(item));
    format!("index/{platform}/{item}/index_{item}.parquet")
}

fn made_otherwise(path: &str) -> String {
    format!(
        "{path} exists already, made with other settings or from another version of the item: say --overwrite to replace it"
    )
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
