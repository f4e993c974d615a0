//! Servers for the benches, each in a process of its own, so that only the client is measured: the bench starts
//! itself again with the server's name as an argument.
#![expect(dead_code, reason = "each bench uses one of the servers")]

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use plumb_model::bodies::{hex, md5};
use plumb_model::http::{Headers, Request};
use plumb_model::time::http_date;
use plumb_model::wire::Actor;
use plumb_validator::clock::{Clock as _, SystemClock};
use plumb_validator::model_server::{Answers, ModelServer, ServerOptions};
use plumb_validator::target::{Safety, Target};
use plumb_validator::transport::SendLimits;
use tokio::net::TcpListener;

/// A server that knows the last object only, and answers at once.
pub(crate) const STORE: &str = "--serve-store";
/// The model of S3 as a server.
pub(crate) const MODEL: &str = "--serve-model";

const REGION: &str = "us-east-1";

/// What a server does with a request.
pub(crate) type Handler = Arc<dyn Fn(Request) -> Response<Full<Bytes>> + Send + Sync>;

/// A server in another process. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts this program again as the server `name`.
    pub(crate) fn start(name: &str) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let command = Command::new(program).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = command.expect("a server");
        let mut url = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut url).expect("its address");
        Self { child, url: url.trim().to_owned() }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Whether this process is to be the server `name`.
pub(crate) fn is_asked_for(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// The server as a target, for the one identity that the model server knows.
pub(crate) fn target(server: &Server) -> Target {
    Target {
        name: "bench".into(),
        scheme: "http".into(),
        authority: server.url().trim_start_matches("http://").into(),
        region: REGION.into(),
        flavour: "compatible",
        actors: vec![actor()],
        safety: Safety::Full,
        exclusive: false,
        limits: SendLimits::default(),
    }
}

fn actor() -> Actor {
    let (id, secret) = ("AKIAIOSFODNN7EXAMPLE".into(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into());
    Actor { name: "default".into(), id, secret, session_token: None }
}

/// Says its address on standard output, and answers until standard input ends.
pub(crate) fn serve(handler: &Handler) {
    std::thread::spawn(|| {
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("its address"));
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("an open connection");
            let handler = Arc::clone(handler);
            let service = service_fn(move |request| answer(Arc::clone(&handler), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

async fn answer(handler: Handler, request: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let fields = head.headers.iter();
    let headers: Headers =
        fields.map(|(name, value)| (name.to_string().into(), Bytes::copy_from_slice(value.as_bytes()))).collect();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).into();
    Ok(handler(Request { method: head.method.to_string().into(), target, headers, body }))
}

struct Stored {
    body: Bytes,
    etag: String,
    modified: String,
}

/// A PUT is remembered until the next one, a GET gives it back, a DELETE changes nothing.
pub(crate) fn store() -> Handler {
    let last = Mutex::new(Stored { body: Bytes::new(), etag: String::new(), modified: String::new() });
    Arc::new(move |request| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = Response::builder().header("x-amz-request-id", "4442587FB7D0A2F9");
        match request.method.as_ref() {
            "PUT" => {
                if request.body != last.body {
                    last.etag = format!("\"{}\"", String::from_utf8_lossy(&hex(&md5(&request.body))));
                }
                last.body = request.body;
                last.modified = http_date(SystemClock.unix_ms() / 1_000);
                answer.header("etag", &last.etag).body(Full::default())
            }
            "GET" => answer
                .header("etag", &last.etag)
                .header("last-modified", &last.modified)
                .header("accept-ranges", "bytes")
                .header("content-type", "binary/octet-stream")
                .body(Full::new(last.body.clone())),
            _ => answer.status(204).body(Full::default()),
        }
        .expect("a response")
    })
}

/// The model of S3, which gives the preferred answer always.
pub(crate) fn model() -> Handler {
    let options = ServerOptions {
        flavour: "compatible",
        region: REGION.into(),
        actors: vec![actor()],
        answers: Answers::Preferred,
    };
    let server = Mutex::new(ModelServer::new(Box::leak(Box::new(plumb_s3::api())), options, None));
    Arc::new(move |request| {
        let given = server.lock().unwrap_or_else(PoisonError::into_inner).handle(&request, SystemClock.unix_ms());
        let mut answer = Response::builder().status(given.status);
        for (name, value) in &given.headers {
            answer = answer.header(name.as_ref(), value.as_ref());
        }
        answer.body(Full::new(given.body)).expect("a response")
    })
}
