//! `stacchip completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{CommandResult, Status, args::Cli, output::Output};

/// Prints completions for `shell`.
pub fn run(shell: Shell) -> CommandResult {
    let mut text = Vec::new();
    generate(shell, &mut Cli::command(), "stacchip", &mut text);
    Output::write(&text)?;
    Ok(Status::Done)
}
