//! The proxy's thread: listens, accepts, stops when it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::connection::serve;
use crate::decider::{Applied, Decider};
use crate::plan::Plan;

/// The most client connections at a time; further ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 256;

/// The most connections that may fail to be accepted before the proxy gives up.
const ACCEPT_FAILURES_MAX: u32 = 10_000;

/// A running proxy on a loopback address; dropping it closes every connection.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    decider: Arc<Decider>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// Starts a proxy before `upstream`, on a port that the system chooses. Fails where there is no port or
    /// thread to be had.
    pub fn start(upstream: SocketAddr, plan: Plan) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let decider = Arc::new(Decider::new(plan));
        let (stop, stopped) = oneshot::channel();
        let accepting = accept(listener, upstream, Arc::clone(&decider));
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accepting => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("fault-proxy".to_owned()).spawn(run)?;
        Ok(Self { address, decider, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have come so far, spoilt or not.
    pub fn requests(&self) -> u64 {
        self.decider.requests()
    }

    /// What was done to answers and writes so far, in the order of the requests. A fault stands here before
    /// the client can see it.
    pub fn applied(&self) -> Vec<Applied> {
        self.decider.applied()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed there, and dropping must not panic again.
            thread.join().ok();
        }
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, decider: Arc<Decider>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut failures = 0;
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(_) if failures < ACCEPT_FAILURES_MAX => {
                failures += 1;
                continue;
            }
            Err(_) => return,
        };
        let decider = Arc::clone(&decider);
        tokio::spawn(async move {
            // Both sides see the end of a connection that failed; there is nobody else to tell.
            serve(client, upstream, decider).await.ok();
            drop(permit);
        });
    }
}
