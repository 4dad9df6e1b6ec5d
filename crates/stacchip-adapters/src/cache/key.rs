//! What is kept is kept under: an object, its version, and a range of it.

use std::{
    hash::{DefaultHasher, Hasher},
    ops::Range,
};

use stacchip_cog::{Version, header_key};

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object(String);

/// A range of one version of an object, as text: two ranges that differ have different texts.
pub(super) type Key = String;

impl Object {
    pub(super) fn of(&self, range: &Range<u64>) -> Key {
        format!("{}\n{}-{}", self.0, range.start, range.end)
    }
}

/// The `version` of the object at `address`; nothing where its store has given it no strong tag, so
/// that it cannot be told from every other.
pub(super) fn object(address: &str, version: &Version) -> Option<Object> {
    let tag = version.condition()?;
    let size = version.size?;
    // Nothing that is sent or written in lines may hold one.
    if tag.contains('\n') || address.contains('\n') {
        return None;
    }
    let place = header_key(address);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    // What is signed is the same object under every signature; anything else may name another.
    let query = if is_signed(query) {
        let rest = query.split('&').filter(|part| !is_of_signing(part));
        rest.collect::<Vec<_>>().join("&")
    } else {
        query.to_owned()
    };
    let query = if place.len() < address.len() && !query.is_empty() {
        format!("?{:016x}", hash(query.as_bytes()))
    } else {
        String::new()
    };
    Some(Object(format!("{place}{query}\n{tag}\n{size}")))
}

fn is_signed(query: &str) -> bool {
    let mut names = query.split('&').map(name);
    names.any(|name| SIGNATURES.iter().any(|s| name.eq_ignore_ascii_case(s)))
}

/// Whether a parameter of a signed query says who may read, and until when, rather than what.
fn is_of_signing(part: &str) -> bool {
    let name = name(part).to_ascii_lowercase();
    name.starts_with("x-amz-")
        || name.starts_with("x-goog-")
        || SIGNATURES.contains(&name.as_str())
        || SIGNING.contains(&name.as_str())
}

fn name(part: &str) -> &str {
    part.split_once('=').map_or(part, |(name, _)| name)
}

/// A number of `bytes`, the same in every process of one build.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Parameters that hold the signature: of Azure, of Amazon (old and new), of Google.
const SIGNATURES: [&str; 4] = ["sig", "x-amz-signature", "signature", "x-goog-signature"];

/// What goes with them: of Azure (service, account and user delegation), of Amazon (`CloudFront`, too), of
/// Google.
const SIGNING: [&str; 27] = [
    "sv",
    "ss",
    "srt",
    "sr",
    "sp",
    "st",
    "se",
    "sip",
    "spr",
    "si",
    "ses",
    "sdd",
    "skoid",
    "sktid",
    "skt",
    "ske",
    "sks",
    "skv",
    "saoid",
    "suoid",
    "scid",
    "sduoid",
    "expires",
    "awsaccesskeyid",
    "policy",
    "key-pair-id",
    "googleaccessid",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tag: &str) -> Version {
        Version {
            etag: Some(tag.to_owned()),
            size: Some(10),
            modified: None,
        }
    }

    #[test]
    fn objects_are_told_apart() {
        let of = |address: &str, tag: &str| object(address, &version(tag)).unwrap();
        let a = of("https://x.org/a.tif", "\"1\"");
        assert_ne!(a, of("https://x.org/b.tif", "\"1\""));
        assert_ne!(a, of("https://x.org/a.tif", "\"2\""));
        assert_ne!(a, of("https://x.org/a.tif?file=2", "\"1\""));
        assert_eq!(a, of("https://x.org/a.tif?se=2030&sig=abc%3D", "\"1\""));
        assert_eq!(
            of(
                "https://x.org/a.tif?X-Amz-Date=1&X-Amz-Signature=1",
                "\"1\""
            ),
            of(
                "https://x.org/a.tif?X-Amz-Date=2&X-Amz-Signature=2",
                "\"1\""
            )
        );
        assert_ne!(
            of("https://x.org/get?file=a&se=2030&sig=1", "\"1\""),
            of("https://x.org/get?file=b&se=2030&sig=1", "\"1\"")
        );
        assert_eq!(
            of("https://x.org/get?file=a&se=2030&sig=1", "\"1\""),
            of("https://x.org/get?file=a&se=2031&sig=2", "\"1\"")
        );
        assert_ne!(a.of(&(0..5)), a.of(&(0..6)));
        let secret = of("https://x.org/a.tif?token=hunter2", "\"1\"");
        assert!(!format!("{secret:?}").contains("hunter2"));
        // What cannot be told from another version is not kept.
        assert_eq!(object("s3://b/a", &version("W/\"1\"")), None);
        assert_eq!(object("s3://b/a", &Version::default()), None);
    }
}
