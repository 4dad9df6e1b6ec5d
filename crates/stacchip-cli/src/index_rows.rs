//! Rows of an index, and the items they are of.

use std::collections::{HashMap, HashSet, VecDeque};

use futures::future::try_join_all;

use stacchip::{
    index::{ChipRow, IndexReader, SceneColumns},
    model::Scene,
};

use crate::{
    afar::is_afar,
    args::SelectionArgs,
    beside::{headers_of, items_of},
    commands::row_numbers,
    failure::{Failure, chain},
    output::Output,
    source::only_item,
    tables::tables,
    wiring::{ParquetIndexReader, World},
};

/// Which rows of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChoice {
    /// Every one.
    All,
    /// Those with these numbers, from 0.
    Numbers(Vec<u64>),
    /// Those of these chips.
    Ids(Vec<String>),
    /// Those of which this expression is true.
    Where(String),
    /// Those with these numbers, in order, which were looked for and are there.
    Found(Vec<u64>),
}

/// The rows of chips that were asked for by their ids, one each, by the table they stand in.
type Picked = VecDeque<(u64, Vec<(String, ChipRow)>)>;

impl RowChoice {
    /// As the arguments say.
    ///
    /// # Errors
    /// A failure where they name no row, or not by row.
    pub fn of(selection: &SelectionArgs) -> Result<Self, Failure> {
        if selection.window.is_some() || selection.bbox.is_some() || selection.x.is_some() {
            return Err(Failure::usage(
                "chips of an index are chosen with --row, --id, --where or --all",
            ));
        }
        if selection.all {
            return Ok(Self::All);
        }
        if let Some(text) = &selection.condition {
            return Ok(Self::Where(text.clone()));
        }
        let once = |numbers: &[u64]| {
            let mut seen = HashSet::new();
            numbers
                .iter()
                .copied()
                .filter(|n| seen.insert(*n))
                .collect()
        };
        match (selection.row.is_empty(), selection.id.is_empty()) {
            (false, true) => Ok(Self::Numbers(once(&selection.row))),
            (true, false) => Ok(Self::Ids(selection.id.clone())),
            (false, false) => Err(Failure::usage("give either --row or --id")),
            (true, true) => Err(Failure::usage(
                "which chips of the index? give --row, --id, --where or --all",
            )),
        }
    }

    fn may_be_several(&self) -> bool {
        match self {
            Self::All | Self::Where(_) => true,
            Self::Found(numbers) | Self::Numbers(numbers) => numbers.len() > 1,
            Self::Ids(ids) => ids.len() > 1,
        }
    }
}

/// Chosen rows of an index, in their order, those of one item at a time.
#[derive(Debug)]
pub struct ScenesOfRows {
    index: String,
    choice: RowChoice,
    /// All tables.
    listed: Vec<String>,
    tables: std::vec::IntoIter<String>,
    /// Tables that were opened and not come to yet.
    opened: VecDeque<(String, ParquetIndexReader)>,
    /// Rows that stand before the next table.
    before: u64,
    held: Held,
    /// Nothing until ids are looked for.
    picked: Option<Picked>,
}

/// Rows of one item, which stand one after the other.
#[derive(Debug)]
pub struct RowsOf {
    /// The item.
    pub of: SceneOf,
    /// The rows: one, or more.
    pub rows: Vec<ChipRow>,
}

/// An item, told from all others: ids are of one collection, and addresses of one table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SceneOf {
    table: String,
    collection: Option<String>,
    id: String,
    href: Option<String>,
}

impl SceneOf {
    fn new(table: &str, row: &ChipRow) -> Self {
        Self {
            table: table.to_owned(),
            collection: row.scene.collection.clone(),
            id: row.scene.item_id.clone(),
            href: row.scene.item_href.clone(),
        }
    }

    fn is_of(&self, row: &ChipRow) -> bool {
        let scene = &row.scene;
        self.id == scene.item_id
            && self.collection == scene.collection
            && self.href == scene.item_href
    }
}

/// Rows that were read and not handed out yet, and where they are from.
#[derive(Debug, Default)]
pub struct Held {
    table: String,
    rows: VecDeque<ChipRow>,
    /// The rest of the table, where all of it is wanted.
    rest: Option<ParquetIndexReader>,
    found: Vec<String>,
}

