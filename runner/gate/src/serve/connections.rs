//! Connections: how many, how long, and how much each may send before it is known who it is.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The most connections at once. Those beyond wait in the queue of the system.
const CONNECTIONS_MAX: usize = 256;
/// The most headers of a request.
const HEADERS_MAX: usize = 64;
/// The most bytes of a request that are held at once.
const BUFFER_BYTES_MAX: usize = 32 * 1024;
/// How long a head may take, counted from the moment it could have begun: idle connections end with it, too.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long a connection lives, before it is told to end.
const CONNECTION_MAX: Duration = Duration::from_mins(10);
/// How long an answer that is under way may take, once its connection is to end.
const LAST_ANSWER_MAX: Duration = Duration::from_secs(2);
/// How long to wait after a connection could not be taken, as when there are no more files.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves `router` until `shutdown` is over, and then what is under way.
pub(super) async fn run(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (over, ended) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = tokio::select! {
            () = &mut shutdown => break,
            next = accepted(&listener, &room) => next,
        };
        while connections.try_join_next().is_some() {}
        match next {
            Ok((stream, permit)) => drop(connections.spawn(connection(stream, router.clone(), ended.clone(), permit))),
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                sleep(AFTER_FAILURE).await;
            }
        }
    }
    drop(listener);
    // Nobody listens where no connection is open.
    let _ = over.send(true);
    while connections.join_next().await.is_some() {}
}

async fn accepted(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    Ok((listener.accept().await?.0, permit))
}

async fn connection(stream: TcpStream, router: Router, mut over: watch::Receiver<bool>, _permit: OwnedSemaphorePermit) {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    tokio::select! {
        // What ends a connection is the caller's affair.
        _ = connection.as_mut() => return,
        _ = over.wait_for(|over| *over) => {}
        () = sleep(CONNECTION_MAX) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(LAST_ANSWER_MAX, connection).await;
}
