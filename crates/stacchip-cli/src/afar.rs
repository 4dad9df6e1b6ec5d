//! What lies behind addresses: listed, opened, copied here and stored there, and waited for.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, TryStreamExt, executor::block_on, stream};
use stacchip::{
    WriteError,
    address::Address,
    chip::AssetOpener,
    cog::{RangeReader, ReadError, ReadErrorKind},
};
use tempfile::TempPath;

use crate::{
    failure::{Failure, chain},
    wiring::{DetachedObjects, Objects, Replaces, Standing, Table},
};

/// Objects behind addresses, and what is known of them in this run. Whoever asks waits.
#[derive(Debug)]
pub struct Afar {
    objects: DetachedObjects,
    /// What is below the folders that were listed; their addresses end with a slash.
    listed: Mutex<HashMap<String, Arc<Listing>>>,
    /// What was asked for by itself.
    known: Mutex<HashMap<String, Option<Standing>>>,
    copies: Mutex<HashMap<String, Arc<TempPath>>>,
}

/// What is known of an address.
enum Remembered {
    There(Standing),
    Nothing,
    Unasked,
}

/// Objects by their addresses.
pub type Listing = BTreeMap<String, Standing>;

/// Whether `address` is no path of this machine.
pub fn is_afar(address: &str) -> bool {
    match Address::parse(address) {
        Ok(address) => !address.is_local(),
        Err(_) => address.contains("://"),
    }
}

/// Whether `address` is in a bucket: those can be listed, and written to.
pub fn is_in_bucket(address: &str) -> bool {
    is_afar(address) && !is_http(address)
}

/// Whether `address` is read over HTTP.
pub fn is_http(address: &str) -> bool {
    matches!(Address::parse(address), Ok(Address::Http(_)))
}

/// `address` without its query, and the query.
pub fn without_query(address: &str) -> (&str, &str) {
    let query = address.find('?').filter(|_| is_http(address));
    address.split_at(query.unwrap_or(address.len()))
}

impl Afar {
    /// What `objects` reach.
    ///
    /// # Errors
    /// A failure where no thread can be had.
    pub fn new(objects: &Objects) -> Result<Self, Failure> {
        let objects = DetachedObjects::new(objects);
        Ok(Self {
            objects: objects.map_err(|e| Failure::of("the event loop", &e))?,
            listed: Mutex::default(),
            known: Mutex::default(),
            copies: Mutex::default(),
        })
    }

    /// What is below `folder`, as it was when it was first asked for.
    ///
    /// # Errors
    /// A failure that names it where it cannot be listed.
    pub fn list(&self, folder: &str) -> Result<Arc<Listing>, Failure> {
        let folder = as_folder(folder);
        if let Some(listed) = lock(&self.listed).get(&folder) {
            return Ok(Arc::clone(listed));
        }
        self.list_anew(&folder)
    }

    /// The same as it is now.
    ///
    /// # Errors
    /// A failure that names it where it cannot be listed.
    pub fn list_anew(&self, folder: &str) -> Result<Arc<Listing>, Failure> {
        let folder = as_folder(folder);
        if is_http(&folder) {
            return Err(Failure::failed(format!(
                "{folder}: folders cannot be listed over HTTP: name one table, or the bucket (s3://, gs://, az://)"
            )));
        }
        let found = block_on(self.objects.list_standing(&folder)).map_err(|e| unread(&e))?;
        let found: Listing = found.into_iter().map(|s| (s.address.clone(), s)).collect();
        let found = Arc::new(found);
        lock(&self.listed).insert(folder, Arc::clone(&found));
        Ok(found)
    }

    /// What stands at `address`; nothing where there is nothing, or nobody may know. Of what lies in a folder that was
    /// listed nobody is asked.
    ///
    /// # Errors
    /// A failure that names it where it cannot be reached.
    pub fn standing(&self, address: &str) -> Result<Option<Standing>, Failure> {
        match self.remembered(address) {
            Remembered::There(standing) => Ok(Some(standing)),
            Remembered::Nothing => Ok(None),
            Remembered::Unasked => block_on(self.ask(address)),
        }
    }

    fn remembered(&self, address: &str) -> Remembered {
        let is_there = |found: Option<&Standing>| {
            found.map_or(Remembered::Nothing, |found| {
                Remembered::There(found.clone())
            })
        };
        for (folder, listed) in lock(&self.listed).iter() {
            if address.starts_with(folder.as_str()) {
                return is_there(listed.get(address));
            }
        }
        match lock(&self.known).get(address) {
            Some(known) => is_there(known.as_ref()),
            None => Remembered::Unasked,
        }
    }

    async fn ask(&self, address: &str) -> Result<Option<Standing>, Failure> {
        let found = match self.objects.standing(address).await {
            Ok(found) => Some(found),
            Err(error) if error.kind == ReadErrorKind::NotFound || error.may_be_missing => None,
            Err(error) => return Err(unread(&error)),
        };
        lock(&self.known).insert(address.to_owned(), found.clone());
        Ok(found)
    }

    /// Forgets what is known of what stands where: it is asked for anew.
    pub fn forget(&self) {
        lock(&self.listed).clear();
        lock(&self.known).clear();
    }

