//! Which address of an asset is read.

use stacchip_model::Asset;
use thiserror::Error;
use url::Url;

/// Which address of an asset is read, and what relative ones resolve against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addressing {
    /// A folder that takes the place of scheme and host, as in upstream.
    pub mount: Option<String>,
    /// The name of an alternate to prefer.
    pub alternate: Option<String>,
    /// What relative addresses resolve against, in place of the item's own address: a folder.
    pub item_root: Option<String>,
}

impl Addressing {
    /// The address at which `asset` of the item at `item_href` is read.
    ///
    /// The `href`, unless an alternate is preferred, or the scheme of the `href` is none that can be
    /// read and that of an alternate is. Relative addresses resolve against the item's.
    ///
    /// # Errors
    /// [`AddressingError`] where it is relative and there is nothing to resolve it against, or
    /// nothing of it can be read.
    pub fn address(
        &self,
        item_href: Option<&str>,
        asset: &Asset,
    ) -> Result<String, AddressingError> {
        let preferred = self
            .alternate
            .iter()
            .find_map(|name| asset.alternates.iter().find(|a| a.name == *name));
        let href = match preferred {
            Some(alternate) => alternate.href.as_str(),
            None if is_readable(&asset.href) => &asset.href,
            None => asset
                .alternates
                .iter()
                .map(|a| a.href.as_str())
                .find(|href| is_readable(href))
                .ok_or_else(|| AddressingError::Unreadable {
                    asset: asset.key.clone(),
                    href: asset.href.clone(),
                })?,
        };
        if let Some(mount) = &self.mount {
            return Ok(mounted(mount, href));
        }
        match &self.item_root {
            Some(root) => resolve(Some(&format!("{}/", root.trim_end_matches('/'))), href),
            None => resolve(item_href, href),
        }
        .ok_or_else(|| AddressingError::NoBase {
            asset: asset.key.clone(),
            href: href.to_owned(),
        })
    }
}

/// Resolves `href` against the address `base` of the document it stands in; nothing where it is
/// relative and there is no base, or they do not go together.
pub fn resolve(base: Option<&str>, href: &str) -> Option<String> {
    if scheme(href).is_some() {
        return Some(href.to_owned());
    }
    match base.map(|b| (b, scheme(b))) {
        Some((base, Some(_))) => {
            let joined = Url::parse(base).ok()?.join(href).ok()?;
            Some(joined.into())
        }
        _ if href.starts_with('/') => Some(href.to_owned()),
        Some((base, None)) => {
            let folder = base.rfind('/').map_or("", |i| &base[..=i]);
            Some(normal(&format!("{folder}{href}")))
        }
        None => None,
    }
}

/// Scheme and host replaced by `folder`.
fn mounted(folder: &str, href: &str) -> String {
    let path = match scheme(href) {
        Some(_) => href
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, path)| path)
            .split(['?', '#'])
            .next()
            .unwrap_or_default(),
        None => href,
    };
    normal(&format!(
        "{}/{}",
        folder.trim_end_matches('/'),
        path.trim_start_matches('/')
    ))
}

/// The scheme of an address; nothing of a path, a GDAL path included.
fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once("://")?;
    let valid = scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (valid && scheme.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(scheme)
}

/// Whether the scheme is one that an adapter can open.
fn is_readable(href: &str) -> bool {
    scheme(href).is_none_or(|s| READABLE.iter().any(|known| s.eq_ignore_ascii_case(known)))
}

/// A path without `.` and, where it can be told, `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|p| !p.is_empty() && *p != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// Why an asset has no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressingError {
    /// Its address is relative, and there is nothing to resolve it against.
    #[error(
        "asset {asset} has the relative address {href}, and the item's own address is not known: give --item-root"
    )]
    NoBase {
        /// The asset.
        asset: String,
        /// Its address.
        href: String,
    },
    /// No address of it is of a kind that can be read.
    #[error("asset {asset}: no way to read {href}, and it has no alternate that can be read")]
    Unreadable {
        /// The asset.
        asset: String,
        /// Its address.
        href: String,
    },
}

/// Schemes that adapters open.
const READABLE: [&str; 9] = [
    "file", "http", "https", "s3", "s3a", "gs", "az", "abfs", "abfss",
];

#[cfg(test)]
mod tests {
    use stacchip_model::Alternate;

    use super::*;

    #[test]
    fn relative_addresses_resolve_against_the_item() {
        for (base, href, wanted) in [
            ("scene/item.json", "./red.tif", "scene/red.tif"),
            ("item.json", "red.tif", "red.tif"),
            ("/data/a/item.json", "../b/red.tif", "/data/b/red.tif"),
            ("../a/item.json", "../b/red.tif", "../b/red.tif"),
            (
                "https://x.org/a/item.json?sig=1",
                "red.tif",
                "https://x.org/a/red.tif",
            ),
            (
                "s3://bucket/a/item.json",
                "../b/red.tif",
                "s3://bucket/b/red.tif",
            ),
            (
                "s3://bucket/a/item.json",
                "/b/red.tif",
                "s3://bucket/b/red.tif",
            ),
            ("scene/item.json", "/data/red.tif", "/data/red.tif"),
            (
                "scene/item.json",
                "https://x.org/red.tif?a=b",
                "https://x.org/red.tif?a=b",
            ),
            (
                "scene/item.json",
                "/vsis3/bucket/red.tif",
                "/vsis3/bucket/red.tif",
            ),
        ] {
            assert_eq!(
                resolve(Some(base), href).as_deref(),
                Some(wanted),
                "{base} {href}"
            );
        }
        assert_eq!(resolve(None, "red.tif"), None);
    }

    #[test]
    fn a_mount_takes_the_place_of_scheme_and_host() {
        assert_eq!(mounted("/mnt/", "s3://bucket/a/red.tif"), "/mnt/a/red.tif");
        assert_eq!(
            mounted("mnt", "https://x.org/a/red.tif?sig=1"),
            "mnt/a/red.tif"
        );
        assert_eq!(mounted("mnt", "./red.tif"), "mnt/red.tif");
    }

    #[test]
    fn alternates_are_preferred_or_a_fallback() {
        let alternate = |name: &str, href: &str| Alternate {
            name: name.to_owned(),
            href: href.to_owned(),
        };
        let mut asset = Asset {
            key: "red".to_owned(),
            href: "https://x.org/red.tif".to_owned(),
            alternates: vec![alternate("s3", "s3://bucket/red.tif")],
            ..Asset::default()
        };
        let mut addressing = Addressing::default();
        let address = |addressing: &Addressing, asset: &Asset| {
            addressing.address(Some("item.json"), asset).unwrap()
        };
        assert_eq!(address(&addressing, &asset), "https://x.org/red.tif");
        addressing.alternate = Some("s3".to_owned());
        assert_eq!(address(&addressing, &asset), "s3://bucket/red.tif");
        addressing.alternate = None;
        asset.href = "ftp://x.org/red.tif".to_owned();
        assert_eq!(address(&addressing, &asset), "s3://bucket/red.tif");
        asset.alternates.clear();
        assert!(addressing.address(None, &asset).is_err());
    }

    #[test]
    fn another_root_is_a_folder() {
        let addressing = Addressing {
            item_root: Some("/elsewhere".to_owned()),
            ..Addressing::default()
        };
        let asset = Asset {
            href: "./red.tif".to_owned(),
            ..Asset::default()
        };
        let address = addressing.address(Some("scene/item.json"), &asset);
        assert_eq!(address.as_deref(), Ok("/elsewhere/red.tif"));
    }
}
