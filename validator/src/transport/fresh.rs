//! A connection for every request, each part of the way timed apart: what a customer meets who comes for the first time.
//!
//! A name is looked up, connected to and greeted again for each request, and no TLS session is taken up again, so that
//! a fault at the front door is seen by whoever comes next. Everything that does not change is made once.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, poll_fn};
use http::uri::Scheme;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use plumb_model::http::Request;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::answer::{self, Clock};
use super::body::OutBody;
use super::endpoint::{Endpoint, EndpointError};
use super::exact::Exact;
use super::phases::Phase;
use super::{NotSentCause, Received, SendError, SendLimits, Transport, failure, network};

/// The most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// How many look-ups may be under way at once: one that hangs keeps a thread until the system gives it up.
const LOOKUPS_MAX: usize = 8;

/// One endpoint over HTTP/1.1, plain or with TLS, with a connection of its own for every request. Cheap to use from
/// many tasks and runtimes at once: nothing outlives a request.
pub struct FreshTransport {
    host: Host,
    tls: Option<Tls>,
    connect_timeout: Duration,
}

enum Host {
    Address(SocketAddr),
    Name { name: Arc<str>, port: u16, lookups: Arc<Semaphore> },
}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl FreshTransport {
    /// A transport to `endpoint` that gives up connecting (name, TCP, TLS) after `connect_timeout`.
    pub fn new(endpoint: &Endpoint, connect_timeout: Duration) -> Result<Self, EndpointError> {
        let (name, port) = (endpoint.host(), endpoint.port());
        let address = name.parse::<IpAddr>().map(|address| SocketAddr::new(address, port)).ok();
        let host = match endpoint.connect_to.or(address) {
            Some(address) => Host::Address(address),
            None => Host::Name { name: name.into(), port, lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)) },
        };
        let tls = if endpoint.scheme == Scheme::HTTPS { Some(Tls::new(endpoint, name)?) } else { None };
        Ok(Self { host, tls, connect_timeout })
    }

    async fn exchange(&self, request: &Request, limits: &SendLimits) -> Result<Received, SendError> {
        let exact = Exact::of(request).map_err(|reason| SendError::Unsendable { reason })?;
        let mut clock = Clock::start(limits);
        let due = clock.connect_due(self.connect_timeout);
        let (stream, peer) = self.host.connect(&mut clock, due).await?;
        match &self.tls {
            None => talk(stream, peer, exact, clock).await,
            Some(tls) => {
                let stream = tls.greet(stream, &mut clock, due).await?;
                talk(stream, peer, exact, clock).await
            }
        }
    }
}

impl Transport for FreshTransport {
    fn send<'a>(&'a self, request: &'a Request, limits: &'a SendLimits) -> BoxFuture<'a, Result<Received, SendError>> {
        self.exchange(request, limits).inspect(network::log).boxed()
    }
}

impl Host {
    async fn connect(&self, clock: &mut Clock<'_>, due: Instant) -> Result<(TcpStream, SocketAddr), SendError> {
        match self {
            Self::Address(address) => connect_to_any(&[*address], clock, due).await,
            Self::Name { name, port, lookups } => {
                let found = timeout_at(due, look_up(name, *port, lookups)).await;
                clock.lap(Phase::Dns);
                match found {
                    Err(_) => Err(failure::connect_timed_out(Phase::Dns, clock)),
                    Ok(Err(error)) => {
                        Err(failure::not_sent(NotSentCause::Dns, Phase::Dns, failure::detail(&error), clock))
                    }
                    Ok(Ok(addresses)) => connect_to_any(&addresses, clock, due).await,
                }
            }
        }
    }
}

/// The addresses of a name. The system's resolver cannot be stopped, so that a look-up that was given up counts until
/// it is over.
async fn look_up(name: &Arc<str>, port: u16, lookups: &Arc<Semaphore>) -> io::Result<Vec<SocketAddr>> {
    let permit = Arc::clone(lookups).acquire_owned().await.map_err(io::Error::other)?;
    let name = Arc::clone(name);
    let looking = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        (&*name, port).to_socket_addrs().map(|found| found.take(ADDRESSES_MAX).collect())
    });
    let found: Vec<SocketAddr> = looking.await.map_err(io::Error::other)??;
    if found.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(found) }
}

/// Tries the addresses in order. Each may take its share of the time that is left, so that a dead one leaves enough for
/// the next.
async fn connect_to_any(
    addresses: &[SocketAddr],
    clock: &mut Clock<'_>,
    due: Instant,
) -> Result<(TcpStream, SocketAddr), SendError> {
    let mut failed = None;
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let now = Instant::now();
        let share = due.saturating_duration_since(now) / u32::try_from(left).unwrap_or(u32::MAX);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without it, a body in several writes waits for acknowledgements. It fails on dead sockets only.
                _ = stream.set_nodelay(true);
                clock.lap(Phase::Connect);
                return Ok((stream, *address));
            }
            Ok(Err(error)) => failed = Some(error),
            Err(_) => failed = None,
        }
    }
    clock.lap(Phase::Connect);
    Err(match failed {
        None => failure::connect_timed_out(Phase::Connect, clock),
        Some(error) => {
            failure::not_sent(failure::connect_cause(&error), Phase::Connect, failure::detail(&error), clock)
        }
    })
}

