//! What people type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    commands::{LabelArgs, SeriesArgs},
    labels::BurnArgs,
    wiring::Period,
};

/// Index every chip of a STAC item, and cut any of them on demand from its GeoTIFFs.
#[derive(Debug, Parser)]
#[command(
    name = "stacchip",
    version,
    about,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub shared: Shared,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Shared {
    /// Print one JSON document on standard output and nothing else there.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to show how far long work is.
    #[arg(long, global = true, value_enum, default_value_t = ProgressWhen::Auto, value_name = "WHEN")]
    pub progress: ProgressWhen,
    /// Say nothing but warnings and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: what was left out, what was read.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Threads that compute [default: as many as there are cores]. Lists of chips are decoded on as many, and written on as many more.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Requests under way at once, to each host.
    #[arg(long, global = true, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_requests: u16,
    /// Memory for pixels under way, such as 512MiB.
    #[arg(long, global = true, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub memory: u64,
    /// A setting of object stores, such as `aws_region=us-west-2` or `request_rate=2000/min`; may be given again.
    #[arg(long = "storage-option", global = true, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub storage_options: Vec<(String, String)>,
    /// Keep what is read of object stores in this folder, for this run and others.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub cache: Option<PathBuf>,
    /// Most bytes in the folder of --cache.
    #[arg(long, global = true, value_name = "SIZE", default_value = "10GiB", value_parser = parse_size)]
    pub cache_size: u64,
    /// Memory for what was read of object stores, still compressed.
    #[arg(long, global = true, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size)]
    pub cache_memory: u64,
}

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressWhen {
    /// On a terminal only.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a small synthetic scene and its STAC item, for trying things out.
    Sample(SampleArgs),
    /// Index every chip of STAC items into GeoParquet.
    Index(Box<IndexArgs>),
    /// Cut chips: from an index, an item, or a raster.
    Chip(Box<ChipArgs>),
    /// Say what reading chips would cost, without reading them.
    Explain(Box<ExplainArgs>),
    /// Write the chips of an index in cubes, for training.
    Prechip(Box<PrechipArgs>),
    /// Say what the numbers of each band are like, over cubes or the chips of an index.
    Stats(Box<StatsArgs>),
    /// Say what a raster, an item or an index is.
    Info(InfoArgs),
    /// Draw a contact sheet of chips.
    Preview(PreviewArgs),
    /// Find chips of an index that answer to a condition.
    Query(QueryArgs),
    /// Say what a vector layer has where chips are, or keep the chips that it touches.
    Label(Box<LabelArgs>),
    /// Say which chips of a place follow each other in time.
    Series(SeriesArgs),
    /// Merge indexes into one, sorted so that readers pass over what they do not want.
    Merge(MergeArgs),
    /// Say which chips train, validate and test, so that no place is in two splits; or check that.
    Split(SplitArgs),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// `stacchip sample`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip sample scene\n  stacchip sample scene --platform landsat --size 1024 --seed 7"
)]
pub struct SampleArgs {
    /// Folder to write: item.json and the rasters it names.
    pub out: PathBuf,
    /// Platform whose assets and mask the scene has.
    #[arg(long, value_enum, default_value_t = SamplePlatform::Sentinel2)]
    pub platform: SamplePlatform,
    /// Edge of the scene in pixels of its finest asset.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=40_000))]
    pub size: Option<u32>,
    /// Another number, another scene; the same number, the same bytes.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// Platforms that a scene can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SamplePlatform {
    /// Sentinel-2 level 2A, with SCL.
    #[value(name = "sentinel-2")]
    Sentinel2,
    /// Landsat collection 2 level 2, with `QA_PIXEL`.
    Landsat,
    /// NAIP aerial imagery, four bands in one asset.
    Naip,
    /// LINZ aerial imagery, with a mask.
    Linz,
    /// Sentinel-1 RTC, float with nodata.
    #[value(name = "sentinel-1")]
    Sentinel1,
    /// MODIS 09A1 with its quality band.
    Modis,
}

