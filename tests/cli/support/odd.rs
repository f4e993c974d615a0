//! The tutorial API's model behind a port, odd on some requests: it says no, hangs up, or dies.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, ErrorKind, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use plumb_model::http::{Headers, Request, Response};
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};

use super::TICK;

/// What the server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers as the model does.
    Serve,
    /// Answers 501 and does nothing.
    NotImplemented,
    /// Closes the connection.
    HangUp,
    /// Closes every connection and the port, and forgets everything.
    Die,
}

type Acts = dyn Fn(&Request) -> Act + Send + Sync;

/// A running server. It ends with the test process.
pub(crate) struct Odd {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    deaths: Arc<AtomicUsize>,
}

/// What the threads of a server share.
struct Shared {
    acts: Box<Acts>,
    model: Mutex<ModelServer<'static>>,
    dead: AtomicBool,
    deaths: Arc<AtomicUsize>,
    open: Mutex<Vec<TcpStream>>,
}

impl Odd {
    /// A server that is dead for good once it died.
    pub(crate) fn new(acts: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start(acts, None)
    }

    /// A server that comes back once somebody makes the file `sign`, and takes that away.
    pub(crate) fn brought_back_by(sign: PathBuf, acts: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start(acts, Some(sign))
    }

    fn start(acts: impl Fn(&Request) -> Act + Send + Sync + 'static, sign: Option<PathBuf>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let deaths = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(Shared {
            acts: Box::new(acts),
            model: Mutex::new(model()),
            dead: AtomicBool::new(false),
            deaths: Arc::clone(&deaths),
            open: Mutex::default(),
        });
        std::thread::spawn(move || live(listener, address, &shared, sign.as_deref()));
        Self { url: format!("http://{address}"), deaths }
    }

    /// How often it died.
    pub(crate) fn deaths(&self) -> usize {
        self.deaths.load(Ordering::SeqCst)
    }
}

fn model() -> ModelServer<'static> {
    let api = Box::leak(Box::new(plumb_kv::api()));
    let options = ServerOptions {
        flavour: api.flavours[0].name,
        region: String::new(),
        actors: vec![],
        answers: Answers::Preferred,
    };
    ModelServer::new(api, options, None)
}

/// One life after the other.
fn live(mut listener: TcpListener, address: SocketAddr, shared: &Arc<Shared>, sign: Option<&std::path::Path>) {
    loop {
        accept(&listener, shared);
        drop(listener);
        shared.open.lock().expect("a lock").drain(..).for_each(|stream| _ = stream.shutdown(Shutdown::Both));
        let Some(sign) = sign else { return };
        while !sign.exists() {
            std::thread::sleep(TICK);
        }
        std::fs::remove_file(sign).expect("the sign is taken away");
        *shared.model.lock().expect("a lock") = model();
        listener = TcpListener::bind(address).expect("the port is still free");
        shared.dead.store(false, Ordering::SeqCst);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    listener.set_nonblocking(true).expect("a socket option");
    while !shared.dead.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).expect("a socket option");
                shared.open.lock().expect("a lock").push(stream.try_clone().expect("a second handle"));
                let shared = Arc::clone(shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                std::thread::sleep(TICK);
            }
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    while let Some(request) = read(&mut reader) {
        if shared.dead.load(Ordering::SeqCst) {
            return;
        }
        let response = match (shared.acts)(&request) {
            Act::Serve => {
                shared.model.lock().expect("a lock").handle(&request, jiff::Timestamp::now().as_millisecond())
            }
            Act::NotImplemented => {
                Response { status: 501, headers: Headers::default(), body: Bytes::new(), truncated: false }
            }
            Act::HangUp => {
                _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Act::Die => {
                shared.deaths.fetch_add(1, Ordering::SeqCst);
                return shared.dead.store(true, Ordering::SeqCst);
            }
        };
        if writer.write_all(&bytes_of(&response)).is_err() {
            return;
        }
    }
}

fn bytes_of(response: &Response) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {} -\r\n", response.status).into_bytes();
    for (name, value) in response.headers.iter().filter(|(name, _)| name != "content-length") {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    if response.status != 204 {
        bytes.extend(format!("content-length: {}\r\n", response.body.len()).into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(&response.body);
    bytes
}

/// The next request; none where the client has gone.
fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &String| !line.is_empty()) {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        lines.push(line.trim_end().to_owned());
    }
    let mut words = lines[0].split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.as_bytes().to_vec());
    let fields = lines[1..].iter().filter_map(|line| line.split_once(": "));
    let headers: Headers =
        fields.map(|(name, value)| (Cow::Owned(name.to_ascii_lowercase()), Bytes::from(value.to_owned()))).collect();
    let length = headers.text("content-length").map_or(0, |text| text.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method: Cow::Owned(method), target, headers, body: body.into() })
}
