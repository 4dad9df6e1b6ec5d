//! The pages of the book that hold Rust, as documentation tests: what they show compiles and runs.
//!
//! A page with code that is missing here fails `tests/book.rs`.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
mod embedding {}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
