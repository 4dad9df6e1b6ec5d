//! `stacchip completions`.

use std::io;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{Status, args::Cli};

/// Prints completions for `shell`.
pub fn run(shell: Shell) -> Status {
    generate(shell, &mut Cli::command(), "stacchip", &mut io::stdout());
    Status::Done
}
