//! `stacchip index`.

use std::sync::Arc;

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
    args::{EdgeArg, GridArgs, IndexArgs},
    failure::{Failure, chain},
    index_files::{IndexFiles, RowCounts},
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
    let inputs = Inputs::find(&args.items)?;
    let files = IndexFiles::at(&args.output, args.overwrite, !args.no_headers)?;
    let indexing = world.index_world(addressing(
        args.mount.as_deref(),
        args.alternate.as_deref(),
        args.item_root.as_deref(),
    ));
    world.block_on(async {
        let mut run = Run {
            options,
            choice,
            rules,
            indexing,
            output,
            done: Vec::new(),
            failed: Vec::new(),
        };
        run.all(inputs, files, world).await?;
        run.finish(args)
    })
}

/// One run over all items.
struct Run {
    options: IndexOptions,
    choice: StatsChoice,
    rules: Option<RulesFile>,
    indexing: IndexWorld,
    output: Output,
    done: Vec<Value>,
    failed: Vec<Value>,
}

impl Run {
    async fn all(
        &mut self,
        inputs: Inputs,
        mut files: IndexFiles,
        world: &World,
    ) -> Result<(), Failure> {
        let bar = Bar::new(self.output, "counting masks");
        for input in inputs {
            match input.read(world).await {
                Ok(documents) => {
                    for document in documents {
                        match document {
                            Ok(document) => self.one(&document, &mut files, &bar).await?,
                            Err(error) => self.fail(input.name(), &chain(&error)),
                        }
                    }
                }
                Err(failure) => self.fail(input.name(), &failure.to_string()),
            }
        }
        if !self.done.is_empty() {
            files.finish()?;
        }
        Ok(())
    }

    async fn one(
        &mut self,
        document: &ItemDocument,
        files: &mut IndexFiles,
        bar: &Bar,
    ) -> Result<(), Failure> {
        let id = &document.scene.id;
        if let Err(error) = files.check(id) {
            self.fail(id, &error);
            return Ok(());
        }
        let written = match self.index(&document.scene, bar).await {
            Ok((found, headers)) => files
                .add(document, &headers, &found, self.indexing.projector.as_ref())?
                .map(|counts| (found, headers, counts)),
            Err(message) => Err(message),
        };
        match written {
            Ok((found, headers, counts)) => self.tell(id, &found, &headers, counts),
            Err(message) => self.fail(id, &message),
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
            counts.kept, counts.dropped, self.options.max_nodata
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

    fn fail(&mut self, item: &str, error: &str) {
        Output::error(error);
        self.failed.push(json!({ "item": item, "error": error }));
    }

    fn finish(self, args: &IndexArgs) -> CommandResult {
        let count = |key: &str| -> u64 { self.done.iter().filter_map(|d| d[key].as_u64()).sum() };
        let (rows, dropped) = (count("rows"), count("dropped"));
        let wrote_nothing = self.done.is_empty();
        self.output.document(&json!({
            "index": if wrote_nothing { Value::Null } else { json!(args.output) },
            "rows": rows,
            "dropped": dropped,
            "items": self.done,
            "failed": self.failed,
        }))?;
        if wrote_nothing {
            return Err(Failure::Told);
        }
        self.output.done(format!(
            "{rows} chips of {} item(s) → {}",
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
