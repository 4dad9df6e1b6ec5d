//! What stacchip must survive: one function a target, from any bytes to "held" or "broken".
//!
//! This room knows what is promised of hostile bytes: no panic, no limit passed, the same answer
//! however the bytes arrive, the same pixels as others read. It finds no bytes by itself: libFuzzer
//! (`fuzz_targets/`), the smoke (`src/bin/smoke.rs`) and the test over `regressions/` bring them.
//!
//! The last [`Choices::BYTES`] bytes of an input of the binary targets are not data but choices: how
//! a file is split, which window is read, which block the bytes are taken for.
//!
//! ```
//! assert_eq!(stacchip_fuzz::run("header", b"II*\0 and no directory"), Ok(()));
//! ```

mod choices;
mod codec;
mod codec_seeds;
mod file;
mod header;
mod header_table;
#[cfg(feature = "index")]
mod index;
mod item;
mod lerc_diff;
mod lzw_diff;
mod memory;
mod mutation;
mod rules;
mod seeds;
mod target;
mod texts;
mod tiff_diff;

pub use choices::Choices;
pub use mutation::Mutation;
pub use target::{TARGETS, Target, quiet_panics, run, run_or_abort, seeds};
