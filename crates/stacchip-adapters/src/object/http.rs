//! Objects behind `http://` and `https://`.
//!
//! Requests go out as the address says, query and all, so that signed addresses work. Answers are
//! held to what was asked: another range, a compressed body, or a body cut short is an error, never
//! other bytes.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{
    Response, StatusCode, Url,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_MATCH, LAST_MODIFIED,
        RANGE,
    },
};
use stacchip::address::for_people;
use stacchip_cog::{ReadError, ReadErrorKind, Transfer, Version};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::{
    attempt::{Again, Miss},
    fetch::{Ask, Fetch, Fetched},
    refusal::Refusal,
    wire::{Broken, Stopped, Wire, silence},
};

/// An object behind an HTTP address.
#[derive(Debug)]
pub(super) struct HttpObject {
    /// With its query: for requests, never for messages.
    url: Url,
    address: String,
    wire: Wire,
    /// All of it, where the server serves no parts.
    whole: Mutex<Option<Whole>>,
}

#[derive(Debug, Clone)]
struct Whole {
    bytes: Bytes,
    version: Version,
    _room: Arc<OwnedSemaphorePermit>,
}

/// The part of an object that an answer holds.
struct Part {
    start: u64,
    end: u64,
    size: Option<u64>,
}

/// Why a request had no use.
#[derive(Debug)]
pub(super) struct Unserved {
    pub(super) miss: Miss,
    /// What the server said, if it said anything.
    pub(super) refusal: Option<Refusal>,
}

impl From<Miss> for Unserved {
    fn from(miss: Miss) -> Self {
        Self {
            miss,
            refusal: None,
        }
    }
}

impl HttpObject {
    pub(super) fn new(request: &str, wire: Wire) -> Result<Self, ReadError> {
        let address = for_people(request);
        let url = Url::parse(request)
            .map_err(|e| ReadError::new(ReadErrorKind::Unsupported, &address).because(e))?;
        Ok(Self {
            url,
            address,
            wire,
            whole: Mutex::default(),
        })
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for what `ask` says, with the signature `query` instead of the address's own query.
    pub(super) async fn get(&self, query: Option<&str>, ask: Ask<'_>) -> Result<Fetched, Unserved> {
        match ask {
            Ask::Part { range, tag } => self.part(query, range, tag).await,
            Ask::All { limit } => self.all(query, limit).await,
        }
    }

    async fn all(&self, query: Option<&str>, limit: u64) -> Result<Fetched, Unserved> {
        let request = self.wire.get(self.signed(query));
        let response = self
            .answer(request.header(ACCEPT_ENCODING, "identity"))
            .await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        self.uncompressed(&response)?;
        let size = response.content_length();
        if size.is_some_and(|n| n > limit) {
            return Err(self.too_large(limit).into());
        }
        let version = version(response.headers(), size);
        let (bytes, more) = self.body(response, limit).await?;
        if more {
            return Err(self.too_large(limit).into());
        }
        if size.is_some_and(|n| n != bytes.len() as u64) {
            return Err(self.cut_short().into());
        }
        Ok(Fetched {
            bytes,
            version,
            seen: None,
        })
    }

    async fn part(
        &self,
        query: Option<&str>,
        range: &Range<u64>,
        tag: Option<&str>,
    ) -> Result<Fetched, Unserved> {
        if let Some(whole) = self.whole.lock().await.as_ref() {
            return Ok(whole.part(range));
        }
        let mut request = self
            .wire
            .get(self.signed(query))
            .header(ACCEPT_ENCODING, "identity")
            .header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        let asked = Instant::now();
        let response = self.answer(request).await?;
        let first_byte = asked.elapsed();
        match response.status() {
            StatusCode::PARTIAL_CONTENT => Ok(self.partial(response, range, first_byte).await?),
            StatusCode::OK => Ok(self.of_whole(response, range).await?),
            // Nothing begins there: the object ends before the range.
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let mut version = version(response.headers(), None);
                let unserved = self.refused(response).await;
                version.size = unserved.refusal.as_ref().and_then(|r| r.size);
                if version.size.is_none_or(|size| size > range.start) {
                    return Err(unserved);
                }
                Ok(Fetched {
                    bytes: Bytes::new(),
                    version,
                    seen: None,
                })
            }
            _ => Err(self.refused(response).await),
        }
    }

