//! Rows out, rows in.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use thiserror::Error;

use crate::ChipRow;

/// Takes rows, a batch at a time, in their final order.
///
/// Promise: memory does not grow with the number of rows; nothing stands under the final name until
/// [`finish`](Self::finish) has returned well, and then all of it does; dropped before that, it
/// leaves nothing behind.
#[async_trait]
pub trait IndexWriter: Send + fmt::Debug {
    /// Appends `rows`.
    ///
    /// # Errors
    /// [`IndexError`] where they cannot be stored.
    async fn write(&mut self, rows: &[ChipRow]) -> Result<(), IndexError>;

    /// Closes the table and gives it its final name.
    ///
    /// # Errors
    /// [`IndexError`] where it cannot be stored, or stands already and may not be replaced.
    async fn finish(self: Box<Self>) -> Result<(), IndexError>;
}

/// Gives rows, a batch at a time, in their order.
#[async_trait]
pub trait IndexReader: Send + fmt::Debug {
    /// The next rows; an empty batch never, nothing at the end.
    ///
    /// # Errors
    /// [`IndexError`] where the table cannot be read or is no index.
    async fn read(&mut self) -> Result<Option<Vec<ChipRow>>, IndexError>;
}

/// Why an index could not be written or read.
#[derive(Debug, Error)]
#[error("index {address}: {kind}{}", Because(.cause.as_deref()))]
pub struct IndexError {
    /// What kind of failure it is.
    pub kind: IndexErrorKind,
    /// The index.
    pub address: String,
    /// What the technology said.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// Kinds of failure with an index.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IndexErrorKind {
    /// There is no such index.
    #[error("not found")]
    NotFound,
    /// Something stands under its name already.
    #[error("it exists already: say --overwrite to replace it")]
    Exists,
    /// What stands there is not what was to be replaced.
    #[error(
        "another has written it meanwhile, and nothing of this was stored: do it again from what stands there now"
    )]
    Changed,
    /// It cannot be stored there.
    #[error("cannot be written")]
    Write,
    /// It cannot be read.
    #[error("cannot be read")]
    Read,
    /// It is a table, but not of chips.
    #[error("it is no chip index: {0}")]
    Schema(String),
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
