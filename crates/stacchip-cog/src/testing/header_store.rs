//! Headers in memory, and what every store of headers must do.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;

use crate::{HeaderStore, HeaderStoreError, StoredHeader, StoredRaster, Version};

/// Headers kept in memory; it counts how often it is asked.
#[derive(Debug, Default)]
pub struct MemoryHeaders {
    headers: Mutex<HashMap<String, StoredHeader>>,
    loads: AtomicU64,
}

impl MemoryHeaders {
    /// How often it was asked.
    pub fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl HeaderStore for MemoryHeaders {
    async fn load(
        &self,
        addresses: &[&str],
    ) -> Result<Vec<Option<StoredHeader>>, HeaderStoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let headers = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        let found = addresses.iter().map(|&key| headers.get(key).cloned());
        Ok(found.collect())
    }

    async fn keep(&self, headers: &[StoredHeader]) -> Result<(), HeaderStoreError> {
        let mut kept = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        for header in headers {
            kept.insert(header.address.clone(), header.clone());
        }
        Ok(())
    }
}

/// Checks that `store`, which knows none of the addresses `s3://check/…`, keeps the promises of
/// [`HeaderStore`].
///
/// # Errors
/// What it did wrong.
pub async fn check_header_store(store: &dyn HeaderStore) -> Result<(), String> {
    let failed = |e: HeaderStoreError| e.to_string();
    let load = async |addresses: &[&str]| store.load(addresses).await.map_err(failed);
    let addresses = [
        "s3://check/b",
        "s3://check/a",
        "s3://check/none",
        "s3://check/b",
    ];
    if load(&addresses).await? != vec![None; 4] || !load(&[]).await?.is_empty() {
        return Err("it knows what it was not told".to_owned());
    }
    let (a, b) = (header("s3://check/a", 1), header("s3://check/b", 2));
    let both = [a.clone(), b.clone()];
    store.keep(&both).await.map_err(failed)?;
    store.keep(&[]).await.map_err(failed)?;
    let found = load(&addresses).await?;
    if found != [Some(b.clone()), Some(a), None, Some(b.clone())] {
        return Err(format!("it gives back other headers: {found:?}"));
    }
    let newer = header("s3://check/a", 3);
    store
        .keep(std::slice::from_ref(&newer))
        .await
        .map_err(failed)?;
    if load(&["s3://check/a", "s3://check/b"]).await? != [Some(newer), Some(b)] {
        return Err("what is kept later does not take the place of what was".to_owned());
    }
    Ok(())
}

/// A header that differs from those of other numbers in all its parts.
fn header(address: &str, number: u32) -> StoredHeader {
    let raster = |level: u32| StoredRaster {
        level,
        mask: level == 1,
        width: 100 * number,
        height: 200,
        block_width: 64,
        block_height: 64,
        tiled: true,
        compression: 8,
        predictor: 1,
        planar: 1,
        samples: 1,
        bits: 8,
        format: 1,
        photometric: 1,
        subsampling: [2, 2],
        extra_samples: vec![0; (number % 2) as usize],
        jpeg_tables: (number == 2).then(|| vec![0xff, 0xd8].into()),
        lerc_parameters: (number == 3).then_some([4, 1]),
        fill: vec![7],
        directory: u64::from(number),
        gaps: vec![i64::from(number), -3, 0],
        lengths: vec![100, 5, u64::from(number)],
        properties: match level {
            0 => vec![("nodata".to_owned(), number.to_string())],
            _ => Vec::new(),
        },
        ..StoredRaster::default()
    };
    StoredHeader {
        address: address.to_owned(),
        version: Version {
            etag: (number != 2).then(|| format!("\"{number}\"")),
            size: Some(1000),
            modified: (number != 3).then(|| i64::from(number)),
        },
        rasters: (0..number).map(raster).collect(),
    }
}
