//! A port on loopback between slots and their target, and a switch on it: what goes through is passed on byte for byte,
//! or does not come through at all. TLS stays between the two ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use plumb_validator::transport::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// The most connections at once. Those beyond are refused.
const CONNECTIONS_MAX: usize = 256;
/// How many bytes are held on their way to a target that is slow by plan.
const BUFFER_BYTES: usize = 16 * 1024;
/// How long to wait after a connection could not be taken, as when there are no more files.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is passed on.
    Pass,
    /// It is reset at once.
    Refuse,
    /// It is taken, and never answered.
    Swallow,
    /// It is passed on, and whatever is asked arrives so much later.
    Delay(Duration),
}

/// The port.
pub(super) struct Forwarder {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    serving: JoinHandle<()>,
}

impl Forwarder {
    /// Stands before `endpoint` and lets everything pass. It ends when it is dropped.
    ///
    /// # Errors
    /// Where there is no port.
    pub(super) async fn before(endpoint: &Endpoint) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mode, modes) = watch::channel(Mode::Pass);
        let target = (endpoint.host().into(), endpoint.port());
        Ok(Self { address, mode, serving: tokio::spawn(serve(listener, target, modes)) })
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this becomes of every connection. Those that are open are reset.
    pub(super) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // What it serves is its own set of tasks, and ends with it.
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, target: (Arc<str>, u16), modes: watch::Receiver<Mode>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        match (accepted, Arc::clone(&room).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let (target, modes) = (target.clone(), modes.clone());
                connections.spawn(async move {
                    let _permit = permit;
                    attend(stream, &target, modes).await;
                });
            }
            (Ok((stream, _)), Err(_)) => reset(&stream),
            (Err(_), _) => sleep(AFTER_FAILURE).await,
        }
    }
}

/// Treats one connection as the mode says, until that changes.
async fn attend(mut stream: TcpStream, target: &(Arc<str>, u16), mut modes: watch::Receiver<Mode>) {
    let mode = *modes.borrow_and_update();
    let treated = async {
        match mode {
            Mode::Pass => pass(&mut stream, target).await,
            Mode::Delay(by) => delay(&mut stream, target, by).await,
            Mode::Refuse => false,
            Mode::Swallow => std::future::pending().await,
        }
    };
    let is_whole = tokio::select! {
        is_whole = treated => is_whole,
        _ = modes.changed() => false,
    };
    if !is_whole {
        reset(&stream);
    }
}

/// The peer hears of a reset, as from a host on which nobody listens any more.
fn reset(stream: &TcpStream) {
    // It fails on sockets that are closed already.
    _ = stream.set_zero_linger();
}

async fn connect(target: &(Arc<str>, u16)) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((&*target.0, target.1)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Passes everything on; tells whether both sides ended in order.
async fn pass(stream: &mut TcpStream, target: &(Arc<str>, u16)) -> bool {
    let Ok(mut there) = connect(target).await else { return false };
    // It fails on dead sockets only.
    _ = stream.set_nodelay(true);
    copy_bidirectional(stream, &mut there).await.is_ok()
}

/// The same, where each question waits before it is passed on: what comes from the client first, and first after
/// something came back.
async fn delay(stream: &mut TcpStream, target: &(Arc<str>, u16), by: Duration) -> bool {
    let Ok(mut there) = connect(target).await else { return false };
    _ = stream.set_nodelay(true);
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
    use tokio::time::{Instant, timeout};

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
    async fn each_mode_does_what_it_says_and_a_change_resets_what_is_open() {
        let forwarder = echoed().await;
        let mut open = TcpStream::connect(forwarder.address()).await.expect("it listens");
        assert_eq!(&echo(&mut open).await.expect("it passes"), b"ping");
        forwarder.set(Mode::Refuse);
        echo(&mut open).await.expect_err("what was open is reset");
        let mut stream = TcpStream::connect(forwarder.address()).await.expect("it listens");
        echo(&mut stream).await.expect_err("it is reset at once");
        forwarder.set(Mode::Swallow);
        let mut stream = TcpStream::connect(forwarder.address()).await.expect("it listens");
        timeout(SOON, echo(&mut stream)).await.expect_err("nobody answers");
        forwarder.set(Mode::Delay(SOON));
        let mut stream = TcpStream::connect(forwarder.address()).await.expect("it listens");
        for _ in 0..2 {
            let asked = Instant::now();
            assert_eq!(&echo(&mut stream).await.expect("it comes late"), b"ping");
            assert!(asked.elapsed() >= SOON, "each question waits: {:?}", asked.elapsed());
        }
        forwarder.set(Mode::Pass);
        let mut stream = TcpStream::connect(forwarder.address()).await.expect("it listens");
        assert_eq!(&echo(&mut stream).await.expect("it passes again"), b"ping");
    }
}
