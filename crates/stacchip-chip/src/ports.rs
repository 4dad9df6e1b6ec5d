//! Opening assets, encoding chips.

use std::{error::Error as StdError, fmt, sync::Arc};

use async_trait::async_trait;
use stacchip_cog::{RangeReader, ReadError, Version};
use stacchip_model::{Affine, Crs, CrsKind};
use thiserror::Error;

use crate::NamedPixels;

/// Makes an address readable.
#[async_trait]
pub trait AssetOpener: Send + Sync + fmt::Debug {
    /// Something that reads the object at `address`, signed at the moment of use where it must be.
    /// Cheap: it may be called once a chip, and makes no request by itself where it can be avoided.
    ///
    /// # Errors
    /// [`ReadError`] where the address cannot be understood, or nothing there can be read.
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError>;

    /// The same, of that `version` alone: where another lies there, or nothing tells which it is,
    /// this or the first read fails with [`Changed`](stacchip_cog::ReadErrorKind::Changed). The
    /// condition goes along with the request for bytes; none is made for it alone.
    ///
    /// # Errors
    /// [`ReadError`], as [`open`](Self::open), and where it is another version.
    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError>;
}

/// Where pixels lie.
#[derive(Debug, Clone, Copy, Default)]
pub struct Georeferenced<'a> {
    /// Reference system.
    pub crs: Option<&'a Crs>,
    /// What kind of system that is, as [`Projector::describe`](stacchip_model::Projector::describe)
    /// tells: formats that store codes store it beside them.
    pub crs_kind: Option<CrsKind>,
    /// From pixel corners to the ground.
    pub transform: Option<Affine>,
}

/// Pixels and their place → the bytes of a file.
pub trait ChipEncoder: Send + Sync + fmt::Debug {
    /// The endings of files it makes, without the dot, the usual one first.
    fn endings(&self) -> &[&str];

    /// The bytes of a file that holds `arrays`.
    ///
    /// # Errors
    /// [`EncodeChipError`] where the format cannot hold them.
    fn encode(
        &self,
        arrays: &[NamedPixels<'_>],
        place: Georeferenced<'_>,
    ) -> Result<Vec<u8>, EncodeChipError>;
}

/// Why a chip could not be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeChipError {
    /// The format cannot hold such pixels.
    #[error("{format} cannot hold {what}; {instead}")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What it cannot hold.
        what: String,
        /// What to do instead.
        instead: String,
    },
    /// The library failed.
    #[error("{format}: {cause}")]
    Failed {
        /// The format.
        format: &'static str,
        /// What the library said.
        cause: Box<dyn StdError + Send + Sync>,
    },
}
