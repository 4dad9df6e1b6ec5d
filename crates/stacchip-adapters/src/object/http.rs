//! Objects behind `http://` and `https://`.
//!
//! Requests go out as the address says, query and all, so that signed addresses work. Answers are
//! held to what was asked: another range, a compressed body, or a body cut short is an error, never
//! other bytes.

use std::{
    ops::Range,
    sync::{Once, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::fmt::rfc2822;
use reqwest::{
    Client, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_MATCH, LAST_MODIFIED,
        RANGE,
    },
};
use stacchip::address::for_people;
use stacchip_cog::{RangeReader, ReadError, ReadErrorKind, Version};

use super::pin::Pin;

/// The connections that all HTTP readers share.
pub(super) fn client() -> Result<Client, ReadError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    use_ring();
    let built = Client::builder()
        .user_agent(concat!("stacchip/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
        .map_err(|e| ReadError::new(ReadErrorKind::Other, "https").because(e))?;
    Ok(CLIENT.get_or_init(|| built).clone())
}

/// Names the cryptography that TLS uses; once for the process, and only where nobody has.
pub(super) fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program around this crate has chosen: so be it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// An object behind an HTTP address.
#[derive(Debug)]
pub(super) struct HttpReader {
    /// With its query: for requests, never for messages.
    request: String,
    address: String,
    client: Client,
    pin: Pin,
}

/// The part of an object that an answer holds.
struct Part {
    start: u64,
    end: u64,
    size: Option<u64>,
}

impl HttpReader {
    pub(super) fn new(request: &str, client: Client) -> Self {
        Self {
            request: request.to_owned(),
            address: for_people(request),
            client,
            pin: Pin::default(),
        }
    }

    /// The same, of `version` alone.
    pub(super) fn of_version(self, version: &Version) -> Self {
        Self {
            pin: Pin::to(version),
            ..self
        }
    }

    /// All of the object, at most `limit` bytes.
    pub(super) async fn read_all(&self, limit: u64) -> Result<Bytes, ReadError> {
        let request = self
            .client
            .get(&self.request)
            .header(ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(|e| self.broken(e))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(&response));
        }
        self.uncompressed(&response)?;
        let size = response.content_length();
        if size.is_some_and(|n| n > limit) {
            return Err(self.too_large(limit));
        }
        let (bytes, more) = self.body(response, limit).await?;
        if more {
            return Err(self.too_large(limit));
        }
        if size.is_some_and(|n| n != bytes.len() as u64) {
            return Err(self.cut_short());
        }
        Ok(bytes)
    }

    /// Its size, as the server says it.
    pub(super) async fn size(&self) -> Result<u64, ReadError> {
        self.get(&(0..1)).await?;
        self.pin.version().size.ok_or_else(|| {
            self.error(ReadErrorKind::Range)
                .because("the server does not say how long it is")
        })
    }

    async fn get(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        if range.start >= range.end {
            return Ok(Bytes::new());
        }
        let mut request = self
            .client
            .get(&self.request)
            .header(ACCEPT_ENCODING, "identity")
            .header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        if let Some(tag) = self.pin.condition() {
            request = request.header(IF_MATCH, tag);
        }
        let response = request.send().await.map_err(|e| self.broken(e))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => self.partial(response, range).await,
            StatusCode::OK => self.whole(response, range).await,
            // Nothing begins there: the object ends before the range.
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let size = size_of_unsatisfied(response.headers());
                if self.pin.excludes(&said(response.headers(), size)) {
                    Err(self.error(ReadErrorKind::Changed))
                } else if size.is_none_or(|size| size <= range.start) {
                    Ok(Bytes::new())
                } else {
                    Err(self.refused(&response))
                }
            }
            _ => Err(self.refused(&response)),
        }
        .map_err(|e| e.of(range.clone()))
    }

    /// An answer to a range: it must be the range asked for, or its beginning where the object ends.
    async fn partial(&self, response: Response, range: &Range<u64>) -> Result<Bytes, ReadError> {
        self.uncompressed(&response)?;
        let part = content_range(response.headers()).ok_or_else(|| {
            self.error(ReadErrorKind::Range)
                .because("the answer does not say which range it is")
        })?;
        let ends_there = part.end == range.end || part.size == Some(part.end);
        if part.start != range.start || part.end > range.end || !ends_there {
            return Err(self.error(ReadErrorKind::Range).because(format!(
                "the server answered with bytes {}..{}",
                part.start, part.end
            )));
        }
        self.same_version(response.headers(), part.size)?;
        let wanted = part.end - part.start;
        let (bytes, more) = self.body(response, wanted).await?;
        if more {
            return Err(self
                .error(ReadErrorKind::Range)
                .because("the answer is longer than its range"));
        }
        if bytes.len() as u64 != wanted {
            return Err(self.cut_short());
        }
        Ok(bytes)
    }

    /// The whole object in place of a range: what servers answer that know no ranges. Small objects
    /// are taken so; of others every range would cost all of it.
    async fn whole(&self, response: Response, range: &Range<u64>) -> Result<Bytes, ReadError> {
        self.uncompressed(&response)?;
        let Some(size) = response.content_length().filter(|&n| n <= WHOLE_BYTES) else {
            return Err(self.error(ReadErrorKind::Range));
        };
        self.same_version(response.headers(), Some(size))?;
        let (bytes, more) = self.body(response, size).await?;
        if more || bytes.len() as u64 != size {
            return Err(self.cut_short());
        }
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(at(range.start)..at(range.end)))
    }

    /// The body, and whether there is more than `limit`; never holds more than a piece above it.
    async fn body(&self, mut response: Response, limit: u64) -> Result<(Bytes, bool), ReadError> {
        let expected = usize::try_from(limit.min(FIRST_ROOM)).unwrap_or(0);
        let mut bytes = BytesMut::with_capacity(expected);
        while let Some(piece) = response.chunk().await.map_err(|e| self.broken(e))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                return Ok((bytes.freeze(), true));
            }
        }
        Ok((bytes.freeze(), false))
    }

    fn same_version(&self, headers: &HeaderMap, size: Option<u64>) -> Result<(), ReadError> {
        if self.pin.admits(said(headers, size)) {
            Ok(())
        } else {
            Err(self.error(ReadErrorKind::Changed))
        }
    }

    fn uncompressed(&self, response: &Response) -> Result<(), ReadError> {
        let coding = response.headers().get(CONTENT_ENCODING);
        match coding.filter(|c| !c.as_bytes().eq_ignore_ascii_case(b"identity")) {
            None => Ok(()),
            Some(coding) => Err(self.error(ReadErrorKind::Range).because(format!(
                "the server compresses it ({})",
                String::from_utf8_lossy(coding.as_bytes())
            ))),
        }
    }

    fn refused(&self, response: &Response) -> ReadError {
        let status = response.status();
        let kind = match status.as_u16() {
            404 | 410 => ReadErrorKind::NotFound,
            401 | 403 | 407 => ReadErrorKind::Denied,
            412 => ReadErrorKind::Changed,
            408 | 425 | 429 | 500..=599 => ReadErrorKind::Transient,
            416 => ReadErrorKind::Range,
            _ => ReadErrorKind::Other,
        };
        self.error(kind)
            .because(format!("the server says {status}"))
    }

    fn broken(&self, cause: reqwest::Error) -> ReadError {
        let kind = if cause.is_builder() || cause.is_redirect() {
            ReadErrorKind::Other
        } else {
            ReadErrorKind::Transient
        };
        // The library puts the address, signature and all, into its messages.
        let cause = cause.without_url();
        let mut words = cause.to_string();
        let mut inner = std::error::Error::source(&cause);
        while let Some(error) = inner {
            words = format!("{words}: {error}");
            inner = error.source();
        }
        self.error(kind).because(words)
    }

    fn cut_short(&self) -> ReadError {
        self.error(ReadErrorKind::Transient)
            .because("the answer was cut short")
    }

    fn too_large(&self, limit: u64) -> ReadError {
        self.error(ReadErrorKind::Other)
            .because(format!("at most {limit} bytes are read at once"))
    }

    fn error(&self, kind: ReadErrorKind) -> ReadError {
        ReadError::new(kind, &self.address)
    }
}

