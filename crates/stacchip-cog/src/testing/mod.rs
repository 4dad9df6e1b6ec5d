//! In-memory twins and contract checks of the ports, for the tests of adapters.

mod memory_reader;

pub use memory_reader::{MemoryReader, check_range_reader};
