//! One reader, one version.

use std::sync::{PoisonError, RwLock};

use stacchip_cog::Version;

/// The version that a reader's answers come from: that of its first answer, or the one it was
/// opened for.
#[derive(Debug, Default)]
pub(super) struct Pin {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    version: Version,
    /// Whether the first answer must show that it is the version, and not only not contradict it.
    unconfirmed: bool,
}

impl Pin {
    /// Of `version` alone.
    pub(super) fn to(version: &Version) -> Self {
        Self {
            known: RwLock::new(Known {
                version: version.clone(),
                unconfirmed: true,
            }),
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
        let same = if known.unconfirmed {
            known.version.is_confirmed_by(&now)
        } else {
            !known.version.contradicts(&now)
        };
        if same {
            known.unconfirmed = false;
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

    /// Whether something that is said of the object besides its bytes contradicts what is known.
    pub(super) fn is_contradicted_by(&self, now: &Version) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.version.contradicts(now)
    }
}
