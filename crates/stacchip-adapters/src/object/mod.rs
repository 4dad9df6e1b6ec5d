//! Objects by address: [`AssetOpener`] and [`ObjectSink`] over files of this machine, HTTP, and the
//! stores of Amazon, Google and Microsoft and whatever speaks as they do.
//!
//! Settings and credentials are the usual environment variables (`AWS_*`, `GOOGLE_*`, `AZURE_*`),
//! and [`ObjectOptions::storage`] over them. Without credentials requests are not signed.
//!
//! What is read from afar goes through one way: the ranges of a batch are merged as the link to the
//! host makes it worth, sent together within the bounds of [`Transport`], held to what was asked,
//! and tried again where that may help.

mod answers;
mod attempt;
mod clients;
mod detached;
mod fetch;
mod http;
mod lane;
mod local;
mod pace;
mod pin;
mod progress;
mod puts;
mod reader;
mod refusal;
mod sas;
mod settings;
mod signing;
mod speaker;
mod standing;
mod store;
mod stores;
#[cfg(test)]
mod tests;
mod transport;
mod uploads;
mod wholes;
mod wire;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip::{
    ObjectSink, WriteError, WriteErrorKind,
    address::{Address, for_people},
};
use stacchip_chip::AssetOpener;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};

use self::{
    attempt::Miss,
    fetch::{Ask, Fetch},
    http::HttpObject,
    lane::{Lane, Lanes},
    pin::Pin,
    reader::RemoteReader,
    sas::SasTokens,
    settings::Settings,
    signing::{SignedObject, Signing},
    store::Place,
    stores::Stores,
    wire::{Counts, Route, Wire},
};
pub use self::{
    detached::DetachedObjects,
    local::LocalReader,
    standing::{Replaces, Standing},
    transport::{Rate, SettingError, Transport},
    wire::Traffic,
};

/// How objects are reached.
#[derive(Clone)]
pub struct ObjectOptions {
    /// Settings of stores by the names of their environment variables, in any case, such as
    /// `aws_endpoint_url`; they go before the environment.
    pub storage: Vec<(String, String)>,
    /// How servers are asked.
    pub transport: Transport,
    /// Whether what `storage` does not say is taken from the environment, and credentials from where
    /// the tools of the stores leave them; so it is, unless told otherwise.
    pub environment: bool,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self {
            storage: Vec::new(),
            transport: Transport::default(),
            environment: true,
        }
    }
}

impl fmt::Debug for ObjectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        let names: Vec<_> = self.storage.iter().map(|(name, _)| name).collect();
        let mut options = f.debug_struct("ObjectOptions");
        options
            .field("storage", &names)
            .field("transport", &self.transport)
            .field("environment", &self.environment)
            .finish()
    }
}

impl ObjectOptions {
    /// Takes settings by name, those of stores and those of [`Transport`].
    ///
    /// ```
    /// use stacchip_adapters::object::ObjectOptions;
    ///
    /// let mut options = ObjectOptions::default();
    /// options.set("aws_region", "us-west-2")?;
    /// options.set("request_rate", "2000/min")?;
    /// assert_eq!(options.storage.len(), 1);
    /// assert!(options.set("aws_regoin", "us-west-2").is_err());
    /// # Ok::<(), stacchip_adapters::object::SettingError>(())
    /// ```
    ///
    /// # Errors
    /// [`SettingError`] where there is no such setting, or its value is none.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        if self.transport.set(key, value)? {
            return Ok(());
        }
        let own = |name: &&str| key.eq_ignore_ascii_case(name);
        if own(&PROXY) || CA.iter().any(own) || settings::is_known(key) {
            self.storage.push((key.to_owned(), value.to_owned()));
            return Ok(());
        }
        Err(SettingError::Unknown {
            key: key.to_owned(),
        })
    }
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
    remote: Arc<Remote>,
}

#[derive(Debug)]
struct Remote {
    options: ObjectOptions,
    counts: Arc<Counts>,
    /// Made when first used: local files need none.
    ways: OnceLock<Ways>,
}

/// The ways to servers.
#[derive(Debug)]
struct Ways {
    wire: Wire,
    lanes: Arc<Lanes>,
    stores: Arc<Stores>,
    signing: Arc<Signing>,
}

impl Objects {
    /// Objects reached as `options` say.
    pub fn new(options: ObjectOptions) -> Self {
        Self {
            remote: Arc::new(Remote {
                options,
                counts: Arc::default(),
                ways: OnceLock::new(),
            }),
        }
    }

    /// The same with connections of its own, for another event loop; what is asked is counted together.
    #[must_use]
    pub fn apart(&self) -> Self {
        let remote = &self.remote;
        Self {
            remote: Arc::new(Remote {
                options: remote.options.clone(),
                counts: Arc::clone(&remote.counts),
                ways: OnceLock::new(),
            }),
        }
    }

