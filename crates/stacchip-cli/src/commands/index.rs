//! `stacchip index`.

use std::sync::Arc;

use futures::{StreamExt, stream::FuturesOrdered};
use serde_json::{Value, json};
use stacchip::{
    IndexOptions, IndexWorld, Progress, SceneHeaders, SceneIndex,
    index::{ChipOptions, Edge},
    index_scene,
    model::{Fraction, Scene, Size},
    scene_headers,
    stats::{ChipStats, RulesFile, StatsChoice, select},
};

use crate::{
    CommandResult, Status,
    args::{EdgeArg, GridArgs, IndexArgs, LayoutArg},
    cutting::on_a_thread,
    failure::{Failure, chain},
    index_files::{IndexFiles, ItemTable, Layout, Place, RowCounts},
    inputs::Inputs,
    output::Output,
    progress::Bar,
    wiring::{ItemDocument, World, addressing, rules},
};

/// Indexes items.
pub fn run(args: &IndexArgs, world: &World, output: Output) -> CommandResult {
    let options = options(args)?;
    let choice: StatsChoice = args.stats.parse().map_err(Failure::usage)?;
    let rules = match &args.rules {
        Some(path) => Some(rules(path)?),
        None => None,
    };
    let made_with = made_with(args)?;
    let inputs = Inputs::find(&args.items)?;
    let layout = match args.layout {
        LayoutArg::Dataset => Layout::Dataset,
        LayoutArg::Upstream => Layout::Upstream,
    };
    let mut files = IndexFiles::at(
        &args.output,
        layout,
        args.overwrite,
        !args.no_headers,
        world,
    )?;
    let indexing = world.index_world(addressing(&args.addresses));
    let indexer = Indexer {
        options,
        choice,
        rules,
        indexing,
        made_with,
        world,
        bar: Bar::new(output, "counting masks"),
    };
    let mut run = Run {
        max_nodata: indexer.options.max_nodata,
        output,
        done: Vec::new(),
        there: 0,
        failed: Vec::new(),
    };
    world.block_on(async {
        run.all(inputs, &mut files, &indexer, world).await?;
        if !run.done.is_empty() || files.is_folder() {
            files.finish(world).await?;
        }
        run.finish(args)
    })
}

/// What is the same for all items.
struct Indexer<'a> {
    options: IndexOptions,
    choice: StatsChoice,
    rules: Option<RulesFile>,
    indexing: IndexWorld,
    made_with: Value,
    world: &'a World,
    bar: Bar,
}

/// What became of an item.
enum Look {
    /// It was looked at.
    At(Box<Looked>),
    /// Its table stands there already.
    Done,
}

/// An item that was looked at.
struct Looked {
    document: ItemDocument,
    found: SceneIndex,
    headers: SceneHeaders,
    /// How many rows it gave, where its table is written already.
    written: Option<RowCounts>,
}

/// One run over all items.
struct Run {
    max_nodata: Fraction,
    output: Output,
    done: Vec<Value>,
    /// Items that a run before this one has indexed.
    there: u64,
    failed: Vec<Value>,
}

impl Run {
    /// Looks at some items at a time; they are told, and written into one table, in their order.
    async fn all(
        &mut self,
        inputs: Inputs,
        files: &mut IndexFiles,
        indexer: &Indexer<'_>,
        world: &World,
    ) -> Result<(), Failure> {
        let at_once = rayon::current_num_threads() * AT_ONCE;
        let mut under_way = FuturesOrdered::new();
        for input in inputs {
            let mut documents = match input.read(world).await {
                Ok(documents) => documents,
                Err(failure) => {
                    self.fail(input.name(), &failure.to_string());
                    continue;
                }
            };
            while let Some(document) = documents.next().await {
                let document = match document {
                    Ok(document) => document,
                    Err(error) => {
                        self.fail(input.name(), &error);
                        continue;
                    }
                };
                let made = indexer.made(&document);
                // Which of two of one id gets in depends on whether the first fails, and on nothing else.
                while files.holds(&document.scene.id)
                    && let Some(looked) = under_way.next().await
                {
                    self.settle(looked, files, indexer)?;
                }
                match files.check(&document, &made, world) {
                    Ok(Place::Free(table)) => {
                        under_way.push_back(indexer.look(document, table, made));
                    }
                    Ok(Place::Done) => self.there += 1,
                    Err(error) => self.fail(&document.scene.id, &error),
                }
                while under_way.len() >= at_once {
                    if let Some(looked) = under_way.next().await {
                        self.settle(looked, files, indexer)?;
                    }
                }
            }
        }
        while let Some(looked) = under_way.next().await {
            self.settle(looked, files, indexer)?;
        }
        Ok(())
    }

