//! Items as stac-geoparquet: one row an item.
//!
//! The form is that of the specification 1.0 (<https://radiantearth.github.io/stac-geoparquet-spec/latest>): properties stand
//! beside the members of the item as columns, `assets` and `bbox` are structures, `links` a list of them, geometries
//! well-known binary, and moments are typed. What a row has no value for is null, and not in its item.

mod finder;
mod geometry;
mod geometry_writer;
mod json;
mod kinds;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use finder::{ItemKey, KeptItemTable};
pub use reader::ItemTable;
pub use writer::write_item_table;

use thiserror::Error;

/// Why a table could not be read as items, or items not be written as one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ItemTableError {
    /// It is no table, or is broken.
    #[error("{address}: the table cannot be read: {cause}")]
    Read {
        /// Where it is.
        address: String,
        /// What the technology said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is a table of something else, or in a form that is not read.
    #[error("{address} is no stac-geoparquet: {what}")]
    NotItems {
        /// Where it is.
        address: String,
        /// What it is instead, or lacks.
        what: String,
    },
    /// It would take more memory than a table of items has to.
    #[error("{address}: row group {group} {what}; write it with smaller row groups")]
    TooLarge {
        /// Where it is.
        address: String,
        /// The row group, from 0.
        group: usize,
        /// How much, and how much may be.
        what: String,
    },
    /// A row is no item.
    #[error("{address}: row {row}: {what}")]
    Row {
        /// Where the table is.
        address: String,
        /// The row, from 0.
        row: u64,
        /// The column, and what is wrong in it.
        what: String,
    },
    /// An item does not go into one table with the others.
    #[error(
        "item {item} does not go into one stac-geoparquet with the others: {what}; keep the items as lines of JSON"
    )]
    Item {
        /// Its id.
        item: String,
        /// The member, and what is wrong with it.
        what: String,
    },
    /// The items cannot be read, or the table cannot be written.
    #[error("{address}: its items cannot be written as stac-geoparquet: {cause}")]
    Write {
        /// Where the items are.
        address: String,
        /// What the technology said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Columns that are members of an item themselves; all others are properties.
const MEMBERS: [&str; 9] = [
    "type",
    "stac_version",
    "stac_extensions",
    "id",
    "collection",
    "geometry",
    "bbox",
    "links",
    "assets",
];
