//! The peer: reqwest in a loop, with nothing around it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use plumb_model::http::Request;
use reqwest::Client;
use url::Url;

/// The same requests, over and over.
pub(crate) struct Bare {
    client: Client,
    requests: Vec<(Method, Url, HeaderMap, Bytes)>,
}

impl Bare {
    /// A client of its own for `requests` to `url`.
    pub(crate) fn new(url: &str, requests: &[Request]) -> Self {
        // Reqwest wants one even where nothing is encrypted; a second call changes nothing.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().http1_only().no_proxy().build().expect("a client");
        Self { client, requests: requests.iter().map(|request| parts(url, request)).collect() }
    }

    /// Sends each once and reads what comes back to its end.
    pub(crate) async fn once(&self) {
        for (method, url, headers, body) in &self.requests {
            let mut request = self.client.request(method.clone(), url.clone()).headers(headers.clone());
            if !body.is_empty() {
                request = request.body(body.clone());
            }
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{}", answer.status());
            answer.bytes().await.expect("a whole body");
        }
    }
}

fn parts(url: &str, request: &Request) -> (Method, Url, HeaderMap, Bytes) {
    let target = String::from_utf8_lossy(&request.target);
    let url = Url::parse(&format!("{url}{target}")).expect("a URL");
    let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
    let header = |(name, value): &(_, Bytes)| -> (HeaderName, HeaderValue) {
        let name: &std::borrow::Cow<'static, str> = name;
        let value = HeaderValue::from_maybe_shared(value.clone()).expect("a value");
        (HeaderName::from_bytes(name.as_bytes()).expect("a name"), value)
    };
    (method, url, request.headers.iter().map(header).collect(), request.body.clone())
}