/// How chips lie on a scene.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Grid of chips")]
pub struct GridArgs {
    /// Edge of a chip, in pixels of the item's finest grid.
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub chip_size: u32,
    /// Step from a chip to the next, in pixels [default: the chip size].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
    pub stride: Option<u32>,
    /// What becomes of chips that reach over the right and bottom edge.
    #[arg(long, value_enum, default_value_t = EdgeArg::Drop)]
    pub edge: EdgeArg,
    /// The scene's shape, where the item does not say it or says it wrongly.
    #[arg(long, value_name = "H,W", value_parser = parse_shape)]
    pub shape: Option<(u32, u32)>,
}

/// What becomes of partial chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EdgeArg {
    /// They are left out.
    Drop,
    /// They are kept.
    Keep,
}

/// `stacchip index`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip index scene/item.json -o index.parquet\n  stacchip index items.ndjson -o index.parquet --stats none --no-headers\n  stacchip index https://example.org/item.json -o index.parquet --max-nodata 0.1 --chip-size 224 --stride 112"
)]
pub struct IndexArgs {
    /// STAC items: an Item, an `ItemCollection`, newline-delimited items; paths, addresses, folders, globs, `-`.
    #[arg(required = true, value_name = "ITEM")]
    pub items: Vec<String>,
    /// The index: a file ending in .parquet, or a folder with one file an item.
    #[arg(short, long, value_name = "INDEX")]
    pub output: String,
    /// Rule for cloud and nodata: auto, none, landsat-qa, sentinel-2-scl, modis-qc, nodata[:ASSET[:BAND[=VALUE]]], mask[:ASSET].
    #[arg(long, value_name = "RULE", default_value = "auto")]
    pub stats: String,
    /// A file of rules of your own.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Grid of chips.
    #[command(flatten)]
    pub grid: GridArgs,
    /// Greatest share of nodata that a chip may have; chips above it are dropped.
    #[arg(long, value_name = "FRACTION", default_value_t = 0.5)]
    pub max_nodata: f64,
    /// Read no raster's header: the item must say its reference system, shape and transform itself.
    #[arg(long)]
    pub no_headers: bool,
    /// Replace scheme and host of asset addresses by a folder.
    #[arg(long, value_name = "FOLDER")]
    pub mount: Option<PathBuf>,
    /// Prefer this alternate address of assets.
    #[arg(long, value_name = "NAME")]
    pub alternate: Option<String>,
    /// Another base for relative addresses of assets.
    #[arg(long, value_name = "ADDRESS")]
    pub item_root: Option<String>,
    /// How a folder is laid out: a table an item, or index/PLATFORM/ITEM/index_ITEM.parquet as the Python package has it.
    #[arg(long, value_enum, default_value_t = LayoutArg::Dataset)]
    pub layout: LayoutArg,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// How a folder of tables is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// A table an item, items and headers beside.
    Dataset,
    /// As the Python package lays them out.
    Upstream,
}

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
    /// Assets to read, in this order: keys, else band names or common names.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,C",
        conflicts_with = "exclude"
    )]
    pub assets: Vec<String>,
    /// Assets to leave out.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub exclude: Vec<String>,
    /// The file to write; its ending says the format: .npz .npy .tif .png. For several chips a folder or a template such as "{chipid}.npz".
    #[arg(short, long, value_name = "OUT")]
    pub output: String,
    /// Format, where the output is `-` or a folder [default of a folder: npz].
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Edges of the result in pixels.
    #[arg(long, value_name = "WxH", value_parser = parse_dimensions)]
    pub output_size: Option<(u32, u32)>,
    /// How pixels of other resolutions are made.
    #[arg(long, value_name = "KERNEL", default_value = "nearest")]
    pub resampling: String,
    /// Fill what lies outside the raster with its nodata value, else 0.
    #[arg(long, conflicts_with = "fill")]
    pub masked: bool,
    /// Fill what lies outside the raster with this value.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub fill: Option<f64>,
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
    /// Replace scheme and host of asset addresses by a folder.
    #[arg(long, value_name = "FOLDER")]
    pub mount: Option<PathBuf>,
    /// Prefer this alternate address of assets.
    #[arg(long, value_name = "NAME")]
    pub alternate: Option<String>,
    /// Another base for relative addresses of assets.
    #[arg(long, value_name = "ADDRESS")]
    pub item_root: Option<String>,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// `stacchip explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip explain index.parquet --row 0\n  stacchip explain index.parquet --all --assets red,green,blue --json\n  stacchip explain scene/item.json --x 3 --y 1\n  stacchip explain scene/red.tif --window 512,512,256,256"
)]
pub struct ExplainArgs {
    /// An index, a STAC item, or a raster.
    pub source: String,
    /// Selection.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Grid of chips of an item.
    #[command(flatten)]
    pub grid: GridArgs,
    /// Assets to read: keys, else band names or common names.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,C",
        conflicts_with = "exclude"
    )]
    pub assets: Vec<String>,
    /// Assets to leave out.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub exclude: Vec<String>,
    /// Edges of the result in pixels.
    #[arg(long, value_name = "WxH", value_parser = parse_dimensions)]
    pub output_size: Option<(u32, u32)>,
    /// How pixels of other resolutions are made.
    #[arg(long, value_name = "KERNEL", default_value = "nearest")]
    pub resampling: String,
    /// Fill what lies outside the raster with its nodata value, else 0.
    #[arg(long, conflicts_with = "fill")]
    pub masked: bool,
    /// Fill what lies outside the raster with this value.
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub fill: Option<f64>,
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