impl ScenesOfRows {
    /// The rows of `choice` in the index at `index`: a table, or a folder of tables by name.
    ///
    /// # Errors
    /// A failure where there is no table.
    pub fn open(index: &str, choice: RowChoice, world: &World) -> Result<Self, Failure> {
        // Listed once: rows are counted through all tables, and one that comes to stand between them moves all behind it.
        let listed = tables(index, world)?;
        let choice = match choice {
            RowChoice::Where(text) => {
                let numbers = row_numbers(&listed, &text, world)?;
                if numbers.is_empty() {
                    return Err(Failure::failed(format!(
                        "{index}: no chip answers to `{text}`"
                    )));
                }
                RowChoice::Found(numbers)
            }
            other => other,
        };
        Ok(Self {
            index: index.to_owned(),
            choice,
            tables: listed.clone().into_iter(),
            listed,
            opened: VecDeque::new(),
            before: 0,
            held: Held::default(),
            picked: None,
        })
    }

    /// Whether more than one row may come.
    pub fn may_be_several(&self) -> bool {
        self.choice.may_be_several()
    }

    /// The next rows of one item, at most some thousand; nothing at the end.
    ///
    /// # Errors
    /// A failure where a table cannot be read, or a row asked for is not there.
    pub async fn next(&mut self, world: &World) -> Result<Option<RowsOf>, Failure> {
        while self.held.rows.is_empty() {
            if !self.read_on(world).await? {
                return self.check_found().map(|()| None);
            }
        }
        let Some(first) = self.held.rows.front() else {
            return Ok(None);
        };
        let of = SceneOf::new(&self.held.table, first);
        let others = self.held.rows.iter().position(|row| !of.is_of(row));
        let count = others.unwrap_or(self.held.rows.len());
        let rows = self.held.rows.drain(..count).collect();
        Ok(Some(RowsOf { of, rows }))
    }

    /// The item that rows which were just handed out are of, or why it cannot be had; its headers are
    /// looked up where they are kept.
    pub async fn scene_of(&mut self, rows: &RowsOf, world: &World) -> Result<Scene, String> {
        let Some(first) = rows.rows.first() else {
            return Err(format!("no row of item {}", rows.of.id));
        };
        let scene = self.held.item_of(&first.scene, world).await;
        let scene = scene.map_err(|failure| failure.to_string())?;
        self.held.headers_of(&first.scene, world).await;
        Ok(scene)
    }

    /// Reads more rows; `false` where there are none.
    async fn read_on(&mut self, world: &World) -> Result<bool, Failure> {
        let failed = |e| Failure::failed(chain(&e));
        if let Some(rest) = &mut self.held.rest {
            if let Some(rows) = rest.read().await.map_err(failed)? {
                self.held.rows.extend(rows);
                return Ok(true);
            }
            self.held.rest = None;
        }
        if self.opened.is_empty() {
            let next: Vec<String> = self.tables.by_ref().take(at_once(&self.index)).collect();
            let readers = next.iter().map(|table| world.index_reader(table));
            let readers = try_join_all(readers).await?;
            self.opened = next.into_iter().zip(readers).collect();
        }
        let Some((table, reader)) = self.opened.pop_front() else {
            return Ok(false);
        };
        if matches!(self.choice, RowChoice::Ids(_)) {
            if self.picked.is_none() {
                self.picked = Some(self.pick(world).await?);
            }
            let here = self.picked.as_mut().and_then(VecDeque::pop_front);
            self.held.table = table;
            if let Some((count, rows)) = here {
                self.before = self.before.saturating_add(count);
                for (id, row) in rows {
                    self.held.found.push(id);
                    self.held.rows.push_back(row);
                }
            }
            return Ok(true);
        }
        let here = self.before..self.before.saturating_add(reader.len());
        self.before = here.end;
        self.held.table = table;
        match &self.choice {
            RowChoice::All => self.held.rest = Some(reader),
            RowChoice::Where(_) | RowChoice::Ids(_) => {}
            RowChoice::Found(numbers) => {
                let first = numbers.partition_point(|n| *n < here.start);
                let end = numbers.partition_point(|n| *n < here.end);
                let inside = numbers.get(first..end).unwrap_or_default();
                for run in inside.chunk_by(|a, b| *b == *a + 1) {
                    if let (Some(from), Some(to)) = (run.first(), run.last()) {
                        let range = from - here.start..to - here.start + 1;
                        self.held
                            .rows
                            .extend(reader.rows(range).await.map_err(failed)?);
                    }
                }
            }
            RowChoice::Numbers(numbers) => {
                for &number in numbers.iter().filter(|n| here.contains(n)) {
                    let row = reader.row(number - here.start).await.map_err(failed)?;
                    self.held.rows.extend(row);
                    self.held.found.push(number.to_string());
                }
            }
        }
        Ok(true)
    }

