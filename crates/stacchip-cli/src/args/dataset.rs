//! What people type to merge, split and order indexes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use stacchip::index::{SeriesBy, SeriesPeriod};

use super::LayoutArg;
use crate::wiring::Period;

/// `stacchip merge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip merge a.parquet b.parquet -o both.parquet\n  stacchip merge index/ -o dataset --memory 512MiB\n  stacchip merge index/ -o chips.parquet --items geoparquet\n  stacchip merge s3://bucket/a s3://bucket/b -o s3://bucket/both\n  stacchip merge dataset -o tree --layout upstream"
)]
pub struct MergeArgs {
    /// Indexes: tables, folders of tables (those of the Python package too), patterns.
    #[arg(required = true, value_name = "INDEX")]
    pub indexes: Vec<String>,
    /// The result: a file ending in .parquet, or a folder of files with some million rows each.
    #[arg(short, long, value_name = "DATASET")]
    pub output: String,
    /// How a folder is laid out: files of many items, with items and headers beside, or a table an item as the Python package
    /// has it, index/PLATFORM/ITEM/index_ITEM.parquet.
    #[arg(long, value_enum, default_value_t = LayoutArg::Dataset)]
    pub layout: LayoutArg,
    /// Rows of a file, where the result is a folder: whole row groups, of 50 to 100 thousand rows, as many as fit and one
    /// at least.
    #[arg(long, value_name = "N", default_value_t = 4_194_304, value_parser = clap::value_parser!(u64).range(1..))]
    pub part_rows: u64,
    /// Spans of time that rows lie apart by, on the globe's curve in each: all (of no matter), year, half, quarter or
    /// month [default: the shortest that still fills twenty row groups].
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<Period>,
    /// The folder for what does not fit into --memory [default: that of the result].
    #[arg(long, value_name = "FOLDER")]
    pub temp: Option<PathBuf>,
    /// How the items are kept beside the result: lines of JSON as they were read, or a stac-geoparquet for others to query.
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ItemsArg::Lines)]
    pub items: ItemsArg,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// How items are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ItemsArg {
    /// Lines of JSON.
    Lines,
    /// A stac-geoparquet.
    Geoparquet,
}

/// `stacchip split`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip split dataset --train 0.8 --val 0.1 --test 0.1 --by cell\n  stacchip split dataset --by block:50 --buffer 5 --strata platform --seed 7\n  stacchip split dataset --check"
)]
pub struct SplitArgs {
    /// An index: a table, or a folder of tables.
    pub dataset: String,
    /// Share of the chips to train with. Shares come to 1 together; where one is given, those that are not are 0
    /// [default: 0.8, 0.1 and 0.1].
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub train: Option<f64>,
    /// Share of the chips to validate with.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub val: Option<f64>,
    /// Share of the chips to test with.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub test: Option<f64>,
    /// Which places stay together: cell, cell:LEVEL, block:KM, cluster.
    #[arg(long, value_name = "GROUP", default_value = "cell")]
    pub by: String,
    /// Kilometres that places of two splits are apart at least.
    #[arg(
        long,
        value_name = "KM",
        allow_negative_numbers = true,
        default_value_t = 0.0
    )]
    pub buffer: f64,
    /// Give each value of this column its shares.
    #[arg(long, value_name = "COLUMN")]
    pub strata: Option<String>,
    /// Another number, another split.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The column that says it.
    #[arg(long, value_name = "COLUMN", default_value = "split")]
    pub column: String,
    /// Write nothing; fail where a place is in two splits.
    #[arg(long, conflicts_with_all = ["train", "val", "test", "by", "strata", "seed", "overwrite"])]
    pub check: bool,
    /// Replace the column where there is one.
    #[arg(long)]
    pub overwrite: bool,
}

/// `stacchip series`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip series dataset --period month --max-cloud 0.2\n  stacchip series dataset --period season --least-steps 4 --max-nodata 0\n  stacchip series dataset --by cell --period week --all\n  stacchip query dataset --where \"series IS NOT NULL\" -o series.parquet\n\nColumns: `series` (null for chips that are in none) and `period`; chips of a series, sorted by `datetime`, are its steps."
)]
pub struct SeriesArgs {
    /// An index: a table, or a folder of tables.
    pub dataset: String,
    /// What chips of a series share: place (the same pixels of the ground), cell (the ground cell), cell:LEVEL.
    #[arg(long, value_name = "WHAT", default_value = "place")]
    pub by: SeriesBy,
    /// The steps: day, week, month, season or year.
    #[arg(long, value_name = "PERIOD", default_value = "month")]
    pub period: SeriesPeriod,
    /// Take all chips of a step [default: the one with the least cloud and nodata].
    #[arg(long)]
    pub all: bool,
    /// Only chips with at most this share of cloud.
    #[arg(long, value_name = "FRACTION", default_value_t = 1.0)]
    pub max_cloud: f64,
    /// Only chips with at most this share of nodata.
    #[arg(long, value_name = "FRACTION", default_value_t = 1.0)]
    pub max_nodata: f64,
    /// Only series of so many steps.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub least_steps: usize,
    /// Chips of several collections, or platforms, may be in one series.
    #[arg(long)]
    pub mixed: bool,
    /// Replace the columns where they are there.
    #[arg(long)]
    pub overwrite: bool,
}
