//! A small service to stand before, and a client that sends bytes as they are.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use plumb_test_proxy::{Applied, FaultProxy, Plan};

/// What the service has stored and which requests it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Stored>>);

#[derive(Debug, Default)]
struct Stored {
    bodies: BTreeMap<String, Bytes>,
    requests: Vec<String>,
}

impl Store {
    /// Each request that came, as `METHOD target`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.lock().expect("the store").requests.clone()
    }
}

/// An answer as it was read from the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// Starts the service: PUT stores, GET and HEAD give back, with `range` all but the first two bytes.
pub(crate) fn service() -> (SocketAddr, Store) {
    let store = Store::default();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let shared = store.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let store = shared.clone();
                let service = service_fn(move |request| answer(store.clone(), request));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    (address, store)
}

async fn answer(store: Store, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (method, target) = (request.method().to_string(), request.uri().to_string());
    let ranged = request.headers().contains_key("range");
    let sent = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut stored = store.0.lock().expect("the store");
    stored.requests.push(format!("{method} {target}"));
    if method == "PUT" {
        stored.bodies.insert(target.clone(), sent);
    }
    let Some(body) = stored.bodies.get(&target).cloned() else {
        return Ok(Response::builder().status(404).body(Full::default()).expect("an answer"));
    };
    let response = Response::builder().header("etag", etag(&body)).header("x-kind", "small").header("X-Last", "1");
    Ok(match method.as_str() {
        "PUT" => response.status(200).body(Full::default()),
        _ if ranged => {
            let range = format!("bytes 2-{}/{}", body.len() - 1, body.len());
            response.status(206).header("content-range", range).body(Full::new(body.slice(2..)))
        }
        _ => response.status(200).body(Full::new(body)),
    }
    .expect("an answer"))
}

/// The tag of a body: enough of a sum that other bodies have other ones.
pub(crate) fn etag(body: &[u8]) -> String {
    let sum = body.iter().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    format!("\"{sum:08x}\"")
}

/// A proxy under a plan, before a service of its own.
pub(crate) struct Bench {
    pub(crate) proxy: FaultProxy,
    pub(crate) store: Store,
}

impl Bench {
    pub(crate) fn new(plan: Plan) -> Self {
        let (upstream, store) = service();
        Self { proxy: FaultProxy::start(upstream, plan).expect("a proxy"), store }
    }

    pub(crate) fn put(&self, target: &str, body: &str) -> Option<Reply> {
        self.send("PUT", target, &format!("content-length: {}\r\n", body.len()), body)
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.send("GET", target, "", "").expect("an answer")
    }

    /// Sends one request on a connection of its own; `None` where it was closed without a byte.
    pub(crate) fn send(&self, method: &str, target: &str, fields: &str, body: &str) -> Option<Reply> {
        let head = format!("{method} {target} HTTP/1.1\r\nhost: service\r\nconnection: close\r\n{fields}\r\n");
        let bytes = exchange(self.proxy.address(), format!("{head}{body}").as_bytes());
        (!bytes.is_empty()).then(|| parse(&bytes, method == "HEAD"))
    }

    pub(crate) fn applied(&self) -> Vec<Applied> {
        self.proxy.applied()
    }

    /// What was applied as `sequence mutation` lines.
    pub(crate) fn log(&self) -> Vec<String> {
        self.applied().iter().map(|applied| format!("{} {}", applied.sequence, applied.mutation)).collect()
    }
}

/// Sends bytes and reads until the other side closes.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(bytes).expect("to send");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("to receive");
    answer
}

/// Reads one answer, and insists that `content-length` is true.
pub(crate) fn parse(bytes: &[u8], bodiless: bool) -> Reply {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(length)) = response.parse(bytes) else { panic!("no head in {bytes:?}") };
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).expect("text");
    let fields = response.headers.iter().map(|field| (field.name.to_ascii_lowercase(), text(field.value)));
    let reply = Reply {
        status: response.code.expect("a status"),
        fields: fields.collect(),
        body: BytesMut::from(&bytes[length..]).to_vec(),
    };
    if !bodiless {
        for declared in reply.all("content-length") {
            assert_eq!(declared, reply.body.len().to_string(), "{reply:?}");
        }
    }
    reply
}
