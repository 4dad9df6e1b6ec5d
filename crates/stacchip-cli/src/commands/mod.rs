//! One verb a file.

mod chip;
mod completions;
mod explain;
mod index;
mod info;
mod preview;
mod sample;

pub use chip::Names;

use crate::{
    CommandResult,
    args::{Command, Shared},
    output::Output,
    wiring::World,
};

/// Runs `command`.
pub fn run(command: Command, shared: &Shared, output: Output) -> CommandResult {
    match command {
        Command::Completions { shell } => Ok(completions::run(shell)),
        Command::Sample(args) => sample::run(&args, &World::new(shared)?, output),
        Command::Index(args) => index::run(&args, &World::new(shared)?, output),
        Command::Chip(args) => chip::run(&args, &World::new(shared)?, output),
        Command::Explain(args) => explain::run(&args, &World::new(shared)?, output),
        Command::Info(args) => info::run(&args, &World::new(shared)?, output),
        Command::Preview(args) => preview::run(&args, &World::new(shared)?, output),
    }
}
