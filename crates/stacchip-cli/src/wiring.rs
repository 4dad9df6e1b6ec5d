//! The one place that names concrete adapters.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use stacchip::{
    Addressing, IndexWorld,
    chip::{AssetOpener, ChipReader, RasterCache, Sidecars, batch::BatchOptions},
    cog::{Codecs, HeaderStore, Limits, RangeReader, ReadErrorKind, TileEncoder},
    model::{Crs, ProjectError, Projector},
    stats::RulesFile,
};
use stacchip_adapters::{
    cache::{CacheOptions, CachedOpener},
    codecs,
    object::{LocalReader, ObjectOptions},
    parquet::{HeaderTables, ParquetHeaders},
    proj::ProjProjector,
    stac,
};
use tokio::runtime::Runtime;

use crate::{
    afar::{Afar, is_afar},
    args::{AddressArgs, Shared},
    failure::{Failure, chain},
    item_files::ItemFiles,
};

pub use stacchip_adapters::{
    beside::{is_left, temporary},
    cache::CacheUse,
    encode::{
        cubes::{CubeMemory, cube_decoder, cube_encoder},
        encoder_for, endings,
    },
    object::{DetachedObjects, Objects, Replaces, Standing, Traffic},
    parquet::{
        Area, Choice, Condition, Finding, Found, IndexFile, ItemLine, ItemTable, ItemTableError,
        KeptItemTable, KeptItems, MergeOptions, MergePieces, Merged, NewColumn, ParquetIndexReader,
        Per, Period, Place, QueryError, StagedMerge, StagedTable, Survey, Table, chip_number,
        find_rows, headers_address, item_table_address, items_address, merge_headers, read_chips,
        read_ids, read_places, stage_tables, survey, twice, write_item_table, write_rows,
    },
    stac::{ItemDocument, StacError},
    vector::read_layer,
};

/// The adapters of one run.
#[derive(Debug)]
pub struct World {
    runtime: Runtime,
    objects: Objects,
    /// Made when first used: it has a thread of its own.
    afar: OnceLock<Afar>,
    opener: CachedOpener,
    codecs: Arc<Codecs>,
    projector: Arc<dyn Projector>,
    encoder: codecs::Deflate,
    headers: Arc<HeaderTables>,
    items: ItemFiles,
    rasters: Arc<RasterCache>,
    batch: BatchOptions,
}

