//! The one way out: every request of every store and every address goes through one client.

use std::{
    cell::RefCell,
    future::Future,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};
use reqwest::{Certificate, Client, Method, Response};
use stacchip_cog::{ReadError, ReadErrorKind};
use tokio::{sync::Semaphore, time::timeout};

use super::{refusal::Refusal, transport::Transport};

/// Connections, of which there is one pool for each host, however many addresses it has; what is
/// counted of their use.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    client: Client,
    timeout: Duration,
    pub(super) counts: Arc<Counts>,
    /// Room for objects taken whole, in KiB.
    pub(super) room: Arc<Semaphore>,
}

/// What has been asked so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Requests sent, those that failed included.
    pub requests: u64,
    /// Bytes of objects that came.
    pub bytes: u64,
    /// Requests that were sent because the one before had failed.
    pub retries: u64,
    /// Requests that were sent because the one before took long.
    pub hedges: u64,
    /// Ranges of files of this machine that were read.
    pub local_reads: u64,
    /// Bytes of them.
    pub local_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) hedges: AtomicU64,
    pub(super) local_reads: AtomicU64,
    pub(super) local_bytes: AtomicU64,
}

impl Counts {
    pub(super) fn traffic(&self) -> Traffic {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            requests: of(&self.requests),
            bytes: of(&self.bytes),
            retries: of(&self.retries),
            hedges: of(&self.hedges),
            local_reads: of(&self.local_reads),
            local_bytes: of(&self.local_bytes),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

/// What a request that went through a store was answered, of which its errors say little.
#[derive(Debug, Default)]
pub(super) struct Note {
    pub(super) refusal: Option<Refusal>,
    /// No answer came: it may work if tried again.
    pub(super) broken: bool,
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
    // Requests that nobody takes notes of, such as those for tokens.
    let _ = NOTE.try_with(|note| write(&mut note.borrow_mut()));
}

impl Wire {
    /// Connections as `transport` says, through `proxy`, to servers that the system trusts or the
    /// authorities in the file `ca` vouch for.
    pub(super) fn new(
        transport: &Transport,
        proxy: Option<&str>,
        ca: Option<&str>,
        counts: Arc<Counts>,
    ) -> Result<Self, ReadError> {
        use_ring();
        let failed = |e: reqwest::Error| {
            ReadError::new(ReadErrorKind::Other, "https").because(e.without_url())
        };
        let mut builder = Client::builder()
            .user_agent(concat!("stacchip/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(transport.connect_timeout)
            .tcp_nodelay(true);
        builder = if transport.http2 {
            builder.http2_adaptive_window(true)
        } else {
            builder.http1_only()
        };
        if let Some(proxy) = proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
        }
        if let Some(path) = ca {
            let unread = |e| ReadError::new(ReadErrorKind::Other, path).because(e);
            let text = std::fs::read(path).map_err(unread)?;
            let authorities = Certificate::from_pem_bundle(&text).map_err(failed)?;
            builder = builder.tls_certs_merge(authorities);
        }
        Ok(Self {
            client: builder.build().map_err(failed)?,
            timeout: transport.timeout,
            counts,
            room: Arc::new(Semaphore::new(ROOM)),
        })
    }

    /// Sends a request that only reads.
    pub(super) async fn send(&self, request: reqwest::Request) -> Result<Response, Broken> {
        count(&self.counts.requests, 1);
        match timeout(self.timeout, self.client.execute(request)).await {
            Ok(answer) => answer.map_err(Broken::Request),
            Err(_) => Err(Broken::Silent(self.timeout)),
        }
    }

    pub(super) fn get(&self, url: reqwest::Url) -> reqwest::RequestBuilder {
        self.client.get(url)
    }

    /// What a refusal says, from the beginning of its body.
    pub(super) async fn refusal(&self, response: Response) -> Refusal {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes_stream();
        let beginning = self.beginning(body, REFUSAL_BYTES).await;
        Refusal::new(status, &headers, &beginning)
    }

    /// At most `limit` bytes of `body`, and not the reason why there are no more.
    async fn beginning<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        limit: usize,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut body = std::pin::pin!(body);
        while bytes.len() < limit
            && let Ok(Ok(Some(piece))) = timeout(self.timeout, body.try_next()).await
        {
            bytes.extend_from_slice(&piece);
        }
        bytes
    }

    /// All of `body`, and whether there is more of it than `limit`; never holds more than a piece
    /// above that.
    pub(super) async fn body<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        limit: u64,
    ) -> Result<(Bytes, bool), Stopped<E>> {
        let mut body = std::pin::pin!(body);
        let mut bytes = bytes::BytesMut::new();
        loop {
            let piece = match timeout(self.timeout, body.try_next()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => return Ok((bytes.freeze(), false)),
                Ok(Err(error)) => return Err(Stopped::Broken(error)),
                Err(_) => return Err(Stopped::Silent(self.timeout)),
            };
            count(&self.counts.bytes, piece.len() as u64);
            if bytes.is_empty() {
                let room = usize::try_from(limit.min(FIRST_ROOM)).unwrap_or(0);
                bytes.reserve(room.max(piece.len()));
            }
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                return Ok((bytes.freeze(), true));
            }
        }
    }
}

/// Why there was no answer.
#[derive(Debug)]
pub(super) enum Broken {
    Request(reqwest::Error),
    Silent(Duration),
}

/// Why a body stopped.
#[derive(Debug)]
pub(super) enum Stopped<E> {
    Broken(E),
    Silent(Duration),
}

/// `silent for 10 s`.
pub(super) fn silence(timeout: Duration) -> String {
    format!("the server said nothing for {} s", timeout.as_secs_f64())
}

/// The stores speak through the same client.
#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        count(&self.counts.requests, 1);
        // What is written may take long to be sent: silence is counted of reads only.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let limit = if reads { self.timeout } else { UPLOAD };
        let answer = match timeout(limit, HttpService::call(&self.client, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::new(
                HttpErrorKind::Timeout,
                std::io::Error::other(silence(limit)),
            )),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                note(|note| note.broken = true);
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
        let beginning = self.beginning(body.bytes_stream(), REFUSAL_BYTES).await;
        let refusal = Refusal::new(status, &parts.headers, &beginning);
        note(|note| note.refusal = Some(refusal));
        Ok(HttpResponse::from_parts(
            parts,
            Bytes::from(beginning).into(),
        ))
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// Names the cryptography that TLS uses; once for the process, and only where nobody has.
pub(super) fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program around this crate has chosen: so be it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Objects taken whole that may be held at once, in KiB: 256 MiB.
const ROOM: usize = 256 << 10;
/// Room made for a body before its bytes are there.
const FIRST_ROOM: u64 = 16 << 20;
/// Bytes of a refusal that are read.
const REFUSAL_BYTES: usize = 16 << 10;
/// How long one request that writes may take.
const UPLOAD: Duration = Duration::from_mins(10);
