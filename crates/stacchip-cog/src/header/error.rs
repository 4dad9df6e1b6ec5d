//! Why a header could not be understood.

use thiserror::Error;

/// Why a header could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The first bytes are not those of a TIFF.
    #[error("no TIFF: the first bytes are {first:02x?}, want `II` or `MM`, then 42 or 43")]
    NotTiff {
        /// The first bytes there are, at most eight.
        first: Vec<u8>,
    },
    /// The object ends before something that cannot be done without.
    #[error("the object ends at byte {end}, inside {what} at byte {offset}")]
    Truncated {
        /// What was to be read.
        what: &'static str,
        /// Where it starts.
        offset: u64,
        /// Where the object ends.
        end: u64,
    },
    /// A number is larger than [`Limits`](crate::Limits) allows.
    #[error(
        "{what} at byte {offset}: {value} is over the limit of {limit}; raise the limit `{name}` if you trust the file"
    )]
    Limit {
        /// What was to be read.
        what: &'static str,
        /// Field of [`Limits`](crate::Limits).
        name: &'static str,
        /// Where the number stands.
        offset: u64,
        /// The number.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// A tag that cannot be done without is missing.
    #[error("the directory at byte {directory} has no {tag}")]
    Missing {
        /// The tag.
        tag: &'static str,
        /// Where the directory starts.
        directory: u64,
    },
    /// A tag's value makes no sense.
    #[error("the directory at byte {directory}: {tag} {detail}")]
    Tag {
        /// The tag.
        tag: &'static str,
        /// Where the directory starts.
        directory: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// More bytes were supplied or asked for than make sense together.
    #[error("the first directory is at byte {offset}, which is no place for one")]
    NoDirectory {
        /// Where it should be.
        offset: u64,
    },
}
