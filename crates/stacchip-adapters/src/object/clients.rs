//! Clients of buckets, made as the settings say.

use std::sync::Arc;

use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    list::PaginatedListStore,
    multipart::MultipartStore,
};
use stacchip::address::Address;

use super::{
    settings::{
        AMAZON_CREDENTIALS, AMAZON_ENDPOINT, AZURE_CREDENTIALS, GOOGLE_CREDENTIALS, Settings,
        google_default_credentials, profile,
    },
    speaker::Connector,
    transport::truth,
    wire::Wire,
};

/// What speaks to a bucket.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) pages: Arc<dyn PaginatedListStore>,
    pub(super) parts: Arc<dyn MultipartStore>,
    /// Whether requests are signed.
    pub(super) signed: bool,
    /// What may help where it denies.
    pub(super) hint: Option<&'static str>,
}

/// A client for the bucket that `address` is in, made as the settings say.
pub(super) fn client(
    address: &Address,
    region: Option<&str>,
    settings: &Settings,
    wire: &Wire,
) -> Result<Client, object_store::Error> {
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
) -> Result<Client, object_store::Error> {
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
    Ok(Client {
        store: Arc::clone(&store) as _,
        pages: Arc::clone(&store) as _,
        parts: store,
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

fn google(bucket: &str, settings: &Settings, wire: &Wire) -> Result<Client, object_store::Error> {
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
    Ok(Client {
        store: Arc::clone(&store) as _,
        pages: Arc::clone(&store) as _,
        parts: store,
        signed,
        hint: (!signed).then_some("no credentials were given: set GOOGLE_APPLICATION_CREDENTIALS"),
    })
}

fn azure(
    account: Option<&str>,
    container: &str,
    settings: &Settings,
    wire: &Wire,
) -> Result<Client, object_store::Error> {
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
    Ok(Client {
        store: Arc::clone(&store) as _,
        pages: Arc::clone(&store) as _,
        parts: store,
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
