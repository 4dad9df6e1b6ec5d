//! The clients of buckets, made as the settings say.

use std::{
    collections::HashMap,
    env, fmt, fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use object_store::{
    ClientConfigKey, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    list::PaginatedListStore,
    path::Path,
};
use reqwest::Url;
use stacchip::address::Address;
use stacchip_cog::{ReadError, ReadErrorKind};

use super::{
    answers::Answers,
    attempt::{Again, Miss},
    http::broken,
    lane::{Lane, Lanes},
    speaker::Connector,
    store::{Place, store_error},
    transport::truth,
    wire::{Broken, Wire},
};

/// The clients of the buckets used so far.
pub(super) struct Stores {
    settings: Settings,
    kept: Mutex<HashMap<String, Kept>>,
    /// Where the buckets of Amazon are.
    regions: Answers<String>,
}

#[derive(Clone)]
struct Kept {
    store: Arc<dyn ObjectStore>,
    pages: Arc<dyn PaginatedListStore>,
    signed: bool,
    hint: Option<&'static str>,
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
        let Kept {
            store,
            pages,
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
            let built = build(address, region.as_deref(), &self.settings, wire)
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

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a store knows a setting of this name.
pub(super) fn is_known(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // How clients of stores are made is said in other ways: they are all one.
    let one = |client: ClientConfigKey| client == ClientConfigKey::AllowHttp;
    let amazon = key.parse().is_ok_and(|key| match key {
        AmazonS3ConfigKey::Client(client) => one(client),
        _ => true,
    });
    let google = key.parse().is_ok_and(|key| match key {
        GoogleConfigKey::Client(client) => one(client),
        _ => true,
    });
    let azure = key.parse().is_ok_and(|key| match key {
        AzureConfigKey::Client(client) => one(client),
        _ => true,
    });
    amazon || google || azure || OWN.contains(&key.as_str())
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

fn build(
    address: &Address,
    region: Option<&str>,
    settings: &Settings,
    wire: &Wire,
) -> Result<Kept, object_store::Error> {
    Ok(match address {
        Address::S3 { bucket, .. } => amazon(bucket, region, settings, wire)?,
        Address::Gs { bucket, .. } => google(bucket, settings, wire)?,
        Address::Azure {
            account, container, ..
        } => azure(account.as_deref(), container, settings, wire)?,
        other => {
            return Err(object_store::Error::NotImplemented {
                operation: other.to_string(),
                implementer: "stacchip".to_owned(),
            });
        }
    })
}

fn amazon(
    bucket: &str,
    region: Option<&str>,
    settings: &Settings,
    wire: &Wire,
) -> Result<Kept, object_store::Error> {
    let endpoint = settings.value_or_given(&AMAZON_ENDPOINT);
    let plain = endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
    let builder = if settings.environment {
        AmazonS3Builder::from_env()
    } else {
        AmazonS3Builder::new()
    };
    let mut builder = builder
        .with_bucket_name(bucket)
        .with_http_connector(Connector::new(wire.clone()))
        .with_client_options(ClientOptions::new().with_allow_http(plain))
        .with_retry(once());
    let profile = profile(settings);
    if let Some(profile) = &profile {
        for (key, value) in profile {
            builder = builder.with_config(*key, value);
        }
    }
    for (key, value) in settings.of::<AmazonS3ConfigKey>() {
        builder = builder.with_config(key, value);
    }
    if let Some(region) = region {
        // Who names it knows better than a setting for all.
        builder = builder.with_region(region);
    }
    let never = settings
        .value(&["aws_no_sign_request"])
        .as_deref()
        .and_then(truth)
        == Some(true);
    let signed = !never && (settings.has(&AMAZON_CREDENTIALS) || profile.is_some());
    if !signed {
        builder = builder.with_config(AmazonS3ConfigKey::SkipSignature, "true");
    }
    let pays = settings.has(&["aws_request_payer", "request_payer"]);
    let store = Arc::new(builder.build()?);
    Ok(Kept {
        store: Arc::clone(&store) as _,
        pages: store,
        signed,
        hint: match (signed, pays) {
            (false, _) => Some(
                "no credentials were given: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and \
                 AWS_REQUEST_PAYER=requester where the reader pays",
            ),
            (true, false) => {
                Some("where the reader pays for requests, set AWS_REQUEST_PAYER=requester")
            }
            (true, true) => None,
        },
    })
}

fn google(bucket: &str, settings: &Settings, wire: &Wire) -> Result<Kept, object_store::Error> {
    let builder = if settings.environment {
        GoogleCloudStorageBuilder::from_env()
    } else {
        GoogleCloudStorageBuilder::new()
    };
    let mut builder = builder
        .with_bucket_name(bucket)
        .with_http_connector(Connector::new(wire.clone()))
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(once());
    for (key, value) in settings.of::<GoogleConfigKey>() {
        builder = builder.with_config(key, value);
    }
    let signed =
        settings.has(&GOOGLE_CREDENTIALS) || settings.environment && google_default_credentials();
    if !signed {
        builder = builder.with_config(GoogleConfigKey::SkipSignature, "true");
    }
    let store = Arc::new(builder.build()?);
    Ok(Kept {
        store: Arc::clone(&store) as _,
        pages: store,
        signed,
        hint: (!signed).then_some("no credentials were given: set GOOGLE_APPLICATION_CREDENTIALS"),
    })
}

fn azure(
    account: Option<&str>,
    container: &str,
    settings: &Settings,
    wire: &Wire,
) -> Result<Kept, object_store::Error> {
    let builder = if settings.environment {
        MicrosoftAzureBuilder::from_env()
    } else {
        MicrosoftAzureBuilder::new()
    };
    let mut builder = builder
        .with_container_name(container)
        .with_http_connector(Connector::new(wire.clone()))
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(once());
    for (key, value) in settings.of::<AzureConfigKey>() {
        builder = builder.with_config(key, value);
    }
    if let Some(account) = account {
        builder = builder.with_account(account);
    }
    let signed = settings.has(&AZURE_CREDENTIALS);
    if !signed {
        builder = builder.with_config(AzureConfigKey::SkipSignature, "true");
    }
    let store = Arc::new(builder.build()?);
    Ok(Kept {
        store: Arc::clone(&store) as _,
        pages: store,
        signed,
        hint: (!signed).then_some(
            "no credentials were given: set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
        ),
    })
}

/// The store tries once: patience is the business of the lane, which knows of deadlines, and of what
/// the server asks for.
fn once() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

/// Settings that go before the environment, and the environment, where it is heeded.
#[derive(Clone)]
pub(super) struct Settings {
    given: Vec<(String, String)>,
    environment: bool,
}

impl Settings {
    pub(super) fn new(given: &[(String, String)], environment: bool) -> Self {
        Self {
            given: given.to_vec(),
            environment,
        }
    }

    /// The settings that a store of one kind knows.
    fn of<K: std::str::FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
        self.given
            .iter()
            .filter_map(|(k, v)| Some((k.to_ascii_lowercase().parse().ok()?, v.as_str())))
    }

    /// The value of a setting of any of these names, or of the environment variable.
    pub(super) fn value(&self, names: &[&str]) -> Option<String> {
        self.given(names).or_else(|| {
            let names = names.iter().filter(|_| self.environment);
            let mut values = names.filter_map(|name| env::var(name.to_ascii_uppercase()).ok());
            values.find(|v| !v.is_empty())
        })
    }

    fn given(&self, names: &[&str]) -> Option<String> {
        let mut given = self.given.iter();
        let found = given.find(|(k, _)| names.iter().any(|name| k.eq_ignore_ascii_case(name)));
        found.map(|(_, v)| v.clone())
    }

    /// Whether it need not be asked where a bucket of Amazon is.
    fn has_region(&self) -> bool {
        let region = ["aws_region", "aws_default_region", "region"];
        self.has(&region) || self.has_or_given(&AMAZON_ENDPOINT)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.value(names).is_some()
    }

    /// The value of a setting of any of these names; of the environment only where the name says
    /// whose it is.
    fn value_or_given(&self, names: &[&str]) -> Option<String> {
        let owners = ["aws_", "google_", "azure_"];
        let owned = |name: &&&str| owners.iter().any(|owner| name.starts_with(owner));
        self.given(names).or_else(|| {
            let names: Vec<_> = names.iter().filter(owned).copied().collect();
            self.value(&names)
        })
    }

    fn has_or_given(&self, names: &[&str]) -> bool {
        self.value_or_given(names).is_some()
    }
}

/// The keys of the profile `AWS_PROFILE` (else `default`) in the file of shared credentials, where
/// neither settings nor the environment have any.
fn profile(settings: &Settings) -> Option<Vec<(AmazonS3ConfigKey, String)>> {
    if settings.has(&AMAZON_CREDENTIALS) {
        return None;
    }
    let path = settings
        .value(&["aws_shared_credentials_file"])
        .map(PathBuf::from)
        .or_else(|| {
            let home = env::var_os("HOME").filter(|_| settings.environment)?;
            Some(PathBuf::from(home).join(".aws/credentials"))
        })?;
    let name = settings.value(&["aws_profile"]);
    credentials_of(
        &fs::read_to_string(path).ok()?,
        name.as_deref().unwrap_or("default"),
    )
}

/// The keys in the section `name` of a file of shared credentials.
fn credentials_of(text: &str, name: &str) -> Option<Vec<(AmazonS3ConfigKey, String)>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').trim() == name;
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let key = match key.trim() {
                "aws_access_key_id" => AmazonS3ConfigKey::AccessKeyId,
                "aws_secret_access_key" => AmazonS3ConfigKey::SecretAccessKey,
                "aws_session_token" => AmazonS3ConfigKey::Token,
                _ => continue,
            };
            found.push((key, value.trim().to_owned()));
        }
    }
    (found.len() >= 2).then_some(found)
}