    /// The chips that are asked for by their ids, in each of the tables that are left. A chip that stands there twice is one.
    async fn pick(&self, world: &World) -> Result<Picked, Failure> {
        let RowChoice::Ids(ids) = &self.choice else {
            return Ok(Picked::new());
        };
        let mut known: HashMap<&str, Vec<ChipRow>> = HashMap::new();
        let mut picked = Picked::new();
        let opened = self.listed.chunks(at_once(&self.index));
        for tables in opened {
            let readers = tables.iter().map(|table| world.index_reader(table));
            for reader in try_join_all(readers).await? {
                let mut here = Vec::new();
                for id in ids {
                    let rows = reader.find(id).await;
                    for (_, row) in rows.map_err(|e| Failure::failed(chain(&e)))? {
                        let of_id = known.entry(id).or_default();
                        if of_id.iter().any(|other| is_same_chip(other, &row)) {
                            continue;
                        }
                        if of_id.is_empty() {
                            here.push((id.clone(), row.clone()));
                        }
                        of_id.push(row);
                    }
                }
                picked.push_back((reader.len(), here));
            }
        }
        let several = ids.iter().find_map(|id| {
            let rows = known.get(id.as_str())?;
            (rows.len() > 1).then_some((id, rows))
        });
        match several {
            Some((id, rows)) => Err(self.several(id, rows)),
            None => Ok(picked),
        }
    }

