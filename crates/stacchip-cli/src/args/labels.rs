//! What people type about labels.

use std::path::PathBuf;

use clap::Args;

/// `stacchip label`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip label dataset fields.gpkg -o fields.parquet\n  stacchip label dataset landcover.fgb --attribute class --least 0.5 -o labelled.parquet\n  stacchip label dataset districts.geojson --attribute name --name district\n  stacchip chip labelled.parquet --all --labels fields.gpkg --label-value crop -o chips/\n\nColumns: NAME_count (features that touch the chip), NAME_fraction (share of the chip that polygons cover), and with\n--attribute NAME (that of the feature which covers most of the chip)."
)]
pub struct LabelArgs {
    /// An index: a table, or a folder of tables.
    pub dataset: String,
    /// The layer: .geojson, .fgb, .gpkg or .parquet.
    pub layer: PathBuf,
    /// Which layer of the file, and where it lies.
    #[command(flatten)]
    pub of: LayerArgs,
    /// What columns are called after.
    #[arg(long, value_name = "NAME", default_value = "label")]
    pub name: String,
    /// The attribute of features that becomes a column.
    #[arg(long, value_name = "FIELD")]
    pub attribute: Option<String>,
    /// Only chips of which at least this share is covered; with 0 those that are touched.
    #[arg(
        long,
        value_name = "FRACTION",
        default_value_t = 0.0,
        requires = "output"
    )]
    pub least: f64,
    /// Keep chips that no feature touches too.
    #[arg(long, conflicts_with = "least")]
    pub all: bool,
    /// The chips that are touched, as a table: a file ending in .parquet [default: the columns are written into the
    /// dataset itself, for all chips].
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<String>,
    /// Replace columns, or a file, that stand there.
    #[arg(long)]
    pub overwrite: bool,
}

/// Labels to be burnt.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Labels")]
pub struct BurnArgs {
    /// Burn the features of this layer (.geojson, .fgb, .gpkg, .parquet) into an array `label` of each chip; beside
    /// .tif and .npy as a file of its own, X.label.tif.
    #[arg(long, value_name = "LAYER")]
    pub labels: Option<PathBuf>,
    /// What is burnt: an attribute of the features (texts are numbered from 1, in their order), or a number.
    #[arg(
        long,
        value_name = "FIELD|NUMBER",
        default_value = "1",
        requires = "labels"
    )]
    pub label_value: String,
    /// What is where no feature is.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0.0,
        requires = "labels",
        allow_negative_numbers = true
    )]
    pub label_fill: f64,
    /// Burn every pixel that a feature touches [default: those whose centre it covers].
    #[arg(long, requires = "labels")]
    pub all_touched: bool,
    /// Which layer of the file, and where it lies.
    #[command(flatten)]
    pub layer: LayerArgs,
}

/// Which layer of a file, and where it lies.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Layer")]
pub struct LayerArgs {
    /// The layer, where the file has several.
    #[arg(long, value_name = "NAME")]
    pub layer_name: Option<String>,
    /// The reference system of the layer, where its file does not name it, or names a wrong one.
    #[arg(long, value_name = "CODE")]
    pub layer_crs: Option<String>,
}
