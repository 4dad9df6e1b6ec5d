//! Bars for long work.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stacchip::Progress;

use crate::output::Output;

/// A bar on standard error; hidden where progress is not shown.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar over `what`, whose length is still to be told.
    pub fn new(output: Output, what: &'static str) -> Self {
        let target = if output.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target).with_message(what);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(bar.with_style(style))
    }
}

impl Progress for Bar {
    fn expect(&self, steps: u64) {
        self.0.inc_length(steps);
    }

    fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
