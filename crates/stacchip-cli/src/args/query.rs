//! What people type to find chips.

use clap::Args;

use super::parse::parse_bbox;

/// `stacchip query`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip query dataset --where 'cloud_cover_percentage < 0.2 AND nodata_percentage = 0' -o clear.parquet\n  stacchip query dataset --bbox 10,45,11,46 --datetime 2024-05-01/2024-05-31\n  stacchip query dataset --where \"platform = 'naip'\" --sample 1000 --seed 7 --per-cell 5 -o sample.parquet"
)]
pub struct QueryArgs {
    /// An index: a table, or a folder of tables.
    pub dataset: String,
    /// Condition.
    #[command(flatten)]
    pub condition: ConditionArgs,
    /// Draw so many of the chips that answer, none twice.
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,
    /// Another number, other chips.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Draw at most so many of each item.
    #[arg(long, value_name = "N")]
    pub per_item: Option<usize>,
    /// Draw at most so many of each month.
    #[arg(long, value_name = "N")]
    pub per_month: Option<usize>,
    /// Draw at most so many of each ground cell.
    #[arg(long, value_name = "N")]
    pub per_cell: Option<usize>,
    /// The chips as a table, a file ending in .parquet [default: their ids, one a line].
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<String>,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// Which chips are wanted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Condition")]
pub struct ConditionArgs {
    /// An expression of SQL over the columns of the index; given again, all must be true.
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub conditions: Vec<String>,
    /// Chips that share ground with this box in degrees.
    #[arg(long, value_name = "W,S,E,N", value_parser = parse_bbox, allow_hyphen_values = true)]
    pub bbox: Option<[f64; 4]>,
    /// Chips that share ground with the polygons of this GeoJSON: a file, or the text itself.
    #[arg(long, value_name = "GEOJSON")]
    pub intersects: Option<String>,
    /// Chips of this day or span: 2024-05-01, 2024-05-01/2024-05-31, 2024-05-01/..
    #[arg(long, value_name = "A/B")]
    pub datetime: Option<String>,
}
