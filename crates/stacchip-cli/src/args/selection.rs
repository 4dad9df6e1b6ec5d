//! How people say which chips or pixels.

use clap::Args;

use super::parse::{parse_bbox, parse_window};

/// Which chips or pixels.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Rows of an index, from 0; may be given again.
    #[arg(long, value_name = "N")]
    pub row: Vec<u64>,
    /// Ids of chips in an index; may be given again.
    #[arg(long, value_name = "CHIPID")]
    pub id: Vec<String>,
    /// Every chip of an index.
    #[arg(long, conflicts_with_all = ["row", "id"])]
    pub all: bool,
    /// The chips of an index of which this expression of SQL is true.
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true, conflicts_with_all = ["row", "id", "all"])]
    pub condition: Option<String>,
    /// Column of the chip in an item's grid of chips.
    #[arg(long, requires = "y")]
    pub x: Option<u32>,
    /// Row of the chip in an item's grid of chips.
    #[arg(long, requires = "x")]
    pub y: Option<u32>,
    /// Pixels: of the item's finest grid, or of the raster.
    #[arg(long, value_name = "COL,ROW,WIDTH,HEIGHT", value_parser = parse_window, allow_hyphen_values = true)]
    pub window: Option<(i64, i64, u32, u32)>,
    /// A box in degrees: west, south, east, north.
    #[arg(long, value_name = "W,S,E,N", value_parser = parse_bbox, allow_hyphen_values = true, conflicts_with = "window")]
    pub bbox: Option<[f64; 4]>,
    /// Level of a raster: 0 is full resolution, 1 the first overview.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub level: usize,
    /// Image of a raster that holds several.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub image: usize,
    /// Bands of a raster, from 1.
    #[arg(long, value_delimiter = ',', value_name = "1,2")]
    pub bands: Vec<usize>,
}