    /// All bytes of the object at `address`.
    ///
    /// # Errors
    /// [`ReadError`]; also where it has more than [`WHOLE_OBJECT_BYTES`].
    pub async fn read_all(&self, address: &str) -> Result<Bytes, ReadError> {
        match parsed(address)? {
            Address::Local(path) => local::read_all(&path, WHOLE_OBJECT_BYTES),
            afar => {
                let (object, lane) = self.object(&afar).await?;
                let limit = WHOLE_OBJECT_BYTES;
                let all = async || Ok(object.fetch(Ask::All { limit }).await?.bytes);
                lane.patiently(object.address(), 0, &|| Box::pin(all()))
                    .await
            }
        }
    }

    /// How many bytes the object at `address` has.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be reached, or nobody says.
    pub async fn size(&self, address: &str) -> Result<u64, ReadError> {
        Ok(self.standing(address).await?.size)
    }

    /// What stands at `address`: its size and its version.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be reached, or nobody says how long it is.
    pub async fn standing(&self, address: &str) -> Result<Standing, ReadError> {
        match parsed(address)? {
            Address::Local(path) => {
                let reader = LocalReader::open(&path)?;
                let (size, version) = (reader.size(), reader.version());
                Ok(Standing::uncounted(path, size, version))
            }
            afar @ Address::Http(_) => {
                // Of an object that is empty nothing is read but its size.
                let (object, lane) = self.object(&afar).await?;
                let (shown, range) = (object.address(), 0..1);
                let ask = Ask::Part {
                    range: &range,
                    tag: None,
                };
                let first = async || -> Result<_, Miss> { Ok(object.fetch(ask).await?.version) };
                let version = lane.patiently(shown, 1, &|| Box::pin(first())).await?;
                let size = version.size.ok_or_else(|| {
                    ReadError::new(ReadErrorKind::Range, shown)
                        .because("the server does not say how long it is")
                })?;
                Ok(Standing::uncounted(address.to_owned(), size, version))
            }
            other => self.place(&other).await?.standing().await,
        }
    }

    /// The addresses of all objects below the folder or prefix `address`, by name.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be listed; HTTP cannot.
    pub async fn list(&self, address: &str) -> Result<Vec<String>, ReadError> {
        if let Address::Local(path) = parsed(address)? {
            return local::list(&path);
        }
        let found = self.list_standing(address).await?;
        Ok(found.into_iter().map(|object| object.address).collect())
    }

    /// The objects below the folder or prefix `address`, by name, with their sizes and versions.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be listed; HTTP cannot.
    pub async fn list_standing(&self, address: &str) -> Result<Vec<Standing>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => {
                let mut found = Vec::new();
                for path in local::list(&path)? {
                    found.push(self.standing(&path).await?);
                }
                Ok(found)
            }
            Address::Http(address) => Err(unsupported(&address)),
            other => self.place(&other).await?.list().await,
        }
    }

    /// Stores the file at `path` as the object `address`, in place of what it may take the place of; as
    /// [`ObjectSink::put`] promises, nothing half-written ever stands there. What is larger than [`WHOLE_PUT_BYTES`] is sent in
    /// parts: then what stands there is looked at just before the last request, and who comes between the two loses.
    ///
    /// # Errors
    /// [`WriteError`]; over HTTP nothing is stored.
    pub async fn put_file(
        &self,
        address: &str,
        path: &std::path::Path,
        replaces: Replaces<'_>,
    ) -> Result<(), WriteError> {
        let shown = for_people(address);
        let refused = || WriteError::new(WriteErrorKind::Unsupported, &shown);
        match Address::parse(address).map_err(|e| refused().because(e))? {
            Address::Local(_) | Address::Http(_) => Err(refused()),
            other => {
                let place = self.place(&other).await;
                let place = place.map_err(|e| unplaced(&shown, e))?;
                place.put_file(path, replaces).await
            }
        }
    }

    /// Removes the object at `address`; none there is as well.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be removed; over HTTP nothing can.
    pub async fn remove(&self, address: &str) -> Result<(), WriteError> {
        let shown = for_people(address);
        let refused = || WriteError::new(WriteErrorKind::Unsupported, &shown);
        match Address::parse(address).map_err(|e| refused().because(e))? {
            Address::Local(path) => local::remove(&path),
            Address::Http(_) => Err(refused()),
            other => {
                let place = self.place(&other).await;
                place.map_err(|e| unplaced(&shown, e))?.remove().await
            }
        }
    }

    /// What has been asked of servers and files so far, by all clones.
    pub fn traffic(&self) -> Traffic {
        self.remote.counts.traffic()
    }

    fn local(&self, path: &str) -> Result<LocalReader, ReadError> {
        Ok(LocalReader::open(path)?.counted(Arc::clone(&self.remote.counts)))
    }

    async fn afar(&self, address: &Address, pin: Pin) -> Result<Arc<dyn RangeReader>, ReadError> {
        let (object, lane) = self.object(address).await?;
        let counts = Arc::clone(&self.remote.counts);
        Ok(Arc::new(RemoteReader::new(object, lane, counts, pin)))
    }

    /// The object at `address`, and the way there.
    async fn object(&self, address: &Address) -> Result<(Arc<dyn Fetch>, Arc<Lane>), ReadError> {
        if let Address::Http(request) = address {
            return self.ways()?.http(request);
        }
        let place = self.place(address).await?;
        let lane = Arc::clone(&place.lane);
        Ok((Arc::new(place), lane))
    }

    async fn place(&self, address: &Address) -> Result<Place, ReadError> {
        let ways = self.ways()?;
        let place = ways.stores.place(address, None, &ways.wire, &ways.lanes);
        place.await
    }

    fn ways(&self) -> Result<&Ways, ReadError> {
        if let Some(ways) = self.remote.ways.get() {
            return Ok(ways);
        }
        let ways = Ways::new(&self.remote.options, Arc::clone(&self.remote.counts))?;
        Ok(self.remote.ways.get_or_init(|| ways))
    }
}

