//! What use cases need of the world beyond reading.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

/// Stores whole objects.
#[async_trait]
pub trait ObjectSink: Send + Sync + fmt::Debug {
    /// Stores `bytes` at `address`.
    ///
    /// Promise: all or nothing. Nothing half-written ever stands at `address`, and where `overwrite`
    /// is false, what stands there already stays as it is, also when two write at once.
    ///
    /// # Errors
    /// [`WriteError`] where it could not be stored.
    async fn put(&self, address: &str, bytes: Bytes, overwrite: bool) -> Result<(), WriteError>;
}

/// Is told how far long work is.
pub trait Progress: Send + Sync {
    /// There are `steps` more to do.
    fn expect(&self, steps: u64);

    /// `steps` more are done.
    fn advance(&self, steps: u64);
}

/// Nobody is told.
impl Progress for () {
    fn expect(&self, _: u64) {}

    fn advance(&self, _: u64) {}
}

/// Why an object could not be stored.
#[derive(Debug, Error)]
#[error("cannot write {address}: {kind}{}", Because(.cause.as_deref()))]
pub struct WriteError {
    /// What kind of failure it is.
    pub kind: WriteErrorKind,
    /// The object, without signatures or secrets.
    pub address: String,
    /// What the technology said.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl WriteError {
    /// A failure of `kind` at `address`.
    pub fn new(kind: WriteErrorKind, address: impl Into<String>) -> Self {
        Self {
            kind,
            address: address.into(),
            cause: None,
        }
    }

    /// The same, with what the technology said.
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// Kinds of failure of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// Something stands there already.
    #[error("it exists already: say --overwrite to replace it")]
    Exists,
    /// What stands there is not what was to be replaced.
    #[error(
        "another has written it meanwhile, and nothing of this was stored: do it again from what stands there now"
    )]
    Changed,
    /// The place does not take objects: no such folder or bucket.
    #[error("there is no such place")]
    NotFound,
    /// The credentials or permissions do not allow it, or there are none.
    #[error("access denied")]
    Denied,
    /// It may work if tried again.
    #[error("a passing failure")]
    Transient,
    /// The address is of a kind that cannot be written here.
    #[error("no way to write to such an address")]
    Unsupported,
    /// Anything else.
    #[error("it failed")]
    Other,
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
