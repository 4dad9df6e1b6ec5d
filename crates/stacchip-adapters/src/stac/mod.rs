//! STAC JSON → [`Scene`](stacchip_model::Scene).
//!
//! Reads Items of STAC 1.0, 1.1 and the versions before 1.0 that are still about, alone or many in
//! one text. What is not needed is not looked at; what is needed and has the wrong type is an error
//! that names the field and the item. Why no library of STAC types stands between:
//! `docs/decisions/0020-stac-json.md`.

mod bands;
mod documents;
mod fields;
mod item;
mod projection;
mod time;

pub use documents::{ItemDocument, read_item_of_many, read_items};
pub use item::parse_item;

use thiserror::Error;

/// Why a text could not be read as STAC.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StacError {
    /// It is no JSON.
    #[error("{address}: no JSON: {cause}")]
    Json {
        /// Where the text is from.
        address: String,
        /// What is wrong, and where.
        cause: String,
    },
    /// It is JSON, but not an Item or many of them.
    #[error("{address}: {what}; give a STAC Item, an ItemCollection, or items one a line")]
    NotItems {
        /// Where the text is from.
        address: String,
        /// What it is instead.
        what: String,
    },
    /// An item lacks a field that nothing can be done without.
    #[error("item {item}: `{field}` is missing")]
    Missing {
        /// The item's id.
        item: String,
        /// The field.
        field: String,
    },
    /// A field of an item is not what STAC says it is.
    #[error("item {item}: `{field}` must be {wanted}, but is {got}")]
    Wrong {
        /// The item's id.
        item: String,
        /// The field, with the path to it.
        field: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        got: String,
    },
}