impl Ways {
    fn new(options: &ObjectOptions, counts: Arc<Counts>) -> Result<Self, ReadError> {
        let settings = Settings::new(&options.storage, options.environment);
        let proxy = settings.value(&[PROXY]);
        let ca = settings.value(&CA);
        let lanes = Arc::new(Lanes::new(options.transport, Arc::clone(&counts)));
        let tokens = SasTokens::endpoint(&settings);
        let route = Route {
            proxy: proxy.as_deref(),
            ca: ca.as_deref(),
            discreet: Some(&tokens),
            environment: options.environment,
        };
        let wire = Wire::new(&options.transport, route, counts)?;
        let tokens = SasTokens::new(&settings, wire.clone());
        let stores = Arc::new(Stores::new(settings));
        let signing = Signing::new(
            Arc::clone(&stores),
            tokens,
            Arc::clone(&lanes),
            wire.clone(),
        );
        Ok(Self {
            wire,
            lanes,
            stores,
            signing: Arc::new(signing),
        })
    }

    fn http(&self, request: &str) -> Result<(Arc<dyn Fetch>, Arc<Lane>), ReadError> {
        let object = HttpObject::new(request, self.wire.clone())?;
        let origin = object.url().origin().ascii_serialization();
        let lane = self.lanes.lane(&origin);
        let inside = Address::Http(request.to_owned()).in_store();
        let object: Arc<dyn Fetch> = match inside {
            Some(inside) => {
                let (signing, lane) = (Arc::clone(&self.signing), Arc::clone(&lane));
                Arc::new(SignedObject::new(object, inside, signing, lane))
            }
            None => Arc::new(object),
        };
        Ok((object, lane))
    }
}

#[async_trait]
impl AssetOpener for Objects {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => Ok(Arc::new(self.local(&path)?)),
            afar => self.afar(&afar, Pin::default()).await,
        }
    }

    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError> {
        match parsed(address)? {
            Address::Local(path) => {
                let reader = self.local(&path)?;
                if version.is_confirmed_by(&reader.version()) {
                    Ok(Arc::new(reader))
                } else {
                    Err(ReadError::new(ReadErrorKind::Changed, path))
                }
            }
            afar => self.afar(&afar, Pin::to(version)).await,
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
                let place = self.place(&other).await;
                let place = place.map_err(|e| unplaced(&shown, e))?;
                let replaces = if overwrite {
                    Replaces::Anything
                } else {
                    Replaces::Nothing
                };
                place.put(bytes, replaces).await
            }
        }
    }
}

/// Why nothing is written where no way leads.
fn unplaced(shown: &str, error: ReadError) -> WriteError {
    let kind = match error.kind {
        ReadErrorKind::NotFound => WriteErrorKind::NotFound,
        ReadErrorKind::Denied => WriteErrorKind::Denied,
        ReadErrorKind::Unsupported => WriteErrorKind::Unsupported,
        _ => WriteErrorKind::Other,
    };
    WriteError::new(kind, shown).because(error)
}

fn parsed(address: &str) -> Result<Address, ReadError> {
    Address::parse(address)
        .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, for_people(address)).because(e))
}

fn unsupported(address: &str) -> ReadError {
    ReadError::new(ReadErrorKind::Unsupported, for_people(address))
}

/// The setting that names a proxy.
const PROXY: &str = "proxy_url";

/// Settings that name a file of authorities to trust beside those of the system.
const CA: [&str; 3] = ["ca_bundle", "aws_ca_bundle", "curl_ca_bundle"];

/// Most bytes that are stored with one request: what is larger is sent in parts of half that.
pub const WHOLE_PUT_BYTES: u64 = 64 << 20;

/// Most bytes that [`Objects::read_all`] reads: items and collections of them, never rasters.
pub const WHOLE_OBJECT_BYTES: u64 = 1 << 30;
