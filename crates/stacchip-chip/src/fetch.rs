//! From plans to bytes: the only waiting that is done for a chip.

use std::ops::Range;

use bytes::Bytes;
use futures::future::try_join_all;
use stacchip_cog::{Source, WindowPlan};

use crate::{ArrayPlan, ChipError, PlannedArray, Raster};

/// Fetches the bytes of every plan of `array` at once, the tables that tell where they are first
/// where those are not at hand; in the order in which [`ArrayPlan::decode`] takes them. All ranges
/// of one object are asked for together, so that those that lie near each other may be one request.
///
/// # Errors
/// [`ChipError::Read`], [`ChipError::Plan`], [`ChipError::NoSidecar`].
pub async fn fetch(raster: &Raster, array: &ArrayPlan) -> Result<Vec<Vec<Bytes>>, ChipError> {
    let objects = by_object(array);
    let fetched = try_join_all(objects.iter().map(|(source, plans)| async move {
        let reader = raster.reader_of(*source)?;
        let tables = plans
            .iter()
            .map(|(_, plan)| async { stacchip_cog::fetch_tables(reader.as_ref(), plan).await });
        try_join_all(tables).await?;
        let ranges = ranges(plans)?;
        if ranges.is_empty() {
            return Ok(Vec::new());
        }
        Ok::<_, ChipError>(reader.read(&ranges).await?)
    }));
    let mut bytes = vec![Vec::new(); array.plans().count()];
    for ((_, plans), fetched) in objects.iter().zip(fetched.await?) {
        let mut fetched = fetched.into_iter();
        for (place, plan) in plans {
            if let Some(bytes) = bytes.get_mut(*place) {
                bytes.extend(fetched.by_ref().take(plan.ranges()?.len()));
            }
        }
    }
    Ok(bytes)
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

/// What would be asked for the pixels of `array`, whose tables are at hand: requests for ranges of
/// its raster and of the files beside it, as far as their readers know by now.
///
/// # Errors
/// [`ChipError::Plan`] where a table is not at hand, [`ChipError::NoSidecar`].
pub fn requests(array: &PlannedArray) -> Result<Vec<Range<u64>>, ChipError> {
    let mut requests = Vec::new();
    for (source, plans) in by_object(&array.plan) {
        let reader = array.raster.reader_of(source)?;
        requests.extend(reader.requests(&ranges(&plans)?));
    }
    Ok(requests)
}

/// The plans of an array by the object that holds their bytes, each with its place.
type ByObject<'a> = Vec<(Source, Vec<(usize, &'a WindowPlan)>)>;

fn by_object(array: &ArrayPlan) -> ByObject<'_> {
    let mut objects: ByObject<'_> = Vec::new();
    for (place, plan) in array.plans().enumerate() {
        let source = plan.source();
        match objects.iter_mut().find(|(known, _)| *known == source) {
            Some((_, plans)) => plans.push((place, plan)),
            None => objects.push((source, vec![(place, plan)])),
        }
    }
    objects
}

fn ranges(plans: &[(usize, &WindowPlan)]) -> Result<Vec<Range<u64>>, ChipError> {
    let mut ranges = Vec::new();
    for (_, plan) in plans {
        ranges.extend(plan.ranges()?);
    }
    Ok(ranges)
}