/// Whether the tools of Google have left credentials where they are looked for.
fn google_default_credentials() -> bool {
    let home = env::var_os("HOME").map(PathBuf::from);
    home.is_some_and(|home| {
        home.join(".config/gcloud/application_default_credentials.json")
            .is_file()
    })
}

/// Clients kept: buckets of one run.
const KEPT: usize = 64;

/// Settings of ours that are not of how servers are asked.
const OWN: [&str; 6] = [
    "aws_no_sign_request",
    "aws_profile",
    "aws_shared_credentials_file",
    "aws_endpoint_url_s3",
    "pc_sdk_sas_url",
    "pc_sdk_subscription_key",
];

/// What names another store than Amazon's.
const AMAZON_ENDPOINT: [&str; 5] = [
    "aws_endpoint_url",
    "aws_endpoint",
    "aws_endpoint_url_s3",
    "endpoint_url",
    "endpoint",
];

/// The same for Google.
const GOOGLE_ENDPOINT: [&str; 2] = ["google_base_url", "base_url"];

/// The same for Microsoft.
const AZURE_ENDPOINT: [&str; 5] = [
    "azure_storage_endpoint",
    "azure_endpoint",
    "endpoint",
    "azure_storage_use_emulator",
    "use_emulator",
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read() {
        let text = "# keys\n[default]\naws_access_key_id = A\naws_secret_access_key=B=\n\n[ other ]\naws_access_key_id=C\n";
        let found = credentials_of(text, "default").unwrap();
        assert_eq!(
            found,
            [
                (AmazonS3ConfigKey::AccessKeyId, "A".to_owned()),
                (AmazonS3ConfigKey::SecretAccessKey, "B=".to_owned())
            ]
        );
        assert_eq!(credentials_of(text, "other"), None);
        assert_eq!(credentials_of(text, "none"), None);
    }

    #[test]
    fn names_of_settings_are_known() {
        for key in ["AWS_REGION", "azure_storage_account_key", "google_bucket"] {
            assert!(is_known(key), "{key}");
        }
        for key in ["aws_regoin", "allow_invalid_certificates", "user_agent"] {
            assert!(!is_known(key), "{key}");
        }
        assert!(is_known("aws_allow_http"));
    }
}
