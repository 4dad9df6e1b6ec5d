//! The row of a chip.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use stacchip_model::{MultiPolygon, Platform, Quality, Scene, Window};

use crate::{Cell, ChipGrid, GridError};

/// All that an index says of one chip.
#[derive(Debug, Clone, PartialEq)]
pub struct ChipRow {
    /// `{item id}-{x}-{y}`.
    pub chipid: String,
    /// What the chip shares with all chips of its item.
    pub scene: Arc<SceneColumns>,
    /// Column of the chip in the grid of chips.
    pub x: u16,
    /// Row of the chip in the grid of chips.
    pub y: u16,
    /// Its pixels, in the item's full-resolution grid.
    pub window: Window,
    /// How much of it is clouded, and empty.
    pub quality: Quality,
    /// Its outline in WGS 84, longitude then latitude; cut where it crosses the antimeridian.
    pub footprint: MultiPolygon,
}

/// The columns that all chips of an item share.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneColumns {
    /// The item's id.
    pub item_id: String,
    /// The address of the item.
    pub item_href: Option<String>,
    /// The id of its collection.
    pub collection: Option<String>,
    /// Upstream's name of the platform, else the collection's id.
    pub platform: Option<String>,
    /// STAC's `platform`.
    pub spacecraft: Option<String>,
    /// The moment it is filed under: `datetime`, else the start of its range.
    pub datetime: Timestamp,
    /// Start of its range, where the item gives one.
    pub start_datetime: Option<Timestamp>,
    /// End of its range, where the item gives one.
    pub end_datetime: Option<Timestamp>,
    /// Reference system of the grid: an authority code, else its definition.
    pub crs: String,
    /// Edge of a chip, in pixels.
    pub chip_size: u32,
    /// Step from a chip to the next, in pixels.
    pub stride: u32,
}

impl SceneColumns {
    /// What the chips of `scene` over `chips` share.
    ///
    /// # Errors
    /// [`GridError::NoDatetime`] where the item says nothing of when it was seen.
    pub fn of(scene: &Scene, chips: &ChipGrid) -> Result<Self, GridError> {
        let datetime = scene.time.moment().ok_or_else(|| GridError::NoDatetime {
            item: scene.id.clone(),
        })?;
        Ok(Self {
            item_id: scene.id.clone(),
            item_href: scene.href.clone(),
            collection: scene.collection.clone(),
            platform: Platform::of(scene)
                .map(|p| p.name().to_owned())
                .or_else(|| scene.collection.clone()),
            spacecraft: scene.spacecraft.clone(),
            datetime,
            start_datetime: scene.time.start,
            end_datetime: scene.time.end,
            crs: chips.grid().crs.to_string(),
            chip_size: chips.chip_size(),
            stride: chips.stride(),
        })
    }

    /// The day of [`datetime`](Self::datetime), in UTC.
    pub fn date(&self) -> Date {
        self.datetime.to_zoned(TimeZone::UTC).date()
    }

    /// The id of the chip at `cell`: `{item id}-{x}-{y}`.
    pub fn chipid(&self, cell: Cell) -> String {
        format!("{}-{}-{}", self.item_id, cell.x, cell.y)
    }
}
