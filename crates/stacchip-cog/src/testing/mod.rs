//! In-memory twins and contract checks of the ports, for the tests of adapters.

mod header_store;
mod memory_reader;
mod plain;
mod stored_header;
mod tile_decoder;

pub use header_store::{MemoryHeaders, check_header_store};
pub use memory_reader::{MemoryReader, check_range_reader};
pub use plain::Plain;
pub use stored_header::check_stored_header;
pub use tile_decoder::check_tile_decoder;
