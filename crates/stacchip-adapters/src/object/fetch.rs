//! Objects that are asked for once a request.

use std::{fmt, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip_cog::{Transfer, Version};

use super::attempt::Miss;

/// Asks for a part of an object, once.
#[async_trait]
pub(super) trait Fetch: Send + Sync + fmt::Debug {
    /// The bytes of `range`, not empty, cut short only where the object ends; of the version whose
    /// entity tag is `tag`, where one is given.
    async fn fetch(&self, range: &Range<u64>, tag: Option<&str>) -> Result<Fetched, Miss>;

    /// The address, for people.
    fn address(&self) -> &str;
}

/// A part of an object.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    pub(super) bytes: Bytes,
    /// The version it is of, as far as the answer says.
    pub(super) version: Version,
    /// How it came; nothing where it was there already.
    pub(super) seen: Option<Transfer>,
}
