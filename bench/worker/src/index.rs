//! An index of a scene: chip grid, cloud and nodata, `GeoParquet` on disk.

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};
use stacchip::{
    IndexOptions, index_scene,
    model::Fraction,
    stats::{StatsChoice, select},
};
use stacchip_adapters::{
    parquet::{IndexFile, ItemLine, items_address},
    stac::ItemDocument,
};

use crate::{Failed, contender::Contender, job::Job, world::World};

/// An index of a scene, as `stacchip index --no-headers` makes it.
#[derive(Debug)]
pub struct Index {
    world: World,
    job: Job,
}

impl Index {
    /// The index of the item of `job`, which is not read yet.
    pub const fn new(world: World, job: Job) -> Self {
        Self { world, job }
    }
}

impl Contender for Index {
    fn run(&mut self) -> Result<Value, Failed> {
        let ItemDocument { scene, json } = self.job.item.document()?;
        let choice = match self.job.kind.as_deref() {
            Some("sentinel2") => StatsChoice::Sentinel2Scl,
            Some("landsat") => StatsChoice::LandsatQa,
            Some("nostats") => StatsChoice::None,
            other => return Err(format!("no rule is called {other:?}").into()),
        };
        let rule = select(&choice, None, &scene)?.rule;
        let options = IndexOptions {
            chips: self.job.chip_options(),
            shape: None,
            max_nodata: Fraction::new(0.5)?,
            headers: false,
        };
        let world = self.world.fresh();
        let indexing = index_scene(&scene, Arc::from(rule), &options, &world, &());
        let found = self.world.block_on(indexing)?;
        let mut rows = found.rows(world.projector.as_ref())?;
        let mut file = match &self.job.out {
            Some(out) => Some(open(out)?),
            None => None,
        };
        if let Some(file) = &mut file {
            let href = scene.href.clone();
            file.write_item(&ItemLine { href, item: json })?;
        }
        while let Some(batch) = found.next_rows(&mut rows)? {
            if let Some(file) = &mut file {
                file.write_rows(&batch)?;
            }
        }
        if let Some(file) = file {
            file.close()?;
        }
        Ok(json!({ "chips": found.chips.len(), "kept": rows.kept() }))
    }
}

fn open(out: &Path) -> Result<IndexFile, Failed> {
    let items = items_address(&out.to_string_lossy());
    Ok(IndexFile::create(out, Some(Path::new(&items)), true)?)
}
