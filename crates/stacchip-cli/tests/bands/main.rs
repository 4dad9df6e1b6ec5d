//! `stats`, and what it needs of `prechip`, as people call them.
#![expect(
    clippy::unwrap_used,
    reason = "what a test stands on is there, or the test fails"
)]

mod desk;
mod stats;
