//! Objects in the stores of Amazon, Google and Microsoft, and those that speak as they do.

use std::{
    collections::HashMap,
    env,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    path::Path,
};
use stacchip::{WriteError, WriteErrorKind, address::Address};
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};

use super::{ObjectOptions, http::use_ring, pin::Pin};

/// The clients of the buckets used so far.
#[derive(Debug, Default)]
pub(super) struct Stores {
    kept: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// An object's place: its store, and its key there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    store: Arc<dyn ObjectStore>,
    key: Path,
    address: String,
    bucket: String,
}

impl Stores {
    /// The place of `address`, in a store that is asked nothing yet; only the region of a bucket of
    /// Amazon is, once, where no setting says it.
    pub(super) async fn place(
        &self,
        address: &Address,
        options: &ObjectOptions,
    ) -> Result<Place, ReadError> {
        let shown = address.to_string();
        let (Address::S3 { key, .. } | Address::Gs { key, .. } | Address::Azure { key, .. }) =
            address
        else {
            return Err(ReadError::new(ReadErrorKind::Unsupported, shown));
        };
        let key = Path::parse(key)
            .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, &shown).because(e))?;
        let bucket = bucket(address);
        let kept = self.kept().get(&bucket).cloned();
        let store = if let Some(store) = kept {
            store
        } else {
            let store = build(address, options)
                .await
                .map_err(|e| read_error(&shown, &e))?;
            let mut kept = self.kept();
            if kept.len() >= KEPT {
                kept.clear();
            }
            Arc::clone(kept.entry(bucket.clone()).or_insert(store))
        };
        Ok(Place {
            store,
            key,
            address: shown,
            bucket,
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn ObjectStore>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) const fn reader(self, pin: Pin) -> StoreReader {
        StoreReader { place: self, pin }
    }

    pub(super) async fn size(&self) -> Result<u64, ReadError> {
        let head = self.store.head(&self.key).await;
        head.map(|m| m.size)
            .map_err(|e| read_error(&self.address, &e))
    }

    pub(super) async fn read_all(&self, limit: u64) -> Result<Bytes, ReadError> {
        let answer = self.store.get(&self.key).await;
        let answer = answer.map_err(|e| read_error(&self.address, &e))?;
        let size = answer.meta.size;
        if size > limit {
            return Err(ReadError::new(ReadErrorKind::Other, &self.address)
                .because(format!("at most {limit} bytes are read at once")));
        }
        let bytes = answer
            .bytes()
            .await
            .map_err(|e| read_error(&self.address, &e))?;
        if bytes.len() as u64 != size {
            return Err(cut_short(&self.address));
        }
        Ok(bytes)
    }

    pub(super) async fn put(&self, bytes: Bytes, overwrite: bool) -> Result<(), WriteError> {
        let options = PutOptions {
            mode: if overwrite {
                PutMode::Overwrite
            } else {
                PutMode::Create
            },
            ..PutOptions::default()
        };
        let put = self.store.put_opts(&self.key, bytes.into(), options).await;
        put.map(drop).map_err(|e| write_error(&self.address, &e))
    }

    /// The addresses of the objects below the key, by name.
    pub(super) async fn list(&self) -> Result<Vec<String>, ReadError> {
        let found = self.store.list(Some(&self.key));
        let mut found: Vec<String> = found
            .map_ok(|meta| format!("{}/{}", self.bucket, meta.location))
            .try_collect()
            .await
            .map_err(|e| read_error(&self.address, &e))?;
        found.sort_unstable();
        Ok(found)
    }
}

/// An object in a store.
#[derive(Debug)]
pub(super) struct StoreReader {
    place: Place,
    pin: Pin,
}

