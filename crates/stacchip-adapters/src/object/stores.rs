//! The clients of buckets, made as the settings say.

use std::{
    collections::HashMap,
    env, fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    path::Path,
};
use stacchip::address::Address;
use stacchip_cog::{ReadError, ReadErrorKind};

use super::{
    lane::Lanes,
    store::{Place, store_error},
    transport::truth,
    wire::Wire,
};

/// The clients of the buckets used so far.
#[derive(Debug)]
pub(super) struct Stores {
    settings: Settings,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    store: Arc<dyn ObjectStore>,
    signed: bool,
    hint: Option<&'static str>,
}

impl Stores {
    pub(super) fn new(settings: &[(String, String)]) -> Self {
        Self {
            settings: Settings::new(settings),
            kept: Mutex::default(),
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
            signed,
            hint,
        } = if let Some(kept) = kept {
            kept
        } else {
            let built = build(address, region, &self.settings, wire)
                .await
                .map_err(|e| store_error(&shown, &e))?;
            let mut kept = self.kept();
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.entry(bucket.clone()).or_insert(built).clone()
        };
        Ok(Place {
            store,
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
                self.settings.has(&GOOGLE_CREDENTIALS) || google_default_credentials()
            }
            Address::Azure { .. } => self.settings.has(&AZURE_CREDENTIALS),
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
    key.parse::<AmazonS3ConfigKey>().is_ok()
        || key.parse::<GoogleConfigKey>().is_ok()
        || key.parse::<AzureConfigKey>().is_ok()
        || OWN.contains(&key.as_str())
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
    region: Option<&str>,
    settings: &Settings,
    wire: &Wire,
) -> Result<Kept, object_store::Error> {
    Ok(match address {
        Address::S3 { bucket, .. } => amazon(bucket, region, settings, wire).await?,
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

async fn amazon(
    bucket: &str,
    region: Option<&str>,
    settings: &Settings,
    wire: &Wire,
) -> Result<Kept, object_store::Error> {
    let endpoint = settings.value(&["aws_endpoint_url", "aws_endpoint", "aws_endpoint_url_s3"]);
    let plain = endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_http_connector(wire.clone())
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
    if !settings.has(&["aws_region", "aws_default_region", "region"]) && endpoint.is_none() {
        let region = match region {
            Some(region) => region.to_owned(),
            None => resolve_bucket_region(bucket, &ClientOptions::new()).await?,
        };
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
    Ok(Kept {
        store: Arc::new(builder.build()?),
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
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_http_connector(wire.clone())
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(once());
    for (key, value) in settings.of::<GoogleConfigKey>() {
        builder = builder.with_config(key, value);
    }
    let signed = settings.has(&GOOGLE_CREDENTIALS) || google_default_credentials();
    if !signed {
        builder = builder.with_config(GoogleConfigKey::SkipSignature, "true");
    }
    Ok(Kept {
        store: Arc::new(builder.build()?),
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
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_http_connector(wire.clone())
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
    Ok(Kept {
        store: Arc::new(builder.build()?),
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

/// Settings that go before the environment, and the environment.
#[derive(Debug)]
pub(super) struct Settings(Vec<(String, String)>);

impl Settings {
    pub(super) fn new(given: &[(String, String)]) -> Self {
        Self(given.to_vec())
    }

    /// The settings that a store of one kind knows.
    fn of<K: std::str::FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
        self.0
            .iter()
            .filter_map(|(k, v)| Some((k.to_ascii_lowercase().parse().ok()?, v.as_str())))
    }

    /// The value of a setting of any of these names, or of the environment variable.
    pub(super) fn value(&self, names: &[&str]) -> Option<String> {
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

/// The keys of the profile `AWS_PROFILE` (else `default`) in the file of shared credentials, where
/// neither settings nor the environment have any.
fn profile(settings: &Settings) -> Option<Vec<(AmazonS3ConfigKey, String)>> {
    if settings.has(&AMAZON_CREDENTIALS) {
        return None;
    }
    let path = settings
        .value(&["aws_shared_credentials_file"])
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".aws/credentials")))?;
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
        assert!(!is_known("aws_regoin"));
    }
}
