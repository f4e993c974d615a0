//! The transport that uses the network: reqwest where it sends a request unchanged, hyper for the rest.
//!
//! Nothing is sent twice. Reqwest's own retries are off; hyper-util sends a request again only
//! when the connection it had chosen was found closed before the first byte of it was written,
//! which on the wire is the first time.

mod detour;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Version;
use http::uri::{Authority, PathAndQuery, Scheme};
use hyper::body::{Body, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{HttpConnector, HttpInfo, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use plumb_model::http::Request;
use tokio::time::timeout_at;
use url::Url;

use super::answer::{self, Clock};
use super::body::OutBody;
use super::endpoint::{Endpoint, EndpointError};
use super::exact::{Exact, Obstacle};
use super::phases::Phase;
use super::{Received, SendError, SendLimits, Transport, failure};
use detour::Detour;

/// How long making a connection (name, TCP, TLS) may take where nothing else was asked for.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection is kept. Below the two seconds after which the most impatient
/// of the common servers close theirs: a request that meets such a close gets no answer.
const IDLE_MAX: Duration = Duration::from_millis(1_500);

/// How many unused connections are kept.
const IDLE_CONNECTIONS_MAX: usize = 64;

type Hyper = legacy::Client<HttpsConnector<Detour>, OutBody>;

/// One endpoint over HTTP/1.1, plain or with TLS. Meant to be one per worker: connections
/// belong to the runtime on which they were made.
#[derive(Debug)]
pub struct NetworkTransport {
    base: String,
    scheme: Scheme,
    authority: Authority,
    connect_timeout: Duration,
    reqwest: reqwest::Client,
    pooled: Hyper,
    /// A connection per request, for those after which no other can follow, or none shall.
    single: Hyper,
    /// Whether connections go elsewhere than the URL says: reqwest would ask the URL alone.
    is_detour: bool,
    /// Set once the server answered in HTTP/1.0: on a connection kept alive, hyper would answer
    /// in kind and add a `connection` field, so from then on none is shared.
    old_server: AtomicBool,
}

impl NetworkTransport {
    /// A transport to `endpoint` that gives up connecting after `connect_timeout`.
    ///
    /// No connection is made yet.
    pub fn new(endpoint: &Endpoint, connect_timeout: Duration) -> Result<Self, EndpointError> {
        Ok(Self {
            base: endpoint.base.clone(),
            scheme: endpoint.scheme.clone(),
            authority: endpoint.authority.clone(),
            connect_timeout,
            reqwest: reqwest_client(endpoint, connect_timeout)?,
            pooled: hyper_client(endpoint, connect_timeout, IDLE_CONNECTIONS_MAX),
            single: hyper_client(endpoint, connect_timeout, 0),
            is_detour: endpoint.connect_to.is_some(),
            old_server: AtomicBool::new(false),
        })
    }

    async fn exchange(&self, request: &Request, limits: &SendLimits, share: bool) -> Result<Received, SendError> {
        let exact = Exact::of(request).map_err(|reason| SendError::Unsendable { reason })?;
        let clock = Clock::start(limits);
        let shared = share && exact.framing.ends() && !self.old_server.load(Ordering::Relaxed);
        match exact.reqwest_url(&self.base).filter(|_| shared && !self.is_detour) {
            Some(url) => self.through_reqwest(url, exact, clock).await,
            None => self.through_hyper(if shared { &self.pooled } else { &self.single }, exact, clock).await,
        }
    }

    /// Reqwest does not tell when it has a connection, so a limit shorter than the connect
    /// timeout that runs out here counts as sent.
    async fn through_reqwest(&self, url: Url, exact: Exact, clock: Clock<'_>) -> Result<Received, SendError> {
        let mut request = reqwest::Request::new(exact.method, url);
        *request.headers_mut() = exact.headers;
        if !exact.body.is_empty() {
            *request.body_mut() = Some(exact.body.into());
        }
        match timeout_at(clock.head_due(), self.reqwest.execute(request)).await {
            Ok(Ok(answer)) => self.receive(http::Response::<reqwest::Body>::from(answer), clock).await,
            Ok(Err(error)) => Err(failure::before_head(&error, &clock)),
            Err(_) => Err(failure::timed_out(None, &clock)),
        }
    }

    async fn through_hyper(&self, client: &Hyper, exact: Exact, clock: Clock<'_>) -> Result<Received, SendError> {
        let (body, _guard) = OutBody::new(exact.body, exact.framing);
        let mut request = http::Request::new(body);
        *request.method_mut() = exact.method;
        *request.uri_mut() = self.uri(exact.target)?;
        *request.headers_mut() = exact.headers;
        let connection = capture_connection(&mut request);
        let mut answer = client.request(request);

        let mut head = timeout_at(clock.connect_due(self.connect_timeout), &mut answer).await;
        if head.is_err() {
            if connection.connection_metadata().is_none() {
                return Err(failure::connect_timed_out(Phase::Connect, &clock));
            }
            head = timeout_at(clock.head_due(), answer).await;
        }
        match head {
            Ok(Ok(answer)) => self.receive::<Incoming>(answer, clock).await,
            Ok(Err(error)) => Err(failure::before_head(&error, &clock)),
            Err(_) => Err(failure::timed_out(None, &clock)),
        }
    }

    fn uri(&self, target: PathAndQuery) -> Result<http::Uri, SendError> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
        http::Uri::from_parts(parts).map_err(|_| SendError::Unsendable {
            reason: Obstacle::Target { reason: "does not fit behind the endpoint" },
        })
    }

    async fn receive<B>(&self, answer: http::Response<B>, clock: Clock<'_>) -> Result<Received, SendError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Error + 'static,
    {
        if answer.version() < Version::HTTP_11 {
            self.old_server.store(true, Ordering::Relaxed);
        }
        let peer = answer.extensions().get::<HttpInfo>().map(HttpInfo::remote_addr);
        answer::receive(answer, peer, clock).await
    }
}

impl Transport for NetworkTransport {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.exchange(request, limits, true).inspect(log).boxed()
    }

    fn send_unshared<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a SendLimits,
    ) -> BoxFuture<'a, Result<Received, SendError>> {
        self.exchange(request, limits, false).inspect(log).boxed()
    }
}

pub(super) fn log(outcome: &Result<Received, SendError>) {
    match outcome {
        Ok(received) => {
            tracing::debug!(status = received.response.status, latency = ?received.latency, "answered");
        }
        Err(error) => tracing::debug!(%error, "not answered"),
    }
}

/// A client that adds nothing to what [`Exact::reqwest_url`] lets through.
fn reqwest_client(endpoint: &Endpoint, connect_timeout: Duration) -> Result<reqwest::Client, EndpointError> {
    reqwest::Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .tls_backend_preconfigured(endpoint.trust.config())
        .build()
        .map_err(|error| EndpointError::Client { reason: error.to_string() })
}

/// A client that keeps at most `idle_max` connections and never adds a `host` field.
fn hyper_client(endpoint: &Endpoint, connect_timeout: Duration, idle_max: usize) -> Hyper {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(connect_timeout));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(endpoint.trust.config())
        .https_or_http()
        .enable_http1()
        .wrap_connector(Detour::new(tcp, endpoint.connect_to));
    legacy::Client::builder(TokioExecutor::new())
        .set_host(false)
        .pool_idle_timeout(IDLE_MAX)
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(idle_max)
        .build(connector)
}