impl StoreReader {
    async fn get(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        if range.start >= range.end {
            return Ok(Bytes::new());
        }
        let place = &self.place;
        let changed = || ReadError::new(ReadErrorKind::Changed, &place.address);
        let options = GetOptions::new()
            .with_range(Some(range.clone()))
            .with_if_match(self.pin.condition());
        let answer = match place.store.get_opts(&place.key, options).await {
            Ok(answer) => answer,
            // A range that begins where the object has ended is refused, each store in its words.
            Err(error @ object_store::Error::Generic { .. }) => {
                return match place.store.head(&place.key).await {
                    Ok(meta) if self.pin.excludes(&said(&meta)) => Err(changed()),
                    Ok(meta) if meta.size <= range.start => Ok(Bytes::new()),
                    _ => Err(read_error(&place.address, &error)),
                };
            }
            Err(error) => return Err(read_error(&place.address, &error)),
        };
        if !self.pin.admits(said(&answer.meta)) {
            return Err(changed());
        }
        let wanted = range.start..range.end.min(answer.meta.size);
        if answer.range != wanted {
            return Err(ReadError::new(ReadErrorKind::Range, &place.address));
        }
        let bytes = answer
            .bytes()
            .await
            .map_err(|e| read_error(&place.address, &e))?;
        if bytes.len() as u64 != wanted.end - wanted.start {
            return Err(cut_short(&place.address));
        }
        Ok(bytes)
    }
}

#[async_trait]
impl RangeReader for StoreReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let requests = ranges
            .iter()
            .map(|range| async move { self.get(range).await.map_err(|e| e.of(range.clone())) });
        let requests: Vec<_> = requests.collect();
        stream::iter(requests).buffered(AT_ONCE).try_collect().await
    }

    fn address(&self) -> &str {
        &self.place.address
    }

    fn version(&self) -> Version {
        self.pin.version()
    }
}

/// What a store says of the version of an object.
fn said(meta: &ObjectMeta) -> Version {
    Version {
        etag: meta.e_tag.clone(),
        size: Some(meta.size),
        // The beginning of time stands for what the store did not say.
        modified: meta.last_modified.timestamp_nanos_opt().filter(|&t| t != 0),
    }
}

/// The address of the bucket itself: what a client is kept under.
fn bucket(address: &Address) -> String {
    match address {
        Address::S3 { bucket, .. } => format!("s3://{bucket}"),
        Address::Gs { bucket, .. } => format!("gs://{bucket}"),
        Address::Azure {
            account, container, ..
        } => match account {
            Some(account) => format!("abfss://{container}@{account}.dfs.core.windows.net"),
            None => format!("az://{container}"),
        },
        other => other.to_string(),
    }
}

async fn build(
    address: &Address,
    options: &ObjectOptions,
) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    use_ring();
    let settings = Settings(&options.storage);
    Ok(match address {
        Address::S3 { bucket, .. } => Arc::new(amazon(bucket, &settings).await?),
        Address::Gs { bucket, .. } => {
            let mut builder = GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(bucket)
                .with_client_options(client_options())
                .with_retry(retry());
            for (key, value) in settings.of::<GoogleConfigKey>() {
                builder = builder.with_config(key, value);
            }
            if !settings.has(&GOOGLE_CREDENTIALS) && !google_default_credentials() {
                builder = builder.with_config(GoogleConfigKey::SkipSignature, "true");
            }
            Arc::new(builder.build()?)
        }
        Address::Azure {
            account, container, ..
        } => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_container_name(container)
                .with_client_options(client_options().with_allow_http(true))
                .with_retry(retry());
            for (key, value) in settings.of::<AzureConfigKey>() {
                builder = builder.with_config(key, value);
            }
            if let Some(account) = account {
                builder = builder.with_account(account);
            }
            if !settings.has(&AZURE_CREDENTIALS) {
                builder = builder.with_config(AzureConfigKey::SkipSignature, "true");
            }
            Arc::new(builder.build()?)
        }
        other => {
            return Err(object_store::Error::NotImplemented {
                operation: other.to_string(),
                implementer: "stacchip".to_owned(),
            });
        }
    })
}

async fn amazon(
    bucket: &str,
    settings: &Settings<'_>,
) -> Result<object_store::aws::AmazonS3, object_store::Error> {
    let endpoint = settings.value(&["aws_endpoint_url", "aws_endpoint", "aws_endpoint_url_s3"]);
    let plain = endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(client_options().with_allow_http(plain))
        .with_retry(retry());
    for (key, value) in settings.of::<AmazonS3ConfigKey>() {
        builder = builder.with_config(key, value);
    }
    if !settings.has(&["aws_region", "aws_default_region", "region"]) && endpoint.is_none() {
        let region = resolve_bucket_region(bucket, &client_options()).await?;
        builder = builder.with_region(region);
    }
    if !settings.has(&AMAZON_CREDENTIALS) {
        builder = builder.with_config(AmazonS3ConfigKey::SkipSignature, "true");
    }
    builder.build()
}

