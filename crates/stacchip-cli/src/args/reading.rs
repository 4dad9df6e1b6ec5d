//! How people say what chips are made of, how, and where it lies.

use std::path::PathBuf;

use clap::Args;

use super::parse::parse_dimensions;

/// Which assets are read.
#[derive(Debug, Clone, Default, Args)]
pub struct AssetArgs {
    /// Assets to read, in this order: keys, else band names or common names.
    #[arg(
        long = "assets",
        value_delimiter = ',',
        value_name = "A,B,C",
        conflicts_with = "exclude"
    )]
    pub wanted: Vec<String>,
    /// Assets to leave out.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub exclude: Vec<String>,
}

/// How pixels are made.
#[derive(Debug, Clone, Args)]
pub struct ShapingArgs {
    /// Edges of the result in pixels.
    #[arg(long, value_name = "WxH", value_parser = parse_dimensions)]
    pub output_size: Option<(u32, u32)>,
    /// How pixels of other resolutions are made.
    #[arg(long, value_name = "KERNEL", default_value = "nearest")]
    pub resampling: String,
    /// Fill what lies outside the raster with its nodata value, else 0, and keep masks: the raster's own, and of what lies
    /// outside where no value says so. Without it masks are neither read nor written.
    #[arg(long, conflicts_with = "fill")]
    pub masked: bool,
    /// Fill what lies outside the raster with this value.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub fill: Option<f64>,
}

/// Where assets lie.
#[derive(Debug, Clone, Default, Args)]
pub struct AddressArgs {
    /// Replace scheme and host of asset addresses by a folder.
    #[arg(long, value_name = "FOLDER")]
    pub mount: Option<PathBuf>,
    /// Prefer this alternate address of assets.
    #[arg(long, value_name = "NAME")]
    pub alternate: Option<String>,
    /// Another base for relative addresses of assets.
    #[arg(long, value_name = "ADDRESS")]
    pub item_root: Option<String>,
}
