//! What people type.

mod chip;
mod cubes;
mod dataset;
mod grid;
mod index;
mod labels;
mod look;
mod parse;
mod query;
mod reading;
mod sample;
mod selection;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use self::chip::{ChipArgs, ExplainArgs, OnError};
pub use self::cubes::{ChipListArgs, CubeFormat, CubeTypeArg, PrechipArgs, StatsArgs};
pub use self::dataset::{ItemsArg, MergeArgs, SeriesArgs, SplitArgs};
pub use self::grid::{EdgeArg, GridArgs};
pub use self::index::{IndexArgs, LayoutArg};
pub use self::labels::{BurnArgs, LabelArgs, LayerArgs};
pub use self::look::{InfoArgs, PreviewArgs};
use self::parse::{parse_pair, parse_size};
pub use self::query::{ConditionArgs, QueryArgs};
pub use self::reading::{AddressArgs, AssetArgs, ShapingArgs};
pub use self::sample::{SampleArgs, SamplePlatform};
pub use self::selection::SelectionArgs;

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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
