//! Which address of an asset is read.

use stacchip_model::Asset;
use thiserror::Error;

pub use crate::address::resolve;
use crate::address::{Address, AddressError, mounted};

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
        let unusable = |cause| match cause {
            AddressError::Relative { address } => AddressingError::NoBase {
                asset: asset.key.clone(),
                href: address,
            },
            cause => AddressingError::Unusable {
                asset: asset.key.clone(),
                cause,
            },
        };
        let resolved = match &self.item_root {
            Some(root) => resolve(Some(&format!("{}/", root.trim_end_matches('/'))), href),
            None => resolve(item_href, href),
        };
        let Some(mount) = &self.mount else {
            return resolved.map_err(unusable);
        };
        // What is beside a local item has no scheme and host to be replaced: as upstream, it is
        // looked for in the folder itself.
        let remote = resolved
            .ok()
            .filter(|address| !matches!(Address::parse(address), Ok(Address::Local(_)) | Err(_)));
        mounted(mount, remote.as_deref().unwrap_or(href)).map_err(unusable)
    }
}

/// Whether the address is one that an adapter can open.
fn is_readable(href: &str) -> bool {
    !matches!(Address::parse(href), Err(AddressError::Scheme { .. }))
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
    /// Its address cannot be understood.
    #[error("asset {asset}: {cause}")]
    Unusable {
        /// The asset.
        asset: String,
        /// What is wrong with the address.
        cause: AddressError,
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

#[cfg(test)]
mod tests {
    use stacchip_model::Alternate;

    use super::*;

    #[test]
    fn a_mount_replaces_scheme_and_host_of_what_was_resolved() {
        let addressing = Addressing {
            mount: Some("/mnt/".to_owned()),
            ..Addressing::default()
        };
        for (href, wanted) in [
            ("s3://bucket/a/red.tif", "/mnt/a/red.tif"),
            ("https://x.org/a/red.tif?sig=1", "/mnt/a/red.tif"),
            ("./red.tif", "/mnt/red.tif"),
        ] {
            let asset = Asset {
                href: href.to_owned(),
                ..Asset::default()
            };
            let address = addressing.address(Some("scene/item.json"), &asset);
            assert_eq!(address.as_deref(), Ok(wanted));
        }
        let asset = Asset {
            href: "./red.tif".to_owned(),
            ..Asset::default()
        };
        let address = addressing.address(Some("https://x.org/a/item.json"), &asset);
        assert_eq!(address.as_deref(), Ok("/mnt/a/red.tif"));
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
