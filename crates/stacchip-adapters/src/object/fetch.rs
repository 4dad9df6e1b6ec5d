//! Objects that are asked for once a request.

use std::{fmt, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip_cog::{Transfer, Version};

use super::attempt::Miss;

/// Asks for an object or a part of it, once.
#[async_trait]
pub(super) trait Fetch: Send + Sync + fmt::Debug {
    /// The bytes asked for.
    async fn fetch(&self, ask: Ask<'_>) -> Result<Fetched, Miss>;

    /// The address, for people.
    fn address(&self) -> &str;
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    /// A range, not empty, cut short only where the object ends; of the version whose entity tag is
    /// `tag`, where one is given.
    Part {
        range: &'a Range<u64>,
        tag: Option<&'a str>,
    },
    /// All of it, if that is at most `limit` bytes.
    All { limit: u64 },
}

/// An object or a part of it.
#[derive(Debug, Clone)]
pub(super) struct Fetched {
    pub(super) bytes: Bytes,
    /// The version it is of, as far as the answer says.
    pub(super) version: Version,
    /// How it came; nothing where it was there already.
    pub(super) seen: Option<Transfer>,
}
