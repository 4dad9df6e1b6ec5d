//! Pixels for people: pictures of chips, and sheets of many.

mod contact_sheet;
mod numbers;
mod picture;
mod stretch;

pub use contact_sheet::contact_sheet;
pub use picture::{DisplayError, Picture, PictureOptions};
pub use stretch::{ParseStretchError, Stretch};