    fn signed(&self, query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        if query.is_some() {
            url.set_query(query);
        }
        url
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Response, Miss> {
        let request = request
            .build()
            .map_err(|e| self.broken(&Broken::Request(e)))?;
        self.wire.send(request).await.map_err(|e| self.broken(&e))
    }

    /// An answer to a range: it must be the range asked for, or its beginning where the object ends.
    async fn partial(
        &self,
        response: Response,
        range: &Range<u64>,
        first_byte: Duration,
    ) -> Result<Fetched, Miss> {
        self.uncompressed(&response)?;
        let part = content_range(response.headers())
            .ok_or_else(|| self.wrong("the answer does not say which range it is"))?;
        if part.start == part.end && part.size.is_some_and(|size| size <= range.start) {
            // Azurite's words for nothing: `bytes 11-10/11`.
            return Ok(Fetched {
                bytes: Bytes::new(),
                version: version(response.headers(), part.size),
                seen: None,
            });
        }
        let ends_there = part.end == range.end || part.size == Some(part.end);
        let some = part.start < part.end;
        if part.start != range.start || part.end > range.end || !ends_there || !some {
            return Err(self.wrong(&format!(
                "the server answered with bytes {}..{}",
                part.start, part.end
            )));
        }
        let version = version(response.headers(), part.size);
        let wanted = part.end - part.start;
        let began = Instant::now();
        let (bytes, more) = self.body(response, wanted).await?;
        if more {
            return Err(self.wrong("the answer is longer than its range"));
        }
        if bytes.len() as u64 != wanted {
            return Err(self.cut_short());
        }
        Ok(Fetched {
            version,
            seen: Some(Transfer {
                first_byte,
                body: began.elapsed(),
                bytes: wanted,
            }),
            bytes,
        })
    }

    /// The whole object in place of a range: what servers answer that know no ranges. It is read
    /// once, and kept; of large ones every range would cost all of it.
    async fn of_whole(&self, response: Response, range: &Range<u64>) -> Result<Fetched, Miss> {
        self.uncompressed(&response)?;
        // Whoever comes second drops its answer and takes what the first has read.
        let mut held = self.whole.lock().await;
        if let Some(whole) = held.as_ref() {
            return Ok(whole.part(range));
        }
        let size = response.content_length();
        let too_large = || {
            let error = self.error(ReadErrorKind::Range).because(format!(
                "it has more than {} MiB, too much to be read whole",
                WHOLE_BYTES >> 20
            ));
            Miss::new(error, Again::Never)
        };
        if size.is_some_and(|n| n > WHOLE_BYTES) {
            return Err(too_large());
        }
        let kib = size.unwrap_or(WHOLE_BYTES).div_ceil(1024);
        let room = Arc::clone(&self.wire.room)
            .try_acquire_many_owned(u32::try_from(kib).unwrap_or(u32::MAX))
            .map_err(|_| {
                let error = self
                    .error(ReadErrorKind::Range)
                    .because("too many such objects are held whole already");
                Miss::new(error, Again::Never)
            })?;
        let headers = response.headers().clone();
        let (bytes, more) = self.body(response, size.unwrap_or(WHOLE_BYTES)).await?;
        if size.is_none() && more {
            return Err(too_large());
        }
        if more || size.is_some_and(|n| n != bytes.len() as u64) {
            return Err(self.cut_short());
        }
        let whole = Whole {
            version: version(&headers, Some(bytes.len() as u64)),
            bytes,
            _room: Arc::new(room),
        };
        let part = whole.part(range);
        *held = Some(whole);
        Ok(part)
    }

    async fn body(&self, response: Response, limit: u64) -> Result<(Bytes, bool), Miss> {
        let body = self.wire.body(response.bytes_stream(), limit).await;
        body.map_err(|stopped| match stopped {
            Stopped::Broken(error) => self.broken(&Broken::Request(error)),
            Stopped::Silent(timeout) => self.broken(&Broken::Silent(timeout)),
        })
    }

    fn uncompressed(&self, response: &Response) -> Result<(), Miss> {
        let coding = response.headers().get(CONTENT_ENCODING);
        match coding.filter(|c| !c.as_bytes().eq_ignore_ascii_case(b"identity")) {
            None => Ok(()),
            Some(coding) => {
                let coding = String::from_utf8_lossy(coding.as_bytes());
                let error = self
                    .error(ReadErrorKind::Range)
                    .because(format!("the server compresses it ({coding})"));
                Err(Miss::new(error, Again::Never))
            }
        }
    }

    async fn refused(&self, response: Response) -> Unserved {
        let refusal = self.wire.refusal(response).await;
        let error = self.error(refusal.kind()).because(refusal.words());
        Unserved {
            miss: Miss::new(error, refusal.again()).with_wait(refusal.wait),
            refusal: Some(refusal),
        }
    }

    fn broken(&self, cause: &Broken) -> Miss {
        let cause = match cause {
            Broken::Silent(timeout) => {
                let error = self.error(ReadErrorKind::Transient);
                return Miss::new(error.because(silence(*timeout)), Again::Yes);
            }
            Broken::Request(cause) => cause,
        };
        let (kind, again) = if cause.is_builder() || cause.is_redirect() {
            (ReadErrorKind::Other, Again::Never)
        } else if cause.is_connect() {
            (ReadErrorKind::Transient, Again::Few)
        } else {
            (ReadErrorKind::Transient, Again::Yes)
        };
        Miss::new(self.error(kind).because(words(cause)), again)
    }

    fn cut_short(&self) -> Miss {
        let error = self.error(ReadErrorKind::Transient);
        error.because("the answer was cut short").into()
    }

    fn wrong(&self, what: &str) -> Miss {
        self.error(ReadErrorKind::Range).because(what).into()
    }

    fn too_large(&self, limit: u64) -> Miss {
        let error = self.error(ReadErrorKind::Other);
        error
            .because(format!("at most {limit} bytes are read at once"))
            .into()
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, &self.address)
    }
}