impl ExplainArgs {
    /// The call of `stacchip chip` whose cost is asked for.
    pub fn as_chip_args(&self) -> ChipArgs {
        ChipArgs {
            source: self.source.clone(),
            selection: self.selection.clone(),
            grid: self.grid.clone(),
            burn: BurnArgs::default(),
            assets: self.assets.clone(),
            exclude: self.exclude.clone(),
            output: "-".to_owned(),
            format: None,
            output_size: self.output_size,
            resampling: self.resampling.clone(),
            masked: self.masked,
            fill: self.fill,
            rescale: Vec::new(),
            stretch: None,
            parity: false,
            on_error: OnError::Skip,
            mount: self.mount.clone(),
            alternate: self.alternate.clone(),
            item_root: self.item_root.clone(),
            overwrite: false,
        }
    }
}

/// Which chips of an index, and what of them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Chips")]
pub struct ChipListArgs {
    /// Assets to read, in this order: keys, else band names or common names [default: those that models of
    /// the platform are trained with, else every asset that holds data].
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,C",
        conflicts_with = "exclude"
    )]
    pub assets: Vec<String>,
    /// Assets to leave out.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub exclude: Vec<String>,
    /// Only chips of this platform, as the index names it.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Only chips with at most this share of nodata [default: all; 0.05 with --parity, where 0 is all].
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub max_nodata: Option<f64>,
    /// Only chips with at most this share of cloud.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub max_cloud: Option<f64>,
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

/// `stacchip prechip`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip prechip index.parquet -o cubes\n  stacchip prechip dataset/ -o s3://bucket/cubes --format webdataset --seed 7\n  stacchip prechip dataset/ -o cubes --index 3 --jobs 10\n\nA run that was broken off goes on where it stood when it is called again."
)]
pub struct PrechipArgs {
    /// An index, or a folder of indexes.
    pub source: String,
    /// The folder that cubes go to; an address.
    #[arg(short, long, value_name = "OUT")]
    pub output: String,
    /// What files of cubes are.
    #[arg(long, value_enum, default_value_t = CubeFormat::Npz)]
    pub format: CubeFormat,
    /// Chips in a cube.
    #[arg(long, value_name = "CHIPS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub cube_size: u32,
    /// Type of the numbers: as upstream, or the assets' own, which must be one [default: float32 in npz, else own].
    #[arg(long, value_enum)]
    pub dtype: Option<CubeTypeArg>,
    /// Which chips, and what of them.
    #[command(flatten)]
    pub chips: ChipListArgs,
    /// Shuffle the chips by this number: the same number, the same order [default: as in the index].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Make the cubes of this job of an array, from 0.
    #[arg(long, value_name = "N", env = "AWS_BATCH_JOB_ARRAY_INDEX")]
    pub index: Option<u64>,
    /// Jobs in the array, which share the cubes [env: AWS_BATCH_JOB_ARRAY_SIZE].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..))]
    pub jobs: Option<u64>,
    /// Cubes of each job, in place of --jobs, as upstream [env: STACCHIP_CUBES_PER_JOB].
    #[arg(long, value_name = "CUBES", conflicts_with = "jobs", value_parser = clap::value_parser!(u64).range(1..))]
    pub cubes_per_job: Option<u64>,
    /// Answer as the Python package does, where that differs: chips drawn with replacement, whole cubes
    /// only, its longitudes and hours.
    #[arg(long)]
    pub parity: bool,
    /// How hard npz is deflated: 0 (not at all) to 9.
    #[arg(long, value_name = "LEVEL", default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: u8,
    /// Make cubes again that are there, and replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// Formats of cubes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CubeFormat {
    /// A `.npz` a cube, as upstream.
    Npz,
    /// A `.tar` a cube: an array and a JSON document a chip.
    Webdataset,
    /// A folder a cube, a GeoTIFF a chip.
    Geotiff,
    /// Zarr version 3: refused, and told why.
    Zarr,
}

