//! What is said of how stores are reached: settings, the environment, and files that other tools read too.

use std::{env, fs, path::PathBuf};

use object_store::{
    ClientConfigKey, aws::AmazonS3ConfigKey, azure::AzureConfigKey, gcp::GoogleConfigKey,
};

/// Settings that go before the environment, and the environment, where it is heeded.
#[derive(Clone)]
pub(super) struct Settings {
    given: Vec<(String, String)>,
    /// Whether the environment is heeded.
    pub(super) environment: bool,
}

impl Settings {
    pub(super) fn new(given: &[(String, String)], environment: bool) -> Self {
        Self {
            given: given.to_vec(),
            environment,
        }
    }

    /// The settings that a store of one kind knows.
    pub(super) fn of<K: std::str::FromStr>(&self) -> impl Iterator<Item = (K, &str)> {
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
    pub(super) fn has_region(&self) -> bool {
        let region = ["aws_region", "aws_default_region", "region"];
        self.has(&region) || self.has_or_given(&AMAZON_ENDPOINT)
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.value(names).is_some()
    }

    /// The value of a setting of any of these names; of the environment only where the name says
    /// whose it is.
    pub(super) fn value_or_given(&self, names: &[&str]) -> Option<String> {
        let owners = ["aws_", "google_", "azure_"];
        let owned = |name: &&&str| owners.iter().any(|owner| name.starts_with(owner));
        self.given(names).or_else(|| {
            let names: Vec<_> = names.iter().filter(owned).copied().collect();
            self.value(&names)
        })
    }

    pub(super) fn has_or_given(&self, names: &[&str]) -> bool {
        self.value_or_given(names).is_some()
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

/// The keys of the profile `AWS_PROFILE` (else `default`) in the file of shared credentials, where
/// neither settings nor the environment have any.
pub(super) fn profile(settings: &Settings) -> Option<Vec<(AmazonS3ConfigKey, String)>> {
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
pub(super) fn google_default_credentials() -> bool {
    let home = env::var_os("HOME").map(PathBuf::from);
    home.is_some_and(|home| {
        home.join(".config/gcloud/application_default_credentials.json")
            .is_file()
    })
}

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
pub(super) const AMAZON_ENDPOINT: [&str; 5] = [
    "aws_endpoint_url",
    "aws_endpoint",
    "aws_endpoint_url_s3",
    "endpoint_url",
    "endpoint",
];

/// The same for Google.
pub(super) const GOOGLE_ENDPOINT: [&str; 2] = ["google_base_url", "base_url"];

/// The same for Microsoft.
pub(super) const AZURE_ENDPOINT: [&str; 5] = [
    "azure_storage_endpoint",
    "azure_endpoint",
    "endpoint",
    "azure_storage_use_emulator",
    "use_emulator",
];

/// What says that requests to Amazon are to be signed, or how. On a machine that gets its
/// credentials from Amazon's metadata service, `AWS_SKIP_SIGNATURE=false` says so.
pub(super) const AMAZON_CREDENTIALS: [&str; 8] = [
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
pub(super) const GOOGLE_CREDENTIALS: [&str; 8] = [
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
pub(super) const AZURE_CREDENTIALS: [&str; 14] = [
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