#[async_trait]
impl Fetch for HttpObject {
    async fn fetch(&self, ask: Ask<'_>) -> Result<Fetched, Miss> {
        let got = self.get(None, ask).await;
        got.map_err(|unserved| unserved.miss)
    }

    fn address(&self) -> &str {
        &self.address
    }
}

impl Whole {
    fn part(&self, range: &Range<u64>) -> Fetched {
        let at = |n: u64| {
            usize::try_from(n)
                .unwrap_or(usize::MAX)
                .min(self.bytes.len())
        };
        Fetched {
            bytes: self.bytes.slice(at(range.start)..at(range.end)),
            version: self.version.clone(),
            seen: None,
        }
    }
}

/// What went wrong, without the address, which the library puts into its messages, signature and
/// all.
fn words(cause: &reqwest::Error) -> String {
    let whole = cause.to_string();
    let url = cause.url().map(ToString::to_string).unwrap_or_default();
    let mut words = whole.replace(&format!(" for url ({url})"), "");
    let mut inner = std::error::Error::source(cause);
    while let Some(error) = inner {
        words = format!("{words}: {error}");
        inner = error.source();
    }
    if url.is_empty() {
        words
    } else {
        words.replace(&url, "the address")
    }
}

/// What the head of an answer says about the version.
fn version(headers: &HeaderMap, size: Option<u64>) -> Version {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let modified = text(LAST_MODIFIED)
        .and_then(|date| jiff::fmt::rfc2822::parse(date).ok())
        .and_then(|date| i64::try_from(date.timestamp().as_nanosecond()).ok());
    Version {
        etag: text(ETAG).map(str::to_owned),
        size,
        modified,
    }
}

/// `bytes first-last/size` (RFC 9110, 14.4).
fn content_range(headers: &HeaderMap) -> Option<Part> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, size) = text.trim().strip_prefix("bytes ")?.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (start, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let end = last.checked_add(1)?;
    let size = match size.trim() {
        "*" => None,
        size => Some(size.parse::<u64>().ok()?),
    };
    (start <= end && size.is_none_or(|s| end <= s)).then_some(Part { start, end, size })
}

/// Largest object that is taken whole from a server without ranges.
const WHOLE_BYTES: u64 = 64 << 20;
