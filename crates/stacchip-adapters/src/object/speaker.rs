//! How the stores speak: through the same client as all others, with notes of what was answered.
//!
//! `object_store` makes a client for a store, and one more for the service that gives it credentials,
//! which may answer anything, and says nothing of the object.

use std::{
    cell::RefCell,
    error::Error,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};
use reqwest::Method;
use tokio::time::timeout;

use super::{
    refusal::Refusal,
    wire::{REFUSAL_BYTES, Wire, count, silence},
};

/// What the last request of a store was answered, of which its errors say little.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// Whether anything was asked at all.
    pub(super) asked: bool,
    /// Whether it was the service of credentials that was asked.
    pub(super) credentials: bool,
    pub(super) refusal: Option<Refusal>,
    /// No answer came: it may work if tried again.
    pub(super) broken: bool,
    /// Nobody was there.
    pub(super) unreached: bool,
    /// When the answer began.
    pub(super) began: Option<Instant>,
    /// How the body is compressed.
    pub(super) encoding: Option<String>,
}

tokio::task_local! {
    static NOTE: RefCell<Note>;
}

/// Does `work`; what it gave, and what was noted of its last request.
pub(super) async fn noted<T>(work: impl Future<Output = T>) -> (T, Note) {
    NOTE.scope(RefCell::default(), async {
        let result = work.await;
        (result, NOTE.with(RefCell::take))
    })
    .await
}

fn note(write: impl FnOnce(&mut Note)) {
    // There may be nobody who reads it.
    let _ = NOTE.try_with(|note| write(&mut note.borrow_mut()));
}

/// Makes the clients of one store.
#[derive(Debug)]
pub(super) struct Connector {
    wire: Wire,
    made: Arc<AtomicUsize>,
}

/// A client of a store.
#[derive(Debug)]
struct Speaker {
    wire: Wire,
    number: usize,
    /// How many were made: the store's own is the last.
    made: Arc<AtomicUsize>,
}

impl Connector {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            wire,
            made: Arc::default(),
        }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Speaker {
            wire: self.wire.clone(),
            number: self.made.fetch_add(1, Ordering::Relaxed) + 1,
            made: Arc::clone(&self.made),
        }))
    }
}

#[async_trait]
impl HttpService for Speaker {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        count(&self.wire.counts.requests, 1);
        let credentials = self.number < self.made.load(Ordering::Relaxed);
        note(|note| {
            *note = Note {
                asked: true,
                credentials,
                ..Note::default()
            };
        });
        // What is written may take long to be sent: silence is counted of reads only.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let limit = if reads { self.wire.timeout } else { UPLOAD };
        let answer = timeout(limit, HttpService::call(&self.wire.client, request)).await;
        let answer = answer.unwrap_or_else(|_| {
            let silent = std::io::Error::other(silence(limit));
            Err(HttpError::new(HttpErrorKind::Timeout, silent))
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                note(|note| {
                    note.broken = true;
                    note.unreached = is_unreached(&error);
                });
                return Err(error);
            }
        };
        let status = answer.status();
        if status.is_success() {
            let encoding = answer.headers().get(reqwest::header::CONTENT_ENCODING);
            let encoding = encoding.map(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
            note(|note| {
                note.began = Some(Instant::now());
                note.encoding = encoding;
            });
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let beginning = self.wire.beginning(body.bytes_stream(), REFUSAL_BYTES);
        let beginning = beginning.await;
        let refusal = Refusal::new(status, &parts.headers, &beginning);
        note(|note| note.refusal = Some(refusal));
        Ok(HttpResponse::from_parts(
            parts,
            Bytes::from(beginning).into(),
        ))
    }
}

/// Whether no connection was made, not even one that took too long.
fn is_unreached(error: &HttpError) -> bool {
    let cause = error
        .source()
        .and_then(|e| e.downcast_ref::<reqwest::Error>());
    error.kind() == HttpErrorKind::Connect || cause.is_some_and(reqwest::Error::is_connect)
}

/// How long one request that writes may take.
const UPLOAD: Duration = Duration::from_mins(10);
