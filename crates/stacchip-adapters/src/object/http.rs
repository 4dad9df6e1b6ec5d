//! Objects behind `http://` and `https://`.
//!
//! Requests go out as the address says, query and all, so that signed addresses work. Answers are
//! held to what was asked: another range, a compressed body, or a body cut short is an error, never
//! other bytes.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
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
use tokio::sync::Mutex;

use super::{
    attempt::{Again, Miss},
    fetch::{Ask, Fetch, Fetched},
    progress,
    refusal::Refusal,
    wholes::Whole,
    wire::{Broken, Stopped, Wire, silence},
};

/// An object behind an HTTP address.
pub(super) struct HttpObject {
    /// With its query: for requests, never for messages.
    url: Url,
    address: String,
    wire: Wire,
    /// Whose it is that is kept whole, where the server serves no parts.
    reader: u64,
    /// Held while it is read whole; by then so many bytes are expected.
    reading: Mutex<()>,
    expected: AtomicU64,
}

impl fmt::Debug for HttpObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut object = f.debug_struct("HttpObject");
        object
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
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
            reader: wire.wholes.reader(),
            wire,
            reading: Mutex::default(),
            expected: AtomicU64::new(0),
        })
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for what `ask` says, with the signature `query`, of which the address has none.
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
        if let Some(whole) = self.kept().await {
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

    /// What is kept of it whole, once whoever reads it is done.
    async fn kept(&self) -> Option<Arc<Whole>> {
        progress::expected(self.expected.load(Ordering::Relaxed));
        let _reading = self.reading.lock().await;
        self.wire.wholes.of(self.reader)
    }

    /// The whole object in place of a range: what servers answer that know no ranges. It is read
    /// once, and kept while there is room; of large ones every range would cost all of it.
    async fn of_whole(&self, response: Response, range: &Range<u64>) -> Result<Fetched, Miss> {
        self.uncompressed(&response)?;
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
        // It takes its time, and not that of the range.
        let expected = size.unwrap_or(WHOLE_BYTES);
        self.expected.store(expected, Ordering::Relaxed);
        progress::expected(expected);
        // Whoever comes second drops its answer and takes what the first has read.
        let _reading = self.reading.lock().await;
        if let Some(whole) = self.wire.wholes.of(self.reader) {
            return Ok(whole.part(range));
        }
        let room = self.wire.wholes.room(expected).await;
        let headers = response.headers().clone();
        let (bytes, more) = self.body(response, expected).await?;
        if size.is_none() && more {
            return Err(too_large());
        }
        if more || size.is_some_and(|n| n != bytes.len() as u64) {
            return Err(self.cut_short());
        }
        let version = version(&headers, Some(bytes.len() as u64));
        Ok(room.keep(self.reader, bytes, version).part(range))
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
        let error = error.perhaps_missing(refusal.may_be_missing());
        Unserved {
            miss: Miss::new(error, refusal.again()).with_wait(refusal.wait),
            refusal: Some(refusal),
        }
    }

    fn broken(&self, cause: &Broken) -> Miss {
        broken(&self.address, cause)
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

impl Drop for HttpObject {
    fn drop(&mut self) {
        self.wire.wholes.forget(self.reader);
    }
}

/// That no answer came from `address`.
pub(super) fn broken(address: &str, cause: &Broken) -> Miss {
    let error = |kind| ReadError::new(kind, address);
    let cause = match cause {
        Broken::Silent(timeout) => {
            let error = error(ReadErrorKind::Transient);
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
    Miss::new(error(kind).because(words(cause)), again)
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
