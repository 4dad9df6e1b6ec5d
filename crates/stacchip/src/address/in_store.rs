//! Web addresses that lead into a store.

use super::{Address, decoded};

/// An object of a store that is known by a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InStore {
    /// Its address in the store, without anything percent-encoded.
    pub address: Address,
    /// The region that the web address names, of S3.
    pub region: Option<String>,
}

impl Address {
    /// The store that a web address leads into, where its host is one of Amazon's, Google's or
    /// Microsoft's; nothing where it has a query, and is to be taken as it is: that may be a
    /// signature, or name a version, and no address of a store could say so.
    ///
    /// S3 has two forms (`bucket.s3.region.amazonaws.com/key` and
    /// `s3.region.amazonaws.com/bucket/key`) and older spellings of both
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
    ///
    /// ```
    /// use stacchip::address::Address;
    ///
    /// let text = "https://sentinel-cogs.s3.us-west-2.amazonaws.com/a/B04.tif";
    /// let inside = Address::parse(text)?.in_store().unwrap();
    /// assert_eq!(inside.address.to_string(), "s3://sentinel-cogs/a/B04.tif");
    /// assert_eq!(inside.region.as_deref(), Some("us-west-2"));
    /// # Ok::<(), stacchip::address::AddressError>(())
    /// ```
    pub fn in_store(&self) -> Option<InStore> {
        let Self::Http(text) = self else { return None };
        let (_, rest) = text.split_once("://")?;
        let rest = rest.split('#').next()?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !query.is_empty() {
            return None;
        }
        let (host, path) = rest.split_once('/')?;
        // Behind another port is another server; a password is somebody's own business.
        let (host, port) = host.split_once(':').unwrap_or((host, "443"));
        if host.contains('@') || !matches!(port, "443" | "80") {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let path = decoded(path).ok()?;
        s3(&host, &path)
            .or_else(|| azure(&host, &path))
            .or_else(|| google(&host, &path))
            .filter(|inside| match &inside.address {
                Self::S3 { bucket, key } | Self::Gs { bucket, key } => {
                    !bucket.is_empty() && !key.is_empty()
                }
                Self::Azure { container, key, .. } => !container.is_empty() && !key.is_empty(),
                _ => false,
            })
    }
}

fn s3(host: &str, path: &str) -> Option<InStore> {
    let host = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let labels: Vec<&str> = host.split('.').collect();
    let at = labels.iter().rposition(|label| {
        *label == "s3" || (label.starts_with("s3-") && !label.starts_with("s3-website"))
    })?;
    let (bucket, service) = labels.split_at(at);
    let region = match service {
        ["s3" | "s3-accelerate"] | ["s3-accelerate", "dualstack"] => None,
        ["s3", "dualstack", region] | ["s3", region] => Some((*region).to_owned()),
        [label] => label.strip_prefix("s3-").map(str::to_owned),
        _ => return None,
    };
    let (bucket, key) = if bucket.is_empty() {
        let (bucket, key) = path.split_once('/')?;
        (bucket.to_owned(), key)
    } else {
        (bucket.join("."), path)
    };
    Some(InStore {
        address: Address::S3 {
            bucket,
            key: key.to_owned(),
        },
        region,
    })
}

fn azure(host: &str, path: &str) -> Option<InStore> {
    let account = host
        .strip_suffix(".blob.core.windows.net")
        .filter(|account| !account.contains('.'))?;
    let (container, key) = path.split_once('/')?;
    Some(InStore {
        address: Address::Azure {
            account: Some(account.to_owned()),
            container: container.to_owned(),
            key: key.to_owned(),
        },
        region: None,
    })
}

fn google(host: &str, path: &str) -> Option<InStore> {
    let (bucket, key) = if host == "storage.googleapis.com" {
        path.split_once('/')?
    } else {
        (host.strip_suffix(".storage.googleapis.com")?, path)
    };
    Some(InStore {
        address: Address::Gs {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        },
        region: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(text: &str) -> Option<(String, Option<String>)> {
        let inside = Address::parse(text).unwrap().in_store()?;
        Some((inside.address.to_string(), inside.region))
    }

    #[test]
    fn web_addresses_of_stores() {
        for (text, address, region) in [
            ("https://b.s3.amazonaws.com/k/a.tif", "s3://b/k/a.tif", None),
            (
                "https://b.s3.us-west-2.amazonaws.com/k%20a.tif",
                "s3://b/k a.tif",
                Some("us-west-2"),
            ),
            (
                "https://b.c.s3-eu-west-1.amazonaws.com/k",
                "s3://b.c/k",
                Some("eu-west-1"),
            ),
            (
                "https://b.s3.dualstack.eu-west-1.amazonaws.com/k",
                "s3://b/k",
                Some("eu-west-1"),
            ),
            (
                "https://s3.eu-central-1.amazonaws.com/b/k/l",
                "s3://b/k/l",
                Some("eu-central-1"),
            ),
            ("https://s3.amazonaws.com/b/k", "s3://b/k", None),
            ("https://B.S3.amazonaws.com:443/K+1", "s3://b/K+1", None),
            (
                "https://s3-us-west-2.amazonaws.com/b/k",
                "s3://b/k",
                Some("us-west-2"),
            ),
            (
                "https://b.s3.cn-north-1.amazonaws.com.cn/k",
                "s3://b/k",
                Some("cn-north-1"),
            ),
            (
                "https://a.blob.core.windows.net/c/k/l.tif",
                "abfss://c@a.dfs.core.windows.net/k/l.tif",
                None,
            ),
            ("https://storage.googleapis.com/b/k/l", "gs://b/k/l", None),
            ("https://b.storage.googleapis.com/k", "gs://b/k", None),
            ("/vsicurl/https://b.s3.amazonaws.com/k", "s3://b/k", None),
            ("https://b.s3.amazonaws.com/k?", "s3://b/k", None),
        ] {
            let expected = (address.to_owned(), region.map(str::to_owned));
            assert_eq!(inside(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn others_are_taken_as_they_are() {
        for text in [
            "https://h.example/b/k",
            "https://b.s3-website-us-east-1.amazonaws.com/k",
            "https://b.s3-website.eu-west-3.amazonaws.com/k",
            "https://amazonaws.com/b/k",
            "https://s3.amazonaws.com/b",
            "https://b.s3.amazonaws.com/",
            "https://b.s3.amazonaws.com.evil.example/k",
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=1",
            "https://a.blob.core.windows.net/c/k?st=1&sig=2",
            "https://b.s3.amazonaws.com/k?versionId=V3",
            "https://s3.amazonaws.com/b/k?versionId=1",
            "https://a.blob.core.windows.net/c/k?snapshot=2026-11-21T00:00:00Z",
            "https://a.blob.core.windows.net/c/k?versionid=1",
            "https://storage.googleapis.com/b/k?generation=1",
            "https://a.blob.core.windows.net/k",
            "https://b.s3.amazonaws.com:8443/k",
            "https://user@b.s3.amazonaws.com/k",
            "https://x.y.blob.core.windows.net/c/k",
            "s3://b/k",
        ] {
            assert_eq!(inside(text), None, "{text}");
        }
    }
}
