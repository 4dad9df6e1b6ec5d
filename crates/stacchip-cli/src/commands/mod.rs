//! One verb a file.

mod chip;
mod completions;
mod explain;
mod index;
mod info;
mod label;
mod merge;
mod prechip;
mod preview;
mod query;
mod sample;
mod series;
mod split;
mod stats;

pub use chip::{Cutting, Names, record, scene_chips};
pub use query::row_numbers;

use crate::{
    CommandResult,
    args::{Command, Shared},
    output::Output,
    wiring::World,
};

/// Runs `command`.
pub fn run(command: Command, shared: &Shared, output: Output) -> CommandResult {
    match command {
        Command::Completions { shell } => completions::run(shell),
        Command::Sample(args) => sample::run(&args, &World::new(shared)?, output),
        Command::Index(args) => index::run(&args, &World::new(shared)?, output),
        Command::Chip(args) => chip::run(&args, &World::new(shared)?, output),
        Command::Explain(args) => explain::run(&args, &World::new(shared)?, output),
        Command::Prechip(args) => prechip::run(&args, &World::new(shared)?, output, shared),
        Command::Stats(args) => stats::run(&args, &World::new(shared)?, output, shared),
        Command::Info(args) => info::run(&args, &World::new(shared)?, output),
        Command::Query(args) => query::run(&args, shared, &World::new(shared)?, output),
        Command::Label(args) => label::run(&args, &World::new(shared)?, output),
        Command::Series(args) => series::run(&args, &World::new(shared)?, output),
        Command::Merge(args) => merge::run(&args, shared, &World::new(shared)?, output),
        Command::Split(args) => split::run(&args, &World::new(shared)?, output),
        Command::Preview(args) => preview::run(&args, &World::new(shared)?, output),
    }
}