/// Types of the numbers in cubes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CubeTypeArg {
    /// That of the assets.
    Own,
    /// Floats of 32 bits.
    Float32,
}

/// `stacchip stats`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip stats cubes/\n  stacchip stats 'cubes/**/*.npz' --platform naip --json\n  stacchip stats index.parquet --sample 1000 --seed 7 --harmonize"
)]
pub struct StatsArgs {
    /// Cubes (a folder of them, a file, a pattern), or an index.
    pub source: String,
    /// Which chips of an index, and what of them.
    #[command(flatten)]
    pub chips: ChipListArgs,
    /// As many chips of an index, or cubes, drawn by the seed [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// What is drawn.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The number that means no data [default: what the rasters or the plan of the cubes say, else the platform's].
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub nodata: Option<f64>,
    /// Add the offset of Sentinel-2's processing baselines from 04.00 on, where it was not added already.
    #[arg(long)]
    pub harmonize: bool,
    /// Percentiles wanted.
    #[arg(long, value_name = "P,Q", value_delimiter = ',', default_values_t = [1.0, 2.0, 5.0, 25.0, 50.0, 75.0, 95.0, 98.0, 99.0])]
    pub percentiles: Vec<f64>,
    /// Bins of the histogram.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub bins: u16,
}

/// What becomes of the rest when a chip fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// Stop with status 1.
    Fail,
    /// Go on, name it, end with status 3.
    Skip,
}

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
    #[arg(long = "where", value_name = "EXPR", conflicts_with_all = ["row", "id", "all"])]
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
    #[arg(long = "where", value_name = "EXPR")]
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

/// `stacchip merge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip merge a.parquet b.parquet -o both.parquet\n  stacchip merge index/ -o dataset --memory 512MiB"
)]
pub struct MergeArgs {
    /// Indexes: tables, folders of tables (those of the Python package too), patterns.
    #[arg(required = true, value_name = "INDEX")]
    pub indexes: Vec<String>,
    /// The result: a file ending in .parquet, or a folder of files with some million rows each.
    #[arg(short, long, value_name = "DATASET")]
    pub output: String,
    /// Rows of a file, where the result is a folder.
    #[arg(long, value_name = "N", default_value_t = 4_194_304, value_parser = clap::value_parser!(u64).range(1..))]
    pub part_rows: u64,
    /// Spans of time that rows lie apart by, on the globe's curve in each: all (of no matter), year, half, quarter or
    /// month [default: the shortest that still fills twenty row groups].
    #[arg(long, value_name = "PERIOD")]
    pub period: Option<Period>,
    /// The folder for what does not fit into --memory [default: that of the result].
    #[arg(long, value_name = "FOLDER")]
    pub temp: Option<PathBuf>,
    /// Replace what stands there.
    #[arg(long)]
    pub overwrite: bool,
}