impl World {
    /// The adapters, set as the shared options say.
    ///
    /// # Errors
    /// A failure where threads cannot be had.
    pub fn new(shared: &Shared) -> Result<Self, Failure> {
        let mut pool = rayon::ThreadPoolBuilder::new();
        let mut batch = BatchOptions::default().memory(shared.memory);
        if let Some(threads) = shared.threads {
            pool = pool.num_threads(usize::from(threads));
            batch = batch.threads(usize::from(threads));
        }
        pool.build_global()
            .map_err(|e| Failure::of("threads", &e))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::of("the event loop", &e))?;
        let mut options = ObjectOptions::default();
        options.transport.max_requests = usize::from(shared.max_requests);
        for (key, value) in &shared.storage_options {
            options.set(key, value).map_err(Failure::usage)?;
        }
        let objects = Objects::new(options);
        let kept = CacheOptions {
            memory: shared.cache_memory,
            folder: shared
                .cache
                .clone()
                .map(|folder| (folder, shared.cache_size)),
        };
        let opener = CachedOpener::new(Arc::new(objects.clone()), &kept).map_err(|error| {
            let folder = shared.cache.as_deref().unwrap_or(Path::new(""));
            Failure::of(format!("the cache {}", folder.display()), &error)
        })?;
        let headers = Arc::new(HeaderTables::default());
        let rasters = rasters();
        Ok(Self {
            rasters: Arc::new(rasters.with_headers(Arc::clone(&headers) as Arc<dyn HeaderStore>)),
            headers,
            items: ItemFiles::default(),
            runtime,
            objects,
            afar: OnceLock::new(),
            opener,
            codecs: Arc::new(codecs::built_in()),
            projector: Arc::new(ProjProjector),
            encoder: codecs::Deflate::default(),
            batch,
        })
    }

    /// Runs `work` to its end.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// What lies behind addresses.
    ///
    /// # Errors
    /// A failure where no thread can be had.
    pub fn afar(&self) -> Result<&Afar, Failure> {
        if let Some(afar) = self.afar.get() {
            return Ok(afar);
        }
        let afar = Afar::new(&self.objects)?;
        Ok(self.afar.get_or_init(|| afar))
    }

    /// All bytes of the object at `address`.
    ///
    /// # Errors
    /// A failure that names the address.
    pub async fn read_all(&self, address: &str) -> Result<Bytes, Failure> {
        self.objects
            .read_all(address)
            .await
            .map_err(Failure::failed)
    }

    /// All bytes of the object at `address`; nothing where there is none.
    ///
    /// # Errors
    /// A failure that names the address.
    pub async fn read_if_there(&self, address: &str) -> Result<Option<Bytes>, Failure> {
        match self.objects.read_all(address).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == ReadErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::failed(chain(&error))),
        }
    }

    /// How many bytes the object at `address` has; nothing where there is none.
    ///
    /// # Errors
    /// A failure that names the address.
    pub async fn size_if_there(&self, address: &str) -> Result<Option<u64>, Failure> {
        match self.objects.size(address).await {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind == ReadErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::failed(chain(&error))),
        }
    }

    /// Removes the object at `address`, if there is one.
    ///
    /// # Errors
    /// A failure that names the address.
    pub async fn remove(&self, address: &str) -> Result<(), Failure> {
        let removed = self.objects.remove(address).await;
        removed.map_err(|error| Failure::failed(chain(&error)))
    }

    /// The addresses of all objects below the folder at `address`, by name.
    ///
    /// # Errors
    /// A failure that names the address.
    pub async fn list(&self, address: &str) -> Result<Vec<String>, Failure> {
        let found = self.objects.list(address).await;
        found.map_err(|error| Failure::failed(chain(&error)))
    }

    /// The table at `address`.
    ///
    /// # Errors
    /// A failure that names it and why it cannot be read.
    pub async fn index_reader(&self, address: &str) -> Result<ParquetIndexReader, Failure> {
        let (reader, size) = self.ranges(address).await?;
        let table = ParquetIndexReader::open(reader, size).await;
        table.map_err(|e| Failure::failed(chain(&e)))
    }

    /// The stac-geoparquet at `address`.
    ///
    /// # Errors
    /// Why it cannot be read as one: the outer failure is of the store, the inner one of the table.
    pub async fn item_table(
        &self,
        address: &str,
    ) -> Result<Result<ItemTable, ItemTableError>, Failure> {
        let failed = |e| Failure::failed(chain(&e));
        let size = self.objects.size(address).await.map_err(failed)?;
        let reader = self.opener.open(address).await.map_err(failed)?;
        Ok(ItemTable::open(reader, size).await)
    }

    /// From now on headers are looked up in the table at `address` before they are read.
    ///
    /// # Errors
    /// A failure that names it and why it cannot be read.
    pub async fn use_headers(&self, address: &str) -> Result<(), Failure> {
        if self.headers.has(address) {
            return Ok(());
        }
        let (reader, size) = self.ranges(address).await?;
        let table = ParquetHeaders::open(reader, size).await;
        let table = table.map_err(|e| Failure::failed(chain(&e)))?;
        self.headers.add(address, table);
        Ok(())
    }

    /// What reads the object at `address`, and how many bytes it has.
    async fn ranges(&self, address: &str) -> Result<(Arc<dyn RangeReader>, u64), Failure> {
        if is_afar(address) {
            return self.afar()?.open(address).await;
        }
        let reader = LocalReader::open(address).map_err(|e| Failure::failed(chain(&e)))?;
        let size = reader.size();
        Ok((Arc::new(reader), size))
    }

    /// The rasters of this run.
    pub fn rasters(&self) -> &RasterCache {
        &self.rasters
    }

    /// What indexing needs.
    pub fn index_world(&self, addressing: Addressing) -> IndexWorld {
        IndexWorld {
            opener: self.opener(),
            projector: Arc::clone(&self.projector),
            codecs: Arc::clone(&self.codecs),
            addressing,
            rasters: Arc::clone(&self.rasters),
        }
    }

    /// What reads chips.
    pub fn chip_reader(&self) -> ChipReader {
        ChipReader::new(
            self.opener(),
            Arc::clone(&self.codecs),
            Arc::clone(&self.rasters),
        )
    }

    /// How lists of chips are read: within the memory, and on the threads, that the shared options say.
    pub const fn batch_options(&self) -> &BatchOptions {
        &self.batch
    }

    /// What opens addresses.
    pub fn opener(&self) -> Arc<dyn AssetOpener> {
        Arc::new(self.opener.clone())
    }

    /// What stores objects.
    pub fn sink(&self) -> &Objects {
        &self.objects
    }

    /// What has been asked of servers and files so far.
    pub fn traffic(&self) -> Traffic {
        self.objects.traffic()
    }

    /// What was answered from caches so far.
    pub fn cache_use(&self) -> CacheUse {
        self.opener.used()
    }

    /// The items kept beside indexes.
    pub const fn items(&self) -> &ItemFiles {
        &self.items
    }

    /// What moves points.
    pub fn shared_projector(&self) -> Arc<dyn Projector> {
        Arc::clone(&self.projector)
    }

    /// The same.
    pub fn projector(&self) -> &dyn Projector {
        self.projector.as_ref()
    }

    /// What compresses the rasters of samples.
    pub fn encoder(&self) -> &dyn TileEncoder {
        &self.encoder
    }
}

/// What a reference system is called, with heights: its code, or well-known text.
///
/// # Errors
/// Where it cannot be understood.
pub fn registered(crs: &Crs, vertical: Option<&Crs>) -> Result<Crs, ProjectError> {
    ProjProjector.registered(crs, vertical)
}

/// Rasters with what files beside them hold, where looking for those costs no request.
fn rasters() -> RasterCache {
    RasterCache::new(RASTERS_KEPT, Limits::default()).with_sidecars(Sidecars::Local)
}

/// The items in `text`, read from `address`.
///
/// # Errors
/// Why it holds none.
pub fn items(
    text: &[u8],
    address: Option<&str>,
) -> Result<Vec<Result<ItemDocument, StacError>>, StacError> {
    stac::read_items(text, address)
}

/// The item whose JSON is `text`, one of many at `address`.
///
/// # Errors
/// Why it is none.
pub fn item_of_many(text: &str, address: &str) -> Result<ItemDocument, StacError> {
    stac::read_item_of_many(text, Some(address))
}

/// The rules in the file at `path`.
///
/// # Errors
/// A failure that names the file and what is wrong in it.
pub fn rules(path: &Path) -> Result<RulesFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::of(path.display(), &e))?;
    text.parse()
        .map_err(|e| Failure::failed(format!("{}: {e}", path.display())))
}

/// Which addresses of assets are read, as the arguments say.
pub fn addressing(args: &AddressArgs) -> Addressing {
    let mount = args.mount.as_ref();
    Addressing {
        mount: mount.map(|p| p.to_string_lossy().into_owned()),
        alternate: args.alternate.clone(),
        item_root: args.item_root.clone(),
    }
}

/// Rasters whose headers are kept: those of some dozens of items.
const RASTERS_KEPT: usize = 1024;