    /// Tells what became of an item, and adds it to the table of all.
    fn settle(
        &mut self,
        looked: Result<Look, (String, String)>,
        files: &mut IndexFiles,
        indexer: &Indexer<'_>,
    ) -> Result<(), Failure> {
        let looked = match looked {
            Ok(Look::At(looked)) => *looked,
            Ok(Look::Done) => {
                self.there += 1;
                return Ok(());
            }
            Err((id, message)) => {
                files.forget(&id);
                self.fail(&id, &message);
                return Ok(());
            }
        };
        let Looked {
            document,
            found,
            headers,
            written,
        } = looked;
        let id = &document.scene.id;
        let counts = match written {
            Some(counts) => Ok(counts),
            None => files.add(
                &document,
                &headers,
                &found,
                indexer.indexing.projector.as_ref(),
            )?,
        };
        match counts {
            Ok(counts) => self.tell(id, &found, &headers, counts),
            Err(message) => {
                files.forget(id);
                self.fail(id, &message);
            }
        }
        Ok(())
    }

    fn tell(&mut self, id: &str, found: &SceneIndex, headers: &SceneHeaders, counts: RowCounts) {
        for (asset, why) in &headers.left_out {
            self.output.detail(format!(
                "item {id}: the header of {asset} is not kept with the index: {why}"
            ));
        }
        for contradiction in &found.contradictions {
            Output::warn(contradiction);
        }
        self.output.note(format!(
            "{id}: {} chips, {} dropped (more than {} without data)",
            counts.kept, counts.dropped, self.max_nodata
        ));
        if found.chips.is_empty() {
            let size = found.chips.grid().size;
            Output::warn(format!(
                "item {id}: its {} x {} pixels hold no whole chip of {}; --edge keep keeps partial ones",
                size.width,
                size.height,
                found.chips.chip_size()
            ));
        }
        if counts.nowhere > 0 {
            Output::warn(format!(
                "item {id}: {} chips have no place on the globe and were left out",
                counts.nowhere
            ));
        }
        self.done.push(json!({
            "item": id,
            "rows": counts.kept,
            "dropped": counts.dropped,
            "nowhere": counts.nowhere,
            "x_size": found.chips.columns(),
            "y_size": found.chips.rows(),
            "headers": headers.headers.len(),
            "warnings": found
                .contradictions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        }));
    }

    fn fail(&mut self, item: &str, error: &str) {
        Output::error(error);
        self.failed.push(json!({ "item": item, "error": error }));
    }

    fn finish(self, args: &IndexArgs) -> CommandResult {
        let count = |key: &str| -> u64 { self.done.iter().filter_map(|d| d[key].as_u64()).sum() };
        let (rows, dropped) = (count("rows"), count("dropped"));
        let wrote_nothing = self.done.is_empty() && self.there == 0;
        self.output.document(&json!({
            "index": if wrote_nothing { Value::Null } else { json!(args.output) },
            "rows": rows,
            "dropped": dropped,
            "items": self.done,
            "already_there": self.there,
            "failed": self.failed,
        }))?;
        if wrote_nothing {
            return Err(Failure::Told);
        }
        let there = match self.there {
            0 => String::new(),
            there => format!(" ({there} item(s) were there already)"),
        };
        self.output.done(format!(
            "{rows} chips of {} item(s) → {}{there}",
            self.done.len(),
            args.output
        ))?;
        Ok(if self.failed.is_empty() {
            Status::Done
        } else {
            Status::Partly
        })
    }
}

