//! What stands at an address, and the condition under which something takes its place.

use object_store::{ObjectMeta, UpdateVersion};
use stacchip_cog::Version;

/// An object that stands at an address, as a store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub address: String,
    /// Bytes of it.
    pub size: u64,
    /// The version it is of, as far as the store says.
    pub version: Version,
    /// Its number in the store's own count, of stores that count versions (Google's generations).
    pub(super) generation: Option<String>,
}

impl Standing {
    pub(super) fn of(address: String, meta: ObjectMeta) -> Self {
        Self {
            address,
            size: meta.size,
            version: Version {
                // Lists of Azure leave out the quotes that belong to a tag.
                etag: meta.e_tag.as_deref().map(quoted),
                ..said(&meta)
            },
            generation: meta.version,
        }
    }

    /// An object whose store counts nothing.
    pub(super) const fn uncounted(address: String, size: u64, version: Version) -> Self {
        Self {
            address,
            size,
            version,
            generation: None,
        }
    }

    pub(super) fn update(&self) -> UpdateVersion {
        UpdateVersion {
            e_tag: self.version.etag.clone(),
            version: self.generation.clone(),
        }
    }
}

/// What an object may take the place of.
#[derive(Debug, Clone, Copy)]
pub enum Replaces<'a> {
    /// Of nothing: who finds something there stores nothing.
    Nothing,
    /// Of whatever stands there.
    Anything,
    /// Of this version alone: who finds another there, or none, stores nothing.
    Only(&'a Standing),
}

fn quoted(tag: &str) -> String {
    if tag.ends_with('"') {
        tag.to_owned()
    } else {
        format!("\"{tag}\"")
    }
}

/// What a store says of the version.
pub(super) fn said(meta: &ObjectMeta) -> Version {
    Version {
        etag: meta.e_tag.clone(),
        size: Some(meta.size),
        modified: meta
            .last_modified
            .timestamp_nanos_opt()
            .filter(|&time| time != 0),
    }
}