    /// That `rows` are different chips of one id.
    fn several(&self, id: &str, rows: &[ChipRow]) -> Failure {
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let collection = |row: &ChipRow| {
            let name = row.scene.collection.as_deref();
            name.map_or("IS NULL".to_owned(), |name| format!("= {}", text(name)))
        };
        // What an index says of each chip, and tells them apart.
        let columns: [(&str, Said<'_>); 5] = [
            ("chip_size", &|row| format!("= {}", row.scene.chip_size)),
            ("stride", &|row| format!("= {}", row.scene.stride)),
            ("collection", &collection),
            ("window_col", &|row| format!("= {}", row.window.col)),
            ("window_row", &|row| format!("= {}", row.window.row)),
        ];
        let differs = |value: &dyn Fn(&ChipRow) -> String| {
            let mut values = rows.iter().map(value);
            let first = values.next();
            values.any(|other| Some(other) != first)
        };
        let alone = |value: &dyn Fn(&ChipRow) -> String| {
            rows.iter().map(value).collect::<HashSet<_>>().len() == rows.len()
        };
        let telling: Vec<_> = match columns.iter().find(|(_, v)| alone(*v)) {
            Some(one) => vec![one],
            None => columns.iter().filter(|(_, v)| differs(*v)).collect(),
        };
        let choices = rows.iter().take(TOLD).map(|row| {
            let each = telling.iter().map(|(name, v)| format!("{name} {}", v(row)));
            let each = [format!("chipid = {}", text(id))].into_iter().chain(each);
            format!("--where \"{}\"", each.collect::<Vec<_>>().join(" AND "))
        });
        Failure::failed(format!(
            "{}: {} chips have the id {id}: choose one with {}",
            self.index,
            rows.len(),
            choices.collect::<Vec<_>>().join(" or ")
        ))
    }

    fn check_found(&self) -> Result<(), Failure> {
        let wanted: Vec<String> = match &self.choice {
            RowChoice::All | RowChoice::Where(_) | RowChoice::Found(_) => return Ok(()),
            RowChoice::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
            RowChoice::Ids(ids) => ids.clone(),
        };
        let what = match self.choice {
            RowChoice::Ids(_) => "chip",
            _ => "row",
        };
        match wanted.iter().find(|w| !self.held.found.contains(w)) {
            Some(missing) => Err(Failure::failed(format!(
                "{}: there is no {what} {missing}; the index has {} rows, counted from 0",
                self.index, self.before
            ))),
            None => Ok(()),
        }
    }
}

/// Whether two rows of one id are of one chip: of the same item, grid and pixels.
fn is_same_chip(a: &ChipRow, b: &ChipRow) -> bool {
    let grid = |row: &ChipRow| (row.scene.chip_size, row.scene.stride, row.window);
    a.scene.item_id == b.scene.item_id
        && a.scene.collection == b.scene.collection
        && a.scene.crs == b.scene.crs
        && grid(a) == grid(b)
}

/// What a condition says of a column of a row.
type Said<'a> = &'a dyn Fn(&ChipRow) -> String;

/// Chips of one id that are told.
const TOLD: usize = 4;

/// How many rows an index has.
///
/// # Errors
/// A failure where it cannot be read.
pub async fn row_count(index: &str, world: &World) -> Result<u64, Failure> {
    let mut rows = 0u64;
    for tables in tables(index, world)?.chunks(at_once(index)) {
        let readers = tables.iter().map(|table| world.index_reader(table));
        let readers = try_join_all(readers).await?;
        let here = readers.iter().map(ParquetIndexReader::len);
        rows = here.fold(rows, u64::saturating_add);
    }
    Ok(rows)
}

/// How many tables of an index are opened at once.
fn at_once(index: &str) -> usize {
    if is_afar(index) { AT_ONCE } else { 1 }
}

/// Tables behind addresses that are opened at once.
const AT_ONCE: usize = 32;

impl Held {
    /// The items of `table`, whose rows are known.
    pub fn of(table: String) -> Self {
        Self {
            table,
            ..Self::default()
        }
    }

    /// Has the headers kept of the item of `row` looked up. Where they cannot be read the chips can be
    /// had all the same.
    pub async fn headers_of(&self, row: &SceneColumns, world: &World) {
        let used = match headers_of(&self.table, &row.item_id, world) {
            Ok(Some(address)) => world.use_headers(&address).await,
            Ok(None) => Ok(()),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = used {
            Output::warn(format!("{failure}; headers are read from the assets"));
        }
    }

    /// The item of `row`: from the items kept beside the table, else from its own address.
    ///
    /// # Errors
    /// A failure where it is in neither place, or what is there is another collection's.
    pub async fn item_of(&self, row: &SceneColumns, world: &World) -> Result<Scene, Failure> {
        let scene = self.found(row, world).await?;
        // The id of an item is unique only in its collection.
        match (&row.collection, &scene.collection) {
            (Some(wanted), Some(found)) if wanted != found => Err(Failure::failed(format!(
                "item {} is of collection {wanted}, and the item of that id that was found of collection {found}: keep them apart, in indexes of their own",
                row.item_id
            ))),
            _ => Ok(scene),
        }
    }

    async fn found(&self, row: &SceneColumns, world: &World) -> Result<Scene, Failure> {
        let id = &row.item_id;
        let kept = items_of(&self.table, id, world)?;
        if kept.is_there {
            let of = (id.as_str(), row.collection.as_deref());
            let line = world.items().item(&kept.address, of, world)?;
            if let Some(line) = line {
                let href = line.href.as_deref().or(row.item_href.as_deref());
                return only_item(line.item.as_bytes(), href);
            }
        }
        let Some(href) = &row.item_href else {
            return Err(Failure::failed(format!(
                "item {id} is not kept beside {} ({}), and the index does not say where it is",
                self.table, kept.address
            )));
        };
        let text = world.read_all(href).await.map_err(|failure| {
            Failure::failed(format!(
                "{failure}; nor is item {id} kept beside {}, in {}",
                self.table, kept.address
            ))
        })?;
        only_item(&text, Some(href))
    }
}