/// `stacchip split`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stacchip split dataset --train 0.8 --val 0.1 --test 0.1 --by cell\n  stacchip split dataset --by block:50 --buffer 5 --strata platform --seed 7\n  stacchip split dataset --check"
)]
pub struct SplitArgs {
    /// An index: a table, or a folder of tables.
    pub dataset: String,
    /// Share of the chips to train with.
    #[arg(
        long,
        value_name = "SHARE",
        allow_negative_numbers = true,
        default_value_t = 0.8
    )]
    pub train: f64,
    /// Share of the chips to validate with.
    #[arg(
        long,
        value_name = "SHARE",
        allow_negative_numbers = true,
        default_value_t = 0.1
    )]
    pub val: f64,
    /// Share of the chips to test with.
    #[arg(
        long,
        value_name = "SHARE",
        allow_negative_numbers = true,
        default_value_t = 0.1
    )]
    pub test: f64,
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

fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no size: give one like 512MiB"))?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "kb" => 1e3,
        "m" | "mib" => 1024.0 * 1024.0,
        "mb" => 1e6,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "gb" => 1e9,
        other => {
            return Err(format!(
                "`{other}` is no unit of size: give KiB, MiB or GiB"
            ));
        }
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float beyond u64 saturates, and the text has no sign"
    )]
    let bytes = (number * factor) as u64;
    Ok(bytes)
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is no setting: give KEY=VALUE"))
}

fn parse_numbers<T: std::str::FromStr, const N: usize>(
    text: &str,
    separators: &[char],
    form: &str,
) -> Result<[T; N], String> {
    let parts: Vec<T> = text
        .split(separators)
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{text}` is not of the form {form}"))?;
    parts
        .try_into()
        .map_err(|_| format!("`{text}` is not of the form {form}"))
}

fn parse_shape(text: &str) -> Result<(u32, u32), String> {
    let [height, width] = parse_numbers(text, &[','], "H,W")?;
    if height == 0 || width == 0 {
        return Err(format!("`{text}` holds no pixel"));
    }
    Ok((height, width))
}

fn parse_dimensions(text: &str) -> Result<(u32, u32), String> {
    let [width, height] = parse_numbers(text, &['x', 'X'], "WxH")?;
    if height == 0 || width == 0 {
        return Err(format!("`{text}` holds no pixel"));
    }
    Ok((width, height))
}

fn parse_window(text: &str) -> Result<(i64, i64, u32, u32), String> {
    let form = "COL,ROW,WIDTH,HEIGHT";
    let [col, row, width, height] = parse_numbers::<i64, 4>(text, &[','], form)?;
    let edge = |v: i64| {
        u32::try_from(v)
            .ok()
            .filter(|&v| v > 0)
            .ok_or_else(|| format!("`{text}`: width and height are at least 1"))
    };
    Ok((col, row, edge(width)?, edge(height)?))
}

fn parse_fraction(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok();
    number
        .filter(|n| (0.0..=1.0).contains(n))
        .ok_or_else(|| format!("`{text}` is no fraction: give a number from 0 to 1"))
}

fn parse_range(text: &str) -> Result<(f64, f64), String> {
    let [low, high] = parse_numbers::<f64, 2>(text, &[','], "MIN,MAX")?;
    if low.is_finite() && high.is_finite() && low < high {
        Ok((low, high))
    } else {
        Err(format!("`{text}` is no range: give MIN,MAX"))
    }
}

fn parse_bbox(text: &str) -> Result<[f64; 4], String> {
    let bbox = parse_numbers::<f64, 4>(text, &[','], "W,S,E,N")?;
    if bbox.iter().all(|v| v.is_finite()) && bbox[1] <= bbox[3] {
        Ok(bbox)
    } else {
        Err(format!(
            "`{text}` is no box: give west,south,east,north in degrees"
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_of_every_form() {
        assert_eq!(parse_size("512MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1.5k"), Ok(1536));
        assert!(parse_size("much").is_err());
        assert_eq!(parse_window("-5,0,3,4"), Ok((-5, 0, 3, 4)));
        assert!(parse_window("0,0,0,4").is_err());
        assert_eq!(parse_shape("20,10"), Ok((20, 10)));
        assert_eq!(parse_dimensions("20x10"), Ok((20, 10)));
        assert!(parse_bbox("0,2,1,1").is_err());
        assert!(parse_pair("=x").is_err());
    }
}
