//! The adapters, as the command line wires them.

use std::{num::NonZeroUsize, sync::Arc};

use stacchip::{
    Addressing, IndexWorld,
    chip::{ChipReader, RasterCache},
    cog::{Codecs, Limits},
    model::Projector,
};
#[cfg(feature = "index")]
use stacchip_adapters::proj::ProjProjector;
use stacchip_adapters::{
    codecs::built_in,
    object::{ObjectOptions, Objects},
};
use tokio::runtime::Runtime;

use crate::Failed;

/// What lives as long as the process: threads, connections, codecs. Nothing of it knows a header.
#[derive(Debug, Clone)]
pub struct World {
    runtime: Arc<Runtime>,
    objects: Arc<Objects>,
    codecs: Arc<Codecs>,
    projector: Arc<dyn Projector>,
    /// Threads that compute.
    pub threads: NonZeroUsize,
}

impl World {
    /// A world with `threads` that compute, and this one that waits.
    ///
    /// # Errors
    /// Where there are no threads to be had.
    pub fn new(threads: NonZeroUsize) -> Result<Self, Failed> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Arc::new(runtime),
            objects: Arc::new(Objects::new(ObjectOptions::default())),
            codecs: Arc::new(built_in()),
            projector: Arc::new(ProjProjector),
            threads,
        })
    }

    /// Runs `work` to its end.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What a run needs, no header known yet: a peer opens its datasets anew for each run too.
    pub fn fresh(&self) -> IndexWorld {
        IndexWorld {
            opener: self.objects.clone(),
            projector: self.projector.clone(),
            codecs: self.codecs.clone(),
            addressing: Addressing::default(),
            rasters: Arc::new(RasterCache::new(1024, Limits::default())),
        }
    }

    /// What has been asked of servers so far.
    pub fn traffic(&self) -> stacchip_adapters::object::Traffic {
        self.objects.traffic()
    }

    /// What reads chips over the headers of `world`.
    pub fn reader(world: &IndexWorld) -> ChipReader {
        ChipReader::new(
            world.opener.clone(),
            world.codecs.clone(),
            world.rasters.clone(),
        )
    }
}

/// Stands where only the suite `index` needs a projector.
#[cfg(not(feature = "index"))]
#[derive(Debug)]
struct ProjProjector;

#[cfg(not(feature = "index"))]
impl Projector for ProjProjector {
    fn project(
        &self,
        from: &stacchip::model::Crs,
        _: &stacchip::model::Crs,
        _: &mut [stacchip::model::Point],
    ) -> Result<(), stacchip::model::ProjectError> {
        self.describe(from).map(drop)
    }

    fn describe(
        &self,
        crs: &stacchip::model::Crs,
    ) -> Result<stacchip::model::CrsSummary, stacchip::model::ProjectError> {
        Err(stacchip::model::ProjectError::UnknownCrs {
            crs: crs.to_string(),
            cause: "built without the feature `index`".into(),
        })
    }
}
