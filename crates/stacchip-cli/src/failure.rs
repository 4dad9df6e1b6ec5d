//! Why a command failed, and with which exit status.

use std::{error::Error as StdError, fmt};

/// A failure of the whole command.
#[derive(Debug)]
pub enum Failure {
    /// The call was wrong: status 2.
    Usage(String),
    /// It was understood and did not work: status 1.
    Failed(String),
    /// It did not work, and every reason has been told already: status 1.
    Told,
}

impl Failure {
    /// The call was wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(message.to_string())
    }

    /// It did not work; says `error` and what caused it, each once.
    pub fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// It did not work: `what`, because of `error`.
    pub fn of(what: impl fmt::Display, error: &dyn StdError) -> Self {
        Self::Failed(format!("{what}: {}", chain(error)))
    }

    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) | Self::Told => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => f.write_str(message),
            Self::Told => f.write_str("nothing was done"),
        }
    }
}

/// `error` and its causes in one line; a cause that its parent already says is not said again.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}
