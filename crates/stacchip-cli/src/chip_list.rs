//! The chips of an index as a list, and what to ask for each of them.

use std::{collections::HashMap, sync::Arc};

use stacchip::{
    SceneChips, Shaping,
    chip::{Alignment, ChipRequest, Edge, batch::WantedChip},
    cubes::{ChipLabel, model_bands},
    index::IndexReader,
    model::{CrsKind, Fraction, Scene, Window},
};

use crate::{
    args::{AssetArgs, ChipListArgs},
    commands::{Cutting, scene_chips},
    failure::{Failure, chain},
    index_rows::Held,
    output::Output,
    tables::tables,
    wiring::World,
};

/// The chips of an index, in its order.
#[derive(Debug)]
pub struct ChipList {
    tables: Vec<String>,
    chips: Vec<(u32, ChipLabel)>,
    /// Rows that were left out.
    pub left_out: u64,
}

impl ChipList {
    /// The chips of the index at `index` that the arguments ask for. With `parity` a limit is compared as the Python
    /// package does, in double precision.
    ///
    /// # Errors
    /// A failure where the index cannot be read.
    pub async fn read(
        index: &str,
        args: &ChipListArgs,
        max_nodata: Option<f64>,
        parity: bool,
        world: &World,
    ) -> Result<Self, Failure> {
        let within = |share: Fraction, most: Option<f64>| match most {
            Some(most) if parity => share.get() <= most,
            Some(most) => share.is_at_most(most),
            None => true,
        };
        let mut list = Self {
            tables: tables(index, world)?,
            chips: Vec::new(),
            left_out: 0,
        };
        let failed = |e| Failure::failed(chain(&e));
        let mut number = 0;
        for (table, path) in (0u32..).zip(&list.tables) {
            let mut reader = world.index_reader(path).await?;
            while let Some(rows) = reader.read().await.map_err(failed)? {
                for row in &rows {
                    let known = |wanted: &String| row.scene.platform.as_ref() == Some(wanted);
                    let wanted = args.platform.as_ref().is_none_or(known)
                        && within(row.quality.nodata, max_nodata)
                        && within(row.quality.cloud, args.max_cloud);
                    if wanted {
                        list.chips.push((table, ChipLabel::of(number, row)));
                    } else {
                        list.left_out += 1;
                    }
                    number += 1;
                }
            }
        }
        Ok(list)
    }

    /// How many there are.
    ///
    /// # Errors
    /// A failure where they are more than are drawn from.
    pub fn count(&self) -> Result<u32, Failure> {
        u32::try_from(self.chips.len()).map_err(|_| {
            Failure::failed("more than four thousand million chips: choose among them")
        })
    }

    /// All of them.
    pub fn labels(&self) -> impl Iterator<Item = &ChipLabel> {
        self.chips.iter().map(|(_, label)| label)
    }

    /// One of them.
    pub fn label(&self, place: u32) -> Option<&ChipLabel> {
        Some(&self.chips.get(place as usize)?.1)
    }

    /// The platform of all of them; `mixed` where they are of several.
    pub fn platform(&self) -> &str {
        let name = |label: &'_ ChipLabel| label.scene.platform.clone();
        let mut labels = self.labels();
        let first = labels.next();
        let same = first.is_some_and(|first| labels.all(|l| l.scene.platform == name(first)));
        match first.and_then(|first| first.scene.platform.as_deref()) {
            Some(platform) if same => platform,
            None if same => "unknown",
            _ => "mixed",
        }
    }
}

/// The items of chips, opened once each.
pub struct OpenScenes<'a> {
    args: &'a ChipListArgs,
    world: &'a World,
    output: Output,
    shaping: Shaping,
    held: HashMap<u32, Held>,
    known: HashMap<ItemKey, OpenScene>,
}

/// What an item is told by from all others: its table, its id and its collection.
pub type ItemKey = (u32, String, Option<String>);

/// An item whose chips can be asked for, or why they cannot.
pub type OpenScene = Result<Arc<SceneRequests>, Arc<str>>;

/// What to ask for the chips of an item.
#[derive(Debug)]
pub struct SceneRequests {
    /// What the item is told by.
    pub item: ItemKey,
    /// The item.
    pub scene: Scene,
    /// The keys of its assets that chips are made of, in their order.
    pub keys: Vec<String>,
    /// What its reference system measures.
    pub crs_kind: Option<CrsKind>,
    /// Whether nothing of it is on this machine's disks.
    pub remote: bool,
    crs: String,
    /// Of a chip that lies within the item, and of one that reaches over its edge.
    within: Arc<ChipRequest>,
    over: Arc<ChipRequest>,
}

