//! Ports with something else than the model behind them.

use std::io::{BufRead, BufReader, ErrorKind, Read as _, Write as _};
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

/// Reads one request and tells its first line; none where the client has gone.
pub(crate) fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != "\r\n") {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        lines.push(String::from_utf8_lossy(&line).into_owned());
    }
    let length =
        lines.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    std::io::copy(&mut reader.take(length.unwrap_or(0)), &mut std::io::sink()).ok()?;
    lines.into_iter().next()
}

/// Answers each request with the status that `status` gives to its first line, and without a body; tells the URL.
pub(crate) fn answer_with(status: impl Fn(&str) -> &'static str + Send + Sync + 'static) -> String {
    listen(move |stream| {
        let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
        while let Some(request) = read_request(&mut reader) {
            let answer = format!("HTTP/1.1 {}\r\ncontent-length: 0\r\n\r\n", status(&request));
            if writer.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    })
}

fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port")
}

fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("an address"))
}
