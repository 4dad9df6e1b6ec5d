//! Addresses of things: what they mean, and how a relative one resolves.
//!
//! An address is a local path, `file://`, `http(s)://`, `s3://`, `gs://`, or `az://` (also `abfs://`
//! and `abfss://`). GDAL's spellings of the same (`/vsis3/bucket/key`, `/vsicurl/https://…`) are
//! understood. Nothing here touches a file or a network.

mod in_store;

use std::fmt;

use thiserror::Error;

pub use in_store::InStore;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A path of this machine, with nothing percent-encoded.
    Local(String),
    /// A whole `http://` or `https://` address, query and all.
    Http(String),
    /// An object in a bucket of S3 or a store that speaks as it does.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key, as the store knows it: not percent-encoded.
        key: String,
    },
    /// An object in a bucket of Google Cloud Storage.
    Gs {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A blob of Azure.
    Azure {
        /// The storage account, where the address names it.
        account: Option<String>,
        /// The container.
        container: String,
        /// The name of the blob.
        key: String,
    },
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError`] where its scheme is not known here, or something in it is missing.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let plain = without_gdal_prefix(text)?;
        let text = plain.as_deref().unwrap_or(text);
        let Some((scheme, rest)) = scheme(text) else {
            return Ok(Self::Local(text.to_owned()));
        };
        let missing = |what| AddressError::Incomplete {
            address: for_people(text),
            what,
        };
        let bucket = |rest: &str| -> Result<(String, String), AddressError> {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(missing("a bucket"));
            }
            Ok((bucket.to_owned(), key.to_owned()))
        };
        match scheme.as_str() {
            "file" => local_of_file_address(text, rest).map(Self::Local),
            "http" | "https" => {
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                if host.is_empty() {
                    return Err(missing("a host"));
                }
                Ok(Self::Http(text.to_owned()))
            }
            "s3" | "s3a" => bucket(rest).map(|(bucket, key)| Self::S3 { bucket, key }),
            "gs" | "gcs" => bucket(rest).map(|(bucket, key)| Self::Gs { bucket, key }),
            "az" | "azure" | "adl" | "abfs" | "abfss" => {
                let (place, key) = bucket(rest)?;
                let (container, account) = match place.split_once('@') {
                    Some((container, host)) => {
                        let account = host.split('.').next().unwrap_or_default();
                        (container.to_owned(), Some(account.to_owned()))
                    }
                    None => (place, None),
                };
                Ok(Self::Azure {
                    account,
                    container,
                    key,
                })
            }
            _ => Err(AddressError::Scheme {
                address: for_people(text),
                scheme,
            }),
        }
    }

    /// Whether it is on this machine.
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }
}

/// The address as [`Address::parse`] reads it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(path),
            Self::Http(address) => f.write_str(address),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Gs { bucket, key } => write!(f, "gs://{bucket}/{key}"),
            Self::Azure {
                account: None,
                container,
                key,
            } => write!(f, "az://{container}/{key}"),
            Self::Azure {
                account: Some(account),
                container,
                key,
            } => write!(
                f,
                "abfss://{container}@{account}.dfs.core.windows.net/{key}"
            ),
        }
    }
}

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is none.
    #[error("the address is empty")]
    Empty,
    /// Nothing here opens such addresses.
    #[error(
        "{address}: addresses with `{scheme}` cannot be opened; give a path, file://, https://, s3://, gs:// or az://"
    )]
    Scheme {
        /// The address.
        address: String,
        /// Its scheme.
        scheme: String,
    },
    /// It is relative, and there is nothing to resolve it against.
    #[error("{address} is relative, and there is nothing to resolve it against")]
    Relative {
        /// The address.
        address: String,
    },
    /// A part of it is missing.
    #[error("{address}: {what} is missing")]
    Incomplete {
        /// The address.
        address: String,
        /// The part.
        what: &'static str,
    },
    /// What its percent signs stand for is no text.
    #[error("{address}: its percent-encoding is no UTF-8")]
    Encoding {
        /// The address.
        address: String,
    },
}

/// What `href` means in a document read from `base`: an address that [`Address::parse`] takes.
///
/// A relative `href` is a URI reference (RFC 3986, 5.2): beside a local `base` its percent-encoding
/// is undone. An absolute path beside a remote `base` stays on that host or in that bucket.
///
/// # Errors
/// [`AddressError`] where it can mean nothing that is opened here.
pub fn resolve(base: Option<&str>, href: &str) -> Result<String, AddressError> {
    let href = href.trim();
    if href.is_empty() {
        return Err(AddressError::Empty);
    }
    if href.starts_with("/vsi") || scheme(href).is_some() {
        return Address::parse(href).map(|a| a.to_string());
    }
    let base = base.map(Address::parse).transpose()?;
    match base {
        None => {
            if href.starts_with('/') {
                Ok(href.to_owned())
            } else {
                Err(AddressError::Relative {
                    address: href.to_owned(),
                })
            }
        }
        Some(Address::Local(base)) => {
            if href.starts_with('/') {
                return Ok(href.to_owned());
            }
            let folder = base
                .rfind('/')
                .map_or("", |i| base.get(..=i).unwrap_or_default());
            Ok(normal(&format!("{folder}{}", decoded(href)?)))
        }
        Some(Address::Http(base)) => {
            let (scheme, rest) = base.split_once("://").unwrap_or(("https", &base));
            if let Some(elsewhere) = href.strip_prefix("//") {
                return Ok(format!("{scheme}://{elsewhere}"));
            }
            let place = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) = place.split_once('/').unwrap_or((place, ""));
            Ok(format!("{scheme}://{host}/{}", joined(path, href, true)))
        }
        Some(Address::S3 { bucket, key }) => {
            let key = joined(&key, href, false);
            Ok(Address::S3 { bucket, key }.to_string())
        }
        Some(Address::Gs { bucket, key }) => {
            let key = joined(&key, href, false);
            Ok(Address::Gs { bucket, key }.to_string())
        }
        Some(Address::Azure {
            account,
            container,
            key,
        }) => {
            let key = joined(&key, href, false);
            Ok(Address::Azure {
                account,
                container,
                key,
            }
            .to_string())
        }
    }
}

/// `address` with its scheme and host (or bucket) replaced by the local folder `folder`; a local path
/// goes below the folder as a whole. What leads upwards does not lead out of the folder.
///
/// # Errors
/// [`AddressError`] where `address` is none.
pub fn mounted(folder: &str, address: &str) -> Result<String, AddressError> {
    let path = match Address::parse(address)? {
        Address::Local(path) => path,
        Address::Http(text) => {
            let rest = text.split_once("://").map_or("", |(_, rest)| rest);
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            decoded(rest.split_once('/').map_or("", |(_, path)| path))?
        }
        Address::S3 { key, .. } | Address::Gs { key, .. } | Address::Azure { key, .. } => key,
    };
    let folder = folder.trim_end_matches('/');
    Ok(format!("{folder}/{}", joined("", &path, false)))
}

/// `address` for messages: without a query (signatures live there), a fragment, or a password.
pub fn for_people(address: &str) -> String {
    let Some((scheme, rest)) = scheme(address).filter(|(s, _)| s != "file") else {
        return address.to_owned();
    };
    let rest = if matches!(scheme.as_str(), "http" | "https") {
        rest.split(['?', '#']).next().unwrap_or_default()
    } else {
        rest
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = match (scheme.as_str(), host.rsplit_once('@')) {
        ("http" | "https", Some((_, host))) => host,
        _ => host,
    };
    format!("{scheme}://{host}{path}")
}

/// The scheme in lower case and what follows `://`; of `file:` and of schemes that never have a
/// host, what follows the colon. A path with a colon in it has no scheme.
fn scheme(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut letters = scheme.chars();
    let first = letters.next()?;
    if !first.is_ascii_alphabetic()
        || !letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    match rest.strip_prefix("//") {
        Some(rest) => Some((scheme, rest)),
        None if matches!(scheme.as_str(), "file" | "urn" | "data" | "mailto") => {
            Some((scheme, rest))
        }
        None => None,
    }
}

/// The path of `file://[localhost]/path` or `file:/path`.
fn local_of_file_address(whole: &str, rest: &str) -> Result<String, AddressError> {
    let path = match rest.find('/') {
        Some(0) => rest,
        Some(at)
            if rest
                .get(..at)
                .is_some_and(|h| h.eq_ignore_ascii_case("localhost")) =>
        {
            rest.get(at..).unwrap_or_default()
        }
        _ => {
            return Err(AddressError::Incomplete {
                address: whole.to_owned(),
                what: "the third slash of file:///path",
            });
        }
    };
    decoded(path)
}

/// The address behind GDAL's name of a virtual file system; nothing where there is no such name.
fn without_gdal_prefix(text: &str) -> Result<Option<String>, AddressError> {
    let Some(rest) = text.strip_prefix("/vsi") else {
        return Ok(None);
    };
    let Some((name, rest)) = rest.split_once(['/', '?']) else {
        return Ok(None);
    };
    let name = name.trim_end_matches("_streaming");
    Ok(match name {
        "curl" if rest.contains("://") && !rest.contains("url=") => Some(rest.to_owned()),
        "curl" => {
            let url = rest.split('&').find_map(|part| part.strip_prefix("url="));
            let url = url.ok_or_else(|| AddressError::Incomplete {
                address: for_people(text),
                what: "the address after /vsicurl/",
            })?;
            Some(decoded(url)?)
        }
        "s3" => Some(format!("s3://{rest}")),
        "gs" => Some(format!("gs://{rest}")),
        "az" | "adls" => Some(format!("az://{rest}")),
        "mem" | "zip" | "gzip" | "tar" | "swift" | "oss" | "webhdfs" | "hdfs" | "subfile"
        | "stdin" | "crypt" | "sparse" | "7z" | "rar" => {
            return Err(AddressError::Scheme {
                address: text.to_owned(),
                scheme: format!("/vsi{name}/"),
            });
        }
        // A folder of this machine that happens to be called so.
        _ => None,
    })
}

/// `href` beside the object `path`, without dot segments; never above the root. The query of
/// `href`, where it may have one, is no part of its path.
fn joined(path: &str, href: &str, query: bool) -> String {
    let (href, tail) = match href.find(['?', '#']).filter(|_| query) {
        Some(at) => href.split_at(at),
        None => (href, ""),
    };
    let folder = match path.rfind('/') {
        Some(at) if !href.starts_with('/') => path.get(..=at).unwrap_or_default(),
        _ => "",
    };
    let whole = format!("{folder}{}", href.strip_prefix('/').unwrap_or(href));
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{}{tail}", parts.join("/"))
}

/// A local path without `.` and, where it can be told, `..`.
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

/// `text` with `%XX` undone; a percent sign that starts no such pair stands for itself.
fn decoded(text: &str) -> Result<String, AddressError> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let pair = match (first, after) {
            (b'%', [high, low, tail @ ..]) => digit(*high).zip(digit(*low)).map(|p| (p, tail)),
            _ => None,
        };
        match pair {
            Some(((high, low), tail)) => {
                out.push(high << 4 | low);
                rest = tail;
            }
            None => out.push(*first),
        }
    }
    String::from_utf8(out).map_err(|_| AddressError::Encoding {
        address: text.to_owned(),
    })
}

const fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
