//! From plans to bytes: the only waiting that is done for a chip.

use bytes::Bytes;
use futures::future::try_join_all;
use stacchip_cog::WindowPlan;

use crate::{ArrayPlan, ChipError, PlannedArray, Raster};

/// Fetches the bytes of every plan of `array` at once, the tables that tell where they are first
/// where those are not at hand; in the order in which [`ArrayPlan::decode`] takes them.
///
/// # Errors
/// [`ChipError::Read`], [`ChipError::Plan`], [`ChipError::NoSidecar`].
pub async fn fetch(raster: &Raster, array: &ArrayPlan) -> Result<Vec<Vec<Bytes>>, ChipError> {
    try_join_all(array.plans().map(|plan| fetch_plan(raster, plan))).await
}

/// Fetches what of the tables of blocks of `array` is not at hand, and no pixels.
///
/// # Errors
/// [`ChipError::Read`], [`ChipError::NoSidecar`].
pub async fn fetch_tables(array: &PlannedArray) -> Result<(), ChipError> {
    for plan in array.plan.plans() {
        let reader = array.raster.reader(plan)?;
        stacchip_cog::fetch_tables(reader.as_ref(), plan).await?;
    }
    Ok(())
}

async fn fetch_plan(raster: &Raster, plan: &WindowPlan) -> Result<Vec<Bytes>, ChipError> {
    let reader = raster.reader(plan)?;
    stacchip_cog::fetch_tables(reader.as_ref(), plan).await?;
    let ranges = plan.ranges()?;
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    Ok(reader.read(&ranges).await?)
}