/// Settings that go before the environment, and the environment.
struct Settings<'a>(&'a [(String, String)]);

impl Settings<'_> {
    /// The settings that a store of one kind knows.
    fn of<K: std::str::FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
        self.0
            .iter()
            .filter_map(|(k, v)| Some((k.to_ascii_lowercase().parse().ok()?, v.as_str())))
    }

    fn value(&self, names: &[&str]) -> Option<String> {
        let given = self
            .0
            .iter()
            .find(|(k, _)| names.iter().any(|name| k.eq_ignore_ascii_case(name)));
        given.map(|(_, v)| v.clone()).or_else(|| {
            names
                .iter()
                .find_map(|name| env::var(name.to_ascii_uppercase()).ok())
                .filter(|v| !v.is_empty())
        })
    }

    fn has(&self, names: &[&str]) -> bool {
        self.value(names).is_some()
    }
}

/// Whether the tools of Google have left credentials where they are looked for.
fn google_default_credentials() -> bool {
    let home = env::var_os("HOME").map(std::path::PathBuf::from);
    home.is_some_and(|home| {
        home.join(".config/gcloud/application_default_credentials.json")
            .is_file()
    })
}

fn client_options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(10))
        .with_timeout(Duration::from_mins(2))
}

/// Few and short: patience is the business of a decorator that knows of deadlines.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 3,
        retry_timeout: Duration::from_secs(30),
    }
}

fn cut_short(address: &str) -> ReadError {
    ReadError::new(ReadErrorKind::Transient, address).because("the answer was cut short")
}

fn read_error(address: &str, cause: &object_store::Error) -> ReadError {
    use object_store::Error as E;
    let kind = match cause {
        E::NotFound { .. } => ReadErrorKind::NotFound,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => ReadErrorKind::Denied,
        E::Precondition { .. } => ReadErrorKind::Changed,
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } | E::NotImplemented { .. } => {
            ReadErrorKind::Unsupported
        }
        _ => ReadErrorKind::Other,
    };
    ReadError::new(kind, address).because(unsigned(&cause.to_string()))
}

fn write_error(address: &str, cause: &object_store::Error) -> WriteError {
    use object_store::Error as E;
    let kind = match cause {
        E::AlreadyExists { .. } | E::Precondition { .. } => WriteErrorKind::Exists,
        E::NotFound { .. } => WriteErrorKind::NotFound,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => WriteErrorKind::Denied,
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => WriteErrorKind::Unsupported,
        _ => WriteErrorKind::Other,
    };
    let error = WriteError::new(kind, address);
    if kind == WriteErrorKind::Exists {
        error
    } else {
        error.because(unsigned(&cause.to_string()))
    }
}

/// A message without the queries of the addresses in it: signatures live there.
fn unsigned(message: &str) -> String {
    let words = message.split(' ').map(|word| match word.find('?') {
        Some(at) if word.contains("://") => word.get(..at).unwrap_or_default(),
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Clients kept: buckets of one run.
const KEPT: usize = 64;

/// Requests of one batch under way at once.
const AT_ONCE: usize = 32;

/// What says that requests to Amazon are to be signed, or how. On a machine that gets its
/// credentials from Amazon's metadata service, `AWS_SKIP_SIGNATURE=false` says so.
const AMAZON_CREDENTIALS: [&str; 8] = [
    "aws_access_key_id",
    "access_key_id",
    "aws_web_identity_token_file",
    "aws_container_credentials_relative_uri",
    "aws_container_credentials_full_uri",
    "aws_metadata_endpoint",
    "aws_skip_signature",
    "skip_signature",
];

/// The same for Google.
const GOOGLE_CREDENTIALS: [&str; 8] = [
    "google_service_account",
    "google_service_account_path",
    "google_service_account_key",
    "google_application_credentials",
    "service_account",
    "google_skip_signature",
    "skip_signature",
    "google_bearer_token",
];

/// The same for Microsoft.
const AZURE_CREDENTIALS: [&str; 14] = [
    "azure_storage_account_key",
    "azure_storage_access_key",
    "account_key",
    "azure_storage_sas_key",
    "azure_storage_sas_token",
    "sas_token",
    "azure_storage_token",
    "bearer_token",
    "azure_client_id",
    "azure_storage_client_id",
    "azure_federated_token_file",
    "azure_msi_endpoint",
    "azure_skip_signature",
    "azure_storage_use_emulator",
];
