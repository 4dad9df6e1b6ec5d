//! From decompressed rows to pixels in memory.

mod element;
mod float;
mod horizontal;
mod lanes;
mod place;
mod split;
mod unpack;
mod wide;

pub(crate) use element::{Element, Layout};
pub(crate) use place::{fill, place, row_of};
pub(crate) use split::three;
