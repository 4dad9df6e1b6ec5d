//! Where words, records and pictures go.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use crate::{
    args::{ProgressWhen, Shared},
    failure::Failure,
};

/// Standard output for answers, standard error for words about them.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    quiet: bool,
    verbose: u8,
    progress: bool,
}

impl Output {
    /// As the shared options ask for.
    pub fn new(shared: &Shared) -> Self {
        let progress = match shared.progress {
            ProgressWhen::Always => true,
            ProgressWhen::Never => false,
            ProgressWhen::Auto => io::stderr().is_terminal() && !shared.quiet,
        };
        Self {
            json: shared.json,
            quiet: shared.quiet,
            verbose: shared.verbose,
            progress,
        }
    }

    /// Whether answers are JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether long work shows how far it is.
    pub fn shows_progress(self) -> bool {
        self.progress
    }

    /// That something was done, on standard output; left out where answers are JSON, and where
    /// quiet is asked for.
    pub fn done(self, text: impl std::fmt::Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.say(text) }
    }

    /// An answer for people, on standard output; left out where answers are JSON.
    pub fn say(self, text: impl std::fmt::Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        Self::write(format!("{text}\n").as_bytes())
    }

    /// Bytes, on standard output. Who has read enough and hung up, as `head` does, is no failure: what is done
    /// besides goes on.
    pub fn write(bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// A JSON document, on standard output, where answers are JSON.
    pub fn document(self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        Self::write(&text)
    }

    /// What a person should know; standard error.
    pub fn warn(text: impl std::fmt::Display) {
        let _ = writeln!(io::stderr().lock(), "warning: {text}");
    }

    /// A part that failed, named; standard error.
    pub fn error(text: impl std::fmt::Display) {
        let _ = writeln!(io::stderr().lock(), "error: {text}");
    }

    /// What is going on; standard error, unless quiet.
    pub fn note(self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// What is going on in detail; standard error, with `-v`.
    pub fn detail(self, text: impl std::fmt::Display) {
        if self.verbose > 0 {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// The failure of the whole command: one line on standard error, a document for machines.
    pub fn failure(self, failure: &Failure) {
        if matches!(failure, Failure::Told) {
            return;
        }
        let _ = writeln!(io::stderr().lock(), "error: {failure}");
        let _ = self.document(&json!({
            "error": failure.to_string(),
            "status": failure.status(),
        }));
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::failed(error)
    }
}

/// Bytes for people.
pub fn bytes_for_people(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "B" {
                format!("{bytes} B")
            } else {
                format!("{size:.1} {unit}")
            };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(bytes_for_people(0), "0 B");
        assert_eq!(bytes_for_people(1536), "1.5 KiB");
        assert_eq!(bytes_for_people(5 << 30), "5.0 GiB");
    }
}
