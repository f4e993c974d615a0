//! What stands before a server: it passes requests on, tells a version, and does otherwise once it is told to.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::listen;

/// What is done with a request.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// It is passed on, and the answer tells this version, where there is one.
    Pass(Option<&'static str>),
    /// The connection is closed.
    HangUp,
    /// It is answered so, and the server behind never hears of it.
    Answer(&'static str),
}

/// A server that stands before another.
pub(crate) struct Front {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    requests: Arc<AtomicU64>,
}

impl Front {
    /// Stands before `url`; `decide` is asked for each request, by its number from one.
    pub(crate) fn new(url: &str, decide: impl Fn(u64) -> Deed + Send + Sync + 'static) -> Self {
        let authority = url.trim_start_matches("http://").to_owned();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        let url = listen(move |client| _ = serve(&client, &authority, &decide, &counter));
        Self { url, requests }
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

fn serve(client: &TcpStream, authority: &str, decide: &dyn Fn(u64) -> Deed, counter: &AtomicU64) -> io::Result<()> {
    let (mut from_client, mut to_client) = (BufReader::new(client), client);
    let server = TcpStream::connect(authority)?;
    let (mut from_server, mut to_server) = (BufReader::new(&server), &server);
    while let Some((head, body)) = message(&mut from_client, false)? {
        match decide(counter.fetch_add(1, Ordering::Relaxed) + 1) {
            Deed::HangUp => return Ok(()),
            Deed::Answer(answer) => to_client.write_all(answer.as_bytes())?,
            Deed::Pass(version) => {
                to_server.write_all(&[head.as_slice(), &body].concat())?;
                let is_head = head.starts_with(b"HEAD ");
                let Some((mut head, body)) = message(&mut from_server, is_head)? else { return Ok(()) };
                if let Some(version) = version {
                    let end = head.len() - 2;
                    head.splice(end..end, format!("x-version: {version}\r\n").into_bytes());
                }
                to_client.write_all(&[head, body].concat())?;
            }
        }
    }
    Ok(())
}

/// A head with its empty line, and the body that its length tells; none at the end.
fn message(reader: &mut BufReader<&TcpStream>, without_body: bool) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        assert!(!text.starts_with("transfer-encoding:"), "the model tells lengths");
        head.extend(&line);
        if line == b"\r\n" {
            break;
        }
    }
    let mut body = vec![0; if without_body { 0 } else { length }];
    reader.read_exact(&mut body)?;
    Ok(Some((head, body)))
}
