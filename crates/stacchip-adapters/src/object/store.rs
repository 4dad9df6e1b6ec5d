//! Objects in the stores of Amazon, Google and Microsoft, and those that speak as they do.

use std::{fmt, ops::Range, sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt,
    list::{PaginatedListOptions, PaginatedListStore},
    multipart::MultipartStore,
    path::Path,
};
use stacchip_cog::{ReadError, ReadErrorKind, Transfer, Version};

use super::{
    attempt::{Again, Miss},
    fetch::{Ask, Fetch, Fetched},
    lane::Lane,
    speaker::{Note, noted},
    standing::{Standing, said},
    wire::{Stopped, Wire, silence},
};

/// An object's place: its store, and its key there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The same, where it is listed.
    pub(super) pages: Arc<dyn PaginatedListStore>,
    /// The same, where objects are written in parts.
    pub(super) parts: Arc<dyn MultipartStore>,
    pub(super) wire: Wire,
    pub(super) lane: Arc<Lane>,
    pub(super) key: Path,
    /// For people.
    pub(super) address: String,
    /// The address of the bucket.
    pub(super) bucket: String,
    /// Whether requests are signed.
    pub(super) signed: bool,
    /// What may be missing where access is denied.
    pub(super) hint: Option<&'static str>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A store holds credentials.
        let mut place = f.debug_struct("Place");
        place
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// What stands there.
    pub(super) async fn standing(&self) -> Result<Standing, ReadError> {
        let head = async || {
            let (head, note) = noted(self.store.head(&self.key)).await;
            head.map(|meta| Standing::of(self.address.clone(), meta))
                .map_err(|e| self.miss(&e, note))
        };
        self.lane
            .patiently(&self.address, 0, &|| Box::pin(head()))
            .await
    }

    pub(super) async fn all(&self, limit: u64) -> Result<Fetched, Miss> {
        let (answer, note) = noted(self.store.get(&self.key)).await;
        self.uncompressed(&note)?;
        let answer = answer.map_err(|e| self.miss(&e, note))?;
        let (size, version) = (answer.meta.size, said(&answer.meta));
        let too_large = || {
            self.error(ReadErrorKind::Other)
                .because(format!("at most {limit} bytes are read at once"))
        };
        if size > limit {
            return Err(too_large().into());
        }
        let body = self.wire.body(answer.into_stream(), limit).await;
        let (bytes, _) = body.map_err(|e| self.stopped(&e))?;
        if bytes.len() as u64 != size {
            return Err(self.cut_short());
        }
        Ok(Fetched {
            bytes,
            version,
            seen: None,
        })
    }

    /// The objects below the key, by name.
    pub(super) async fn list(&self) -> Result<Vec<Standing>, ReadError> {
        let below = Some(self.key.as_ref()).filter(|key| !key.is_empty());
        let below = below.map(|key| format!("{key}/"));
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        // Each page is a request, and tried again by itself.
        loop {
            let page = async || {
                let options = PaginatedListOptions {
                    page_token: token.clone(),
                    ..PaginatedListOptions::default()
                };
                let page = self.pages.list_paginated(below.as_deref(), options);
                let (page, note) = noted(page).await;
                page.map_err(|e| self.miss(&e, note))
            };
            let page: Result<_, ReadError> = self
                .lane
                .patiently(&self.address, 0, &|| Box::pin(page()))
                .await;
            let page = page?;
            let objects = page.result.objects.into_iter();
            found.extend(objects.map(|meta| {
                let address = format!("{}/{}", self.bucket, meta.location);
                Standing::of(address, meta)
            }));
            if page.page_token.is_none() {
                break;
            }
            if page.page_token == token {
                let error = self.error(ReadErrorKind::Range);
                return Err(error.because("the store gives the same page of the list again"));
            }
            token = page.page_token;
        }
        found.sort_unstable_by(|a, b| a.address.cmp(&b.address));
        Ok(found)
    }

    async fn get(&self, range: &Range<u64>, tag: Option<&str>) -> Result<Fetched, Miss> {
        let options = GetOptions::new()
            .with_range(Some(range.clone()))
            .with_if_match(tag.map(str::to_owned));
        let asked = Instant::now();
        let (answer, note) = noted(self.store.get_opts(&self.key, options)).await;
        let began = note.began.unwrap_or_else(Instant::now);
        self.uncompressed(&note)?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.behind_the_end(range, &error, note).await,
        };
        let wanted = range.start..range.end.min(answer.meta.size);
        if answer.range != wanted {
            let error = self.error(ReadErrorKind::Range).because(format!(
                "the store answered with bytes {}..{}",
                answer.range.start, answer.range.end
            ));
            return Err(error.into());
        }
        let version = said(&answer.meta);
        let len = wanted.end - wanted.start;
        let body = self.wire.body(answer.into_stream(), len).await;
        let (bytes, more) = body.map_err(|e| self.stopped(&e))?;
        if more {
            let error = self.error(ReadErrorKind::Range);
            return Err(error.because("the answer is longer than its range").into());
        }
        if bytes.len() as u64 != len {
            return Err(self.cut_short());
        }
        Ok(Fetched {
            bytes,
            version,
            seen: Some(Transfer {
                first_byte: began.saturating_duration_since(asked),
                body: began.elapsed(),
                bytes: len,
            }),
        })
    }

    /// A range that begins where the object has ended is refused: nothing, then.
    async fn behind_the_end(
        &self,
        range: &Range<u64>,
        error: &object_store::Error,
        note: Note,
    ) -> Result<Fetched, Miss> {
        let refusal = note.refusal.as_ref();
        let behind = refusal.is_some_and(|r| r.status.as_u16() == 416)
            // A store of ours that answers with the whole object where nothing is left.
            || note.began.is_some();
        if !behind || note.credentials {
            return Err(self.miss(error, note));
        }
        let version = if let Some(size) = refusal.and_then(|r| r.size) {
            Version {
                size: Some(size),
                ..Version::default()
            }
        } else {
            self.lane.once_more(&self.address).await?;
            match noted(self.store.head(&self.key)).await {
                (Ok(meta), _) => said(&meta),
                (Err(error), note) => return Err(self.miss(&error, note)),
            }
        };
        if version.size.is_none_or(|size| size > range.start) {
            return Err(self
                .error(ReadErrorKind::Range)
                .because(plain(error))
                .into());
        }
        Ok(Fetched {
            bytes: Bytes::new(),
            version,
            seen: None,
        })
    }

    /// What is compressed has other bytes at its ranges.
    fn uncompressed(&self, note: &Note) -> Result<(), Miss> {
        let coding = note.encoding.as_deref().filter(|_| !note.credentials);
        match coding.filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
            None => Ok(()),
            Some(coding) => {
                let error = self
                    .error(ReadErrorKind::Range)
                    .because(format!("the store keeps it compressed ({coding})"));
                Err(Miss::new(error, Again::Never))
            }
        }
    }

    /// What the service of credentials answers says nothing of the object, and asks nothing of those
    /// who would ask its store.
    fn no_credentials(&self, error: &object_store::Error, note: Note) -> Miss {
        let (kind, again, words) = match note.refusal {
            Some(refusal) if refusal.again() != Again::Never => {
                (ReadErrorKind::Transient, Again::Yes, refusal.words())
            }
            Some(refusal) => (ReadErrorKind::Other, Again::Never, refusal.words()),
            None if note.broken => (ReadErrorKind::Transient, Again::Few, plain(error)),
            None => (ReadErrorKind::Other, Again::Never, plain(error)),
        };
        let error = self.error(kind);
        Miss::new(error.because(format!("no credentials: {words}")), again)
    }

    pub(super) fn miss(&self, error: &object_store::Error, note: Note) -> Miss {
        if note.credentials {
            return self.no_credentials(error, note);
        }
        if let Some(refusal) = note.refusal {
            let kind = refusal.kind();
            let mut words = refusal.words();
            if kind == ReadErrorKind::Denied
                && let Some(hint) = self.hint
                && !(self.signed && refusal.is_explained())
            {
                words = format!("{words}; {hint}");
            }
            let error = self.error(kind).because(words);
            let error = error.perhaps_missing(refusal.may_be_missing());
            return Miss::new(error, refusal.again()).with_wait(refusal.wait);
        }
        if note.broken {
            let again = if note.unreached {
                Again::Few
            } else {
                Again::Yes
            };
            let error = self.error(ReadErrorKind::Transient).because(plain(error));
            return Miss::new(error, again);
        }
        let (kind, again) = match kind(error) {
            // Nobody was asked: credentials that cannot be read, or the like.
            (ReadErrorKind::Range, _) if !note.asked => (ReadErrorKind::Other, Again::Never),
            other => other,
        };
        Miss::new(self.error(kind).because(plain(error)), again)
    }

    fn stopped(&self, stopped: &Stopped<object_store::Error>) -> Miss {
        let words = match stopped {
            Stopped::Broken(error) => plain(error),
            Stopped::Silent(timeout) => silence(*timeout),
        };
        self.error(ReadErrorKind::Transient).because(words).into()
    }

    fn cut_short(&self) -> Miss {
        let error = self.error(ReadErrorKind::Transient);
        error.because("the answer was cut short").into()
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, &self.address)
    }
}

