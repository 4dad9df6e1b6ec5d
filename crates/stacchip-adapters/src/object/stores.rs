//! The clients of the buckets that are used, each made once.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use object_store::path::Path;
use reqwest::Url;
use stacchip::address::Address;
use stacchip_cog::{ReadError, ReadErrorKind};

use super::{
    answers::Answers,
    attempt::{Again, Miss},
    clients::{Client, client},
    http::broken,
    lane::{Lane, Lanes},
    settings::{
        AMAZON_CREDENTIALS, AMAZON_ENDPOINT, AZURE_CREDENTIALS, AZURE_ENDPOINT, GOOGLE_CREDENTIALS,
        GOOGLE_ENDPOINT, Settings, google_default_credentials, profile,
    },
    store::{Place, store_error},
    transport::truth,
    wire::{Broken, Wire},
};

/// The clients of the buckets used so far.
pub(super) struct Stores {
    settings: Settings,
    kept: Mutex<HashMap<String, Client>>,
    /// Where the buckets of Amazon are.
    regions: Answers<String>,
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

impl Stores {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            kept: Mutex::default(),
            regions: Answers::default(),
        }
    }

    /// The place of `address`, in a store that is asked nothing yet; only the region of a bucket of
    /// Amazon is, once, where neither a setting nor `region` says it.
    pub(super) async fn place(
        &self,
        address: &Address,
        region: Option<&str>,
        wire: &Wire,
        lanes: &Lanes,
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
        let Client {
            store,
            pages,
            parts,
            signed,
            hint,
        } = if let Some(kept) = kept {
            kept
        } else {
            let region = match (address, region) {
                (_, Some(region)) => Some(region.to_owned()),
                (Address::S3 { bucket: name, .. }, None) if !self.settings.has_region() => {
                    let lane = lanes.lane(&bucket);
                    let ask = region_of(name, &shown, wire, &lane);
                    let known = self.regions.answer(name, |_| true, ask).await;
                    Some(known.map_err(|miss| ReadError {
                        address: shown.clone(),
                        ..miss.error
                    })?)
                }
                _ => None,
            };
            let built = client(address, region.as_deref(), &self.settings, wire)
                .map_err(|e| store_error(&shown, &e))?;
            let mut kept = self.kept();
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.entry(bucket.clone()).or_insert(built).clone()
        };
        Ok(Place {
            store,
            pages,
            parts,
            wire: wire.clone(),
            lane: lanes.lane(&bucket),
            key,
            address: shown,
            bucket,
            signed,
            hint,
        })
    }

    /// Whether requests to the kind of store that `address` is in can be signed.
    pub(super) fn has_credentials(&self, address: &Address) -> bool {
        match address {
            Address::S3 { .. } => {
                self.settings.has(&AMAZON_CREDENTIALS) || profile(&self.settings).is_some()
            }
            Address::Gs { .. } => {
                self.settings.has(&GOOGLE_CREDENTIALS)
                    || self.settings.environment && google_default_credentials()
            }
            Address::Azure { .. } => self.settings.has(&AZURE_CREDENTIALS),
            _ => false,
        }
    }

    /// Whether the settings name another store of the kind that `address` is in.
    pub(super) fn has_endpoint(&self, address: &Address) -> bool {
        match address {
            Address::S3 { .. } => self.settings.has_or_given(&AMAZON_ENDPOINT),
            Address::Gs { .. } => self.settings.has_or_given(&GOOGLE_ENDPOINT),
            Address::Azure { .. } => self.settings.has_or_given(&AZURE_ENDPOINT),
            _ => false,
        }
    }

    /// Whether those who ask pay for it.
    pub(super) fn requester_pays(&self) -> bool {
        let value = self.settings.value(&["aws_request_payer", "request_payer"]);
        value.is_some_and(|v| v.eq_ignore_ascii_case("requester") || truth(&v) == Some(true))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Client>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Asks where a bucket of Amazon is, of which only a HEAD of the bucket tells, allowed or not
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
async fn region_of(bucket: &str, shown: &str, wire: &Wire, lane: &Lane) -> Result<String, Miss> {
    // The certificate vouches for names without dots.
    let url = if bucket.contains('.') {
        format!("https://s3.amazonaws.com/{bucket}")
    } else {
        format!("https://{bucket}.s3.amazonaws.com/")
    };
    let error = |kind| ReadError::new(kind, shown);
    let url = Url::parse(&url)
        .map_err(|e| Miss::new(error(ReadErrorKind::Unsupported).because(e), Again::Never))?;
    let head = async || {
        let request = wire.head(url.clone()).build();
        let answer = match request {
            Ok(request) => wire.send(request).await,
            Err(cause) => Err(Broken::Request(cause)),
        };
        let answer = answer.map_err(|cause| broken(shown, &cause))?;
        let region = answer.headers().get("x-amz-bucket-region");
        if let Some(region) = region.and_then(|region| region.to_str().ok()) {
            return Ok(region.to_owned());
        }
        let refusal = wire.refusal(answer).await;
        let words = if refusal.kind() == ReadErrorKind::NotFound {
            "there is no such bucket".to_owned()
        } else {
            format!(
                "its region is not known, set AWS_REGION: {}",
                refusal.words()
            )
        };
        let error = error(refusal.kind()).because(words);
        Err(Miss::new(error, refusal.again()).with_wait(refusal.wait))
    };
    let region = lane.patiently(shown, 0, &|| Box::pin(head())).await;
    region.map_err(|error| Miss::new(error, Again::Never))
}

/// Clients kept: buckets of one run.
const KEPT: usize = 64;