impl Tls {
    fn new(endpoint: &Endpoint, host: &str) -> Result<Self, EndpointError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| EndpointError::Client { reason: format!("the host {host:?}: {error}") })?;
        let mut config = endpoint.trust.config();
        config.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    async fn greet(
        &self,
        stream: TcpStream,
        clock: &mut Clock<'_>,
        due: Instant,
    ) -> Result<TlsStream<TcpStream>, SendError> {
        let greeted = timeout_at(due, self.connector.connect(self.name.clone(), stream)).await;
        clock.lap(Phase::Tls);
        match greeted {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(failure::not_sent(NotSentCause::Tls, Phase::Tls, failure::detail(&error), clock)),
            Err(_) => Err(failure::connect_timed_out(Phase::Tls, clock)),
        }
    }
}

/// One request and its answer over a connection that nobody else uses.
async fn talk<S>(stream: S, peer: SocketAddr, exact: Exact, mut clock: Clock<'_>) -> Result<Received, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (body, _guard) = OutBody::new(exact.body, exact.framing);
    let mut request = http::Request::new(body);
    *request.method_mut() = exact.method;
    *request.uri_mut() = exact.target.into();
    *request.headers_mut() = exact.headers;
    let (mut sender, connection) = match http1::handshake(TokioIo::new(stream)).await {
        Ok(both) => both,
        Err(error) => return Err(failure::no_answer(&error, &clock)),
    };
    let work = async {
        let head = timeout_at(clock.head_due(), sender.try_send_request(request)).await;
        clock.lap(Phase::FirstByte);
        match head {
            Ok(Ok(answer)) => answer::receive(answer, Some(peer), clock).await,
            Ok(Err(error)) => Err(without_head(error, &clock)),
            Err(_) => Err(failure::timed_out(None, &clock)),
        }
    };
    beside(connection, work).await
}

/// Why there is no head. A request that comes back was never begun.
fn without_head(mut error: TrySendError<http::Request<OutBody>>, clock: &Clock<'_>) -> SendError {
    if error.take_message().is_none() {
        return failure::no_answer(error.error(), clock);
    }
    failure::not_sent(NotSentCause::Unconnected, Phase::FirstByte, failure::detail(error.error()), clock)
}

/// Does `work` with a connection that lives beside it and ends with it. No task is started for that, so nothing is left
/// behind where the work is given up.
async fn beside<T>(connection: impl Future, work: impl Future<Output = T>) -> T {
    let (mut connection, mut work) = (pin!(connection), pin!(work));
    let mut is_open = true;
    poll_fn(|context| {
        let first = work.as_mut().poll(context);
        if first.is_ready() || !is_open {
            return first;
        }
        // Where the connection fails, the work is told.
        is_open = connection.as_mut().poll(context).is_pending();
        // What the connection has read is there now; waiting to be woken for it would take another round.
        work.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LIMITS: SendLimits = SendLimits { first_byte: SHORT, total: SHORT, body_bytes_max: 0 };

    #[tokio::test]
    async fn a_dead_first_address_leaves_time_for_the_next() {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("loopback can be bound");
        let full = socket.listen(1).expect("it listens");
        let dead = full.local_addr().expect("an address");
        let mut queue = Vec::new();
        while let Ok(stream) = timeout(SHORT, TcpStream::connect(dead)).await {
            queue.push(stream.expect("a place in the queue"));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let live = listener.local_addr().expect("an address");
        let mut clock = Clock::start(&LIMITS);
        let due = clock.head_due();
        let (_, peer) = connect_to_any(&[dead, live], &mut clock, due).await.expect("the second answers");
        assert_eq!(peer, live);
        assert!(clock.phases.get(Phase::Connect) >= Some(SHORT / 2), "{:?}", clock.phases);
    }

    #[tokio::test]
    async fn a_resolver_that_hangs_fails_in_the_look_up() {
        let lookups = Arc::new(Semaphore::new(LOOKUPS_MAX));
        let host = Host::Name { name: "localhost".into(), port: 80, lookups: Arc::clone(&lookups) };
        let all = u32::try_from(LOOKUPS_MAX).expect("a small number");
        // Look-ups that hang hold these for as long as the system takes.
        let _hanging = lookups.acquire_many(all).await.expect("permits");
        let mut clock = Clock::start(&LIMITS);
        let due = clock.head_due();
        let error = host.connect(&mut clock, due).await.expect_err("nobody looks it up");
        assert!(matches!(&error, SendError::NotSent { cause: NotSentCause::Timeout, .. }), "{error:?}");
        assert_eq!(error.phase(), Some(Phase::Dns));
    }
}