    /// The object at `address` as it stands there, and how many bytes it has: another version is never read for it.
    ///
    /// # Errors
    /// A failure that names it where it cannot be reached.
    pub async fn open(&self, address: &str) -> Result<(Arc<dyn RangeReader>, u64), Failure> {
        let standing = match self.remembered(address) {
            Remembered::There(standing) => Some(standing),
            Remembered::Nothing => None,
            Remembered::Unasked => self.ask(address).await?,
        };
        let missing = || Failure::failed(format!("{address}: not found"));
        let standing = standing.ok_or_else(missing)?;
        let reader = self
            .objects
            .open_version(address, &standing.version)
            .await
            .map_err(|e| unread(&e))?;
        Ok((reader, standing.size))
    }

    /// The tables at `addresses`, some at a time.
    ///
    /// # Errors
    /// A failure that names the one that cannot be read.
    pub fn tables(&self, addresses: &[String]) -> Result<Vec<Table>, Failure> {
        let open = async |address: &String| {
            let (reader, size) = self.open(address).await?;
            let table = Table::open_afar(reader, size).await;
            table.map_err(|e| Failure::failed(chain(&e)))
        };
        let opened = stream::iter(addresses).map(open).buffered(AT_ONCE);
        block_on(opened.try_collect())
    }

    /// The object at `address` as it stands there now, and how many bytes it has; nothing where there is none.
    ///
    /// # Errors
    /// A failure that names it where it cannot be reached.
    pub async fn open_now(
        &self,
        address: &str,
    ) -> Result<Option<(Arc<dyn RangeReader>, u64)>, Failure> {
        let standing = match self.objects.standing(address).await {
            Ok(standing) => standing,
            Err(error) if error.kind == ReadErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unread(&error)),
        };
        let reader = self.objects.open_version(address, &standing.version).await;
        Ok(Some((reader.map_err(|e| unread(&e))?, standing.size)))
    }

    /// Whether something stands at `address` now; it may where nobody says that it does not.
    pub async fn may_be_there(&self, address: &str) -> bool {
        let standing = self.objects.standing(address).await;
        standing.map_or_else(|error| error.kind != ReadErrorKind::NotFound, |_| true)
    }

    /// A copy of the object at `address` in a file of this machine, which goes with the last who holds it.
    ///
    /// # Errors
    /// A failure that names it where it cannot be read, or there is no room for it here.
    pub fn copy(&self, address: &str) -> Result<Arc<TempPath>, Failure> {
        if let Some(copy) = lock(&self.copies).get(address) {
            return Ok(Arc::clone(copy));
        }
        let ending = Path::new(without_query(address).0)
            .extension()
            .map(|e| format!(".{}", e.to_string_lossy()));
        let here = |e: std::io::Error| Failure::of(format!("a copy of {address}"), &e);
        let mut file = tempfile::Builder::new()
            .prefix("stacchip-")
            .suffix(&ending.unwrap_or_default())
            .tempfile()
            .map_err(here)?;
        let (reader, size) = block_on(self.open(address))?;
        let mut start = 0;
        while start < size {
            let end = size.min(start + COPY_BYTES);
            let range = start..end;
            let bytes =
                block_on(reader.read(std::slice::from_ref(&range))).map_err(|e| unread(&e))?;
            let bytes = bytes.first().map(AsRef::as_ref).unwrap_or_default();
            if bytes.len() as u64 != end - start {
                return Err(Failure::failed(format!("{address} ends too early")));
            }
            file.write_all(bytes).map_err(here)?;
            start = end;
        }
        file.flush().map_err(here)?;
        let copy = Arc::new(file.into_temp_path());
        let mut copies = lock(&self.copies);
        // A folder that was not merged has a file an item.
        if copies.len() >= COPIES {
            copies.clear();
        }
        copies.insert(address.to_owned(), Arc::clone(&copy));
        Ok(copy)
    }

    /// Stores the file at `path` at `address`, in place of what it may take the place of.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be stored, or another stands there.
    pub fn put(
        &self,
        address: &str,
        path: &Path,
        replaces: Replaces<'_>,
    ) -> Result<(), WriteError> {
        block_on(self.store(address, path, replaces))
    }

    /// The same, without standing still.
    ///
    /// # Errors
    /// Those of [`put`](Self::put).
    pub async fn store(
        &self,
        address: &str,
        path: &Path,
        replaces: Replaces<'_>,
    ) -> Result<(), WriteError> {
        self.objects.put_file(address, path, replaces).await
    }

    /// Takes away what stands at `address`, if anything does.
    ///
    /// # Errors
    /// A failure that names it.
    pub fn remove(&self, address: &str) -> Result<(), Failure> {
        block_on(self.gone(address)).map_err(|e| unwritten(&e))
    }

    /// The same, without standing still.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be.
    pub async fn gone(&self, address: &str) -> Result<(), WriteError> {
        self.objects.remove(address).await
    }
}

/// The failure of a write.
pub fn unwritten(error: &WriteError) -> Failure {
    Failure::failed(chain(error))
}

fn unread(error: &ReadError) -> Failure {
    Failure::failed(chain(error))
}

/// The address with a slash at its end, spelt as stores are listed.
fn as_folder(address: &str) -> String {
    let spelt = Address::parse(address).map_or_else(|_| address.to_owned(), |a| a.to_string());
    format!("{}/", spelt.trim_end_matches('/'))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tables opened at once.
const AT_ONCE: usize = 32;
/// Bytes of a copy that are held at once.
const COPY_BYTES: u64 = 8 << 20;
/// Copies kept.
const COPIES: usize = 1024;