impl<'a> OpenScenes<'a> {
    /// None so far; chips are read as `parity` and `edge` say.
    pub fn new(
        args: &'a ChipListArgs,
        parity: bool,
        edge: Edge,
        world: &'a World,
        output: Output,
    ) -> Self {
        let alignment = if parity {
            Alignment::Upstream
        } else {
            Alignment::PixelCentres
        };
        Self {
            args,
            world,
            output,
            shaping: Shaping {
                alignment,
                edge,
                ..Shaping::default()
            },
            held: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// The item of the chip at `place`.
    pub async fn of(&mut self, list: &ChipList, place: u32) -> OpenScene {
        let Some((table, label)) = list.chips.get(place as usize) else {
            return Err("there is no such chip".into());
        };
        let scene = &label.scene;
        let key = (*table, scene.item_id.clone(), scene.collection.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        if self.held.len() >= KEPT_TABLES {
            self.held.clear();
        }
        let opened = self.open(list, key.clone(), label).await;
        let opened = opened
            .map(Arc::new)
            .map_err(|failure| failure.to_string().into());
        self.known.insert(key, opened.clone());
        opened
    }

    async fn open(
        &mut self,
        list: &ChipList,
        item: ItemKey,
        label: &ChipLabel,
    ) -> Result<SceneRequests, Failure> {
        let table = item.0;
        let held = self.held.entry(table).or_insert_with(|| {
            let path = list.tables.get(table as usize);
            Held::of(path.cloned().unwrap_or_default())
        });
        let scene = held.item_of(&label.scene, self.world).await?;
        held.headers_of(&label.scene, self.world).await;
        let args = self.args;
        let by_default = || model_bands(&scene).filter(|_| args.assets.exclude.is_empty());
        let wanted = if args.assets.wanted.is_empty() {
            by_default().unwrap_or_default()
        } else {
            args.assets.wanted.clone()
        };
        let cutting = Cutting {
            assets: AssetArgs {
                wanted,
                exclude: args.assets.exclude.clone(),
            },
            addresses: args.addresses.clone(),
            ..Cutting::default()
        };
        let chips: SceneChips = scene_chips(&cutting, &scene, self.world, self.output).await?;
        let crs = &chips.chips.grid().crs;
        let crs_kind = self.world.projector().describe(crs).ok().map(|s| s.kind);
        let nowhere = Window::new(0, 0, 1, 1);
        let mut within = chips.request(nowhere, self.shaping);
        let keys = within.assets.iter().map(|a| a.key.clone()).collect();
        // Items may call an asset differently: it is called as it was asked for, so that it is the same in
        // all of them. Where names were of bands of one asset they are fewer.
        if args.assets.wanted.len() == within.assets.len() {
            for (asset, name) in within.assets.iter_mut().zip(&args.assets.wanted) {
                asset.key.clone_from(name);
            }
        }
        let over = ChipRequest {
            edge: Edge::Masked,
            ..within.clone()
        };
        let remote = |address: &str| address.contains("://") && !address.starts_with("file:");
        Ok(SceneRequests {
            item,
            keys,
            crs: crs.to_string(),
            crs_kind,
            remote: within.assets.iter().any(|asset| remote(&asset.address)),
            within: Arc::new(within),
            over: Arc::new(over),
            scene,
        })
    }
}

impl SceneRequests {
    /// What to read for a chip of it: all of its square, also where that reaches over the edge.
    ///
    /// # Errors
    /// Why not, where the row is not of the item that was found.
    pub fn wanted(&self, label: &ChipLabel) -> Result<WantedChip, Arc<str>> {
        if label.scene.crs != self.crs {
            return Err(format!(
                "item {} is in {}, its rows in the index are in {}: they are not of this item",
                self.scene.id, self.crs, label.scene.crs
            )
            .into());
        }
        let size = label.scene.chip_size;
        let within = (label.window.width, label.window.height) == (size, size);
        Ok(WantedChip {
            like: Arc::clone(if within { &self.within } else { &self.over }),
            window: Window::new(label.window.col, label.window.row, size, size),
        })
    }
}

/// Items kept open, at some tens of KiB each: as many as a cube is shuffled of.
const KEPT: usize = 4096;
/// Tables whose items are kept.
const KEPT_TABLES: usize = 64;
