//! What holds of every file, whatever is in it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "outside test functions, but tests all the same"
)]

mod by_hand;
mod files;
mod hostile;
mod laws;
mod stored;
