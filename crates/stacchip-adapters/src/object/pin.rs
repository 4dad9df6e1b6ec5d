//! One reader, one version.

use std::sync::{PoisonError, RwLock};

use stacchip_cog::Version;

/// The version that a reader's answers come from: that of its first answer, or the one it was
/// opened for.
#[derive(Debug, Default)]
pub(super) struct Pin {
    known: RwLock<Known>,
    /// Whether it was opened for a version: then every answer must show that it is that one, and
    /// not only not contradict it.
    asked: bool,
}

#[derive(Debug, Default)]
struct Known {
    version: Version,
    /// Whether an answer was taken.
    answered: bool,
}

impl Pin {
    /// Of `version` alone.
    pub(super) fn to(version: &Version) -> Self {
        Self {
            known: RwLock::new(Known {
                version: version.clone(),
                answered: false,
            }),
            asked: true,
        }
    }

    /// The tag for `If-Match`, where there is one.
    pub(super) fn condition(&self) -> Option<String> {
        self.version().condition().map(str::to_owned)
    }

    pub(super) fn version(&self) -> Version {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.version.clone()
    }

    /// Whether an answer that says `now` may be taken.
    pub(super) fn admits(&self, now: Version) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let same = if self.asked {
            known.version.is_confirmed_by(&now)
        } else {
            !known.version.contradicts(&now)
        };
        if same {
            known.answered = true;
            let Version {
                etag,
                size,
                modified,
            } = now;
            let version = &mut known.version;
            // What is weak is no condition, so what is strong is kept.
            if version.condition().is_none() {
                version.etag = etag.or(version.etag.take());
            }
            version.size = version.size.or(size);
            version.modified = version.modified.or(modified);
        }
        same
    }

    /// Whether an answer without bytes, which says `now`, is of another version; or may be, where
    /// no answer has shown yet that the version asked for is there. Such answers mostly tell little:
    /// stores leave out the tag where a range begins behind the end.
    pub(super) fn excludes(&self, now: &Version) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if self.asked && !known.answered {
            !known.version.is_confirmed_by(now)
        } else {
            known.version.contradicts(now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: Option<&str>, modified: Option<i64>) -> Version {
        Version {
            etag: etag.map(str::to_owned),
            size: Some(10),
            modified,
        }
    }

    #[test]
    fn a_version_that_was_asked_for_is_shown_by_every_answer() {
        let asked = version(Some("\"a\""), Some(5));
        let silent = version(None, None);
        let pin = Pin::to(&asked);
        assert!(!pin.admits(silent.clone()));
        assert!(pin.excludes(&silent), "nothing has shown yet what is there");
        assert!(pin.admits(asked.clone()));
        assert!(!pin.admits(silent.clone()), "nor after one that did");
        assert!(pin.admits(version(None, Some(5))));
        assert!(!pin.excludes(&silent));
        assert!(pin.excludes(&version(Some("\"b\""), Some(5))));
    }

    #[test]
    fn whatever_comes_first_is_the_version_where_none_was_asked_for() {
        let silent = version(None, None);
        let pin = Pin::default();
        assert!(!pin.excludes(&silent));
        assert!(pin.admits(version(Some("\"a\""), None)));
        assert!(pin.admits(silent));
        assert!(!pin.admits(version(Some("\"b\""), None)));
    }
}
