//! From a wanted chip to a plan: headers and tables are read here, as far as they are not known.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::try_join_all;
use stacchip_cog::fetch_tables;

use super::{WantedChip, planned::Planned};
use crate::{ChipError, ChipReader, ChipRequest, PlannedArray, Raster, chip_reader::plan};

/// Makes plans of wanted chips.
#[derive(Debug)]
pub(super) struct Preparing {
    reader: ChipReader,
    /// The rasters of requests that chips were like lately, by the place of the request in memory;
    /// the request is kept with them, so that its place is no other's.
    known: Mutex<HashMap<usize, Known>>,
}

type Known = (Arc<ChipRequest>, Arc<[Arc<Raster>]>);

impl Preparing {
    pub(super) fn new(reader: ChipReader) -> Self {
        Self {
            reader,
            known: Mutex::default(),
        }
    }

    /// The plan of `wanted`.
    ///
    /// # Errors
    /// [`ChipError::Asset`].
    pub(super) async fn prepare(&self, wanted: WantedChip) -> Result<Planned, ChipError> {
        let rasters = self.rasters(&wanted.like).await?;
        let (planned, lacks_tables) = planned(wanted, &rasters)?;
        if lacks_tables {
            fetch_all_tables(&planned).await?;
        }
        check_stored(&planned)?;
        Ok(planned)
    }

    async fn rasters(&self, like: &Arc<ChipRequest>) -> Result<Arc<[Arc<Raster>]>, ChipError> {
        let key = Arc::as_ptr(like).addr();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rasters)) = known().get(&key) {
            return Ok(Arc::clone(rasters));
        }
        let open = like.assets.iter().map(|asset| async move {
            let raster = self.reader.raster(&asset.address).await;
            raster.map_err(|error| error.of_asset(&asset.key, &asset.address))
        });
        let rasters: Arc<[_]> = try_join_all(open).await?.into();
        let mut known = known();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(key, (Arc::clone(like), Arc::clone(&rasters)));
        Ok(rasters)
    }
}

/// The plan of a chip, and whether some table does not say yet where a block of it is.
fn planned(wanted: WantedChip, rasters: &[Arc<Raster>]) -> Result<(Planned, bool), ChipError> {
    let like = &wanted.like;
    let mut arrays = Vec::with_capacity(rasters.len());
    let mut lacks_tables = false;
    for (asset, raster) in like.assets.iter().zip(rasters) {
        let plan = plan(like, wanted.window, asset, raster)
            .map_err(|error| error.of_asset(&asset.key, &asset.address))?;
        lacks_tables |= plan.plans().any(|plan| !plan.table_ranges().is_empty());
        arrays.push(PlannedArray {
            raster: Arc::clone(raster),
            plan,
        });
    }
    Ok((Planned::new(wanted, arrays), lacks_tables))
}

/// What one block cannot tell: whether the blocks of a window together are within the limits.
fn check_stored(planned: &Planned) -> Result<(), ChipError> {
    let arrays = planned.wanted.like.assets.iter().zip(&planned.arrays);
    for (asset, array) in arrays {
        for plan in array.plan.plans() {
            let stored = plan.stored().map_err(ChipError::Plan);
            stored.map_err(|error| error.of_asset(&asset.key, &asset.address))?;
        }
    }
    Ok(())
}

async fn fetch_all_tables(planned: &Planned) -> Result<(), ChipError> {
    let arrays = planned.wanted.like.assets.iter().zip(&planned.arrays);
    let fetches = arrays.flat_map(|(asset, array)| {
        array.plan.plans().map(move |plan| async move {
            let tables = async {
                let reader = array.raster.reader(plan)?;
                fetch_tables(reader.as_ref(), plan).await?;
                Ok::<_, ChipError>(())
            };
            tables
                .await
                .map_err(|error| error.of_asset(&asset.key, &asset.address))
        })
    });
    try_join_all(fetches).await?;
    Ok(())
}

/// Requests whose rasters are kept: more than a look-ahead sorted by scene is of.
const MOST_KNOWN: usize = 256;
