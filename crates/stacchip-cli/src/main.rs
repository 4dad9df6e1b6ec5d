//! stacchip: index the chips of STAC items and cut them on demand.
//!
//! This room knows arguments, environment, progress and exit codes. What is done is done in the
//! crates below; `wiring` names the concrete adapters.

mod afar;
#[expect(clippy::doc_markdown, reason = "what stands there is shown to people")]
mod args;
mod beside;
mod chip_files;
mod chip_list;
mod commands;
mod cutting;
mod failure;
mod folder_lock;
mod index_files;
mod index_rows;
mod inputs;
mod item_files;
mod item_names;
mod labels;
mod output;
mod progress;
mod rewriting;
mod source;
mod staged_tables;
mod standing_cubes;
mod tables;
mod target;
mod told;
mod under_way;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Cli, failure::Failure, output::Output};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers and go to standard output; the rest is a wrong call.
            let status = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let output = Output::new(&cli.shared);
    match commands::run(cli.command, &cli.shared, output) {
        Ok(status) => ExitCode::from(status.code()),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.status())
        }
    }
}

/// How a command ended that did not fail as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// All of it was done.
    Done,
    /// Some of it failed; each part was named.
    Partly,
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 3,
        }
    }
}

/// What a command gives back.
type CommandResult = Result<Status, Failure>;