#[async_trait]
impl RangeReader for HttpReader {
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        let requests: Vec<_> = ranges.iter().map(|range| self.get(range)).collect();
        stream::iter(requests).buffered(AT_ONCE).try_collect().await
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn version(&self) -> Version {
        self.pin.version()
    }
}

/// What an answer says of the version it is of.
fn said(headers: &HeaderMap, size: Option<u64>) -> Version {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    // RFC 9110, section 5.6.7.
    let modified = text(LAST_MODIFIED).and_then(|time| rfc2822::parse(time).ok());
    Version {
        etag: text(ETAG).map(str::to_owned),
        size,
        modified: modified.and_then(|time| i64::try_from(time.timestamp().as_nanosecond()).ok()),
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
    (start < end && size.is_none_or(|s| end <= s)).then_some(Part { start, end, size })
}

/// `bytes */size`.
fn size_of_unsatisfied(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    text.trim().strip_prefix("bytes */")?.trim().parse().ok()
}

/// Requests of one batch under way at once.
const AT_ONCE: usize = 32;

/// Largest object that is taken whole from a server without ranges.
const WHOLE_BYTES: u64 = 8 << 20;

/// Room made for a body before its bytes are there.
const FIRST_ROOM: u64 = 1 << 20;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may say nothing.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
