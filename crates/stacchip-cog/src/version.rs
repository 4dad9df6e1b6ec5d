//! Which version of an object it is.

/// What tells one version of an object from another: what its store says of it, as far as it says
/// anything.
///
/// ```
/// use stacchip_cog::Version;
///
/// let stored = Version { etag: Some("\"5f3a\"".into()), size: Some(1000), modified: None };
/// let replaced = Version { etag: Some("\"7c1e\"".into()), ..stored.clone() };
/// assert!(stored.contradicts(&replaced));
/// assert!(!stored.is_confirmed_by(&Version::default()), "nothing was said");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Version {
    /// The entity tag as the store writes it, quotes and `W/` included (RFC 9110, section 8.8.3);
    /// of a local file its number in the file system.
    pub etag: Option<String>,
    /// Bytes of the object.
    pub size: Option<u64>,
    /// When it was last modified, in nanoseconds since 1970-01-01T00:00:00Z.
    pub modified: Option<i64>,
}

impl Version {
    /// Whether anything but the size is known: two versions may well have the same size.
    pub const fn is_telling(&self) -> bool {
        self.etag.is_some() || self.modified.is_some()
    }

    /// The entity tag for `If-Match`, where there is one that may stand there: weak ones may not
    /// (RFC 9110, section 13.1.1).
    pub fn condition(&self) -> Option<&str> {
        self.etag.as_deref().filter(|tag| !tag.starts_with("W/"))
    }

    /// Whether `now` is certainly another version. Where the same is said of the tag, the time may
    /// differ: a copy in its own place has the tag of its bytes.
    pub fn contradicts(&self, now: &Self) -> bool {
        let tags = both(self.etag.as_deref(), now.etag.as_deref());
        // What is weak on one way may be strong on another.
        let tags = tags.map(|(a, b)| strong(a) == strong(b));
        let sizes = both(self.size, now.size).map(|(a, b)| a == b);
        let times = both(self.modified, now.modified).map(|(a, b)| a == b);
        sizes == Some(false) || tags == Some(false) || (tags.is_none() && times == Some(false))
    }

    /// Whether `now` is this version as far as anybody can tell: a tag or a time is the same, and
    /// nothing contradicts.
    pub fn is_confirmed_by(&self, now: &Self) -> bool {
        let comparable = both(self.etag.as_ref(), now.etag.as_ref()).is_some()
            || both(self.modified, now.modified).is_some();
        comparable && !self.contradicts(now)
    }
}

fn both<T>(a: Option<T>, b: Option<T>) -> Option<(T, T)> {
    a.zip(b)
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str, size: u64, modified: i64) -> Version {
        Version {
            etag: Some(etag.to_owned()).filter(|t| !t.is_empty()),
            size: Some(size).filter(|&s| s > 0),
            modified: Some(modified).filter(|&m| m > 0),
        }
    }

    #[test]
    fn what_differs_is_another() {
        let stored = version("\"a\"", 10, 5);
        for (now, other, same) in [
            (version("\"a\"", 10, 5), false, true),
            (version("W/\"a\"", 10, 5), false, true),
            (version("\"a\"", 10, 6), false, true),
            (version("\"b\"", 10, 5), true, false),
            (version("\"a\"", 11, 5), true, false),
            (version("", 10, 6), true, false),
            (version("", 10, 5), false, true),
            (version("", 10, 0), false, false),
            (version("", 0, 0), false, false),
        ] {
            assert_eq!(stored.contradicts(&now), other, "{now:?}");
            assert_eq!(now.contradicts(&stored), other, "{now:?}");
            assert_eq!(stored.is_confirmed_by(&now), same, "{now:?}");
        }
        assert_eq!(stored.condition(), Some("\"a\""));
        assert_eq!(version("W/\"a\"", 0, 0).condition(), None);
        assert!(!version("", 10, 0).is_telling());
    }
}
