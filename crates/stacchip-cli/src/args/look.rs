//! What people type to see what there is.

use std::path::PathBuf;

use clap::Args;

/// `stacchip info`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip info scene/red.tif\n  stacchip info scene/item.json --json\n  stacchip info index.parquet"
)]
pub struct InfoArgs {
    /// A raster, an item, or an index.
    pub address: String,
    /// Image of a raster that holds several.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub image: usize,
    /// Rows of an index to list with their cloud and nodata, from the first on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub rows: usize,
}

/// `stacchip preview`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip preview index.parquet -o chips.png\n  stacchip preview index.parquet -o chips.png --count 48 --assets nir,red,green"
)]
pub struct PreviewArgs {
    /// An index.
    pub source: String,
    /// The picture, ending in .png.
    #[arg(short, long, value_name = "OUT")]
    pub output: String,
    /// How many chips at most, spread evenly over the index.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub count: u32,
    /// Assets shown as red, green and blue [default: those that are].
    #[arg(long, value_delimiter = ',', value_name = "R,G,B")]
    pub assets: Vec<String>,
    /// Edge of a chip in the picture, in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(8..=1024))]
    pub tile: u32,
    /// Replace scheme and host of asset addresses by a folder.
    #[arg(long, value_name = "FOLDER")]
    pub mount: Option<PathBuf>,
    /// Another base for relative addresses of assets.
    #[arg(long, value_name = "ADDRESS")]
    pub item_root: Option<String>,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}
