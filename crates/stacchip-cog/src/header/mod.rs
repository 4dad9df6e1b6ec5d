//! From bytes to directories: the sans-I/O part of reading a header.

mod decoder;
mod directory;
mod error;
mod held;
mod old_jpeg;
mod tag;
mod value;

pub use decoder::{HeaderDecoder, Step};
pub(crate) use decoder::{Place, Preamble};
pub(crate) use directory::{Directory, Entry};
pub use error::HeaderError;
pub(crate) use held::{Pages, merged as merged_ranges};
pub(crate) use tag::Tag;
pub(crate) use value::{ByteOrder, FieldType};
