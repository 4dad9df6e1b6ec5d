//! Objects by address: [`AssetOpener`] and [`ObjectSink`] over files of this machine, HTTP, and the
//! stores of Amazon, Google and Microsoft and whatever speaks as they do.
//!
//! Settings and credentials are the usual environment variables (`AWS_*`, `GOOGLE_*`, `AZURE_*`),
//! and [`ObjectOptions::storage`] over them. Without credentials requests are not signed.
//!
//! What is here asks once a range. Merging, retrying, limiting and caching are decorators of the
//! ports, and wrap what [`Objects`] opens.

mod http;
mod local;
mod pin;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use stacchip::{
    ObjectSink, WriteError, WriteErrorKind,
    address::{Address, for_people},
};
use stacchip_chip::AssetOpener;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};

pub use self::local::LocalReader;
use self::{
    http::HttpReader,
    pin::Pin,
    store::{Place, Stores},
};

/// How objects are reached.
#[derive(Debug, Clone, Default)]
pub struct ObjectOptions {
    /// Settings of stores by the names of their environment variables, in any case, such as
    /// `aws_endpoint_url`; they go before the environment.
    pub storage: Vec<(String, String)>,
}

/// Everything that can be read and written by address. Clones share connections.
///
/// ```
/// use futures::executor::block_on;
/// use stacchip::ObjectSink;
/// use stacchip_adapters::object::{ObjectOptions, Objects};
/// use stacchip_chip::AssetOpener;
///
/// let folder = tempfile::tempdir()?;
/// let address = folder.path().join("a.bin").to_string_lossy().into_owned();
/// let objects = Objects::new(ObjectOptions::default());
/// block_on(objects.put(&address, "0123456789".into(), false))?;
/// let reader = block_on(objects.open(&address))?;
/// let answers = block_on(reader.read(&[2..4, 8..100]))?;
/// assert_eq!(answers, ["23", "89"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Objects {
    options: Arc<ObjectOptions>,
    stores: Arc<Stores>,
}

impl Objects {
    /// Objects reached as `options` say.
    pub fn new(options: ObjectOptions) -> Self {
        Self {
            options: Arc::new(options),
            stores: Arc::default(),
        }
    }

    /// All bytes of the object at `address`.
    ///
    /// # Errors
    /// [`ReadError`]; also where it has more than [`WHOLE_OBJECT_BYTES`].
    pub async fn read_all(&self, address: &str) -> Result<Bytes, ReadError> {
        match parsed(address)? {
            Address::Local(path) => local::read_all(&path, WHOLE_OBJECT_BYTES),
            Address::Http(address) => {
                let reader = HttpReader::new(&address, http::client()?);
                reader.read_all(WHOLE_OBJECT_BYTES).await
            }
            other => self.place(&other).await?.read_all(WHOLE_OBJECT_BYTES).await,
        }
    }

    /// How many bytes the object at `address` has.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be reached, or nobody says.
    pub async fn size(&self, address: &str) -> Result<u64, ReadError> {
        match parsed(address)? {
            Address::Local(path) => Ok(LocalReader::open(&path)?.size()),
            Address::Http(address) => HttpReader::new(&address, http::client()?).size().await,
            other => self.place(&other).await?.size().await,
        }
    }

    /// The addresses of all objects below the folder or prefix `address`, by name.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be listed; HTTP cannot.
    pub async fn list(&self, address: &str) -> Result<Vec<String>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => local::list(&path),
            Address::Http(address) => Err(unsupported(&address)),
            other => self.place(&other).await?.list().await,
        }
    }

    async fn place(&self, address: &Address) -> Result<Place, ReadError> {
        self.stores.place(address, &self.options).await
    }
}

#[async_trait]
impl AssetOpener for Objects {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => Ok(Arc::new(LocalReader::open(&path)?)),
            Address::Http(address) => Ok(Arc::new(HttpReader::new(&address, http::client()?))),
            other => Ok(Arc::new(self.place(&other).await?.reader(Pin::default()))),
        }
    }

    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => {
                let reader = LocalReader::open(&path)?;
                if version.is_confirmed_by(&reader.version()) {
                    Ok(Arc::new(reader))
                } else {
                    Err(ReadError::new(ReadErrorKind::Changed, path))
                }
            }
            Address::Http(address) => {
                let reader = HttpReader::new(&address, http::client()?);
                Ok(Arc::new(reader.of_version(version)))
            }
            other => {
                let place = self.place(&other).await?;
                Ok(Arc::new(place.reader(Pin::to(version))))
            }
        }
    }
}

#[async_trait]
impl ObjectSink for Objects {
    async fn put(&self, address: &str, bytes: Bytes, overwrite: bool) -> Result<(), WriteError> {
        let shown = for_people(address);
        let refused = || WriteError::new(WriteErrorKind::Unsupported, &shown);
        match Address::parse(address).map_err(|e| refused().because(e))? {
            Address::Local(path) => local::put(&path, &bytes, overwrite),
            Address::Http(_) => Err(refused()),
            other => {
                let place = self.place(&other).await.map_err(|e| {
                    let kind = match e.kind {
                        ReadErrorKind::NotFound => WriteErrorKind::NotFound,
                        ReadErrorKind::Denied => WriteErrorKind::Denied,
                        ReadErrorKind::Unsupported => WriteErrorKind::Unsupported,
                        _ => WriteErrorKind::Other,
                    };
                    WriteError::new(kind, &shown).because(e)
                })?;
                place.put(bytes, overwrite).await
            }
        }
    }
}

fn parsed(address: &str) -> Result<Address, ReadError> {
    Address::parse(address)
        .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, for_people(address)).because(e))
}

fn unsupported(address: &str) -> ReadError {
    ReadError::new(ReadErrorKind::Unsupported, for_people(address))
}

/// Most bytes that [`Objects::read_all`] reads: items and collections of them, never rasters.
pub const WHOLE_OBJECT_BYTES: u64 = 1 << 30;
