//! Opening rasters: with a header that was kept, or with one that is read.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stacchip_cog::{HeaderStore, Limits, StoredHeader, header_key};

use crate::{AssetOpener, ChipError, Raster, Sidecars};

/// How rasters were opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderUse {
    /// Rasters whose header was known.
    pub known: u64,
    /// Rasters whose header was read.
    pub read: u64,
    /// Addresses (as [keys](header_key)) of objects that were not what their header was kept of, or
    /// became others while they were read; and why a header that was kept could not be used.
    pub stale: Vec<(String, String)>,
}

/// How rasters are opened. Whoever has a clone knows what the others know.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) limits: Limits,
    pub(crate) sidecars: Sidecars,
    pub(crate) headers: Option<Arc<dyn HeaderStore>>,
    known: Arc<Mutex<Known>>,
}

/// What is known of headers that were kept.
#[derive(Debug, Default)]
struct Known {
    /// Looked up and not used yet; nothing where nothing is known.
    looked_up: HashMap<String, Option<StoredHeader>>,
    /// Keys of those whose stored headers are of no use.
    stale: HashSet<String>,
    used: HeaderUse,
}

impl Opening {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            sidecars: Sidecars::None,
            headers: None,
            known: Arc::default(),
        }
    }

    /// Opens the raster at `address`, with the header that was kept of it where that is of use.
    pub(crate) async fn open(
        &self,
        opener: &dyn AssetOpener,
        address: &str,
    ) -> Result<Raster, ChipError> {
        match self.open_stored(opener, address).await? {
            Some(raster) => Ok(raster),
            None => self.read(opener, address).await,
        }
    }

    /// Opens it with a header that is read.
    async fn read(&self, opener: &dyn AssetOpener, address: &str) -> Result<Raster, ChipError> {
        let raster =
            Raster::open_with_sidecars(opener, address, &self.limits, self.sidecars).await?;
        self.known().used.read += 1;
        Ok(raster)
    }

    /// With a header that was kept; nothing where none was, or none of use.
    async fn open_stored(
        &self,
        opener: &dyn AssetOpener,
        address: &str,
    ) -> Result<Option<Raster>, ChipError> {
        self.look_up(&[address]).await;
        let key = header_key(address).into_owned();
        let Some(stored) = self.known().looked_up.remove(&key).flatten() else {
            return Ok(None);
        };
        let (limits, which) = (&self.limits, self.sidecars);
        let why = match Raster::open_stored(opener, address, &stored, limits, which).await {
            Ok(raster) => {
                self.known().used.known += 1;
                return Ok(Some(raster));
            }
            Err(error) if error.is_changed() => CHANGED.to_owned(),
            Err(ChipError::Stored(error)) => error.to_string(),
            Err(error) => return Err(error),
        };
        self.known().distrust(key, why);
        Ok(None)
    }

    /// Looks up the headers that were kept of `addresses`, as far as that was not done.
    pub(crate) async fn look_up(&self, addresses: &[&str]) {
        let Some(headers) = &self.headers else {
            return;
        };
        let wanted: Vec<String> = {
            let known = self.known();
            let unknown = addresses.iter().filter(|address| {
                let key = header_key(address);
                !known.stale.contains(key.as_ref()) && !known.looked_up.contains_key(key.as_ref())
            });
            unknown.map(|a| header_key(a).into_owned()).collect()
        };
        if wanted.is_empty() {
            return;
        }
        let keys: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let found = headers.load(&keys).await;
        let mut known = self.known();
        match found {
            Ok(found) => {
                for (key, header) in wanted.into_iter().zip(found) {
                    // Another may have found out meanwhile that it is of no use.
                    if !known.stale.contains(&key) {
                        known.looked_up.insert(key, header);
                    }
                }
            }
            // What cannot be looked up is read; that is said, and not tried again.
            Err(error) => {
                for key in wanted {
                    known.distrust(key, error.to_string());
                }
            }
        }
    }

    /// Passes over the header that was kept of what is at `address`: it has changed since.
    pub(crate) fn changed(&self, address: &str) {
        let key = header_key(address).into_owned();
        self.known().distrust(key, CHANGED.to_owned());
    }

    /// Passes over it without a word.
    pub(crate) fn forget(&self, address: &str) {
        let key = header_key(address).into_owned();
        self.known().stale.insert(key);
    }

    pub(crate) fn header_use(&self) -> HeaderUse {
        self.known().used.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here can be left half done, so a panic elsewhere does not spoil it.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Passes over the stored header under `key` from now on.
    fn distrust(&mut self, key: String, why: String) {
        self.looked_up.remove(&key);
        if self.stale.insert(key.clone()) {
            self.used.stale.push((key, why));
        }
    }
}

/// Why a header that was kept is of no use, mostly.
const CHANGED: &str = "it has changed since its header was read";
