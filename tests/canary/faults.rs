//! Servers that are ill, each in one way.

use std::io::{self, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::support::{listen, read_request};

/// How long a connection to a full queue is tried before the queue counts as full.
const FULL_AFTER: Duration = Duration::from_millis(300);
/// The most connections that fill a queue of one.
const FILLING_MAX: usize = 16;

/// Accepts, and never answers.
pub(crate) fn black_hole() -> String {
    listen(swallow)
}

/// Begins an answer, and hangs in its body.
pub(crate) fn hangs_in_body() -> String {
    after_request(|mut stream| {
        _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{");
        swallow(stream);
    })
}

/// Resets the connection once the request is there: what was not read is lost.
pub(crate) fn resets() -> String {
    listen(|stream| _ = stream.peek(&mut [0]))
}

/// Reads the request, and sends the end of its own side instead of an answer.
pub(crate) fn half_closes() -> String {
    after_request(|stream| {
        _ = stream.shutdown(Shutdown::Write);
        swallow(stream);
    })
}

/// A port at which nobody listens.
pub(crate) fn refuses() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A port at which no connection is ever made: the queue of those that wait is full.
pub(crate) struct Full {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    _kept: (TcpListener, Vec<TcpStream>),
}

impl Full {
    /// A new one.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listener = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
            socket.listen(1).expect("a queue of one").into_std().expect("a listener")
        });
        let address: SocketAddr = listener.local_addr().expect("an address");
        let connect = |_| TcpStream::connect_timeout(&address, FULL_AFTER).ok();
        let waiting: Vec<TcpStream> = (0..FILLING_MAX).map_while(connect).collect();
        assert!(waiting.len() < FILLING_MAX, "a queue of one is full at some time");
        Self { url: format!("http://{address}"), _kept: (listener, waiting) }
    }
}

fn after_request(then: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    listen(move |stream| {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        if read_request(&mut reader).is_some() {
            then(stream);
        }
    })
}

/// Takes whatever comes until the other side has gone.
fn swallow(mut stream: TcpStream) {
    _ = io::copy(&mut stream, &mut io::sink());
}
