//! The port to headers that were kept.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use thiserror::Error;

use crate::StoredHeader;

/// Keeps and gives back what is known of the headers of objects, by address and version.
#[async_trait]
pub trait HeaderStore: Send + Sync + fmt::Debug {
    /// What is known of the objects at `addresses` ([keys](crate::header_key)), in their order;
    /// nothing where nothing is.
    ///
    /// Promise: what is given back is what was kept last under that address, of the
    /// [version](StoredHeader::version) it says, whole or not at all. Whether the object still is of
    /// that version is not looked at: whoever uses it reads that version alone.
    ///
    /// # Errors
    /// [`HeaderStoreError`] where it cannot be looked up. Whoever asked goes on as if nothing were
    /// known.
    async fn load(&self, addresses: &[&str])
    -> Result<Vec<Option<StoredHeader>>, HeaderStoreError>;

    /// Keeps `headers`, in place of what was known under their addresses.
    ///
    /// # Errors
    /// [`HeaderStoreError`] where they cannot be kept.
    async fn keep(&self, headers: &[StoredHeader]) -> Result<(), HeaderStoreError>;
}

/// Why headers could not be looked up or kept.
#[derive(Debug, Error)]
#[error("the headers in {store}: {cause}")]
pub struct HeaderStoreError {
    /// The store, for people.
    pub store: String,
    /// What went wrong.
    pub cause: Box<dyn StdError + Send + Sync>,
}

impl HeaderStoreError {
    /// A failure of `store`.
    pub fn new(
        store: impl Into<String>,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            store: store.into(),
            cause: cause.into(),
        }
    }
}
