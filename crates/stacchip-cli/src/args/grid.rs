//! How people say how chips lie.

use clap::{Args, ValueEnum};

use super::parse::parse_shape;

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
