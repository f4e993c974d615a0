//! Ports with something else than the model behind them.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

/// A port on which nobody answers, and that tells whether anybody called.
pub(crate) struct Listener(TcpListener);

impl Listener {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self(bind())
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        url(&self.0)
    }

    /// Whether somebody connected.
    pub(crate) fn was_called(&self) -> bool {
        self.0.set_nonblocking(true).expect("a socket option");
        match self.0.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }
}

/// Answers every connection with `answer` on a thread of its own, as long as the test process lives; tells the URL.
pub(crate) fn listen(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = bind();
    let url = url(&listener);
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || answer(stream));
        }
    });
    url
}

fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("an address"))
}
