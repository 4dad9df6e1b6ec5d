//! The chip grid of a scene, the row of a chip, and the schema of an index.
//!
//! This room knows where chips lie and what a row says. It never reads a pixel, and knows no file
//! format of tables; rows leave and enter through its ports, [`IndexWriter`] and [`IndexReader`].

mod ports;
mod row;

pub use ports::{IndexError, IndexErrorKind, IndexReader, IndexWriter};
pub use row::{ChipRow, SceneColumns};
