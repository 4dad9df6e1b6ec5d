//! The row of a chip.

use std::sync::Arc;

use jiff::Timestamp;
use stacchip_model::{MultiPolygon, Quality, Window};

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
