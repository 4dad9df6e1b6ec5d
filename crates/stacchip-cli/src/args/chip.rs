//! What people type to have chips cut, or to know what that costs.

use clap::{Args, ValueEnum};

use super::{
    AddressArgs, AssetArgs, BurnArgs, GridArgs, SelectionArgs, ShapingArgs, parse::parse_range,
};

/// `stacchip chip`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip chip index.parquet --row 0 -o chip.npz\n  stacchip chip index.parquet --all --assets red,green,blue -o chips/\n  stacchip chip scene/item.json --x 3 --y 1 --assets red,green,blue -o chip.png\n  stacchip chip scene/red.tif --window 512,512,256,256 -o window.npy"
)]
pub struct ChipArgs {
    /// An index, a STAC item, or a raster.
    pub source: String,
    /// Selection.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Grid of chips of an item.
    #[command(flatten)]
    pub grid: GridArgs,
    /// Labels burnt beside the chips.
    #[command(flatten)]
    pub burn: BurnArgs,
    /// Assets.
    #[command(flatten)]
    pub assets: AssetArgs,
    /// The file to write; its ending says the format: .npz .npy .tif .png. For several chips a folder or a template such as "{chipid}.npz".
    #[arg(short, long, value_name = "OUT")]
    pub output: String,
    /// Format, where the output is `-` or a folder [default of a folder: npz].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Shaping.
    #[command(flatten)]
    pub shaping: ShapingArgs,
    /// Numbers that become black and white in a picture, for each band shown or for all; may be given again.
    #[arg(long, value_name = "MIN,MAX", value_parser = parse_range, allow_hyphen_values = true, conflicts_with = "stretch")]
    pub rescale: Vec<(f64, f64)>,
    /// How numbers become shades in a picture: auto, percentile, minmax, none.
    #[arg(long, value_name = "STRETCH")]
    pub stretch: Option<String>,
    /// Answer as the Python package does, where that differs.
    #[arg(long)]
    pub parity: bool,
    /// What becomes of the rest when a chip fails.
    #[arg(long, value_enum, default_value_t = OnError::Fail)]
    pub on_error: OnError,
    /// Addresses.
    #[command(flatten)]
    pub addresses: AddressArgs,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// `stacchip explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip explain index.parquet --row 0\n  stacchip explain index.parquet --all --assets red,green,blue --json\n  stacchip explain scene/item.json --x 3 --y 1\n  stacchip explain scene/red.tif --window 512,512,256,256"
)]
#[command(mut_arg("wanted", |wanted| wanted.help("Assets to read: keys, else band names or common names")))]
pub struct ExplainArgs {
    /// An index, a STAC item, or a raster.
    pub source: String,
    /// Selection.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Grid of chips of an item.
    #[command(flatten)]
    pub grid: GridArgs,
    /// Assets.
    #[command(flatten)]
    pub assets: AssetArgs,
    /// Shaping.
    #[command(flatten)]
    pub shaping: ShapingArgs,
    /// Addresses.
    #[command(flatten)]
    pub addresses: AddressArgs,
}

impl ExplainArgs {
    /// The call of `stacchip chip` whose cost is asked for.
    pub fn as_chip_args(&self) -> ChipArgs {
        ChipArgs {
            source: self.source.clone(),
            selection: self.selection.clone(),
            grid: self.grid.clone(),
            burn: BurnArgs::default(),
            assets: self.assets.clone(),
            output: "-".to_owned(),
            format: None,
            shaping: self.shaping.clone(),
            rescale: Vec::new(),
            stretch: None,
            parity: false,
            on_error: OnError::Skip,
            addresses: self.addresses.clone(),
            overwrite: false,
        }
    }
}

/// What becomes of the rest when a chip fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// Stop with status 1.
    Fail,
    /// Go on, name it, end with status 3.
    Skip,
}