impl Indexer<'_> {
    /// What the table of an item is made with: the settings, and the item as it is.
    fn made(&self, document: &ItemDocument) -> String {
        let mut made = self.made_with.clone();
        made["item"] = json!(format!("{:016x}", fingerprint(document.json.as_bytes())));
        // Relative addresses in it lead elsewhere from elsewhere.
        let read = document.scene.href.as_deref().map(place_of);
        made["read"] = json!(read.map(|at| format!("{:016x}", fingerprint(at.as_bytes()))));
        made.to_string()
    }

    /// Looks at an item, and writes its table, where it has one of its own. An error comes with the
    /// item's id.
    async fn look(
        &self,
        document: ItemDocument,
        table: Option<ItemTable>,
        made: String,
    ) -> Result<Look, (String, String)> {
        let id = document.scene.id.clone();
        let failed = |message: String| (id.clone(), message);
        if let Some(table) = &table
            && table.is_done(&made, self.world).await.map_err(failed)?
        {
            return Ok(Look::Done);
        }
        let (found, headers) = self
            .index(&document.scene, &self.bar)
            .await
            .map_err(failed)?;
        let Some(table) = table else {
            return Ok(Look::At(Box::new(Looked {
                document,
                found,
                headers,
                written: None,
            })));
        };
        let projector = Arc::clone(&self.indexing.projector);
        let write = move || {
            let staged = table.staged()?;
            let (here, made_so) = (staged.as_ref(), made.clone());
            let projector = projector.as_ref();
            let counts = table.write(here, &document, &headers, &found, projector, made_so)?;
            let looked = Looked {
                document,
                found,
                headers,
                written: Some(counts),
            };
            Ok((looked, table, staged, made))
        };
        let written = on_a_thread(write).await.unwrap_or_else(|| {
            Err("its table could not be written: the work was broken off".to_owned())
        });
        let (looked, table, staged, made) = written.map_err(failed)?;
        if let Some(staged) = staged {
            let stored = table.store(staged, &made, self.world).await;
            if !stored.map_err(failed)? {
                return Ok(Look::Done);
            }
        }
        Ok(Look::At(Box::new(looked)))
    }

    async fn index(
        &self,
        scene: &Scene,
        progress: &dyn Progress,
    ) -> Result<(SceneIndex, SceneHeaders), String> {
        let selection = select(&self.choice, self.rules.as_ref(), scene).map_err(|e| chain(&e))?;
        for warning in &selection.warnings {
            Output::warn(warning);
        }
        let rule: Arc<dyn ChipStats> = Arc::from(selection.rule);
        let name = rule.name().to_owned();
        let headers = async {
            if self.options.headers {
                scene_headers(scene, &self.indexing).await
            } else {
                Ok(SceneHeaders::default())
            }
        };
        let found = index_scene(scene, rule, &self.options, &self.indexing, progress);
        let (found, headers) = futures::join!(found, headers);
        let found = found.map_err(|e| chain(&e))?;
        let headers = headers.map_err(|e| {
            format!(
                "{}; headers of assets are kept with the index unless --no-headers is said",
                chain(&e)
            )
        })?;
        if found.undeclared && selection.warn_if_undeclared {
            Output::warn(format!(
                "item {}: the rule {name} found no mask, alpha or nodata value: all pixels count as data",
                scene.id
            ));
        }
        Ok((found, headers))
    }
}

/// The settings that decide what is in a table: a table made with others is another table.
fn made_with(args: &IndexArgs) -> Result<Value, Failure> {
    let rules = match &args.rules {
        Some(path) => {
            let text = std::fs::read(path).map_err(|e| Failure::of(path.display(), &e))?;
            Some(format!("{:016x}", fingerprint(&text)))
        }
        None => None,
    };
    Ok(json!({
        "chip_size": args.grid.chip_size,
        "stride": args.grid.stride.unwrap_or(args.grid.chip_size),
        "edge": matches!(args.grid.edge, EdgeArg::Keep).then_some("keep").unwrap_or("drop"),
        "shape": args.grid.shape.map(|(h, w)| [h, w]),
        "max_nodata": args.max_nodata,
        "stats": args.stats,
        "rules": rules,
        "headers": !args.no_headers,
        "mount": args.addresses.mount,
        "alternate": args.addresses.alternate,
        "item_root": args.addresses.item_root,
    }))
}

/// Where `href` is, however it is signed, or typed.
fn place_of(href: &str) -> String {
    if href.contains("://") {
        let end = href.find(['?', '#']).unwrap_or(href.len());
        return href.get(..end).unwrap_or(href).to_owned();
    }
    let whole = std::path::absolute(href);
    whole.map_or_else(|_| href.to_owned(), |p| p.to_string_lossy().into_owned())
}

/// A number that another text has not, but by chance: FNV-1a, 64 bit
/// (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// How chips lie, as the arguments say.
pub fn chip_options(grid: &GridArgs) -> ChipOptions {
    ChipOptions {
        chip_size: grid.chip_size,
        stride: grid.stride,
        edge: match grid.edge {
            EdgeArg::Drop => Edge::Drop,
            EdgeArg::Keep => Edge::Keep,
        },
    }
}

fn options(args: &IndexArgs) -> Result<IndexOptions, Failure> {
    Ok(IndexOptions {
        chips: chip_options(&args.grid),
        shape: args.grid.shape.map(|(h, w)| Size::new(w, h)),
        max_nodata: Fraction::new(args.max_nodata)
            .map_err(|e| Failure::usage(format!("--max-nodata: {e}")))?,
        headers: !args.no_headers,
    })
}

/// Items looked at for each thread: while some wait for bytes, others compute.
const AT_ONCE: usize = 4;
