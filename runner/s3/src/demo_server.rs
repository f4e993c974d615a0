//! An S3 server inside this process, on loopback and in a folder of its own, to try things on.
//!
//! It is `s3s-fs`, which is neither Amazon's server nor ours: it has faults to find.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use plumb_model::wire::Actor;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;

/// The one user. Not a secret: the server hears loopback only, holds nothing and soon is gone.
const ACCESS_KEY: &str = "PLUMBLINEDEMO";

/// The name of the server's thread.
const THREAD_NAME: &str = "demo-server";

/// The key of the one user.
const SECRET_KEY: &str = "plumbline-demo-secret";

/// What the user keeps there beside the buckets of a run, as in a real account: a server that lists too much is then
/// seen to do so however few buckets a case makes itself, also when it is replayed.
const BUCKETS: [&str; 2] = ["holiday-photos", "nightly-backups"];

/// How long requests under way may take to end when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait after a connection could not be accepted, so that a lack of file handles is no busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A running server. Dropping it ends the server within a second or so and removes its folder.
#[derive(Debug)]
pub struct DemoServer {
    address: SocketAddr,
    /// Dropping this asks the server to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl DemoServer {
    /// Starts a server on a free port, with one user, who has buckets already.
    ///
    /// # Errors
    /// Where there can be no folder, thread or listener.
    pub async fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plumb-demo-").tempdir()?;
        let root = folder.path().to_owned();
        // To the server, a folder is a bucket.
        BUCKETS.iter().try_for_each(|name| std::fs::create_dir(root.join(name)))?;
        let (started, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(|| run(root, started, stopped))?;
        let address = address.await.map_err(|_| io::Error::other("the demo server ended at once"))??;
        tracing::debug!(%address, "demo server started");
        Ok(Self { address, stop: Some(stop), thread: Some(thread), folder })
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key of the one user.
    pub fn access_key(&self) -> &str {
        ACCESS_KEY
    }

    /// The secret key of the one user.
    pub fn secret_key(&self) -> &str {
        SECRET_KEY
    }

    /// The folder with everything the server stores.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl plumb_validator::plugin::DemoServer for DemoServer {
    fn endpoint(&self) -> String {
        Self::endpoint(self)
    }

    /// One alone: `s3s-fs` takes several keys, but knows no owners, so a second one would be let in everywhere. The
    /// cases with a second identity are unsupported here.
    fn actor(&self) -> Actor {
        Actor { name: "demo".into(), id: ACCESS_KEY.into(), secret: SECRET_KEY.into(), session_token: None }
    }
}

/// Starts a server for whoever has no runtime of their own.
///
/// # Errors
/// As [`DemoServer::start`].
pub(crate) fn start() -> io::Result<Box<dyn plumb_validator::plugin::DemoServer>> {
    keep_panics_of_the_server_to_the_log();
    let server = runtime::Builder::new_current_thread().build()?.block_on(DemoServer::start())?;
    Ok(Box::new(server))
}

/// The server panics on some requests, which ends that one connection. That is for the report to tell; a
/// message between its lines would look like a fault of ours.
fn keep_panics_of_the_server_to_the_log() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().name() == Some(THREAD_NAME) {
                tracing::debug!(%panic, "the demo's server panicked");
            } else {
                usual(panic);
            }
        }));
    });
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The folder goes after this, when nobody writes to it any more.
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::warn!("the demo server panicked");
        }
    }
}

/// The server's thread: its own runtime, so that nobody else has to keep it going.
fn run(root: PathBuf, started: oneshot::Sender<io::Result<SocketAddr>>, stopped: oneshot::Receiver<()>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    runtime.block_on(async {
        match bind(root).await {
            Ok((address, listener, service)) => {
                if started.send(Ok(address)).is_ok() {
                    serve(listener, service, stopped).await;
                }
            }
            Err(error) => drop(started.send(Err(error))),
        }
    });
    runtime.shutdown_timeout(STOP_PATIENCE);
}

async fn bind(root: PathBuf) -> io::Result<(SocketAddr, TcpListener, S3Service)> {
    let files = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok((listener.local_addr()?, listener, service.build()))
}

async fn serve(listener: TcpListener, service: S3Service, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => answer(stream, service.clone(), &graceful),
                Err(error) => {
                    tracing::debug!(%error, "demo server could not accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_PATIENCE, graceful.shutdown()).await.is_err() {
        tracing::debug!("demo server stopped in the middle of a request");
    }
}

fn answer(stream: TcpStream, service: S3Service, graceful: &GracefulShutdown) {
    // Without this, small answers wait for the client's delayed acknowledgement.
    stream.set_nodelay(true).ok();
    let server = auto::Builder::new(TokioExecutor::new());
    let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "demo server lost a connection");
        }
    });
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    fn get_unsigned(server: &DemoServer) -> String {
        let mut stream = TcpStream::connect(server.address).expect("the server listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    #[tokio::test]
    async fn an_unsigned_request_is_refused_in_http() {
        let server = DemoServer::start().await.expect("the server starts");
        let answer = get_unsigned(&server);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_dropped_server() {
        let server = DemoServer::start().await.expect("the server starts");
        let (address, folder) = (server.address, server.folder().to_owned());
        assert!(folder.exists());
        // A connection that stays open does not hold the server up.
        let _idle = TcpStream::connect(address).expect("the server listens");
        drop(server);
        assert!(!folder.exists());
        assert!(TcpStream::connect(address).is_err());
    }

    #[tokio::test]
    async fn servers_share_nothing() {
        let (one, other) = (DemoServer::start().await, DemoServer::start().await);
        let (one, other) = (one.expect("one starts"), other.expect("another starts"));
        assert_ne!(one.endpoint(), other.endpoint());
        assert_ne!(one.folder(), other.folder());
    }
}
