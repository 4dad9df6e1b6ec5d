//! In-memory twins and contract checks of the ports, for the tests of adapters.

mod memory_reader;
mod tile_decoder;

pub use memory_reader::{MemoryReader, check_range_reader};
pub use tile_decoder::check_tile_decoder;
