//! The one way out: every request of every store and every address goes through one client.

use std::{
    fmt,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::{Certificate, Client, Response, Url, redirect::Policy};
use stacchip_cog::{ReadError, ReadErrorKind};
use tokio::time::timeout;

use super::{progress::came, refusal::Refusal, transport::Transport, wholes::Wholes};

/// Connections, of which there is one pool for each host, however many addresses it has; what is
/// counted of their use.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) client: Client,
    pub(super) timeout: Duration,
    pub(super) counts: Arc<Counts>,
    pub(super) wholes: Arc<Wholes>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address of a proxy may hold a password.
        f.debug_struct("Wire").finish_non_exhaustive()
    }
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

impl Wire {
    /// Connections as `transport` says, to where `route` leads.
    pub(super) fn new(
        transport: &Transport,
        route: Route<'_>,
        counts: Arc<Counts>,
    ) -> Result<Self, ReadError> {
        use_ring();
        let failed = |e: reqwest::Error| {
            ReadError::new(ReadErrorKind::Other, "https").because(e.without_url())
        };
        let mut builder = Client::builder()
            // The address that leads on may hold a signature.
            .referer(false)
            .redirect(redirects(route.discreet))
            .user_agent(concat!("stacchip/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(transport.connect_timeout)
            .tcp_nodelay(true);
        builder = if transport.http2 {
            builder.http2_adaptive_window(true)
        } else {
            builder.http1_only()
        };
        if !route.environment {
            builder = builder.no_proxy();
        }
        if let Some(proxy) = route.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
        }
        if let Some(path) = route.ca {
            let unread = |e| ReadError::new(ReadErrorKind::Other, path).because(e);
            let text = std::fs::read(path).map_err(unread)?;
            let authorities = Certificate::from_pem_bundle(&text).map_err(failed)?;
            builder = builder.tls_certs_merge(authorities);
        }
        Ok(Self {
            client: builder.build().map_err(failed)?,
            timeout: transport.timeout,
            counts,
            wholes: Arc::default(),
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

    pub(super) fn head(&self, url: Url) -> reqwest::RequestBuilder {
        self.client.head(url)
    }

    pub(super) fn get(&self, url: Url) -> reqwest::RequestBuilder {
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
    pub(super) async fn beginning<E>(
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
            came((bytes.len() + piece.len()) as u64);
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

/// Through what, and to whom.
#[derive(Clone, Copy, Default)]
pub(super) struct Route<'a> {
    /// The address of a proxy.
    pub(super) proxy: Option<&'a str>,
    /// A file of authorities that vouch for servers, beside those that the system trusts.
    pub(super) ca: Option<&'a str>,
    /// An address that leads to no other host, since what is sent there is a secret.
    pub(super) discreet: Option<&'a str>,
    /// Whether the environment may name a proxy.
    pub(super) environment: bool,
}

/// Redirects are followed, but from the host of `discreet` to no other.
fn redirects(discreet: Option<&str>) -> Policy {
    let discreet = discreet.and_then(|address| Some(Url::parse(address).ok()?.origin()));
    Policy::custom(move |attempt| {
        let first = attempt.previous().first().map(Url::origin);
        if attempt.previous().len() > REDIRECTS {
            return attempt.error("it leads from one address to the next, without end");
        }
        if first.is_some() && first == discreet && discreet != Some(attempt.url().origin()) {
            return attempt.stop();
        }
        attempt.follow()
    })
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

/// Names the cryptography that TLS uses; once for the process, and only where nobody has.
pub(super) fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program around this crate has chosen: so be it.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Room made for a body before its bytes are there.
const FIRST_ROOM: u64 = 16 << 20;
/// Redirects that are followed.
const REDIRECTS: usize = 10;
/// Bytes of a refusal that are read.
pub(super) const REFUSAL_BYTES: usize = 16 << 10;
