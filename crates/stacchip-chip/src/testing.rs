//! In-memory twins of the ports and checks of their promises, for the tests of adapters.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};
use stacchip_model::{Affine, Crs, CrsKind, Pixels, SampleType};

use crate::{AssetOpener, ChipEncoder, Georeferenced, NamedPixels};

type Readers = Arc<RwLock<BTreeMap<String, Arc<dyn RangeReader>>>>;

/// Readers kept by address; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryOpener {
    readers: Readers,
}

/// An object of one version: as over HTTP, what lies there is seen when it is read.
#[derive(Debug)]
struct VersionReader {
    readers: Readers,
    address: String,
    version: Version,
}

impl MemoryOpener {
    /// The same with `reader` at `address`.
    pub fn with(self, address: impl Into<String>, reader: Arc<dyn RangeReader>) -> Self {
        self.put(address, reader);
        self
    }

    /// Puts `reader` at `address`, in place of what was there.
    pub fn put(&self, address: impl Into<String>, reader: Arc<dyn RangeReader>) {
        let mut readers = self.readers.write().unwrap_or_else(PoisonError::into_inner);
        readers.insert(address.into(), reader);
    }
}

fn at(readers: &Readers, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
    let readers = readers.read().unwrap_or_else(PoisonError::into_inner);
    let found = readers.get(address).cloned();
    found.ok_or_else(|| ReadError::new(ReadErrorKind::NotFound, address))
}

#[async_trait]
impl RangeReader for VersionReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let reader = at(&self.readers, &self.address)?;
        if self.version.is_confirmed_by(&reader.version()) {
            reader.read(ranges).await
        } else {
            Err(ReadError::new(ReadErrorKind::Changed, &self.address))
        }
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn version(&self) -> Version {
        self.version.clone()
    }
}

#[async_trait]
impl AssetOpener for MemoryOpener {
    async fn open(&self, address: &str) -> Result<Arc<dyn RangeReader>, ReadError> {
        at(&self.readers, address)
    }

    async fn open_version(
        &self,
        address: &str,
        version: &Version,
    ) -> Result<Arc<dyn RangeReader>, ReadError> {
        Ok(Arc::new(VersionReader {
            readers: Arc::clone(&self.readers),
            address: address.to_owned(),
            version: version.clone(),
        }))
    }
}

/// Checks that `opener` keeps its promises about versions for the object at `address`, of which its
/// store must say an entity tag or a time; `replace` puts another of the same size there.
///
/// # Errors
/// What it did wrong.
pub async fn check_versions(
    opener: &dyn AssetOpener,
    address: &str,
    replace: impl FnOnce(),
) -> Result<(), String> {
    let failed = |what: &str, error: ReadError| format!("{what}: {error}");
    let changed = |what: &str, got: Result<Vec<Bytes>, ReadError>| match got {
        Err(error) if error.kind == ReadErrorKind::Changed => Ok(()),
        Err(error) => Err(format!("{what}: {error}, not that it changed")),
        Ok(_) => Err(format!("{what}: it was read")),
    };
    let first = opener.open(address).await.map_err(|e| failed("open", e))?;
    let old = read(first.as_ref()).await.map_err(|e| failed("read", e))?;
    let version = first.version();
    if !version.is_telling() || version.size.is_none() {
        return Err(format!("nothing tells versions apart: {version:?}"));
    }
    let again = read_version(opener, address, &version).await;
    if again.map_err(|e| failed("the same version", e))? != old {
        return Err("the same version has other bytes".to_owned());
    }
    let size = version.size.map(|size| size.saturating_add(1));
    let another = Version {
        size,
        ..version.clone()
    };
    changed(
        "another size",
        read_version(opener, address, &another).await,
    )?;
    let another = Version {
        etag: Some("\"no such tag\"".to_owned()),
        modified: version
            .modified
            .map(|time| time.saturating_sub(10_000_000_000)),
        ..version.clone()
    };
    changed("another tag", read_version(opener, address, &another).await)?;
    let unknown = read_version(opener, address, &Version::default()).await;
    changed("a version that nothing is known of", unknown)?;

    replace();
    changed(
        "what was replaced",
        read_version(opener, address, &version).await,
    )?;
    match read(first.as_ref()).await {
        Ok(bytes) if bytes != old => return Err("one reader read two versions".to_owned()),
        Err(error) if error.kind != ReadErrorKind::Changed => {
            return Err(failed("a reader of what was replaced", error));
        }
        _ => {}
    }
    let new = opener.open(address).await.map_err(|e| failed("open", e))?;
    if read(new.as_ref()).await.map_err(|e| failed("read", e))? == old {
        return Err("what was put there is not read".to_owned());
    }
    Ok(())
}

async fn read(reader: &dyn RangeReader) -> Result<Vec<Bytes>, ReadError> {
    reader.read(&[0..100, 200..250]).await
}

async fn read_version(
    opener: &dyn AssetOpener,
    address: &str,
    version: &Version,
) -> Result<Vec<Bytes>, ReadError> {
    read(opener.open_version(address, version).await?.as_ref()).await
}

/// Checks what every [`ChipEncoder`] promises: it knows its endings, makes a file of plain bytes,
/// gives the same bytes for the same pixels, and refuses to write nothing at all.
///
/// # Panics
/// Where a promise is broken.
#[expect(
    clippy::panic,
    reason = "a check is called from tests, and fails as an assertion does"
)]
pub fn check_chip_encoder(encoder: &dyn ChipEncoder) {
    let endings = encoder.endings();
    assert!(!endings.is_empty(), "an encoder knows its endings");
    for ending in endings {
        assert!(
            !ending.is_empty() && ending.chars().all(|c| c.is_ascii_lowercase()),
            "`{ending}` is not a bare, lower case ending"
        );
    }
    let Ok(mut pixels) = Pixels::zeros(SampleType::U8, [3, 20, 31]) else {
        panic!("three bands of 31 x 20 bytes fit into memory");
    };
    for (i, byte) in (0u8..=250).cycle().zip(pixels.as_bytes_mut()) {
        *byte = i;
    }
    let crs = Crs::epsg(32620);
    let place = Georeferenced {
        crs: Some(&crs),
        crs_kind: Some(CrsKind::Projected),
        transform: Some(Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0)),
    };
    let arrays = [NamedPixels::new("image", &pixels)];
    match (
        encoder.encode(&arrays, place),
        encoder.encode(&arrays, place),
    ) {
        (Ok(first), Ok(second)) => {
            assert!(!first.is_empty(), "a file has bytes");
            assert!(first == second, "the same pixels give the same bytes");
        }
        (Err(error), _) | (_, Err(error)) => panic!("three bands of bytes: {error}"),
    }
    assert!(
        encoder.encode(&[], place).is_err(),
        "no array at all is refused"
    );
}
