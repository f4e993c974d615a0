//! A port on loopback between slots and their target, and a switch on it: what goes through is passed on byte for byte,
//! or does not come through at all. TLS stays between the two ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plumb_validator::transport::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// The most connections at once. Those beyond are closed.
const CONNECTIONS_MAX: usize = 256;
/// The most connections that wait to be taken.
const WAITING_MAX: u32 = 128;
/// How many bytes are held on their way to a target that is slow by plan.
const BUFFER_BYTES: usize = 16 * 1024;
/// How long to wait after a connection could not be taken, as when there are no more files.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// The most connections that fill the queue of a port on which nobody takes any.
const FILLING_MAX: usize = 8;
/// How soon a connection on loopback is there, where it comes at all.
const FILLED_AFTER: Duration = Duration::from_millis(100);

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is passed on.
    Pass,
    /// It is refused.
    Refuse,
    /// Nobody answers it.
    Swallow,
    /// It is passed on, and whatever is asked arrives so much later.
    Delay(Duration),
}

/// The port.
pub(super) struct Forwarder {
    address: SocketAddr,
    /// It never listens: while nobody else does, the system refuses connections, and the port is nobody else's.
    _place: TcpSocket,
    target: (Arc<str>, u16),
    serving: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Stands before `endpoint` and lets everything pass. It ends when it is dropped.
    ///
    /// # Errors
    /// Where there is no port.
    pub(super) async fn before(endpoint: &Endpoint) -> io::Result<Self> {
        let place = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = place.local_addr()?;
        let target = (endpoint.host().into(), endpoint.port());
        let mut own = Self { address, _place: place, target, serving: None };
        own.set(Mode::Pass).await?;
        Ok(own)
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this becomes of every connection. Those that are open are closed.
    ///
    /// # Errors
    /// Where the port cannot be listened on again.
    pub(super) async fn set(&mut self, mode: Mode) -> io::Result<()> {
        if let Some(before) = self.serving.take() {
            before.abort();
            // It ends with the listener and all connections; that it was aborted is no news.
            _ = before.await;
        }
        self.serving = match mode {
            Mode::Refuse => None,
            Mode::Swallow => Some(swallow(self.address).await?),
            Mode::Pass => Some(self.serve(None)?),
            Mode::Delay(by) => Some(self.serve(Some(by))?),
        };
        Ok(())
    }

    fn serve(&self, delay: Option<Duration>) -> io::Result<JoinHandle<()>> {
        let listener = bound(self.address)?.listen(WAITING_MAX)?;
        Ok(tokio::spawn(serve(listener, self.target.clone(), delay)))
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

/// A socket with this address, which others of this process may have, too, as long as only one listens.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens, and takes nobody in: once the queue is full, the system answers no connection any more, as where a network
/// loses everything. So nothing can have been sent, and there is nothing to clean up.
async fn swallow(address: SocketAddr) -> io::Result<JoinHandle<()>> {
    let listener = bound(address)?.listen(1)?;
    let mut filling = Vec::new();
    while filling.len() < FILLING_MAX {
        match timeout(FILLED_AFTER, TcpStream::connect(address)).await {
            Ok(stream) => filling.push(stream?),
            Err(_) => break,
        }
    }
    Ok(tokio::spawn(async move {
        let _held = (listener, filling);
        std::future::pending::<()>().await;
    }))
}

async fn serve(listener: TcpListener, target: (Arc<str>, u16), delay: Option<Duration>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        match (accepted, Arc::clone(&room).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let target = target.clone();
                connections.spawn(async move {
                    let _permit = permit;
                    attend(stream, &target, delay).await;
                });
            }
            (Ok(_), Err(_)) => {}
            (Err(_), _) => sleep(AFTER_FAILURE).await,
        }
    }
}

/// Passes one connection on. Where the way to the target breaks, so does the way here.
async fn attend(mut stream: TcpStream, target: &(Arc<str>, u16), delay: Option<Duration>) {
    // It fails on dead sockets only.
    _ = stream.set_nodelay(true);
    let is_whole = match delay {
        None => pass(&mut stream, target).await,
        Some(by) => late(&mut stream, target, by).await,
    };
    if !is_whole {
        // The peer hears of a reset. It fails on sockets that are closed already.
        _ = stream.set_zero_linger();
    }
}

async fn connect(target: &(Arc<str>, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((&*target.0, target.1)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Passes everything on; tells whether both sides ended in order.
async fn pass(stream: &mut TcpStream, target: &(Arc<str>, u16)) -> bool {
    let Ok(mut there) = connect(target).await else { return false };
    copy_bidirectional(stream, &mut there).await.is_ok()
}

/// The same, where each question waits before it is passed on: what comes from the client first, and first after
/// something came back.
async fn late(stream: &mut TcpStream, target: &(Arc<str>, u16), by: Duration) -> bool {
    let Ok(mut there) = connect(target).await else { return false };
    let (mut asked, mut answered) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let mut is_question = true;
    loop {
        let passed = tokio::select! {
            read = stream.read(&mut asked) => match read {
                Ok(0) => return there.shutdown().await.is_ok(),
                Ok(count) => {
                    if std::mem::take(&mut is_question) {
                        sleep(by).await;
                    }
                    there.write_all(&asked[..count]).await
                }
                Err(_) => return false,
            },
            read = there.read(&mut answered) => match read {
                Ok(0) => return stream.shutdown().await.is_ok(),
                Ok(count) => {
                    is_question = true;
                    stream.write_all(&answered[..count]).await
                }
                Err(_) => return false,
            },
        };
        if passed.is_err() {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const SOON: Duration = Duration::from_millis(150);

    /// A server that sends back what it hears, and a forwarder before it.
    async fn echoed() -> Forwarder {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback can be bound");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = stream.split();
                    tokio::io::copy(&mut reader, &mut writer).await
                });
            }
        });
        let endpoint = Endpoint::parse(&format!("http://localhost:{port}"), None).expect("an endpoint");
        Forwarder::before(&endpoint).await.expect("a port")
    }

    async fn echo(stream: &mut TcpStream) -> io::Result<[u8; 4]> {
        stream.write_all(b"ping").await?;
        let mut back = [0; 4];
        stream.read_exact(&mut back).await?;
        Ok(back)
    }

    #[tokio::test]
    async fn each_mode_does_what_it_says_and_a_change_ends_what_is_open() {
        let mut forwarder = echoed().await;
        let address = forwarder.address();
        for _ in 0..2 {
            forwarder.set(Mode::Pass).await.expect("it listens");
            let mut open = TcpStream::connect(address).await.expect("it listens");
            assert_eq!(&echo(&mut open).await.expect("it passes"), b"ping");
            forwarder.set(Mode::Refuse).await.expect("nobody listens");
            echo(&mut open).await.expect_err("what was open is over");
            let error = TcpStream::connect(address).await.expect_err("nobody listens");
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            forwarder.set(Mode::Swallow).await.expect("it listens");
            timeout(SOON, TcpStream::connect(address)).await.expect_err("nobody answers");
        }
        forwarder.set(Mode::Delay(SOON)).await.expect("it listens");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        for _ in 0..2 {
            let asked = Instant::now();
            assert_eq!(&echo(&mut stream).await.expect("it comes late"), b"ping");
            assert!(asked.elapsed() >= SOON, "each question waits: {:?}", asked.elapsed());
        }
    }
}