#[async_trait]
impl Fetch for Place {
    async fn fetch(&self, ask: Ask<'_>) -> Result<Fetched, Miss> {
        match ask {
            Ask::Part { range, tag } => self.get(range, tag).await,
            Ask::All { limit } => self.all(limit).await,
        }
    }

    fn address(&self) -> &str {
        &self.address
    }
}

fn kind(cause: &object_store::Error) -> (ReadErrorKind, Again) {
    use object_store::Error as E;
    match cause {
        E::NotFound { .. } => (ReadErrorKind::NotFound, Again::Never),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            (ReadErrorKind::Denied, Again::Never)
        }
        E::Precondition { .. } => (ReadErrorKind::Changed, Again::Never),
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } | E::NotImplemented { .. } => {
            (ReadErrorKind::Unsupported, Again::Never)
        }
        // An answer that is not to the question.
        _ => (ReadErrorKind::Range, Again::Few),
    }
}

/// The error of a store that could not be made.
pub(super) fn store_error(address: &str, cause: &object_store::Error) -> ReadError {
    let kind = match kind(cause).0 {
        ReadErrorKind::Range => ReadErrorKind::Other,
        kind => kind,
    };
    ReadError::new(kind, address).because(plain(cause))
}

/// What a store says went wrong, in one line, without the queries of the addresses in it: signatures
/// live there.
fn plain(cause: &object_store::Error) -> String {
    let message = cause.to_string();
    let words = message.split_whitespace().map(|word| match word.find('?') {
        Some(at) if word.contains("://") => word.get(..at).unwrap_or_default(),
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
