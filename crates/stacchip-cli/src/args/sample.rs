//! What people type to have a scene made.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
