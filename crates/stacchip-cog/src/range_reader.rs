//! The port to stored bytes.

use std::{error::Error as StdError, fmt, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use crate::Version;

/// Reads byte ranges of one object.
#[async_trait]
pub trait RangeReader: Send + Sync + fmt::Debug {
    /// Reads all of `ranges`, in any order and at once if it likes; answers in the order asked.
    ///
    /// Promise: each answer is as long as its range, unless the object ends within or before the
    /// range; then it holds what there is, perhaps nothing. An empty range answers with no bytes.
    /// All answers of a reader come from one [version](Self::version) of the object, whatever is put
    /// in its place meanwhile.
    ///
    /// # Errors
    /// [`ReadError`], naming the address and the range, where any of them could not be had;
    /// [`ReadErrorKind::Changed`] where the object is another than this reader began with, or was
    /// opened for.
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError>;

    /// The address, for people: what messages name. Never holds a signature or a secret.
    fn address(&self) -> &str;

    /// Which version of the object its answers come from: what is known by now, which may be
    /// nothing before the first answer.
    fn version(&self) -> Version;

    /// What it would ask its store for to [read](Self::read) `ranges`: ranges that lie near each
    /// other may be one request. It is what it would do now; what it learns meanwhile may change it.
    fn requests(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let some = ranges.iter().filter(|range| range.start < range.end);
        some.cloned().collect()
    }
}

/// Why stored bytes could not be had.
#[derive(Debug, Error)]
#[error("cannot read {address}{}: {kind}{}", Of(.range.as_ref()), Because(.cause.as_deref()))]
pub struct ReadError {
    /// What kind of failure it is; what to do about it follows from this.
    pub kind: ReadErrorKind,
    /// The object, without signatures or secrets.
    pub address: String,
    /// The bytes asked for, where it was about some.
    pub range: Option<Range<u64>>,
    /// Whether its store answers the same where there is no such object, so that nobody may know.
    pub may_be_missing: bool,
    /// What the technology said.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// Kinds of failure of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// There is no such object.
    #[error("not found")]
    NotFound,
    /// The credentials do not allow it, or there are none.
    #[error("access denied")]
    Denied,
    /// The server does not serve ranges, or served another one.
    #[error("the server does not serve byte ranges of it")]
    Range,
    /// The object is no longer the version that was opened.
    #[error("it changed while it was read")]
    Changed,
    /// It may work if tried again.
    #[error("a passing failure")]
    Transient,
    /// The address is of a kind that cannot be read here.
    #[error("no way to read such an address")]
    Unsupported,
    /// Anything else.
    #[error("it failed")]
    Other,
}

impl ReadError {
    /// A failure of `kind` at `address`.
    pub fn new(kind: ReadErrorKind, address: impl Into<String>) -> Self {
        Self {
            kind,
            address: address.into(),
            range: None,
            may_be_missing: false,
            cause: None,
        }
    }

    /// The same, about `range`.
    pub fn of(mut self, range: Range<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// The same, of a store that answers so where there is no such object as well, or does not.
    #[must_use]
    pub const fn perhaps_missing(mut self, may_be_missing: bool) -> Self {
        self.may_be_missing = may_be_missing;
        self
    }

    /// The same, with what the technology said.
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

struct Of<'a>(Option<&'a Range<u64>>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(r) => write!(f, " (bytes {}..{})", r.start, r.end),
            None => Ok(()),
        }
    }
}

struct Because<'a>(Option<&'a (dyn StdError + Send + Sync)>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}
