//! What people type about cubes and numbers of many chips.

use clap::{Args, ValueEnum};

use super::{AddressArgs, AssetArgs, parse::parse_fraction};

/// Which chips of an index, and what of them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Chips")]
#[command(mut_arg("wanted", |wanted| wanted.help("Assets to read, in this order: keys, else band names or common names [default: those that models of the platform are trained with, else every asset that holds data]")))]
pub struct ChipListArgs {
    /// Assets.
    #[command(flatten)]
    pub assets: AssetArgs,
    /// Only chips of this platform, as the index names it.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Only chips with at most this share of nodata [default: all; 0.05 with --parity, where 0 is all].
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub max_nodata: Option<f64>,
    /// Only chips with at most this share of cloud.
    #[arg(long, value_name = "FRACTION", value_parser = parse_fraction)]
    pub max_cloud: Option<f64>,
    /// Addresses.
    #[command(flatten)]
    pub addresses: AddressArgs,
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
